//! The tensors of a node by what they are for. Types and presence are checked before a kernel is entered, so that an
//! error from here means that the checks and the kernels do not agree.

use crate::runtime::embedded::shapes::word;
use crate::runtime::embedded::tensor::{Element, Values, ValuesMut, View};

/// An input that the operator needs.
pub(super) fn required<'a>(inputs: &[Option<View<'a>>], index: usize) -> Result<View<'a>, String> {
    optional(inputs, index).ok_or_else(|| format!("input {} is missing", index + 1))
}

/// An input that may be absent.
pub(super) fn optional<'a>(inputs: &[Option<View<'a>>], index: usize) -> Option<View<'a>> {
    inputs.get(index).copied().flatten()
}

/// The floats of an input that the operator needs.
pub(super) fn floats<'a>(inputs: &[Option<View<'a>>], index: usize) -> Result<&'a [f32], String> {
    typed(required(inputs, index)?.values)
}

/// The floats of a tensor that is written.
pub(super) fn floats_mut<'a>(values: &'a mut ValuesMut<'_>) -> Result<&'a mut [f32], String> {
    match values {
        ValuesMut::F32(values) => Ok(values),
        _ => Err("an output that is not of type f32".to_owned()),
    }
}

/// Rust's types of elements, so that generic code can ask for values of its own type.
pub(super) trait Typed: Copy + Default {
    /// The values, if they are of this type.
    fn of(values: Values<'_>) -> Option<&[Self]>;
}

macro_rules! typed {
    ($name:ty, $variant:ident) => {
        impl Typed for $name {
            fn of(values: Values<'_>) -> Option<&[Self]> {
                if let Values::$variant(values) = values { Some(values) } else { None }
            }
        }
    };
}

typed!(f32, F32);
typed!(i32, I32);
typed!(i64, I64);
typed!(bool, Bool);

/// Values of the type that the caller works with.
pub(super) fn typed<T: Typed>(values: Values<'_>) -> Result<&[T], String> {
    T::of(values).ok_or_else(|| unexpected(values.element()))
}

/// As [`typed()`], where there are values.
pub(super) fn optional_typed<T: Typed>(values: Option<Values<'_>>) -> Result<Option<&[T]>, String> {
    values.map(typed).transpose()
}

/// The error of a type that the operator does not take.
pub(super) fn unexpected(element: Element) -> String {
    format!("elements of type {}", word(element))
}

/// Runs the same generic code whatever the type of the values that are written.
macro_rules! whatever_type {
    ($output:expr, |$to:ident| $work:expr) => {{
        use $crate::runtime::embedded::tensor::ValuesMut;
        match $output {
            ValuesMut::F32($to) => $work,
            ValuesMut::I32($to) => $work,
            ValuesMut::I64($to) => $work,
            ValuesMut::Bool($to) => $work,
        }
    }};
}

pub(super) use whatever_type;
