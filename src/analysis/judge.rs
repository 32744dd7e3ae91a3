//! The verdict on one series: looks up the ladder until one of them is final.
//!
//! False LEAK: at most (number of looks) × 4/5040 if the judged floors are exchangeable or trend down; 0.95 % at twelve
//! looks. False STABLE: 21/5040 per look, zero for an exact counter whose leak recurs within 3n/7 iterations. Neither
//! covers a cache that is still filling linearly at the last look; it looks like a leak.

use super::floors::WINDOWS;
use super::ladder::ladder;
use super::look::{Look, RISING, look};
use super::record::Record;
use super::state::{State, state};
use super::verdict::LiveVerdict;

/// What glibc's thread caches hold per thread and count as used: 7 entries in each of 64 bins with chunks of 32 to 1040
/// bytes is 240,128 B (249,728 B were measured), rounded up to 256 KiB.
pub const TCACHE_BYTES: f64 = 262_144.0;
/// A page: growth below it is not worth the word plateau.
const PAGE: f64 = 4096.0;

/// Bytes that the allocator's caches can hold without being told apart from live bytes.
#[derive(Debug, Clone, Copy)]
pub enum Slack<'a> {
    /// The same at every look.
    Constant(f64),
    /// 256 KiB for each thread alive, the most there were so far; one thread where the count is not known.
    Tcache(Option<&'a [f64]>),
}

impl Slack<'_> {
    /// Slack in bytes after `n` samples.
    pub fn at(&self, n: usize) -> f64 {
        match self {
            Slack::Constant(bytes) => *bytes,
            Slack::Tcache(None) => TCACHE_BYTES,
            Slack::Tcache(Some(threads)) => {
                let alive = threads.iter().take(n).map(|count| if count.is_nan() { 1.0 } else { *count });
                TCACHE_BYTES * alive.reduce(f64::max).unwrap_or(1.0)
            }
        }
    }
}

/// How one series is judged.
#[derive(Debug, Clone, Copy)]
pub struct Rules<'a> {
    /// Bytes that allocator caches can hold.
    pub slack: Slack<'a>,
    /// The series has no noise of its own and is held to zero growth until the last look.
    pub exact: bool,
    /// Growth within the tolerance is not reported at all (resident memory).
    pub tolerant: bool,
    /// Iteration by which caches are declared to be full; no growth verdict before twice as many.
    pub settle: usize,
    /// Upper limit of growth, bytes per iteration, up to which a series is flat; unless `tolerant`, one that provably rises is
    /// not, however slowly.
    pub tolerance: f64,
    /// Look up the ladder and stop at the first final look, instead of looking once at the end.
    pub early_stop: bool,
}

/// The verdict on one series, with the look that gave it.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// `Leak` means growth; the caller names it after what grows.
    pub verdict: LiveVerdict,
    /// State at the last look taken.
    pub state: State,
    /// Why, in words.
    pub reason: &'static str,
    /// The last look taken.
    pub look: Look,
    /// Looks taken.
    pub looks: usize,
}

impl Judgement {
    /// Declared probability of a false growth verdict: looks × 4/5040.
    pub fn error_rate(&self) -> f64 {
        self.looks as f64 * RISING
    }
}

/// Judges the whole of `samples`.
pub fn judge(samples: &[f64], rules: &Rules) -> Judgement {
    let budget = samples.len();
    let looks = if rules.early_stop { ladder(budget) } else { vec![budget] };
    let mut taken = 0;
    loop {
        let n = looks[taken];
        taken += 1;
        let last = taken == looks.len();
        let (look, state, outcome) = judge_look(samples, n, rules, last);
        let (verdict, reason) = match outcome {
            Some(outcome) => outcome,
            None if last => (LiveVerdict::Inconclusive, undecided_reason(state, n)),
            None => continue,
        };
        return Judgement { verdict, state, reason, look, looks: taken };
    }
}

/// Judges the first looks of a run that goes on: the verdict if one of them is final, as [`judge`] would give it on a
/// longer series.
pub fn judge_so_far(samples: &[f64], rules: &Rules) -> Option<Judgement> {
    let looks = ladder(samples.len() + 1);
    for (index, n) in looks[..looks.len() - 1].iter().enumerate() {
        let (look, state, outcome) = judge_look(samples, *n, rules, false);
        if let Some((verdict, reason)) = outcome {
            return Some(Judgement { verdict, state, reason, look, looks: index + 1 });
        }
    }
    None
}

type Outcome = Option<(LiveVerdict, &'static str)>;

fn judge_look(samples: &[f64], n: usize, rules: &Rules, last: bool) -> (Look, State, Outcome) {
    let look = look(&Record::new(samples), n, rules.slack.at(n));
    let tolerance = if rules.exact && !last { 0.0 } else { rules.tolerance };
    let state = state(&look, tolerance, rules.tolerant, rules.exact);
    let outcome = look.shape.as_ref().and_then(|shape| match state {
        State::Linear if n >= 2 * rules.settle && (last || shape.sure) => {
            Some((LiveVerdict::Leak, "floors rise through the second half, no slower than before"))
        }
        State::Flat if shape.total > PAGE.max(shape.spread).max(look.slack) => {
            Some((LiveVerdict::Plateau, "grew, then the upper slope limit is within tolerance"))
        }
        State::Flat => Some((LiveVerdict::Stable, "upper slope limit within tolerance")),
        _ => None,
    });
    (look, state, outcome)
}

fn undecided_reason(state: State, n: usize) -> &'static str {
    match state {
        State::Linear => "rises, but still inside the declared settling time",
        State::Decelerating => "still rising, decelerating",
        State::Slack => "rise is smaller than what allocator caches can hold",
        State::Unclear | State::Flat => "noise larger than tolerance",
        State::Missing if n < WINDOWS => "too few samples: at least 14 are needed",
        State::Missing => "too many samples are missing: more than half of one of the 14 windows",
    }
}
