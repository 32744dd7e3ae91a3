//! A node while it is read, and what its reader may look at and add.

use super::Fault;
use super::attributes::Attributes;
use crate::runtime::embedded::graph::{Constant, ValueId};
use crate::runtime::embedded::tensor::{Buffer, Tensor};

/// A node while it is read.
pub(super) struct Reading<'a> {
    /// Its attributes.
    pub(super) attributes: Attributes<'a>,
    /// Version of the operator set.
    pub(super) version: i64,
    /// Its inputs. What an older operator set has as an attribute is added here.
    pub(super) inputs: Vec<Option<ValueId>>,
    /// All values; constants are added here.
    pub(super) constants: &'a mut Vec<Option<Constant>>,
}

impl Reading<'_> {
    /// The constant that an input is, if it is one.
    pub(super) fn constant(&self, input: usize) -> Option<&Constant> {
        let value = (*self.inputs.get(input)?)?;
        self.constants.get(value)?.as_ref()
    }

    /// Makes `tensor` the input at `position`.
    pub(super) fn set_input(&mut self, position: usize, tensor: Tensor) {
        let value = self.constants.len();
        self.constants.push(Some(Constant::Tensor(tensor)));
        if self.inputs.len() <= position {
            self.inputs.resize(position + 1, None);
        }
        if let Some(input) = self.inputs.get_mut(position) {
            *input = Some(value);
        }
    }

    /// Makes the attribute `name`, a list of integers, the input at `position`, where it is given.
    pub(super) fn list_to_input(&mut self, name: &str, position: usize) {
        if let Some(values) = self.attributes.integers(name) {
            let tensor = Tensor { shape: vec![values.len()], buffer: Buffer::I64(values.to_vec()) };
            self.set_input(position, tensor);
        }
    }

    /// Makes the attribute `name`, a float, the input at `position`, where it is given.
    pub(super) fn float_to_input(&mut self, name: &str, position: usize) -> Result<(), Fault> {
        if let Some(value) = self.attributes.float(name)? {
            self.set_input(position, Tensor { shape: Vec::new(), buffer: Buffer::F32(vec![value]) });
        }
        Ok(())
    }
}
