//! What a process did that was only watched: samples by time become windows, and windows are judged as iterations are.
//!
//! Nothing in a process that does not cooperate says where one unit of work ends and the next begins. So equal spans of time take
//! the place of iterations and, where somebody counts requests, equal numbers of requests too: in each the highest
//! peak between samples and the lowest level at rest. The statistics are those of resident memory and of counts; the windows are
//! cut anew at every look, from a [`History`] that keeps its size however long the watch lasts.
//!
//! Live bytes cannot be read from outside, so growth of memory is never more than *unattributed*. Each way of cutting is a test of
//! its own with a chance of its own to err, and every look repeats them: [`WatchFinding::error_rate`] is the sum of them all.
//!
//! A program that starts again is a new process with a new history. Each is judged alone; [`worst_of`] tells what they come to.

mod finding;
mod history;
mod observed;
mod windows;

#[cfg(test)]
mod tests;

pub use finding::{Growth, WatchFinding, WatchRules, assess_watch, is_growth, worst_of};
pub use history::History;
pub use observed::{Observed, history_of};
pub use windows::FewRequests;
