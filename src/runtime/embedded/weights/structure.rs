//! The structure of a model without its weights: where each weight lies, and the message without them.
//!
//! The parser of rten-onnx copies every byte of `raw_data`. Weights that lie inline are therefore left out of what it is
//! given: they are used where they lie. So are packed `float_data`, whose bytes are the same, and the places of external data,
//! which only the store needs. Everything else is handed to it as it is, byte for byte.
//!
//! Weights are the initializers of the model's own graph and the values of its `Constant` nodes, which some exporters (that of
//! PaddlePaddle) write instead; such a node becomes an initializer under the name of its output, which means the same. What
//! lies in the branches of an `If` stays in the message: names there need not be unique.

use super::message;
use crate::runtime::embedded::error::EmbeddedError;
use crate::runtime::embedded::tensor::{Element, elements};
use crate::runtime::wire::{Malformed, Message, Value, write_bytes};

/// Inline data up to this length stays in the message: shapes, axes, scalars. A kibibyte is a quarter of a page; to release
/// it would free nothing.
const LONGEST_IN_MESSAGE: usize = 1024;

/// `ModelProto.graph`.
const GRAPH: u64 = 7;
/// `GraphProto.node`.
const NODE: u64 = 1;
/// `GraphProto.initializer`.
const INITIALIZER: u64 = 5;
/// `TensorProto.float_data`.
const FLOAT_DATA: u64 = 4;
/// `TensorProto.name`.
const NAME: u64 = 8;
/// `TensorProto.raw_data`.
const RAW_DATA: u64 = 9;
/// `TensorProto.external_data`.
const EXTERNAL_DATA: u64 = 13;
/// `TensorProto.data_location`.
const DATA_LOCATION: u64 = 14;
/// `DataLocation.EXTERNAL`.
const EXTERNAL: u64 = 1;
/// `DataType.FLOAT`.
const FLOAT: u64 = 1;

/// A model without its weights, and where they are.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Structure {
    /// The message without the weights.
    pub(super) message: Vec<u8>,
    /// The weights, in the order of the file.
    pub(super) weights: Vec<Declared>,
}

/// A weight as the file declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Declared {
    /// Name of the tensor.
    pub(super) name: String,
    /// Type of its elements.
    pub(super) element: Element,
    /// Its bytes, by type and shape.
    pub(super) length: u64,
    /// Where they lie.
    pub(super) place: DeclaredPlace,
}

/// Where a weight lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum DeclaredPlace {
    /// In the model's own file, from this byte on.
    Inline(u64),
    /// In another file.
    External {
        /// Name of the file, beside the model's.
        location: String,
        /// First byte in that file.
        offset: u64,
    },
}

/// What is wrong with a model's file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// It is no message.
    Malformed(Malformed),
    /// A message that contradicts itself.
    Contradiction(String),
}

impl Flaw {
    /// The error, for the file at `path`.
    pub(super) fn into_error(self, path: &str) -> EmbeddedError {
        EmbeddedError::Invalid(match self {
            Flaw::Malformed(Malformed { what, at }) => {
                format!("{path} is no ONNX file, or not a whole one: {what} (byte {at})")
            }
            Flaw::Contradiction(what) => format!("{path}: {what}"),
        })
    }
}

impl From<Malformed> for Flaw {
    fn from(malformed: Malformed) -> Flaw {
        Flaw::Malformed(malformed)
    }
}

/// Takes the weights out of a model's file.
pub(super) fn read(file: &[u8]) -> Result<Structure, Flaw> {
    let model = Message { bytes: file, start: 0 };
    if file.is_empty() {
        return Err(model.malformed("it is empty").into());
    }
    message::check(model)?;
    let mut structure = Structure { message: Vec::new(), weights: Vec::new() };
    let mut has_graph = false;
    for field in model.fields() {
        let field = field?;
        match (field.number, field.value) {
            (GRAPH, Value::Bytes(_)) if has_graph => {
                return Err(Flaw::Contradiction("the model has two graphs".to_owned()));
            }
            (GRAPH, Value::Bytes(graph)) => {
                has_graph = true;
                let stripped = strip_graph(graph, &mut structure.weights)?;
                write_bytes(GRAPH, &stripped, &mut structure.message);
            }
            _ => structure.message.extend_from_slice(field.whole),
        }
    }
    match has_graph {
        true => Ok(structure),
        false => Err(Flaw::Contradiction("the model has no graph".to_owned())),
    }
}

