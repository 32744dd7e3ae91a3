//! highwater finds memory leaks and allocator creep in neural-network inference runtimes.
//!
//! It loads, compiles, runs and drops a model again and again in a child process, under different allocators and settings,
//! tells leak from creep from plateau with a stated error rate, and shows which setting helps and what it costs.
//!
//! The folders are the stages of the pipeline, in the order in which data flows; a stage imports only from those before it, and
//! `error` and `units` belong to all:
//!
//! ```text
//! suite file ─▶ Vec<Case> ─ runner ⇄ worker ─▶ CaseRun { outcome, series } ─ analysis ─▶ Assessment ─ report ─▶ console │ CSV │ charts
//! ```
//!
//! The binary is the interface; this library is what its test targets and benchmarks are made of.

// What to run, and on what.
pub mod suite;

pub mod model;

// Under which allocator, by whom, and how it is sampled.
pub mod arm;
pub mod runtime;
pub mod sample;

// One iteration, the child that does it, the parent that watches.
pub mod workload;

pub mod worker;

pub mod runner;

// What it means and how it is told.
pub mod analysis;

pub mod report;

pub mod cli;
pub mod command;
pub mod error;
pub mod units;

#[cfg(test)]
mod alone;
