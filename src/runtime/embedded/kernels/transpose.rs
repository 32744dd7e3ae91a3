//! `Transpose`: dimensions in another order.
//!
//! Dimensions that stay neighbours are taken as one. Where the last dimension stays the last, whole runs are copied;
//! elsewhere there is a dimension along which the input is contiguous and another along which the output is, and the
//! two are worked through in tiles, so that each cache line is used for more than one element.

use super::operands::{typed, whatever_type};
use super::walk::{Dimension, strides, walk};
use crate::runtime::embedded::shapes::targets;
use crate::runtime::embedded::tensor::{View, ViewMut};

/// Side of a tile: as many floats as a cache line holds.
const TILE: usize = 16;

/// Writes the input's dimensions in the order `order`.
pub(super) fn transpose(order: &[usize], input: View<'_>, output: &mut ViewMut<'_>) -> Result<(), String> {
    let order = targets::permutation(order, input.shape.len())?;
    let dimensions = merged(input.shape, &order);
    whatever_type!(&mut output.values, |to| rearrange(&dimensions, typed(input.values)?, to));
    Ok(())
}

/// The dimensions of the output, with the distances of neighbours in the input and in the output.
fn merged(shape: &[usize], order: &[usize]) -> Vec<Dimension<2>> {
    let strides = strides(shape);
    let mut groups: Vec<(usize, usize)> = Vec::with_capacity(order.len());
    for dimension in order.iter().copied().filter(|dimension| shape[*dimension] != 1) {
        let (size, stride) = (shape[dimension], strides[dimension]);
        match groups.last_mut() {
            Some((grouped, outer)) if *outer == size * stride => {
                *grouped *= size;
                *outer = stride;
            }
            _ => groups.push((size, stride)),
        }
    }
    let mut distance = 1;
    let mut dimensions: Vec<_> = groups
        .into_iter()
        .rev()
        .map(|(size, stride)| {
            let strides = [stride as isize, distance];
            distance *= size as isize;
            Dimension { size, strides }
        })
        .collect();
    dimensions.reverse();
    dimensions
}

fn rearrange<T: Copy>(dimensions: &[Dimension<2>], from: &[T], to: &mut [T]) {
    if to.is_empty() {
        return;
    }
    let Some((last, outer)) = dimensions.split_last() else { return to.copy_from_slice(from) };
    let contiguous = outer.iter().position(|dimension| dimension.strides[0] == 1);
    match contiguous {
        Some(contiguous) if last.strides[0] != 1 => {
            let mut outer = outer.to_vec();
            let rows = outer.remove(contiguous);
            let tiles = Tiles { rows, columns: *last };
            walk(&outer, [0, 0], |[source, target]| tiles.copy(&from[source..], &mut to[target..]));
        }
        _ => walk(outer, [0, 0], |[source, target]| {
            to[target..target + last.size].copy_from_slice(&from[source..source + last.size]);
        }),
    }
}

/// Two dimensions: the input is contiguous along `rows`, the output along `columns`.
struct Tiles {
    rows: Dimension<2>,
    columns: Dimension<2>,
}

impl Tiles {
    fn copy<T: Copy>(&self, from: &[T], to: &mut [T]) {
        for left in (0..self.columns.size).step_by(TILE) {
            for top in (0..self.rows.size).step_by(TILE) {
                self.copy_tile(from, to, top, left);
            }
        }
    }

    fn copy_tile<T: Copy>(&self, from: &[T], to: &mut [T], top: usize, left: usize) {
        let (source, target) = (self.columns.strides[0] as usize, self.rows.strides[1] as usize);
        if top + TILE <= self.rows.size && left + TILE <= self.columns.size {
            let columns: [&[T]; TILE] = std::array::from_fn(|column| &from[top + (left + column) * source..][..TILE]);
            for row in 0..TILE {
                let line = &mut to[(top + row) * target + left..][..TILE];
                line.iter_mut().zip(&columns).for_each(|(element, column)| *element = column[row]);
            }
            return;
        }
        for row in top..(top + TILE).min(self.rows.size) {
            for column in left..(left + TILE).min(self.columns.size) {
                to[row * target + column] = from[row + column * source];
            }
        }
    }
}