/// The graph without its weights, which go to `weights`.
fn strip_graph(graph: Message<'_>, weights: &mut Vec<Declared>) -> Result<Vec<u8>, Flaw> {
    let mut stripped = Vec::new();
    for field in graph.fields() {
        let field = field?;
        let weight = match (field.number, field.value) {
            (INITIALIZER, Value::Bytes(tensor)) => weight(tensor, None)?,
            (NODE, Value::Bytes(node)) => match constant(node)? {
                Some((output, tensor)) => weight(tensor, Some(output))?,
                None => None,
            },
            _ => None,
        };
        match weight {
            Some((declared, tensor)) => {
                write_bytes(INITIALIZER, &tensor, &mut stripped);
                weights.push(declared);
            }
            None => stripped.extend_from_slice(field.whole),
        }
    }
    Ok(stripped)
}

/// Name of the output and value of a `Constant` node; none if the node is another, or has its value elsewhere.
fn constant(node: Message<'_>) -> Result<Option<(&[u8], Message<'_>)>, Malformed> {
    let (mut outputs, mut attributes, mut is_constant) = (Vec::new(), Vec::new(), false);
    for field in node.fields() {
        let field = field?;
        match (field.number, field.value) {
            (2, Value::Bytes(output)) => outputs.push(output.bytes),
            (4, Value::Bytes(operator)) => is_constant = operator.bytes == b"Constant",
            (5, Value::Bytes(attribute)) => attributes.push(attribute),
            (7, Value::Bytes(domain)) if !domain.bytes.is_empty() => return Ok(None),
            _ => {}
        }
    }
    let ([output], [attribute], true) = (&outputs[..], &attributes[..], is_constant) else {
        return Ok(None);
    };
    let (mut value, mut is_value) = (None, false);
    for field in attribute.fields() {
        let field = field?;
        match (field.number, field.value) {
            (1, Value::Bytes(name)) => is_value = name.bytes == b"value",
            (5, Value::Bytes(tensor)) => value = Some(tensor),
            _ => {}
        }
    }
    Ok(value.filter(|_| is_value && !output.is_empty()).map(|tensor| (*output, tensor)))
}

/// The weight that a tensor is, if it is one, and the tensor without its bytes; both under another name if one is given.
fn weight(message: Message<'_>, name: Option<&[u8]>) -> Result<Option<(Declared, Vec<u8>)>, Flaw> {
    let mut tensor = Tensor::read(message)?;
    tensor.name = name.unwrap_or(tensor.name);
    let Some(declared) = tensor.weight()? else { return Ok(None) };
    let mut stripped = Vec::new();
    for field in message.fields() {
        let field = field?;
        if !matches!(field.number, RAW_DATA | FLOAT_DATA | NAME | EXTERNAL_DATA | DATA_LOCATION) {
            stripped.extend_from_slice(field.whole);
        }
    }
    write_bytes(NAME, tensor.name, &mut stripped);
    Ok(Some((declared, stripped)))
}

/// What a tensor says of itself.
#[derive(Debug, Default)]
struct Tensor<'a> {
    name: &'a [u8],
    sizes: Vec<u64>,
    data_type: u64,
    raw_data: Option<Message<'a>>,
    /// Packed floats, which may come in several pieces; none for those that come one by one.
    float_data: Vec<Option<Message<'a>>>,
    is_external: bool,
    location: Option<&'a [u8]>,
    offset: Option<&'a [u8]>,
    length: Option<&'a [u8]>,
}

