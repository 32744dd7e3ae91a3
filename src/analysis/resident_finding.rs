//! The finding on resident memory as a report tells it: iterations and bytes instead of cycles and slopes.

use serde::{Deserialize, Serialize};

use super::core_finding::{CoreFinding, core_finding};
use super::look::RISING;
use super::projection::{ProjectedGrowth, projected};
use super::replicate::falling_pairs;
use super::resident::{ResidentJudgement, ResidentRules, ResidentSeries, judge_resident};
use super::sensitivity::{minimum_detectable_trend, shown_from};
use super::trend::{ImmaterialRise, TrendShape, TrendState, WINDOWS};
use super::verdict::ResidentCategory;

/// Declared probability that one look calls a level growing that is not.
const TREND_ERROR_RATE: f64 = 0.0025;

/// What the verdict on resident memory rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResidentSource {
    /// The peak inside each iteration.
    Peak,
    /// The level at rest, where the high-water mark could not be reset: less is decided.
    AtRest,
}

/// One of the ten judged windows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct MeanWindow {
    /// First iteration, from 1.
    pub start: usize,
    /// Last iteration.
    pub end: usize,
    /// Mean level, in bytes.
    pub mean: f64,
}

/// What resident memory came to. Numbers are `NaN` where the state is short or missing.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ResidentFinding {
    /// The verdict.
    pub category: ResidentCategory,
    /// Whether the allocator keeps enough at rest to be worth a word.
    pub retention: bool,
    /// What the judged half does.
    pub state: TrendState,
    /// Why, in words.
    pub reason: String,
    /// The series judged.
    pub source: ResidentSource,
    /// Iterations judged.
    pub n: usize,
    /// Growth per iteration.
    pub rate: f64,
    /// Lower 99.5 % limit of growth per iteration.
    pub low: f64,
    /// Upper 99.5 % limit of growth per iteration.
    pub high: f64,
    /// Growth exponent: 1 linear, 1/2 square root, 0 logarithm.
    pub beta: f64,
    /// Exact probability of as few falling pairs among ten exchangeable window means.
    pub p: f64,
    /// Smallest growth per iteration that this record would have shown.
    pub minimum_detectable: f64,
    /// Highest level of the judged half, in bytes.
    pub ceiling: f64,
    /// Iteration by which 95 % of the overall ceiling was reached: the end of warm-up.
    pub reached_at: usize,
    /// Lower limit of growth over the judged half, per cent of the ceiling.
    pub percent_low: f64,
    /// Upper limit of growth over the judged half, per cent of the ceiling.
    pub percent_high: f64,
    /// Upper limit of growth over the judged half, in bytes.
    pub growth_limit: f64,
    /// Iterations that would decide; `n` where it is decided.
    pub needed: u64,
    /// First iteration of the judged half.
    pub judged_from: usize,
    /// The ten windows; none where the state is short or missing.
    pub windows: Vec<MeanWindow>,
    /// A proven rise of a bounded level, of less than 5 % of it in the judged half.
    pub rise: Option<ImmaterialRise>,
    /// Iterations until the level doubles at the upper limit; infinite if that is not above 0.
    pub doubles_after: f64,
    /// Whether it grows by no more than live bytes explain.
    pub explained_by_live: bool,
    /// Declared probability of a false creep verdict in one look: 0.25 % for the judged level (a lower limit above 0, 0.5 %,
    /// and at most 7 of 45 falling pairs, 0.23 %, if window means are exchangeable or trend down), and that of a rise of
    /// the floors where the core is judged too.
    pub error_rate: f64,
    /// Growth still to come if it goes on as it does; never for a level that is bounded or undecided.
    pub projection: Option<ProjectedGrowth>,
    /// What is left after giving everything back, if it was probed.
    pub core: Option<CoreFinding>,
}

impl ResidentFinding {
    /// The category with the label that a bounded level may have: `stable+retention`.
    pub fn word(&self) -> String {
        let label = if self.retention { "+retention" } else { "" };
        format!("{}{label}", self.category)
    }

