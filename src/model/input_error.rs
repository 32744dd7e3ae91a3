//! Why inputs cannot be made, in words that say what to type instead.

use super::error::hint;
use super::inputs::{DeclaredInput, Dimension};
use crate::suite::{ElementType, InputSpec};

/// Why no tensors can be made for a model's inputs.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InputError {
    /// The model leaves shapes or types open and nobody has said which to use.
    #[error("{}", tell_undecided(inputs))]
    Undecided {
        /// Every such input.
        inputs: Vec<UndecidedInput>,
    },
    /// An override names no input of the model.
    #[error("the model has no input `{name}`{}: it has {}", hint(suggestion), tell_names(declared))]
    Unknown {
        /// The name.
        name: String,
        /// An input whose name looks like it.
        suggestion: Option<String>,
        /// Every input.
        declared: Vec<String>,
    },
    /// Another element type than the model's.
    #[error("input `{input}` is of type {declared}, not {given}")]
    Element {
        /// The input.
        input: String,
        /// The model's type.
        declared: ElementType,
        /// The override's type.
        given: ElementType,
    },
    /// Another number of dimensions than the model's.
    #[error(
        "input `{input}` has {} dimensions {}, but `{given}` has {}",
        declared.len(), tell_shape(declared), given.shape.len()
    )]
    Rank {
        /// The input.
        input: String,
        /// The model's dimensions.
        declared: Vec<Dimension>,
        /// The override.
        given: InputSpec,
    },
    /// Another size than the one the model fixes.
    #[error("dimension {dimension} of input `{input}` is always {declared}, not {given}")]
    Size {
        /// The input.
        input: String,
        /// The dimension, counted from 0.
        dimension: usize,
        /// The model's size.
        declared: usize,
        /// The override's size.
        given: usize,
    },
    /// The element type has no such value.
    #[error("input `{input}` cannot be filled with {value}: its type is {element}")]
    Fill {
        /// The input.
        input: String,
        /// The element type.
        element: ElementType,
        /// The value.
        value: String,
    },
    /// More elements than any input has.
    #[error("input `{input}` of shape {shape:?} has more than 2^30 elements")]
    TooLarge {
        /// The input.
        input: String,
        /// The shape.
        shape: Vec<usize>,
    },
}

/// An input whose declaration leaves something open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UndecidedInput {
    /// Its name.
    pub name: String,
    /// What is open, as the rest of a sentence about the input.
    pub reason: String,
    /// A flag that would decide it, with 1 for every open dimension.
    pub flag: String,
}

impl UndecidedInput {
    pub(super) fn of(input: &DeclaredInput) -> UndecidedInput {
        let shape = match &input.shape {
            None => vec![1],
            Some(shape) => shape.iter().map(size_or_one).collect(),
        };
        // Most inputs are floats; an example has to name some type.
        let spec = InputSpec { element: input.element.unwrap_or(ElementType::F32), shape, fill: None };
        UndecidedInput {
            name: input.name.clone(),
            reason: reason(input),
            flag: format!("--input {}={spec}", input.name),
        }
    }
}

/// Engines call a dimension without a name `?`, or nothing at all.
fn is_nameless(name: &str) -> bool {
    name.is_empty() || name == "?"
}

fn size_or_one(dimension: &Dimension) -> usize {
    match dimension {
        Dimension::Fixed(size) => *size,
        Dimension::Open(_) => 1,
    }
}

fn reason(input: &DeclaredInput) -> String {
    let Some(shape) = &input.shape else { return "declares no shape".into() };
    let named = shape.iter().enumerate().filter_map(|(index, dimension)| match dimension {
        Dimension::Fixed(_) => None,
        Dimension::Open(name) if is_nameless(name) => Some(index.to_string()),
        Dimension::Open(name) => Some(format!("{index} (`{name}`)")),
    });
    match named.collect::<Vec<_>>().as_slice() {
        [] => "declares no element type".into(),
        [only] => format!("leaves dimension {only} open"),
        [first @ .., last] => format!("leaves dimensions {} and {last} open", first.join(", ")),
    }
}

fn tell_undecided(inputs: &[UndecidedInput]) -> String {
    match inputs {
        [UndecidedInput { name, reason, flag }] => {
            format!("input `{name}` needs a type and shape: it {reason}, give for example `{flag}`")
        }
        _ => {
            let told = inputs
                .iter()
                .map(|UndecidedInput { name, reason, flag }| format!("`{name}` {reason}, give for example `{flag}`"));
            format!("{} inputs need a type and shape: {}", inputs.len(), told.collect::<Vec<_>>().join("; "))
        }
    }
}

fn tell_names(names: &[String]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "none".into() } else { quoted.join(", ") }
}

fn tell_shape(shape: &[Dimension]) -> String {
    let dimensions = shape.iter().map(|dimension| match dimension {
        Dimension::Fixed(size) => size.to_string(),
        Dimension::Open(name) if is_nameless(name) => "?".into(),
        Dimension::Open(name) => name.clone(),
    });
    format!("[{}]", dimensions.collect::<Vec<_>>().join(","))
}
