//! Planned graphs are executed on marked memory: whoever reads a value must find it whole.

use proptest::prelude::*;
use proptest::sample::Index;

use super::super::place::Placement;
use super::super::sharing::Shared;
use super::super::{Lifetime, Sharing, Step, Value, place, share};
use super::PLANNERS;
use crate::runtime::embedded::tensor::Element;

/// A graph whose first value comes from outside.
fn graphs() -> impl Strategy<Value = (Vec<Step>, Vec<Value>)> {
    let sharing = prop_oneof![1 => Just(Sharing::Never), 1 => Just(Sharing::Alias), 2 => Just(Sharing::InPlace)];
    let lifetime = prop_oneof![
        8 => Just(Lifetime::Planned),
        1 => Just(Lifetime::Kept),
        1 => Just(Lifetime::Elsewhere),
    ];
    let bytes = prop_oneof![1 => Just(0u64), 1 => Just(4u64), 6 => Just(40u64), 2 => 5u64..100];
    let value = (bytes, lifetime);
    let step = (sharing, prop::collection::vec(any::<Index>(), 1..4), prop::collection::vec(value, 1..3));
    prop::collection::vec(step, 1..30).prop_map(|plans| {
        let value = |(bytes, lifetime)| Value { bytes, element: Element::F32, lifetime };
        let mut values = vec![value((40, Lifetime::Elsewhere))];
        let mut steps = Vec::new();
        for (sharing, picks, results) in plans {
            // Late values are picked as often as all others together, so that there are chains.
            let late = values.len().saturating_sub(4);
            let pick = |(turn, pick): (usize, &Index)| match turn % 2 {
                0 => late + pick.index(values.len() - late),
                _ => pick.index(values.len()),
            };
            let inputs = picks.iter().enumerate().map(pick).collect();
            let outputs = (values.len()..values.len() + results.len()).collect();
            steps.push(Step { inputs, outputs, sharing });
            values.extend(results.into_iter().map(value));
        }
        (steps, values)
    })
}

/// Memory in which every byte says whose it is.
struct Memory<'a> {
    bytes: Vec<usize>,
    values: &'a [Value],
    shared: &'a Shared,
    placement: &'a Placement,
    /// What each value holds: its own number, or that of the value it is a view of.
    contents: Vec<usize>,
}

impl Memory<'_> {
    fn range(&self, value: usize) -> Option<std::ops::Range<usize>> {
        let start = self.placement.offsets[self.shared.claim_of[value]?] as usize;
        Some(start..start + self.values[value].bytes as usize)
    }

    fn is_whole(&self, value: usize) -> bool {
        self.range(value).is_none_or(|range| self.bytes[range].iter().all(|mark| *mark == self.contents[value]))
    }

    fn execute(&mut self, step: &Step, shares: bool) {
        for (position, &output) in step.outputs.iter().enumerate() {
            if position == 0 && shares && step.sharing == Sharing::Alias {
                // Nothing is moved.
                self.contents[output] = self.contents[step.inputs[0]];
            } else if let Some(range) = self.range(output) {
                self.bytes[range].fill(output);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_step_finds_its_inputs_whole((steps, values) in graphs()) {
        let shared = share(&steps, &values).unwrap();
        for planner in PLANNERS {
            let placement = place(planner, &shared.claims, 1).unwrap();
            let bytes = vec![usize::MAX; placement.capacity as usize];
            let contents = (0..values.len()).collect();
            let (shared, placement) = (&shared, &placement);
            let mut memory = Memory { bytes, values: &values, shared, placement, contents };
            for (index, step) in steps.iter().enumerate() {
                for &input in &step.inputs {
                    prop_assert!(memory.is_whole(input), "{:?}: value {} in step {}", planner, input, index);
                }
                memory.execute(step, shared.shares[index]);
                for &output in &step.outputs {
                    prop_assert!(memory.is_whole(output), "{:?}: value {} of step {}", planner, output, index);
                }
            }
            for value in (0..values.len()).filter(|value| values[*value].lifetime == Lifetime::Kept) {
                prop_assert!(memory.is_whole(value), "{:?}: output {}", planner, value);
            }
        }
    }

    #[test]
    fn sharing_needs_no_more_memory_than_none((steps, values) in graphs()) {
        let alone: Vec<_> = steps.iter().map(|step| Step { sharing: Sharing::Never, ..step.clone() }).collect();
        let bound = |steps: &[Step]| super::super::lower_bound(&share(steps, &values).unwrap().claims, 1).unwrap();
        prop_assert!(bound(&steps) <= bound(&alone));
    }
}
