//! The finding on a counter of live bytes, or on a count of resources, as a report tells it.

use serde::Serialize;

use super::floors::WINDOWS;
use super::judge::{Judgement, Rules, Slack, judge};
use super::sensitivity::{minimum_detectable, shown_from};
use super::state::State;
use super::verdict::LiveVerdict;
use crate::arm::LiveKind;

/// No allocation is smaller: glibc's smallest chunk holds 24 bytes, and 16 is the step between sizes.
const SMALLEST_LEAK: f64 = 16.0;

/// Live bytes, one value per iteration, `NaN` where missing.
#[derive(Debug, Clone, Copy)]
pub struct LiveSeries<'a> {
    /// Bytes in use according to the allocator.
    pub bytes: &'a [f64],
    /// How far they can be trusted.
    pub kind: LiveKind,
    /// Threads alive, for the slack of [`LiveKind::Tcache`].
    pub threads: Option<&'a [f64]>,
}

impl<'a> LiveSeries<'a> {
    /// Rules for this kind of counter.
    pub fn rules(&self, settle: usize, tolerance: f64, early_stop: bool) -> Rules<'a> {
        let slack = match self.kind {
            LiveKind::Tcache => Slack::Tcache(self.threads),
            LiveKind::Exact | LiveKind::Noisy => Slack::Constant(0.0),
        };
        Rules { slack, exact: self.kind == LiveKind::Exact, tolerant: false, settle, tolerance, early_stop }
    }

    /// Whether the counter tells anything: one that is 0 throughout belongs to an allocator that does not count.
    pub fn is_counting(&self) -> bool {
        self.bytes.iter().all(|bytes| bytes.is_nan()) || self.bytes.iter().any(|bytes| !bytes.is_nan() && *bytes != 0.0)
    }
}

/// One of the fourteen windows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct FloorWindow {
    /// First iteration, from 1.
    pub start: usize,
    /// Last iteration.
    pub end: usize,
    /// Smallest value.
    pub floor: f64,
}

/// What a series judged by its floors came to. Numbers are `NaN` where the state is missing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LiveFinding {
    /// The verdict; `leak` also stands for a growing count.
    pub verdict: LiveVerdict,
    /// State at the last look.
    pub state: State,
    /// Why, in words.
    pub reason: String,
    /// Iterations looked at.
    pub n: usize,
    /// Median growth of the judged half per iteration.
    pub rate: f64,
    /// Lower limit of growth per iteration.
    pub low: f64,
    /// Upper limit of growth per iteration.
    pub high: f64,
    /// Growth exponent: 1 linear, 1/2 square root, 0 logarithm.
    pub beta: f64,
    /// Exact permutation probability of the order of the judged floors.
    pub p: f64,
    /// Growth from the first to the last floor of the run.
    pub total: f64,
    /// Smallest leak per iteration that this record would have shown, at least 16 bytes (1 for a count).
    pub minimum_detectable: f64,
    /// What of it had to be added to this record: the same without the lower bound and the record's own growth.
    pub minimum_detectable_raw: f64,
    /// First iteration of the judged half: warm-up ends before it.
    pub judged_from: usize,
    /// Looks taken.
    pub looks: usize,
    /// Declared probability of a false growth verdict.
    pub error_rate: f64,
    /// A leak on an exact counter that recurs at least every so many iterations cannot have been missed: ⌊3n/7⌋.
    pub longest_period_seen: usize,
    /// Bytes that allocator caches can hold.
    pub slack: f64,
    /// The fourteen windows; none where the state is missing.
    pub windows: Vec<FloorWindow>,
}

/// Judges live bytes.
pub fn live_finding(series: &LiveSeries, rules: &Rules) -> LiveFinding {
    describe(series.bytes, judge(series.bytes, rules), rules, SMALLEST_LEAK)
}

/// Judges a count: exact, no tolerance, one look at the end, since counts settle in steps.
pub fn resource_finding(counts: &[f64], settle: usize) -> LiveFinding {
    let rules = resource_rules(settle);
    describe(counts, judge(counts, &rules), &rules, 0.0)
}

/// Rules for a count of resources.
pub fn resource_rules(settle: usize) -> Rules<'static> {
    Rules { slack: Slack::Constant(0.0), exact: true, tolerant: false, settle, tolerance: 0.0, early_stop: false }
}

/// Tells a judgement in full.
pub fn describe(samples: &[f64], judgement: Judgement, rules: &Rules, smallest: f64) -> LiveFinding {
    let (n, width) = (judgement.look.n, judgement.look.width);
    let error_rate = judgement.error_rate();
    let first = n - WINDOWS * width;
    // A leak would have kept the look from being flat whether or not the settling time is over.
    let settle = match judgement.verdict {
        LiveVerdict::Stable | LiveVerdict::Plateau => 0,
        LiveVerdict::Leak | LiveVerdict::Inconclusive => rules.settle,
    };
    let added = minimum_detectable(samples, n, rules.slack, settle, 1);
    let shape = judgement.look.shape.as_ref();
    let number = |value: fn(&super::look::Shape) -> f64| shape.map_or(f64::NAN, value);
    let window = |(k, floor): (usize, &f64)| FloorWindow {
        start: first + k * width + 1,
        end: first + (k + 1) * width,
        floor: *floor,
    };
    LiveFinding {
        verdict: judgement.verdict,
        state: judgement.state,
        reason: judgement.reason.to_owned(),
        n,
        rate: number(|shape| shape.rate),
        low: number(|shape| shape.low),
        high: number(|shape| shape.high),
        beta: number(|shape| shape.beta),
        p: number(|shape| shape.p),
        total: number(|shape| shape.total),
        minimum_detectable: shown_from(added, number(|shape| shape.rate)).max(smallest),
        minimum_detectable_raw: added,
        judged_from: n - WINDOWS / 2 * width + 1,
        looks: judgement.looks,
        error_rate,
        longest_period_seen: 3 * n / 7,
        slack: judgement.look.slack,
        windows: shape.map_or(Vec::new(), |shape| shape.floors.iter().enumerate().map(window).collect()),
    }
}
