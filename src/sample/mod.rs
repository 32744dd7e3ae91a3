//! WHAT MEMORY LOOKED LIKE: one [`Sample`] per iteration, read from `/proc` without touching the heap.
//!
//! [`Status`] and [`Rollup`] are parsers of text and know no files; [`Probe`] keeps the descriptors open and reads into
//! fixed buffers. Between the start and the end of an iteration's sampling nothing is allocated: an allocation there would
//! move the very counters that are read.

mod columns;
mod count;
mod probe;
mod status;

pub use columns::{Sample, Series};
pub use probe::{MemoryLevel, Probe};
pub use status::{Rollup, Status};
