//! Trend of a noisy level: ten window means, a *t* limit, discordant pairs and the jump guard.
//!
//! On y₁…yₙ, one ceiling per scenario cycle, with w = ⌊n / 20⌋ and the judged half the last 10 w cycles: G₁…G₁₀ are the
//! window means, H₁…H₅ those of the quarter before, s the least-squares slope of G on the window centres and se its
//! error (8 degrees of freedom).
//!
//! * limits: s ∓ 3.355 se, 0.5 % each side;
//! * discordance: falling pairs among the 45, ties half; at most 7 (8,504 of 10! orders, 0.23 %, if exchangeable);
//! * material: s · 10 w ≥ max(5 % of the ceiling, 256 KiB);
//! * GROWTH needs all three and the jump guard; BOUNDED means high · 10 w ≤ max(tolerance · ceiling, 256 KiB).
//!
//! A BOUNDED level may have a rise that is proven by all but the material rule ([`ImmaterialRise`]): a longer record of it
//! is GROWTH.
//!
//! Means instead of floors because peaks oscillate both ways; window means carry the autocorrelation. States longer
//! than n/20 cycles break the limits (1 of 68 recorded runs), an unbounded random walk is called growth in 3 % of runs,
//! and a creep that begins after n/2 is not seen.

use serde::{Deserialize, Serialize};

use super::descriptive::{growth_exponent, mean, sum};
use super::jumps::{block_means, line_beats_jumps};
use super::record::Record;

/// Windows in the judged half.
pub const WINDOWS: usize = 10;
/// Windows in the quarter before.
const BEFORE: usize = WINDOWS / 2;
/// One-sided 0.5 % quantile of Student's t with 8 degrees of freedom.
const T995: f64 = 3.355387;
/// Most discordant pairs of 45 that are still called a trend.
const DISCORDANT: f64 = 7.0;
/// Growth is reported from 5 % of the ceiling per judged half; chosen on 40 recorded runs.
const MATERIAL: f64 = 0.05;
/// No growth below 256 KiB per judged half matters.
pub const LEAST_BYTES: f64 = 262_144.0;

/// What the judged half does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrendState {
    /// Rises, materially, and not by jumps.
    Growth,
    /// The upper limit of growth is within the tolerance.
    Bounded,
    /// Rises, but one or two jumps explain it as well as a line.
    Steps,
    /// Oscillates by more than the tolerance.
    Unclear,
    /// Fewer than 40 cycles.
    Short,
    /// More than half of a window is missing.
    Missing,
}

/// Trend of one level series; bytes and cycles.
#[derive(Debug, Clone, PartialEq)]
pub struct Trend {
    /// What the judged half does.
    pub state: TrendState,
    /// Cycles recorded.
    pub cycles: usize,
    /// The numbers, unless the series is short or too much of it is missing.
    pub shape: Option<TrendShape>,
}

/// The quantities behind a trend.
#[derive(Debug, Clone, PartialEq)]
pub struct TrendShape {
    /// Cycles per window.
    pub width: usize,
    /// Cycles in the judged half.
    pub half: usize,
    /// Mean of each judged window.
    pub means: [f64; WINDOWS],
    /// Slope, bytes per cycle.
    pub slope: f64,
    /// Lower limit of the slope.
    pub low: f64,
    /// Upper limit of the slope.
    pub high: f64,
    /// Falling pairs of window means, ties half.
    pub discordance: f64,
    /// Highest value of the judged half.
    pub ceiling: f64,
    /// Highest value of the quarter before.
    pub earlier_ceiling: f64,
    /// Highest value of the first tenth.
    pub first_ceiling: f64,
    /// Local growth exponent.
    pub beta: f64,
    /// First cycle by which 95 % of the overall ceiling was reached, from 1.
    pub reached: usize,
    /// Cycles that would decide, if the noise stays as it is.
    pub needed: u64,
    /// A proven rise of a bounded level.
    pub rise: Option<ImmaterialRise>,
}

/// A rise that is GROWTH but for the material rule.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ImmaterialRise {
    /// Growth over the judged half, per cent of the ceiling.
    pub percent: f64,
    /// What would be material, per cent of the ceiling: 5, or more where that is less than 256 KiB.
    pub material_percent: f64,
    /// Iterations, counted from the first, after which the same rise would be material.
    pub needed: u64,
}

impl TrendShape {
    /// Whether growth is slowing down.
    pub fn is_decelerating(&self) -> bool {
        self.beta < super::look::DECELERATING
    }

