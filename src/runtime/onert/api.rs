//! What is used of onert's C interface, as `nnfw.h` and `nnfw_internal.h` of version 0.1 declare it.

use std::ffi::{c_char, c_int, c_void};
use std::path::Path;

use crate::runtime::RuntimeError;
use crate::runtime::functions::{Opened, functions};
use crate::suite::ElementType;

/// A session.
pub(super) type Pointer = *mut c_void;

/// How a call ended; 0 is success.
pub(super) type Status = c_int;

/// Success.
pub(super) const OK: Status = 0;

/// The number that says which version this is.
pub(super) const VERSION: c_int = 0;

/// Most dimensions of a tensor.
pub(super) const MOST_DIMENSIONS: usize = 6;

functions! {
    /// The functions of onert.
    struct Api {
        "nnfw_create_session" => fn create_session(out: *mut Pointer) -> Status;
        "nnfw_close_session" => fn close_session(session: Pointer) -> Status;
        "nnfw_load_model_from_file" => fn load_model(session: Pointer, path: *const c_char) -> Status;
        "nnfw_set_available_backends" => fn set_backends(session: Pointer, names: *const c_char) -> Status;
        "nnfw_prepare" => fn prepare(session: Pointer) -> Status;
        "nnfw_input_size" => fn count_inputs(session: Pointer, out: *mut u32) -> Status;
        "nnfw_output_size" => fn count_outputs(session: Pointer, out: *mut u32) -> Status;
        "nnfw_input_tensorindex" => fn input_index(session: Pointer, name: *const c_char, out: *mut u32) -> Status;
        "nnfw_input_tensorinfo" => fn input_type(session: Pointer, index: u32, out: *mut TensorType) -> Status;
        "nnfw_output_tensorinfo" => fn output_type(session: Pointer, index: u32, out: *mut TensorType) -> Status;
        "nnfw_set_input_tensorinfo" => fn resize_input(session: Pointer, index: u32, to: *const TensorType) -> Status;
        "nnfw_set_input" =>
            fn set_input(session: Pointer, index: u32, kind: c_int, bytes: *const c_void, count: usize) -> Status;
        "nnfw_set_output" =>
            fn set_output(session: Pointer, index: u32, kind: c_int, bytes: *mut c_void, count: usize) -> Status;
        "nnfw_run" => fn run(session: Pointer) -> Status;
        "nnfw_query_info_u32" => fn query(session: Pointer, what: c_int, out: *mut u32) -> Status;
    }
}

/// The function that configures a session, where the header declares it as one of C.
const CONFIGURE: &str = "nnfw_set_config";

/// The same in version 0.1, whose header declares it as a function of C++.
const CONFIGURE_MANGLED: &str = "_Z15nnfw_set_configP12nnfw_sessionPKcS2_";

/// `nnfw_set_config`: a session, a key and a value.
pub(super) type Configure = unsafe extern "C" fn(Pointer, *const c_char, *const c_char) -> Status;

impl Api {
    /// The function of the library at `path` that configures a session, under either of its names.
    #[expect(unsafe_code, reason = "what a symbol is, the header tells and the compiler cannot see")]
    pub(super) fn configure(engine: &'static str, path: &Path) -> Result<Configure, RuntimeError> {
        let library = Opened::open(engine, path)?;
        // SAFETY: both names stand for the same function, which the header declares with this type.
        unsafe { library.function(CONFIGURE_MANGLED).or_else(|_| library.function(CONFIGURE)) }
    }
}

/// Element type and shape of a tensor: `nnfw_tensorinfo`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TensorType {
    /// Code of the element type.
    pub(super) element: c_int,
    rank: i32,
    sizes: [i32; MOST_DIMENSIONS],
}

impl TensorType {
    /// Sizes of the dimensions; below zero where a size is open.
    pub(super) fn sizes(&self) -> &[i32] {
        let rank = usize::try_from(self.rank).unwrap_or(0);
        &self.sizes[..rank.min(MOST_DIMENSIONS)]
    }

    /// The same elements in another shape; `None` if onert has no tensors of so many dimensions.
    pub(super) fn resized(self, sizes: &[i32]) -> Option<TensorType> {
        let mut resized = TensorType { rank: i32::try_from(sizes.len()).ok()?, ..self };
        resized.sizes.get_mut(..sizes.len())?.copy_from_slice(sizes);
        Some(resized)
    }
}

/// The element type of a code, or its name where tensors of it can be neither made nor read here. Quantised types are the
/// integers that they are made of.
pub(super) fn element(code: c_int) -> Result<ElementType, String> {
    match code {
        0 => Ok(ElementType::F32),
        1 => Ok(ElementType::I32),
        2 | 4 => Ok(ElementType::U8),
        3 => Ok(ElementType::Bool),
        5 => Ok(ElementType::I64),
        6 => Ok(ElementType::I8),
        7 => Err("quantised int16".into()),
        _ => Err(format!("number {code}")),
    }
}

/// What a status says, in the words of the header.
pub(super) fn words(status: Status) -> String {
    let words = match status {
        1 => "an error that onert tells on standard error",
        2 => "unexpected null",
        3 => "not in this state of the session",
        4 => "out of memory",
        5 => "the buffer of an output is too small",
        6 => "a function that is no longer supported",
        _ => "an error that the header does not name",
    };
    format!("{words} (status {status})")
}

/// A version as people write it, out of the number that onert gives: 0xMMmmmmPP.
pub(super) fn version(number: u32) -> String {
    format!("{}.{}.{}", number >> 24, (number >> 8) & 0xffff, number & 0xff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_three_numbers() {
        assert_eq!(version(0x0100_1e02), "1.30.2");
    }

    #[test]
    fn a_shape_has_at_most_six_dimensions() {
        assert_eq!(size_of::<TensorType>(), 32);
        let plain = TensorType::default().resized(&[2, -1]).unwrap();
        assert_eq!(plain.sizes(), [2, -1]);
        assert!(plain.resized(&[1; 7]).is_none());
    }

    #[test]
    fn what_has_no_name_is_told_by_its_number() {
        assert_eq!((element(2), element(6)), (Ok(ElementType::U8), Ok(ElementType::I8)));
        assert_eq!((element(7), element(99)), (Err("quantised int16".into()), Err("number 99".into())));
        assert_eq!(words(77), "an error that the header does not name (status 77)");
    }
}
