//! The work of a case: on real runtimes, and on one that only keeps the order of calls.

mod fake;
mod flaws;
mod mutated;
mod order;
mod real;
mod sequences;
mod varied;

pub(super) use mutated::write_renamed;

use super::{Phase, Phases};

/// Hears of phases and keeps nothing.
struct Silent;

impl Phases for Silent {
    fn enter(&mut self, _: Phase) {}
}
