//! From the file's message to a [`Graph`]: names become numbers, attributes become operators, and what cannot be run is refused.
//!
//! The message comes from a file that anybody may have written. Names must be defined before they are used and only once,
//! so that the order of the file is one in which the nodes can be computed; nesting has a limit.

mod attributes;
mod constants;
mod layers;
mod nodes;
mod operators;
mod reading;

use std::collections::HashMap;

use rten_onnx::onnx::{GraphProto, ModelProto, TensorProto, ValueInfoProto};

use super::error::EmbeddedError;
use super::graph::{Block, Constant, Extent, Graph, Input, ValueId};
use super::weights::WeightStore;

/// Versions of the operator set that are read.
const VERSIONS: std::ops::RangeInclusive<i64> = 7..=21;

/// How deep branches may lie in branches. Exporters of nested conditions reach 3.
const DEEPEST: usize = 16;

/// What is wrong with a part of the model, to be completed by where it is.
#[derive(Debug)]
enum Fault {
    /// It contradicts itself.
    Invalid(String),
    /// It is in order, but needs what this runtime does not have.
    Unsupported(String),
}

impl Fault {
    /// The error for a fault of the thing that `place` names.
    fn at(self, place: &str) -> EmbeddedError {
        match self {
            Fault::Invalid(what) => EmbeddedError::Invalid(format!("{place}: {what}")),
            Fault::Unsupported(what) => EmbeddedError::Unsupported(format!("{place}: {what} is not supported")),
        }
    }
}

/// The graph of a model whose weights are in `store`.
pub(super) fn import(model: &ModelProto, store: &WeightStore) -> Result<Graph, EmbeddedError> {
    let graph = model.graph.as_ref().ok_or_else(|| EmbeddedError::Invalid("the file holds no graph".into()))?;
    let mut importer =
        Importer { version: version(model)?, constants: Vec::new(), scopes: vec![HashMap::new()], store };
    for proto in &graph.initializer {
        importer.initializer(proto, true)?;
    }
    let inputs = graph.input.iter().filter_map(|proto| importer.input(proto).transpose()).collect::<Result<_, _>>()?;
    let block = importer.block(graph)?;
    if block.outputs.is_empty() {
        return Err(EmbeddedError::Invalid("the graph has no outputs".into()));
    }
    Ok(Graph { constants: importer.constants, inputs, block })
}

/// Version of ONNX's own operator set.
fn version(model: &ModelProto) -> Result<i64, EmbeddedError> {
    let own = |domain: Option<&str>| matches!(domain, None | Some("" | "ai.onnx"));
    let imported = model.opset_import.iter().find(|set| own(set.domain.as_deref()));
    match imported.and_then(|set| set.version) {
        Some(version) if VERSIONS.contains(&version) => Ok(version),
        Some(version) => {
            let (first, last) = (VERSIONS.start(), VERSIONS.end());
            Err(EmbeddedError::Unsupported(format!("operator set {version}: embedded reads {first} to {last}")))
        }
        None => Err(EmbeddedError::Invalid("the file does not say which operator set it uses".into())),
    }
}

/// The state of an import.
struct Importer<'a> {
    version: i64,
    constants: Vec<Option<Constant>>,
    /// Names of values: those of the graph first, those of the innermost branch last.
    scopes: Vec<HashMap<&'a str, ValueId>>,
    store: &'a WeightStore,
}

impl<'a> Importer<'a> {
    /// A new value of that name in the innermost scope.
    fn define(&mut self, name: &'a str, constant: Option<Constant>) -> Result<ValueId, EmbeddedError> {
        let value = self.constants.len();
        self.constants.push(constant);
        let scope = self.scopes.last_mut().expect("the scope of the graph is never left");
        match scope.insert(name, value) {
            None => Ok(value),
            Some(_) => Err(EmbeddedError::Invalid(format!("value `{name}` is defined twice"))),
        }
    }

    /// The value of that name, in the innermost scope that has it.
    fn resolve(&self, name: &str) -> Option<ValueId> {
        self.scopes.iter().rev().find_map(|scope| scope.get(name)).copied()
    }

    /// A constant of the graph or, not `outermost`, of a branch, whose constants are never in the store.
    fn initializer(&mut self, proto: &'a TensorProto, outermost: bool) -> Result<(), EmbeddedError> {
        let name = proto.name.as_deref().unwrap_or("");
        let constant = match outermost {
            true => constants::initializer(proto, self.store),
            false => constants::tensor(proto).map(Constant::Tensor),
        };
        let constant = constant.map_err(|fault| fault.at(&format!("tensor `{name}`")))?;
        self.define(name, Some(constant)).map(|_| ())
    }

    /// An input, unless it is only the declaration of an initializer, as in files of old.
    fn input(&mut self, proto: &'a ValueInfoProto) -> Result<Option<Input>, EmbeddedError> {
        let name = proto.name.as_deref().unwrap_or("");
        if self.resolve(name).is_some_and(|value| matches!(self.constants.get(value), Some(Some(_)))) {
            return Ok(None);
        }
        let place = format!("input `{name}`");
        let tensor = proto.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref());
        let tensor = tensor.ok_or_else(|| Fault::Unsupported("a type that is no tensor".into()).at(&place))?;
        let element = constants::element(tensor.elem_type).map_err(|fault| fault.at(&place))?;
        let extent = |dimension: &rten_onnx::onnx::Dimension| match dimension.dim_value {
            Some(size) if size >= 0 => usize::try_from(size).map_or(Extent::Open(String::new()), Extent::Fixed),
            _ => Extent::Open(dimension.dim_param.clone().unwrap_or_default()),
        };
        let shape = tensor.shape.as_ref().map(|shape| shape.dim.iter().map(extent).collect());
        let value = self.define(name, None)?;
        Ok(Some(Input { name: name.to_owned(), value, element, shape }))
    }

    /// The nodes and outputs of a graph whose initializers and inputs are defined.
    fn block(&mut self, graph: &'a GraphProto) -> Result<Block, EmbeddedError> {
        let mut block = Block::default();
        for proto in &graph.node {
            block.nodes.extend(self.node(proto)?);
        }
        for proto in &graph.output {
            let name = proto.name.as_deref().unwrap_or("");
            let value = self.resolve(name);
            block
                .outputs
                .push(value.ok_or_else(|| EmbeddedError::Invalid(format!("nothing computes output `{name}`")))?);
        }
        Ok(block)
    }

    /// A branch of an `If`, which has no inputs of its own.
    fn branch(&mut self, graph: &'a GraphProto) -> Result<Block, EmbeddedError> {
        if self.scopes.len() > DEEPEST {
            return Err(EmbeddedError::Unsupported(format!("branches that lie deeper than {DEEPEST} in one another")));
        }
        if !graph.input.is_empty() {
            return Err(EmbeddedError::Invalid("a branch has inputs".into()));
        }
        self.scopes.push(HashMap::new());
        for proto in &graph.initializer {
            self.initializer(proto, false)?;
        }
        let block = self.block(graph)?;
        self.scopes.pop();
        Ok(block)
    }
}
