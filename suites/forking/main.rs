//! The fork probe against planted truth: what it gives back and what it finds, children that hang or die, forks that are
//! refused, and the worker that probes.
//!
//! A program of its own, since it looks at the memory of its whole process, registers handlers for forks and counts its
//! children: its tests run one after another.
#![expect(clippy::unwrap_used, reason = "in a test a panic is the message")]

mod failures;
mod levels;
mod refusals;
mod worker;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use highwater::arm::{GiveBack, in_force};
use highwater::sample::CoreProbe;

/// Long enough for any machine.
const LIMIT: Duration = Duration::from_secs(10);

/// Keeps the other tests of this program waiting; one that failed is no reason not to go on.
fn alone() -> MutexGuard<'static, ()> {
    static TESTS: Mutex<()> = Mutex::new(());
    TESTS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn probe(limit: Duration) -> CoreProbe {
    CoreProbe::open(GiveBack::find(&in_force()).unwrap(), limit).unwrap()
}
