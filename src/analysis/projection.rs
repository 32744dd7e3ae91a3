//! Growth still to come, from the rate and the growth exponent of the last look.

use serde::{Deserialize, Serialize};

use super::resident_finding::ResidentFinding;
use super::verdict::ResidentCategory;

/// Iterations that a creep is projected over: one reload every four minutes for a month.
pub const SERVICE: usize = 10_000;

/// How growth continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProjectionKind {
    /// Nothing grows, or the horizon is already reached.
    None,
    /// Saturates: exponent below 0.
    Bounded,
    /// Slower than a square root, without a limit: exponent from 0 to 1/2.
    Slow,
    /// Exponent 1/2 and more.
    Linear,
}

/// Bytes still to come until a horizon.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Projection {
    /// Growth beyond what the record shows.
    pub extra_bytes: f64,
    /// How it continues.
    pub kind: ProjectionKind,
}

/// Growth of a creep over further iterations, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ProjectedGrowth {
    /// Further iterations.
    pub iterations: usize,
    /// At the lower limit of the rate.
    pub low: f64,
    /// At the upper limit of the rate.
    pub high: f64,
}

/// What a creep adds over [`SERVICE`] further iterations: both limits of its rate times their number, or continued by
/// [`project`] where it slows down. `None` for everything else: what is bounded over a few hundred iterations says
/// nothing of ten thousand.
pub fn projected(found: &ResidentFinding) -> Option<ProjectedGrowth> {
    let over = |limit: f64| -> f64 {
        let rate = limit.max(0.0);
        match found.category {
            ResidentCategory::CreepDecelerating => {
                project(found.n, rate, found.beta, (found.n + SERVICE) as f64).extra_bytes
            }
            _ => rate * SERVICE as f64,
        }
    };
    let (low, high) = match found.category {
        ResidentCategory::CreepLinear | ResidentCategory::CreepDecelerating => (found.low, found.high),
        ResidentCategory::CreepCore => found.core.as_ref().map(|core| (core.low, core.high))?,
        ResidentCategory::Stable
        | ResidentCategory::Plateau
        | ResidentCategory::PeakGrowth
        | ResidentCategory::Inconclusive => return None,
    };
    Some(ProjectedGrowth { iterations: SERVICE, low: over(low), high: over(high) })
}

/// Extra growth from iteration `n` to `horizon`.
///
/// Growth per doubling is multiplied by q = 2^b at each doubling, with b = min(1, `beta`): G = rate · n/2 in the last
/// doubling and D = log2(horizon/n) doublings to come give G q (q^D − 1)/(q − 1), or G D at q = 1; at b = 1 it is
/// rate · (horizon − n). A saturating growth whose time constant exceeds `n` is projected far too high (0.9 GB instead
/// of 7 MB was seen).
pub fn project(n: usize, rate: f64, beta: f64, horizon: f64) -> Projection {
    let nothing = Projection { extra_bytes: 0.0, kind: ProjectionKind::None };
    let doublings = (horizon / n as f64).log2();
    if rate.is_nan() || rate <= 0.0 || doublings.is_nan() || doublings <= 0.0 {
        return nothing;
    }
    let last_doubling = rate * n as f64 / 2.0;
    let exponent = beta.min(1.0);
    let q = exponent.exp2();
    let extra_bytes = if exponent >= 1.0 {
        rate * (horizon - n as f64)
    } else if (q - 1.0).abs() < 1e-9 {
        last_doubling * doublings
    } else {
        last_doubling * q * (q.powf(doublings) - 1.0) / (q - 1.0)
    };
    let kind = match exponent {
        b if b < 0.0 => ProjectionKind::Bounded,
        b if b < 0.5 => ProjectionKind::Slow,
        _ => ProjectionKind::Linear,
    };
    Projection { extra_bytes, kind }
}
