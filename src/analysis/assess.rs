//! The verdict on a case: the worst of what live bytes, counts and resident memory show.

use serde::Serialize;

use super::core_level::CoreSeries;
use super::cross_check::{CrossCheck, cross_check, wants_cross_check};
use super::finding::{LiveFinding, LiveSeries, describe, live_finding, resource_finding};
use super::judge::judge_so_far;
use super::resident::{ResidentRules, ResidentSeries};
use super::resident_finding::{ResidentFinding, resident_finding};
use super::state::State;
use super::verdict::{LiveVerdict, Resource, Verdict};

/// Everything recorded of a case. Series may come from different processes that do the same work, and differ in length:
/// live bytes are best read in a process whose allocator counts exactly, resident memory in one that is left as it is.
#[derive(Debug, Clone, Default)]
pub struct Evidence<'a> {
    /// Live bytes.
    pub live: Option<LiveSeries<'a>>,
    /// Live bytes of the same work as another allocator counts them, for a leak that the first count cannot vouch for.
    pub second: Option<LiveSeries<'a>>,
    /// Anonymous memory at rest.
    pub anon: Option<&'a [f64]>,
    /// Highest anonymous memory inside the iteration.
    pub peak: Option<&'a [f64]>,
    /// What a fork keeps after giving everything back.
    pub core: Option<CoreSeries<'a>>,
    /// Threads, descriptors, mappings.
    pub counts: Vec<(Resource, &'a [f64])>,
}

/// What the user declares.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Iteration by which caches are full; no growth verdict before twice as many.
    pub settle: usize,
    /// Upper limit of live growth up to which no proven rise is stable, bytes per iteration: 1 KiB is 1 GiB over a million
    /// iterations. A proven rise is a leak whatever its rate.
    pub tolerance: f64,
    /// Stop the live question at the first final look.
    pub early_stop: bool,
    /// Different steps before the scenario repeats.
    pub cycle: usize,
    /// Share of the ceiling by which resident memory may grow over the judged half.
    pub resident_tolerance: f64,
    /// Whether resident memory is judged.
    pub resident: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { settle: 50, tolerance: 1024.0, early_stop: true, cycle: 1, resident_tolerance: 0.10, resident: true }
    }
}

/// The verdict on a case with its findings.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Assessment {
    /// The worst of the findings.
    pub verdict: Verdict,
    /// On live bytes, if they could be read.
    pub live: Option<LiveFinding>,
    /// What a second count of live bytes said of a leak, if there was one.
    pub cross_check: Option<CrossCheck>,
    /// On resident memory, if it was asked for and recorded.
    pub resident: Option<ResidentFinding>,
    /// On each count.
    pub resources: Vec<(Resource, LiveFinding)>,
    /// Why, in words.
    pub reason: String,
}

