//! Whose turn it is, in order or at random.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use crate::suite::SwitchOrder;

/// The turns of a cycle in which each of some things comes once.
pub(super) struct Turns {
    order: SwitchOrder,
    /// Those of the present cycle.
    turns: Vec<usize>,
    random: Xoshiro256PlusPlus,
}

impl Turns {
    /// Cycles of `count` things; what is random follows `seed`.
    pub(super) fn new(order: SwitchOrder, count: usize, seed: u64) -> Turns {
        Turns { order, turns: (0..count).collect(), random: Xoshiro256PlusPlus::seed_from_u64(seed) }
    }

    /// What comes at `place` of the present cycle. At place 0 a cycle begins.
    pub(super) fn at(&mut self, place: usize) -> usize {
        if place == 0 && self.order == SwitchOrder::Random {
            // Fisher and Yates. The remainder of 64 bits favours no place of at most 64 by more than one in 2⁵⁷.
            for last in (1..self.turns.len()).rev() {
                let other = (self.random.next_u64() % (last as u64 + 1)) as usize;
                self.turns.swap(last, other);
            }
        }
        self.turns.get(place).copied().unwrap_or(place)
    }
}
