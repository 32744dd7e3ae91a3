//! What a watch came to, in words: growth by the hour and by the request, and what cannot be told from outside.

use std::time::Duration;

use super::row::{HOUR, WatchRow};
use crate::analysis::{
    FewRequests, Growth, History, LiveVerdict, ResidentSource, TrendState, Verdict, WatchFinding, WatchRules,
    assess_watch, is_growth,
};
use crate::report::words::{bytes_in, counted, percent, thousands};
use crate::units::signed_bytes;

/// From outside nobody can say whose growing memory is.
const UNATTRIBUTED: &str = "from outside a leak cannot be told from what the allocator keeps, since live bytes are not seen: \
    `highwater run` on the same model can tell, or `highwater run --exec` on the program itself if it speaks the protocol";

/// Everything in one sentence; parts end in semicolons.
pub(super) fn sentence(found: &WatchFinding, row: &WatchRow) -> String {
    let mut parts = vec![by_time(&found.by_time, found)];
    parts.extend(by_requests(found, row));
    parts.extend(resources(found, row));
    if found.verdict == Verdict::GrowthUnattributed || is_unattributed(&found.by_time) {
        parts.push(UNATTRIBUTED.into());
    }
    parts.extend(row.descendants_not_counted.map(|descendants| format!("it has {}", not_counted(descendants))));
    if found.counter_falls > 0 {
        let times = match found.counter_falls {
            1 => "once".to_owned(),
            falls => format!("{falls} times"),
        };
        parts.push(format!("the counter fell {times}, which is taken for a new beginning at 0"));
    }
    if !row.counter_failures.is_empty() {
        parts.push(format!("the counter failed {}", row.counter_failures));
    }
    if !row.not_seen.is_empty() {
        parts.push(format!("not seen: {}", row.not_seen));
    }
    parts.push(format!(
        "{} in {}{}",
        counted(row.samples as f64, "sample"),
        duration(row.duration_s),
        looks(row, found)
    ));
    parts.join("; ")
}

/// `2 child processes, which are not counted: --tree counts them`.
pub fn not_counted(descendants: u64) -> String {
    match descendants {
        1 => "1 child process, which is not counted: --tree counts it".into(),
        many => format!("{many} child processes, which are not counted: --tree counts them"),
    }
}

/// A line on the way: the level, and growth so far, which is no verdict.
pub fn progress(history: &History, rules: &WatchRules) -> String {
    let Some(last) = history.last() else { return "no sample yet".into() };
    let mut parts = vec![format!("{} anonymous", signed_bytes(last.level))];
    if !last.peak.is_nan() {
        parts.push(format!("peak {}", signed_bytes(last.peak)));
    }
    let growth = assess_watch(history, rules).by_time;
    if !growth.found.rate.is_nan() {
        let [rate, low, high] = growth.rate().map(|rate| rate * HOUR);
        parts.push(format!("growth so far {} an hour", bytes_in(rate, low, high)));
    }
    let requests = history.requests().unwrap_or(f64::NAN);
    let counts =
        [(last.threads, "thread"), (last.descriptors, "descriptor"), (last.mappings, "mapping"), (requests, "request")];
    parts.extend(counts.iter().filter(|(count, _)| !count.is_nan()).map(|(count, what)| counted(*count, what)));
    parts.join(", ")
}

/// A time with two digits at least and two units at most: `2h 5m`, `31s`, `4.5s`, `450ms`.
pub fn duration(seconds: f64) -> String {
    let seconds = seconds.max(0.0);
    let rounded = match seconds {
        s if s < 1.0 => Duration::from_millis((s * 1e3).round() as u64),
        s if s < 9.95 => return format!("{}s", (s * 10.0).round() / 10.0),
        s if s < HOUR => Duration::from_secs(s.round() as u64),
        s => Duration::from_secs((s / 60.0).round() as u64 * 60),
    };
    humantime::format_duration(rounded).to_string()
}

/// What the verdict rests on, as a cell.
pub(super) fn source(growth: &Growth) -> &'static str {
    match growth.found.source {
        ResidentSource::Peak => "peak",
        ResidentSource::AtRest => "at-rest",
    }
}

fn is_unattributed(growth: &Growth) -> bool {
    growth.verdict == Verdict::GrowthUnattributed
}

