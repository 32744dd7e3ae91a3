//! Gaps between blocks that live at the same time, for planners that do not go along the execution.

use super::claims::Block;
use super::place::Located;

/// Blocks that have been placed, by offset.
#[derive(Default)]
pub(super) struct Placed {
    located: Vec<Located>,
}

/// Room between two blocks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gap {
    /// Where it begins.
    pub(super) start: u64,
    /// Its size; endless behind the last block.
    pub(super) bytes: Option<u64>,
}

impl Gap {
    /// Whether a block has room in it.
    pub(super) fn fits(&self, block: &Block) -> bool {
        self.bytes.is_none_or(|bytes| bytes >= block.bytes)
    }
}

impl Placed {
    /// The room that blocks which live together with this one leave, by offset. The last gap is endless.
    pub(super) fn gaps<'a>(&'a self, block: &'a Block) -> Gaps<'a> {
        Gaps { block, others: self.located.iter(), start: 0, is_over: false }
    }

    /// Takes a place.
    pub(super) fn insert(&mut self, block: Block, offset: u64) {
        let position = self.located.partition_point(|other| other.offset <= offset);
        self.located.insert(position, Located { block, offset });
    }

    /// All blocks with their places.
    pub(super) fn into_located(self) -> Vec<Located> {
        self.located
    }
}

/// See [`Placed::gaps`].
pub(super) struct Gaps<'a> {
    block: &'a Block,
    /// Blocks that have not been looked at.
    others: std::slice::Iter<'a, Located>,
    /// Where the next gap would begin: behind all blocks so far that live together with this one. They need not live
    /// together with each other, so that the last of them is not always the one that ends last.
    start: u64,
    is_over: bool,
}

impl Iterator for Gaps<'_> {
    type Item = Gap;

    fn next(&mut self) -> Option<Gap> {
        for other in self.others.by_ref().filter(|other| lives_together(self.block, &other.block)) {
            let gap = Gap { start: self.start, bytes: Some(other.offset.saturating_sub(self.start)) };
            self.start = self.start.max(other.end());
            if gap.bytes != Some(0) {
                return Some(gap);
            }
        }
        let endless = Gap { start: self.start, bytes: None };
        (!std::mem::replace(&mut self.is_over, true)).then_some(endless)
    }
}

fn lives_together(one: &Block, other: &Block) -> bool {
    one.first <= other.last && other.first <= one.last
}
