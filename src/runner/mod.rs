//! The parent: starts a fresh child for a case, watches it, ends it when it must, and tells what became of it.
//!
//! A child is highwater's own worker, or any program that speaks the protocol. `run` starts it, `watch` follows what it says
//! and `messages` takes it; `program` takes the program's side of the conversation, `outside` the samples of a program that
//! waits; `ending` judges how it ended.
//!
//! Whatever a child does is an [`Outcome`] with its evidence, never an error of the parent. Samples go to the caller as they
//! arrive, so that nothing measured is lost however the run ends.

mod child;
mod ending;
mod evidence;
mod lines;
mod memory_words;
mod messages;
mod outcome;
mod outside;
mod profiled;
mod program;
mod run;
#[cfg(test)]
mod sleepers;
mod tail;
mod told;
mod watch;
mod watched;

pub use evidence::Evidence;
pub use outcome::{FinishReason, Outcome, Said};
pub use run::{CaseRun, Observer, Request, run};
pub use watched::{Program, told};
