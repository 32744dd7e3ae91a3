//! Functions of one value, and limits.

use rten_simd::SimdUnaryOp;
use rten_vecmath::{Erf, Exp, Sigmoid, Tanh};

use super::blocks::for_each_block;
use super::operands::{Typed, optional_typed, unexpected};
use crate::runtime::embedded::operator::Unary;
use crate::runtime::embedded::tensor::{Element, Values, ValuesMut, View};

/// A function of one value; the output holds the operand where `input` is absent.
pub(super) fn unary(unary: Unary, input: Option<Values<'_>>, output: &mut ValuesMut<'_>) -> Result<(), String> {
    match (unary, output) {
        (_, ValuesMut::F32(output)) => return of_floats(unary, optional_typed(input)?, output),
        (Unary::Not, ValuesMut::Bool(output)) => map(optional_typed(input)?, output, |value: bool| !value),
        (Unary::Neg, ValuesMut::I32(output)) => map(optional_typed(input)?, output, i32::wrapping_neg),
        (Unary::Neg, ValuesMut::I64(output)) => map(optional_typed(input)?, output, i64::wrapping_neg),
        (_, other) => return Err(unexpected(other.as_values().element())),
    }
    Ok(())
}

fn of_floats(unary: Unary, input: Option<&[f32]>, output: &mut [f32]) -> Result<(), String> {
    match unary {
        // A comparison instead of `max` keeps NaN.
        Unary::Relu => map(input, output, |value| if value < 0.0 { 0.0 } else { value }),
        Unary::Neg => map(input, output, |value: f32| -value),
        Unary::Sqrt => map(input, output, f32::sqrt),
        Unary::HardSigmoid { alpha, beta } => {
            map(input, output, |value| at_most(at_least(alpha * value + beta, 0.0), 1.0));
        }
        Unary::Sigmoid => map_vectors(&Sigmoid {}, input, output),
        Unary::Tanh => map_vectors(&Tanh {}, input, output),
        Unary::Erf => map_vectors(&Erf {}, input, output),
        Unary::Exp => map_vectors(&Exp {}, input, output),
        Unary::Not => return Err("a negation of numbers".to_owned()),
    }
    Ok(())
}

/// Applies a function value by value.
fn map<T: Copy>(input: Option<&[T]>, output: &mut [T], function: impl Fn(T) -> T) {
    match input {
        Some(input) => output.iter_mut().zip(input).for_each(|(target, value)| *target = function(*value)),
        None => output.iter_mut().for_each(|value| *value = function(*value)),
    }
}

/// Applies a function vector by vector.
fn map_vectors(function: &(impl SimdUnaryOp<f32> + Sync), input: Option<&[f32]>, output: &mut [f32]) {
    for_each_block(input, output, 1, |_, block| function.map_mut(block));
}

/// `Clip`; the output holds the operand where `input` is absent.
pub(super) fn clip(
    input: Option<Values<'_>>,
    limits: [Option<View<'_>>; 2],
    output: &mut ValuesMut<'_>,
) -> Result<(), String> {
    match output {
        ValuesMut::F32(output) => limit(optional_typed(input)?, limits, output),
        ValuesMut::I32(output) => limit(optional_typed(input)?, limits, output),
        ValuesMut::I64(output) => limit(optional_typed(input)?, limits, output),
        ValuesMut::Bool(_) => Err(unexpected(Element::Bool)),
    }
}

fn limit<T: Typed + PartialOrd>(
    input: Option<&[T]>,
    limits: [Option<View<'_>>; 2],
    output: &mut [T],
) -> Result<(), String> {
    let [low, high] = limits.map(|limit| limit.map(|limit| limit.values));
    let number = |limit| Ok::<_, String>(optional_typed(limit)?.and_then(|limit| limit.first().copied()));
    match (number(low)?, number(high)?) {
        (None, None) => map(input, output, |value| value),
        (Some(low), None) => map(input, output, |value| at_least(value, low)),
        (None, Some(high)) => map(input, output, |value| at_most(value, high)),
        (Some(low), Some(high)) => map(input, output, |value| at_most(at_least(value, low), high)),
    }
    Ok(())
}

/// The value, or the limit where the value is below; NaN stays.
fn at_least<T: PartialOrd>(value: T, low: T) -> T {
    if value < low { low } else { value }
}

/// The value, or the limit where the value is above; NaN stays.
fn at_most<T: PartialOrd>(value: T, high: T) -> T {
    if value > high { high } else { value }
}
