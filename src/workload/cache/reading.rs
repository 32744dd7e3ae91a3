//! What the snapshots around a drop say about the memory that a model had taken.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::snapshot::Difference;

/// Bytes that may differ without a word: what glibc's caches of one thread hold and count as used (`analysis::TCACHE_BYTES`).
/// A smaller leak is for the verdict on live bytes, which sees every iteration.
const TOLERANCE: i64 = 256 << 10;

/// Share of the bytes in question that may differ, as one part in so many: InvokeAI's relative tolerance of 10 %.
const TOLERATED_PART: i64 = 10;

/// Where the memory of a dropped model is, as InvokeAI reads its snapshots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reading {
    /// It has left the process.
    Returned,
    /// It is in use no more, and the allocator keeps it: total used is back, arena free is up.
    Fragmentation,
    /// It is still in use: total used is up.
    Leak,
}

impl fmt::Display for Reading {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Reading::Returned => "returned",
            Reading::Fragmentation => "fragmentation",
            Reading::Leak => "leak",
        })
    }
}

impl Reading {
    /// Reads what happened when a model was dropped, beside what happened when it was loaded and first used. `None` where
    /// nobody counts the bytes in use, and where they seem to be up and the counter `is_noisy`: jemalloc's thread caches hide
    /// more than a small model takes (1.3 of 1.9 MB were seen).
    ///
    /// Resident memory is compared with what this drop alone set free. Against its level before the load it would say nothing:
    /// a model that is loaded into memory that an earlier one left behind raises resident memory as little as its own drop
    /// lowers it. Where the allocator tells its free bytes, they must have risen too; alone they prove nothing, since they do
    /// not fall when their pages are given back.
    pub(super) fn of(load: &Difference, drop: &Difference, is_noisy: bool) -> Option<Reading> {
        let (taken, freed) = (load.used?, -drop.used?);
        if exceeds(taken.saturating_sub(freed), taken) {
            return (!is_noisy).then_some(Reading::Leak);
        }
        let left = -drop.rss_anon?;
        let is_kept = exceeds(freed.saturating_sub(left), freed);
        let is_free = drop.free.is_none_or(|free| exceeds(free, freed));
        Some(if is_kept && is_free { Reading::Fragmentation } else { Reading::Returned })
    }
}

/// Whether `bytes` are more than is tolerated of `whole`.
fn exceeds(bytes: i64, whole: i64) -> bool {
    bytes > TOLERANCE.max(whole / TOLERATED_PART)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: i64 = 1 << 20;

    fn difference(rss_anon: i64, used: i64, free: i64) -> Difference {
        Difference { rss_anon: Some(rss_anon), used: Some(used), free: Some(free) }
    }

    fn read(load: &Difference, drop: &Difference) -> Option<Reading> {
        Reading::of(load, drop, false)
    }

    #[test]
    fn memory_that_left_was_returned() {
        let load = difference(100 * MIB, 100 * MIB, 0);
        assert_eq!(read(&load, &difference(-100 * MIB, -100 * MIB, 0)), Some(Reading::Returned));
        // A tenth may stay, and so may 256 KiB of a small model.
        assert_eq!(read(&load, &difference(-91 * MIB, -100 * MIB, 9 * MIB)), Some(Reading::Returned));
        let small = difference(MIB / 8, MIB / 8, 0);
        assert_eq!(read(&small, &difference(0, -MIB / 8, MIB / 8)), Some(Reading::Returned));
    }

    #[test]
    fn memory_that_stays_without_use_is_fragmentation_even_if_the_load_had_found_it_there() {
        for rise in [100 * MIB, 0] {
            let load = difference(rise, 100 * MIB, -100 * MIB);
            assert_eq!(read(&load, &difference(0, -100 * MIB, 100 * MIB)), Some(Reading::Fragmentation));
        }
    }

    #[test]
    fn free_bytes_whose_pages_were_given_back_are_no_fragmentation() {
        let load = difference(100 * MIB, 100 * MIB, 0);
        assert_eq!(read(&load, &difference(-100 * MIB, -100 * MIB, 100 * MIB)), Some(Reading::Returned));
    }

    #[test]
    fn an_allocator_without_free_bytes_is_read_by_resident_memory_alone() {
        let load = Difference { free: None, ..difference(100 * MIB, 100 * MIB, 0) };
        let drop = Difference { free: None, ..difference(-MIB, -100 * MIB, 0) };
        assert_eq!(read(&load, &drop), Some(Reading::Fragmentation));
    }

    #[test]
    fn memory_that_is_still_in_use_is_a_leak_wherever_its_pages_are() {
        let load = difference(100 * MIB, 100 * MIB, 0);
        assert_eq!(read(&load, &difference(-100 * MIB, -80 * MIB, 0)), Some(Reading::Leak));
        assert_eq!(read(&load, &difference(0, 0, 0)), Some(Reading::Leak));
    }

    #[test]
    fn a_noisy_counter_is_no_proof_of_a_leak() {
        let load = difference(MIB, 2 * MIB, 0);
        assert_eq!(Reading::of(&load, &difference(0, -MIB, MIB), true), None);
        assert_eq!(Reading::of(&load, &difference(0, -2 * MIB, 2 * MIB), true), Some(Reading::Fragmentation));
    }

    #[test]
    fn without_a_counter_there_is_no_reading() {
        let load = difference(100 * MIB, 100 * MIB, 0);
        assert_eq!(read(&load, &Difference { used: None, ..load }), None);
        assert_eq!(read(&Difference::default(), &load), None);
    }
}
