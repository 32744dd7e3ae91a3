//! From recorded columns to a verdict: which series of which process answers which question.

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
    let evidence = Evidence {
        live,
        anon: recorded.own.column("rss_anon_bytes"),
        peak: recorded.own.column("peak_anon_bytes"),
        core: None,
        counts,
    };
    assess(&evidence, &Settings::from(judging))
}

/// Live bytes of a run as the analysis takes them.
pub fn live_series(series: &Series, kind: arm::LiveKind) -> Option<LiveSeries<'_>> {
    let bytes = series.column("live_bytes")?;
    Some(LiveSeries { bytes, kind: kind.into(), threads: series.column("threads") })
}
