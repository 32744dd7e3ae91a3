//! Laws that hold for every placement.

use proptest::prelude::*;

use super::super::{Claim, lower_bound, place};
use super::{PLANNERS, Planner};

/// Sizes around alignments, steps close enough together to overlap.
fn claims() -> impl Strategy<Value = Vec<Claim>> {
    let bytes = prop_oneof![1 => Just(0u64), 4 => 1u64..300, 2 => 1u64..100_000, 1 => (1u64..9).prop_map(|n| n * 64)];
    let claim = (bytes, 0usize..40, prop_oneof![4 => 0usize..6, 1 => 0usize..40]);
    let claim = claim.prop_map(|(bytes, first, steps)| Claim { bytes, first, last: first + steps });
    prop::collection::vec(claim, 0..60)
}

fn alignments() -> impl Strategy<Value = u64> {
    (0u32..8).prop_map(|power| 1 << power)
}

/// Some step in which more is in use than in any other, found without sorting.
fn most_in_use(claims: &[Claim], alignment: u64) -> u64 {
    let in_use = |step: usize| {
        let alive = claims.iter().filter(|claim| (claim.first..=claim.last).contains(&step));
        alive.map(|claim| claim.bytes.next_multiple_of(alignment)).sum::<u64>()
    };
    claims.iter().map(|claim| in_use(claim.first)).max().unwrap_or(0)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_lives_together_lies_apart(claims in claims(), alignment in alignments()) {
        for planner in PLANNERS {
            let placement = place(planner, &claims, alignment).unwrap();
            for (i, one) in claims.iter().enumerate() {
                let (start, end) = (placement.offsets[i], placement.offsets[i] + one.bytes);
                prop_assert!(start % alignment == 0 && end <= placement.capacity, "{:?}: {:?}", planner, placement);
                for (j, other) in claims.iter().enumerate().skip(i + 1) {
                    let together = one.first <= other.last && other.first <= one.last;
                    let (begin, stop) = (placement.offsets[j], placement.offsets[j] + other.bytes);
                    let overlap = start < stop && begin < end && one.bytes > 0 && other.bytes > 0;
                    prop_assert!(!(together && overlap), "{:?}: claims {} and {} of {:?}", planner, i, j, placement);
                }
            }
        }
    }

    #[test]
    fn capacities_lie_between_the_bound_and_the_sum(claims in claims(), alignment in alignments()) {
        let bound = lower_bound(&claims, alignment).unwrap();
        prop_assert_eq!(bound, most_in_use(&claims, alignment));
        let sum: u64 = claims.iter().map(|claim| claim.bytes.next_multiple_of(alignment)).sum();
        for planner in PLANNERS {
            let capacity = place(planner, &claims, alignment).unwrap().capacity;
            prop_assert!((bound..=sum).contains(&capacity), "{:?}: {} of {}..={}", planner, capacity, bound, sum);
        }
        prop_assert_eq!(place(Planner::Bump, &claims, alignment).unwrap().capacity, sum);
    }

    #[test]
    fn sizes_of_whole_alignments_are_placed_as_their_multiples(claims in claims()) {
        let larger: Vec<_> = claims.iter().map(|claim| Claim { bytes: claim.bytes * 64, ..*claim }).collect();
        for planner in PLANNERS {
            let (small, large) = (place(planner, &claims, 1).unwrap(), place(planner, &larger, 64).unwrap());
            prop_assert_eq!(small.offsets.iter().map(|offset| offset * 64).collect::<Vec<_>>(), large.offsets);
            prop_assert_eq!(small.capacity * 64, large.capacity);
        }
    }
}
