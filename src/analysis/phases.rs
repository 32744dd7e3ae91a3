//! Profiles in a few numbers: percentiles of latencies within a process, medians over processes.
//!
//! A percentile is that of the *nearest rank*: the smallest time that at least p per cent of the executions do not exceed,
//! `sorted[ceil(p/100 · n) - 1]` (Hyndman and Fan 1996, type 1). It is always a time that occurred, and it fails openly: with
//! fewer than `100 / (100 - p)` executions it is the largest of them, so p99 of 20 executions is their maximum.

use super::descriptive::{highest, lowest, median};

/// Latencies of the executions of one process, in nanoseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Latency {
    /// The shortest.
    pub min: u64,
    /// Arithmetic mean, rounded down.
    pub mean: u64,
    /// 5th percentile.
    pub p5: u64,
    /// Median by nearest rank: of an even number the lower middle one.
    pub p50: u64,
    /// 90th percentile.
    pub p90: u64,
    /// 95th percentile.
    pub p95: u64,
    /// 99th percentile.
    pub p99: u64,
    /// The longest.
    pub max: u64,
}

impl Latency {
    /// Sums up `nanoseconds`, in any order; `None` of nothing.
    pub fn of(nanoseconds: &[u64]) -> Option<Latency> {
        let mut sorted = nanoseconds.to_vec();
        sorted.sort_unstable();
        let total: u128 = sorted.iter().map(|time| u128::from(*time)).sum();
        Some(Latency {
            min: *sorted.first()?,
            mean: u64::try_from(total / sorted.len() as u128).ok()?,
            p5: percentile(&sorted, 5)?,
            p50: percentile(&sorted, 50)?,
            p90: percentile(&sorted, 90)?,
            p95: percentile(&sorted, 95)?,
            p99: percentile(&sorted, 99)?,
            max: *sorted.last()?,
        })
    }
}

/// The percentile of nearest rank of values that rise; `None` of nothing. `percent` counts up to 100.
pub fn percentile(sorted: &[u64], percent: u32) -> Option<u64> {
    let rank = (sorted.len() as u128 * u128::from(percent.min(100))).div_ceil(100).max(1);
    sorted.get(usize::try_from(rank - 1).ok()?).copied()
}

/// What several processes came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// The least.
    pub low: f64,
    /// The median: of an even number the mean of the two in the middle.
    pub median: f64,
    /// The most.
    pub high: f64,
}

impl Spread {
    /// Sums up what is known of each process; `None` if nothing is.
    pub fn of(values: impl IntoIterator<Item = Option<f64>>) -> Option<Spread> {
        let known: Vec<f64> = values.into_iter().flatten().filter(|value| !value.is_nan()).collect();
        if known.is_empty() {
            return None;
        }
        Some(Spread {
            low: lowest(known.iter().copied()),
            median: median(&known),
            high: highest(known.iter().copied()),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn percentiles_are_those_of_the_nearest_rank() {
        let ten: Vec<u64> = (1..=10).map(|value| value * 10).collect();
        let at = |percent| percentile(&ten, percent).unwrap();
        assert_eq!([0, 1, 10, 11, 50, 51, 90, 91, 99, 100].map(at), [10, 10, 10, 20, 50, 60, 90, 100, 100, 100]);
        assert_eq!((percentile(&[], 50), percentile(&[7], 1), percentile(&[7], 99)), (None, Some(7), Some(7)));
    }

    #[test]
    fn latencies_are_summed_up_in_any_order() {
        let times: Vec<u64> = (1..=200).rev().collect();
        let expected = Latency { min: 1, mean: 100, p5: 10, p50: 100, p90: 180, p95: 190, p99: 198, max: 200 };
        assert_eq!(Latency::of(&times), Some(expected));
        assert_eq!(Latency::of(&[]), None);
        let huge = Latency::of(&[u64::MAX, u64::MAX]).unwrap();
        assert_eq!((huge.mean, huge.p99), (u64::MAX, u64::MAX), "sums do not overflow");
    }

    #[test]
    fn processes_that_measured_nothing_do_not_count() {
        let spread = Spread::of([Some(3.0), None, Some(1.0), Some(f64::NAN)]).unwrap();
        assert_eq!(spread, Spread { low: 1.0, median: 2.0, high: 3.0 });
        assert_eq!(Spread::of([None]), None);
    }

    proptest! {
        /// The definition itself: at least p per cent do not exceed it, and fewer do not exceed anything smaller.
        #[test]
        fn a_percentile_is_the_smallest_value_that_covers_its_share(
            mut values in proptest::collection::vec(0u64..1000, 1..80),
            percent in 1u32..=100,
        ) {
            values.sort_unstable();
            let found = percentile(&values, percent).unwrap();
            let share = |limit: u64| values.iter().filter(|value| **value <= limit).count() * 100;
            prop_assert!(values.contains(&found));
            prop_assert!(share(found) >= percent as usize * values.len());
            if let Some(smaller) = values.iter().rev().find(|value| **value < found) {
                prop_assert!(share(*smaller) < percent as usize * values.len());
            }
        }
    }
}
