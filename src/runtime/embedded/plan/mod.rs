//! Where intermediate results lie: values that do not live at the same time may lie at the same place.
//!
//! Three passes, all of them pure:
//!
//! 1. [`share`] finds values that need no memory of their own: views of another value, and results that are written over
//!    their input. What remains is one [`Claim`] for each group of values.
//! 2. [`place()`] gives every claim an offset. There are four planners, since what they cost is what is to be compared: two
//!    of Samsung's onert that go along the execution (`bump`, `first_fit`), its third that colours weighted intervals
//!    (`wic`), and that of TensorFlow Lite's `ArenaPlanner` (`best_fit`).
//! 3. [`lower_bound`] says what the best of all planners could not go below.
//!
//! A step is the position of a node in the order of execution. All sizes are rounded up to the alignment before anything
//! is placed, so that all offsets are aligned whatever a planner does.

mod best_fit;
mod bump;
mod claims;
mod error;
mod first_fit;
mod gaps;
mod place;
mod sharing;
mod wic;

#[cfg(test)]
mod tests;

pub(super) use claims::{Claim, lower_bound};
pub(super) use error::PlanError;
pub(super) use place::place;
pub(super) use sharing::{Lifetime, Sharing, Step, Value, share};