/// Judges a case.
///
/// ```
/// use highwater::analysis::{Evidence, LiveSeries, Settings, Verdict, assess};
/// use highwater::arm::LiveKind;
///
/// // 64 bytes lost in every iteration, on a counter without noise of its own.
/// let bytes: Vec<f64> = (0..112).map(|iteration| 1e6 + 64.0 * f64::from(iteration)).collect();
/// let live = LiveSeries { bytes: &bytes, kind: LiveKind::Exact, threads: None };
/// let found = assess(&Evidence { live: Some(live), ..Evidence::default() }, &Settings::default());
/// assert_eq!(found.verdict, Verdict::Leak);
/// assert_eq!(found.live.unwrap().rate, 64.0);
/// ```
///
/// A leak is never called creep; resident growth below twice the live rate is explained by live bytes;
/// resident growth without live bytes is unattributed.
pub fn assess(evidence: &Evidence, settings: &Settings) -> Assessment {
    let counting = evidence.live.filter(LiveSeries::is_counting);
    let live =
        counting.map(|live| live_finding(&live, &live.rules(settings.settle, settings.tolerance, settings.early_stop)));
    let second = evidence.second.filter(LiveSeries::is_counting);
    let (live, checked) = match (live, second) {
        (Some(first), Some(second)) if wants_cross_check(&first) => {
            let (live, checked) =
                cross_check(first, &second, &second.rules(settings.settle, settings.tolerance, false));
            (Some(live), Some(checked))
        }
        (live, _) => (live, None),
    };
    let resources: Vec<_> = evidence
        .counts
        .iter()
        .map(|(resource, counts)| (*resource, resource_finding(counts, settings.settle)))
        .collect();
    let live_bytes = counting.map(|live| live.bytes);
    let core = evidence.core.map(|core| CoreSeries { live: core.live.or(live_bytes), ..core });
    let series = ResidentSeries { anon: evidence.anon, peak: evidence.peak, core };
    let rules = ResidentRules {
        cycle: settings.cycle,
        tolerance: settings.resident_tolerance,
        settle: settings.settle,
        live_growth: live.as_ref().map_or(0.0, live_growth),
    };
    let resident = if settings.resident { resident_finding(&series, &rules) } else { None };
    let (verdict, reason) = worst(live.as_ref(), resident.as_ref(), &resources);
    Assessment { verdict, live, cross_check: checked, resident, resources, reason }
}

/// The finding on live bytes if a run that goes on may stop here, as far as live bytes are concerned.
///
/// Cheap enough to be asked whenever [`is_look`](super::is_look) says so, and pointless at any other time. [`assess`]
/// on the samples so far says the same.
pub fn live_is_final(series: &LiveSeries, settings: &Settings) -> Option<LiveFinding> {
    if !settings.early_stop || !series.is_counting() {
        return None;
    }
    let rules = series.rules(settings.settle, settings.tolerance, true);
    let judgement = judge_so_far(series.bytes, &rules)?;
    Some(describe(series.bytes, judgement, &rules, 16.0))
}

/// Bytes per iteration that live bytes may account for: nothing if they stand still, their rate if they leak, and what
/// cannot be excluded if they are undecided.
fn live_growth(live: &LiveFinding) -> f64 {
    match live.verdict {
        LiveVerdict::Stable | LiveVerdict::Plateau => 0.0,
        LiveVerdict::Leak => live.rate,
        LiveVerdict::Inconclusive => live.high.max(0.0),
    }
}

fn worst(
    live: Option<&LiveFinding>,
    resident: Option<&ResidentFinding>,
    resources: &[(Resource, LiveFinding)],
) -> (Verdict, String) {
    let known = live.filter(|live| live.state != State::Missing);
    let mut candidates: Vec<(Verdict, String)> = Vec::new();
    candidates.extend(live.map(|live| (live.verdict.into(), format!("live bytes: {}", live.reason))));
    let growing = resources.iter().filter(|(_, finding)| finding.verdict == LiveVerdict::Leak);
    candidates
        .extend(growing.map(|(resource, finding)| (Verdict::ResourceLeak, format!("{resource}: {}", finding.reason))));
    candidates.extend(resident.map(|resident| resident_candidate(resident, known.is_some())));
    let first_worst = candidates.into_iter().reduce(|worst, next| if next.0 < worst.0 { next } else { worst });
    first_worst
        .unwrap_or_else(|| (Verdict::Inconclusive, "neither live bytes nor resident memory were recorded".to_owned()))
}

/// Verdict of resident memory; growth that live bytes could neither explain nor exclude is unattributed.
fn resident_candidate(resident: &ResidentFinding, live_is_known: bool) -> (Verdict, String) {
    let verdict = Verdict::from(resident.category);
    let is_kept = matches!(verdict, Verdict::CreepLinear | Verdict::CreepDecelerating | Verdict::CreepCore);
    if is_kept && !live_is_known {
        (Verdict::GrowthUnattributed, "resident memory: grows, and live bytes could not be read".to_owned())
    } else {
        (verdict, format!("resident memory: {}", resident.reason))
    }
}
