//! One node of the file: its operator is looked up, its attributes are read, its names become numbers.

use rten_onnx::onnx::NodeProto;

use super::attributes::Attributes;
use super::operators::{self, Entry};
use super::reading::Reading;
use super::{Fault, Importer, constants};
use crate::runtime::embedded::error::EmbeddedError;
use crate::runtime::embedded::graph::{Block, Constant, Node, ValueId, Work};
use crate::runtime::embedded::operator::Operator;
use crate::runtime::embedded::tensor::{Buffer, Tensor};

impl<'a> Importer<'a> {
    /// A node, unless it is a constant, which becomes a value.
    pub(super) fn node(&mut self, proto: &'a NodeProto) -> Result<Option<Node>, EmbeddedError> {
        let name = name(proto);
        let operator = proto.op_type.as_deref().unwrap_or("");
        let place = || format!("node `{name}` ({operator})");
        if !matches!(proto.domain.as_deref(), None | Some("" | "ai.onnx")) {
            let domain = proto.domain.as_deref().unwrap_or("");
            return Err(EmbeddedError::Unsupported(format!("operator `{domain}.{operator}` of node `{name}`")));
        }
        match operator {
            "Constant" => self.constant(proto).map(|()| None),
            "If" => self.condition(proto).map(Some),
            _ => {
                let entry = operators::find(operator).ok_or_else(|| {
                    let count = operators::COUNT;
                    EmbeddedError::Unsupported(format!(
                        "operator `{operator}` of node `{name}` is none of the {count} that embedded has"
                    ))
                })?;
                let inputs = self.inputs(proto)?;
                let (operator, inputs) = self.operator(proto, entry, inputs).map_err(|fault| fault.at(&place()))?;
                self.finish(proto, entry.name, operator, inputs, Vec::new()).map(Some)
            }
        }
    }

    fn inputs(&self, proto: &NodeProto) -> Result<Vec<Option<ValueId>>, EmbeddedError> {
        let resolved = |input: &String| match input.as_str() {
            "" => Ok(None),
            input => self.resolve(input).map(Some).ok_or_else(|| {
                EmbeddedError::Invalid(format!(
                    "node `{}` reads `{input}`, which nothing before it computes",
                    name(proto)
                ))
            }),
        };
        proto.input.iter().map(resolved).collect()
    }

    fn operator(
        &mut self,
        proto: &'a NodeProto,
        entry: &Entry,
        inputs: Vec<Option<ValueId>>,
    ) -> Result<(Operator, Vec<Option<ValueId>>), Fault> {
        let required = inputs.iter().take(*entry.inputs.start()).flatten().count();
        if required < *entry.inputs.start() || inputs.len() > *entry.inputs.end() {
            return Err(Fault::Invalid(format!("{} inputs, of which {required} are given", inputs.len())));
        }
        if proto.output.iter().skip(entry.outputs).any(|output| !output.is_empty()) {
            return Err(Fault::Unsupported(format!("an output after the first {}", entry.outputs)));
        }
        let attributes = Attributes::new(&proto.attribute);
        let mut reading = Reading { attributes, version: self.version, inputs, constants: &mut self.constants };
        let operator = (entry.read)(&mut reading)?;
        let Reading { attributes, inputs, .. } = reading;
        attributes.finish()?;
        Ok((operator, inputs))
    }

    /// The node of an operator that is read; its outputs are defined.
    fn finish(
        &mut self,
        proto: &'a NodeProto,
        operator: &'static str,
        work: Operator,
        inputs: Vec<Option<ValueId>>,
        branches: Vec<Block>,
    ) -> Result<Node, EmbeddedError> {
        let mut outputs = Vec::with_capacity(proto.output.len());
        for output in &proto.output {
            outputs.push(if output.is_empty() { None } else { Some(self.define(output, None)?) });
        }
        let name = name(proto).to_owned();
        if outputs.iter().all(Option::is_none) {
            return Err(EmbeddedError::Invalid(format!("node `{name}` has no outputs")));
        }
        Ok(Node { name, operator, work: Work::Operator(work), inputs, outputs, branches, frees: Vec::new() })
    }

    fn constant(&mut self, proto: &'a NodeProto) -> Result<(), EmbeddedError> {
        let value = constant_value(proto).map_err(|fault| fault.at(&format!("node `{}` (Constant)", name(proto))))?;
        match proto.output.as_slice() {
            [output] if !output.is_empty() => self.define(output, Some(Constant::Tensor(value))).map(|_| ()),
            _ => Err(EmbeddedError::Invalid(format!("node `{}` (Constant) has not one output", name(proto)))),
        }
    }

    fn condition(&mut self, proto: &'a NodeProto) -> Result<Node, EmbeddedError> {
        let invalid = |what: &str| EmbeddedError::Invalid(format!("node `{}` (If): {what}", name(proto)));
        let inputs = self.inputs(proto)?;
        if !matches!(inputs.as_slice(), [Some(_)]) {
            return Err(invalid("its condition is missing"));
        }
        let mut attributes = Attributes::new(&proto.attribute);
        let mut branches = Vec::with_capacity(2);
        for attribute in ["then_branch", "else_branch"] {
            let graph =
                attributes.graph(attribute).map_err(|fault| fault.at(&format!("node `{}` (If)", name(proto))))?;
            let branch = self.branch(graph)?;
            if branch.outputs.len() != proto.output.len() {
                return Err(invalid("a branch has another number of outputs than the node"));
            }
            branches.push(branch);
        }
        attributes.finish().map_err(|fault| fault.at(&format!("node `{}` (If)", name(proto))))?;
        self.finish(proto, "If", Operator::If, inputs, branches)
    }
}

/// Name of a node; where the file gives none, the name of its first output.
fn name(proto: &NodeProto) -> &str {
    let given = proto.name.as_deref().filter(|name| !name.is_empty());
    given.or_else(|| proto.output.first().map(String::as_str)).unwrap_or("")
}

/// The value of a `Constant`, in whichever of its attributes it lies.
fn constant_value(proto: &NodeProto) -> Result<Tensor, Fault> {
    let mut attributes = Attributes::new(&proto.attribute);
    let list = |length| vec![length];
    let value = if let Some(tensor) = attributes.tensor("value")? {
        constants::tensor(tensor)?
    } else if let Some(value) = attributes.float("value_float")? {
        Tensor { shape: Vec::new(), buffer: Buffer::F32(vec![value]) }
    } else if let Some(value) = attributes.integer("value_int")? {
        Tensor { shape: Vec::new(), buffer: Buffer::I64(vec![value]) }
    } else if let Some(values) = attributes.floats("value_floats") {
        Tensor { shape: list(values.len()), buffer: Buffer::F32(values.to_vec()) }
    } else if let Some(values) = attributes.integers("value_ints") {
        Tensor { shape: list(values.len()), buffer: Buffer::I64(values.to_vec()) }
    } else {
        return Err(Fault::Unsupported("a value that is no tensor of numbers".into()));
    };
    attributes.finish()?;
    Ok(value)
}