fn by_time(growth: &Growth, whole: &WatchFinding) -> String {
    let found = &growth.found;
    let level = match found.source {
        ResidentSource::Peak => signed_bytes(found.ceiling),
        ResidentSource::AtRest => format!("{} at rest", signed_bytes(found.ceiling)),
    };
    let [rate, low, high] = growth.rate().map(|rate| rate * HOUR);
    let per_hour = format!("{} an hour", bytes_in(rate, low, high));
    let limit = format!("at most {} an hour", signed_bytes(high.max(0.0).round()));
    let judged = format!("in the {} that were judged", duration(growth.judged()));
    if let Some(rise) = growth.open_rise() {
        let pace = if found.beta < 0.5 { ", slowing down" } else { "" };
        let share = percent(rise.percent);
        let needed = duration(found.needed as f64 * growth.length);
        return format!(
            "memory: grows by {per_hour} on {level}{pace}, {share} of its level {judged}: too little to judge yet; {needed} of \
             watching would decide"
        );
    }
    match growth.verdict {
        verdict if is_growth(verdict) => {
            let (what, kept) = match verdict {
                Verdict::PeakGrowth => ("its peak grows", ", and all of that is given back"),
                _ => ("grows", ""),
            };
            let pace = if found.beta < 0.5 { "slowing down" } else { "not slowing down" };
            format!("memory: {what} by {per_hour} on {level}, {pace} {judged}{kept}")
        }
        Verdict::Stable | Verdict::Plateau => {
            let reached = match found.reached_at {
                0 | 1 => "from the beginning".to_owned(),
                window => format!("after {}", duration(growth.start + (window - 1) as f64 * growth.length)),
            };
            let detectable = growth.minimum_detectable() * HOUR;
            let shown = if detectable.is_finite() {
                format!("; growth from {} an hour on would have shown", signed_bytes(detectable))
            } else {
                String::new()
            };
            format!(
                "memory: {} at {level} (95 % of it {reached}), {limit} ({}) {judged}{shown}",
                growth.verdict,
                percent(found.percent_high.max(0.0)),
            )
        }
        _ if found.state == TrendState::Short => {
            let are = if found.n == 1 { "is" } else { "are" };
            let (windows, window) = (counted(found.n as f64, "window"), duration(whole.window));
            format!("memory: not judged, {windows} of {window} {are} too few (40 needed)")
        }
        _ if found.state == TrendState::Missing => format!("memory: not judged: {}", found.reason),
        _ if found.needed > found.n as u64 => {
            let needed = duration(found.needed as f64 * growth.length);
            format!("memory: undecided at {level}, {limit}; {needed} of watching would decide")
        }
        _ if found.state == TrendState::Growth => {
            format!("memory: grows by {per_hour} on {level}, but the settling time is not over twice (--settle)")
        }
        _ => format!("memory: undecided at {level}, {limit} ({})", found.reason),
    }
}

fn by_requests(found: &WatchFinding, row: &WatchRow) -> Option<String> {
    let requests = row.requests?;
    let idle = found.idle.filter(|idle| *idle > 0.0);
    let idle = idle.map_or_else(String::new, |idle| format!(", none in {} of the time", percent(100.0 * idle)));
    let served = format!("{}{idle}", counted(requests, "request"));
    Some(match &found.by_requests {
        None => few_requests(&served, found.few_requests?),
        Some(growth) => {
            let [rate, low, high] = growth.rate();
            let told = match growth.verdict {
                Verdict::Inconclusive if growth.open_rise().is_some() => {
                    format!("grows by {} a request, too little to judge yet", bytes_in(rate, low, high))
                }
                verdict if is_growth(verdict) => format!("grows by {} a request", bytes_in(rate, low, high)),
                _ if high.is_nan() => format!("not judged: {}", growth.found.reason),
                Verdict::Inconclusive => format!("undecided, at most {} a request", signed_bytes(high.max(0.0))),
                verdict => format!("{verdict}, at most {} a request", signed_bytes(high.max(0.0))),
            };
            format!("{served}: {told}")
        }
    })
}

/// What growth by requests was not judged for.
fn few_requests(served: &str, few: FewRequests) -> String {
    match few {
        FewRequests::Readings => {
            "the counter was read once, which counts no requests: two readings are needed (--counter-every)".into()
        }
        FewRequests::NeverRose => "the counter never rose".into(),
        FewRequests::Samples(samples) => format!(
            "{served} in {} between two readings: too few to judge growth by them, {} samples are needed (watch longer, or \
             lower --every or --counter-every)",
            counted(samples as f64, "sample"),
            FewRequests::NEEDED
        ),
    }
}

fn resources(found: &WatchFinding, row: &WatchRow) -> Vec<String> {
    let growing = found.resources.iter().filter(|(_, leak)| leak.verdict == LiveVerdict::Leak);
    growing
        .map(|(resource, leak)| {
            let count = |value: Option<f64>| value.map_or_else(|| "unknown".into(), thousands);
            let (first, last) = row.ends_of(*resource);
            let rate = leak.rate / found.window * HOUR;
            format!("{resource}: {rate:+.0} an hour, from {} to {}", count(first), count(last))
        })
        .collect()
}

fn looks(row: &WatchRow, found: &WatchFinding) -> String {
    let looks = if row.looks == 1 { "one look".to_owned() } else { format!("{} looks", row.looks) };
    format!(" and {looks}, of which at most {} wrongly call something growing", percent(100.0 * found.error_rate))
}
