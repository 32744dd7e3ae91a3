//! An input of a model as OpenVINO declares it.

use std::ffi::c_int;
use std::ptr;
use std::slice;

use super::api::{Functions, Limits, PartialShape, PortObject, Status};
use super::elements::element_of;
use super::failure::Failure;
use super::owned::Owned;
use super::unsupported;
use crate::model::{DeclaredInput, Dimension};
use crate::runtime::RuntimeError;
use crate::suite::InputSpec;

/// What is known of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Port {
    /// One of its names; absent where it has none.
    pub(super) name: Option<String>,
    /// Its element type, by OpenVINO's number.
    pub(super) element: c_int,
    /// Its dimensions; absent where their number is open.
    pub(super) shape: Option<Vec<Limits>>,
}

/// Frees the sizes of a shape that OpenVINO gave.
struct GivenShape<'a> {
    functions: &'a Functions,
    shape: PartialShape,
}

impl Drop for GivenShape<'_> {
    #[expect(unsafe_code, reason = "what a C library gave is freed by hand")]
    fn drop(&mut self) {
        // SAFETY: the sizes are null or OpenVINO's, given to us to free, and nothing reads them afterwards.
        unsafe { (self.functions.partial_shape_free)(&mut self.shape) }
    }
}

impl Port {
    /// Reads the port that `give` writes to the place that it gets, which is ours to free.
    #[expect(unsafe_code, reason = "methods of a C library")]
    pub(super) fn read(
        functions: &Functions,
        give: impl FnOnce(*mut *mut PortObject) -> Status,
    ) -> Result<Port, Failure> {
        // SAFETY: the caller's function writes a port that is ours, which `port_free` frees.
        let object = unsafe { Owned::make(functions, functions.port_free, give) }?;
        let port = object.get();
        // SAFETY: the port is alive, and the function writes a text that is ours to free. It fails where there is no name.
        let name = functions.text(|name| unsafe { (functions.port_name)(port, name) }).ok();
        let mut element = 0;
        // SAFETY: the port is alive, and the function writes a number.
        functions.check(unsafe { (functions.port_element)(port, &mut element) })?;
        let nothing = PartialShape { rank: Limits { min: 0, max: 0 }, sizes: ptr::null_mut() };
        let mut given = GivenShape { functions, shape: nothing };
        // SAFETY: the port is alive, and the function writes a shape that is ours to free.
        functions.check(unsafe { (functions.port_shape)(port, &mut given.shape) })?;
        let PartialShape { rank, sizes } = given.shape;
        let shape = match usize::try_from(rank.max) {
            Ok(count) if rank.min == rank.max && count > 0 && !sizes.is_null() => {
                // SAFETY: a shape with a fixed rank has as many sizes, which live until `given` is dropped.
                Some(unsafe { slice::from_raw_parts(sizes, count) }.to_vec())
            }
            Ok(0) if rank.min == 0 => Some(Vec::new()),
            _ => None,
        };
        Ok(Port { name, element, shape })
    }

    /// Its name; a made-up one where the model gives none.
    pub(super) fn name(&self, index: usize) -> String {
        self.name.clone().unwrap_or_else(|| format!("input{index}"))
    }

    /// The input at `index` as others know it.
    pub(super) fn declared(&self, index: usize) -> Result<DeclaredInput, RuntimeError> {
        let name = self.name(index);
        let Some(element) = element_of(self.element) else {
            return unsupported(format!("input `{name}` has elements that are not f32, i8, u8, i32, i64 or bool"));
        };
        let dimension =
            |limits: &Limits| fixed(limits).map_or_else(|| Dimension::Open(String::new()), Dimension::Fixed);
        let shape = self.shape.as_ref().map(|shape| shape.iter().map(dimension).collect());
        Ok(DeclaredInput { name, element: Some(element), shape })
    }

