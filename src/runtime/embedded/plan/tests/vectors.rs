//! The test vectors of onert, whose planners are told of claims and releases in the order of execution.

use super::{Claim, Planner, placed};

/// What onert's planners are told.
enum Event {
    /// The next operand, so many bytes.
    Claim(u64),
    /// An operand by its number.
    Release(usize),
}

use Event::{Claim as Claims, Release};

/// Each event is a step; what is never released lives to the last.
fn lifetimes(events: &[Event]) -> Vec<Claim> {
    let mut claims = Vec::new();
    for (step, event) in events.iter().enumerate() {
        match event {
            Claims(bytes) => claims.push(Claim { bytes: *bytes, first: step, last: events.len() }),
            Release(operand) => claims[*operand].last = step,
        }
    }
    claims
}

fn colouring() -> Vec<Claim> {
    lifetimes(&[
        Claims(20),
        Claims(5),
        Release(0),
        Claims(10),
        Release(1),
        Claims(10),
        Release(2),
        Claims(10),
        Release(3),
        Claims(20),
        Release(4),
        Claims(20),
    ])
}

#[test]
fn colouring_reuses_what_its_vector_says() {
    let placement = placed(Planner::Wic, &colouring());
    assert_eq!(placement.offsets, [0, 20, 0, 10, 20, 0, 20]);
    assert_eq!(placement.capacity, 40);
}

#[test]
fn the_vector_of_colouring_costs_the_other_planners_more() {
    let capacity = |planner| placed(planner, &colouring()).capacity;
    assert_eq!((capacity(Planner::FirstFit), capacity(Planner::Bump)), (50, 95));
}

#[test]
fn first_fit_places_what_its_vector_says() {
    let claims = lifetimes(&[
        Claims(10),
        Claims(20),
        Claims(30),
        Release(0),
        Claims(20),
        Claims(5),
        Claims(10),
        Claims(5),
        Release(2),
        Claims(35),
        Claims(10),
        Release(4),
        Claims(10),
        Claims(10),
    ]);
    let placement = placed(Planner::FirstFit, &claims);
    assert_eq!(placement.offsets, [0, 10, 30, 60, 0, 80, 5, 90, 30, 40, 50]);
    assert_eq!(placement.capacity, 125);
}

#[test]
fn bump_places_one_after_the_other() {
    let placement = placed(Planner::Bump, &colouring());
    assert_eq!(placement.offsets, [0, 20, 25, 35, 45, 55, 75]);
}

#[test]
fn first_fit_goes_by_when_claims_begin_and_not_by_how_they_are_listed() {
    let listed = [Claim { bytes: 10, first: 1, last: 1 }, Claim { bytes: 20, first: 0, last: 1 }];
    assert_eq!(placed(Planner::FirstFit, &listed).offsets, [20, 0]);
}
