//! Two settings side by side: what does setting Y remove?
//!
//! One process of each: the difference of the means of ten window means (second halves) ± 3.25 √(var_a/10 + var_b/10).
//! Window means, not samples, because they carry the autocorrelation; 3.25 is Student's t with 9 degrees of freedom, the
//! Welch approximation at its most conservative. That measures these two processes.
//!
//! Several processes of each: their means are the unit, and the interval is Welch's (B. L. Welch, Biometrika 34, 1947)
//! with the degrees of freedom of Welch and Satterthwaite rounded down. Three processes can agree by chance, so it is
//! never narrower than what the windows of one pair of processes say on average.
//!
//! Fails where a process is not independent of the next, and says nothing of memory that still grows: while one arm
//! creeps the difference depends on the length of the run.

use serde::Serialize;

use super::descriptive::{mean, sum};
use super::trend::WINDOWS;

/// Two-sided 99 % quantiles of Student's t with 1 to 9 degrees of freedom (Abramowitz and Stegun, table 26.10). More
/// degrees are taken as 9, which makes an interval too wide by at most a quarter, never too narrow.
const T99: [f64; 9] = [63.657, 9.925, 5.841, 4.604, 4.032, 3.707, 3.499, 3.355, 3.25];

/// Difference of two arms of the same work, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct ArmDifference {
    /// Mean of the first arm minus mean of the second.
    pub difference: f64,
    /// Lower 99 % limit.
    pub low: f64,
    /// Upper 99 % limit.
    pub high: f64,
    /// Mean of the first arm and of the second.
    pub means: (f64, f64),
    /// Processes of the first arm and of the second.
    pub processes: (usize, usize),
}

/// What is proven of the second arm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ArmEffect {
    /// It has less than the first.
    Removes,
    /// It has more than the first.
    Adds,
    /// The interval holds 0.
    NotProven,
}

impl ArmEffect {
    /// What an interval of the difference proves.
    pub fn of(low: f64, high: f64) -> Self {
        if low > 0.0 {
            ArmEffect::Removes
        } else if high < 0.0 {
            ArmEffect::Adds
        } else {
            ArmEffect::NotProven
        }
    }
}

impl ArmDifference {
    /// What the interval proves.
    pub fn effect(&self) -> ArmEffect {
        ArmEffect::of(self.low, self.high)
    }
}

/// Mean of the processes of `a` minus mean of the processes of `b`, with its 99 % interval. `None` without a process on
/// either side, if one of them has fewer than 20 samples, or if a sample of a second half is missing.
pub fn arm_difference(a: &[&[f64]], b: &[&[f64]]) -> Option<ArmDifference> {
    let a: Vec<Moments> = a.iter().map(window_moments).collect::<Option<_>>()?;
    let b: Vec<Moments> = b.iter().map(window_moments).collect::<Option<_>>()?;
    if a.is_empty() || b.is_empty() {
        return None;
    }
    let (of_a, of_b) = (moments(a.iter().map(|process| process.mean)), moments(b.iter().map(|process| process.mean)));
    let pairs = a.iter().flat_map(|a| b.iter().map(|b| t99(9.0) * (a.variance + b.variance).sqrt()));
    let within = mean(&pairs.collect::<Vec<_>>());
    let margin = if a.len() > 1 && b.len() > 1 { welch(&of_a, &of_b).max(within) } else { within };
    let difference = of_a.mean - of_b.mean;
    let found = ArmDifference {
        difference,
        low: difference - margin,
        high: difference + margin,
        means: (of_a.mean, of_b.mean),
        processes: (a.len(), b.len()),
    };
    (found.low.is_finite() && found.high.is_finite()).then_some(found)
}

/// A mean, and the variance of that mean.
struct Moments {
    mean: f64,
    variance: f64,
    count: usize,
}

fn moments(values: impl Iterator<Item = f64>) -> Moments {
    let values: Vec<f64> = values.collect();
    let centre = mean(&values);
    let squares: Vec<f64> = values.iter().map(|value| (value - centre).powi(2)).collect();
    let spread = sum(&squares) / values.len().saturating_sub(1).max(1) as f64;
    Moments { mean: centre, variance: spread / values.len() as f64, count: values.len() }
}

