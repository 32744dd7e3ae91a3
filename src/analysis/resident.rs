//! The verdict on resident memory from three levels: the peak inside the iteration, the level at rest, the core.
//!
//! Resident memory at rest depends on whether the top of the heap happens to be free when the session is dropped; the
//! peak and the core do not. First match: GROWTH of the peak, more than twice the live rate → creep, or peak growth if
//! the level at rest is bounded and the core does not take part; GROWTH of the core → core creep; BOUNDED → stable or
//! plateau; else inconclusive. False creep: at most 0.25 % per look if window means are exchangeable or trend down.

use super::core_level::{CoreSeries, CoreState, CoreTrend, Retention, core_trend, retention};
use super::record::Record;
use super::trend::{Trend, TrendShape, TrendState, trend};
use super::verdict::ResidentCategory;

/// Share of the growth found in the core from which it is called pinned instead of retained.
const PINNED: f64 = 0.5;
/// A level this much above the first tenth has risen.
const RISEN: f64 = 1.1;
/// Retention is worth a word from 8 MiB …
const RETAINED_BYTES: f64 = 8_388_608.0;
/// … and a quarter of the ceiling.
const RETAINED_SHARE: f64 = 0.25;

/// Levels, one value per iteration. The core may come from another process that does the same work, so that the one
/// that is judged is never forked.
#[derive(Debug, Clone, Copy, Default)]
pub struct ResidentSeries<'a> {
    /// Anonymous memory at rest.
    pub anon: Option<&'a [f64]>,
    /// Highest anonymous memory inside the iteration, if the high-water mark could be reset.
    pub peak: Option<&'a [f64]>,
    /// What a fork keeps.
    pub core: Option<CoreSeries<'a>>,
}

impl<'a> ResidentSeries<'a> {
    /// The series the verdict rests on: the peak, or the level at rest where there is none.
    pub fn judged(&self) -> Option<&'a [f64]> {
        self.peak.or(self.anon)
    }

    fn len(&self) -> usize {
        self.anon.or(self.peak).map_or(0, <[f64]>::len)
    }
}

/// How resident memory is judged.
#[derive(Debug, Clone, Copy)]
pub struct ResidentRules {
    /// Different steps before the scenario repeats.
    pub cycle: usize,
    /// Share of the ceiling by which the judged half may grow: 0.1.
    pub tolerance: f64,
    /// Iteration by which caches are declared to be full.
    pub settle: usize,
    /// Bytes per iteration that live bytes grow by; 0 where they do not.
    pub live_growth: f64,
}

/// The verdict on resident memory with the three trends behind it.
#[derive(Debug, Clone, PartialEq)]
pub struct ResidentJudgement {
    /// The verdict.
    pub category: ResidentCategory,
    /// Whether a bounded level is worth the word retention.
    pub retains: bool,
    /// Why, in words.
    pub reason: &'static str,
    /// Whether it grows, by no more than live bytes explain.
    pub explained_by_live: bool,
    /// Trend of the series the verdict rests on.
    pub judged: Trend,
    /// Trend of the level at rest.
    pub anon: Option<Trend>,
    /// Trend of the core, where the probe is complete.
    pub core: Option<CoreTrend>,
    /// What the allocator keeps at rest.
    pub retention: Option<Retention>,
    /// Part of the growth that giving back does not undo.
    pub core_share: Option<f64>,
}

