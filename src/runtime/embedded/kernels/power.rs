//! Powers, whose exponents may be of another type than the bases.

use super::arithmetic::Pairs;
use super::broadcast::Broadcast;
use super::operands::{optional_typed, unexpected};
use crate::runtime::embedded::tensor::{Element, Values, ValuesMut};

/// `Pow`; the output holds the bases where `bases` is absent.
pub(super) fn power(
    plan: &Broadcast<2>,
    bases: Option<Values<'_>>,
    exponents: Values<'_>,
    output: &mut ValuesMut<'_>,
) -> Result<(), String> {
    match output {
        ValuesMut::F32(output) => floats(plan, optional_typed(bases)?, exponents, output),
        ValuesMut::I32(output) => integers(plan, optional_typed(bases)?, exponents, output),
        ValuesMut::I64(output) => integers(plan, optional_typed(bases)?, exponents, output),
        ValuesMut::Bool(_) => Err(unexpected(Element::Bool)),
    }
}

fn floats(plan: &Broadcast<2>, first: Option<&[f32]>, exponents: Values<'_>, output: &mut [f32]) -> Result<(), String> {
    match exponents {
        // Variances and approximations of GELU take squares and cubes, which need no logarithm.
        Values::F32(second @ [2.0]) => Pairs { first, second, output }.write(plan, |base, _| base * base),
        Values::F32(second @ [3.0]) => Pairs { first, second, output }.write(plan, |base, _| base * base * base),
        Values::F32(second) => Pairs { first, second, output }.write(plan, f32::powf),
        Values::I32(second) => {
            Pairs { first, second, output }.write(plan, |base, exponent| raise(base, exponent.into()))
        }
        Values::I64(second) => Pairs { first, second, output }.write(plan, raise),
        Values::Bool(_) => return Err(unexpected(exponents.element())),
    }
    Ok(())
}

/// A float to the power of an integer; in double precision, which holds more integers.
fn raise(base: f32, exponent: i64) -> f32 {
    f64::from(base).powf(exponent as f64) as f32
}

/// Integers that can be raised to a power.
trait Integer: Copy {
    /// To the power of an integer: wraps around, and negative exponents are cut towards zero.
    fn raised(self, exponent: i64) -> Self;
    /// To the power of a float, cut towards zero.
    fn raised_by_float(self, exponent: f32) -> Self;
}

macro_rules! integer {
    ($name:ty) => {
        impl Integer for $name {
            fn raised(self, exponent: i64) -> Self {
                match u32::try_from(exponent) {
                    Ok(exponent) => self.wrapping_pow(exponent),
                    Err(_) => (self as f64).powf(exponent as f64) as $name,
                }
            }

            fn raised_by_float(self, exponent: f32) -> Self {
                (self as f64).powf(f64::from(exponent)) as $name
            }
        }
    };
}

integer!(i32);
integer!(i64);

fn integers<T: Integer>(
    plan: &Broadcast<2>,
    first: Option<&[T]>,
    exponents: Values<'_>,
    output: &mut [T],
) -> Result<(), String> {
    match exponents {
        Values::F32(second) => Pairs { first, second, output }.write(plan, T::raised_by_float),
        Values::I32(second) => {
            Pairs { first, second, output }.write(plan, |base, exponent| base.raised(exponent.into()))
        }
        Values::I64(second) => Pairs { first, second, output }.write(plan, T::raised),
        Values::Bool(_) => return Err(unexpected(exponents.element())),
    }
    Ok(())
}
