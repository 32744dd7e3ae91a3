//! Sums and means over some dimensions.
//!
//! Neighbouring dimensions that are both reduced, or both kept, are taken as one. The input is read once, in order: a
//! run along a reduced dimension is summed up, a run along a kept one is added to the output.

use rten_simd::SimdOp;
use rten_vecmath::Sum;

use super::operands::{typed, unexpected};
use super::walk::{Dimension, walk};
use crate::runtime::embedded::operator::Reduction;
use crate::runtime::embedded::shapes::targets;
use crate::runtime::embedded::tensor::{Element, ValuesMut, View, ViewMut};

/// Reduces over the axes that the second input names.
pub(super) fn reduce(
    kind: Reduction,
    empty_is_none: bool,
    input: View<'_>,
    axes: Option<View<'_>>,
    output: &mut ViewMut<'_>,
) -> Result<(), String> {
    let axes = targets::optional_integers(axes, "axes")?;
    let reduced = targets::reduced(input.shape.len(), axes.as_deref(), empty_is_none)?;
    let plan = Plan::new(input.shape, &reduced);
    match &mut output.values {
        ValuesMut::F32(to) => {
            plan.sum(typed(input.values)?, to);
            if kind == Reduction::Mean {
                let count: usize =
                    input.shape.iter().zip(reduced).filter(|(_, reduced)| *reduced).map(|(size, _)| size).product();
                to.iter_mut().for_each(|sum| *sum /= count as f32);
            }
        }
        ValuesMut::I32(to) => plan.sum(typed(input.values)?, to),
        ValuesMut::I64(to) => plan.sum(typed(input.values)?, to),
        ValuesMut::Bool(_) => return Err(unexpected(Element::Bool)),
    }
    Ok(())
}

/// What can be summed up.
trait Summand: Copy + Default {
    fn plus(self, other: Self) -> Self;
    fn sum(values: &[Self]) -> Self;
}

impl Summand for f32 {
    fn plus(self, other: Self) -> Self {
        self + other
    }

    fn sum(values: &[Self]) -> Self {
        Sum::new(values).dispatch()
    }
}

macro_rules! integer {
    ($name:ty) => {
        impl Summand for $name {
            fn plus(self, other: Self) -> Self {
                self.wrapping_add(other)
            }

            fn sum(values: &[Self]) -> Self {
                values.iter().fold(0, |sum, value| sum.wrapping_add(*value))
            }
        }
    };
}

integer!(i32);
integer!(i64);

/// Runs of the input, and where in the output each belongs.
struct Plan {
    outer: Vec<Dimension<1>>,
    run: usize,
    /// Whether a run is summed up.
    sums_run: bool,
}

impl Plan {
    fn new(shape: &[usize], reduced: &[bool]) -> Self {
        let mut groups: Vec<(usize, bool)> = Vec::with_capacity(shape.len());
        for (size, reduced) in shape.iter().zip(reduced).rev().filter(|(size, _)| **size != 1) {
            match groups.last_mut() {
                Some((grouped, same)) if same == reduced => *grouped *= size,
                _ => groups.push((*size, *reduced)),
            }
        }
        let mut distance = 1;
        let mut dimensions = Vec::with_capacity(groups.len());
        for (size, reduced) in &groups {
            dimensions.push(Dimension { size: *size, strides: [if *reduced { 0 } else { distance }] });
            distance *= if *reduced { 1 } else { *size as isize };
        }
        let (run, sums_run) = groups.first().copied().unwrap_or((1, true));
        Plan { outer: dimensions.into_iter().skip(1).rev().collect(), run, sums_run }
    }

    fn sum<T: Summand>(&self, from: &[T], to: &mut [T]) {
        to.fill(T::default());
        if from.is_empty() {
            return;
        }
        let mut runs = from.chunks_exact(self.run);
        walk(&self.outer, [0], |[offset]| {
            let Some(run) = runs.next() else { return };
            if self.sums_run {
                to[offset] = to[offset].plus(T::sum(run));
            } else {
                to[offset..].iter_mut().zip(run).for_each(|(sum, value)| *sum = sum.plus(*value));
            }
        });
    }
}
