//! `Softmax`: exponentials that sum up to one.

use rten_simd::{SimdOp, SimdUnaryOp};
use rten_vecmath::{Exp, Softmax};

use super::blocks::for_each_block;
use crate::runtime::embedded::shapes::axes;

/// How the values of a tensor are grouped.
#[derive(Debug, Clone, Copy)]
pub(super) struct Form {
    /// Values that sum up to one.
    count: usize,
    /// Distance of two such values.
    stride: usize,
}

impl Form {
    /// Along an axis of a shape, or along all dimensions from the axis on.
    pub(super) fn new(shape: &[usize], axis: i64, flattens: bool) -> Result<Form, String> {
        let axis = axes::axis(axis, shape.len())?;
        let behind = shape[axis + 1..].iter().product();
        let size = shape[axis];
        Ok(if flattens { Form { count: size * behind, stride: 1 } } else { Form { count: size, stride: behind } })
    }
}

/// `exp(x - max) / sum` of each group; the output holds the values where `input` is absent.
pub(super) fn softmax(form: Form, input: Option<&[f32]>, output: &mut [f32]) {
    let block = form.count * form.stride;
    for_each_block(input, output, block, |_, values| {
        for group in values.chunks_exact_mut(block) {
            if form.stride == 1 {
                Softmax::new_mut(group).dispatch();
            } else {
                columns(group, form.stride);
            }
        }
    });
}

/// The same of each column of a matrix with `width` columns, row by row so that the compiler vectorises it.
fn columns(matrix: &mut [f32], width: usize) {
    let mut largest = vec![f32::NEG_INFINITY; width];
    for row in matrix.chunks_exact(width) {
        largest.iter_mut().zip(row).for_each(|(largest, value)| *largest = largest.max(*value));
    }
    for row in matrix.chunks_exact_mut(width) {
        row.iter_mut().zip(&largest).for_each(|(value, largest)| *value -= largest);
    }
    Exp {}.map_mut(matrix);
    let mut sums = vec![0.0; width];
    for row in matrix.chunks_exact(width) {
        sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
    for row in matrix.chunks_exact_mut(width) {
        row.iter_mut().zip(&sums).for_each(|(value, sum)| *value /= sum);
    }
}
