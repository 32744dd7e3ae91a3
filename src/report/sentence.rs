//! A verdict in one plain sentence.

use super::resident_sentence::resident_part;
use super::verdict_row::VerdictRow;
use super::words::iterations;
use crate::analysis::{Agreement, Assessment, CrossCheck, LiveFinding, LiveVerdict, State};
use crate::units::signed_bytes;

/// What a case came to, in one sentence: `live: …; resident: …`. `failure` says how the child ended if it did not finish.
pub fn sentence(assessment: Option<&Assessment>, row: &VerdictRow, failure: Option<&str>) -> String {
    if let Some(failure) = failure {
        return failure.to_owned();
    }
    let Some(found) = assessment else { return "nothing was measured".into() };
    let mut parts = vec![match &found.live {
        Some(live) => live_part(live, found.cross_check.as_ref(), row),
        None if row.live_reason.is_empty() => {
            format!("live: not readable under {}, so a leak cannot be told from the allocator", row.arm)
        }
        None => format!("live: not readable ({}), so a leak cannot be told from the allocator", row.live_reason),
    }];
    for (resource, finding) in &found.resources {
        if finding.verdict == LiveVerdict::Leak {
            parts.push(format!("{resource}: {:+.2} in every iteration", finding.rate));
        }
    }
    if let Some(resident) = &found.resident {
        parts.push(resident_part(resident, &row.core_reason));
    }
    parts.join("; ")
}

/// What live bytes came to, and what a second count of them said of a leak.
fn live_part(live: &LiveFinding, checked: Option<&CrossCheck>, row: &VerdictRow) -> String {
    let per = |rate: f64| format!("{}/iteration", signed_bytes(rate));
    let refuted = checked.is_some_and(|checked| checked.agreement == Agreement::Refuted);
    let whose = match row.live_case.as_str() {
        _ if refuted => " by jemalloc's count",
        own if own.is_empty() || own == row.case => "",
        _ => " in the exact-live probe",
    };
    let judged = judged_part(live, whose, row);
    let accused = checked.map_or(String::new(), |checked| per(checked.accused_rate));
    match checked.map(|checked| (checked.agreement, per(checked.rate))) {
        Some((Agreement::Confirmed, rate)) => format!("{judged}, and {rate} by jemalloc's count"),
        Some((Agreement::Refuted, _)) => format!("{judged}; glibc's count, of chunks, rises by {accused}"),
        Some((Agreement::Undecided, rate)) => {
            let remedy = if row.early_stop { "--no-early-stop" } else { "more iterations" };
            format!("{judged}; {accused} by glibc's count, {rate} by jemalloc's: {remedy} may decide")
        }
        None if row.cross_check == "absent" => format!("{judged}, by glibc's count alone (not cross-checked)"),
        None => judged,
    }
}

fn judged_part(live: &LiveFinding, whose: &str, row: &VerdictRow) -> String {
    let per = |rate: f64| format!("{}/iteration", signed_bytes(rate));
    let seen = format!("a leak of {} would have shown", per(live.minimum_detectable));
    match live.verdict {
        LiveVerdict::Leak => {
            let range = format!("[{}, {}]", signed_bytes(live.low), signed_bytes(live.high));
            format!("live: leak of {} {range}, called after {} iterations{whose}", per(live.rate), live.n)
        }
        LiveVerdict::Stable if live.low == 0.0 && live.high == 0.0 => {
            let part = if live.total == 0.0 { "" } else { "the second half of " };
            format!("live: stable, flat to the byte over {part}{} iterations{whose} ({seen})", live.n)
        }
        LiveVerdict::Stable => {
            format!("live: stable, at most {} over {} iterations{whose} ({seen})", per(live.high.max(0.0)), live.n)
        }
        LiveVerdict::Plateau => {
            let total = signed_bytes(live.total);
            format!("live: plateau after {total} over {} iterations{whose} ({seen})", live.n)
        }
        LiveVerdict::Inconclusive if live.state == State::Missing => {
            format!("live: undecided after {}{whose} ({})", iterations(live.n), live.reason)
        }
        LiveVerdict::Inconclusive => {
            let (most, remedy) = (per(live.high.max(0.0)), remedy(live.state, row));
            format!("live: undecided after {}{whose}, at most {most} ({}{remedy})", iterations(live.n), live.reason)
        }
    }
}

/// What would decide.
fn remedy(state: State, row: &VerdictRow) -> String {
    match state {
        State::Linear => {
            let enough = 2 * row.settle_iterations;
            format!(": {enough} iterations decide, twice --settle, or fewer with a smaller one")
        }
        // Of columns it is not known whose they are.
        State::Slack if row.live_case.is_empty() => ": --live-kind exact, if the counter has no such caches".into(),
        State::Slack => ": the arm exact-live has none".into(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Evidence, LiveSeries, Settings, assess};
    use crate::arm::LiveKind;

    /// What is said of a count that rises by 80 bytes an iteration, where a second one rises by `rate` over `n`.
    fn told(rate: f64, n: u32, cross_check: &str) -> String {
        let count = |rate: f64, n: u32| (1..=n).map(|i| 1e6 + rate * f64::from(i)).collect::<Vec<_>>();
        let (first, second) = (count(80.0, 112), count(rate, n));
        let [live, second] =
            [&first, &second].map(|bytes| Some(LiveSeries { bytes, kind: LiveKind::Exact, threads: None }));
        let second = second.filter(|_| cross_check != "absent");
        let found = assess(&Evidence { live, second, ..Evidence::default() }, &Settings::default());
        let row = VerdictRow { cross_check: cross_check.into(), early_stop: true, ..VerdictRow::default() };
        sentence(Some(&found), &row, None)
    }

    #[test]
    fn what_a_second_count_says_of_a_leak_is_told() {
        let called = "live: leak of 80 B/iteration [80 B, 80 B], called after 112 iterations";
        assert_eq!(told(64.0, 112, "confirmed"), format!("{called}, and 64 B/iteration by jemalloc's count"));
        assert_eq!(told(0.0, 112, "absent"), format!("{called}, by glibc's count alone (not cross-checked)"));
        insta::assert_snapshot!(told(0.0, 112, "refuted"), @"live: stable, flat to the byte over 112 iterations by jemalloc's count (a leak of 16 B/iteration would have shown); glibc's count, of chunks, rises by 80 B/iteration");
        insta::assert_snapshot!(told(0.0, 60, "undecided"), @"live: undecided after 112 iterations, at most 80 B/iteration (glibc's count says leak, and jemalloc's neither confirms nor refutes it); 80 B/iteration by glibc's count, 0 B/iteration by jemalloc's: --no-early-stop may decide");
    }
}
