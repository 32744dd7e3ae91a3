//! The work of a case: on real runtimes, and on one that only keeps the order of calls.

mod fake;
mod flaws;
mod order;
mod real;
mod sequences;
mod varied;