    /// Bytes per judged half, as per cent of the ceiling, for a slope; 0 where the level is 0 throughout.
    pub fn percent(&self, slope: f64) -> f64 {
        if self.ceiling == 0.0 { 0.0 } else { 100.0 * slope * self.half as f64 / self.ceiling }
    }
}

/// Trend of `record` taken as the ceiling of every `cycle` samples. `tolerance` is the share of the ceiling by which
/// the judged half may grow and still be called bounded.
pub fn trend(record: &Record, cycle: usize, tolerance: f64) -> Trend {
    let levels = Levels::new(*record, cycle);
    let cycles = levels.len();
    let undecided = |state| Trend { state, cycles, shape: None };
    let windows = match Windows::of(&levels) {
        Ok(windows) => windows,
        Err(state) => return undecided(state),
    };
    let (slope, low, high) = windows.line();
    let growth_limit = high * windows.half() as f64;
    let limit = (tolerance * windows.ceiling).max(LEAST_BYTES);
    let rises = windows.rises() && windows.is_material();
    let state = if rises && windows.is_no_jump(&levels) {
        TrendState::Growth
    } else if growth_limit <= limit {
        TrendState::Bounded
    } else if rises {
        TrendState::Steps
    } else {
        TrendState::Unclear
    };
    let doublings = if state == TrendState::Unclear { (growth_limit / limit).powi(2) } else { 1.0 };
    let judged_from = cycles - windows.half();
    let shape = TrendShape {
        width: windows.width,
        half: windows.half(),
        slope,
        low,
        high,
        discordance: windows.discordance(),
        ceiling: windows.ceiling,
        earlier_ceiling: levels.highest(judged_from - windows.half() / 2, judged_from),
        first_ceiling: levels.highest(0, (cycles / 10).max(1)),
        beta: growth_exponent(slope, slope_of(&windows.before, windows.width).0),
        reached: levels.reached(0.95),
        needed: (cycles as f64 * doublings) as u64,
        rise: (state == TrendState::Bounded && !rises).then(|| windows.immaterial_rise(&levels)).flatten(),
        means: windows.judged,
    };
    Trend { state, cycles, shape: Some(shape) }
}

/// Whether [`trend`] would say GROWTH, without the numbers that do not matter for it.
pub fn is_growth(record: &Record, cycle: usize) -> bool {
    let levels = Levels::new(*record, cycle);
    let grows = |windows: Windows| windows.rises() && windows.is_material() && windows.is_no_jump(&levels);
    Windows::of(&levels).is_ok_and(grows)
}

/// Ceilings of whole scenario cycles, counted from the end; samples that are not finite are missing.
struct Levels<'a> {
    record: Record<'a>,
    cycle: usize,
    first: usize,
}

impl<'a> Levels<'a> {
    fn new(record: Record<'a>, cycle: usize) -> Self {
        let cycle = cycle.max(1);
        Levels { record, cycle, first: record.len() % cycle }
    }

    fn len(&self) -> usize {
        self.record.len() / self.cycle
    }

    /// Ceiling of cycle `k`, `NaN` if nothing of it was recorded.
    fn value(&self, k: usize) -> f64 {
        let start = self.first + k * self.cycle;
        let finite = (start..start + self.cycle).map(|i| self.record.value(i)).filter(|value| value.is_finite());
        finite.fold(f64::NAN, f64::max)
    }

    fn highest(&self, start: usize, end: usize) -> f64 {
        (start..end).map(|k| self.value(k)).fold(f64::NAN, f64::max)
    }

    /// First cycle, from 1, whose level is at least `share` of the highest.
    fn reached(&self, share: f64) -> usize {
        let enough = share * self.highest(0, self.len());
        (0..self.len()).position(|k| self.value(k) >= enough).map_or(1, |k| k + 1)
    }
}

struct Windows {
    width: usize,
    first: usize,
    before: [f64; BEFORE],
    judged: [f64; WINDOWS],
    ceiling: f64,
}

impl Windows {
    fn of(levels: &Levels) -> Result<Self, TrendState> {
        let width = levels.len() / (2 * WINDOWS);
        if width < 2 {
            return Err(TrendState::Short);
        }
        let first = levels.len() - WINDOWS * width;
        let mut windows =
            Windows { width, first, before: [0.0; BEFORE], judged: [0.0; WINDOWS], ceiling: f64::NEG_INFINITY };
        for k in 0..BEFORE {
            windows.before[k] = window_mean(levels, first - (BEFORE - k) * width, width)?.0;
        }
        for k in 0..WINDOWS {
            let (mean, highest) = window_mean(levels, first + k * width, width)?;
            windows.judged[k] = mean;
            windows.ceiling = windows.ceiling.max(highest);
        }
        Ok(windows)
    }

