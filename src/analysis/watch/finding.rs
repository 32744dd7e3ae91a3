//! The finding on one process that was watched.

use super::history::History;
use super::windows::{ByRequests, FewRequests, Windows, by_requests, by_time};
use crate::analysis::assess::{Evidence, Settings, assess};
use crate::analysis::finding::{LiveFinding, resource_finding};
use crate::analysis::look::RISING;
use crate::analysis::resident_finding::ResidentFinding;
use crate::analysis::trend::{ImmaterialRise, TrendState};
use crate::analysis::verdict::{LiveVerdict, Resource, Verdict};

/// What the user declares, and how often was looked.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WatchRules {
    /// Time from the first sample by which warm-up is over, in seconds; no growth verdict before twice as long.
    pub settle: f64,
    /// Looks taken, this one included.
    pub looks: u32,
}

/// Resident memory over windows of one kind.
#[derive(Debug, Clone, PartialEq)]
pub struct Growth {
    /// What it came to; its iterations are windows.
    pub found: ResidentFinding,
    /// The verdict that stands for: of a rise that is proven but not material none, since time is all that a verdict costs.
    pub verdict: Verdict,
    /// Seconds, or requests, of a window.
    pub length: f64,
    /// Seconds, or requests, before the first window.
    pub start: f64,
}

impl Growth {
    /// Growth per second or per request, with its limits, in bytes; `NaN` where it was not judged.
    pub fn rate(&self) -> [f64; 3] {
        [self.found.rate, self.found.low, self.found.high].map(|rate| rate / self.length)
    }

    /// Smallest growth per second or per request that this record would have shown.
    pub fn minimum_detectable(&self) -> f64 {
        self.found.minimum_detectable / self.length
    }

    /// The rise that keeps it from being called bounded.
    pub fn open_rise(&self) -> Option<ImmaterialRise> {
        self.found.rise.filter(|_| self.verdict == Verdict::Inconclusive)
    }

    /// Seconds, or requests, of the part that was judged.
    pub fn judged(&self) -> f64 {
        (self.found.n + 1 - self.found.judged_from) as f64 * self.length
    }
}

/// What one process came to.
#[derive(Debug, Clone, PartialEq)]
pub struct WatchFinding {
    /// The worst of what was found.
    pub verdict: Verdict,
    /// Why, in words.
    pub reason: String,
    /// Resident memory by time.
    pub by_time: Growth,
    /// Resident memory by requests, where enough were counted.
    pub by_requests: Option<Growth>,
    /// Why they were not, where they were counted.
    pub few_requests: Option<FewRequests>,
    /// How often the counter of requests was lower than before.
    pub counter_falls: u64,
    /// Share of the time without requests, where they were counted.
    pub idle: Option<f64>,
    /// Threads, descriptors, mappings by time, those that were seen.
    pub resources: Vec<(Resource, LiveFinding)>,
    /// Seconds of a window.
    pub window: f64,
    /// Declared probability that anything is called growing that is not: of all tests, over all looks.
    pub error_rate: f64,
}

impl WatchFinding {
    /// Whether a watch may end with it: something grows, or memory does not and no count stands higher than ever.
    pub fn is_final(&self) -> bool {
        let may_be_growing = |found: &LiveFinding| {
            let judged = &found.windows[found.windows.len() / 2..];
            let highest_before =
                judged.iter().rev().skip(1).map(|window| window.floor).fold(f64::NEG_INFINITY, f64::max);
            found.verdict == LiveVerdict::Inconclusive && judged.last().is_some_and(|last| last.floor > highest_before)
        };
        is_growth(self.verdict)
            || (self.verdict != Verdict::Inconclusive && !self.resources.iter().any(|(_, found)| may_be_growing(found)))
    }

    /// Whether there was too little to judge memory on.
    pub fn is_short(&self) -> bool {
        self.verdict == Verdict::Inconclusive && self.by_time.found.state == TrendState::Short
    }
}

