//! Tensors: contiguous, row by row, of four element types.
//!
//! ONNX has more element types; the models that this runtime is for have these. Nothing here is strided: an operator that
//! would make a strided view (`Transpose`, `Slice`) writes its result.

use bytemuck::allocation::try_zeroed_vec;

use super::error::EmbeddedError;

/// Element types. Integers are computed with as they are declared; nothing is narrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    /// 32-bit floats.
    F32,
    /// 32-bit integers.
    I32,
    /// 64-bit integers, the type of shapes and indices.
    I64,
    /// Truth values, one byte each.
    Bool,
}

impl Element {
    /// Bytes of one element.
    pub(super) fn bytes(self) -> usize {
        match self {
            Element::F32 | Element::I32 => 4,
            Element::I64 => 8,
            Element::Bool => 1,
        }
    }
}

/// Values that are borrowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Values<'a> {
    /// 32-bit floats.
    F32(&'a [f32]),
    /// 32-bit integers.
    I32(&'a [i32]),
    /// 64-bit integers.
    I64(&'a [i64]),
    /// Truth values.
    Bool(&'a [bool]),
}

/// Values that are written.
#[derive(Debug, PartialEq)]
pub(super) enum ValuesMut<'a> {
    /// 32-bit floats.
    F32(&'a mut [f32]),
    /// 32-bit integers.
    I32(&'a mut [i32]),
    /// 64-bit integers.
    I64(&'a mut [i64]),
    /// Truth values.
    Bool(&'a mut [bool]),
}

/// Values that are owned.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Buffer {
    /// 32-bit floats.
    F32(Vec<f32>),
    /// 32-bit integers.
    I32(Vec<i32>),
    /// 64-bit integers.
    I64(Vec<i64>),
    /// Truth values.
    Bool(Vec<bool>),
}

/// A tensor that is borrowed: as many values as the product of `shape`, the last dimension fastest.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct View<'a> {
    /// Sizes of the dimensions; empty for a scalar.
    pub(super) shape: &'a [usize],
    /// The values.
    pub(super) values: Values<'a>,
}

/// A tensor that is written: as many values as the product of `shape`. What it holds before is unspecified.
#[derive(Debug, PartialEq)]
pub(super) struct ViewMut<'a> {
    /// Sizes of the dimensions.
    pub(super) shape: &'a [usize],
    /// The values.
    pub(super) values: ValuesMut<'a>,
}

/// A tensor that is owned.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Tensor {
    /// Sizes of the dimensions.
    pub(super) shape: Vec<usize>,
    /// The values.
    pub(super) buffer: Buffer,
}

/// Number of elements of a shape, if it can be counted.
pub(super) fn elements(shape: &[usize]) -> Option<usize> {
    shape.iter().try_fold(1_usize, |product, size| product.checked_mul(*size))
}

impl Values<'_> {
    /// Type of the elements.
    pub(super) fn element(&self) -> Element {
        match self {
            Values::F32(_) => Element::F32,
            Values::I32(_) => Element::I32,
            Values::I64(_) => Element::I64,
            Values::Bool(_) => Element::Bool,
        }
    }

    /// Number of elements.
    pub(super) fn len(&self) -> usize {
        match self {
            Values::F32(values) => values.len(),
            Values::I32(values) => values.len(),
            Values::I64(values) => values.len(),
            Values::Bool(values) => values.len(),
        }
    }
}

impl View<'_> {
    /// A copy of the tensor, if there is memory for it.
    pub(super) fn try_to_tensor(self) -> Result<Tensor, EmbeddedError> {
        let mut tensor = Tensor::try_zeros(self.values.element(), self.shape.to_vec())?;
        match (&mut tensor.buffer, self.values) {
            (Buffer::F32(to), Values::F32(from)) => to.copy_from_slice(from),
            (Buffer::I32(to), Values::I32(from)) => to.copy_from_slice(from),
            (Buffer::I64(to), Values::I64(from)) => to.copy_from_slice(from),
            (Buffer::Bool(to), Values::Bool(from)) => to.copy_from_slice(from),
            _ => unreachable!("the copy was made with the type of the original"),
        }
        Ok(tensor)
    }
}

#[cfg(test)]
impl Buffer {
    /// As many zeros (or `false`) as `length`.
    pub(super) fn zeros(element: Element, length: usize) -> Buffer {
        Tensor::try_zeros(element, vec![length]).expect("tests need little memory").buffer
    }
}

impl Tensor {
    /// A tensor of zeros (or `false`), if there is memory for it. Pages that nobody writes to cost nothing.
    pub(super) fn try_zeros(element: Element, shape: Vec<usize>) -> Result<Tensor, EmbeddedError> {
        let length = elements(&shape).ok_or(EmbeddedError::OutOfMemory(u64::MAX))?;
        let buffer = match element {
            Element::F32 => try_zeroed_vec(length).map(Buffer::F32),
            Element::I32 => try_zeroed_vec(length).map(Buffer::I32),
            Element::I64 => try_zeroed_vec(length).map(Buffer::I64),
            Element::Bool => try_zeroed_vec(length).map(Buffer::Bool),
        };
        let bytes = (length as u64).saturating_mul(element.bytes() as u64);
        buffer.map(|buffer| Tensor { shape, buffer }).map_err(|()| EmbeddedError::OutOfMemory(bytes))
    }

    /// The tensor, borrowed.
    pub(super) fn view(&self) -> View<'_> {
        let values = match &self.buffer {
            Buffer::F32(values) => Values::F32(values),
            Buffer::I32(values) => Values::I32(values),
            Buffer::I64(values) => Values::I64(values),
            Buffer::Bool(values) => Values::Bool(values),
        };
        View { shape: &self.shape, values }
    }

    /// The tensor, to be written.
    pub(super) fn view_mut(&mut self) -> ViewMut<'_> {
        let values = match &mut self.buffer {
            Buffer::F32(values) => ValuesMut::F32(values),
            Buffer::I32(values) => ValuesMut::I32(values),
            Buffer::I64(values) => ValuesMut::I64(values),
            Buffer::Bool(values) => ValuesMut::Bool(values),
        };
        ViewMut { shape: &self.shape, values }
    }
}

impl ValuesMut<'_> {
    /// The values, to be read.
    pub(super) fn as_values(&self) -> Values<'_> {
        match self {
            ValuesMut::F32(values) => Values::F32(values),
            ValuesMut::I32(values) => Values::I32(values),
            ValuesMut::I64(values) => Values::I64(values),
            ValuesMut::Bool(values) => Values::Bool(values),
        }
    }
}

impl ViewMut<'_> {
    /// The tensor, to be read.
    pub(super) fn as_view(&self) -> View<'_> {
        View { shape: self.shape, values: self.values.as_values() }
    }
}
