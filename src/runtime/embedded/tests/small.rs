//! Small models, written for one test each.

use std::cell::RefCell;
use std::path::PathBuf;

use rten_onnx::onnx::{
    AttributeProto, AttributeType, DataType, Dimension, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    TensorProto, TensorShapeProto, TypeProto, TypeProtoTensor, ValueInfoProto,
};

use super::Noise;

/// A model that is being written. Everything is a float unless said otherwise.
pub(super) struct Small {
    version: i64,
    pub(super) graph: GraphProto,
    noise: Noise,
}

/// A file in a folder that goes with it.
pub(super) struct Written {
    _folder: tempfile::TempDir,
    pub(super) path: PathBuf,
}

/// An attribute.
pub(super) enum Attribute {
    Integer(i64),
    Integers(Vec<i64>),
    Float(f32),
    Text(&'static str),
    Graph(GraphProto),
    Tensor(TensorProto),
}

impl Small {
    pub(super) fn new(version: i64) -> Small {
        Small { version, graph: GraphProto::default(), noise: Noise(3) }
    }

    /// An input; negative sizes are open.
    pub(super) fn input(mut self, name: &str, sizes: &[i64]) -> Small {
        self.graph.input.push(value_info(name, DataType::FLOAT, sizes));
        self
    }

    /// An input of another type.
    pub(super) fn typed_input(mut self, name: &str, data_type: DataType, sizes: &[i64]) -> Small {
        self.graph.input.push(value_info(name, data_type, sizes));
        self
    }

    /// A constant of noise.
    pub(super) fn noise(mut self, name: &str, sizes: &[i64]) -> Small {
        let count = sizes.iter().product();
        let values: Vec<f32> = (0..count).map(|_| self.noise.next()).collect();
        self.graph.initializer.push(floats(name, sizes, &values));
        self
    }

    /// A constant of these values.
    pub(super) fn floats(mut self, name: &str, sizes: &[i64], values: &[f32]) -> Small {
        self.graph.initializer.push(floats(name, sizes, values));
        self
    }

    /// A constant list of integers.
    pub(super) fn integers(mut self, name: &str, values: &[i64]) -> Small {
        self.graph.initializer.push(integers(name, &[values.len() as i64], values));
        self
    }

    pub(super) fn node(self, operator: &str, inputs: &[&str], outputs: &[&str]) -> Small {
        self.node_with(operator, inputs, outputs, Vec::new())
    }

    pub(super) fn node_with(
        mut self,
        operator: &str,
        inputs: &[&str],
        outputs: &[&str],
        attributes: Vec<(&str, Attribute)>,
    ) -> Small {
        self.graph.node.push(node(operator, inputs, outputs, attributes));
        self
    }

