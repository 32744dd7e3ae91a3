//! Tensors as runtimes with a C interface take and give them: bytes, row by row.

use std::borrow::Cow;

use crate::model::{InputTensor, TensorData};
use crate::suite::ElementType;

/// Bytes that one element takes.
pub(super) fn element_bytes(element: ElementType) -> usize {
    match element {
        ElementType::F32 | ElementType::I32 => 4,
        ElementType::I64 => 8,
        ElementType::I8 | ElementType::U8 | ElementType::Bool => 1,
    }
}

/// The elements of `input` as the model takes them, whose type is `declared`: as they are where the types agree. Integers
/// and booleans become each other where the values allow it, since what a user says about an input may be of another
/// integer type than what the model declares. The error is a sentence that names the input.
pub(super) fn input_bytes(input: &InputTensor, declared: ElementType) -> Result<Cow<'_, [u8]>, String> {
    match (&input.data, declared) {
        (TensorData::F32(values), ElementType::F32) => Ok(bytes(values)),
        (TensorData::I32(values), ElementType::I32) => Ok(bytes(values)),
        (TensorData::I64(values), ElementType::I64) => Ok(bytes(values)),
        (TensorData::I8(values), ElementType::I8) => Ok(bytes(values)),
        (TensorData::U8(values), ElementType::U8) => Ok(bytes(values)),
        (TensorData::Bool(values), ElementType::Bool) => Ok(bytes(values)),
        (data, declared) => {
            let whole = whole_numbers(data).and_then(|values| narrowed(&values, declared));
            let refused =
                || format!("input `{}` holds values of {} that {declared} has not", input.name, input.element);
            whole.map(Cow::Owned).ok_or_else(refused)
        }
    }
}

/// Elements of the type `element` as 32-bit floats. What is left of `bytes` after the last whole element counts nothing.
pub(super) fn floats(element: ElementType, bytes: &[u8]) -> Vec<f32> {
    match element {
        ElementType::F32 => each(bytes, f32::from_ne_bytes),
        ElementType::I32 => each(bytes, |element| i32::from_ne_bytes(element) as f32),
        ElementType::I64 => each(bytes, |element| i64::from_ne_bytes(element) as f32),
        ElementType::I8 => each(bytes, |element| f32::from(i8::from_ne_bytes(element))),
        ElementType::U8 => each(bytes, |[element]| f32::from(element)),
        ElementType::Bool => each(bytes, |[element]| f32::from(u8::from(element != 0))),
    }
}

/// What `widen` makes of every element of so many bytes.
pub(super) fn each<const SIZE: usize>(bytes: &[u8], widen: impl Fn([u8; SIZE]) -> f32) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|element| widen(*element)).collect()
}

fn bytes<T: bytemuck::NoUninit>(values: &[T]) -> Cow<'_, [u8]> {
    Cow::Borrowed(bytemuck::cast_slice(values))
}

/// Integers and booleans as the widest of them; `None` for floats.
fn whole_numbers(data: &TensorData) -> Option<Vec<i64>> {
    Some(match data {
        TensorData::F32(_) => return None,
        TensorData::I32(values) => values.iter().map(|value| i64::from(*value)).collect(),
        TensorData::I64(values) => values.clone(),
        TensorData::I8(values) => values.iter().map(|value| i64::from(*value)).collect(),
        TensorData::U8(values) => values.iter().map(|value| i64::from(*value)).collect(),
        TensorData::Bool(values) => values.iter().map(|value| i64::from(*value)).collect(),
    })
}

/// Whole numbers as bytes of the type `element`; `None` if it does not have one of them, or is no integer.
fn narrowed(values: &[i64], element: ElementType) -> Option<Vec<u8>> {
    fn each<const SIZE: usize>(values: &[i64], narrow: impl Fn(i64) -> Option<[u8; SIZE]>) -> Option<Vec<u8>> {
        let elements: Option<Vec<[u8; SIZE]>> = values.iter().map(|value| narrow(*value)).collect();
        Some(elements?.concat())
    }
    match element {
        ElementType::F32 => None,
        ElementType::I32 => each(values, |value| i32::try_from(value).ok().map(i32::to_ne_bytes)),
        ElementType::I64 => each(values, |value| Some(value.to_ne_bytes())),
        ElementType::I8 => each(values, |value| i8::try_from(value).ok().map(i8::to_ne_bytes)),
        ElementType::U8 => each(values, |value| u8::try_from(value).ok().map(u8::to_ne_bytes)),
        ElementType::Bool => {
            each(values, |value| u8::try_from(value).ok().filter(|value| *value <= 1).map(|value| [value]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(element: ElementType, data: TensorData) -> InputTensor {
        InputTensor { name: "x".into(), element, shape: vec![2], data }
    }

    #[test]
    fn elements_of_the_declared_type_are_not_copied() {
        let float = input(ElementType::F32, TensorData::F32(vec![1.0, -2.5]));
        let given = input_bytes(&float, ElementType::F32).unwrap();
        assert!(matches!(given, Cow::Borrowed(_)));
        assert_eq!(floats(ElementType::F32, &given), [1.0, -2.5]);
    }

    #[test]
    fn integers_become_each_other_where_the_values_allow_it() {
        let wide = input(ElementType::I64, TensorData::I64(vec![1, -2]));
        for element in [ElementType::I32, ElementType::I64, ElementType::I8] {
            let given = input_bytes(&wide, element).unwrap();
            assert_eq!((given.len(), floats(element, &given)), (2 * element_bytes(element), vec![1.0, -2.0]));
        }
        let truth = input(ElementType::Bool, TensorData::Bool(vec![true, false]));
        for element in [ElementType::I32, ElementType::U8, ElementType::Bool] {
            assert_eq!(floats(element, &input_bytes(&truth, element).unwrap()), [1.0, 0.0]);
        }
    }

    #[test]
    fn what_a_type_does_not_have_is_refused_by_name() {
        let wide = input(ElementType::I64, TensorData::I64(vec![1 << 40, 0]));
        let error = |element| input_bytes(&wide, element).unwrap_err();
        assert_eq!(error(ElementType::I32), "input `x` holds values of i64 that i32 has not");
        assert!(input_bytes(&input(ElementType::I8, TensorData::I8(vec![-1])), ElementType::U8).is_err());
        assert!(input_bytes(&input(ElementType::I32, TensorData::I32(vec![2])), ElementType::Bool).is_err());
        assert!(input_bytes(&input(ElementType::F32, TensorData::F32(vec![1.0])), ElementType::I32).is_err());
        assert!(input_bytes(&input(ElementType::I32, TensorData::I32(vec![1])), ElementType::F32).is_err());
    }
}
