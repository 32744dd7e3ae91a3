//! One entrance to all planners.

use super::claims::{Block, Claim, blocks};
use super::error::PlanError;
use super::{best_fit, bump, first_fit, wic};
use crate::suite::Planner;

/// Where everything lies in one piece of memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::runtime::embedded) struct Placement {
    /// Offset of each claim, in the order of the claims: multiples of the alignment, 0 for claims of no bytes.
    pub(in crate::runtime::embedded) offsets: Vec<u64>,
    /// Size of the memory, a multiple of the alignment.
    pub(in crate::runtime::embedded) capacity: u64,
}

/// Gives every claim a place that is its own for as long as it lives.
///
/// [`Planner::None`] is an error: it means that results are allocated one by one, which is for the caller to do.
pub(in crate::runtime::embedded) fn place(
    planner: Planner,
    claims: &[Claim],
    alignment: u64,
) -> Result<Placement, PlanError> {
    let plan = match planner {
        Planner::None => return Err(PlanError::NoPlanner),
        Planner::Bump => bump::plan,
        Planner::FirstFit => first_fit::plan,
        Planner::Wic => wic::plan,
        Planner::BestFit => best_fit::plan,
    };
    let mut placement = Placement { offsets: vec![0; claims.len()], capacity: 0 };
    for Located { block, offset } in plan(blocks(claims, alignment)?) {
        placement.offsets[block.claim] = offset;
        placement.capacity = placement.capacity.max(offset + block.bytes);
    }
    Ok(placement)
}

/// A block that has its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Located {
    /// The block.
    pub(super) block: Block,
    /// Where it begins.
    pub(super) offset: u64,
}

impl Located {
    /// Where the block ends.
    pub(super) fn end(&self) -> u64 {
        self.offset + self.block.bytes
    }
}
