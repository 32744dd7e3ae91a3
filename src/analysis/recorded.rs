//! From recorded columns to a verdict: which series of which process answers which question.

use std::borrow::Cow;

use super::assess::{Assessment, Evidence, Settings, assess};
use super::finding::{LiveKind, LiveSeries};
use super::verdict::Resource;
use crate::arm;
use crate::sample::Series;
use crate::suite::Judging;

/// What is judged: a run, and whose live bytes decide on it.
#[derive(Debug, Clone, Copy)]
pub struct Recorded<'a> {
    /// The case's own run: resident memory, threads, descriptors, mappings.
    pub own: &'a Series,
    /// The run whose live bytes are judged, its own or that of the exact-live probe of the same work, and their kind;
    /// `None` if nobody counts them.
    pub live: Option<(&'a Series, arm::LiveKind)>,
    /// Whether mappings are the program's alone. A preloaded allocator maps memory for itself, and its mappings come and go.
    pub judges_mappings: bool,
}

impl From<arm::LiveKind> for LiveKind {
    fn from(kind: arm::LiveKind) -> Self {
        match kind {
            arm::LiveKind::Exact => LiveKind::Exact,
            arm::LiveKind::Tcache => LiveKind::Tcache,
            arm::LiveKind::Noisy => LiveKind::Noisy,
        }
    }
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
    let live = recorded.live.and_then(|(series, kind)| live_series(series, kind));
    let counts =
        [(Resource::Threads, "threads"), (Resource::Descriptors, "descriptors"), (Resource::Mappings, "mappings")];
    let counts = counts
        .into_iter()
        .filter(|(resource, _)| recorded.judges_mappings || *resource != Resource::Mappings)
        .filter_map(|(resource, name)| Some((resource, recorded.own.column(name)?)))
        .collect();
    let anon = with_hidden(recorded.own, "rss_anon_bytes");
    let peak = with_hidden(recorded.own, "peak_anon_bytes");
    let evidence = Evidence { live, anon: anon.as_deref(), peak: peak.as_deref(), core: None, counts };
    assess(&evidence, &Settings::from(judging))
}

/// A column of resident memory with what the kernel counts elsewhere: pages that were swapped out are not given back, and
/// reserved huge pages are outside of RSS.
fn with_hidden<'a>(series: &'a Series, name: &str) -> Option<Cow<'a, [f64]>> {
    let mut total = Cow::Borrowed(series.column(name)?);
    for hidden in ["swap_bytes", "hugetlb_bytes"].iter().filter_map(|name| series.column(name)) {
        if hidden.iter().any(|bytes| *bytes > 0.0) {
            // `max` takes the number where a kernel does not tell.
            total = total.iter().zip(hidden).map(|(resident, hidden)| resident + hidden.max(0.0)).collect();
        }
    }
    Some(total)
}

/// Live bytes of a run as the analysis takes them.
pub fn live_series(series: &Series, kind: arm::LiveKind) -> Option<LiveSeries<'_>> {
    let bytes = series.column("live_bytes")?;
    Some(LiveSeries { bytes, kind: kind.into(), threads: series.column("threads") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Verdict;
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
        let recorded = Recorded { own: &series, live: Some((&series, arm::LiveKind::Exact)), judges_mappings: true };
        let judging = Judging { settle: 50, tolerance: 1024.0, cycle: 1, resident: true, early_stop: true };
        assess_recorded(&recorded, &judging).verdict
    }

    #[test]
    fn memory_that_creeps_out_of_sight_creeps() {
        assert_eq!(judged(|_| 0, |_| 0), Verdict::Stable);
        assert_eq!(judged(|iteration| iteration << 20, |_| 0), Verdict::CreepLinear);
        assert_eq!(judged(|_| 0, |iteration| iteration << 21), Verdict::CreepLinear);
    }
}
