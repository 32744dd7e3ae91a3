//! Blocks by size, and who may borrow whose: the one piece of code that hands blocks out, both when a plan is tried and
//! when it serves.
//!
//! A bin is the blocks of one size. A request takes a free block of its own bin, otherwise one of a larger bin that the
//! plan allows it to borrow from. Allowances are counted for each pair of bins: a bin lends no more at once than it did
//! while the plan was learned, so that what it needs itself is still there.

use std::io;
use std::ops::Range;

use super::table::{Full, Table};

/// Blocks that a plan may have.
const BLOCKS: usize = 2048;

/// Pairs of bins that may lend.
const LENDINGS: usize = 4096;

/// The least alignment that every block has: sizes are multiples of it, and so are places.
pub(super) const PAGE: u64 = 4096;

/// A block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Block {
    /// Its size, which names its bin.
    pub(super) size: u64,
    /// The alignment of its place.
    pub(super) alignment: u64,
    /// Bytes that were asked for; 0 while it is free.
    pub(super) used: u64,
    /// The bin that borrowed it; its own where it is not lent.
    pub(super) user: u64,
}

/// What one bin may borrow of another.
#[derive(Debug, Clone, Copy)]
struct Lending {
    borrower: u64,
    lender: u64,
    limit: u32,
    lent: u32,
}

/// What [`Shelves::take`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Taken {
    /// The block of this number.
    Block(usize),
    /// There are free blocks, but at places of too little alignment.
    Misaligned,
    /// Nothing.
    Nothing,
}

/// The blocks of a plan, smallest first.
pub(super) struct Shelves {
    interval: u64,
    blocks: Table<Block>,
    lendings: Table<Lending>,
}

impl Shelves {
    /// No blocks yet; sizes will be multiples of `interval`, which is itself one of [`PAGE`].
    pub(super) fn new(interval: u64) -> io::Result<Shelves> {
        let (blocks, lendings) = (Table::with_capacity(BLOCKS)?, Table::with_capacity(LENDINGS)?);
        Ok(Shelves { interval, blocks, lendings })
    }

    /// The bin of a request.
    pub(super) fn bin_of(&self, size: u64) -> u64 {
        size.checked_next_multiple_of(self.interval).unwrap_or(u64::MAX)
    }

    /// The blocks, smallest first.
    pub(super) fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// Bytes of all blocks.
    pub(super) fn total(&self) -> u64 {
        self.blocks.iter().fold(0, |total, block| total.saturating_add(block.size))
    }

    /// The numbers of the blocks of one bin.
    pub(super) fn bin(&self, size: u64) -> Range<usize> {
        let begin = self.blocks.partition_point(|block| block.size < size);
        begin..self.blocks.partition_point(|block| block.size <= size)
    }

    /// Adds a free block, aligned as its bin is, and gives its number. Blocks behind it move one on.
    pub(super) fn add(&mut self, size: u64) -> Result<usize, Full> {
        let bin = self.bin(size);
        let alignment =
            self.blocks.get(bin.start).filter(|block| block.size == size).map_or(PAGE, |block| block.alignment);
        self.blocks.insert(bin.end, Block { size, alignment, used: 0, user: size })?;
        Ok(bin.end)
    }

    /// Has every block of one bin lie at multiples of `alignment` at least.
    pub(super) fn align(&mut self, bin: u64, alignment: u64) {
        let range = self.bin(bin);
        for block in self.blocks.get_mut(range).into_iter().flatten() {
            block.alignment = block.alignment.max(alignment);
        }
    }

    /// Has `borrower` be allowed `limit` blocks of `lender` at once, unless it is allowed more already.
    pub(super) fn allow(&mut self, borrower: u64, lender: u64, limit: u32) -> Result<(), Full> {
        let place = self.lendings.partition_point(|l| (l.borrower, l.lender) < (borrower, lender));
        match self.lendings.get_mut(place) {
            Some(lending) if (lending.borrower, lending.lender) == (borrower, lender) => {
                lending.limit = lending.limit.max(limit);
                Ok(())
            }
            _ => self.lendings.insert(place, Lending { borrower, lender, limit, lent: 0 }),
        }
    }

