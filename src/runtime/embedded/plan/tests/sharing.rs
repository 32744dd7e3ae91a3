//! Who may share whose memory.

use super::super::sharing::Shared;
use super::super::{Lifetime, PlanError, Sharing, Step, Value, share};
use super::claim;
use crate::runtime::embedded::tensor::Element;
use Lifetime::{Elsewhere, Kept, Planned};
use Sharing::{Alias, InPlace, Never};

fn value(bytes: u64, lifetime: Lifetime) -> Value {
    Value { bytes, element: Element::F32, lifetime }
}

fn values<const N: usize>(lifetimes: [Lifetime; N]) -> [Value; N] {
    lifetimes.map(|lifetime| value(100, lifetime))
}

/// A step with one output.
fn step(inputs: &[usize], output: usize, sharing: Sharing) -> Step {
    Step { inputs: inputs.to_vec(), outputs: vec![output], sharing }
}

fn shared(steps: &[Step], values: &[Value]) -> Shared {
    share(steps, values).unwrap()
}

#[test]
fn an_activation_is_written_over_its_input() {
    // Convolution of the input, ReLU, convolution to the output.
    let steps = [step(&[0], 1, Never), step(&[1], 2, InPlace), step(&[2], 3, Never)];
    let shared = shared(&steps, &values([Elsewhere, Planned, Planned, Kept]));
    assert_eq!(shared.roots, [0, 1, 1, 3]);
    assert_eq!(shared.shares, [false, true, false]);
    assert_eq!(shared.claims, [claim(100, 0, 2), claim(100, 2, 2)]);
    assert_eq!(shared.claim_of, [None, Some(0), Some(0), Some(1)]);
}

#[test]
fn a_value_that_is_read_later_is_not_written_over() {
    // A residual block: the sum reads what the ReLU of the branch reads.
    let steps = [
        step(&[0], 1, Never),
        step(&[1], 2, InPlace),
        step(&[2], 3, Never),
        step(&[1, 3], 4, InPlace),
        step(&[4], 5, InPlace),
        step(&[5], 6, Never),
    ];
    let shared = shared(&steps, &values([Elsewhere, Planned, Planned, Planned, Planned, Planned, Kept]));
    // The sum is the last to read its first input, and the ReLU after it goes on in the same memory.
    assert_eq!(shared.roots, [0, 1, 2, 3, 1, 1, 6]);
    assert_eq!(shared.claims, [claim(100, 0, 5), claim(100, 1, 2), claim(100, 2, 3), claim(100, 5, 5)]);
}

#[test]
fn a_diamond_writes_over_the_source_in_its_last_branch_only() {
    let steps = [step(&[0], 1, Never), step(&[1], 2, InPlace), step(&[1], 3, InPlace), step(&[2, 3], 4, Never)];
    let shared = shared(&steps, &values([Elsewhere, Planned, Planned, Planned, Kept]));
    assert_eq!(shared.roots, [0, 1, 2, 1, 4]);
    assert_eq!(shared.claims, [claim(100, 0, 3), claim(100, 1, 3), claim(100, 3, 3)]);
}

#[test]
fn a_value_that_is_added_to_itself_is_not_written_over() {
    let steps = [step(&[0], 1, Never), step(&[1, 1], 2, InPlace)];
    assert_eq!(shared(&steps, &values([Elsewhere, Planned, Planned])).roots, [0, 1, 2]);
    // The same, with the second input another view of the first.
    let steps = [step(&[0], 1, Never), step(&[1], 2, Alias), step(&[1, 2], 3, InPlace)];
    assert_eq!(shared(&steps, &values([Elsewhere, Planned, Planned, Planned])).roots, [0, 1, 1, 3]);
}

#[test]
fn chains_of_views_collapse_to_their_root() {
    let steps = [step(&[0], 1, Never), step(&[1], 2, Alias), step(&[2], 3, Alias), step(&[3], 4, Alias)];
    let shared = shared(&steps, &values([Elsewhere, Planned, Planned, Planned, Planned]));
    assert_eq!(shared.roots, [0, 1, 1, 1, 1]);
    assert_eq!(shared.claims, [claim(100, 0, 3)]);
}

#[test]
fn a_chain_of_views_ends_before_an_output() {
    // The output is written on its own: what a caller reads is not to be what some step still works on.
    let steps = [step(&[0], 1, Never), step(&[1], 2, Alias), step(&[2], 3, Alias)];
    let shared = shared(&steps, &values([Elsewhere, Planned, Planned, Kept]));
    assert_eq!(shared.roots, [0, 1, 1, 3]);
    assert_eq!(shared.shares, [false, true, false]);
    assert_eq!(shared.claims, [claim(100, 0, 2), claim(100, 2, 2)]);
}