    /// The shape that `spec` gives the input, where that leaves something open which the shape decides. A shape that
    /// contradicts the declaration is for whoever makes the inputs to refuse.
    pub(super) fn decided(&self, spec: &InputSpec) -> Option<Vec<i64>> {
        let given = spec.shape.iter().map(|size| i64::try_from(*size)).collect::<Result<Vec<i64>, _>>().ok()?;
        let Some(shape) = &self.shape else { return Some(given) };
        let is_open = shape.iter().any(|limits| fixed(limits).is_none());
        let fits = shape.iter().zip(&given).all(|(limits, size)| fixed(limits).is_none() || limits.min == *size);
        (is_open && fits && shape.len() == given.len()).then_some(given)
    }

    /// Whether the input can have these sizes.
    pub(super) fn takes(&self, sizes: &[usize]) -> bool {
        let Some(shape) = &self.shape else { return true };
        shape.len() == sizes.len() && shape.iter().zip(sizes).all(|(limits, size)| allows(limits, *size))
    }

    /// Its dimensions for people, with a question mark for each that is open.
    pub(super) fn shape_text(&self) -> String {
        let size = |limits: &Limits| fixed(limits).map_or_else(|| "?".to_owned(), |size| size.to_string());
        match &self.shape {
            Some(shape) => format!("[{}]", shape.iter().map(size).collect::<Vec<_>>().join(", ")),
            None => "any shape".to_owned(),
        }
    }
}

/// Whether a dimension can have a size.
fn allows(limits: &Limits, size: usize) -> bool {
    i64::try_from(size).is_ok_and(|size| limits.min <= size && (limits.max < 0 || size <= limits.max))
}

/// The only size that a dimension can have.
fn fixed(limits: &Limits) -> Option<usize> {
    usize::try_from(limits.min).ok().filter(|_| limits.min == limits.max)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(shape: Option<&[(i64, i64)]>) -> Port {
        let limits = |shape: &[(i64, i64)]| shape.iter().map(|(min, max)| Limits { min: *min, max: *max }).collect();
        Port { name: None, element: 4, shape: shape.map(limits) }
    }

    fn decided(port: &Port, spec: &str) -> Option<Vec<i64>> {
        port.decided(&spec.parse().unwrap())
    }

    #[test]
    fn what_is_open_is_decided_by_a_shape_that_fits() {
        let batch = port(Some(&[(0, -1), (3, 3)]));
        assert_eq!(decided(&batch, "f32[2,3]"), Some(vec![2, 3]));
        assert_eq!(decided(&batch, "f32[2,4]"), None, "a fixed size is not changed");
        assert_eq!(decided(&batch, "f32[3]"), None, "nor is the number of dimensions");
        assert_eq!(decided(&port(None), "f32[7]"), Some(vec![7]));
        assert_eq!(decided(&port(Some(&[(7, 7)])), "f32[7]"), None, "nothing is open");
    }

    #[test]
    fn sizes_are_taken_within_their_limits() {
        let batch = port(Some(&[(2, -1), (3, 3), (1, 4)]));
        assert!(batch.takes(&[2, 3, 4]) && batch.takes(&[900, 3, 1]));
        for refused in [&[1, 3, 4][..], &[2, 4, 4], &[2, 3, 5], &[2, 3, 0], &[2, 3], &[2, 3, 4, 1]] {
            assert!(!batch.takes(refused), "{refused:?}");
        }
        assert_eq!(batch.shape_text(), "[?, 3, ?]");
        let any = port(None);
        assert!(any.takes(&[]) && any.takes(&[7]));
        assert_eq!(any.shape_text(), "any shape");
    }

    #[test]
    fn an_input_is_declared_with_what_it_leaves_open() {
        let declared = port(Some(&[(1, -1), (3, 3)])).declared(1).unwrap();
        assert_eq!(declared.name, "input1");
        assert_eq!(declared.shape, Some(vec![Dimension::Open(String::new()), Dimension::Fixed(3)]));
        let half = Port { element: 3, ..port(Some(&[])) };
        let error = half.declared(0).unwrap_err();
        assert!(error.is_incompatible() && error.to_string().contains("input `input0`"), "{error}");
    }
}