    fn half(&self) -> usize {
        WINDOWS * self.width
    }

    /// Slope and its limits.
    fn line(&self) -> (f64, f64, f64) {
        let (slope, spread) = slope_of(&self.judged, self.width);
        let centre = mean(&self.judged);
        let squares: [f64; WINDOWS] = std::array::from_fn(|k| {
            let residual = self.judged[k] - centre - slope * window_time::<WINDOWS>(k, self.width);
            residual * residual
        });
        let error = (sum(&squares) / (WINDOWS - 2) as f64 / spread).sqrt();
        (slope, slope - T995 * error, slope + T995 * error)
    }

    fn discordance(&self) -> f64 {
        let pairs = (0..WINDOWS).flat_map(|i| (i + 1..WINDOWS).map(move |j| (i, j)));
        let weights = pairs.map(|(i, j)| match self.judged[j].partial_cmp(&self.judged[i]) {
            Some(std::cmp::Ordering::Less) => 1.0,
            Some(std::cmp::Ordering::Equal) => 0.5,
            _ => 0.0,
        });
        weights.sum()
    }

    /// GROWTH but for the material rule and the jump guard.
    fn rises(&self) -> bool {
        self.line().1 > 0.0 && self.discordance() <= DISCORDANT
    }

    /// Bytes per judged half from which growth is material.
    fn material(&self) -> f64 {
        (MATERIAL * self.ceiling).max(LEAST_BYTES)
    }

    fn is_material(&self) -> bool {
        self.line().0 * self.half() as f64 >= self.material()
    }

    /// The rise of windows that are not material, if it is proven.
    fn immaterial_rise(&self, levels: &Levels) -> Option<ImmaterialRise> {
        let slope = self.line().0;
        let of_ceiling = |bytes: f64| 100.0 * bytes / self.ceiling;
        (self.rises() && self.is_no_jump(levels)).then(|| ImmaterialRise {
            percent: of_ceiling(slope * self.half() as f64),
            material_percent: of_ceiling(self.material()),
            needed: (self.material_after(slope, levels.len() as f64) * levels.cycle as f64).ceil() as u64,
        })
    }

    /// Cycles m > n after which `slope` · h m, the growth of a judged half of h m, is material: at least 256 KiB, and at
    /// least 5 % of a ceiling that has grown to c + `slope` · (m − n) meanwhile. The judged half is at least a third.
    fn material_after(&self, slope: f64, n: f64) -> f64 {
        let half = self.half() as f64 / n;
        let share = MATERIAL * (self.ceiling - slope * n) / (slope * (half - MATERIAL));
        share.max(LEAST_BYTES / (slope * half)).max(n + 1.0)
    }

    /// The jump guard on the judged half; a missing level takes the mean of its window.
    fn is_no_jump(&self, levels: &Levels) -> bool {
        let level = |k: usize| {
            let value = levels.value(self.first + k);
            if value.is_nan() { self.judged[k / self.width] } else { value }
        };
        line_beats_jumps(&block_means(self.half(), level))
    }
}

/// Mean and highest level of a window; `Err` if more than half of it is missing.
fn window_mean(levels: &Levels, start: usize, width: usize) -> Result<(f64, f64), TrendState> {
    let (mut total, mut present, mut highest) = (0.0, 0, f64::NEG_INFINITY);
    for k in start..start + width {
        let value = levels.value(k);
        if !value.is_nan() {
            total += value;
            present += 1;
            highest = highest.max(value);
        }
    }
    if (width - present) * 2 > width { Err(TrendState::Missing) } else { Ok((total / present as f64, highest)) }
}

/// Centre of window `k` of `N`, from the middle of them all.
fn window_time<const N: usize>(k: usize, width: usize) -> f64 {
    (k as f64 - (N as f64 - 1.0) / 2.0) * width as f64
}

/// Least-squares slope of `N` window means, and the sum of squares of their centres.
fn slope_of<const N: usize>(means: &[f64; N], width: usize) -> (f64, f64) {
    let times: [f64; N] = std::array::from_fn(|k| window_time::<N>(k, width));
    let cross: [f64; N] = std::array::from_fn(|k| times[k] * means[k]);
    let spread = sum(&times.map(|time| time * time));
    (sum(&cross) / spread, spread)
}
