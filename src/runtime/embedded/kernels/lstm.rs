//! Long short-term memory.
//!
//! For each direction, the inputs of many steps are multiplied at once; the rest has to go step by step. Gates lie in the
//! order input, output, forget, cell, as in ONNX.

use rten_gemm::{GemmInputA, GemmInputB, GemmOptions};
use rten_simd::SimdUnaryOp;
use rten_vecmath::{Sigmoid, Tanh};

use super::access::{countable, expect_shape, floats, floats_mut, zeros};
use super::pack::{describe, executor, matrix, oriented, pack_right};
use crate::runtime::embedded::operator::{Direction, Lstm};
use crate::runtime::embedded::tensor::{View, ViewMut};

/// Values of the gates that are computed ahead, unless one step has more: 1 MiB, which stays in the second-level cache.
const AHEAD: usize = 256 * 1024;

/// Steps from which on packing the recurrent weights is worth its time.
const MANY_STEPS: usize = 8;

/// Sizes of a layer.
#[derive(Clone, Copy)]
struct Sizes {
    steps: usize,
    batch: usize,
    input: usize,
    hidden: usize,
    directions: usize,
}

/// What one direction computes with.
#[derive(Clone, Copy)]
struct Side<'a> {
    /// `[4 * hidden, input]`.
    weights: &'a [f32],
    /// `[4 * hidden, hidden]`.
    recurrent: &'a [f32],
    /// `[8 * hidden]`: for what comes from the input, then for what comes from the state.
    bias: Option<&'a [f32]>,
    reversed: bool,
}

/// What a direction remembers, `[batch, hidden]` each.
struct State {
    hidden: Vec<f32>,
    cell: Vec<f32>,
}

/// The shapes of the outputs: all hidden states, the last hidden state, the last cell state.
pub(in crate::runtime::embedded) fn lstm_shapes(lstm: Lstm, x: &[usize]) -> Result<[Vec<usize>; 3], String> {
    let Sizes { steps, batch, hidden, directions, .. } = Sizes::new(lstm, x)?;
    let last = countable(vec![directions, batch, hidden])?;
    Ok([countable(vec![steps, directions, batch, hidden])?, last.clone(), last])
}

