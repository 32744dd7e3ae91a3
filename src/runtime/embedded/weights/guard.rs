//! A weight in somebody's hands, and weights as numbers.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use bytemuck::Pod;

use super::heap::HeapBytes;
use super::mapping::Mapping;
use super::store::{WeightId, WeightStore, refusal};
use crate::runtime::embedded::error::EmbeddedError;
use crate::runtime::embedded::tensor::{Element, Values};

/// A weight that a consumer has taken. Its end is the consumer's acknowledgement that it needs the weight no more.
#[derive(Debug)]
pub(in crate::runtime::embedded) struct Taken<'a> {
    store: &'a WeightStore,
    id: WeightId,
    bytes: Bytes<'a>,
}

/// Where the bytes of a taken weight are.
#[derive(Debug)]
pub(super) enum Bytes<'a> {
    /// In the heap.
    Heap(Arc<HeapBytes>),
    /// In a mapping.
    Mapped {
        /// The mapping.
        mapping: &'a Mapping,
        /// The bytes in it.
        range: Range<usize>,
    },
}

impl<'a> Taken<'a> {
    pub(super) fn new(store: &'a WeightStore, id: WeightId, bytes: Bytes<'a>) -> Taken<'a> {
        Taken { store, id, bytes }
    }

    /// The bytes.
    #[expect(unsafe_code, reason = "weights are used where the file is mapped")]
    pub(in crate::runtime::embedded) fn bytes(&self) -> &[u8] {
        match &self.bytes {
            Bytes::Heap(bytes) => bytes.bytes(),
            // SAFETY: a weight is released when as many guards have ended as consumers were announced, and no more are
            // given out. This one has not ended, and the slice does not outlive it.
            Bytes::Mapped { mapping, range } => unsafe { mapping.slice(range.clone()) },
        }
    }

    /// As 32-bit floats: where they lie if they are aligned, else copied.
    pub(in crate::runtime::embedded) fn floats(&self) -> Cow<'_, [f32]> {
        aligned(self.bytes())
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.store.acknowledge(self.id);
    }
}

impl WeightStore {
    /// A kept weight, by its type.
    pub(in crate::runtime::embedded) fn kept_values(&self, id: WeightId) -> Result<Values<'_>, EmbeddedError> {
        match self.element(id) {
            Some(Element::F32) => self.kept_floats(id).map(Values::F32),
            Some(Element::I32) => self.kept_i32s(id).map(Values::I32),
            Some(Element::I64) => self.kept_i64s(id).map(Values::I64),
            Some(Element::Bool) => self.kept_bools(id).map(Values::Bool),
            None => Err(refusal(self.names(), id, "is of another store")),
        }
    }

    /// A kept weight of 32-bit floats.
    pub(in crate::runtime::embedded) fn kept_floats(&self, id: WeightId) -> Result<&[f32], EmbeddedError> {
        self.kept_numbers(id, Element::F32)
    }

    /// A kept weight of 32-bit integers.
    pub(in crate::runtime::embedded) fn kept_i32s(&self, id: WeightId) -> Result<&[i32], EmbeddedError> {
        self.kept_numbers(id, Element::I32)
    }

    /// A kept weight of 64-bit integers.
    pub(in crate::runtime::embedded) fn kept_i64s(&self, id: WeightId) -> Result<&[i64], EmbeddedError> {
        self.kept_numbers(id, Element::I64)
    }

    /// A kept weight of truth values. An error if one of its bytes is neither 0 nor 1.
    pub(in crate::runtime::embedded) fn kept_bools(&self, id: WeightId) -> Result<&[bool], EmbeddedError> {
        let values = bytemuck::checked::try_cast_slice(self.kept(id)?);
        values.map_err(|_| refusal(self.names(), id, "has truth values that are neither 0 nor 1"))
    }

    fn kept_numbers<T: Pod>(&self, id: WeightId, element: Element) -> Result<&[T], EmbeddedError> {
        if self.element(id) != Some(element) {
            return Err(refusal(self.names(), id, "is of another type"));
        }
        bytemuck::try_cast_slice(self.kept(id)?).map_err(|_| refusal(self.names(), id, "is not aligned"))
    }
}

fn aligned<T: Pod>(bytes: &[u8]) -> Cow<'_, [T]> {
    match bytemuck::try_cast_slice(bytes) {
        Ok(values) => Cow::Borrowed(values),
        Err(_) => Cow::Owned(bytes.chunks_exact(size_of::<T>()).map(bytemuck::pod_read_unaligned).collect()),
    }
}
