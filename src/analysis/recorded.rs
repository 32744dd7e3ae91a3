//! From recorded columns to a verdict: which series of which process answers which question.

use std::borrow::Cow;

use super::assess::{Assessment, Evidence, Settings, assess};
use super::core_level::CoreSeries;
use super::finding::LiveSeries;
use super::verdict::Resource;
use crate::arm::LiveKind;
use crate::sample::Series;
use crate::suite::{Allocator, ArmSpec, Judging};

/// What is judged: a run, whose live bytes decide on it, and what was probed beside it.
#[derive(Debug, Clone, Copy)]
pub struct Recorded<'a> {
    /// The case's own run: resident memory, threads, descriptors, mappings.
    pub own: &'a Series,
    /// The run whose live bytes are judged, its own or that of the exact-live probe of the same work, and their kind;
    /// `None` if nobody counts them.
    pub live: Option<(&'a Series, LiveKind)>,
    /// The run of the same work in which another allocator counted, exactly, after the first count had said leak.
    pub second: Option<&'a Series>,
    /// The run of the same work in which forks gave everything back.
    pub core: Option<RecordedCore<'a>>,
    /// [`judges_mappings`] of the run's arm.
    pub judges_mappings: bool,
}

/// A run in which forks gave everything back.
#[derive(Debug, Clone, Copy)]
pub struct RecordedCore<'a> {
    /// Its samples.
    pub series: &'a Series,
    /// Whether its allocator can give everything back.
    pub complete: bool,
}

/// Whether mappings are the program's alone. A preloaded allocator maps memory for itself, and so does a step pool; their
/// mappings come and go.
pub fn judges_mappings(arm: &ArmSpec) -> bool {
    arm.allocator == Allocator::Glibc && arm.step_pool.is_none()
}

impl From<&Judging> for Settings {
    fn from(judging: &Judging) -> Self {
        Settings {
            settle: judging.settle as usize,
            tolerance: judging.tolerance,
            early_stop: judging.early_stop,
            cycle: judging.cycle.max(1) as usize,
            resident: judging.resident,
            ..Settings::default()
        }
    }
}

/// Judges a recorded run as its case declares.
pub fn assess_recorded(recorded: &Recorded<'_>, judging: &Judging) -> Assessment {
    let live_bytes = recorded.live.and_then(|(series, _)| live_bytes(series));
    let live = recorded.live.zip(live_bytes.as_deref()).map(|((series, kind), bytes)| live_series(series, kind, bytes));
    let second_bytes = recorded.second.and_then(self::live_bytes);
    let second = recorded.second.zip(second_bytes.as_deref());
    let second = second.map(|(series, bytes)| live_series(series, LiveKind::Exact, bytes));
    let counts =
        [(Resource::Threads, "threads"), (Resource::Descriptors, "descriptors"), (Resource::Mappings, "mappings")];
    let counts = counts
        .into_iter()
        .filter(|(resource, _)| recorded.judges_mappings || *resource != Resource::Mappings)
        .filter_map(|(resource, name)| Some((resource, recorded.own.column(name)?)))
        .collect();
    let anon = level_at_rest(recorded.own);
    let peak = level_at_peak(recorded.own);
    // The probe counts what was swapped out and no huge pages, so that the level it is subtracted from must do the same.
    let probed = recorded.core.and_then(|core| with_hidden(core.series, "rss_anon_bytes", &["swap_bytes"]));
    let core = recorded.core.map(|core| {
        let counted = core.series.column("live_bytes").filter(|live| live.iter().any(|bytes| *bytes > 0.0));
        CoreSeries {
            anon: probed.as_deref(),
            trimmed: core.series.column("core_trimmed_bytes"),
            live: counted,
            ..CoreSeries::new(core.series.column("core_bytes").unwrap_or(&[]), core.complete)
        }
    });
    let evidence = Evidence { live, second, anon: anon.as_deref(), peak: peak.as_deref(), core, counts };
    assess(&evidence, &Settings::from(judging))
}

/// Where the kernel counts memory that RSS leaves out: pages that were swapped out are not given back, and reserved huge
/// pages are outside of RSS.
const HIDDEN: [&str; 2] = ["swap_bytes", "hugetlb_bytes"];

/// Anonymous memory at rest with what the kernel counts elsewhere, in bytes.
pub fn level_at_rest(series: &Series) -> Option<Cow<'_, [f64]>> {
    with_hidden(series, "rss_anon_bytes", &HIDDEN)
}

/// Highest anonymous memory inside each iteration with what the kernel counts elsewhere, in bytes.
pub fn level_at_peak(series: &Series) -> Option<Cow<'_, [f64]>> {
    with_hidden(series, "peak_anon_bytes", &HIDDEN)
}

