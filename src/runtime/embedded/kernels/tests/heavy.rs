//! The heavy kernels through [`run`], on values that can be worked out by hand: what is tested is that each operator
//! reaches its kernel with its inputs in order.

use super::{case, floats};
use crate::runtime::embedded::kernels::run;
use crate::runtime::embedded::operator::{Direction, Gemm, Lstm, Operator, PaddedMean, Padding, Window};
use crate::runtime::embedded::tensor::Tensor;

/// Two by two, moved by one, with zeros before the first row.
const WINDOW: Window = Window {
    rank: 2,
    kernel: [2, 2],
    strides: [1, 1],
    dilations: [1, 1],
    padding: Padding::Explicit([1, 0, 0, 0]),
    ceil: false,
};

fn picture() -> Option<Tensor> {
    Some(floats(&[1, 1, 2, 2], &[1.0, 2.0, 3.0, 4.0]))
}

#[test]
fn convolutions_and_pools() {
    let weights = Some(floats(&[1, 1, 2, 2], &[1.0, 10.0, 100.0, 1000.0]));
    let bias = Some(floats(&[1], &[0.5]));
    let sums = floats(&[1, 1, 2, 1], &[2100.5, 4321.5]);
    case("conv", Operator::Conv(WINDOW, 1), &[picture(), weights, bias], sums);
    case("max pool", Operator::MaxPool(WINDOW), &[picture()], floats(&[1, 1, 2, 1], &[2.0, 4.0]));
    let whole = Operator::AveragePool(WINDOW, PaddedMean::IncludesPadding);
    case("mean of windows", whole, &[picture()], floats(&[1, 1, 2, 1], &[0.75, 2.5]));
    let inside = Operator::AveragePool(WINDOW, PaddedMean::ExcludesPadding);
    case("mean within the picture", inside, &[picture()], floats(&[1, 1, 2, 1], &[1.5, 2.5]));
    case("mean of a channel", Operator::GlobalAveragePool, &[picture()], floats(&[1, 1, 1, 1], &[2.5]));
}

#[test]
fn products() {
    let (first, second) = (floats(&[1, 2], &[1.0, 2.0]), floats(&[2, 2], &[1.0, 2.0, 3.0, 4.0]));
    let product = floats(&[1, 2], &[7.0, 10.0]);
    case("product", Operator::MatMul, &[Some(first.clone()), Some(second.clone())], product);
    let gemm = Gemm { alpha: 2.0, beta: 10.0, transposes_a: false, transposes_b: true };
    let summand = Some(floats(&[2], &[1.0, 0.5]));
    let dense = floats(&[1, 2], &[20.0, 27.0]);
    case("dense layer", Operator::Gemm(gemm), &[Some(first), Some(second), summand], dense);
}

/// With all weights zero, gates are half open and candidates are the hyperbolic tangent of nothing: half of the cell is
/// kept at each step.
#[test]
fn memory_decays() {
    let operator = Operator::Lstm(Lstm { hidden: 1, direction: Direction::Forward });
    let tensors = [
        Some(floats(&[2, 1, 1], &[5.0, 7.0])),
        Some(floats(&[1, 4, 1], &[0.0; 4])),
        Some(floats(&[1, 4, 1], &[0.0; 4])),
        None,
        None,
        Some(floats(&[1, 1, 1], &[9.0])),
        Some(floats(&[1, 1, 1], &[8.0])),
    ];
    let mut states = floats(&[2, 1, 1, 1], &[0.0; 2]);
    let mut cell = floats(&[1, 1, 1], &[0.0]);
    let mut outputs = [Some(states.view_mut()), None, Some(cell.view_mut())];
    run(&operator, &super::views(&tensors), &mut outputs).unwrap();
    let hidden = [4.0_f32.tanh() / 2.0, 2.0_f32.tanh() / 2.0];
    super::assert_close("states", &states, &floats(&[2, 1, 1, 1], &hidden));
    super::assert_close("cell", &cell, &floats(&[1, 1, 1], &[2.0]));
}
