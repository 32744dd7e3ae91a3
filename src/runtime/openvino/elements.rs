//! Elements of tensors: OpenVINO's numbers for their types, and the values of outputs of all of these types.

use std::ffi::c_int;

use crate::runtime::tensor_bytes::{each, floats};
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

/// Elements of any numeric type as floats; `None` for other types.
pub(super) fn values(number: c_int, bytes: &[u8]) -> Option<Vec<f32>> {
    if let Some(element) = element_of(number) {
        return Some(floats(element, bytes));
    }
    Some(match number {
        F64 => each(bytes, |bytes| f64::from_ne_bytes(bytes) as f32),
        F16 => each(bytes, |bytes| half(u16::from_ne_bytes(bytes))),
        BF16 => each(bytes, |bytes| f32::from_bits(u32::from(u16::from_ne_bytes(bytes)) << 16)),
        I16 => each(bytes, |bytes| f32::from(i16::from_ne_bytes(bytes))),
        U16 => each(bytes, |bytes| f32::from(u16::from_ne_bytes(bytes))),
        U32 => each(bytes, |bytes| u32::from_ne_bytes(bytes) as f32),
        U64 => each(bytes, |bytes| u64::from_ne_bytes(bytes) as f32),
        _ => return None,
    })
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
    fn every_numeric_type_becomes_a_float() {
        assert_eq!(values(F32, &(-2.5f32).to_ne_bytes()).unwrap(), [-2.5]);
        assert_eq!(values(F64, &(-2.5f64).to_ne_bytes()).unwrap(), [-2.5]);
        assert_eq!(values(BF16, &0xc020u16.to_ne_bytes()).unwrap(), [-2.5]);
        assert_eq!(values(BOOLEAN, &[0, 1, 255]).unwrap(), [0.0, 1.0, 1.0]);
        assert_eq!(values(I8, &[0xff]).unwrap(), [-1.0]);
        assert_eq!(values(U8, &[0xff]).unwrap(), [255.0]);
        assert_eq!(values(I16, &(-300i16).to_ne_bytes()).unwrap(), [-300.0]);
        assert_eq!(values(U16, &60_000u16.to_ne_bytes()).unwrap(), [60_000.0]);
        assert_eq!(values(I32, &(-7i32).to_ne_bytes()).unwrap(), [-7.0]);
        assert_eq!(values(I64, &(-7i64).to_ne_bytes()).unwrap(), [-7.0]);
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
