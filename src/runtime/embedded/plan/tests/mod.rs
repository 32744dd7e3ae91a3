//! Placements worked by hand, and laws that hold for all.

mod best_fit;
mod claims;
mod execution;
mod properties;
mod random;
mod sharing;
mod vectors;

use super::place::Placement;
use super::{Claim, place};
use crate::suite::Planner;

/// Those that give places.
const PLANNERS: [Planner; 4] = [Planner::Bump, Planner::FirstFit, Planner::Wic, Planner::BestFit];

fn claim(bytes: u64, first: usize, last: usize) -> Claim {
    Claim { bytes, first, last }
}

fn placed(planner: Planner, claims: &[Claim]) -> Placement {
    place(planner, claims, 1).unwrap()
}
