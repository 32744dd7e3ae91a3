//! Learning: the lifetimes of one step after the other become a plan, until the plan no longer changes.

use std::io;

use super::policy::{Fit, Policy};
use super::record::{Lifetime, Record};
use super::shelves::Shelves;
use super::table::Table;
use crate::suite::StepPoolSettings;

/// Sizes of bins are multiples of these, DeepRec's three policies. The one that needs least wins, the first of equals.
const INTERVALS: [u64; 3] = [4 << 10, 8 << 10, 16 << 10];

/// Different sizes that are remembered.
const SIZES: usize = 8192;

/// A size that was asked for, and whether a block of it was ever freed in the step that it was allocated in.
#[derive(Clone, Copy)]
struct Size {
    bytes: u64,
    is_temporary: bool,
}

/// What was learned so far.
pub(super) struct Learner {
    /// The present step.
    pub(super) record: Record,
    policies: [Policy; 3],
    sizes: Table<Size>,
    steps: u64,
    stable: u64,
}

/// What to serve.
pub(super) struct Plan {
    /// The blocks.
    pub(super) shelves: Shelves,
    /// Sizes of blocks that outlive their step, in ascending order: they would take a block and never bring it back.
    pub(super) kept: Table<u64>,
}

impl Learner {
    /// A learner that knows nothing.
    pub(super) fn new() -> io::Result<Learner> {
        let [first, second, third] = INTERVALS;
        Ok(Learner {
            record: Record::new()?,
            policies: [Policy::new(first)?, Policy::new(second)?, Policy::new(third)?],
            sizes: Table::with_capacity(SIZES)?,
            steps: 0,
            stable: 0,
        })
    }

    /// Learns from the step that has just ended; true when there is enough: more stable steps in a row, or more steps at all,
    /// than the settings ask for.
    pub(super) fn learn(&mut self, settings: &StepPoolSettings) -> bool {
        let incomplete = self.record.is_incomplete();
        let lifetimes = self.record.lifetimes();
        for lifetime in lifetimes.iter() {
            remember(&mut self.sizes, lifetime);
        }
        let temporary = partition(lifetimes);
        let mut is_stable = !incomplete;
        for policy in &mut self.policies {
            // A plan that is full serves what it has room for.
            is_stable &= policy.fit(temporary) == Ok(Fit::Stable);
        }
        self.steps += 1;
        self.stable = if is_stable { self.stable + 1 } else { 0 };
        self.stable > settings.stable || self.steps > settings.max
    }

    /// The plan of the policy that needs the least memory.
    pub(super) fn plan(self) -> io::Result<Plan> {
        let mut kept = Table::with_capacity(self.sizes.len())?;
        for size in self.sizes.iter().filter(|size| !size.is_temporary) {
            // There is room for all of them.
            let _ = kept.push(size.bytes);
        }
        let [first, second, third] = self.policies;
        let smaller = |one: Policy, other: Policy| if other.total() < one.total() { other } else { one };
        Ok(Plan { shelves: smaller(smaller(first, second), third).into_shelves(), kept })
    }
}

/// Keeps the sizes in ascending order. One for which there is no room is served like any other.
fn remember(sizes: &mut Table<Size>, lifetime: &Lifetime) {
    let place = sizes.partition_point(|size| size.bytes < lifetime.size);
    match sizes.get_mut(place) {
        Some(size) if size.bytes == lifetime.size => size.is_temporary |= lifetime.is_over(),
        _ => {
            let _ = sizes.insert(place, Size { bytes: lifetime.size, is_temporary: lifetime.is_over() });
        }
    }
}

/// Brings the lifetimes that are over to the front and gives those.
fn partition(lifetimes: &mut [Lifetime]) -> &mut [Lifetime] {
    let mut over = 0;
    for next in 0..lifetimes.len() {
        if lifetimes.get(next).is_some_and(Lifetime::is_over) {
            lifetimes.swap(over, next);
            over += 1;
        }
    }
    lifetimes.get_mut(..over).unwrap_or_default()
}
