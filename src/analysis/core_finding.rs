//! The finding on the core as a report tells it: of the memory at rest, what can be given back and what stays.

use serde::Serialize;

use super::core_level::{CoreSeries, CoreState, LEAST_PROBES, Retention};
use super::descriptive::later_median;
use super::resident::ResidentJudgement;
use super::trend::LEAST_BYTES;

/// Part of what can be given back that has to lie beyond `malloc_trim` before it is worth a word: the share of the
/// ceiling from which retention itself is.
const BEYOND_TRIM: f64 = 0.25;

/// What a fork of the process keeps after giving everything back. Numbers are `NaN` where they could not be found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CoreFinding {
    /// What it does.
    pub state: CoreState,
    /// Why its growth was not judged; empty if it was.
    pub reason: String,
    /// Probes made.
    pub probes: usize,
    /// Median of the second half, in bytes.
    pub level: f64,
    /// Highest of the second half, in bytes.
    pub ceiling: f64,
    /// Growth per iteration.
    pub rate: f64,
    /// Lower limit of growth per iteration.
    pub low: f64,
    /// Upper limit of growth per iteration.
    pub high: f64,
    /// Part of the growth of the judged level that giving back does not undo.
    pub share: Option<f64>,
    /// What the allocator keeps at rest and can give back; at least so much, where the probe is not complete.
    pub reclaimable: Option<Retention>,
    /// Median of what `malloc_trim` alone leaves in the second half, in bytes.
    pub trimmed: Option<f64>,
    /// Median of live bytes in the second half.
    pub live: Option<f64>,
    /// What stays although the program does not use it, in bytes: pages held by small live blocks, memory outside the
    /// allocator, stacks, data of libraries.
    pub pinned: Option<f64>,
}

impl CoreFinding {
    /// Bytes that can be given back, but not by `malloc_trim`: free memory at the tops of thread arenas. `None` if that
    /// is less than a quarter of what can be given back.
    pub fn beyond_trim(&self) -> Option<f64> {
        let beyond = self.trimmed? - self.level;
        let worth = (BEYOND_TRIM * self.reclaimable?.median).max(LEAST_BYTES);
        (beyond > worth).then_some(beyond)
    }
}

/// Tells what was probed; `judgement` is the one that `core` took part in.
pub fn core_finding(core: &CoreSeries, judgement: &ResidentJudgement) -> CoreFinding {
    let probes = core.bytes.iter().filter(|bytes| !bytes.is_nan()).count();
    let level = later_median(core.bytes).unwrap_or(f64::NAN);
    let shape = judgement.core.as_ref().and_then(|trend| trend.shape.as_ref());
    let state = judgement.core.as_ref().map_or(CoreState::LevelOnly, |trend| trend.state);
    let reason = match state {
        CoreState::LevelOnly => "this allocator cannot be made to give everything back".into(),
        CoreState::Short => format!("{probes} probes are too few to judge it, {LEAST_PROBES} are needed"),
        CoreState::Growth | CoreState::Flat | CoreState::Decelerating | CoreState::Unclear => String::new(),
    };
    let live = core.live.and_then(later_median);
    CoreFinding {
        state,
        reason,
        probes,
        level,
        ceiling: core.bytes[core.bytes.len() / 2..].iter().copied().fold(f64::NAN, f64::max),
        rate: shape.map_or(f64::NAN, |shape| shape.rate),
        low: shape.map_or(f64::NAN, |shape| shape.low),
        high: shape.map_or(f64::NAN, |shape| shape.high),
        share: judgement.core_share,
        reclaimable: judgement.retention,
        trimmed: core.trimmed.and_then(later_median),
        live,
        pinned: live.map(|live| (level - live).max(0.0)).filter(|pinned| !pinned.is_nan()),
    }
}
