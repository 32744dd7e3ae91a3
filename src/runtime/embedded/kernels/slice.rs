//! `Slice`: part of each dimension.

use super::operands::{optional, required, typed, whatever_type};
use super::walk::{Dimension, strides, walk};
use crate::runtime::embedded::shapes::targets::{self, Cut, cuts};
use crate::runtime::embedded::tensor::{View, ViewMut};

/// Copies the parts that the inputs after the first name.
pub(super) fn slice(inputs: &[Option<View<'_>>], output: &mut ViewMut<'_>) -> Result<(), String> {
    let data = required(inputs, 0)?;
    let starts = targets::integers(required(inputs, 1)?, "starts")?;
    let ends = targets::integers(required(inputs, 2)?, "ends")?;
    let axes = targets::optional_integers(optional(inputs, 3), "axes")?;
    let steps = targets::optional_integers(optional(inputs, 4), "steps")?;
    let cuts = cuts(data.shape, &starts, &ends, axes.as_deref(), steps.as_deref())?;
    let plan = Plan::new(data.shape, &cuts);
    whatever_type!(&mut output.values, |to| copy(&plan, typed(data.values)?, to));
    Ok(())
}

/// Runs of neighbouring elements that are copied, and where they begin.
struct Plan {
    outer: Vec<Dimension<1>>,
    start: usize,
    run: usize,
}

impl Plan {
    fn new(shape: &[usize], cuts: &[Cut]) -> Self {
        let strides = strides(shape);
        // Behind the last dimension that is cut, everything is taken.
        let whole = |(cut, size): &(&Cut, &usize)| cut.start == 0 && cut.step == 1 && cut.count == **size;
        let behind = cuts.iter().zip(shape).rev().take_while(whole).count();
        let mut walked = cuts.len() - behind;
        let mut run: usize = shape[walked..].iter().product();
        if let Some(last) = walked.checked_sub(1)
            && cuts[last].step == 1
        {
            run *= cuts[last].count;
            walked = last;
        }
        let start = cuts.iter().zip(&strides).map(|(cut, stride)| cut.start * stride).sum();
        // Steps of a dimension with one position are never taken, and may be of any size.
        let dimension = |(cut, stride): (&Cut, &usize)| Dimension {
            size: cut.count,
            strides: [cut.step.wrapping_mul(*stride as isize)],
        };
        Plan { outer: cuts[..walked].iter().zip(&strides).map(dimension).collect(), start, run }
    }
}

fn copy<T: Copy>(plan: &Plan, from: &[T], to: &mut [T]) {
    if to.is_empty() {
        return;
    }
    let mut runs = to.chunks_exact_mut(plan.run);
    walk(&plan.outer, [plan.start], |[offset]| {
        if let Some(run) = runs.next() {
            run.copy_from_slice(&from[offset..offset + run.len()]);
        }
    });
}
