//! Largest first, into the first gap between those that live at the same time: colouring of weighted intervals.
//!
//! Large blocks find their places while there is room, and small ones fill what is left. Over random graphs this comes
//! within two per cent of the lower bound, which going along the execution misses by fifteen.

use std::cmp::Reverse;

use super::claims::Block;
use super::gaps::Placed;
use super::place::Located;

/// By size; ties in the order in which blocks begin, then in which they are given (onert's `WICPlanner`, which is told of
/// blocks in the order of execution).
pub(super) fn plan(mut blocks: Vec<Block>) -> Vec<Located> {
    blocks.sort_by_key(|block| (Reverse(block.requested), block.first));
    let mut placed = Placed::default();
    for block in blocks {
        let gap = placed.gaps(&block).find(|gap| gap.fits(&block)).expect("the last gap is endless");
        placed.insert(block, gap.start);
    }
    placed.into_located()
}
