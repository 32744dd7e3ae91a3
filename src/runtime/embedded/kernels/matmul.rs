//! Matrix products whose two sides are computed as the model runs.

use rayon::prelude::*;
use rten_gemm::{GemmInputA, GemmInputB, GemmOptions};

use super::access::{countable, floats, floats_mut};
use super::pack::{describe, executor, matrix, oriented};
use crate::runtime::embedded::operator::Gemm;
use crate::runtime::embedded::tensor::{View, ViewMut, elements};

/// A product of stacks of matrices, with the dimensions that vectors lack added.
struct Product<'a> {
    /// Sizes of the stack.
    stack: Vec<usize>,
    /// Sizes of the left and right stacks.
    stacks: [&'a [usize]; 2],
    rows: usize,
    depth: usize,
    columns: usize,
    /// What the product is called after the dimensions that vectors lack are taken away.
    shape: Vec<usize>,
}

/// The shape of a `MatMul`.
pub(in crate::runtime::embedded) fn matmul_shape(a: &[usize], b: &[usize]) -> Result<Vec<usize>, String> {
    Product::new(a, b).map(|product| product.shape)
}

/// `MatMul`: products of the last two dimensions, the others broadcast.
pub(in crate::runtime::embedded) fn matmul(a: View<'_>, b: View<'_>, output: &mut ViewMut<'_>) -> Result<(), String> {
    let product = Product::new(a.shape, b.shape)?;
    let [left, right] = [floats(a, "the first input")?, floats(b, "the second input")?];
    let results = floats_mut(output, &product.shape, "the output")?;
    if results.is_empty() {
        return Ok(());
    }
    let Product { rows, depth, columns, .. } = product;
    if right.len() == depth * columns {
        // One right side serves the whole stack: the left sides are one tall matrix.
        return multiply(left, right, [results.len() / columns, depth, columns], results);
    }
    results.par_chunks_exact_mut(rows * columns).enumerate().try_for_each(|(index, results)| {
        let [left_index, right_index] = product.sources(index);
        let left = part(left, left_index, rows * depth)?;
        let right = part(right, right_index, depth * columns)?;
        multiply(left, right, [rows, depth, columns], results)
    })
}

/// The shape of a `Gemm`.
pub(in crate::runtime::embedded) fn gemm_shape(gemm: Gemm, a: &[usize], b: &[usize]) -> Result<Vec<usize>, String> {
    let (&[a_rows, a_columns], &[b_rows, b_columns]) = (a, b) else {
        return Err(format!("inputs of the shapes {a:?} and {b:?} are no matrices"));
    };
    let (rows, left_depth) = if gemm.transposes_a { (a_columns, a_rows) } else { (a_rows, a_columns) };
    let (right_depth, columns) = if gemm.transposes_b { (b_columns, b_rows) } else { (b_rows, b_columns) };
    if left_depth != right_depth {
        return Err(format!("matrices of the shapes {a:?} and {b:?} do not fit each other"));
    }
    countable(vec![rows, columns])
}

/// `Gemm`.
pub(in crate::runtime::embedded) fn gemm(
    gemm: Gemm,
    a: View<'_>,
    b: View<'_>,
    c: Option<View<'_>>,
    output: &mut ViewMut<'_>,
) -> Result<(), String> {
    let shape = gemm_shape(gemm, a.shape, b.shape)?;
    let results = floats_mut(output, &shape, "the output")?;
    let left = oriented(floats(a, "the first input")?, pair(a.shape)?, gemm.transposes_a)?;
    let right = oriented(floats(b, "the second input")?, pair(b.shape)?, gemm.transposes_b)?;
    if let Some(c) = c {
        spread(floats(c, "the third input")?, c.shape, gemm.beta, pair(&shape)?, results)?;
    }
    let options =
        GemmOptions { alpha: gemm.alpha, beta: if c.is_some() { 1.0 } else { 0.0 }, ..GemmOptions::default() };
    executor().gemm(results, GemmInputA::Unpacked(left), GemmInputB::Unpacked(right), options).map_err(describe)
}

/// The sizes of a matrix.
pub(super) fn pair(shape: &[usize]) -> Result<[usize; 2], String> {
    <[usize; 2]>::try_from(shape).map_err(|_| format!("an input of the shape {shape:?} is no matrix"))
}

