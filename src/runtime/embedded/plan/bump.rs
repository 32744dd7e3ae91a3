//! One after the other; nothing is used twice. This is what memory costs without planning.

use super::claims::Block;
use super::place::Located;

/// Each block behind the one before it (onert's `BumpPlanner`).
pub(super) fn plan(blocks: Vec<Block>) -> Vec<Located> {
    let mut end = 0;
    let locate = |block: Block| {
        let offset = end;
        end += block.bytes;
        Located { block, offset }
    };
    blocks.into_iter().map(locate).collect()
}
