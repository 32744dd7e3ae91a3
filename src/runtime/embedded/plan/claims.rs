//! What is to be planned, checked once for all planners.

use super::error::PlanError;

/// The most claims that are planned. Planners compare every claim with every other; this many take a second or two.
/// Networks in use have hundreds of values, the largest some thousands; a file can name any number.
pub(super) const MOST_CLAIMS: usize = 32_768;

/// Memory that a value needs: so many bytes from the step that writes it to the last that reads it, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::runtime::embedded) struct Claim {
    /// Size of the value. Zero takes no memory and gets offset 0.
    pub(in crate::runtime::embedded) bytes: u64,
    /// Step that writes it.
    pub(in crate::runtime::embedded) first: usize,
    /// Last step that reads it, or that writes it where none reads it.
    pub(in crate::runtime::embedded) last: usize,
}

/// A claim of at least one byte, as planners see it.
///
/// The rounded sizes of all blocks together can be counted in 64 bits ([`blocks`] sees to that). Planners put a block at 0
/// or directly behind another, hence never beyond that sum, and their additions cannot overflow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Block {
    /// Position of the claim among all claims.
    pub(super) claim: usize,
    /// Size as claimed, by which planners order.
    pub(super) requested: u64,
    /// Size rounded up to the alignment, which is what the block takes.
    pub(super) bytes: u64,
    /// First step in which the block is in use.
    pub(super) first: usize,
    /// Last step in which the block is in use.
    pub(super) last: usize,
}

/// The claims that take memory, in the order in which they are given.
pub(super) fn blocks(claims: &[Claim], alignment: u64) -> Result<Vec<Block>, PlanError> {
    if !alignment.is_power_of_two() {
        return Err(PlanError::Alignment(alignment));
    }
    let mut blocks = Vec::new();
    let mut total = 0_u64;
    for (claim, &Claim { bytes: requested, first, last }) in claims.iter().enumerate() {
        if first > last {
            return Err(PlanError::Reversed { claim, first, last });
        }
        let bytes = requested.checked_next_multiple_of(alignment).ok_or(PlanError::Overflow)?;
        total = total.checked_add(bytes).ok_or(PlanError::Overflow)?;
        if bytes > 0 {
            blocks.push(Block { claim, requested, bytes, first, last });
        }
    }
    if blocks.len() > MOST_CLAIMS {
        return Err(PlanError::TooMany(blocks.len()));
    }
    Ok(blocks)
}

/// The least that any planner can reach: the largest sum, over all steps, of the rounded bytes that are in use in it.
///
/// No placement need reach it: places are fixed for a whole lifetime, and gaps between them may have the wrong sizes.
pub(in crate::runtime::embedded) fn lower_bound(claims: &[Claim], alignment: u64) -> Result<u64, PlanError> {
    let mut beginning = blocks(claims, alignment)?;
    let mut ending = beginning.clone();
    beginning.sort_unstable_by_key(|block| block.first);
    ending.sort_unstable_by_key(|block| block.last);
    let mut ending = ending.into_iter().peekable();
    let (mut in_use, mut most) = (0, 0);
    for block in beginning {
        // What ends before this step began earlier still, and has therefore been added before.
        while let Some(ended) = ending.next_if(|other| other.last < block.first) {
            in_use -= ended.bytes;
        }
        in_use += block.bytes;
        most = most.max(in_use);
    }
    Ok(most)
}
