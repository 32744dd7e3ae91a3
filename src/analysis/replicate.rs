//! Evidence over independent processes, for what one process cannot decide.

use super::descriptive::sum;

/// Points of the mixture over the winning probability.
const MIXTURE: usize = 64;

/// Anytime-valid evidence from wins and losses of independent processes, or of candidate and control pairs.
///
/// Null: P(win) ≤ 1/2 given the past. E is the mean over θ = 0.5 + (j + 0.5)/128, j = 0…63, of the product of 2θ for a
/// win and 2(1 − θ) for a loss. By Ville's inequality P(E ever ≥ 1/α) ≤ α, so that one may look after every process;
/// stop at E ≥ 100 for 1 %. Nine wins in a row are enough. It tests the median rate: one process that leaks much and
/// many that do not are not evidence here.
#[derive(Debug, Clone)]
pub struct SignEvidence {
    wealth: [f64; MIXTURE],
}

impl Default for SignEvidence {
    fn default() -> Self {
        SignEvidence { wealth: [1.0; MIXTURE] }
    }
}

impl SignEvidence {
    /// Takes one process into account and tells the evidence so far; `None` is a tie and leaves it unchanged.
    pub fn add(&mut self, win: Option<bool>) -> f64 {
        if let Some(win) = win {
            for (j, wealth) in self.wealth.iter_mut().enumerate() {
                let theta = 0.5 + (j as f64 + 0.5) / (2 * MIXTURE) as f64;
                *wealth *= if win { 2.0 * theta } else { 2.0 * (1.0 - theta) };
            }
        }
        self.value()
    }

    /// The evidence so far.
    pub fn value(&self) -> f64 {
        sum(&self.wealth) / MIXTURE as f64
    }
}

/// Kendall's S: rising minus falling pairs; ties and missing values count nothing.
pub fn kendall_s(values: &[f64]) -> i64 {
    let pairs = (0..values.len()).flat_map(|i| (i + 1..values.len()).map(move |j| (values[i], values[j])));
    pairs.map(|(early, late)| i64::from(late > early) - i64::from(late < early)).sum()
}

/// Probability of each number of falling pairs among `count` exchangeable values without ties (Mahonian numbers over
/// `count`!).
pub fn falling_pairs(count: usize) -> Vec<f64> {
    let mut distribution = vec![1.0];
    for values in 2..=count {
        distribution = convolve(&distribution, &vec![1.0 / values as f64; values]);
    }
    distribution
}

/// Sum of Kendall's S over independent processes and its exact one-sided probability, by convolution of the Mahonian
/// distributions. Ties count nothing, which makes the probability too large, never too small.
pub fn seasonal_kendall(processes: &[&[f64]]) -> (i64, f64) {
    let total: i64 = processes.iter().map(|values| kendall_s(values)).sum();
    let mut distribution = vec![1.0];
    let mut most: i64 = 0;
    for values in processes {
        distribution = convolve(&distribution, &falling_pairs(values.len()));
        most += (values.len() * values.len().saturating_sub(1) / 2) as i64;
    }
    let needed = (total + most + 1).div_euclid(2) as usize;
    (total, sum(distribution.get(needed..).unwrap_or(&[])))
}

fn convolve(a: &[f64], b: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; a.len() + b.len() - 1];
    for (i, x) in a.iter().enumerate() {
        for (j, y) in b.iter().enumerate() {
            out[i + j] += x * y;
        }
    }
    out
}
