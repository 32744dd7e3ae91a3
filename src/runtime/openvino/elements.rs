//! Elements of tensors: OpenVINO's numbers for their types, and our values as its bytes and back.

use std::borrow::Cow;
use std::ffi::c_int;

use crate::model::TensorData;
use crate::suite::ElementType;

/// `ov_element_type_e` since 2025.1, which counts from `DYNAMIC`; before that each number was one more.
const BOOLEAN: c_int = 1;
const BF16: c_int = 2;
const F16: c_int = 3;
const F32: c_int = 4;
const F64: c_int = 5;
const I8: c_int = 7;
const I16: c_int = 8;
const I32: c_int = 9;
const I64: c_int = 10;
const U8: c_int = 16;
const U16: c_int = 17;
const U32: c_int = 18;
const U64: c_int = 19;

/// OpenVINO's number for an element type.
pub(super) fn number_of(element: ElementType) -> c_int {
    match element {
        ElementType::F32 => F32,
        ElementType::I32 => I32,
        ElementType::I64 => I64,
        ElementType::I8 => I8,
        ElementType::U8 => U8,
        ElementType::Bool => BOOLEAN,
    }
}

/// The element type behind OpenVINO's number; `None` for one that inputs are not made of.
pub(super) fn element_of(number: c_int) -> Option<ElementType> {
    use ElementType::{Bool, F32, I8, I32, I64, U8};
    [F32, I32, I64, I8, U8, Bool].into_iter().find(|element| number_of(*element) == number)
}

/// The bytes of `data` as elements of a type. Integers and booleans become each other where the values fit, since an input
/// may be given as another integer type than the model declares; the error is the rest of a sentence about the input.
pub(super) fn bytes_as(element: ElementType, data: &TensorData) -> Result<Cow<'_, [u8]>, String> {
    let same = match (element, data) {
        (ElementType::F32, TensorData::F32(values)) => Some(bytemuck::cast_slice(values)),
        (ElementType::I32, TensorData::I32(values)) => Some(bytemuck::cast_slice(values)),
        (ElementType::I64, TensorData::I64(values)) => Some(bytemuck::cast_slice(values)),
        (ElementType::I8, TensorData::I8(values)) => Some(bytemuck::cast_slice(values)),
        (ElementType::U8, TensorData::U8(values)) => Some(values.as_slice()),
        (ElementType::Bool, TensorData::Bool(values)) => Some(bytemuck::cast_slice(values)),
        _ => None,
    };
    if let Some(bytes) = same {
        return Ok(Cow::Borrowed(bytes));
    }
    let integers: Vec<i64> = match data {
        TensorData::I32(values) => values.iter().map(|value| i64::from(*value)).collect(),
        TensorData::I64(values) => values.clone(),
        TensorData::Bool(values) => values.iter().map(|value| i64::from(*value)).collect(),
        TensorData::F32(_) | TensorData::I8(_) | TensorData::U8(_) => return Err(format!("is of type {element}")),
    };
    let outside = || format!("holds values that {element} has not");
    let bytes: Option<Vec<u8>> = match element {
        ElementType::I32 => integers
            .iter()
            .map(|value| i32::try_from(*value).ok())
            .collect::<Option<Vec<_>>>()
            .map(|values| bytemuck::cast_slice(&values).to_vec()),
        ElementType::I64 => Some(bytemuck::cast_slice(&integers).to_vec()),
        ElementType::Bool => integers.iter().map(|value| u8::try_from(*value).ok().filter(|bit| *bit < 2)).collect(),
        ElementType::F32 | ElementType::I8 | ElementType::U8 => return Err(format!("is of type {element}")),
    };
    bytes.map(Cow::Owned).ok_or_else(outside)
}

/// Elements of any numeric type as floats; `None` for other types.
pub(super) fn values(number: c_int, bytes: &[u8]) -> Option<Vec<f32>> {
    Some(match number {
        F32 => each(bytes, f32::from_ne_bytes),
        F64 => each(bytes, |bytes| f64::from_ne_bytes(bytes) as f32),
        F16 => each(bytes, |bytes| half(u16::from_ne_bytes(bytes))),
        BF16 => each(bytes, |bytes| f32::from_bits(u32::from(u16::from_ne_bytes(bytes)) << 16)),
        BOOLEAN => each(bytes, |[byte]| f32::from(u8::from(byte != 0))),
        I8 => each(bytes, |bytes| f32::from(i8::from_ne_bytes(bytes))),
        U8 => each(bytes, |[byte]| f32::from(byte)),
        I16 => each(bytes, |bytes| f32::from(i16::from_ne_bytes(bytes))),
        U16 => each(bytes, |bytes| f32::from(u16::from_ne_bytes(bytes))),
        I32 => each(bytes, |bytes| i32::from_ne_bytes(bytes) as f32),
        U32 => each(bytes, |bytes| u32::from_ne_bytes(bytes) as f32),
        I64 => each(bytes, |bytes| i64::from_ne_bytes(bytes) as f32),
        U64 => each(bytes, |bytes| u64::from_ne_bytes(bytes) as f32),
        _ => return None,
    })
}

