//! WHAT MEMORY LOOKED LIKE: one [`Sample`] per iteration, read from `/proc` without touching the heap.
//!
//! [`Status`] and `Rollup` are parsers of text and know no files; [`Probe`] keeps the descriptors open and reads into
//! fixed buffers. Between the start and the end of an iteration's sampling nothing is allocated: an allocation there would
//! move the very counters that are read.
//!
//! [`PhaseProbe`] does the same around the phases of a single model, for a profile of what each of them needs.
//!
//! [`Outside`] reads the same of another process that knows nothing of it, [`Tree`] of all its descendants too.
//!
//! [`CoreProbe`] goes further, in runs of its own: it forks the process and sees what remains when everything is given
//! back. `forked` asks the child, `smaps` splits what remains, `obstacles` says where a fork is not safe.

mod columns;
mod core_error;
mod core_probe;
mod count;
mod faults;
mod files;
mod forked;
mod io;
mod lines;
mod obstacles;
mod outside;
mod phase_figures;
mod phase_probe;
mod poller;
mod probe;
mod processes;
mod smaps;
mod stat;
mod status;
mod tree;

pub use columns::{Sample, Series};
pub use core_error::CoreError;
pub use core_probe::{CoreProbe, CoreReading};
pub use outside::{Identity, Missing, Outside, OutsideError};
pub use phase_figures::{PhaseFigures, ProfiledPhase};
pub use phase_probe::PhaseProbe;
pub use probe::{MemoryLevel, Probe};
pub use processes::{command_line, descendants, oldest_named};
pub use status::Status;
pub use tree::Tree;
