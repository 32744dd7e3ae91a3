//! Functions of two values, broadcast. Integers wrap around, as everywhere in ONNX.

use super::broadcast::Broadcast;
use super::operands::{Typed, optional_typed, typed, unexpected};
use super::power::power;
use crate::runtime::embedded::operator::Binary;
use crate::runtime::embedded::tensor::{Element, Values, ValuesMut, View, ViewMut};

/// What is computed with and where the result goes: an output of its own, or the place of the first operand.
pub(super) struct Pairs<'a, T, U> {
    /// The first operand; absent where the output holds it.
    pub(super) first: Option<&'a [T]>,
    /// The second operand.
    pub(super) second: &'a [U],
    /// The output.
    pub(super) output: &'a mut [T],
}

impl<'a, T: Typed> Pairs<'a, T, T> {
    /// Operands of one type.
    fn of_one_type(first: Option<Values<'a>>, second: Values<'a>, output: &'a mut [T]) -> Result<Self, String> {
        Ok(Pairs { first: optional_typed(first)?, second: typed(second)?, output })
    }
}

impl<T: Copy, U: Copy> Pairs<'_, T, U> {
    /// Writes the function of each pair.
    pub(super) fn write(self, plan: &Broadcast<2>, function: impl Fn(T, U) -> T + Copy) {
        let second = self.second;
        match self.first {
            Some(first) => combine(plan, first, second, self.output, function),
            None => plan.for_each_run(self.output, |run, [_, right]| match plan.moves {
                [_, true] => {
                    run.iter_mut().zip(&second[right..]).for_each(|(value, other)| *value = function(*value, *other));
                }
                [_, false] => {
                    let other = second[right];
                    run.iter_mut().for_each(|value| *value = function(*value, other));
                }
            }),
        }
    }
}

/// Writes the function of each pair of a first and a second operand, run by run.
fn combine<T: Copy, U: Copy, R>(
    plan: &Broadcast<2>,
    first: &[T],
    second: &[U],
    output: &mut [R],
    function: impl Fn(T, U) -> R + Copy,
) {
    plan.for_each_run(output, |run, [left, right]| match plan.moves {
        [true, true] => {
            let pairs = first[left..].iter().zip(&second[right..]);
            run.iter_mut().zip(pairs).for_each(|(target, (value, other))| *target = function(*value, *other));
        }
        [true, false] => {
            let other = second[right];
            run.iter_mut().zip(&first[left..]).for_each(|(target, value)| *target = function(*value, other));
        }
        [false, true] => {
            let value = first[left];
            run.iter_mut().zip(&second[right..]).for_each(|(target, other)| *target = function(value, *other));
        }
        [false, false] => {
            let (value, other) = (first[left], second[right]);
            run.iter_mut().for_each(|target| *target = function(value, other));
        }
    });
}

/// Numbers that can be reckoned with.
trait Number: Copy + PartialEq {
    const ZERO: Self;
    const HAS_INFINITY: bool;
    fn sum(self, other: Self) -> Self;
    fn difference(self, other: Self) -> Self;
    fn product(self, other: Self) -> Self;
    fn quotient(self, other: Self) -> Self;
}

impl Number for f32 {
    const ZERO: Self = 0.0;
    const HAS_INFINITY: bool = true;
    fn sum(self, other: Self) -> Self {
        self + other
    }
    fn difference(self, other: Self) -> Self {
        self - other
    }
    fn product(self, other: Self) -> Self {
        self * other
    }
    fn quotient(self, other: Self) -> Self {
        self / other
    }
}

macro_rules! integer {
    ($name:ty) => {
        impl Number for $name {
            const ZERO: Self = 0;
            const HAS_INFINITY: bool = false;
            fn sum(self, other: Self) -> Self {
                self.wrapping_add(other)
            }
            fn difference(self, other: Self) -> Self {
                self.wrapping_sub(other)
            }
            fn product(self, other: Self) -> Self {
                self.wrapping_mul(other)
            }
            fn quotient(self, other: Self) -> Self {
                self.wrapping_div(other)
            }
        }
    };
}

integer!(i32);
integer!(i64);

/// A function of two values; the output holds the first operand where `first` is absent.
pub(super) fn binary(
    binary: Binary,
    first: Option<View<'_>>,
    second: View<'_>,
    output: &mut ViewMut<'_>,
) -> Result<(), String> {
    let shape = first.map_or(output.shape, |first| first.shape);
    let plan = Broadcast::new([shape, second.shape], output.shape);
    let (first, second) = (first.map(|first| first.values), second.values);
    match (binary, &mut output.values) {
        (Binary::Equal, ValuesMut::Bool(output)) => equal(&plan, first, second, output),
        (Binary::Pow, output) => power(&plan, first, second, output),
        (_, ValuesMut::F32(output)) => reckon(binary, &plan, Pairs::of_one_type(first, second, output)?),
        (_, ValuesMut::I32(output)) => reckon(binary, &plan, Pairs::of_one_type(first, second, output)?),
        (_, ValuesMut::I64(output)) => reckon(binary, &plan, Pairs::of_one_type(first, second, output)?),
        (_, ValuesMut::Bool(_)) => Err(unexpected(Element::Bool)),
    }
}

fn reckon<T: Number>(binary: Binary, plan: &Broadcast<2>, pairs: Pairs<'_, T, T>) -> Result<(), String> {
    match binary {
        Binary::Add => pairs.write(plan, T::sum),
        Binary::Sub => pairs.write(plan, T::difference),
        Binary::Mul => pairs.write(plan, T::product),
        Binary::Div if !T::HAS_INFINITY && pairs.second.contains(&T::ZERO) => {
            return Err("a division of integers by zero".to_owned());
        }
        Binary::Div => pairs.write(plan, T::quotient),
        Binary::Pow | Binary::Equal => return Err("no function of two numbers of one type".to_owned()),
    }
    Ok(())
}

fn equal(
    plan: &Broadcast<2>,
    first: Option<Values<'_>>,
    second: Values<'_>,
    output: &mut [bool],
) -> Result<(), String> {
    match (first, second) {
        (Some(Values::F32(first)), Values::F32(second)) => combine(plan, first, second, output, |a, b| a == b),
        (Some(Values::I32(first)), Values::I32(second)) => combine(plan, first, second, output, |a, b| a == b),
        (Some(Values::I64(first)), Values::I64(second)) => combine(plan, first, second, output, |a, b| a == b),
        (Some(Values::Bool(first)), Values::Bool(second)) => combine(plan, first, second, output, |a, b| a == b),
        (_, second) => return Err(unexpected(second.element())),
    }
    Ok(())
}
