//! A recorded series with a leak of our own on top.
//!
//! The smallest detectable leak is found by asking the procedure about *this record plus a leak* some forty times.
//! The leak is added while reading, so that a million samples are never copied.

/// Samples of one series, one per iteration, `NaN` where missing, plus a planted leak of `rate` bytes per iteration
/// that is paid out every `period` iterations: sample `i` reads `x_i + rate · period · ⌊(i + 1) / period⌋`.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    samples: &'a [f64],
    rate: f64,
    period: usize,
}

impl<'a> Record<'a> {
    /// The series as it was recorded.
    pub fn new(samples: &'a [f64]) -> Self {
        Record { samples, rate: 0.0, period: 1 }
    }

    /// The same series with a leak of `rate` bytes per iteration that is paid out every `period` iterations.
    pub fn with_leak(self, rate: f64, period: usize) -> Self {
        Record { rate, period: period.max(1), ..self }
    }

    /// Number of samples.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// Whether nothing was recorded.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// The first `n` samples, or all if there are fewer.
    pub fn first(self, n: usize) -> Self {
        Record { samples: &self.samples[..n.min(self.samples.len())], ..self }
    }

    /// Sample `index`, leak included.
    pub fn value(&self, index: usize) -> f64 {
        let paid = if self.period == 1 { index + 1 } else { (index + 1) / self.period * self.period };
        self.samples[index] + self.rate * paid as f64
    }
}
