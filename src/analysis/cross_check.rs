//! A second count of live bytes, where the first one alone would accuse: glibc counts chunks, jemalloc counts size classes.
//!
//! A chunk of glibc may be 16 bytes longer than what was asked for, since it leaves no remainder below its smallest chunk of
//! 32 bytes (`MINSIZE`, `malloc/malloc.c`). Where a heap is kept in motion, more and more blocks come to lie in such chunks:
//! `mallinfo2` rises although the program holds no more. Measured: 119 kB in 600 iterations of ONNX Runtime's sessions and
//! 138 kB in 1500 of OpenVINO's reload, both from Python, where jemalloc counted a constant 17 kB. jemalloc's classes do not
//! depend on the order of the heap. What they hide in turn are blocks that grow inside of their classes, by less than a
//! quarter of their size.

use serde::Serialize;

use super::finding::{LiveFinding, LiveSeries, live_finding};
use super::floors::WINDOWS;
use super::judge::Rules;
use super::state::State;
use super::verdict::LiveVerdict;

/// Growth over the judged half that longer chunks can account for, in bytes: 16 for each of 65,536 live blocks.
const CHUNK_DRIFT: f64 = (16 << 16) as f64;

/// How the second count compares with the first one's leak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Agreement {
    /// It says leak as well.
    Confirmed,
    /// It stands still, or grows by no more than half of the first one's rate and is within the tolerance, over no fewer
    /// iterations.
    Refuted,
    /// Neither.
    Undecided,
}

impl std::fmt::Display for Agreement {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(match self {
            Agreement::Confirmed => "confirmed",
            Agreement::Refuted => "refuted",
            Agreement::Undecided => "undecided",
        })
    }
}

/// What became of a leak that was counted twice.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CrossCheck {
    /// Whether the second count agrees.
    pub agreement: Agreement,
    /// Growth of the first count, bytes per iteration.
    pub accused_rate: f64,
    /// Growth of the second count, bytes per iteration.
    pub rate: f64,
}

/// Whether a leak in glibc's count is small enough for longer chunks to account for it.
pub fn wants_cross_check(found: &LiveFinding) -> bool {
    let judged = found.windows.get(WINDOWS / 2).zip(found.windows.last());
    let is_small = judged.is_some_and(|(first, last)| last.floor - first.floor <= CHUNK_DRIFT);
    found.verdict == LiveVerdict::Leak && is_small
}