impl<'a> Tensor<'a> {
    fn read(tensor: Message<'a>) -> Result<Tensor<'a>, Flaw> {
        let mut read = Tensor::default();
        for field in tensor.fields() {
            let field = field?;
            match (field.number, field.value) {
                (1, Value::Number(size)) => read.sizes.push(size),
                (2, Value::Number(data_type)) => read.data_type = data_type,
                (FLOAT_DATA, Value::Bytes(floats)) => read.float_data.push(Some(floats)),
                (FLOAT_DATA, _) => read.float_data.push(None),
                (NAME, Value::Bytes(name)) => read.name = name.bytes,
                (RAW_DATA, Value::Bytes(_)) if read.raw_data.is_some() => {
                    return Err(read.contradicts("has two values"));
                }
                (RAW_DATA, Value::Bytes(data)) => read.raw_data = Some(data),
                (EXTERNAL_DATA, Value::Bytes(entry)) => read.read_external(entry)?,
                (DATA_LOCATION, Value::Number(location)) => read.is_external = location == EXTERNAL,
                _ => {}
            }
        }
        Ok(read)
    }

    /// Reads one of the `external_data` entries: a key and its value.
    fn read_external(&mut self, entry: Message<'a>) -> Result<(), Malformed> {
        let (mut key, mut value) = (&b""[..], &b""[..]);
        for field in entry.fields() {
            let field = field?;
            match (field.number, field.value) {
                (1, Value::Bytes(bytes)) => key = bytes.bytes,
                (2, Value::Bytes(bytes)) => value = bytes.bytes,
                _ => {}
            }
        }
        match key {
            b"location" => self.location = Some(value),
            b"offset" => self.offset = Some(value),
            b"length" => self.length = Some(value),
            _ => {}
        }
        Ok(())
    }

    /// The weight that this is, if it is one: of a type that this runtime computes with, and external or long.
    fn weight(&self) -> Result<Option<Declared>, Flaw> {
        if self.is_external && self.raw_data.is_some() {
            return Err(self.contradicts("has values inline, and says that they are external"));
        }
        let inline = self.inline();
        let is_long = inline.is_some_and(|data| data.bytes.len() > LONGEST_IN_MESSAGE);
        let Some(element) = element(self.data_type).filter(|_| self.is_external || is_long) else {
            return Ok(None);
        };
        let length = self.bytes(element).ok_or_else(|| self.contradicts("has a shape that no tensor has"))?;
        let place = match inline.filter(|_| !self.is_external) {
            Some(data) if data.bytes.len() as u64 == length => DeclaredPlace::Inline(data.start as u64),
            Some(data) => {
                let has = data.bytes.len();
                return Err(self.contradicts(&format!("has {has} bytes; its shape and type make {length}")));
            }
            None => self.external_place(length)?,
        };
        Ok(Some(Declared { name: self.text(self.name)?, element, length, place }))
    }

    /// The bytes of the values, where they lie in the message as they lie in memory.
    fn inline(&self) -> Option<Message<'a>> {
        match &self.float_data[..] {
            [floats] if self.raw_data.is_none() && self.data_type == FLOAT => *floats,
            _ => self.raw_data,
        }
    }

    /// Where the values lie that are external.
    fn external_place(&self, length: u64) -> Result<DeclaredPlace, Flaw> {
        let location = self.location.ok_or_else(|| self.contradicts("is external, and does not say where"))?;
        let offset = self.offset.map_or(Ok(0), |offset| self.number("offset", offset))?;
        // An absent length is what the shape says; ONNX means the rest of the file by it, which can only be more.
        let declared = self.length.map_or(Ok(length), |length| self.number("length", length))?;
        if declared != length {
            return Err(self.contradicts(&format!("has {declared} bytes; its shape and type make {length}")));
        }
        Ok(DeclaredPlace::External { location: self.text(location)?, offset })
    }

    fn bytes(&self, element: Element) -> Option<u64> {
        let sizes: Vec<usize> = self.sizes.iter().map(|size| usize::try_from(*size)).collect::<Result<_, _>>().ok()?;
        let is_negative = sizes.iter().any(|size| isize::try_from(*size).is_err());
        let bytes = elements(&sizes)?.checked_mul(element.bytes())?;
        (!is_negative).then_some(bytes as u64)
    }

    fn number(&self, key: &str, text: &[u8]) -> Result<u64, Flaw> {
        let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
        number.ok_or_else(|| self.contradicts(&format!("has an external {key} that is no number")))
    }

    fn text(&self, text: &[u8]) -> Result<String, Flaw> {
        String::from_utf8(text.to_vec()).map_err(|_| self.contradicts("has a name or location that is no text"))
    }

    fn contradicts(&self, what: &str) -> Flaw {
        Flaw::Contradiction(format!("tensor `{}` {what}", String::from_utf8_lossy(self.name)))
    }
}

/// Element types by ONNX's numbers; none for those that this runtime does not have.
fn element(data_type: u64) -> Option<Element> {
    match data_type {
        1 => Some(Element::F32),
        6 => Some(Element::I32),
        7 => Some(Element::I64),
        9 => Some(Element::Bool),
        _ => None,
    }
}
