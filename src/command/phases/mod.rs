//! `highwater phases`: what each phase of a model needs under every strategy, as table, CSV and charts.
//!
//! `plan` makes cells of the arguments, `session` runs each of them in fresh processes and writes rows as they arrive,
//! `recorder` listens to one process, `tell` makes table and charts of rows: those of a run, or of a recorded one.

mod plan;
mod recorder;
mod run;
mod session;
mod tell;

pub(super) use run::phases;
pub(super) use tell::report;
