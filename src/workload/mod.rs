//! ONE ITERATION: honest work on a model, and planted faults around it.
//!
//! A fault strikes between `execute` and `drop`, while the model is alive, so that what it keeps can pin heap pages as a
//! real leak would.
//!
//! The workload `switch` has a model `cache` between itself and the models: `switch` chooses whose turn it is and asks the
//! cache, `switch_note` sums up what the cache did.

mod arenas;
mod cache;
mod fault;
mod memory;
mod mutate;
mod phase;
mod pins;
mod scratch;
mod switch;
mod switch_note;
mod target;
mod work;

pub use cache::{Action, CacheEvent, Reading, Snapshot};
pub use phase::{Phase, Phases};
pub use work::{Work, WorkError};