    /// Whether the allocator keeps enough at rest to be worth a word; `None` where too few forks gave everything back to tell.
    pub fn asked_retention(&self) -> Option<bool> {
        self.core.as_ref()?.reclaimable.map(|_| self.retention)
    }
}

/// Judges resident memory; `None` if none was recorded.
pub fn resident_finding(series: &ResidentSeries, rules: &ResidentRules) -> Option<ResidentFinding> {
    let samples = series.judged()?;
    let judgement = judge_resident(series, rules);
    let source = if series.peak.is_some() { ResidentSource::Peak } else { ResidentSource::AtRest };
    let added = minimum_detectable_trend(samples, rules.cycle, rules.settle);
    let core = series.core.as_ref().map(|core| core_finding(core, &judgement));
    Some(describe(judgement, core, source, samples.len(), rules.cycle.max(1), added))
}

fn describe(
    judgement: ResidentJudgement,
    core: Option<CoreFinding>,
    source: ResidentSource,
    n: usize,
    cycle: usize,
    added: f64,
) -> ResidentFinding {
    let shape = judgement.judged.shape.as_ref();
    let per_iteration = |slope: fn(&TrendShape) -> f64| shape.map_or(f64::NAN, |shape| slope(shape) / cycle as f64);
    let skipped = n % cycle;
    let rate = per_iteration(|shape| shape.slope);
    let judged_from = n - shape.map_or(0, |shape| shape.half * cycle) + 1;
    let mut finding = ResidentFinding {
        category: judgement.category,
        retention: judgement.retains,
        state: judgement.judged.state,
        reason: judgement.reason.to_owned(),
        source,
        n,
        rate,
        low: per_iteration(|shape| shape.low),
        high: per_iteration(|shape| shape.high),
        beta: shape.map_or(f64::NAN, |shape| shape.beta),
        p: shape.map_or(f64::NAN, |shape| falling_probability(shape.discordance)),
        minimum_detectable: shown_from(added, rate),
        ceiling: shape.map_or(f64::NAN, |shape| shape.ceiling),
        reached_at: shape.map_or(0, |shape| skipped + shape.reached * cycle),
        percent_low: shape.map_or(f64::NAN, |shape| shape.percent(shape.low)),
        percent_high: shape.map_or(f64::NAN, |shape| shape.percent(shape.high)),
        growth_limit: shape.map_or(f64::NAN, |shape| shape.high * shape.half as f64),
        needed: shape.map_or(40 * cycle as u64, |shape| shape.needed.saturating_mul(cycle as u64)),
        judged_from,
        windows: shape.map_or(Vec::new(), |shape| mean_windows(shape, judged_from, cycle)),
        rise: shape.and_then(|shape| shape.rise),
        doubles_after: judgement.doubles_after(cycle),
        explained_by_live: judgement.explained_by_live,
        error_rate: TREND_ERROR_RATE
            + if judgement.core.is_some_and(|core| core.shape.is_some()) { RISING } else { 0.0 },
        projection: None,
        core,
    };
    finding.projection = projected(&finding);
    finding
}

fn mean_windows(shape: &TrendShape, judged_from: usize, cycle: usize) -> Vec<MeanWindow> {
    let length = shape.width * cycle;
    let window = |(k, mean): (usize, &f64)| MeanWindow {
        start: judged_from + k * length,
        end: judged_from + (k + 1) * length - 1,
        mean: *mean,
    };
    shape.means.iter().enumerate().map(window).collect()
}

/// P(D ≤ d) for the falling pairs D among ten exchangeable values: Mahonian numbers over 10!. Half a pair, from ties,
/// counts as a whole one, which makes the probability too large, never too small.
pub fn falling_probability(discordance: f64) -> f64 {
    let at_most = discordance.ceil() as usize;
    falling_pairs(WINDOWS).iter().take(at_most + 1).sum()
}