fn with_hidden<'a>(series: &'a Series, name: &str, hidden: &[&str]) -> Option<Cow<'a, [f64]>> {
    let mut total = Cow::Borrowed(series.column(name)?);
    for hidden in hidden.iter().filter_map(|name| series.column(name)) {
        if hidden.iter().any(|bytes| *bytes > 0.0) {
            // `max` takes the number where a kernel does not tell.
            total = total.iter().zip(hidden).map(|(resident, hidden)| resident + hidden.max(0.0)).collect();
        }
    }
    Some(total)
}

/// Live bytes that are asked whether they leak: without those of the models in a cache, which come and go by its own rules. In
/// a random order they would be noise of the size of a model; what they leave behind when they go is seen all the same.
pub fn live_bytes(series: &Series) -> Option<Cow<'_, [f64]>> {
    let live = series.column("live_bytes")?;
    Some(match series.column("cached_bytes") {
        Some(cached) => live.iter().zip(cached).map(|(live, cached)| live - cached).collect(),
        None => Cow::Borrowed(live),
    })
}

/// The [`live_bytes`] of a run as the analysis takes them.
pub fn live_series<'a>(series: &'a Series, kind: LiveKind, bytes: &'a [f64]) -> LiveSeries<'a> {
    LiveSeries { bytes, kind, threads: series.column("threads") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{LiveVerdict, Verdict};
    use crate::sample::Sample;

    fn judged(swap: fn(u64) -> u64, hugetlb: fn(u64) -> u64) -> Verdict {
        let mut series = Series::default();
        for iteration in 1..=200 {
            series.push(&Sample {
                iteration,
                live_bytes: Some(1 << 20),
                rss_anon_bytes: Some(50 << 20),
                peak_anon_bytes: Some(60 << 20),
                swap_bytes: Some(swap(iteration)),
                hugetlb_bytes: Some(hugetlb(iteration)),
                ..Sample::default()
            });
        }
        assess_recorded(&recorded(&series), &JUDGING).verdict
    }

    const JUDGING: Judging = Judging { settle: 50, tolerance: 1024.0, cycle: 1, resident: true, early_stop: true };

    fn recorded(series: &Series) -> Recorded<'_> {
        Recorded { own: series, live: Some((series, LiveKind::Exact)), second: None, core: None, judges_mappings: true }
    }

    /// Planted: a cache whose models come and go by megabytes, and a leak of 64 bytes an iteration under it.
    #[test]
    fn a_leak_is_found_under_a_cache_and_the_cache_is_none() {
        for (leak, expected) in [(0, LiveVerdict::Stable), (64, LiveVerdict::Leak)] {
            let mut series = Series::default();
            for iteration in 1..=120 {
                let cached = (iteration * iteration * 7919) % 5_000_000;
                let live = (1 << 20) + cached + leak * iteration;
                let (live_bytes, cached_bytes) = (Some(live), Some(cached));
                series.push(&Sample { iteration, live_bytes, cached_bytes, ..Sample::default() });
            }
            let live = assess_recorded(&recorded(&series), &JUDGING).live.unwrap();
            assert_eq!(live.verdict, expected, "{}", live.reason);
        }
    }

    /// 60 MB at rest in the judged process, 55 MB (5 of them swapped out) in the probed one, of which 11 stay.
    #[test]
    fn what_can_be_given_back_is_a_difference_within_the_probed_process() {
        let (mut own, mut probed) = (Series::default(), Series::default());
        for iteration in 1..=200 {
            let sample = Sample {
                iteration,
                live_bytes: Some(1_000_000),
                rss_anon_bytes: Some(60_000_000),
                peak_anon_bytes: Some(60_000_000),
                ..Sample::default()
            };
            own.push(&sample);
            let probe = iteration % 5 == 0;
            probed.push(&Sample {
                live_bytes: Some(2_000_000),
                rss_anon_bytes: Some(50_000_000),
                swap_bytes: Some(5_000_000),
                core_bytes: probe.then_some(11_000_000),
                core_trimmed_bytes: probe.then_some(40_000_000),
                ..sample
            });
        }
        let core = Some(RecordedCore { series: &probed, complete: true });
        let found = assess_recorded(&Recorded { core, ..recorded(&own) }, &JUDGING).resident.unwrap();
        assert_eq!((found.word().as_str(), found.ceiling), ("stable+retention", 60e6));
        let core = found.core.unwrap();
        assert_eq!((core.probes, core.level, core.ceiling), (40, 11e6, 11e6));
        assert_eq!(core.reclaimable.unwrap().median, 44e6);
        assert_eq!((core.live, core.pinned, core.beyond_trim()), (Some(2e6), Some(9e6), Some(29e6)));
    }

    #[test]
    fn memory_that_creeps_out_of_sight_creeps() {
        assert_eq!(judged(|_| 0, |_| 0), Verdict::Stable);
        assert_eq!(judged(|iteration| iteration << 20, |_| 0), Verdict::CreepLinear);
        assert_eq!(judged(|_| 0, |iteration| iteration << 21), Verdict::CreepLinear);
    }
}
