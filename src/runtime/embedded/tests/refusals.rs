//! Models that are refused, and what is said about them.

use rten_onnx::onnx::DataType;

use super::small::{Attribute, branch, node};
use super::*;

fn refused(model: Small) -> String {
    match run(&usual(), &model.write().path, &BTreeMap::new()) {
        Ok(outputs) => format!("{outputs:?}"),
        Err(error) => error.to_string(),
    }
}

fn one(operator: &str, attributes: Vec<(&str, Attribute)>) -> Small {
    Small::new(13).input("x", &[1, 2, 4, 4]).node_with(operator, &["x"], &["y"], attributes).output("y")
}

#[test]
fn what_embedded_does_not_have_is_named() {
    let unsupported = |what: &str| format!("embedded rejects the model: {what}; `--runtime rten` runs it");
    assert_eq!(
        refused(one("Resize", Vec::new())),
        unsupported("operator `Resize` of node `Resize_y` is none of the 47 that embedded has")
    );
    let foreign =
        rten_onnx::onnx::NodeProto { domain: Some("com.acme".into()), ..node("Fast", &["x"], &["y"], Vec::new()) };
    let mut model = Small::new(13).input("x", &[1]);
    model.graph.node.push(foreign);
    assert_eq!(refused(model.output("y")), unsupported("operator `com.acme.Fast` of node `Fast_y`"));
    assert_eq!(
        refused(one("Relu", vec![("fancy", Attribute::Integer(1))])),
        unsupported("node `Relu_y` (Relu): attribute `fancy` is not supported")
    );
    assert_eq!(
        refused(one("MaxPool", vec![("kernel_shape", Attribute::Integers(vec![1, 2, 3]))])),
        unsupported("node `MaxPool_y` (MaxPool): a window over 3 dimensions is not supported")
    );
    assert_eq!(
        refused(one("Pad", vec![("mode", Attribute::Text("wrap"))])),
        unsupported("node `Pad_y` (Pad): attribute `mode` = `wrap` is not supported")
    );
    let half = Small::new(13).typed_input("x", DataType::FLOAT16, &[1]).node("Relu", &["x"], &["y"]).output("y");
    assert_eq!(refused(half), unsupported("input `x`: elements of type FLOAT16 is not supported"));
    let version = |version| Small::new(version).input("x", &[1]).node("Relu", &["x"], &["y"]).output("y");
    assert_eq!(refused(version(6)), unsupported("operator set 6: embedded reads 7 to 21"));
    assert_eq!(refused(version(22)), unsupported("operator set 22: embedded reads 7 to 21"));
}

#[test]
fn what_contradicts_itself_is_named() {
    let invalid = |what: &str| format!("embedded rejects the model: {what}");
    let x = || Small::new(13).input("x", &[1, 2, 4, 4]);
    assert_eq!(refused(x()), invalid("the graph has no outputs"));
    assert_eq!(refused(x().output("z")), invalid("nothing computes output `z`"));
    assert_eq!(
        refused(x().node("Relu", &["z"], &["y"]).node("Relu", &["x"], &["z"]).output("y")),
        invalid("node `Relu_y` reads `z`, which nothing before it computes")
    );
    assert_eq!(
        refused(x().node("Relu", &["x"], &["y"]).node("Neg", &["x"], &["y"]).output("y")),
        invalid("value `y` is defined twice")
    );
    assert_eq!(
        refused(x().node("Relu", &["x", "x"], &["y"]).output("y")),
        invalid("node `Relu_y` (Relu): 2 inputs, of which 1 are given")
    );
    assert_eq!(
        refused(x().node("Add", &["x", ""], &["y"]).output("y")),
        invalid("node `Add_y` (Add): 2 inputs, of which 1 are given")
    );
    assert_eq!(
        refused(one("MaxPool", vec![("kernel_shape", Attribute::Integers(vec![0, 1]))])),
        invalid("node `MaxPool_y` (MaxPool): attribute `kernel_shape` has a size that is none")
    );
    assert_eq!(refused(one("Concat", Vec::new())), invalid("node `Concat_y` (Concat): attribute `axis` is missing"));
    let mut short = x().node("Relu", &["x"], &["y"]).output("y");
    short.graph.initializer.push(small::raw("t", DataType::FLOAT, &[3], vec![0; 8]));
    assert_eq!(refused(short), invalid("tensor `t`: 2 values for the shape [3]"));
    let mut odd = x().node("Relu", &["x"], &["y"]).output("y");
    odd.graph.initializer.push(small::raw("t", DataType::FLOAT, &[2], vec![0; 7]));
    assert_eq!(refused(odd), invalid("tensor `t`: 7 bytes, which is no whole number of values"));
}

