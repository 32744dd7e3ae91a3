//! Blocks that move into places which are a little too long: glibc's count rises on flat live bytes.

use std::collections::VecDeque;
use std::hint::black_box;

/// Moves at most: so many places that are too long.
const PLACES: usize = 2500;

/// Bytes of a block that moves: its chunk of 1056 bytes is too long for thread caches.
const BLOCK: usize = 1048;

/// Bytes of what lay in a place. glibc leaves no remainder of 16 bytes, so a block that moves there gets all of it.
const PLACE: usize = BLOCK + 16;

/// Bytes of what keeps places from growing together.
const GUARD: usize = 1096;

/// Bytes beside a block that are free already, so that what it leaves is no place for the next one.
const SPACER: usize = 1192;

/// The blocks that move, the next one first, and what stands between them.
pub(super) struct Rounding {
    blocks: VecDeque<Vec<u8>>,
    _guards: Vec<Vec<u8>>,
}

impl Rounding {
    pub(super) fn new() -> Self {
        let (mut blocks, mut guards) = (VecDeque::with_capacity(PLACES), Vec::with_capacity(2 * PLACES));
        let mut free = Vec::with_capacity(2 * PLACES);
        for _ in 0..PLACES {
            free.push(block(PLACE));
            guards.push(block(GUARD));
            blocks.push_back(block(BLOCK));
            free.push(block(SPACER));
            guards.push(block(GUARD));
        }
        Rounding { blocks, _guards: guards }
    }

    /// Moves so many blocks: the program holds as many as before, and of the same size.
    pub(super) fn move_blocks(&mut self, count: u64) {
        for _ in 0..count {
            let moved = block(BLOCK);
            drop(self.blocks.pop_front());
            self.blocks.push_back(moved);
        }
    }
}

fn block(bytes: usize) -> Vec<u8> {
    black_box(Vec::with_capacity(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alone::{alone, passes_alone};
    use crate::arm::{LiveCounter, in_force};

    /// Other tests of this process would take the places.
    #[test]
    fn blocks_move_into_places_that_are_too_long() {
        passes_alone(&mut alone(module_path!(), "glibc_counts_16_bytes_more_for_each_block_that_moved"));
    }

    #[test]
    #[ignore = "`blocks_move_into_places_that_are_too_long` runs it in a process of its own"]
    fn glibc_counts_16_bytes_more_for_each_block_that_moved() {
        let counter = LiveCounter::detect(&in_force());
        let mut rounding = Rounding::new();
        let read = || counter.read().live.unwrap();
        let before = read();
        rounding.move_blocks(1000);
        assert_eq!(read() - before, 16_000);
    }
}
