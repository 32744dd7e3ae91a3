//! Broadcasting: tensors that are repeated along dimensions they do not have, walked in runs within which each of them
//! either moves on one by one or stays where it is.
//!
//! Neighbouring dimensions that are repeated alike are taken as one, so that equal shapes are a single run, a bias over
//! the last dimension one run a row, and a factor per channel one run a channel. What a compiler vectorises are the
//! runs.

use super::operands::{typed, whatever_type};
use super::walk::{Dimension, walk};
use crate::runtime::embedded::shapes::axes::size_at;
use crate::runtime::embedded::tensor::{View, ViewMut};

/// How `N` tensors are walked to fill an output that they broadcast to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broadcast<const N: usize> {
    /// Everything but the runs, outermost first.
    outer: Vec<Dimension<N>>,
    /// Elements of the output in a run.
    pub(super) run: usize,
    /// Whether a tensor moves within a run.
    pub(super) moves: [bool; N],
}

impl<const N: usize> Broadcast<N> {
    /// For tensors of the shapes `shapes` and an output of the shape that they broadcast to.
    pub(super) fn new(shapes: [&[usize]; N], output: &[usize]) -> Self {
        // Innermost first, since that is the direction in which strides add up.
        let mut groups: Vec<(usize, [bool; N])> = Vec::with_capacity(output.len());
        for (dimension, size) in output.iter().enumerate().rev().filter(|(_, size)| **size != 1) {
            let moves = shapes.map(|shape| size_at(shape, dimension, output.len()) != 1);
            match groups.last_mut() {
                Some((grouped, same)) if *same == moves => *grouped *= size,
                _ => groups.push((*size, moves)),
            }
        }
        let mut distance = [1_isize; N];
        let mut dimensions = Vec::with_capacity(groups.len());
        for (size, moves) in &groups {
            let strides = std::array::from_fn(|tensor| if moves[tensor] { distance[tensor] } else { 0 });
            dimensions.push(Dimension { size: *size, strides });
            for (distance, moves) in distance.iter_mut().zip(moves) {
                *distance *= if *moves { *size as isize } else { 1 };
            }
        }
        let (run, moves) = groups.first().copied().unwrap_or((1, [false; N]));
        let outer = dimensions.into_iter().skip(1).rev().collect();
        Broadcast { outer, run, moves }
    }

    /// Calls `visit` for each run of `output`, with the offsets of the tensors at its beginning.
    pub(super) fn for_each_run<T>(&self, output: &mut [T], mut visit: impl FnMut(&mut [T], [usize; N])) {
        if self.run == 0 {
            return;
        }
        let mut runs = output.chunks_exact_mut(self.run);
        walk(&self.outer, [0; N], |offsets| {
            if let Some(run) = runs.next() {
                visit(run, offsets);
            }
        });
    }
}

/// `Expand`: a tensor repeated to the shape of the output.
pub(super) fn expand(input: View<'_>, output: &mut ViewMut<'_>) -> Result<(), String> {
    let plan = Broadcast::new([input.shape], output.shape);
    whatever_type!(&mut output.values, |to| repeat(&plan, typed(input.values)?, to));
    Ok(())
}

fn repeat<T: Copy>(plan: &Broadcast<1>, from: &[T], to: &mut [T]) {
    plan.for_each_run(to, |run, [offset]| match plan.moves {
        [true] => run.copy_from_slice(&from[offset..offset + run.len()]),
        [false] => run.fill(from[offset]),
    });
}

/// `Where`: of two tensors the values of the one that the condition chooses.
pub(super) fn select(inputs: [View<'_>; 3], output: &mut ViewMut<'_>) -> Result<(), String> {
    let [condition, first, second] = inputs;
    let plan = Broadcast::new(inputs.map(|input| input.shape), output.shape);
    let condition = typed(condition.values)?;
    whatever_type!(&mut output.values, |to| {
        choose(&plan, condition, [typed(first.values)?, typed(second.values)?], to);
    });
    Ok(())
}

fn choose<T: Copy>(plan: &Broadcast<3>, condition: &[bool], values: [&[T]; 2], to: &mut [T]) {
    let steps = plan.moves.map(usize::from);
    let [first, second] = values;
    plan.for_each_run(to, |run, offsets| {
        for (index, target) in run.iter_mut().enumerate() {
            let [at, left, right] = std::array::from_fn(|tensor| offsets[tensor] + index * steps[tensor]);
            *target = if condition[at] { first[left] } else { second[right] };
        }
    });
}
