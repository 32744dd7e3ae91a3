//! Inputs and outputs at the boundary: the caller's tensors against what the model declares.

use super::error::EmbeddedError;
use super::graph::{Extent, Input};
use super::slots::Slot;
use super::tensor::{Buffer, Element, Tensor, Values, View, elements};
use crate::model::{DeclaredInput, Dimension, InputTensor, TensorData};
use crate::runtime::Output;
use crate::suite::ElementType;

/// An input as the harness describes it.
pub(super) fn declared(input: &Input) -> DeclaredInput {
    let element = match input.element {
        Element::F32 => ElementType::F32,
        Element::I32 => ElementType::I32,
        Element::I64 => ElementType::I64,
        Element::Bool => ElementType::Bool,
    };
    let dimension = |extent: &Extent| match extent {
        Extent::Fixed(size) => Dimension::Fixed(*size),
        Extent::Open(name) => Dimension::Open(name.clone()),
    };
    let shape = input.shape.as_ref().map(|shape| shape.iter().map(dimension).collect());
    DeclaredInput { name: input.name.clone(), element: Some(element), shape }
}

/// The tensors for `inputs`, in their order. Each must be given once and fit its declaration, and nothing else be given.
pub(super) fn matched<'a>(inputs: &[Input], given: &'a [InputTensor]) -> Result<Vec<&'a InputTensor>, EmbeddedError> {
    if let Some(unknown) = given.iter().find(|tensor| inputs.iter().all(|input| input.name != tensor.name)) {
        return Err(EmbeddedError::Invalid(format!("the model has no input `{}`", unknown.name)));
    }
    inputs.iter().map(|input| one(input, given)).collect()
}

fn one<'a>(input: &Input, given: &'a [InputTensor]) -> Result<&'a InputTensor, EmbeddedError> {
    let invalid = |what: String| EmbeddedError::Invalid(format!("input `{}` {what}", input.name));
    let mut named = given.iter().filter(|tensor| tensor.name == input.name);
    let tensor = match (named.next(), named.next()) {
        (Some(tensor), None) => tensor,
        (None, _) => return Err(invalid("is not given".into())),
        (Some(_), Some(_)) => return Err(invalid("is given twice".into())),
    };
    let held = length(&tensor.data);
    if elements(&tensor.shape) != Some(held) {
        return Err(invalid(format!("has {held} values for the shape {:?}", tensor.shape)));
    }
    let Some(shape) = &input.shape else { return Ok(tensor) };
    let fits = |(extent, size): (&Extent, &usize)| match extent {
        Extent::Fixed(declared) => declared == size,
        Extent::Open(_) => true,
    };
    if shape.len() == tensor.shape.len() && shape.iter().zip(&tensor.shape).all(fits) {
        return Ok(tensor);
    }
    let size = |extent: &Extent| match extent {
        Extent::Fixed(size) => size.to_string(),
        Extent::Open(name) if name.is_empty() => "?".into(),
        Extent::Open(name) => name.clone(),
    };
    let declared = shape.iter().map(size).collect::<Vec<_>>().join(", ");
    Err(invalid(format!("has the shape {:?}, the model declares [{declared}]", tensor.shape)))
}

/// The tensor as the model's type. Floats and integers of the right width are borrowed; integers and truth values of another
/// width are converted, since callers may not know 64-bit integers.
pub(super) fn slot<'a>(input: &Input, tensor: &'a InputTensor) -> Result<Slot<'a>, EmbeddedError> {
    let borrowed = |values| Ok(Slot::Borrowed(tensor.shape.clone(), values));
    let owned = |buffer| Ok(Slot::Heap(Tensor { shape: tensor.shape.clone(), buffer }));
    let fail = |what: &str| EmbeddedError::Invalid(format!("input `{}` {what}", input.name));
    match (input.element, &tensor.data) {
        (Element::F32, TensorData::F32(values)) => borrowed(Values::F32(values)),
        (Element::I32, TensorData::I32(values)) => borrowed(Values::I32(values)),
        (Element::I64, TensorData::I64(values)) => borrowed(Values::I64(values)),
        (Element::Bool, TensorData::Bool(values)) => borrowed(Values::Bool(values)),
        (Element::F32, _) | (_, TensorData::F32(_)) => Err(fail("has another element type than the model declares")),
        (Element::I64, _) => owned(Buffer::I64(integers(&tensor.data))),
        (Element::Bool, _) => owned(Buffer::Bool(integers(&tensor.data).iter().map(|value| *value != 0).collect())),
        (Element::I32, _) => {
            let narrow: Result<Vec<i32>, _> = integers(&tensor.data).into_iter().map(i32::try_from).collect();
            owned(Buffer::I32(narrow.map_err(|_| fail("holds values outside 32 bits"))?))
        }
    }
}

fn length(data: &TensorData) -> usize {
    match data {
        TensorData::F32(values) => values.len(),
        TensorData::I32(values) => values.len(),
        TensorData::I64(values) => values.len(),
        TensorData::I8(values) => values.len(),
        TensorData::U8(values) => values.len(),
        TensorData::Bool(values) => values.len(),
    }
}

/// The values of a tensor that holds no floats.
fn integers(data: &TensorData) -> Vec<i64> {
    match data {
        TensorData::F32(_) => Vec::new(),
        TensorData::I32(values) => values.iter().map(|value| i64::from(*value)).collect(),
        TensorData::I64(values) => values.clone(),
        TensorData::I8(values) => values.iter().map(|value| i64::from(*value)).collect(),
        TensorData::U8(values) => values.iter().map(|value| i64::from(*value)).collect(),
        TensorData::Bool(values) => values.iter().map(|value| i64::from(*value)).collect(),
    }
}

/// A result as the harness takes it.
pub(super) fn output(view: View<'_>) -> Output {
    let values = match view.values {
        Values::F32(values) => values.to_vec(),
        Values::I32(values) => values.iter().map(|value| *value as f32).collect(),
        Values::I64(values) => values.iter().map(|value| *value as f32).collect(),
        Values::Bool(values) => values.iter().map(|value| f32::from(u8::from(*value))).collect(),
    };
    Output { shape: view.shape.to_vec(), values }
}
