//! The parent: starts a fresh child for a case, watches it, ends it when it must, and tells what became of it.
//!
//! Whatever a child does is an [`Outcome`] with its evidence, never an error of the parent. Samples go to the caller as they
//! arrive, so that nothing measured is lost however the run ends.

mod child;
mod outcome;
mod profiled;
mod run;
mod tail;

pub use outcome::{Evidence, FinishReason, Outcome};
pub use run::{CaseRun, Observer, Request, run};
