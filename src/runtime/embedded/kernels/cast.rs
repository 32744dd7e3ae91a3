//! Elements of another type.

use crate::runtime::embedded::tensor::{Values, ValuesMut};

/// `Cast`: floats are cut towards zero, out-of-range ones to the nearest integer there is, and NaN is zero; integers
/// that are too long lose their upper bits; every number but zero is true.
pub(super) fn cast(input: Values<'_>, output: &mut ValuesMut<'_>) {
    match output {
        ValuesMut::F32(to) => match input {
            Values::F32(from) => convert(from, to, |value| value),
            Values::I32(from) => convert(from, to, |value| value as f32),
            Values::I64(from) => convert(from, to, |value| value as f32),
            Values::Bool(from) => convert(from, to, |value| f32::from(u8::from(value))),
        },
        ValuesMut::I32(to) => match input {
            Values::F32(from) => convert(from, to, |value| value as i32),
            Values::I32(from) => convert(from, to, |value| value),
            Values::I64(from) => convert(from, to, |value| value as i32),
            Values::Bool(from) => convert(from, to, i32::from),
        },
        ValuesMut::I64(to) => match input {
            Values::F32(from) => convert(from, to, |value| value as i64),
            Values::I32(from) => convert(from, to, i64::from),
            Values::I64(from) => convert(from, to, |value| value),
            Values::Bool(from) => convert(from, to, i64::from),
        },
        ValuesMut::Bool(to) => match input {
            Values::F32(from) => convert(from, to, |value| value != 0.0),
            Values::I32(from) => convert(from, to, |value| value != 0),
            Values::I64(from) => convert(from, to, |value| value != 0),
            Values::Bool(from) => convert(from, to, |value| value),
        },
    }
}

fn convert<T: Copy, U>(from: &[T], to: &mut [U], function: impl Fn(T) -> U) {
    to.iter_mut().zip(from).for_each(|(target, value)| *target = function(*value));
}
