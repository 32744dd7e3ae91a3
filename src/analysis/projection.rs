//! Growth still to come, from the rate and the growth exponent of the last look.

use serde::{Deserialize, Serialize};

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
