//! Along the execution: each block into the first gap between those that are in use when it begins.
//!
//! It looks back only, as an allocator does; what it places early may lie in the way of something large later.

use std::collections::{BTreeMap, BTreeSet};

use super::claims::Block;
use super::place::Located;

/// In the order in which blocks begin; ties in the order in which they are given (onert's `FirstFitPlanner`).
pub(super) fn plan(mut blocks: Vec<Block>) -> Vec<Located> {
    blocks.sort_by_key(|block| block.first);
    let mut in_use = InUse::default();
    let mut located = Vec::with_capacity(blocks.len());
    for block in blocks {
        in_use.release_before(block.first);
        let offset = in_use.first_gap(block.bytes);
        let block = Located { block, offset };
        in_use.claim(&block);
        located.push(block);
    }
    located
}

/// The blocks that are in use at one step.
#[derive(Default)]
struct InUse {
    /// Ends by offset. Blocks that are in use together do not overlap, so that the ends rise as well.
    ends: BTreeMap<u64, u64>,
    /// Last step and offset, earliest step first.
    until: BTreeSet<(usize, u64)>,
}

impl InUse {
    /// Forgets blocks whose last step lies before this one.
    fn release_before(&mut self, step: usize) {
        while let Some(&(last, offset)) = self.until.first()
            && last < step
        {
            self.until.pop_first();
            self.ends.remove(&offset);
        }
    }

    /// Where the first gap of this size begins; behind all if there is none.
    fn first_gap(&self, bytes: u64) -> u64 {
        let mut start = 0;
        for (&offset, &end) in &self.ends {
            if offset - start >= bytes {
                break;
            }
            start = end;
        }
        start
    }

    fn claim(&mut self, located: &Located) {
        self.ends.insert(located.offset, located.end());
        self.until.insert((located.block.last, located.offset));
    }
}