/// Judges all that was seen of one process.
pub fn assess_watch(history: &History, rules: &WatchRules) -> WatchFinding {
    let windows = by_time(history);
    let settle = |length: f64, warm: f64| (warm / length).ceil() as usize;
    let time_settle = settle(windows.length, rules.settle);
    let by_time = growth(&windows, time_settle);
    let requests = by_requests(history, rules.settle);
    let by_requests = requests.as_ref().ok().map(|ByRequests { windows, settling, .. }| {
        // Twice the settling time is asked for whatever was served in it.
        let is_settled = history.duration() >= 2.0 * rules.settle;
        growth(windows, if is_settled { settle(windows.length, *settling) } else { windows.len() })
    });
    let ways = || [Some(&by_time), by_requests.as_ref()].into_iter().flatten();
    let memory_grows = ways().any(|growth| is_growth(growth.verdict));
    let counts = [
        (Resource::Threads, &windows.threads),
        (Resource::Descriptors, &windows.descriptors),
        (Resource::Mappings, &windows.mappings),
    ];
    let resources: Vec<(Resource, LiveFinding)> = counts
        .into_iter()
        // More memory lies in more mappings: they are counted against a process only where memory does not say the same.
        .filter(|(resource, _)| *resource != Resource::Mappings || !memory_grows)
        .filter(|(_, counts)| counts.iter().any(|count| !count.is_nan()))
        .map(|(resource, counts)| (resource, resource_finding(counts, time_settle)))
        .collect();
    let (verdict, reason) = verdict(&by_time, by_requests.as_ref(), &resources);
    let tests = ways().map(|growth| growth.found.error_rate).sum::<f64>() + resources.len() as f64 * RISING;
    WatchFinding {
        verdict,
        reason,
        by_time,
        by_requests,
        few_requests: requests.as_ref().err().copied().filter(|_| history.requests().is_some()),
        counter_falls: history.falls(),
        idle: requests.ok().map(|requests| requests.idle),
        resources,
        window: windows.length,
        error_rate: (f64::from(rules.looks) * tests).min(1.0),
    }
}

/// Place of the process that tells what all that followed each other come to: the last of the worst. Those that were too short to
/// judge count only where there is no other. `None` where there is no process.
pub fn worst_of<'a>(findings: impl IntoIterator<Item = &'a WatchFinding>) -> Option<usize> {
    let ranks = findings.into_iter().map(|found| (found.is_short(), found.verdict)).enumerate();
    // Of equal ones the later place is the lesser.
    ranks.min_by_key(|(place, rank)| (*rank, std::cmp::Reverse(*place))).map(|(place, _)| place)
}

/// Whether a verdict says that something grows.
pub fn is_growth(verdict: Verdict) -> bool {
    !matches!(verdict, Verdict::Inconclusive | Verdict::Plateau | Verdict::Stable)
}

fn growth(windows: &Windows, settle: usize) -> Growth {
    let evidence = Evidence { anon: Some(&windows.level), peak: windows.peak.as_deref(), ..Evidence::default() };
    let found = assess(&evidence, &Settings { settle, ..Settings::default() });
    let mut verdict = found.verdict;
    let mut found = found.resident.expect("levels were given, and resident memory is judged by default");
    if let Some(rise) = found.rise {
        verdict = Verdict::Inconclusive;
        found.needed = rise.needed.max(2 * settle as u64);
    }
    Growth { found, verdict, length: windows.length, start: windows.start }
}

/// The worst of memory and counts. Memory grows if it does in one of the two ways of cutting; it is decided if it is in one and
/// rises in none.
fn verdict(by_time: &Growth, by_requests: Option<&Growth>, resources: &[(Resource, LiveFinding)]) -> (Verdict, String) {
    let ways = || by_requests.map(|growth| (growth, "request")).into_iter().chain([(by_time, "time")]);
    let (growth, by) = ways()
        .find(|(growth, _)| is_growth(growth.verdict))
        .or_else(|| ways().find(|(growth, _)| growth.open_rise().is_some()))
        .or_else(|| ways().find(|(growth, _)| growth.verdict != Verdict::Inconclusive))
        .unwrap_or((by_time, "time"));
    let memory = (growth.verdict, format!("resident memory by {by}: {}", reason(growth)));
    match resources.iter().find(|(_, found)| found.verdict == LiveVerdict::Leak) {
        Some((resource, found)) if Verdict::ResourceLeak <= memory.0 => {
            (Verdict::ResourceLeak, format!("{resource}: {}", found.reason))
        }
        _ => memory,
    }
}

fn reason(growth: &Growth) -> String {
    match growth.found.state {
        TrendState::Short => "fewer than 40 windows".to_owned(),
        _ if growth.open_rise().is_some() => "grows, but too little yet to be judged".to_owned(),
        _ if growth.verdict == Verdict::GrowthUnattributed => {
            "grows, and live bytes cannot be read from outside".to_owned()
        }
        _ => growth.found.reason.clone(),
    }
}
