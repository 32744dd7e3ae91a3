//! Values that need no memory of their own, found before memory is planned.
//!
//! The conditions are those of TensorFlow Lite's `ArenaPlanner`. A step may give its first output the memory of its first
//! input if both are intermediate results of the same type and size, and
//!
//! * the step changes nothing (`Reshape` and its like), whatever becomes of the input later; or
//! * it can work in place, the value is larger than four bytes, and nobody else reads what is written over: no later
//!   step reads the input or anything that shares its memory, nor does this step as another of its inputs.
//!
//! What a caller reads after the last step shares nothing, and neither does what the plan does not own.

use super::claims::Claim;
use super::error::PlanError;
use crate::runtime::embedded::tensor::Element;

/// Values of up to this size do not give their memory away: a scalar saves nothing, and TensorFlow Lite leaves it alone.
const LARGEST_UNSHARED: u64 = 4;

/// What is known of a value before memory is planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::runtime::embedded) struct Value {
    /// Its size.
    pub(in crate::runtime::embedded) bytes: u64,
    /// Type of its elements.
    pub(in crate::runtime::embedded) element: Element,
    /// How long its memory is the plan's concern.
    pub(in crate::runtime::embedded) lifetime: Lifetime,
}

/// How long a value's memory is the plan's concern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::runtime::embedded) enum Lifetime {
    /// From the step that writes the value to the last that reads it.
    Planned,
    /// From the step that writes the value to the last step of all: an output that the caller reads from planned memory.
    Kept,
    /// Not at all: constants, inputs, and what is allocated on its own.
    Elsewhere,
}

/// What a step can do with the memory of its first input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::runtime::embedded) enum Sharing {
    /// Nothing.
    Never,
    /// Its first output is its first input under another shape.
    Alias,
    /// It can write its first output over its first input.
    InPlace,
}

/// A step of the execution; values are named by their positions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::runtime::embedded) struct Step {
    /// All values that it reads, each as often as it is an input, and what its subgraphs read of the outer graph. Absent
    /// inputs are left out, which the first is not where the step can share.
    pub(in crate::runtime::embedded) inputs: Vec<usize>,
    /// The values that it writes.
    pub(in crate::runtime::embedded) outputs: Vec<usize>,
    /// What it can do with the memory of its first input.
    pub(in crate::runtime::embedded) sharing: Sharing,
}

/// Who lies where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::runtime::embedded) struct Shared {
    /// For each value the one whose memory it lies in: itself, or the first of its chain.
    pub(in crate::runtime::embedded) roots: Vec<usize>,
    /// For each value the claim it lies in, by position among `claims`; absent where nothing is planned for it.
    pub(in crate::runtime::embedded) claim_of: Vec<Option<usize>>,
    /// For each step whether its first output lies in the memory of its first input.
    pub(in crate::runtime::embedded) shares: Vec<bool>,
    /// One claim for each root that is planned, in the order in which steps write them.
    pub(in crate::runtime::embedded) claims: Vec<Claim>,
}

/// Finds out which values share memory, and what memory that leaves to be planned.
pub(in crate::runtime::embedded) fn share(steps: &[Step], values: &[Value]) -> Result<Shared, PlanError> {
    let usage = usage(steps, values)?;
    let mut groups = Groups::alone(values, &usage);
    let shares = steps.iter().enumerate().map(|(index, step)| groups.shares(index, step)).collect();
    let Groups { roots, last, .. } = groups;
    let mut claims = Vec::new();
    let mut claim_of = vec![None; values.len()];
    for value in steps.iter().flat_map(|step| step.outputs.iter().copied()) {
        let root = roots[value];
        let owner = &values[root];
        if owner.lifetime == Lifetime::Elsewhere {
            continue;
        }
        // A root is written before all that share its memory, so that it has its claim when they come.
        if value == root {
            let first = usage[root].written.expect("some step has it as output");
            claim_of[root] = Some(claims.len());
            claims.push(Claim { bytes: owner.bytes, first, last: last[root] });
        }
        claim_of[value] = claim_of[root];
    }
    Ok(Shared { roots, claim_of, shares, claims })
}

/// When a value is written and read.
#[derive(Debug, Clone, Copy, Default)]
struct Usage {
    written: Option<usize>,
    /// Last step that writes or reads it.
    last: usize,
}

/// When each value is written and read: once, and not before that.
fn usage(steps: &[Step], values: &[Value]) -> Result<Vec<Usage>, PlanError> {
    let mut usage = vec![Usage::default(); values.len()];
    for (step, Step { inputs, outputs, .. }) in steps.iter().enumerate() {
        for &value in inputs {
            let usage = usage.get_mut(value).ok_or(PlanError::UnknownValue { step, value })?;
            if usage.written.is_none() && values[value].lifetime != Lifetime::Elsewhere {
                return Err(PlanError::ReadEarly { step, value });
            }
            usage.last = step;
        }
        for &value in outputs {
            let usage = usage.get_mut(value).ok_or(PlanError::UnknownValue { step, value })?;
            if usage.written.replace(step).is_some() {
                return Err(PlanError::WrittenTwice { step, value });
            }
            usage.last = step;
        }
    }
    // Memory that the caller reads afterwards must not be given to the steps that are left.
    for (usage, value) in usage.iter_mut().zip(values) {
        if value.lifetime == Lifetime::Kept {
            usage.last = steps.len().saturating_sub(1);
        }
    }
    Ok(usage)
}

/// Groups of values that lie in one memory, as far as steps have been looked at.
struct Groups<'a> {
    values: &'a [Value],
    usage: &'a [Usage],
    roots: Vec<usize>,
    /// For each root the last step that uses any value of its group.
    last: Vec<usize>,
}

impl<'a> Groups<'a> {
    fn alone(values: &'a [Value], usage: &'a [Usage]) -> Groups<'a> {
        Groups {
            values,
            usage,
            roots: (0..values.len()).collect(),
            last: usage.iter().map(|usage| usage.last).collect(),
        }
    }

    /// Whether the step's first output goes into the group of its first input; if so, it is put there.
    fn shares(&mut self, index: usize, step: &Step) -> bool {
        let (Some(&input), Some(&output)) = (step.inputs.first(), step.outputs.first()) else { return false };
        let root = self.roots[input];
        let may = match step.sharing {
            Sharing::Never => false,
            Sharing::Alias => self.are_alike(input, output),
            Sharing::InPlace => {
                self.are_alike(input, output)
                    && self.values[input].bytes > LARGEST_UNSHARED
                    && self.last[root] == index
                    && step.inputs.iter().filter(|other| self.roots[**other] == root).count() == 1
            }
        };
        if may {
            self.roots[output] = root;
            self.last[root] = self.last[root].max(self.usage[output].last);
        }
        may
    }

    fn are_alike(&self, input: usize, output: usize) -> bool {
        let (input, output) = (&self.values[input], &self.values[output]);
        input.lifetime == Lifetime::Planned && input == output
    }
}
