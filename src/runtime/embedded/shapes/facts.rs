//! The inputs of a node by position, with errors that say what they are for.

use super::super::tensor::{Element, Values, View};
use super::{Fact, axes};

/// The inputs of a node.
#[derive(Clone, Copy)]
pub(super) struct Facts<'a>(&'a [Option<Fact<'a>>]);

impl<'a> Facts<'a> {
    /// At most `most` inputs, none of which is too large to be reckoned with.
    pub(super) fn new(inputs: &'a [Option<Fact<'a>>], most: usize) -> Result<Self, String> {
        if inputs.len() > most {
            return Err(format!("{} inputs where there are at most {most}", inputs.len()));
        }
        for shape in inputs.iter().flatten().filter_map(Fact::dimensions) {
            axes::check_size(shape)?;
        }
        Ok(Facts(inputs))
    }

    /// Number of inputs, absent ones included.
    pub(super) fn count(self) -> usize {
        self.0.len()
    }

    /// An input that may be absent.
    pub(super) fn optional(self, index: usize) -> Option<&'a Fact<'a>> {
        self.0.get(index)?.as_ref()
    }

    /// An input that must be there.
    pub(super) fn required(self, index: usize, name: &str) -> Result<&'a Fact<'a>, String> {
        self.optional(index).ok_or_else(|| format!("no {name}"))
    }

    /// An input that must be there and have elements of one type.
    pub(super) fn of_type(self, index: usize, name: &str, element: Element) -> Result<&'a Fact<'a>, String> {
        let fact = self.required(index, name)?;
        if fact.element == element { Ok(fact) } else { Err(wrong_type(name, fact.element, word(element))) }
    }

    /// An input that must be there and have floats.
    pub(super) fn floats(self, index: usize, name: &str) -> Result<&'a Fact<'a>, String> {
        self.of_type(index, name, Element::F32)
    }

    /// An input that has elements of one type, or is absent.
    pub(super) fn optional_of_type(
        self,
        index: usize,
        name: &str,
        element: Element,
    ) -> Result<Option<&'a Fact<'a>>, String> {
        self.optional(index).map(|_| self.of_type(index, name, element)).transpose()
    }

    /// The numbers of an input that must be there; absent where they are not known yet.
    pub(super) fn list(self, index: usize, name: &str) -> Result<Option<Vec<i64>>, String> {
        let fact = self.required(index, name)?;
        if !matches!(fact.element, Element::I32 | Element::I64) {
            return Err(wrong_type(name, fact.element, "i64"));
        }
        fact.values.map(|values| integers(values, name)).transpose()
    }

    /// The numbers of an input that may be absent.
    pub(super) fn optional_list(self, index: usize, name: &str) -> Result<List, String> {
        if self.optional(index).is_none() {
            return Ok(List::Absent);
        }
        Ok(self.list(index, name)?.map_or(List::Unknown, List::Known))
    }
}

/// Numbers that an input gives.
pub(super) enum List {
    /// There is no such input.
    Absent,
    /// They are not known yet.
    Unknown,
    /// These.
    Known(Vec<i64>),
}

impl<'a> Fact<'a> {
    /// The shape, if it is known.
    pub(super) fn dimensions(&self) -> Option<&'a [usize]> {
        self.shape.or_else(|| self.values.map(|values| values.shape))
    }
}

/// The values of a tensor of integers with at most one dimension.
pub(in crate::runtime::embedded) fn integers(view: View<'_>, name: &str) -> Result<Vec<i64>, String> {
    if view.shape.len() > 1 {
        return Err(format!("{name} of shape {:?} where a list is expected", view.shape));
    }
    match view.values {
        Values::I64(values) => Ok(values.to_vec()),
        Values::I32(values) => Ok(values.iter().map(|value| i64::from(*value)).collect()),
        other => Err(wrong_type(name, other.element(), "i64")),
    }
}

/// What an element type is called in errors.
pub(in crate::runtime::embedded) fn word(element: Element) -> &'static str {
    match element {
        Element::F32 => "f32",
        Element::I32 => "i32",
        Element::I64 => "i64",
        Element::Bool => "bool",
    }
}

/// The error of an input that has another element type than it must have.
pub(in crate::runtime::embedded) fn wrong_type(name: &str, element: Element, expected: &str) -> String {
    format!("{name} of type {} instead of {expected}", word(element))
}