/// Of the ten window means of the second half.
fn window_moments(samples: &&[f64]) -> Option<Moments> {
    let width = samples.len() / (2 * WINDOWS);
    if width == 0 {
        return None;
    }
    let half = &samples[samples.len() - WINDOWS * width..];
    Some(moments(half.chunks_exact(width).map(mean)))
}

/// Half of Welch's 99 % interval; 0 where neither side varies.
fn welch(a: &Moments, b: &Moments) -> f64 {
    let variance = a.variance + b.variance;
    if variance == 0.0 {
        return 0.0;
    }
    let share = |side: &Moments| side.variance.powi(2) / (side.count - 1) as f64;
    t99(variance.powi(2) / (share(a) + share(b))) * variance.sqrt()
}

fn t99(degrees: f64) -> f64 {
    T99[(degrees as usize).clamp(1, T99.len()) - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A process whose level is `level`, with windows that alternate by `swing` above and below it.
    fn process(level: f64, swing: f64) -> Vec<f64> {
        (0..20).map(|i| if i % 2 == 0 { level + swing } else { level - swing }).collect()
    }

    fn difference(a: &[Vec<f64>], b: &[Vec<f64>]) -> ArmDifference {
        let (a, b): (Vec<_>, Vec<_>) = (a.iter().map(Vec::as_slice).collect(), b.iter().map(Vec::as_slice).collect());
        arm_difference(&a, &b).unwrap()
    }

    #[test]
    fn one_process_of_each_is_judged_by_its_windows() {
        let found = difference(&[process(100.0, 3.0)], &[process(60.0, 4.0)]);
        // Ten windows of one sample: variances 10/9 of the squared swings.
        let margin = 3.25 * ((9.0 + 16.0) / 9.0_f64).sqrt();
        assert!((found.difference - 40.0).abs() < 1e-12 && (found.high - 40.0 - margin).abs() < 1e-12, "{found:?}");
        assert_eq!((found.effect(), found.processes), (ArmEffect::Removes, (1, 1)));
        assert_eq!(difference(&[process(60.0, 4.0)], &[process(100.0, 3.0)]).effect(), ArmEffect::Adds);
        assert_eq!(difference(&[process(60.0, 40.0)], &[process(62.0, 0.0)]).effect(), ArmEffect::NotProven);
    }

    #[test]
    fn processes_that_differ_widen_the_interval() {
        let a = [process(90.0, 0.0), process(100.0, 0.0), process(110.0, 0.0)];
        let b = [process(50.0, 0.0), process(60.0, 0.0), process(70.0, 0.0)];
        let found = difference(&a, &b);
        // Variance of each mean 100/3, four degrees of freedom.
        let margin = 4.604 * (200.0 / 3.0_f64).sqrt();
        assert!((found.high - found.difference - margin).abs() < 1e-9, "{found:?}");
        assert_eq!((found.difference, found.processes, found.effect()), (40.0, (3, 3), ArmEffect::Removes));
        // One degree of freedom: two processes on one side that differ as much prove nothing.
        assert_eq!(difference(&a[..2], &[b[0].clone(), b[0].clone()]).effect(), ArmEffect::NotProven);
    }

    #[test]
    fn processes_that_agree_by_chance_do_not_narrow_it() {
        let (a, b) = (process(100.0, 30.0), process(60.0, 30.0));
        let one = difference(std::slice::from_ref(&a), std::slice::from_ref(&b));
        let three = difference(&[a.clone(), a.clone(), a], &[b.clone(), b.clone(), b]);
        assert!((three.low - one.low).abs() < 1e-9 && (three.high - one.high).abs() < 1e-9, "{one:?} {three:?}");
    }

    #[test]
    fn what_cannot_be_compared_is_not() {
        let whole = process(1.0, 0.0);
        let holed = [&whole[..19], &[f64::NAN]].concat();
        assert_eq!(arm_difference(&[], &[&whole]), None);
        assert_eq!(arm_difference(&[&whole[..19]], &[&whole]), None);
        assert_eq!(arm_difference(&[&whole], &[&holed]), None);
    }
}
