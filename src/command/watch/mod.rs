//! `highwater watch`: a process that knows nothing of it, sampled by time from outside.
//!
//! `target` finds or starts processes, `segment` samples one of them, `session` goes from one to the next, `counter` asks how many
//! requests were served, `advice` says what a watch that is too short needs, `tell` what they came to, and `watched` keeps what a
//! chart shows of them.

mod advice;
mod counter;
mod run;
mod segment;
mod session;
mod target;
mod tell;
mod wake;
mod watched;

pub(super) use run::watch;
pub(super) use tell::report;
