//! ONE ITERATION: honest work on a model, and planted faults around it.
//!
//! A fault strikes between `execute` and `drop`, while the model is alive, so that what it keeps can pin heap pages as a
//! real leak would.

mod arenas;
mod fault;
mod memory;
mod mutate;
mod phase;
mod pins;
mod scratch;
mod target;
mod work;

pub use phase::{Phase, Phases};
pub use work::{Work, WorkError};