fn each<const SIZE: usize>(bytes: &[u8], value: impl Fn([u8; SIZE]) -> f32) -> Vec<f32> {
    bytes.as_chunks::<SIZE>().0.iter().map(|bytes| value(*bytes)).collect()
}

/// The value of a 16-bit float (IEEE 754 binary16): a sign, 5 bits of exponent, 10 of fraction.
fn half(bits: u16) -> f32 {
    let fraction = f32::from(bits & 0x3ff) / 1024.0;
    let magnitude = match i32::from(bits >> 10 & 0x1f) {
        0 => fraction * 2f32.powi(-14),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        exponent => (1.0 + fraction) * 2f32.powi(exponent - 15),
    };
    if bits >> 15 == 0 { magnitude } else { -magnitude }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_types_belong_to_each_other() {
        let numbers: Vec<c_int> = (0..26).filter(|number| element_of(*number).is_some()).collect();
        assert_eq!(numbers, [BOOLEAN, F32, I8, I32, I64, U8]);
        assert!(numbers.iter().all(|number| element_of(*number).map(number_of) == Some(*number)));
    }

    #[test]
    fn inputs_keep_their_bytes_and_integers_become_each_other() {
        let floats = TensorData::F32(vec![1.0, -0.5]);
        let bytes = bytes_as(ElementType::F32, &floats).unwrap();
        assert!(matches!(bytes, Cow::Borrowed(_)), "nothing is copied where the types agree");
        assert_eq!(values(F32, &bytes).unwrap(), [1.0, -0.5]);
        let wide = TensorData::I64(vec![1, 0]);
        assert_eq!(values(I32, &bytes_as(ElementType::I32, &wide).unwrap()).unwrap(), [1.0, 0.0]);
        assert_eq!(*bytes_as(ElementType::Bool, &wide).unwrap(), [1, 0]);
        let bits = TensorData::Bool(vec![true, false]);
        assert_eq!(values(I64, &bytes_as(ElementType::I64, &bits).unwrap()).unwrap(), [1.0, 0.0]);
    }

    #[test]
    fn values_that_do_not_fit_are_refused() {
        let far = TensorData::I64(vec![1 << 40]);
        assert_eq!(bytes_as(ElementType::I32, &far).unwrap_err(), "holds values that i32 has not");
        assert_eq!(bytes_as(ElementType::Bool, &far).unwrap_err(), "holds values that bool has not");
        assert_eq!(bytes_as(ElementType::F32, &far).unwrap_err(), "is of type f32");
        assert_eq!(bytes_as(ElementType::I32, &TensorData::F32(vec![1.0])).unwrap_err(), "is of type i32");
    }

    #[test]
    fn every_numeric_type_becomes_a_float() {
        assert_eq!(values(F64, &(-2.5f64).to_ne_bytes()).unwrap(), [-2.5]);
        assert_eq!(values(BF16, &0xc020u16.to_ne_bytes()).unwrap(), [-2.5]);
        assert_eq!(values(BOOLEAN, &[0, 1, 255]).unwrap(), [0.0, 1.0, 1.0]);
        assert_eq!(values(I8, &[0xff]).unwrap(), [-1.0]);
        assert_eq!(values(U8, &[0xff]).unwrap(), [255.0]);
        assert_eq!(values(I16, &(-300i16).to_ne_bytes()).unwrap(), [-300.0]);
        assert_eq!(values(U16, &60_000u16.to_ne_bytes()).unwrap(), [60_000.0]);
        assert_eq!(values(U32, &u32::MAX.to_ne_bytes()).unwrap(), [u32::MAX as f32]);
        assert_eq!(values(U64, &7u64.to_ne_bytes()).unwrap(), [7.0]);
        assert_eq!(values(0, &[1]), None);
    }

    #[test]
    fn halves_are_what_the_standard_says() {
        let bits = [0x3c00, 0xc000, 0x7bff, 0x0400, 0x0001, 0x8000, 0x7c00, 0xfc00];
        let expected = [1.0, -2.0, 65504.0, 6.103_515_6e-5, 5.960_464_5e-8, -0.0, f32::INFINITY, f32::NEG_INFINITY];
        assert_eq!(bits.map(half), expected);
        assert!(half(0x7e00).is_nan() && half(0x8000).is_sign_negative());
    }
}
