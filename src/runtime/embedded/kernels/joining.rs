//! `Concat`: tensors one after the other along an axis.

use super::operands::{Typed, typed, whatever_type};
use crate::runtime::embedded::shapes::axes;
use crate::runtime::embedded::tensor::{View, ViewMut};

/// Copies all inputs, in order, into each position of the dimensions before the axis.
pub(super) fn concat(axis: i64, inputs: &[Option<View<'_>>], output: &mut ViewMut<'_>) -> Result<(), String> {
    let axis = axes::axis(axis, output.shape.len())?;
    let inner: usize = output.shape[axis + 1..].iter().product();
    let row = output.shape[axis] * inner;
    whatever_type!(&mut output.values, |to| join(axis, inner, row, inputs, to))
}

fn join<T: Typed>(
    axis: usize,
    inner: usize,
    row: usize,
    inputs: &[Option<View<'_>>],
    to: &mut [T],
) -> Result<(), String> {
    let mut start = 0;
    for input in inputs.iter().flatten() {
        let block = input.shape[axis] * inner;
        if block > 0 {
            let rows = to.chunks_exact_mut(row).zip(typed(input.values)?.chunks_exact(block));
            rows.for_each(|(row, from)| row[start..start + block].copy_from_slice(from));
        }
        start += block;
    }
    Ok(())
}
