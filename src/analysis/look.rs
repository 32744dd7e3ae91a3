//! One look at a series: every quantity that the decision uses, from the 14 floors up to one sample.
//!
//! With the judged floors g₁…g₇ = F₈…F₁₄, their six steps d, and the quarter before h₁…h₅ = F₄…F₈:
//!
//! * `p`: 1 if some d < 0, else (product of m! over groups of m equal neighbours) / 5040, the exact permutation
//!   probability of a rising order with ties;
//! * `rising`: p ≤ 4/5040, that is: never falls, and at most two zero steps, not both in a row;
//! * `rate`: median(d) / w, which a single step cannot move;
//! * `low`, `high`: extremes of all slopes between judged floors at least two windows apart; each side errs with
//!   probability 21/5040 if the residual floors are exchangeable;
//! * `beta`: 1 + log2(median step now / median step before);
//! * `sure`: the slowest judged slope over three or more windows is at least 1/√2 of the fastest slope before.
//!
//! Fails where exchangeability fails: a random walk rises in about 5 % of runs.

use super::descriptive::{growth_exponent, highest, lowest, median, steps};
use super::floors::{JUDGED, WINDOWS, floors};
use super::record::Record;

/// Largest permutation probability called rising: 4/7!, which allows two ties (a leak in about every tenth iteration)
/// and leaves 0.95 % over twelve looks. 1/5040 would only find periodic leaks later.
pub const RISING: f64 = 4.0 / 5040.0;
/// Half-way, in the exponent, between linear growth and a logarithm.
pub const DECELERATING: f64 = 0.5;
/// First floor of the quarter before the judged half.
const BEFORE: usize = JUDGED / 2;

/// What one look at the first `n` samples shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// Samples looked at.
    pub n: usize,
    /// Samples per window.
    pub width: usize,
    /// Bytes that allocator caches can hold without being told apart from live bytes.
    pub slack: f64,
    /// The numbers, unless too many samples are missing.
    pub shape: Option<Shape>,
}

/// The quantities of one look.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    /// Minimum of each of the 14 windows.
    pub floors: [f64; WINDOWS],
    /// Exact permutation probability of the judged order.
    pub p: f64,
    /// Whether the judged floors rise.
    pub rising: bool,
    /// Whether growth is slowing down: `beta < 1/2`, or six strictly shrinking steps (chance 1/720).
    pub decelerating: bool,
    /// Whether growth provably does not slow down.
    pub sure: bool,
    /// Local growth exponent.
    pub beta: f64,
    /// Median step of the judged floors, bytes per iteration.
    pub rate: f64,
    /// Median step of the quarter before, bytes per iteration.
    pub earlier_rate: f64,
    /// Lower limit of the slope, bytes per iteration.
    pub low: f64,
    /// Upper limit of the slope, bytes per iteration.
    pub high: f64,
    /// Last minus first judged floor.
    pub grown: f64,
    /// Last minus first floor of the whole run.
    pub total: f64,
    /// Highest minus lowest judged floor.
    pub spread: f64,
}

/// Looks at the first `n` samples of `record`.
pub fn look(record: &Record, n: usize, slack: f64) -> Look {
    let (floors, width) = floors(record, n.min(record.len()));
    Look { n, width, slack, shape: floors.map(|floors| shape(floors, width)) }
}

fn shape(floors: [f64; WINDOWS], width: usize) -> Shape {
    let w = width as f64;
    let judged: [f64; JUDGED] = std::array::from_fn(|k| floors[JUDGED + k]);
    let before: [f64; 5] = std::array::from_fn(|k| floors[BEFORE + k]);
    let d: [f64; 6] = steps(&judged);
    let never_falls = d.iter().all(|step| *step >= 0.0);
    let p = if never_falls { rising_probability(&d) } else { 1.0 };
    let rate = median(&d) / w;
    let earlier_rate = median(&steps::<5, 4>(&before)) / w;
    let beta = growth_exponent(rate, earlier_rate);
    let fastest_before = highest(slopes(&before, 3, w)).max(0.0);
    Shape {
        p,
        rising: never_falls && p <= RISING,
        decelerating: beta < DECELERATING || (never_falls && d.windows(2).all(|pair| pair[1] - pair[0] < 0.0)),
        sure: lowest(slopes(&judged, 3, w)) >= fastest_before / std::f64::consts::SQRT_2,
        beta,
        rate,
        earlier_rate,
        low: lowest(slopes(&judged, 2, w)),
        high: highest(slopes(&judged, 2, w)),
        grown: judged[JUDGED - 1] - judged[0],
        total: floors[WINDOWS - 1] - floors[0],
        spread: highest(judged) - lowest(judged),
        floors,
    }
}

/// Probability that exchangeable floors with these ties come out in this order: the product of m! over groups of m
/// equal neighbours, over 7!.
fn rising_probability(steps: &[f64; 6]) -> f64 {
    let mut p = 1.0 / 5040.0;
    let mut run = 1.0;
    for step in steps {
        run = if *step == 0.0 { run + 1.0 } else { 1.0 };
        p *= run;
    }
    p
}

/// Slopes, in bytes per iteration, between floors that are at least `lag` windows of `w` iterations apart.
fn slopes(floors: &[f64], lag: usize, w: f64) -> impl Iterator<Item = f64> {
    (0..floors.len())
        .flat_map(move |i| (i + lag..floors.len()).map(move |j| (floors[j] - floors[i]) / ((j - i) as f64 * w)))
}