#[test]
fn an_output_is_never_written_over_even_if_steps_read_it() {
    let steps = [step(&[0], 1, Never), step(&[1], 2, InPlace), step(&[1], 3, Alias), step(&[2, 3], 4, Never)];
    let shared = shared(&steps, &values([Elsewhere, Kept, Planned, Planned, Elsewhere]));
    assert_eq!(shared.roots, [0, 1, 2, 3, 4]);
    // It lives to the last step, though nobody reads it then.
    assert_eq!(shared.claims[0], claim(100, 0, 3));
    assert_eq!(shared.claim_of[4], None);
}

#[test]
fn views_of_inputs_and_constants_are_copies() {
    let steps = [step(&[0], 1, Alias), step(&[1], 2, InPlace)];
    let shared = shared(&steps, &values([Elsewhere, Planned, Planned]));
    assert_eq!(shared.roots, [0, 1, 1]);
    assert_eq!(shared.shares, [false, true]);
}

#[test]
fn what_is_read_through_a_view_is_not_written_over() {
    // A view of 1 is read in step 3, after the step that would write over 1.
    let steps = [step(&[0], 1, Never), step(&[1], 2, Alias), step(&[1], 3, InPlace), step(&[2, 3], 4, Never)];
    let shared = shared(&steps, &values([Elsewhere, Planned, Planned, Planned, Kept]));
    assert_eq!(shared.roots, [0, 1, 1, 3, 4]);
    assert_eq!(shared.claims[0], claim(100, 0, 3));
}

#[test]
fn types_and_sizes_must_be_the_same() {
    let steps = [step(&[0], 1, Never), step(&[1], 2, InPlace)];
    let sizes = [value(8, Elsewhere), value(8, Planned), value(16, Planned)];
    assert_eq!(shared(&steps, &sizes).roots, [0, 1, 2]);
    let integers = Value { element: Element::I32, ..value(8, Planned) };
    assert_eq!(shared(&steps, &[value(8, Elsewhere), integers, value(8, Planned)]).roots, [0, 1, 2]);
    let steps = [step(&[0], 1, Never), step(&[1], 2, Alias)];
    assert_eq!(shared(&steps, &sizes).roots, [0, 1, 2]);
}

#[test]
fn scalars_are_not_written_over_but_may_be_viewed() {
    let scalars = [value(4, Elsewhere), value(4, Planned), value(4, Planned)];
    assert_eq!(shared(&[step(&[0], 1, Never), step(&[1], 2, InPlace)], &scalars).roots, [0, 1, 2]);
    assert_eq!(shared(&[step(&[0], 1, Never), step(&[1], 2, Alias)], &scalars).roots, [0, 1, 1]);
}

#[test]
fn further_outputs_have_their_own_memory() {
    let both = Step { inputs: vec![1], outputs: vec![2, 3], sharing: InPlace };
    let shared = shared(&[step(&[0], 1, Never), both], &values([Elsewhere, Planned, Planned, Planned]));
    assert_eq!(shared.roots, [0, 1, 1, 3]);
    assert_eq!(shared.claims, [claim(100, 0, 1), claim(100, 1, 1)]);
}

#[test]
fn a_value_that_nobody_reads_lives_in_the_step_that_writes_it() {
    let steps = [step(&[], 0, Never), step(&[], 1, Never)];
    assert_eq!(shared(&steps, &values([Planned, Planned])).claims, [claim(100, 0, 0), claim(100, 1, 1)]);
}

#[test]
fn graphs_that_contradict_themselves_are_refused() {
    let values = values([Elsewhere, Planned, Planned]);
    let refused = |steps: &[Step]| share(steps, &values).unwrap_err();
    let unknown = PlanError::UnknownValue { step: 0, value: 3 };
    assert_eq!(refused(&[step(&[3], 1, Never)]), unknown);
    assert_eq!(refused(&[step(&[0], 3, Never)]), unknown);
    assert_eq!(refused(&[step(&[1], 1, InPlace)]), PlanError::ReadEarly { step: 0, value: 1 });
    let twice = [step(&[0], 1, Never), step(&[0], 2, Never), step(&[2], 1, InPlace)];
    assert_eq!(refused(&twice), PlanError::WrittenTwice { step: 2, value: 1 });
}