#[test]
fn shapes_that_do_not_fit_are_found_before_anything_runs() {
    let model = Small::new(13).input("x", &[1, 3]).noise("w", &[4, 5]).node("MatMul", &["x", "w"], &["y"]).output("y");
    let error = refused(model);
    assert!(error.starts_with("embedded rejects the model: node `MatMul_y` (MatMul): "), "{error}");
}

#[test]
fn nesting_has_a_limit() {
    let mut inner = vec![node("Relu", &["x"], &["r0"], Vec::new())];
    for level in 0..20 {
        let (before, after) = (format!("r{level}"), format!("r{}", level + 1));
        let deep = branch(inner, &[&before]);
        let flat = branch(vec![node("Relu", &["x"], &["flat"], Vec::new())], &["flat"]);
        inner = vec![node("If", &["c"], &[&after], vec![("then_branch", deep), ("else_branch", flat)])];
    }
    let mut model = Small::new(13).typed_input("c", DataType::BOOL, &[]).input("x", &[1]);
    model.graph.node = inner;
    let error = refused(model.output("r20"));
    assert!(error.contains("deep"), "{error}");
}

/// Operators whose axes and limits were attributes in old operator sets.
#[test]
fn old_operator_sets_are_read() {
    let ints = |values: &[i64]| Attribute::Integers(values.to_vec());
    let model = Small::new(9)
        .input("x", &[1, 2, 4])
        .node_with("Slice", &["x"], &["s"], vec![("starts", ints(&[1])), ("ends", ints(&[3])), ("axes", ints(&[2]))])
        .node_with("Unsqueeze", &["s"], &["u"], vec![("axes", ints(&[0]))])
        .node_with("Squeeze", &["u"], &["q"], vec![("axes", ints(&[0, 1]))])
        .node_with("Clip", &["q"], &["c"], vec![("min", Attribute::Float(-0.1)), ("max", Attribute::Float(0.1))])
        .node_with("Pad", &["c"], &["p"], vec![("pads", ints(&[0, 1, 0, 0])), ("value", Attribute::Float(9.0))])
        .node_with("ReduceSum", &["p"], &["r"], vec![("axes", ints(&[0])), ("keepdims", Attribute::Integer(0))])
        .node("Dropout", &["r"], &["d"])
        .node_with("Constant", &[], &["k"], vec![("value", Attribute::Tensor(small::floats("", &[1], &[1.0])))])
        .node("Add", &["d", "k"], &["y"])
        .output("y");
    let path = model.write();
    let mut prepared = prepare(&usual(), &path.path, &BTreeMap::new()).unwrap();
    let data = TensorData::F32(vec![0.0, 5.0, 0.05, 0.0, 0.0, -5.0, 0.02, 0.0]);
    let given = InputTensor { name: "x".into(), element: ElementType::F32, shape: vec![1, 2, 4], data };
    let outputs = prepared.execute(&[given]).unwrap();
    assert_eq!(outputs[0].shape, [3]);
    for (value, expected) in outputs[0].values.iter().zip([19.0, 1.0, 1.07]) {
        assert!((value - expected).abs() < 1e-6, "{:?}", outputs[0].values);
    }
}
