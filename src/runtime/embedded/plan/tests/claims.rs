//! What is refused, what takes nothing, and how low a planner could go.

use super::super::claims::MOST_CLAIMS;
use super::super::place::Placement;
use super::super::{PlanError, lower_bound, place};
use super::{PLANNERS, Planner, claim};

#[test]
fn without_a_planner_nothing_has_a_place() {
    assert_eq!(place(Planner::None, &[], 64), Err(PlanError::NoPlanner));
}

#[test]
fn nothing_to_place_needs_no_memory() {
    for planner in PLANNERS {
        assert_eq!(place(planner, &[], 64).unwrap(), Placement { offsets: Vec::new(), capacity: 0 });
    }
    assert_eq!(lower_bound(&[], 64).unwrap(), 0);
}

#[test]
fn empty_claims_take_nothing() {
    let claims = [claim(0, 0, 9), claim(10, 0, 9), claim(0, 3, 4), claim(7, 5, 5)];
    for planner in PLANNERS {
        let placement = place(planner, &claims, 1).unwrap();
        assert_eq!((placement.offsets[0], placement.offsets[2], placement.capacity), (0, 0, 17), "{planner:?}");
    }
}

#[test]
fn sizes_are_rounded_up_to_the_alignment() {
    let claims = [claim(1, 0, 1), claim(65, 1, 2), claim(64, 2, 2)];
    for planner in PLANNERS {
        let placement = place(planner, &claims, 64).unwrap();
        assert!(placement.offsets.iter().all(|offset| offset % 64 == 0), "{planner:?}: {placement:?}");
    }
    assert_eq!(place(Planner::Bump, &claims, 64).unwrap().capacity, 64 + 128 + 64);
    assert_eq!(lower_bound(&claims, 64).unwrap(), 128 + 64);
}

#[test]
fn an_alignment_is_a_power_of_two() {
    for alignment in [0, 3, 96] {
        assert_eq!(place(Planner::Wic, &[], alignment), Err(PlanError::Alignment(alignment)));
        assert_eq!(lower_bound(&[], alignment), Err(PlanError::Alignment(alignment)));
    }
}

#[test]
fn a_claim_does_not_end_before_it_begins() {
    let claims = [claim(1, 0, 0), claim(1, 3, 2)];
    let error = place(Planner::Bump, &claims, 1).unwrap_err();
    assert_eq!(error.to_string(), "claim 1 ends with step 2, before it begins with step 3");
}

#[test]
fn sizes_that_cannot_be_counted_are_refused() {
    let half = 1 << 63;
    for planner in PLANNERS {
        assert_eq!(place(planner, &[claim(u64::MAX, 0, 0)], 2), Err(PlanError::Overflow));
        assert_eq!(place(planner, &[claim(half, 0, 0), claim(half, 1, 1)], 1), Err(PlanError::Overflow));
        assert_eq!(place(planner, &[claim(u64::MAX, 0, 0)], 1).unwrap().capacity, u64::MAX);
    }
    assert_eq!(lower_bound(&[claim(half, 0, 0), claim(half, 0, 0)], 1), Err(PlanError::Overflow));
}

#[test]
fn steps_may_have_any_number() {
    let claims = [claim(3, 0, usize::MAX), claim(5, usize::MAX, usize::MAX), claim(9, 7, 7)];
    assert_eq!(lower_bound(&claims, 1).unwrap(), 12);
    for planner in [Planner::FirstFit, Planner::Wic, Planner::BestFit] {
        assert_eq!(place(planner, &claims, 1).unwrap().capacity, 12, "{planner:?}");
    }
}

#[test]
fn a_file_cannot_make_planning_endless() {
    let claims = vec![claim(1, 0, 0); MOST_CLAIMS + 1];
    let error = place(Planner::Wic, &claims, 1).unwrap_err();
    assert_eq!(error.to_string(), "32769 intermediate results are too many to plan; at most 32768 are");
}

#[test]
fn the_bound_counts_both_ends_of_a_lifetime() {
    // In step 2 the first claim is still read while the second is written.
    assert_eq!(lower_bound(&[claim(10, 0, 2), claim(20, 2, 4)], 1).unwrap(), 30);
    assert_eq!(lower_bound(&[claim(10, 0, 2), claim(20, 3, 4)], 1).unwrap(), 20);
}
