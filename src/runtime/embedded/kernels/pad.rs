//! `Pad`: a tensor with a border.

use super::operands::{Typed, optional, optional_typed, required, typed, whatever_type};
use super::walk::strides;
use crate::runtime::embedded::operator::PadMode;
use crate::runtime::embedded::shapes::targets;
use crate::runtime::embedded::tensor::{View, ViewMut};

/// Writes each row of the output: its border, what it has of the input, its border.
pub(super) fn pad(mode: PadMode, inputs: &[Option<View<'_>>], output: &mut ViewMut<'_>) -> Result<(), String> {
    let data = required(inputs, 0)?;
    let pads = targets::integers(required(inputs, 1)?, "paddings")?;
    let axes = targets::optional_integers(optional(inputs, 3), "axes")?;
    let paddings = targets::paddings(data.shape.len(), &pads, axes.as_deref())?;
    let constant = optional(inputs, 2).map(|constant| constant.values);
    let plan = Plan { mode, shape: data.shape, before: paddings.iter().map(|[before, _]| *before).collect() };
    let shape = output.shape;
    whatever_type!(&mut output.values, |to| {
        let constant = optional_typed(constant)?.and_then(|constant| constant.first().copied());
        plan.fill(typed(data.values)?, constant.unwrap_or_default(), shape, to);
    });
    Ok(())
}

/// What is padded how.
struct Plan<'a> {
    mode: PadMode,
    shape: &'a [usize],
    before: Vec<usize>,
}

impl Plan<'_> {
    fn fill<T: Typed>(&self, from: &[T], constant: T, padded: &[usize], to: &mut [T]) {
        let Some((width, outer)) = padded.split_last() else {
            // A scalar has no border.
            return to.copy_from_slice(from);
        };
        if to.is_empty() {
            return;
        }
        let strides = strides(self.shape);
        for (index, row) in to.chunks_exact_mut(*width).enumerate() {
            match self.source_row(index, outer, &strides) {
                Some(start) => self.fill_row(&from[start..start + self.shape[outer.len()]], constant, row),
                None => row.fill(constant),
            }
        }
    }

    /// Where the row of the input begins that a row of the output shows; absent where that shows the constant only.
    fn source_row(&self, index: usize, outer: &[usize], strides: &[usize]) -> Option<usize> {
        let mut rest = index;
        let mut start = 0;
        for dimension in (0..outer.len()).rev() {
            let position = rest % outer[dimension];
            rest /= outer[dimension];
            start += self.source(dimension, position)? * strides[dimension];
        }
        Some(start)
    }

    /// The position of the input that a position of the output shows; absent where that shows the constant.
    fn source(&self, dimension: usize, position: usize) -> Option<usize> {
        let (size, before) = (self.shape[dimension], self.before[dimension]);
        match (self.mode, position.checked_sub(before)) {
            (_, Some(inside)) if inside < size => Some(inside),
            (PadMode::Constant, _) => None,
            (PadMode::Edge, None) => Some(0),
            (PadMode::Edge, Some(_)) => Some(size - 1),
            (PadMode::Reflect, None) => Some(before - position),
            // One past the end shows the last but one.
            (PadMode::Reflect, Some(inside)) => Some(2 * (size - 1) - inside),
        }
    }

    fn fill_row<T: Typed>(&self, from: &[T], constant: T, row: &mut [T]) {
        let last = self.shape.len() - 1;
        let (start, end) = (self.before[last], self.before[last] + from.len());
        row[start..end].copy_from_slice(from);
        for position in (0..start).chain(end..row.len()) {
            row[position] = self.source(last, position).map_or(constant, |source| from[source]);
        }
    }
}
