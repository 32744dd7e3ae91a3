//! Placements of TensorFlow Lite's `ArenaPlanner`, worked by hand.

use super::{Planner, claim, place, placed};

#[test]
fn the_smallest_gap_is_taken_and_not_the_first() {
    // What lives in steps 0 and 1 leaves a gap of 45 bytes at 50 and one of 30 at 135.
    let claims = [
        claim(50, 0, 3),
        claim(45, 0, 1),
        claim(40, 0, 3),
        claim(30, 0, 1),
        claim(20, 0, 3),
        claim(10, 2, 4), // The last.
    ];
    let best = placed(Planner::BestFit, &claims);
    assert_eq!(best.offsets, [0, 50, 95, 135, 165, 135]);
    assert_eq!(best.capacity, 185);
    let first = placed(Planner::Wic, &claims);
    assert_eq!(first.offsets, [0, 50, 95, 135, 165, 50]);
}

#[test]
fn what_lives_throughout_comes_first_as_it_is_given() {
    let claims = [claim(100, 1, 2), claim(10, 0, 3), claim(20, 0, 3), claim(70, 0, 1)];
    // Then by size: the claim of 100 bytes, and that of 70, which lives together with it.
    assert_eq!(placed(Planner::BestFit, &claims).offsets, [30, 0, 10, 130]);
    assert_eq!(placed(Planner::Wic, &claims).offsets, [0, 190, 170, 100]);
}

#[test]
fn of_equal_sizes_the_one_that_begins_first_comes_first() {
    let claims = [claim(10, 2, 3), claim(10, 1, 2)];
    assert_eq!(placed(Planner::BestFit, &claims).offsets, [10, 0]);
}

#[test]
fn a_chain_of_layers_takes_turns_with_two_places() {
    let claims = [claim(8, 0, 1), claim(16, 1, 2), claim(8, 2, 3), claim(4, 3, 4), claim(12, 4, 5)];
    // 16 at 0; 12 lives apart from it: 0; the first 8 and the third lie behind 16; 4 lies behind 12 and fits below 16.
    let placement = placed(Planner::BestFit, &claims);
    assert_eq!(placement.offsets, [16, 0, 16, 12, 0]);
    assert_eq!(placement.capacity, 24);
}

#[test]
fn the_lowest_of_equal_gaps_wins_whatever_the_sizes_before_them() {
    // All are rounded to 192 bytes, and both gaps are of 192 bytes. Measured from 190, where the first claim ends, the
    // first gap would look like one of 194 bytes, and the second would be taken.
    let claims = [
        claim(190, 0, 3),
        claim(180, 0, 1),
        claim(150, 0, 3),
        claim(140, 0, 1),
        claim(130, 0, 3),
        claim(64, 2, 4), // The last.
    ];
    let placement = place(Planner::BestFit, &claims, 64).unwrap();
    assert_eq!(placement.offsets, [0, 192, 384, 576, 768, 192]);
    assert_eq!(placement.capacity, 960);
}

#[test]
fn claims_that_overlap_in_space_leave_the_gaps_that_both_leave() {
    // The first two lie above each other at 0. The third lives with both, and so begins where the larger ends.
    let claims = [claim(30, 0, 0), claim(20, 1, 1), claim(10, 0, 1), claim(5, 1, 2)];
    let placement = placed(Planner::BestFit, &claims);
    assert_eq!(placement.offsets, [0, 0, 30, 20]);
    assert_eq!(placement.capacity, 40);
}