/// Judges the whole of `series`.
pub fn judge_resident(series: &ResidentSeries, rules: &ResidentRules) -> ResidentJudgement {
    let level = |samples: &[f64]| trend(&Record::new(samples), rules.cycle, rules.tolerance);
    let judged = level(series.judged().unwrap_or(&[]));
    let core = series.core.filter(|core| core.complete).map(|core| core_trend(core.bytes, rules.tolerance));
    let mut judgement = ResidentJudgement {
        category: ResidentCategory::Inconclusive,
        retains: false,
        reason: "",
        explained_by_live: false,
        anon: if series.peak.is_some() { series.anon.map(level) } else { Some(judged.clone()) },
        judged,
        core,
        retention: series.core.and_then(|core| retention(core.anon.or(series.anon)?, core.bytes)),
        core_share: None,
    };
    let Some(shape) = judgement.judged.shape.clone() else {
        judgement.reason = match judgement.judged.state {
            TrendState::Missing => "more than half of a window is missing",
            _ => "fewer than 40 cycles",
        };
        return judgement;
    };
    let rate = shape.slope / rules.cycle.max(1) as f64;
    let core_rate = judgement.core.as_ref().and_then(|core| core.shape.as_ref()).map(|shape| shape.rate);
    judgement.core_share = core_rate.filter(|_| shape.slope > 0.0).map(|core| core / rate);
    let settled = series.len() >= 2 * rules.settle;
    let outgrows_live = |rate: f64| rate > 2.0 * rules.live_growth;
    let core_settled = series.core.is_some_and(|core| core.bytes.len() >= 2 * rules.settle);
    let core_grows = core_settled && judgement.core.as_ref().is_some_and(|core| core.state == CoreState::Growth);
    if judgement.judged.state == TrendState::Growth && settled && outgrows_live(rate) {
        (judgement.category, judgement.reason) = growth(series, &judgement, &shape);
    } else if core_grows && settled && core_rate.is_some_and(outgrows_live) {
        judgement.category = ResidentCategory::CreepCore;
        judgement.reason = "what is left after giving everything back still grows, live bytes do not";
    } else if judgement.judged.state == TrendState::Bounded {
        let risen = shape.ceiling > RISEN * shape.first_ceiling;
        judgement.category = if risen { ResidentCategory::Plateau } else { ResidentCategory::Stable };
        judgement.reason = "growth over the judged half is within the tolerance";
        let worth = RETAINED_BYTES.max(RETAINED_SHARE * shape.ceiling);
        judgement.retains = judgement.retention.is_some_and(|kept| kept.median > worth);
    } else {
        judgement.explained_by_live = judgement.judged.state == TrendState::Growth && !outgrows_live(rate);
        judgement.reason = match judgement.judged.state {
            TrendState::Growth if judgement.explained_by_live => "grows, explained by live bytes",
            TrendState::Growth => "grows, but still inside the declared settling time",
            TrendState::Steps => "grew, but one or two jumps explain it as well as a trend",
            _ => "oscillation larger than tolerance",
        };
    }
    judgement
}

/// The kind of growth: of the work itself, or of what is kept.
fn growth(
    series: &ResidentSeries,
    judgement: &ResidentJudgement,
    shape: &TrendShape,
) -> (ResidentCategory, &'static str) {
    let rest_is_bounded = judgement.anon.as_ref().is_some_and(|anon| anon.state == TrendState::Bounded);
    let pinned = judgement.core_share.is_some_and(|share| share >= PINNED);
    if series.peak.is_some() && rest_is_bounded && !pinned {
        return (ResidentCategory::PeakGrowth, "the peak grows, the level at rest does not: nothing is kept");
    }
    let category =
        if shape.is_decelerating() { ResidentCategory::CreepDecelerating } else { ResidentCategory::CreepLinear };
    let reason = match judgement.core_share {
        None => "grows, live bytes do not: cause not probed",
        Some(_) if pinned => "grows, live bytes do not: pinned, or outside the allocator (cannot be given back)",
        Some(_) => "grows, live bytes do not: retained by the allocator (can be given back)",
    };
    (category, reason)
}

impl ResidentJudgement {
    /// Iterations until the level doubles at the upper limit of its slope; infinite if that is not above 0.
    pub fn doubles_after(&self, cycle: usize) -> f64 {
        match &self.judged.shape {
            Some(shape) if shape.high > 0.0 => shape.ceiling / (shape.high / cycle.max(1) as f64),
            _ => f64::INFINITY,
        }
    }
}
