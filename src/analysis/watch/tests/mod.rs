//! Watches whose truth is planted: windows, counters, segments.

mod findings;
mod histories;

use super::*;

/// A process that does nothing, seen at a time.
fn at(seconds: f64) -> Observed {
    Observed {
        at: seconds,
        level: 50e6,
        peak: 60e6,
        threads: 4.0,
        descriptors: 10.0,
        mappings: 80.0,
        counter: f64::NAN,
    }
}

/// Noise without a trend, of up to one either way, the same on every machine.
fn noise(index: usize) -> f64 {
    (index.wrapping_mul(7919) % 1009) as f64 / 504.5 - 1.0
}

/// A watch of `count` samples a second apart, each made from a quiet one.
fn watched(count: usize, planted: impl Fn(usize, Observed) -> Observed) -> History {
    let mut history = History::new(1.0);
    (0..count).for_each(|index| history.push(&planted(index, at(index as f64))));
    history
}
