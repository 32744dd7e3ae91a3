//! Small long-lived objects that move: creep on flat live bytes.

use std::collections::VecDeque;
use std::hint::black_box;

use super::memory::touched;

/// Bytes of one pin, as in a program that produced creep in ONNX Runtime: small against any model tensor. The second
/// size is for blocks from places that were 16 bytes too long: glibc leaves no remainder that small, so what it cuts off
/// afterwards is that much longer, and a pin of the first size would go elsewhere.
const PIN_BYTES: [usize; 2] = [96, 112];

/// What the block is too long by at first: glibc's chunk for a pin, which is a size field and the request in steps of 16.
const PIN_CHUNK: usize = 112;

/// A pin lies directly above the block if it begins within this distance: a size field, and rounding to 16 bytes.
const GAP: usize = 32;

/// Places that are tried for a pin, half of them for each size: glibc gives out the seven of a thread's cache before the
/// one that was freed when the cache was full.
const TRIES: usize = 32;

/// The pins alive, the oldest first.
pub(super) struct Pins {
    pins: VecDeque<Box<[u8]>>,
}

impl Pins {
    /// `count` pins beside each other, where they guard nothing yet.
    pub(super) fn new(count: u64) -> Self {
        Pins { pins: (0..count).map(|_| pin(PIN_BYTES[0])).collect() }
    }

    /// Takes a temporary block, places a new pin directly above it, gives up the oldest pin and frees the block.
    ///
    /// The hole that it leaves has the block's size, and the next block is a little larger when it is taken: it does not fit
    /// and comes from elsewhere. Blocks that are mapped leave no hole.
    pub(super) fn move_one(&mut self, bytes: usize) {
        let mut others = Vec::with_capacity(TRIES);
        let mut block = touched(bytes + PIN_CHUNK);
        // glibc shrinks in place and frees the end, where the next small block then goes.
        block.truncate(bytes);
        block.shrink_to_fit();
        let end = block.as_ptr().addr() + bytes;
        let is_above = |pin: &[u8]| (end..end + GAP).contains(&pin.as_ptr().addr());
        let mut placed = pin(PIN_BYTES[0]);
        while !is_above(&placed) && others.len() < TRIES {
            let next = pin(PIN_BYTES[(others.len() + 1) % 2]);
            others.push(std::mem::replace(&mut placed, next));
        }
        self.pins.push_back(placed);
        drop(self.pins.pop_front());
        drop(black_box(block));
    }
}

fn pin(bytes: usize) -> Box<[u8]> {
    black_box(vec![1u8; bytes].into_boxed_slice())
}

#[cfg(test)]
mod tests {
    use super::super::memory::lift_thresholds;
    use super::*;
    use crate::alone::{alone, passes_alone};

    const BLOCK: usize = 1 << 20;

    /// Moves after which the holes are filled that the heap had before: pins go there first, if they are large enough.
    const SETTLE: usize = 20;

    /// Addresses of the `count` youngest pins after 20 moves of a settled pool, in order.
    fn places(pool: u64, count: usize) -> Vec<usize> {
        lift_thresholds();
        let mut pins = Pins::new(pool);
        (0..SETTLE + 20).for_each(|_| pins.move_one(BLOCK));
        assert_eq!(pins.pins.len() as u64, pool);
        let mut places: Vec<_> = pins.pins.iter().rev().take(count).map(|pin| pin.as_ptr().addr()).collect();
        places.sort_unstable();
        places
    }

    /// Where a block goes depends on what else is in the heap, and other tests of this process use the same arenas.
    #[test]
    fn pins_lie_where_they_should() {
        for test in
            ["every_pin_guards_a_hole_of_its_own", "a_bounded_pool_goes_back_to_the_holes_of_the_pins_that_went"]
        {
            passes_alone(&mut alone(module_path!(), test));
        }
    }

    #[test]
    #[ignore = "`pins_lie_where_they_should` runs it in a process of its own"]
    fn every_pin_guards_a_hole_of_its_own() {
        let places = places(100, 20);
        assert!(places.windows(2).all(|pair| pair[1] - pair[0] > BLOCK), "{places:x?}");
    }

    #[test]
    #[ignore = "`pins_lie_where_they_should` runs it in a process of its own"]
    fn a_bounded_pool_goes_back_to_the_holes_of_the_pins_that_went() {
        let places = places(4, 4);
        assert!(places[3] - places[0] < 10 * BLOCK, "{places:x?}");
    }
}
