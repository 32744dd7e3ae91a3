//! Attributes of a node, each read once: what nobody asked for is told, since it could change what the node means.

use rten_onnx::onnx::{AttributeProto, AttributeType, GraphProto, TensorProto};

use super::Fault;

/// The attributes of one node.
pub(super) struct Attributes<'a> {
    unread: Vec<&'a AttributeProto>,
}

impl<'a> Attributes<'a> {
    /// The attributes in `list`.
    pub(super) fn new(list: &'a [AttributeProto]) -> Attributes<'a> {
        Attributes { unread: list.iter().collect() }
    }

    fn take(&mut self, name: &str) -> Option<&'a AttributeProto> {
        let position = self.unread.iter().position(|attribute| attribute.name.as_deref() == Some(name))?;
        Some(self.unread.swap_remove(position))
    }

    /// An integer, where it is given. Writers that leave zeros out still tell the type.
    pub(super) fn integer(&mut self, name: &str) -> Result<Option<i64>, Fault> {
        let Some(attribute) = self.take(name) else { return Ok(None) };
        match attribute.i {
            Some(value) => Ok(Some(value)),
            None if attribute.r#type == Some(AttributeType::INT) => Ok(Some(0)),
            None => Err(Fault::Invalid(format!("attribute `{name}` is no integer"))),
        }
    }

    /// A truth value, stored as an integer; false where it is not given.
    pub(super) fn flag(&mut self, name: &str) -> Result<bool, Fault> {
        Ok(self.integer(name)?.unwrap_or(0) != 0)
    }

    /// An integer that must have one value, because nothing else is implemented.
    pub(super) fn only(&mut self, name: &str, value: i64) -> Result<(), Fault> {
        match self.integer(name)? {
            Some(given) if given != value => Err(Fault::Unsupported(format!("attribute `{name}` = {given}"))),
            _ => Ok(()),
        }
    }

    /// A float, where it is given.
    pub(super) fn float(&mut self, name: &str) -> Result<Option<f32>, Fault> {
        let Some(attribute) = self.take(name) else { return Ok(None) };
        match attribute.f {
            Some(value) => Ok(Some(value)),
            None if attribute.r#type == Some(AttributeType::FLOAT) => Ok(Some(0.0)),
            None => Err(Fault::Invalid(format!("attribute `{name}` is no float"))),
        }
    }

    /// A list of integers, where it is given.
    pub(super) fn integers(&mut self, name: &str) -> Option<&'a [i64]> {
        self.take(name).map(|attribute| attribute.ints.as_slice())
    }

    /// A list of floats, where it is given.
    pub(super) fn floats(&mut self, name: &str) -> Option<&'a [f32]> {
        self.take(name).map(|attribute| attribute.floats.as_slice())
    }

    /// A list of strings, where it is given.
    pub(super) fn strings(&mut self, name: &str) -> Option<&'a [String]> {
        self.take(name).map(|attribute| attribute.strings.as_slice())
    }

    /// A string, where it is given; an empty one may have been left out.
    pub(super) fn string(&mut self, name: &str) -> Option<&'a str> {
        self.take(name).map(|attribute| attribute.s.as_deref().unwrap_or(""))
    }

    /// A tensor, where it is given.
    pub(super) fn tensor(&mut self, name: &str) -> Result<Option<&'a TensorProto>, Fault> {
        let Some(attribute) = self.take(name) else { return Ok(None) };
        attribute.t.as_ref().map(Some).ok_or_else(|| Fault::Invalid(format!("attribute `{name}` is no tensor")))
    }

    /// A graph, which must be given.
    pub(super) fn graph(&mut self, name: &str) -> Result<&'a GraphProto, Fault> {
        let graph = self.take(name).and_then(|attribute| attribute.g.as_ref());
        graph.ok_or_else(|| Fault::Invalid(format!("attribute `{name}` is missing or no graph")))
    }

    /// Reads over what has no influence on the result.
    pub(super) fn ignore(&mut self, name: &str) {
        self.take(name);
    }

    /// Tells the first attribute that nobody asked for.
    pub(super) fn finish(self) -> Result<(), Fault> {
        match self.unread.first() {
            None => Ok(()),
            Some(attribute) => {
                let name = attribute.name.as_deref().unwrap_or("");
                Err(Fault::Unsupported(format!("attribute `{name}`")))
            }
        }
    }
}
