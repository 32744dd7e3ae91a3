//! Tensors of the file: those that the weight store holds stay there, the others become tensors of the graph.

use rten_onnx::onnx::{DataLocation, DataType, TensorProto};

use super::Fault;
use crate::runtime::embedded::graph::Constant;
use crate::runtime::embedded::tensor::{Buffer, Element, Tensor, elements};
use crate::runtime::embedded::weights::WeightStore;

/// The element type that a number of ONNX means, if it is one of ours.
pub(super) fn element(data_type: Option<DataType>) -> Result<Element, Fault> {
    match data_type {
        Some(DataType::FLOAT) => Ok(Element::F32),
        Some(DataType::INT32) => Ok(Element::I32),
        Some(DataType::INT64) => Ok(Element::I64),
        Some(DataType::BOOL) => Ok(Element::Bool),
        Some(other) => Err(Fault::Unsupported(format!("elements of type {other}"))),
        None => Err(Fault::Invalid("no element type".into())),
    }
}

/// An initializer of the model: a weight of the store, or a small tensor.
pub(super) fn initializer(proto: &TensorProto, store: &WeightStore) -> Result<Constant, Fault> {
    match store.find(proto.name.as_deref().unwrap_or("")) {
        Some(id) => Ok(Constant::Weight { id, element: element(proto.data_type)?, shape: shape(proto)? }),
        None => tensor(proto).map(Constant::Tensor),
    }
}

/// The tensor that lies in the message itself.
pub(super) fn tensor(proto: &TensorProto) -> Result<Tensor, Fault> {
    let element = element(proto.data_type)?;
    if proto.data_location == Some(DataLocation::EXTERNAL) {
        return Err(Fault::Unsupported("values in another file for a tensor that is no initializer".into()));
    }
    let shape = shape(proto)?;
    let buffer = match &proto.raw_data {
        Some(raw) => raw_values(element, &raw.borrow())?,
        None => typed_values(element, proto),
    };
    let tensor = Tensor { shape, buffer };
    let held = tensor.view().values.len();
    if elements(&tensor.shape) != Some(held) {
        return Err(Fault::Invalid(format!("{held} values for the shape {:?}", tensor.shape)));
    }
    Ok(tensor)
}

fn shape(proto: &TensorProto) -> Result<Vec<usize>, Fault> {
    let sizes: Option<Vec<usize>> = proto.dims.iter().map(|size| usize::try_from(*size).ok()).collect();
    let sizes = sizes.filter(|sizes| elements(sizes).is_some());
    sizes.ok_or_else(|| Fault::Invalid(format!("the impossible shape {:?}", proto.dims)))
}

fn raw_values(element: Element, bytes: &[u8]) -> Result<Buffer, Fault> {
    if !bytes.len().is_multiple_of(element.bytes()) {
        return Err(Fault::Invalid(format!("{} bytes, which is no whole number of values", bytes.len())));
    }
    let (quadruples, octuples) = (bytes.as_chunks::<4>().0, bytes.as_chunks::<8>().0);
    Ok(match element {
        Element::F32 => Buffer::F32(quadruples.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()),
        Element::I32 => Buffer::I32(quadruples.iter().map(|bytes| i32::from_le_bytes(*bytes)).collect()),
        Element::I64 => Buffer::I64(octuples.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect()),
        Element::Bool => Buffer::Bool(bytes.iter().map(|byte| *byte != 0).collect()),
    })
}

/// The values in the field of their type; truth values lie among the 32-bit integers.
fn typed_values(element: Element, proto: &TensorProto) -> Buffer {
    match element {
        Element::F32 => Buffer::F32(proto.float_data.clone()),
        Element::I32 => Buffer::I32(proto.int32_data.clone()),
        Element::I64 => Buffer::I64(proto.int64_data.clone()),
        Element::Bool => Buffer::Bool(proto.int32_data.iter().map(|value| *value != 0).collect()),
    }
}