    pub(super) fn output(mut self, name: &str) -> Small {
        self.graph.output.push(ValueInfoProto { name: Some(name.into()), r#type: None });
        self
    }

    pub(super) fn write(self) -> Written {
        let set = OperatorSetIdProto { domain: None, version: Some(self.version) };
        let model = ModelProto {
            ir_version: Some(8),
            opset_import: vec![set],
            graph: Some(self.graph),
            ..ModelProto::default()
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("small.onnx");
        std::fs::write(&path, bytes(&model)).unwrap();
        Written { _folder: folder, path }
    }
}

/// The bytes of a model.
pub(super) fn bytes(model: &ModelProto) -> Vec<u8> {
    model.write_buf().unwrap()
}

pub(super) fn node(operator: &str, inputs: &[&str], outputs: &[&str], attributes: Vec<(&str, Attribute)>) -> NodeProto {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    NodeProto {
        name: Some(format!("{operator}_{}", outputs.first().unwrap_or(&""))),
        op_type: Some(operator.into()),
        input: names(inputs),
        output: names(outputs),
        attribute: attributes.into_iter().map(|(name, value)| attribute(name, value)).collect(),
        ..NodeProto::default()
    }
}

fn attribute(name: &str, value: Attribute) -> AttributeProto {
    let empty = AttributeProto { name: Some(name.into()), ..AttributeProto::default() };
    let typed = |r#type, attribute| AttributeProto { r#type: Some(r#type), ..attribute };
    match value {
        Attribute::Integer(value) => typed(AttributeType::INT, AttributeProto { i: Some(value), ..empty }),
        Attribute::Integers(values) => typed(AttributeType::INTS, AttributeProto { ints: values, ..empty }),
        Attribute::Float(value) => typed(AttributeType::FLOAT, AttributeProto { f: Some(value), ..empty }),
        Attribute::Text(text) => typed(AttributeType::STRING, AttributeProto { s: Some(text.into()), ..empty }),
        Attribute::Graph(graph) => typed(AttributeType::GRAPH, AttributeProto { g: Some(graph), ..empty }),
        Attribute::Tensor(tensor) => typed(AttributeType::TENSOR, AttributeProto { t: Some(tensor), ..empty }),
    }
}

/// A graph without inputs, for a branch.
pub(super) fn branch(nodes: Vec<NodeProto>, outputs: &[&str]) -> Attribute {
    let output = |name: &&str| ValueInfoProto { name: Some((*name).into()), r#type: None };
    Attribute::Graph(GraphProto { node: nodes, output: outputs.iter().map(output).collect(), ..GraphProto::default() })
}

pub(super) fn floats(name: &str, sizes: &[i64], values: &[f32]) -> TensorProto {
    raw(name, DataType::FLOAT, sizes, values.iter().flat_map(|value| value.to_le_bytes()).collect())
}

pub(super) fn integers(name: &str, sizes: &[i64], values: &[i64]) -> TensorProto {
    raw(name, DataType::INT64, sizes, values.iter().flat_map(|value| value.to_le_bytes()).collect())
}

pub(super) fn raw(name: &str, data_type: DataType, sizes: &[i64], bytes: Vec<u8>) -> TensorProto {
    TensorProto {
        name: Some(name.into()),
        data_type: Some(data_type),
        dims: sizes.to_vec(),
        raw_data: Some(RefCell::new(bytes)),
        ..TensorProto::default()
    }
}

fn value_info(name: &str, data_type: DataType, sizes: &[i64]) -> ValueInfoProto {
    let dimension = |size: &i64| match *size {
        open @ ..0 => Dimension { dim_param: Some(format!("n{}", -open)), ..Dimension::default() },
        size => Dimension { dim_value: Some(size), ..Dimension::default() },
    };
    let shape = TensorShapeProto { dim: sizes.iter().map(dimension).collect() };
    let tensor = TypeProtoTensor { elem_type: Some(data_type), shape: Some(shape) };
    let kind = TypeProto { tensor_type: Some(tensor), ..TypeProto::default() };
    ValueInfoProto { name: Some(name.into()), r#type: Some(kind) }
}

/// A small network with what the real ones have: convolutions with and without groups, a residual, a normalisation, a
/// pool, a view, dense layers. Its weights are large enough to be in the store.
pub(super) fn network() -> Small {
    let ints = |values: &[i64]| Attribute::Integers(values.to_vec());
    let window = |pads: &[i64]| vec![("kernel_shape", ints(&[3, 3])), ("pads", ints(pads))];
    let mut depthwise = window(&[1; 4]);
    depthwise.push(("group", Attribute::Integer(16)));
    Small::new(13)
        .input("x", &[1, 3, 24, 24])
        .noise("w1", &[16, 3, 3, 3])
        .floats("scale", &[16], &[1.5; 16])
        .noise("shift", &[16])
        .noise("mean", &[16])
        .floats("variance", &[16], &[0.25; 16])
        .noise("w2", &[16, 1, 3, 3])
        .noise("w3", &[32, 16, 1, 1])
        .noise("b3", &[32])
        .floats("low", &[], &[0.0])
        .floats("high", &[], &[6.0])
        .noise("w4", &[32, 32, 3, 3])
        .noise("dense", &[32, 64])
        .noise("w5", &[40, 64])
        .noise("b5", &[40])
        .node_with("Conv", &["x", "w1"], &["c1"], window(&[1; 4]))
        .node("BatchNormalization", &["c1", "scale", "shift", "mean", "variance"], &["n1"])
        .node("Relu", &["n1"], &["r1"])
        .node_with("Conv", &["r1", "w2"], &["c2"], depthwise)
        .node("Add", &["c2", "r1"], &["sum"])
        .node_with("Conv", &["sum", "w3", "b3"], &["c3"], vec![("kernel_shape", ints(&[1, 1]))])
        .node("Clip", &["c3", "low", "high"], &["r3"])
        .node_with("Conv", &["r3", "w4"], &["c4"], window(&[1; 4]))
        .node("Sigmoid", &["c4"], &["gate"])
        .node("Mul", &["c4", "gate"], &["swish"])
        .node_with(
            "MaxPool",
            &["swish"],
            &["pooled"],
            vec![("kernel_shape", ints(&[2, 2])), ("strides", ints(&[2, 2]))],
        )
        .node("GlobalAveragePool", &["pooled"], &["mean_of"])
        .node("Flatten", &["mean_of"], &["flat"])
        .node("MatMul", &["flat", "dense"], &["hidden"])
        .node("Relu", &["hidden"], &["active"])
        .node_with("Gemm", &["active", "w5", "b5"], &["logits"], vec![("transB", Attribute::Integer(1))])
        .node("Softmax", &["logits"], &["y"])
        .output("y")
}