/// Judges `second` in one look at its end and gives the finding that decides: that of the second count where it refutes the
/// leak, otherwise `first`, undecided unless the leak is confirmed.
pub(super) fn cross_check(first: LiveFinding, second: &LiveSeries, rules: &Rules) -> (LiveFinding, CrossCheck) {
    let found = live_finding(second, rules);
    let is_as_long = second.bytes.len() >= first.n;
    let agreement = match found.verdict {
        LiveVerdict::Leak => Agreement::Confirmed,
        LiveVerdict::Stable | LiveVerdict::Plateau if is_as_long && found.high <= first.rate / 2.0 => {
            Agreement::Refuted
        }
        _ => Agreement::Undecided,
    };
    let checked = CrossCheck { agreement, accused_rate: first.rate, rate: found.rate };
    let deciding = match agreement {
        Agreement::Confirmed => first,
        Agreement::Refuted => found,
        Agreement::Undecided => LiveFinding {
            verdict: LiveVerdict::Inconclusive,
            state: State::Unclear,
            reason: "glibc's count says leak, and jemalloc's neither confirms nor refutes it".to_owned(),
            ..first
        },
    };
    (deciding, checked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{Assessment, Evidence, Settings, Verdict, assess};
    use crate::arm::LiveKind;

    /// What is said of a count that rises by `rate` bytes an iteration from 1 MB on, beside a second one.
    fn judged(rate: f64, second: impl Fn(f64) -> f64) -> Assessment {
        let count = |bytes: &dyn Fn(f64) -> f64| (1..=200).map(|i| bytes(f64::from(i))).collect::<Vec<_>>();
        let (first, second) = (count(&|i| 1e6 + rate * i), count(&second));
        let (live, second) = (Some(exact(&first)), Some(exact(&second)));
        assess(&Evidence { live, second, ..Evidence::default() }, &Settings::default())
    }

    fn exact(bytes: &[f64]) -> LiveSeries<'_> {
        LiveSeries { bytes, kind: LiveKind::Exact, threads: None }
    }

    fn agreement(found: &Assessment) -> Agreement {
        found.cross_check.unwrap().agreement
    }

    #[test]
    fn a_leak_that_both_count_is_told_as_the_first_counts_it() {
        let found = judged(80.0, |i| 2e6 + 64.0 * i);
        assert_eq!((found.verdict, agreement(&found)), (Verdict::Leak, Agreement::Confirmed));
        let (live, checked) = (found.live.unwrap(), found.cross_check.unwrap());
        assert_eq!((live.rate, live.n, checked.rate), (80.0, 112, 64.0));
    }

    #[test]
    fn what_only_the_first_counts_is_no_leak() {
        let found = judged(80.0, |_| 2e6);
        assert_eq!((found.verdict, agreement(&found)), (Verdict::Stable, Agreement::Refuted));
        assert_eq!((found.live.unwrap().high, found.cross_check.unwrap().accused_rate), (0.0, 80.0));
        let found = judged(80.0, |i| 2e6 + 1e3 * i.min(20.0));
        assert_eq!((found.verdict, agreement(&found)), (Verdict::Plateau, Agreement::Refuted));
    }

    /// Within the tolerance, and more than half of what the first one rises by; still rising; samples missing.
    #[test]
    fn what_the_second_neither_shows_nor_excludes_is_undecided() {
        let noisy = |i: f64| 2e6 + 3e4 * (i * i * 0.618).fract();
        let slowing = |i: f64| 2e6 + 4e3 * i.ln();
        let missing = |i: f64| if i < 150.0 { 2e6 } else { f64::NAN };
        for second in [&noisy as &dyn Fn(f64) -> f64, &slowing, &missing] {
            let found = judged(10.0, second);
            assert_eq!((found.verdict, agreement(&found)), (Verdict::Inconclusive, Agreement::Undecided));
            assert_eq!(found.live.unwrap().rate, 10.0);
        }
    }

    /// A leak is seen over 400 iterations, of which the second count has all or the first 112.
    #[test]
    fn a_shorter_count_can_confirm_and_not_refute() {
        let count = |rate: f64, n: u32| (1..=n).map(|i| 1e6 + rate * f64::from(i)).collect::<Vec<_>>();
        let settings = Settings { early_stop: false, ..Settings::default() };
        for (rate, n, expected) in
            [(0.0, 112, Agreement::Undecided), (0.0, 400, Agreement::Refuted), (64.0, 112, Agreement::Confirmed)]
        {
            let (first, second) = (count(80.0, 400), count(rate, n));
            let [first, second] = [&first, &second].map(|bytes| Some(exact(bytes)));
            let evidence = Evidence { live: first, second, ..Evidence::default() };
            assert_eq!(agreement(&assess(&evidence, &settings)), expected);
        }
    }

    /// Planted: warm-up that ends at iteration 90 in the second count, where a look at 84 would have said leak.
    #[test]
    fn the_second_count_is_judged_at_its_end() {
        let found = judged(80.0, |i| 2e6 + 64.0 * i.min(90.0));
        assert_eq!((found.verdict, agreement(&found)), (Verdict::Plateau, Agreement::Refuted));
    }

    /// 30 kB in each of the 48 iterations from the eighth to the last floor is beyond what chunks can add.
    #[test]
    fn a_large_leak_needs_no_second_count_and_one_that_counts_nothing_is_none() {
        for (rate, second) in [(30e3, 2e6), (80.0, 0.0)] {
            let found = judged(rate, |_| second);
            assert_eq!((found.verdict, found.cross_check), (Verdict::Leak, None));
        }
    }
}
