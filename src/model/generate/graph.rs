//! A network as a list of nodes and described weights: what an architecture says, before any weight is made.

use rten_onnx::onnx::{
    AttributeProto, AttributeType, DataType, Dimension, NodeProto, TensorShapeProto, TypeProto, TypeProtoTensor,
    ValueInfoProto,
};

use super::values::Values;

/// A tensor that belongs to the model.
#[derive(Debug, Clone)]
pub(super) struct Tensor {
    /// Name by which nodes refer to it.
    pub(super) name: String,
    /// Sizes of the dimensions; empty for a scalar.
    pub(super) shape: Vec<usize>,
    /// What it is filled with.
    pub(super) values: Values,
    /// Whether it is a weight, which may lie in a file of its own, or a parameter of an operator (limits of a `Clip`,
    /// shape of a `Reshape`), which stays in the protobuf because engines want it when they read the graph.
    pub(super) is_weight: bool,
}

impl Tensor {
    /// Number of elements.
    pub(super) fn elements(&self) -> u64 {
        self.shape.iter().map(|size| *size as u64).product()
    }

    /// Bytes of the elements.
    pub(super) fn bytes(&self) -> u64 {
        self.elements() * if self.data_type() == DataType::INT64 { 8 } else { 4 }
    }

    /// Element type in ONNX's numbering.
    pub(super) fn data_type(&self) -> DataType {
        match self.values {
            Values::Normal { .. } | Values::Constant(_) => DataType::FLOAT,
            Values::Integers(_) => DataType::INT64,
        }
    }
}

/// A network: nodes in the order of execution, tensors in the order of use.
#[derive(Debug)]
pub(super) struct Graph {
    /// Name of the network.
    pub(super) name: &'static str,
    /// Version of the ONNX operator set that the nodes are written for.
    pub(super) operator_set: i64,
    /// Operators.
    pub(super) nodes: Vec<NodeProto>,
    /// Weights and parameters.
    pub(super) tensors: Vec<Tensor>,
    /// What the model takes.
    pub(super) inputs: Vec<ValueInfoProto>,
    /// What the model gives.
    pub(super) outputs: Vec<ValueInfoProto>,
    names: usize,
}

impl Graph {
    /// An empty network.
    pub(super) fn new(name: &'static str, operator_set: i64) -> Graph {
        let (nodes, tensors, inputs, outputs) = Default::default();
        Graph { name, operator_set, nodes, tensors, inputs, outputs, names: 0 }
    }

    /// Declares an input and gives its name back as a value.
    pub(super) fn input(&mut self, name: &str, element: DataType, shape: &[usize]) -> String {
        self.inputs.push(declaration(name, element, shape));
        name.into()
    }

    /// Ends the network: `value` becomes the output `name`.
    pub(super) fn output(&mut self, name: &str, value: &str, shape: &[usize]) {
        self.outputs.push(declaration(name, DataType::FLOAT, shape));
        self.nodes.push(node("Identity", "out".into(), &[value], name.into(), Vec::new()));
    }

    /// Declares `value` itself as an output.
    pub(super) fn give(&mut self, value: &str, shape: &[usize]) {
        self.outputs.push(declaration(value, DataType::FLOAT, shape));
    }

    /// Adds an operator and gives the name of its result.
    pub(super) fn operator(&mut self, kind: &str, inputs: &[&str], attributes: Vec<AttributeProto>) -> String {
        let name = self.fresh_name(&kind.to_lowercase());
        self.nodes.push(node(kind, name.clone(), inputs, name.clone(), attributes));
        name
    }

    /// Adds a weight and gives its name; `label` begins the name.
    pub(super) fn weight(&mut self, label: &str, shape: &[usize], values: Values) -> String {
        let name = self.fresh_name(label);
        self.tensors.push(Tensor { name: name.clone(), shape: shape.to_vec(), values, is_weight: true });
        name
    }

    /// A scalar parameter, shared by all nodes that ask for the same name.
    pub(super) fn scalar(&mut self, name: &str, value: f32) -> String {
        self.parameter(name, &[], Values::Constant(value))
    }

    /// A list of integers as parameter, shared by all nodes that ask for the same name.
    pub(super) fn integers(&mut self, name: &str, values: Vec<i64>) -> String {
        let length = values.len();
        self.parameter(name, &[length], Values::Integers(values))
    }

    fn parameter(&mut self, name: &str, shape: &[usize], values: Values) -> String {
        if self.tensors.iter().all(|tensor| tensor.name != name) {
            self.tensors.push(Tensor { name: name.into(), shape: shape.to_vec(), values, is_weight: false });
        }
        name.into()
    }

    fn fresh_name(&mut self, label: &str) -> String {
        self.names += 1;
        format!("{label}_{}", self.names)
    }
}

/// An integer attribute.
pub(super) fn integer(name: &str, value: i64) -> AttributeProto {
    AttributeProto { name: Some(name.into()), i: Some(value), r#type: Some(AttributeType::INT), ..Default::default() }
}

/// An attribute that is a list of integers.
pub(super) fn integers(name: &str, values: &[usize]) -> AttributeProto {
    let ints = values.iter().map(|value| *value as i64).collect();
    AttributeProto { name: Some(name.into()), ints, r#type: Some(AttributeType::INTS), ..Default::default() }
}

/// A float attribute.
pub(super) fn float(name: &str, value: f32) -> AttributeProto {
    AttributeProto { name: Some(name.into()), f: Some(value), r#type: Some(AttributeType::FLOAT), ..Default::default() }
}

fn node(kind: &str, name: String, inputs: &[&str], output: String, attribute: Vec<AttributeProto>) -> NodeProto {
    NodeProto {
        domain: None,
        name: Some(name),
        input: inputs.iter().map(|input| String::from(*input)).collect(),
        output: vec![output],
        op_type: Some(kind.into()),
        attribute,
    }
}

fn declaration(name: &str, element: DataType, shape: &[usize]) -> ValueInfoProto {
    let dim = shape.iter().map(|size| Dimension { dim_value: Some(*size as i64), dim_param: None }).collect();
    let tensor = TypeProtoTensor { elem_type: Some(element), shape: Some(TensorShapeProto { dim }) };
    ValueInfoProto { name: Some(name.into()), r#type: Some(TypeProto { tensor_type: Some(tensor), sequence: None }) }
}
