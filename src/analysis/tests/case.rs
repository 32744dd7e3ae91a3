//! The verdict on a case from floors alone: the reference's procedure for records without peaks and without probes, kept
//! here because its recorded answers check the floors.
//!
//! First match: live growth → leak; a growing count → resource leak; growth at rest without live bytes →
//! unattributed; growth at rest of at least twice the upper limit of live growth → linear creep; and so on down to
//! stable. Resident memory at rest is rarely decided at 1 KiB per iteration under default glibc (7 of 30 recorded
//! runs); where peaks were recorded, [`assess`](crate::analysis::assess()) is the better question.

use crate::analysis::finding::resource_rules;
use crate::analysis::*;

/// Growth at rest below a page is not called creep.
const PAGE: f64 = 4096.0;

/// What is asked of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Stop as soon as the live verdict is final.
    Leak,
    /// Judge resident memory over the whole record too.
    Creep,
}

/// A record of one process, all series of equal length.
#[derive(Debug, Clone, Default)]
pub struct CaseSeries<'a> {
    /// Live bytes.
    pub live: Option<LiveSeries<'a>>,
    /// Anonymous memory at rest.
    pub anon: Option<&'a [f64]>,
    /// Counts.
    pub counts: Vec<(Resource, &'a [f64])>,
}

/// The verdict with the judgements behind it.
#[derive(Debug, Clone)]
pub struct CaseFinding {
    /// The verdict.
    pub verdict: Verdict,
    /// On live bytes.
    pub live: Option<Judgement>,
    /// On anonymous memory at rest.
    pub anon: Option<Judgement>,
    /// Iterations that the verdict rests on.
    pub n: usize,
}

/// Judges `case` by its floors. `tolerance` in bytes per iteration; with `early_stop` the leak question stops at the
/// first final look.
pub fn judge_case(
    case: &CaseSeries,
    question: Question,
    settle: usize,
    tolerance: f64,
    early_stop: bool,
) -> CaseFinding {
    let whole = case.live.map(|live| live.bytes).or(case.anon).map_or(0, <[f64]>::len);
    let grows = |counts: &[f64]| judge(first(counts, whole), &resource_rules(settle)).verdict == LiveVerdict::Leak;
    let counts_grow = case.counts.iter().any(|(_, counts)| grows(counts));
    let stops = early_stop && question == Question::Leak;
    let live = case.live.map(|live| judge(live.bytes, &live.rules(settle, tolerance, stops)));
    let used = match &live {
        Some(live) if question == Question::Leak && live.verdict != LiveVerdict::Inconclusive => live.look.n,
        _ => whole,
    };
    let anon_rules = Rules {
        slack: Slack::Constant(0.0),
        exact: false,
        tolerant: true,
        settle,
        tolerance,
        early_stop: early_stop && live.is_none(),
    };
    let anon = case.anon.map(|anon| judge(first(anon, used), &anon_rules));
    let verdict = combine(live.as_ref(), anon.as_ref(), counts_grow, question);
    let anon_counts = question == Question::Creep || live.is_none();
    let anon_n = anon.as_ref().filter(|_| anon_counts).map_or(0, |anon| anon.look.n);
    let n = live.as_ref().map_or(0, |live| live.look.n).max(anon_n);
    CaseFinding { verdict, live, anon, n }
}

fn first(samples: &[f64], n: usize) -> &[f64] {
    &samples[..n.min(samples.len())]
}

fn combine(live: Option<&Judgement>, anon: Option<&Judgement>, counts_grow: bool, question: Question) -> Verdict {
    let is = |judgement: Option<&Judgement>, verdict| judgement.is_some_and(|judgement| judgement.verdict == verdict);
    if is(live, LiveVerdict::Leak) {
        return Verdict::Leak;
    }
    if counts_grow {
        return Verdict::ResourceLeak;
    }
    if let Some(anon) = anon.filter(|anon| anon.verdict == LiveVerdict::Leak) {
        return match live {
            None => Verdict::GrowthUnattributed,
            Some(live) if live.state == State::Missing => Verdict::GrowthUnattributed,
            Some(live) if live.state != State::Slack && rate_exceeds(anon, live) => Verdict::CreepLinear,
            Some(_) => Verdict::Inconclusive,
        };
    }
    let slows = anon.is_some_and(|anon| {
        anon.state == State::Decelerating && anon.look.shape.as_ref().is_some_and(|shape| shape.total > PAGE)
    });
    if slows && question == Question::Creep {
        return Verdict::CreepDecelerating;
    }
    match (live, anon) {
        (Some(live), anon) if live.verdict != LiveVerdict::Inconclusive => {
            if question == Question::Creep && is(anon, LiveVerdict::Inconclusive) {
                Verdict::Inconclusive
            } else if live.verdict == LiveVerdict::Plateau || is(anon, LiveVerdict::Plateau) {
                Verdict::Plateau
            } else {
                Verdict::Stable
            }
        }
        (None, Some(anon)) => anon.verdict.into(),
        _ => Verdict::Inconclusive,
    }
}

/// Whether resident growth is at least twice what live bytes can grow by.
fn rate_exceeds(anon: &Judgement, live: &Judgement) -> bool {
    match (&anon.look.shape, &live.look.shape) {
        (Some(anon), Some(live)) => live.high <= anon.rate / 2.0,
        _ => false,
    }
}
