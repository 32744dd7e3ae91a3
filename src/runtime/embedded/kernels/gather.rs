//! `Gather`: slices along an axis, by their indices.

use super::operands::{typed, whatever_type};
use crate::runtime::embedded::shapes::{axes, targets};
use crate::runtime::embedded::tensor::{Values, View, ViewMut};

/// Copies the slices that `indices` names; negative ones count from the end.
pub(super) fn gather(axis: i64, data: View<'_>, indices: View<'_>, output: &mut ViewMut<'_>) -> Result<(), String> {
    let axis = axes::axis(axis, data.shape.len())?;
    let size = data.shape[axis];
    let positions = positions(indices.values, size)?;
    let slice: usize = data.shape[axis + 1..].iter().product();
    whatever_type!(&mut output.values, |to| copy(typed(data.values)?, size * slice, &positions, slice, to));
    Ok(())
}

/// Indices counted from the start; one that does not exist is an error.
fn positions(indices: Values<'_>, size: usize) -> Result<Vec<usize>, String> {
    let flat = [indices.len()];
    let numbers = targets::integers(View { shape: &flat, values: indices }, "indices")?;
    numbers.into_iter().map(|index| axes::index(index, size)).collect()
}

/// Copies slices of `slice` elements out of each block of `block` elements.
fn copy<T: Copy>(data: &[T], block: usize, positions: &[usize], slice: usize, to: &mut [T]) {
    // Without elements nothing is copied, and a chunk cannot be empty.
    if to.is_empty() {
        return;
    }
    for (from, to) in data.chunks_exact(block).zip(to.chunks_exact_mut(positions.len() * slice)) {
        if slice == 1 {
            to.iter_mut().zip(positions).for_each(|(target, position)| *target = from[*position]);
            continue;
        }
        for (target, position) in to.chunks_exact_mut(slice).zip(positions) {
            target.copy_from_slice(&from[position * slice..][..slice]);
        }
    }
}
