//! Two settings side by side: what does setting Y remove?

use serde::Serialize;

use super::descriptive::{mean, sum};
use super::trend::WINDOWS;

/// Two-sided 99 % quantile of Student's t with 9 degrees of freedom: the Welch approximation at its most conservative.
const T99: f64 = 3.25;

/// Difference of two arms of the same work, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ArmDifference {
    /// Mean of the first arm minus mean of the second.
    pub difference: f64,
    /// Lower 99 % limit.
    pub low: f64,
    /// Upper 99 % limit.
    pub high: f64,
}

/// Difference of the means of ten window means of the second halves, ± 3.25 √(var_a/10 + var_b/10).
///
/// Window means, not samples, because they carry the autocorrelation. `None` below 20 samples in either arm. One
/// process per arm measures that process: take three when the claim is about the setting. While one arm still grows the
/// difference depends on the length of the run.
pub fn arm_difference(a: &[f64], b: &[f64]) -> Option<ArmDifference> {
    let (mean_a, variance_a) = window_moments(a)?;
    let (mean_b, variance_b) = window_moments(b)?;
    let difference = mean_a - mean_b;
    let error = (variance_a / WINDOWS as f64 + variance_b / WINDOWS as f64).sqrt();
    Some(ArmDifference { difference, low: difference - T99 * error, high: difference + T99 * error })
}

fn window_moments(samples: &[f64]) -> Option<(f64, f64)> {
    let width = samples.len() / (2 * WINDOWS);
    if width == 0 {
        return None;
    }
    let half = &samples[samples.len() - WINDOWS * width..];
    let means: Vec<f64> = half.chunks_exact(width).map(mean).collect();
    let centre = mean(&means);
    let squares: Vec<f64> = means.iter().map(|value| (value - centre).powi(2)).collect();
    Some((centre, sum(&squares) / (WINDOWS - 1) as f64))
}
