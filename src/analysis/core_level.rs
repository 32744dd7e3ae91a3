//! The core: what is left of anonymous memory after a fork of the process gave everything back.
//!
//! The child trims every arena, so the core has a standard deviation of 20 to 90 kB where the level at rest has one of
//! 10 to 45 MB. It sees a slow creep hidden in the noise of the peaks, and tells memory that the allocator keeps (can
//! be given back) from pages pinned by small live blocks or mapped outside the allocator (cannot).

use serde::{Deserialize, Serialize};

use super::descriptive::{highest, median, steps};
use super::floors::JUDGED;
use super::look::{Shape, look};
use super::record::Record;
use super::trend::LEAST_BYTES;

/// Fewest probes: two for each of the fourteen floors.
pub const LEAST_PROBES: usize = 28;
/// Growth of the core is reported from 1 % of it, not counting its largest step.
const MATERIAL: f64 = 0.01;
/// Probability of each side of the interval of retention.
const SIDE: f64 = 0.005;
/// Fewest probes for an interval of retention: below, the extremes themselves cover less than 99 %.
const LEAST_FOR_INTERVAL: usize = 8;

/// Levels of the core.
#[derive(Debug, Clone, Copy)]
pub struct CoreSeries<'a> {
    /// One value per iteration, `NaN` where no probe was made.
    pub bytes: &'a [f64],
    /// Whether the probe can give everything back (glibc with arena tops, jemalloc). tcmalloc and mimalloc keep central
    /// lists; there only the level is told.
    pub complete: bool,
    /// Level at rest of the process that was probed, if it is not the one whose resident memory is judged: what can be
    /// given back is a difference within one process.
    pub anon: Option<&'a [f64]>,
    /// What `malloc_trim` alone leaves, where the allocator has it.
    pub trimmed: Option<&'a [f64]>,
    /// Live bytes of the process that was probed, if it is not the one whose live bytes are judged.
    pub live: Option<&'a [f64]>,
}

impl<'a> CoreSeries<'a> {
    /// Probes made in the process whose resident memory is judged.
    pub fn new(bytes: &'a [f64], complete: bool) -> Self {
        CoreSeries { bytes, complete, anon: None, trimmed: None, live: None }
    }
}

/// What the core does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CoreState {
    /// Rises, not slowing down, and not by one step.
    Growth,
    /// The upper limit of growth is within the tolerance.
    Flat,
    /// Rises, slower and slower.
    Decelerating,
    /// None of these.
    Unclear,
    /// Fewer than 28 probes.
    Short,
    /// The allocator cannot give everything back: its level is told, its growth is not judged.
    LevelOnly,
}

/// Trend of the core by its fourteen floors; rates in bytes per iteration.
#[derive(Debug, Clone, PartialEq)]
pub struct CoreTrend {
    /// What it does.
    pub state: CoreState,
    /// Probes made.
    pub probes: usize,
    /// The floors of the probes with rates per iteration, unless there are too few.
    pub shape: Option<Shape>,
    /// Iterations in the judged half.
    pub half: f64,
    /// Highest judged floor.
    pub ceiling: f64,
}

/// Fourteen floors on the probes alone: GROWTH if they rise, do not slow down, and rise by more than the largest step
/// plus max(1 % of the core, 256 KiB).
pub fn core_trend(bytes: &[f64], tolerance: f64) -> CoreTrend {
    let indices: Vec<usize> = (0..bytes.len()).filter(|i| !bytes[*i].is_nan()).collect();
    let probes: Vec<f64> = indices.iter().map(|i| bytes[*i]).collect();
    let short =
        CoreTrend { state: CoreState::Short, probes: probes.len(), shape: None, half: f64::NAN, ceiling: f64::NAN };
    let (Some(first), Some(last)) = (indices.first(), indices.last()) else { return short };
    if probes.len() < LEAST_PROBES {
        return short;
    }
    let spacing = (last - first) as f64 / (probes.len() - 1) as f64;
    let look = look(&Record::new(&probes), probes.len(), 0.0);
    let Some(mut shape) = look.shape else { return short };
    for rate in [&mut shape.low, &mut shape.high, &mut shape.rate, &mut shape.earlier_rate] {
        *rate /= spacing;
    }
    let half = JUDGED as f64 * look.width as f64 * spacing;
    let judged: [f64; JUDGED] = std::array::from_fn(|k| shape.floors[JUDGED + k]);
    let ceiling = highest(judged);
    let largest_step = highest(steps::<JUDGED, 6>(&judged));
    let material = (MATERIAL * ceiling).max(LEAST_BYTES);
    let state = if shape.rising && !shape.decelerating && shape.grown - largest_step >= material {
        CoreState::Growth
    } else if shape.high * half <= (tolerance * ceiling).max(LEAST_BYTES) {
        CoreState::Flat
    } else if shape.rising && shape.decelerating {
        CoreState::Decelerating
    } else {
        CoreState::Unclear
    };
    CoreTrend { state, probes: probes.len(), shape: Some(shape), half, ceiling }
}

/// What the allocator keeps at rest: level at rest minus core, over the second half.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Retention {
    /// Median, in bytes.
    pub median: f64,
    /// Lower end of the exact 99 % order-statistic interval of the median.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// Largest.
    pub most: f64,
}

/// Median of `anon − core` over the probes of the second half, with its exact 99 % interval from the binomial
/// distribution of order statistics. `None` below eight probes.
pub fn retention(anon: &[f64], core: &[f64]) -> Option<Retention> {
    let pairs = anon.iter().zip(core).skip(anon.len() / 2);
    let mut kept: Vec<f64> = pairs.map(|(level, core)| level - core).filter(|bytes| !bytes.is_nan()).collect();
    kept.sort_by(f64::total_cmp);
    let m = kept.len();
    if m < LEAST_FOR_INTERVAL {
        return None;
    }
    let outside = order_outside(m);
    Some(Retention {
        median: median(&kept),
        low: kept[outside.saturating_sub(1)],
        high: kept[(m - outside).min(m - 1)],
        most: kept[m - 1],
    })
}

/// The largest k with P(Binomial(m, 1/2) < k) ≤ 0.5 %; by logarithms, since 2^-m underflows.
fn order_outside(m: usize) -> usize {
    let mut log_term = -(m as f64) * std::f64::consts::LN_2;
    let (mut k, mut below) = (0, 0.0);
    while k < m && below + log_term.exp() <= SIDE {
        below += log_term.exp();
        log_term += ((m - k) as f64 / (k + 1) as f64).ln();
        k += 1;
    }
    k
}
