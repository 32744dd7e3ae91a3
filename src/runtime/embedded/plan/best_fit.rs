//! Largest first, into the smallest gap that fits between those that live at the same time.
//!
//! This is what TensorFlow Lite's `ArenaPlanner` and `SimpleMemoryArena` do, but for one defect. There a candidate is
//! measured from its aligned start, but remembered from the unaligned end of the block before it: the gap that is best so
//! far looks larger than it is, and loses to a later one of the same size. Here sizes are rounded beforehand, so that both
//! are measured from the aligned start and the lowest of equal gaps wins.

use std::cmp::Reverse;

use super::claims::Block;
use super::gaps::{Gap, Placed};
use super::place::Located;

/// Blocks that live from the first step to the last come first, as they are given, so that nothing lies below them that
/// comes and goes; then by size, ties by the step in which they begin.
pub(super) fn plan(mut blocks: Vec<Block>) -> Vec<Located> {
    let begin = blocks.iter().map(|block| block.first).min();
    let end = blocks.iter().map(|block| block.last).max();
    blocks.sort_by_key(|block| {
        let lives_throughout = Some(block.first) == begin && Some(block.last) == end;
        let order = (Reverse(block.requested), block.first);
        (!lives_throughout, (!lives_throughout).then_some(order))
    });
    let mut placed = Placed::default();
    for block in blocks {
        let offset = best(placed.gaps(&block), &block).start;
        placed.insert(block, offset);
    }
    placed.into_located()
}

/// The smallest gap that fits, and the lowest among equals. The endless one is larger than all others.
fn best(gaps: impl Iterator<Item = Gap>, block: &Block) -> Gap {
    gaps.filter(|gap| gap.fits(block)).min_by_key(|gap| gap.bytes.unwrap_or(u64::MAX)).expect("the last gap is endless")
}
