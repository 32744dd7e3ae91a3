//! Floats out of tensors, with what the tensor's type promises but does not enforce checked: element type and length.

use bytemuck::allocation::try_zeroed_vec;

use crate::runtime::embedded::tensor::{Values, ValuesMut, View, ViewMut, elements};

/// The values of a tensor of floats; `what` names the tensor in the error.
pub(super) fn floats<'a>(view: View<'a>, what: &str) -> Result<&'a [f32], String> {
    let Values::F32(values) = view.values else {
        return Err(format!("the elements of {what} are of type {:?} instead of F32", view.values.element()));
    };
    expect_length(what, view.shape, values.len())?;
    Ok(values)
}

/// The values of a tensor of floats that is to be written and has to have the shape `shape`.
pub(super) fn floats_mut<'a>(view: &'a mut ViewMut<'_>, shape: &[usize], what: &str) -> Result<&'a mut [f32], String> {
    if view.shape != shape {
        return Err(format!("the shape of {what} is {:?} instead of {shape:?}", view.shape));
    }
    let ValuesMut::F32(values) = &mut view.values else {
        return Err(format!("the elements of {what} are not of type F32"));
    };
    expect_length(what, shape, values.len())?;
    Ok(values)
}

/// An error unless a tensor of the shape has so many values.
fn expect_length(what: &str, shape: &[usize], length: usize) -> Result<(), String> {
    match elements(shape) {
        Some(count) if count == length => Ok(()),
        _ => Err(format!("{length} values do not make {what} of the shape {shape:?}")),
    }
}

/// An error unless a shape is the one that is needed.
pub(super) fn expect_shape(what: &str, found: &[usize], needed: &[usize]) -> Result<(), String> {
    if found == needed { Ok(()) } else { Err(format!("the shape of {what} is {found:?} instead of {needed:?}")) }
}

/// Memory for values in between, filled with zeros; an error where the system refuses it.
pub(super) fn zeros(count: usize) -> Result<Vec<f32>, String> {
    try_zeroed_vec(count).map_err(|()| format!("there is no memory for {count} values in between"))
}

/// A shape whose elements can be counted, or an error.
pub(super) fn countable(shape: Vec<usize>) -> Result<Vec<usize>, String> {
    match elements(&shape) {
        Some(_) => Ok(shape),
        None => Err(format!("a tensor of the shape {shape:?} is too large")),
    }
}
