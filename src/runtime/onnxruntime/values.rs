//! Tensors to ONNX Runtime and back.

use ort::session::SessionInputValue;
use ort::value::{DynValue, PrimitiveTensorElementType, Tensor, TensorElementType, TensorRef, ValueType};

use super::ENGINE;
use super::error::{execution, unsupported};
use crate::model::{InputTensor, TensorData};
use crate::runtime::{Output, RuntimeError};

/// How a session gets the data of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Handing {
    /// Where it lies, for as long as the input lives.
    View,
    /// In memory of the tensor's own.
    Copy,
}

/// The input as the session takes it. Integers and booleans are copied in any case where the session is `wanted` to get
/// another one of these types, which some engines declare in its place.
pub(super) fn value(
    input: &InputTensor,
    wanted: Option<TensorElementType>,
    handing: Handing,
) -> Result<SessionInputValue<'_>, RuntimeError> {
    use TensorElementType::{Bool, Int32, Int64};
    match (&input.data, wanted) {
        (TensorData::I32(values), Some(wanted @ (Int64 | Bool))) => {
            converted(input, values.iter().map(|value| i64::from(*value)), wanted)
        }
        (TensorData::I64(values), Some(wanted @ (Int32 | Bool))) => converted(input, values.iter().copied(), wanted),
        (TensorData::Bool(values), Some(wanted @ (Int32 | Int64))) => {
            converted(input, values.iter().map(|value| i64::from(*value)), wanted)
        }
        (TensorData::F32(values), _) => handed(input, values, handing),
        (TensorData::I32(values), _) => handed(input, values, handing),
        (TensorData::I64(values), _) => handed(input, values, handing),
        (TensorData::I8(values), _) => handed(input, values, handing),
        (TensorData::U8(values), _) => handed(input, values, handing),
        (TensorData::Bool(values), _) => handed(input, values, handing),
    }
}

fn handed<'a, T>(
    input: &'a InputTensor,
    values: &'a [T],
    handing: Handing,
) -> Result<SessionInputValue<'a>, RuntimeError>
where
    T: PrimitiveTensorElementType + Clone + std::fmt::Debug + 'static,
{
    let shape = input.shape.as_slice();
    let value = match handing {
        Handing::View => TensorRef::from_array_view((shape, values)).map(SessionInputValue::from),
        Handing::Copy => Tensor::from_array((shape, values.to_vec())).map(SessionInputValue::from),
    };
    value.map_err(|error| execution(&error))
}

/// The values as integers or booleans of the type `wanted`.
fn converted<'a>(
    input: &'a InputTensor,
    values: impl Iterator<Item = i64>,
    wanted: TensorElementType,
) -> Result<SessionInputValue<'a>, RuntimeError> {
    let shape = input.shape.as_slice();
    let tensor = match wanted {
        TensorElementType::Int32 => {
            let values: Vec<i32> = each(input, values, wanted, |value| i32::try_from(value).ok())?;
            Tensor::from_array((shape, values)).map(SessionInputValue::from)
        }
        TensorElementType::Bool => {
            let bit = |value| u8::try_from(value).ok().filter(|bit| *bit <= 1).map(|bit| bit == 1);
            let values: Vec<bool> = each(input, values, wanted, bit)?;
            Tensor::from_array((shape, values)).map(SessionInputValue::from)
        }
        _ => Tensor::from_array((shape, values.collect::<Vec<i64>>())).map(SessionInputValue::from),
    };
    tensor.map_err(|error| execution(&error))
}

/// Each value as `narrow` makes it, if the type `wanted` has all of them.
fn each<T>(
    input: &InputTensor,
    values: impl Iterator<Item = i64>,
    wanted: TensorElementType,
    narrow: impl Fn(i64) -> Option<T>,
) -> Result<Vec<T>, RuntimeError> {
    values.map(narrow).collect::<Option<_>>().ok_or_else(|| {
        let message = format!("input `{}` holds values of {} that {wanted} has not", input.name, input.element);
        RuntimeError::Execution { engine: ENGINE, message }
    })
}

/// A result, as 32-bit floats whatever its type.
pub(super) fn output(value: &DynValue) -> Result<Output, RuntimeError> {
    let ValueType::Tensor { ty, .. } = value.dtype() else {
        return Err(unsupported(format!("an output is no tensor but {}", value.dtype())));
    };
    match ty {
        TensorElementType::Float32 => widened(value, |value: f32| value),
        TensorElementType::Float64 => widened(value, |value: f64| value as f32),
        TensorElementType::Int8 => widened(value, |value: i8| f32::from(value)),
        TensorElementType::Int16 => widened(value, |value: i16| f32::from(value)),
        TensorElementType::Int32 => widened(value, |value: i32| value as f32),
        TensorElementType::Int64 => widened(value, |value: i64| value as f32),
        TensorElementType::Uint8 => widened(value, |value: u8| f32::from(value)),
        TensorElementType::Uint16 => widened(value, |value: u16| f32::from(value)),
        TensorElementType::Uint32 => widened(value, |value: u32| value as f32),
        TensorElementType::Uint64 => widened(value, |value: u64| value as f32),
        TensorElementType::Bool => widened(value, |value: bool| f32::from(u8::from(value))),
        other => Err(unsupported(format!("outputs of type {other} cannot be read"))),
    }
}

fn widened<T>(value: &DynValue, widen: impl Fn(T) -> f32) -> Result<Output, RuntimeError>
where
    T: PrimitiveTensorElementType + Copy,
{
    let (shape, values) = value.try_extract_tensor::<T>().map_err(|error| execution(&error))?;
    // What was computed has no open dimensions.
    let shape = shape.iter().map(|size| usize::try_from(*size).unwrap_or(0)).collect();
    Ok(Output { shape, values: values.iter().copied().map(widen).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::ElementType;

    fn refusal(data: TensorData, element: ElementType, wanted: TensorElementType) -> String {
        let input = InputTensor { name: "x".into(), element, shape: vec![2], data };
        match value(&input, Some(wanted), Handing::View).map(|_| ()) {
            Err(error @ RuntimeError::Execution { .. }) => error.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn values_that_the_declared_type_does_not_have_are_refused() {
        use TensorElementType::{Bool, Int32};
        for value in [-1, 2, 256] {
            let told = refusal(TensorData::I32(vec![0, value]), ElementType::I32, Bool);
            assert_eq!(told, "onnxruntime failed to execute: input `x` holds values of i32 that bool has not");
        }
        assert!(refusal(TensorData::I64(vec![1, 1 << 40]), ElementType::I64, Bool).ends_with("that bool has not"));
        assert!(refusal(TensorData::I64(vec![1, 1 << 40]), ElementType::I64, Int32).ends_with("that i32 has not"));
    }
}
