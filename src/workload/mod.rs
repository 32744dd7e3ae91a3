//! ONE ITERATION: honest work on a model, and planted faults around it.
//!
//! A fault strikes between `execute` and `drop`, while the model is alive, so that what it keeps can pin heap pages as a
//! real leak would.
//!
//! `work` says what an iteration of each base is, `target` has the steps that all of them are made of, `keeping` those that
//! keep a model from one iteration to the next, `fresh` those that work in threads of their own; `tensors` are the inputs.
//!
//! The workload `switch` has a model `cache` between itself and the models: `switch` chooses whose turn it is and asks the
//! cache, `switch_note` sums up what the cache did.

mod arenas;
mod cache;
mod error;
mod fault;
mod fresh;
mod held;
mod keeping;
mod memory;
mod mutate;
mod phase;
mod pins;
mod rounding;
mod scratch;
mod spoil;
mod switch;
mod switch_note;
mod target;
mod team;
mod tensors;
#[cfg(test)]
mod tests;
mod thread;
mod turns;
mod work;

pub use cache::{Action, CacheEvent, Reading, Snapshot};
pub use error::WorkError;
pub use phase::{Phase, Phases};
pub use work::Work;
