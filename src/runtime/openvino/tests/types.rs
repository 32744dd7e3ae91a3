//! Element types, by models that convert one into another: the numbers are those that the library itself uses.

use super::*;
use crate::model::DeclaredInput;
use crate::suite::ElementType;

/// OpenVINO's own names of element types, in a model's attributes and in its ports.
const OUTPUTS: [(&str, &str); 13] = [
    ("f32", "FP32"),
    ("f64", "FP64"),
    ("f16", "FP16"),
    ("bf16", "BF16"),
    ("boolean", "BOOL"),
    ("i8", "I8"),
    ("u8", "U8"),
    ("i16", "I16"),
    ("u16", "U16"),
    ("i32", "I32"),
    ("u32", "U32"),
    ("i64", "I64"),
    ("u64", "U64"),
];

/// A model in OpenVINO's own format that converts `[2,3]` elements; its input is without a name where `name` is empty.
fn converter(folder: &Path, from: (&str, &str), to: (&str, &str), name: &str) -> PathBuf {
    let dimensions = "<dim>2</dim><dim>3</dim>";
    let names = if name.is_empty() { String::new() } else { format!(" names=\"{name}\"") };
    let text = format!(
        r#"<?xml version="1.0"?><net name="converter" version="11"><layers>
        <layer id="0" name="given" type="Parameter" version="opset1"><data shape="2,3" element_type="{}"/>
          <output><port id="0" precision="{}"{names}>{dimensions}</port></output></layer>
        <layer id="1" name="converted" type="Convert" version="opset1"><data destination_type="{}"/>
          <input><port id="0" precision="{}">{dimensions}</port></input>
          <output><port id="1" precision="{}">{dimensions}</port></output></layer>
        <layer id="2" name="result" type="Result" version="opset1">
          <input><port id="0" precision="{}">{dimensions}</port></input></layer></layers>
        <edges><edge from-layer="0" from-port="0" to-layer="1" to-port="0"/>
          <edge from-layer="1" from-port="1" to-layer="2" to-port="0"/></edges></net>"#,
        from.0, from.1, to.0, from.1, to.1, to.1
    );
    let path = folder.join("converter.xml");
    std::fs::write(&path, text).unwrap();
    path
}

#[test]
fn inputs_and_outputs_of_every_type_keep_their_values() {
    let Some(runtime) = opened(&[], &[]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let inputs = [
        (("f32", "FP32"), ElementType::F32),
        (("i32", "I32"), ElementType::I32),
        (("i64", "I64"), ElementType::I64),
        (("i8", "I8"), ElementType::I8),
        (("u8", "U8"), ElementType::U8),
        (("boolean", "BOOL"), ElementType::Bool),
    ];
    let pairs = inputs.iter().map(|input| (*input, OUTPUTS[0])).chain(OUTPUTS.map(|output| (inputs[0], output)));
    for ((from, element), to) in pairs {
        let mut ready = prepared(&runtime, &converter(folder.path(), from, to, "x"));
        let declared = ready.inputs();
        assert_eq!((declared[0].name.as_str(), declared[0].element), ("x", Some(element)), "{from:?}");
        for fill in [0.0, 1.0] {
            let fill_with = InputSpec { element, shape: vec![2, 3], fill: Some(fill) };
            let tensors = make_inputs(&declared, &BTreeMap::from([("x".into(), fill_with)]), 1).unwrap();
            let expected = Output { shape: vec![2, 3], values: vec![fill as f32; 6] };
            assert_eq!(ready.execute(&tensors).unwrap(), [expected], "{from:?} to {to:?}");
        }
    }
}

#[test]
fn an_input_may_be_given_as_another_integer_type() {
    let Some(runtime) = opened(&[], &[]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut ready = prepared(&runtime, &converter(folder.path(), ("i32", "I32"), OUTPUTS[0], "x"));
    let as_wide = |fill: f64| given(&[("x", &format!("i64[2,3]={fill}"))]);
    let tensors = make_inputs(&ready.inputs(), &as_wide(-7.0), 1).unwrap();
    assert_eq!(ready.execute(&tensors).unwrap()[0].values, [-7.0; 6]);
    let tensors = make_inputs(&ready.inputs(), &as_wide(3e9), 1).unwrap();
    let error = ready.execute(&tensors).unwrap_err().to_string();
    assert_eq!(error, "openvino failed to execute: input `x` holds values of i64 that i32 has not");
}

#[test]
fn an_input_without_a_name_gets_one_and_one_of_a_foreign_type_is_refused() {
    let Some(runtime) = opened(&[], &[]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let ready = prepared(&runtime, &converter(folder.path(), OUTPUTS[0], OUTPUTS[0], ""));
    let names: Vec<String> = ready.inputs().into_iter().map(|DeclaredInput { name, .. }| name).collect();
    assert_eq!(names, ["input0"]);
    let error = refusal(&runtime, &converter(folder.path(), ("f16", "FP16"), OUTPUTS[0], "half"));
    assert!(error.is_incompatible() && error.to_string().contains("input `half` has elements"), "{error}");
}