/// Writes `factor` times a tensor of at most two dimensions, broadcast, into a matrix.
pub(super) fn spread(
    values: &[f32],
    shape: &[usize],
    factor: f32,
    matrix: [usize; 2],
    output: &mut [f32],
) -> Result<(), String> {
    let [rows, columns] = extent(shape, matrix)?;
    if output.is_empty() {
        return Ok(());
    }
    let lines = values.chunks_exact(columns.max(1)).cycle();
    debug_assert!(rows * columns == values.len());
    for (output, line) in output.chunks_exact_mut(matrix[1]).zip(lines) {
        match line {
            [value] => output.fill(factor * value),
            line => output.iter_mut().zip(line).for_each(|(output, value)| *output = factor * value),
        }
    }
    Ok(())
}

/// The shape of a tensor that is broadcast to a matrix, in two dimensions.
pub(super) fn extent(shape: &[usize], matrix: [usize; 2]) -> Result<[usize; 2], String> {
    let sizes = match shape {
        [] => [1, 1],
        &[columns] => [1, columns],
        &[rows, columns] => [rows, columns],
        _ => return Err(format!("a summand of the shape {shape:?} is no matrix")),
    };
    let fits = sizes.iter().zip(matrix).all(|(size, needed)| *size == 1 || *size == needed);
    if fits { Ok(sizes) } else { Err(format!("a summand of the shape {shape:?} does not fit a matrix of {matrix:?}")) }
}

/// One product of matrices that lie row by row; sizes are rows, depth, columns.
fn multiply(left: &[f32], right: &[f32], sizes: [usize; 3], output: &mut [f32]) -> Result<(), String> {
    let [rows, depth, columns] = sizes;
    let left = GemmInputA::Unpacked(matrix(left, rows, depth)?);
    let right = GemmInputB::Unpacked(matrix(right, depth, columns)?);
    executor().gemm(output, left, right, GemmOptions::default()).map_err(describe)
}

/// The part of values that lie in parts of one length.
fn part(values: &[f32], index: usize, length: usize) -> Result<&[f32], String> {
    values.get(index * length..(index + 1) * length).ok_or_else(|| "a matrix of the stack is missing".to_owned())
}

impl<'a> Product<'a> {
    fn new(a: &'a [usize], b: &'a [usize]) -> Result<Product<'a>, String> {
        let misfit = || format!("inputs of the shapes {a:?} and {b:?} do not fit each other");
        let (left_stack, rows, depth) = match a {
            [] => return Err(misfit()),
            &[depth] => (&[][..], 1, depth),
            [stack @ .., rows, depth] => (stack, *rows, *depth),
        };
        let (right_stack, right_depth, columns) = match b {
            [] => return Err(misfit()),
            &[depth] => (&[][..], depth, 1),
            [stack @ .., depth, columns] => (stack, *depth, *columns),
        };
        let stack = broadcast(left_stack, right_stack).filter(|_| depth == right_depth).ok_or_else(misfit)?;
        let mut shape = stack.clone();
        if a.len() > 1 {
            shape.push(rows);
        }
        if b.len() > 1 {
            shape.push(columns);
        }
        let stacks = [left_stack, right_stack];
        Ok(Product { stack, stacks, rows, depth, columns, shape: countable(shape)? })
    }

    /// Which matrices of the left and of the right stack make the product at an index.
    fn sources(&self, index: usize) -> [usize; 2] {
        self.stacks.map(|stack| {
            let missing = self.stack.len() - stack.len();
            let (mut rest, mut source, mut step) = (index, 0, 1);
            for (axis, size) in self.stack.iter().enumerate().rev() {
                let own = axis.checked_sub(missing).and_then(|axis| stack.get(axis)).copied().unwrap_or(1);
                if own != 1 {
                    source += rest % size * step;
                }
                step *= own;
                rest /= size;
            }
            source
        })
    }
}

/// The shape that two shapes are broadcast to.
fn broadcast(a: &[usize], b: &[usize]) -> Option<Vec<usize>> {
    let rank = a.len().max(b.len());
    let size = |shape: &[usize], axis: usize| match (axis + shape.len()).checked_sub(rank) {
        Some(axis) => shape.get(axis).copied(),
        None => Some(1),
    };
    (0..rank)
        .map(|axis| match (size(a, axis)?, size(b, axis)?) {
            (1, other) | (other, 1) => Some(other),
            (left, right) => (left == right).then_some(left),
        })
        .collect::<Option<Vec<_>>>()
        .filter(|shape| elements(shape).is_some())
}