/// Runs the layer. Inputs are X, W, R, B, sequence lengths, initial hidden state, initial cell state, peephole weights, of
/// which all but the first three may be absent, and sequence lengths and peephole weights have to be. Outputs are as in
/// [`lstm_shapes`]; any may be absent.
pub(in crate::runtime::embedded) fn lstm(
    lstm: Lstm,
    inputs: &[Option<View<'_>>],
    outputs: &mut [Option<ViewMut<'_>>],
) -> Result<(), String> {
    let input = |index: usize| inputs.get(index).copied().flatten();
    for (index, what) in [(4, "sequence lengths"), (7, "peephole weights")] {
        if input(index).is_some() {
            return Err(format!("{what} are not supported"));
        }
    }
    let x = input(0).ok_or("the input is missing")?;
    let sizes = Sizes::new(lstm, x.shape)?;
    let Sizes { batch, hidden, directions, .. } = sizes;
    let optional = |index: usize, what: &str, shape: &[usize]| {
        let shaped = |view: View<'_>| expect_shape(what, view.shape, shape);
        input(index).map(|view| shaped(view).and_then(|()| floats(view, what))).transpose()
    };
    let required = |index: usize, what: &str, shape: &[usize]| {
        optional(index, what, shape)?.ok_or_else(|| format!("{what} are missing"))
    };
    let weights = required(1, "the weights", &[directions, 4 * hidden, sizes.input])?;
    let recurrent = required(2, "the recurrent weights", &[directions, 4 * hidden, hidden])?;
    let bias = optional(3, "the bias", &[directions, 8 * hidden])?;
    let first_hidden = optional(5, "the initial hidden state", &[directions, batch, hidden])?;
    let first_cell = optional(6, "the initial cell state", &[directions, batch, hidden])?;
    let values = floats(x, "the input")?;
    let mut written = Outputs::new(lstm, x.shape, outputs)?;
    if batch == 0 {
        return Ok(());
    }
    for direction in 0..directions {
        let side = Side {
            weights: share(weights, direction, directions),
            recurrent: share(recurrent, direction, directions),
            bias: bias.map(|bias| share(bias, direction, directions)),
            reversed: lstm.direction == Direction::Reverse || direction == 1,
        };
        let start = |state: Option<&[f32]>| {
            let mut values = zeros(batch.checked_mul(hidden).ok_or("the state is too large")?)?;
            if let Some(state) = state {
                values.copy_from_slice(share(state, direction, directions));
            }
            Ok::<_, String>(values)
        };
        let mut state = State { hidden: start(first_hidden)?, cell: start(first_cell)? };
        run_side(sizes, side, values, &mut state, |step, hidden| written.step(sizes, direction, step, hidden))?;
        written.last(direction, &state);
    }
    Ok(())
}

/// The part of values that belongs to a direction.
fn share(values: &[f32], direction: usize, directions: usize) -> &[f32] {
    let length = values.len() / directions;
    values.get(direction * length..(direction + 1) * length).unwrap_or(&[])
}

/// Runs one direction. `write` gets each step with its hidden state.
fn run_side(
    sizes: Sizes,
    side: Side<'_>,
    input: &[f32],
    state: &mut State,
    mut write: impl FnMut(usize, &[f32]),
) -> Result<(), String> {
    let Sizes { steps, batch, hidden, .. } = sizes;
    let gates_of_step = batch.checked_mul(4 * hidden).ok_or("the state is too large")?;
    let steps_ahead = (AHEAD / gates_of_step).clamp(1, steps.max(1));
    let right = oriented(side.recurrent, [4 * hidden, hidden], true)?;
    let packed = (steps >= MANY_STEPS).then(|| pack_right(right).0);
    let right = packed.as_ref().map_or(GemmInputB::Unpacked(right), GemmInputB::Packed);
    let mut gates = zeros(gates_of_step.checked_mul(steps_ahead).ok_or("the gates are too large")?)?;
    for done in (0..steps).step_by(steps_ahead) {
        let count = steps_ahead.min(steps - done);
        let first = if side.reversed { steps - done - count } else { done };
        let gates = gates.split_at_mut(gates_of_step * count).0;
        multiply_inputs(sizes, side, input, first, gates)?;
        for index in 0..count {
            let step = if side.reversed { count - 1 - index } else { index };
            let gates = gates.split_at_mut(gates_of_step * step).1.split_at_mut(gates_of_step).0;
            let options = GemmOptions { beta: 1.0, ..GemmOptions::default() };
            let left = GemmInputA::Unpacked(matrix(&state.hidden, batch, hidden)?);
            executor().gemm(gates, left, right, options).map_err(describe)?;
            advance(hidden, gates, state);
            write(first + step, &state.hidden);
        }
    }
    Ok(())
}

/// Writes what the inputs of some steps, and the biases, add to the gates.
fn multiply_inputs(sizes: Sizes, side: Side<'_>, input: &[f32], first: usize, gates: &mut [f32]) -> Result<(), String> {
    let Sizes { batch, hidden, .. } = sizes;
    let rows = gates.len() / (4 * hidden);
    let start = first * batch * sizes.input;
    let input = input.get(start..start + rows * sizes.input).ok_or("the input ends early")?;
    let mut options = GemmOptions::default();
    if let Some(bias) = side.bias {
        let (from_input, from_state) = bias.split_at(bias.len() / 2);
        for gates in gates.chunks_exact_mut(4 * hidden) {
            for (gate, biases) in gates.iter_mut().zip(from_input.iter().zip(from_state)) {
                *gate = biases.0 + biases.1;
            }
        }
        options.beta = 1.0;
    }
    let left = GemmInputA::Unpacked(matrix(input, rows, sizes.input)?);
    let right = GemmInputB::Unpacked(oriented(side.weights, [4 * hidden, sizes.input], true)?);
    executor().gemm(gates, left, right, options).map_err(describe)
}

/// One step: the state from the sums of the gates, which are overwritten.
fn advance(hidden: usize, gates: &mut [f32], state: &mut State) {
    let states = state.hidden.chunks_exact_mut(hidden).zip(state.cell.chunks_exact_mut(hidden));
    for (gates, (output, cell)) in gates.chunks_exact_mut(4 * hidden).zip(states) {
        let (open, new) = gates.split_at_mut(3 * hidden);
        Sigmoid {}.map_mut(open);
        Tanh {}.map_mut(new);
        let (input_gate, rest) = open.split_at(hidden);
        let (output_gate, forget_gate) = rest.split_at(hidden);
        for (cell, ((input, new), forget)) in cell.iter_mut().zip(input_gate.iter().zip(new).zip(forget_gate)) {
            *cell = *forget * *cell + *input * *new;
        }
        output.copy_from_slice(cell);
        Tanh {}.map_mut(output);
        output.iter_mut().zip(output_gate).for_each(|(output, gate)| *output *= gate);
    }
}

impl Sizes {
    fn new(lstm: Lstm, x: &[usize]) -> Result<Sizes, String> {
        let &[steps, batch, input] = x else {
            return Err(format!("an input of the shape {x:?} is no sequence of batches"));
        };
        let hidden = lstm.hidden;
        // Eight biases for each hidden value are the longest row there is.
        if hidden == 0 || input == 0 || hidden.checked_mul(8).is_none() {
            return Err(format!("a layer of {hidden} hidden values for {input} inputs is not possible"));
        }
        let directions = if lstm.direction == Direction::Both { 2 } else { 1 };
        Ok(Sizes { steps, batch, input, hidden, directions })
    }
}

/// Where results go.
struct Outputs<'a> {
    all: Option<&'a mut [f32]>,
    hidden: Option<&'a mut [f32]>,
    cell: Option<&'a mut [f32]>,
}

impl<'a> Outputs<'a> {
    fn new(lstm: Lstm, x: &[usize], outputs: &'a mut [Option<ViewMut<'_>>]) -> Result<Outputs<'a>, String> {
        let names = ["the output", "the last hidden state", "the last cell state"];
        let shapes = lstm_shapes(lstm, x)?;
        let mut slices = outputs
            .iter_mut()
            .zip(shapes.iter().zip(names))
            .map(|(output, (shape, name))| output.as_mut().map(|output| floats_mut(output, shape, name)).transpose());
        let mut next = || slices.next().transpose().map(Option::flatten);
        Ok(Outputs { all: next()?, hidden: next()?, cell: next()? })
    }

    /// Writes the hidden state of a step.
    fn step(&mut self, sizes: Sizes, direction: usize, step: usize, hidden: &[f32]) {
        let place = (step * sizes.directions + direction) * hidden.len();
        let target = self.all.as_deref_mut().and_then(|all| all.get_mut(place..place + hidden.len()));
        if let Some(target) = target {
            target.copy_from_slice(hidden);
        }
    }

    /// Writes what is left when all steps are done.
    fn last(&mut self, direction: usize, state: &State) {
        for (target, values) in [(&mut self.hidden, &state.hidden), (&mut self.cell, &state.cell)] {
            let place = direction * values.len();
            if let Some(target) = target.as_deref_mut().and_then(|all| all.get_mut(place..place + values.len())) {
                target.copy_from_slice(values);
            }
        }
    }
}
