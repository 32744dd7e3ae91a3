//! Sensitivity: the smallest leak that this very record would have shown.
//!
//! No verdict of "no growth" means anything without it. A leak of `r` bytes per iteration is added to the recorded
//! samples and the procedure is asked again: `r` doubles from 1 until it is found, then twelve bisections. What the record
//! grows by already has not shown either, and comes on top ([`shown_from`]). The answer is a property of this record, not a
//! guarantee for the next one.

use super::judge::Slack;
use super::look::look;
use super::record::Record;
use super::state::{State, state};
use super::trend::is_growth;

/// The largest leak tried: 1 GiB per iteration.
const LARGEST: f64 = 1_073_741_824.0;
/// Bisections after the doubling: the answer is within 2^-12 of a doubling.
const BISECTIONS: usize = 12;

/// Smallest leak, in bytes per iteration and paid out every `period` iterations, which added to the first `n` samples
/// makes the look at `n` LINEAR; infinite if 1 GiB is not enough, or if `n` is below twice `settle`.
pub fn minimum_detectable(samples: &[f64], n: usize, slack: Slack, settle: usize, period: usize) -> f64 {
    let record = Record::new(samples).first(n);
    if record.len() < 2 * settle {
        return f64::INFINITY;
    }
    let slack = slack.at(record.len());
    smallest(|rate| {
        let look = look(&record.with_leak(rate, period), record.len(), slack);
        state(&look, 0.0, false, false) == State::Linear
    })
}

/// Smallest linear growth, in bytes per iteration, which added to this record makes its trend GROWTH; infinite if 1 GiB
/// is not enough, or if there are fewer iterations than twice `settle`.
pub fn minimum_detectable_trend(samples: &[f64], cycle: usize, settle: usize) -> f64 {
    let record = Record::new(samples);
    if record.len() < 2 * settle {
        return f64::INFINITY;
    }
    smallest(|rate| is_growth(&record.with_leak(rate, 1), cycle))
}

/// Growth from which on a record would have shown it: what was to be `added`, on top of its `own` rate where it grows.
pub fn shown_from(added: f64, own: f64) -> f64 {
    added + own.max(0.0)
}

/// Smallest rate that is found, to twelve bisections, taking "found" as monotone.
fn smallest(is_found: impl Fn(f64) -> bool) -> f64 {
    if !is_found(LARGEST) {
        return f64::INFINITY;
    }
    let (mut missed, mut found) = (0.0, 1.0);
    while found < LARGEST && !is_found(found) {
        missed = found;
        found *= 2.0;
    }
    for _ in 0..BISECTIONS {
        let middle = (missed + found) / 2.0;
        if is_found(middle) {
            found = middle;
        } else {
            missed = middle;
        }
    }
    found
}
