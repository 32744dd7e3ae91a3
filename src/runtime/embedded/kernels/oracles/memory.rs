//! LSTM.

use proptest::prelude::*;
use rten_tensor::NdTensorView;
use rten_tensor::prelude::*;

use super::super::lstm::{lstm, lstm_shapes};
use super::{assert_close, blank, random, values};
use crate::runtime::embedded::operator::{Direction, Lstm};
use crate::runtime::embedded::tensor::Tensor;

/// The inputs in ONNX's order.
fn inputs(sizes: [usize; 4], direction: Direction, present: [bool; 3], seed: u64) -> Vec<Option<Tensor>> {
    let [steps, batch, input, hidden] = sizes;
    let directions = if direction == Direction::Both { 2 } else { 1 };
    let state = [directions, batch, hidden];
    vec![
        Some(random(seed, &[steps, batch, input])),
        Some(random(seed ^ 1, &[directions, 4 * hidden, input])),
        Some(random(seed ^ 2, &[directions, 4 * hidden, hidden])),
        present[0].then(|| random(seed ^ 3, &[directions, 8 * hidden])),
        None,
        present[1].then(|| random(seed ^ 4, &state)),
        present[2].then(|| random(seed ^ 5, &state)),
    ]
}

/// All three outputs.
fn run(attributes: Lstm, inputs: &[Option<Tensor>]) -> Result<Vec<Tensor>, String> {
    let views: Vec<_> = inputs.iter().map(|input| input.as_ref().map(Tensor::view)).collect();
    let x = inputs[0].as_ref().map_or(&[][..], |x| &x.shape[..]);
    let mut outputs = lstm_shapes(attributes, x)?.map(blank);
    let mut targets: Vec<_> = outputs.iter_mut().map(|output| Some(output.view_mut())).collect();
    lstm(attributes, &views, &mut targets)?;
    Ok(outputs.to_vec())
}

/// What rten computes.
fn rten(direction: Direction, inputs: &[Option<Tensor>]) -> Vec<Vec<f32>> {
    let direction = match direction {
        Direction::Forward => rten::ops::Direction::Forward,
        Direction::Reverse => rten::ops::Direction::Reverse,
        Direction::Both => rten::ops::Direction::Bidirectional,
    };
    fn cube(tensor: &Option<Tensor>) -> Option<NdTensorView<'_, f32, 3>> {
        tensor
            .as_ref()
            .map(|tensor| NdTensorView::from_data(<[usize; 3]>::try_from(&tensor.shape[..]).unwrap(), values(tensor)))
    }
    let bias = inputs[3].as_ref().map(|bias| NdTensorView::from_data([bias.shape[0], bias.shape[1]], values(bias)));
    let [x, weights, recurrent] = [0, 1, 2].map(|index| cube(&inputs[index]).unwrap());
    let pool = rten::BufferPool::new();
    let (hidden, cell) = (cube(&inputs[5]), cube(&inputs[6]));
    let outputs = rten::ops::lstm(&pool, direction, x, weights, recurrent, bias, hidden, cell).unwrap();
    outputs.into_iter().map(|output| output.to_vec()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn states_are_what_rten_computes(
        sizes in (1_usize..20, 1_usize..4, 1_usize..9, 1_usize..20),
        direction in prop_oneof![Just(Direction::Forward), Just(Direction::Reverse), Just(Direction::Both)],
        present: [bool; 3],
        seed: u64,
    ) {
        let inputs = inputs([sizes.0, sizes.1, sizes.2, sizes.3], direction, present, seed);
        let outputs = run(Lstm { hidden: sizes.3, direction }, &inputs).unwrap();
        for (output, expected) in outputs.iter().zip(rten(direction, &inputs)) {
            assert_close(values(output), &expected);
        }
    }
}

#[test]
fn long_sequences_are_computed_part_by_part() {
    for direction in [Direction::Forward, Direction::Reverse, Direction::Both] {
        let inputs = inputs([150, 2, 3, 300], direction, [true; 3], 7);
        let inputs: Vec<_> = inputs.into_iter().map(|input| input.map(small)).collect();
        let outputs = run(Lstm { hidden: 300, direction }, &inputs).unwrap();
        for (output, expected) in outputs.iter().zip(rten(direction, &inputs)) {
            assert_close(values(output), &expected);
        }
    }
}

/// The tensor with small values: large weights make the layer chaotic, and rounding visible.
fn small(tensor: Tensor) -> Tensor {
    let values = values(&tensor).iter().map(|value| value * 0.05).collect();
    super::naive::tensor(tensor.shape, values)
}

#[test]
fn outputs_may_be_absent_and_sequences_empty() {
    let attributes = Lstm { hidden: 4, direction: Direction::Forward };
    let present = inputs([3, 2, 5, 4], Direction::Forward, [true; 3], 1);
    let all = run(attributes, &present).unwrap();
    let views: Vec<_> = present.iter().map(|input| input.as_ref().map(Tensor::view)).collect();
    let mut cell = blank(vec![1, 2, 4]);
    lstm(attributes, &views, &mut [None, None, Some(cell.view_mut())]).unwrap();
    assert_eq!(cell, all[2]);
    lstm(attributes, &views, &mut []).unwrap();
    let empty = inputs([0, 2, 5, 4], Direction::Forward, [true; 3], 1);
    let outputs = run(attributes, &empty).unwrap();
    assert_eq!(outputs[0].shape, [0, 1, 2, 4]);
    assert_eq!(Some(&outputs[1]), empty[5].as_ref());
    let nobody = inputs([3, 0, 5, 4], Direction::Forward, [true; 3], 1);
    assert_eq!(run(attributes, &nobody).unwrap()[0].shape, [3, 1, 0, 4]);
}

#[test]
fn what_is_not_supported_or_does_not_fit_is_told() {
    let attributes = Lstm { hidden: 4, direction: Direction::Forward };
    let change = |index: usize, tensor: Option<Tensor>| {
        let mut inputs = inputs([3, 2, 5, 4], Direction::Forward, [true; 3], 1);
        inputs.resize(8, None);
        inputs[index] = tensor;
        run(attributes, &inputs).unwrap_err()
    };
    assert_eq!(change(4, Some(random(1, &[2]))), "sequence lengths are not supported");
    assert_eq!(change(7, Some(random(1, &[1, 12]))), "peephole weights are not supported");
    assert_eq!(change(0, Some(random(1, &[3, 2]))), "an input of the shape [3, 2] is no sequence of batches");
    assert_eq!(change(1, None), "the weights are missing");
    assert_eq!(change(1, Some(random(1, &[1, 16, 6]))), "the shape of the weights is [1, 16, 6] instead of [1, 16, 5]");
    assert_eq!(
        change(2, Some(random(1, &[2, 16, 4]))),
        "the shape of the recurrent weights is [2, 16, 4] instead of [1, 16, 4]"
    );
    assert_eq!(change(3, Some(random(1, &[1, 16]))), "the shape of the bias is [1, 16] instead of [1, 32]");
    assert_eq!(
        change(5, Some(random(1, &[2, 4]))),
        "the shape of the initial hidden state is [2, 4] instead of [1, 2, 4]"
    );
    let hidden = Lstm { hidden: usize::MAX / 4, ..attributes };
    assert!(lstm_shapes(hidden, &[3, 2, 5]).is_err());
    assert!(lstm_shapes(Lstm { hidden: 0, ..attributes }, &[3, 2, 5]).is_err());
    assert!(lstm_shapes(attributes, &[3, 2, 0]).is_err());
}
