//! What a pool counts: requests, and the page faults of steps.

use nix::sys::resource::{UsageWho, getrusage};

/// Steps of which the page faults are remembered.
const REMEMBERED: usize = 127;

/// Steps over which misses are looked at together, and the share of them, one in so many, beyond which what was learned no
/// longer holds.
const WINDOW: u64 = 100;
const TOLERATED: u64 = 20;

/// What became of requests inside steps.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Requests {
    /// Served by the pool.
    pub(super) hits: u64,
    /// The pool had nothing for them.
    pub(super) misses: u64,
    /// Not meant for the pool.
    pub(super) bypassed: u64,
}

/// Whether the plan still fits the work.
#[derive(Debug, Default)]
pub(super) struct Drift {
    steps: u64,
    since: Requests,
}

impl Drift {
    /// The watch begins.
    pub(super) const fn new() -> Drift {
        Drift { steps: 0, since: Requests { hits: 0, misses: 0, bypassed: 0 } }
    }

    /// A step has ended; true if more than 5 % of the requests of the last 100 steps missed. The next 100 begin then.
    pub(super) fn step(&mut self, now: &Requests) -> bool {
        self.steps += 1;
        if self.steps < WINDOW {
            return false;
        }
        let hits = now.hits.saturating_sub(self.since.hits);
        let misses = now.misses.saturating_sub(self.since.misses);
        *self = Drift { steps: 0, since: *now };
        misses.saturating_mul(TOLERATED) > hits.saturating_add(misses)
    }

    /// The watch begins anew.
    pub(super) fn restart(&mut self, now: &Requests) {
        *self = Drift { steps: 0, since: *now };
    }
}

/// The page faults of the latest steps.
#[derive(Debug)]
pub(super) struct Faults {
    latest: [u64; REMEMBERED],
    steps: usize,
}

impl Faults {
    /// No step yet.
    pub(super) const fn new() -> Faults {
        Faults { latest: [0; REMEMBERED], steps: 0 }
    }

    /// A step had so many.
    pub(super) fn add(&mut self, faults: u64) {
        if let Some(place) = self.latest.get_mut(self.steps % REMEMBERED) {
            *place = faults;
            self.steps += 1;
        }
    }

    /// The median of the latest steps: a first step, in which everything is touched, does not count for more than one.
    pub(super) fn median(&self) -> Option<u64> {
        let mut sorted = self.latest;
        let sorted = sorted.get_mut(..self.steps.min(REMEMBERED))?;
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied()
    }
}

/// Page faults of this process so far that needed no reading.
pub(super) fn minor_faults() -> u64 {
    getrusage(UsageWho::RUSAGE_SELF).map_or(0, |usage| usage.minor_page_faults().unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_of_the_latest_steps() {
        let mut faults = Faults::new();
        assert_eq!(faults.median(), None);
        faults.add(9000);
        faults.add(3);
        faults.add(5);
        assert_eq!(faults.median(), Some(5));
        (0..REMEMBERED).for_each(|_| faults.add(1));
        assert_eq!(faults.median(), Some(1));
    }

    #[test]
    fn one_miss_in_twenty_is_tolerated_and_more_are_drift() {
        for (misses, is_drift) in [(5, false), (6, true)] {
            let (mut drift, mut now) = (Drift::new(), Requests::default());
            let told: Vec<_> = (0..WINDOW)
                .map(|step| {
                    now.hits += 1;
                    now.misses += u64::from(step < misses);
                    // 100 hits and 5 misses are less than 5 %.
                    drift.step(&now)
                })
                .collect();
            assert_eq!(told.iter().filter(|told| **told).count(), usize::from(is_drift), "{misses}");
        }
    }
}