    /// Takes a block for a request.
    pub(super) fn take(&mut self, size: u64, alignment: u64) -> Taken {
        let bin = self.bin_of(size);
        let own = self.bin(bin);
        let mut found = self.find_free(own, alignment);
        if !matches!(found, Taken::Block(_)) {
            let begin = self.lendings.partition_point(|lending| lending.borrower < bin);
            let lenders = self.lendings.iter().enumerate().skip(begin);
            for (place, lending) in lenders.take_while(|(_, lending)| lending.borrower == bin) {
                if lending.lent >= lending.limit {
                    continue;
                }
                match self.find_free(self.bin(lending.lender), alignment) {
                    Taken::Nothing => {}
                    Taken::Misaligned => found = Taken::Misaligned,
                    block => {
                        found = block;
                        if let Some(lending) = self.lendings.get_mut(place) {
                            lending.lent += 1;
                        }
                        break;
                    }
                }
            }
        }
        if let Taken::Block(number) = found
            && let Some(block) = self.blocks.get_mut(number)
        {
            (block.used, block.user) = (size.max(1), bin);
        }
        found
    }

    /// Puts a block back.
    pub(super) fn put(&mut self, number: usize) {
        let Some(block) = self.blocks.get_mut(number) else { return };
        let (borrower, lender) = (block.user, block.size);
        (block.used, block.user) = (0, lender);
        if borrower != lender {
            let place = self.lendings.partition_point(|l| (l.borrower, l.lender) < (borrower, lender));
            if let Some(lending) = self.lendings.get_mut(place) {
                lending.lent = lending.lent.saturating_sub(1);
            }
        }
    }

    /// Changes how many bytes of a block are used, if it has as many.
    pub(super) fn resize(&mut self, number: usize, size: u64) -> bool {
        match self.blocks.get_mut(number) {
            Some(block) if size <= block.size => {
                block.used = size.max(1);
                true
            }
            _ => false,
        }
    }

    /// Puts all blocks back.
    pub(super) fn put_all(&mut self) {
        for block in self.blocks.iter_mut() {
            (block.used, block.user) = (0, block.size);
        }
        for lending in self.lendings.iter_mut() {
            lending.lent = 0;
        }
    }

    fn find_free(&self, bin: Range<usize>, alignment: u64) -> Taken {
        let mut found = Taken::Nothing;
        let begin = bin.start;
        for (offset, block) in self.blocks.get(bin).into_iter().flatten().enumerate() {
            match block.used {
                0 if block.alignment >= alignment => return Taken::Block(begin + offset),
                0 => found = Taken::Misaligned,
                _ => {}
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: u64 = 36 << 10;
    const LARGE: u64 = 1 << 20;

    fn shelves() -> Shelves {
        let mut shelves = Shelves::new(PAGE).unwrap();
        for size in [LARGE, SMALL, LARGE] {
            shelves.add(size).unwrap();
        }
        shelves
    }

    #[test]
    fn a_bin_lends_what_it_is_allowed_to_and_no_more() {
        let mut shelves = shelves();
        assert_eq!(shelves.take(SMALL, 16), Taken::Block(0));
        assert_eq!(shelves.take(SMALL, 16), Taken::Nothing, "nothing is allowed yet");
        shelves.allow(SMALL, LARGE, 1).unwrap();
        assert_eq!(shelves.take(SMALL - 1, 16), Taken::Block(1));
        assert_eq!(shelves.take(SMALL, 16), Taken::Nothing);
        assert_eq!(shelves.take(LARGE, 16), Taken::Block(2));
        shelves.put(1);
        assert_eq!(shelves.take(SMALL, 16), Taken::Block(1));
    }

    #[test]
    fn an_alignment_that_no_place_has_is_told() {
        let mut shelves = shelves();
        assert_eq!(shelves.take(LARGE, 2 * PAGE), Taken::Misaligned);
        shelves.align(LARGE, 2 * PAGE);
        assert_eq!(shelves.take(LARGE, 2 * PAGE), Taken::Block(1));
    }

    #[test]
    fn a_size_beyond_all_memory_finds_nothing() {
        let mut shelves = shelves();
        assert_eq!(shelves.take(u64::MAX, 16), Taken::Nothing);
    }
}
