//! What the numbers mean: series of samples become a verdict with its evidence.
//!
//! Pure: no files, no clock, no printing; the same numbers always give the same words. Two procedures, both
//! calibrated on recorded runs of real runtimes:
//!
//! * **Fourteen floors** (`floors`, `look`, `state`, `ladder`, `judge`) decides *leak* on a live-byte counter. The run
//!   is cut into 14 equal windows and only the minima of the last seven are judged: what is freed again never counts,
//!   what ends in the first half never counts, and seven exchangeable floors come out in rising order with probability
//!   1/7! whatever their distribution.
//! * **Three levels** (`trend`, `jumps`, `core_level`, `resident`) decides *creep* on the peak inside each iteration
//!   and on what a fork keeps after giving everything back: ten window means, a *t* limit, a count of discordant pairs
//!   and a guard against jumps.
//!
//! [`assess()`] runs both on what a case recorded and gives the worst of the two findings; a leak is never called
//! creep. `cross_check` lets a second count of live bytes contradict a small leak. `sensitivity` adds to every finding the
//! smallest leak that the same record would have shown. `arms`, `projection` and `replicate` are the same evidence asked
//! other questions: two settings side by side, growth to come, and independent processes.
//!
//! `watch` applies both to a process that is only watched: windows of time, or of requests, take the place of iterations.
//!
//! `phases` sums up what a profile measured, without a verdict: percentiles of latencies, medians over processes.
//!
//! Iterations count from 1; sample `i` of a slice belongs to iteration `i + 1`. Missing samples are `NaN`.

mod arms;
mod assess;
mod core_finding;
mod core_level;
mod cross_check;
mod descriptive;
mod finding;
mod floors;
mod judge;
mod jumps;
mod ladder;
mod look;
mod phases;
mod projection;
mod record;
mod recorded;
mod replicate;
mod resident;
mod resident_finding;
mod sensitivity;
mod state;
mod trend;
mod verdict;
mod watch;

#[cfg(test)]
mod tests;

pub use arms::{ArmDifference, ArmEffect, arm_difference};
pub use assess::{Assessment, Evidence, Settings, assess, live_is_final};
pub use core_finding::CoreFinding;
pub use core_level::{CoreSeries, CoreState, CoreTrend, LEAST_PROBES, Retention, core_trend, retention};
pub use cross_check::{Agreement, CrossCheck, wants_cross_check};
pub use finding::{FloorWindow, LiveFinding, LiveSeries, resource_finding};
pub use judge::{Judgement, Rules, Slack, judge};
pub use ladder::{is_look, ladder};
pub use look::{Look, Shape, look};
pub use phases::{Latency, Spread, percentile};
pub use projection::{ProjectedGrowth, Projection, ProjectionKind, project};
pub use record::Record;
pub use recorded::{
    Recorded, RecordedCore, assess_recorded, judges_mappings, level_at_peak, level_at_rest, live_bytes, live_series,
};
pub use replicate::{SignEvidence, kendall_s, seasonal_kendall};
pub use resident::{ResidentJudgement, ResidentRules, ResidentSeries, judge_resident};
pub use resident_finding::{MeanWindow, ResidentFinding, ResidentSource};
pub use sensitivity::{minimum_detectable, minimum_detectable_trend};
pub use state::State;
pub use trend::{ImmaterialRise, Trend, TrendShape, TrendState, trend};
pub use verdict::{LiveVerdict, ResidentCategory, Resource, Verdict};
pub use watch::{
    FewRequests, Growth, History, Observed, WatchFinding, WatchRules, assess_watch, history_of, is_growth, worst_of,
};
