//! Seeded streams of random numbers, the same on every machine.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

/// The stream number `index` of `seed`. Both pass through SplitMix64 inside `seed_from_u64`, so that neighbouring seeds
/// and neighbouring streams share nothing.
pub(super) fn stream(seed: u64, index: usize) -> Xoshiro256PlusPlus {
    let mut seeds = Xoshiro256PlusPlus::seed_from_u64(seed);
    Xoshiro256PlusPlus::seed_from_u64(seeds.next_u64().wrapping_add(index as u64))
}
