//! What happens to large blocks in one step, on a clock that counts events.
//!
//! DeepRec asks for the time of day, so that two events may fall on the same microsecond and the clock may step back. Here
//! every event has a number of its own, and each step begins at 0. Nothing is written into the blocks themselves: they are
//! found again by their address.

use std::io;

use super::table::Table;

/// Lifetimes that are remembered of one step; what goes beyond is not learned. DeepRec's largest graphs have some thousands
/// of large tensors.
const LIFETIMES: usize = 8192;

/// Slots of the index by address. Twice as many as lifetimes keep its chains short.
const SLOTS: usize = 2 * LIFETIMES;

/// The end of a block that has not been freed.
const NEVER: u64 = u64::MAX;

/// A block from its allocation to its release, in events since the step began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lifetime {
    /// When it was allocated.
    pub(super) begin: u64,
    /// When it was freed.
    pub(super) end: u64,
    /// Bytes that were asked for, the largest number where it was resized.
    pub(super) size: u64,
    /// Its alignment.
    pub(super) alignment: u64,
}

impl Lifetime {
    /// Whether both are alive at the same time.
    pub(super) fn overlaps(&self, other: &Lifetime) -> bool {
        self.begin < other.end && other.begin < self.end
    }

    /// Whether it ended within its step.
    pub(super) fn is_over(&self) -> bool {
        self.end != NEVER
    }
}

/// The lifetimes of one step.
pub(super) struct Record {
    lifetimes: Table<Lifetime>,
    /// The address of each lifetime's block.
    addresses: Table<usize>,
    /// By hashed address the number of the latest lifetime there and one more; 0 for none.
    index: Table<u32>,
    clock: u64,
    /// Blocks for which there was no room.
    unseen: u64,
}

impl Record {
    /// An empty record.
    pub(super) fn new() -> io::Result<Record> {
        let mut index = Table::with_capacity(SLOTS)?;
        while index.push(0).is_ok() {}
        let lifetimes = Table::with_capacity(LIFETIMES)?;
        Ok(Record { lifetimes, addresses: Table::with_capacity(LIFETIMES)?, index, clock: 0, unseen: 0 })
    }

    /// A step begins: all that was recorded is forgotten.
    pub(super) fn start(&mut self) {
        self.lifetimes.clear();
        self.addresses.clear();
        self.index.fill(0);
        self.clock = 0;
        self.unseen = 0;
    }

    /// A block was allocated.
    pub(super) fn allocated(&mut self, address: usize, size: usize, alignment: usize) {
        let lifetime = Lifetime { begin: self.tick(), end: NEVER, size: size as u64, alignment: alignment as u64 };
        if self.lifetimes.push(lifetime).is_err() || self.addresses.push(address).is_err() {
            self.unseen += 1;
            return;
        }
        let number = self.lifetimes.len() as u32;
        let slot = self.slot_of(address);
        if let Some(entry) = self.index.get_mut(slot) {
            *entry = number;
        }
    }

    /// A block was freed. One that is older than the step is none of its lifetimes.
    pub(super) fn freed(&mut self, address: usize) {
        if self.living(address).is_some() {
            let now = self.tick();
            if let Some(lifetime) = self.living(address) {
                lifetime.end = now;
            }
        }
    }

    /// A block was resized where it lies.
    pub(super) fn resized(&mut self, address: usize, size: usize) {
        if let Some(lifetime) = self.living(address) {
            lifetime.size = lifetime.size.max(size as u64);
        }
    }

    /// The lifetimes of the step, in no order that matters: what learns from them may sort them.
    pub(super) fn lifetimes(&mut self) -> &mut [Lifetime] {
        &mut self.lifetimes
    }

    /// Whether there was no room for some block.
    pub(super) fn is_incomplete(&self) -> bool {
        self.unseen > 0
    }

    fn tick(&mut self) -> u64 {
        let now = self.clock;
        self.clock += 1;
        now
    }

    /// The lifetime of the block that now lies at `address`.
    fn living(&mut self, address: usize) -> Option<&mut Lifetime> {
        let number = *self.index.get(self.slot_of(address))?;
        let lifetime = self.lifetimes.get_mut((number as usize).checked_sub(1)?)?;
        (!lifetime.is_over()).then_some(lifetime)
    }

    /// The slot of `address`: where it is, or else where it belongs. No slot is ever emptied within a step, since an address
    /// that comes again takes the slot that it had; and there are more slots than lifetimes, so that the search ends.
    fn slot_of(&self, address: usize) -> usize {
        // Fibonacci hashing: the upper bits of a product with 2^64 divided by the golden ratio (Knuth, TAOCP 3, 6.4).
        let hash = (address as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mut slot = (hash >> 32) as usize % SLOTS;
        while let Some(number) = self.index.get(slot).and_then(|number| (*number as usize).checked_sub(1)) {
            if self.addresses.get(number) == Some(&address) {
                break;
            }
            slot = (slot + 1) % SLOTS;
        }
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lifetimes_are_told_in_events_since_the_step_began() {
        let mut record = Record::new().unwrap();
        for _ in 0..2 {
            record.start();
            record.allocated(0x1000, 40_000, 64);
            record.freed(0x9000);
            record.allocated(0x2000, 50_000, 16);
            record.freed(0x1000);
            record.allocated(0x1000, 60_000, 16);
            record.resized(0x1000, 61_000);
            record.freed(0x2000);
            let told: Vec<_> = record.lifetimes().iter().map(|l| (l.begin, l.end, l.size)).collect();
            assert_eq!(told, [(0, 2, 40_000), (1, 4, 50_000), (3, NEVER, 61_000)]);
        }
    }

    #[test]
    fn a_block_that_is_freed_twice_or_never_was_ends_nothing() {
        let mut record = Record::new().unwrap();
        record.start();
        record.allocated(0x1000, 40_000, 16);
        record.freed(0x1000);
        record.freed(0x1000);
        record.freed(0x2000);
        assert_eq!(record.lifetimes()[0].end, 1);
    }

    /// Planted: more blocks than there is room for, at addresses of one and the same slot and of all slots.
    #[test]
    fn a_step_beyond_all_measure_is_incomplete_and_nothing_worse() {
        for stride in [4096, 1 << 33] {
            let mut record = Record::new().unwrap();
            record.start();
            (1..=LIFETIMES + 10).for_each(|number| record.allocated(number * stride, 40_000, 16));
            (1..=LIFETIMES + 10).for_each(|number| record.freed(number * stride));
            assert!(record.is_incomplete());
            assert!(record.lifetimes().iter().all(Lifetime::is_over));
            record.start();
            assert!(!record.is_incomplete() && record.lifetimes().is_empty());
        }
    }
}
