//! Inputs as a session declares them.

use std::ptr::{self, NonNull};

use ort::AsPointer;
use ort::session::Session;
use ort::sys::OrtTypeInfo;
use ort::value::{Outlet, TensorElementType, ValueType};

use crate::model::{DeclaredInput, Dimension};
use crate::suite::ElementType;

/// The inputs of `session`.
pub(super) fn inputs(session: &Session) -> Vec<DeclaredInput> {
    session.inputs().iter().enumerate().map(|(index, input)| declared(input, || has_shape(session, index))).collect()
}

/// An input; `has_shape` tells a scalar from a tensor of any shape, which the crate does not.
fn declared(input: &Outlet, has_shape: impl FnOnce() -> bool) -> DeclaredInput {
    let name = input.name().to_owned();
    let ValueType::Tensor { ty, shape, dimension_symbols } = input.dtype() else {
        return DeclaredInput { name, element: None, shape: None };
    };
    let dimension = |(index, size): (usize, &i64)| match usize::try_from(*size) {
        Ok(size) => Dimension::Fixed(size),
        Err(_) => Dimension::Open(dimension_symbols.get(index).cloned().unwrap_or_default()),
    };
    let is_known = !shape.is_empty() || has_shape();
    let shape = is_known.then(|| shape.iter().enumerate().map(dimension).collect());
    DeclaredInput { name, element: element(*ty), shape }
}

fn element(element: TensorElementType) -> Option<ElementType> {
    match element {
        TensorElementType::Float32 => Some(ElementType::F32),
        TensorElementType::Int32 => Some(ElementType::I32),
        TensorElementType::Int64 => Some(ElementType::I64),
        TensorElementType::Int8 => Some(ElementType::I8),
        TensorElementType::Uint8 => Some(ElementType::U8),
        TensorElementType::Bool => Some(ElementType::Bool),
        _ => None,
    }
}

/// Whether input number `index` is a tensor that declares a shape.
#[expect(unsafe_code, reason = "the crate gives a shape without dimensions to a tensor of any shape")]
fn has_shape(session: &Session, index: usize) -> bool {
    let api = ort::api();
    let mut information = ptr::null_mut();
    // SAFETY: the session is alive; the call writes a pointer to what is ours, or returns an error.
    let status = unsafe { (api.SessionGetInputTypeInfo)(session.ptr(), index, &mut information) };
    // SAFETY: the status comes from the call above and is used nowhere else.
    let asked = unsafe { ort::Error::result_from_status(status) };
    let (Ok(()), Some(information)) = (asked, NonNull::new(information)) else { return false };
    let information = Information(information);
    let mut tensor = ptr::null();
    // SAFETY: the information is alive; what is written points into it.
    let status = unsafe { (api.CastTypeInfoToTensorInfo)(information.0.as_ptr(), &mut tensor) };
    // SAFETY: the status comes from the call above and is used nowhere else.
    let asked = unsafe { ort::Error::result_from_status(status) };
    // SAFETY: the pointer is not null, and what it points into is alive.
    asked.is_ok() && !tensor.is_null() && unsafe { (api.TensorTypeAndShape_HasShape)(tensor) }
}

/// The type of an input.
struct Information(NonNull<OrtTypeInfo>);

impl Drop for Information {
    #[expect(unsafe_code, reason = "the crate does not give the type as ONNX Runtime has it")]
    fn drop(&mut self) {
        // SAFETY: the information is ours and is not used afterwards.
        unsafe { (ort::api().ReleaseTypeInfo)(self.0.as_ptr()) }
    }
}
