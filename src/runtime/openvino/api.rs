//! The part of OpenVINO's C interface that is used here, as its headers (`openvino/c/*.h`) declare it since 2025.1.
//!
//! The Rust package `openvino` is not used: it keeps the text of every error for ever, and a tool that finds leaks must not
//! add one to each model that is rejected.

use std::ffi::{c_char, c_int, c_void};

use super::super::functions::functions;

/// How a call ended: 0, or what went wrong.
pub(super) type Status = c_int;

/// The call succeeded.
pub(super) const SUCCESS: Status = 0;
/// What is asked for is not implemented.
pub(super) const NOT_IMPLEMENTED: Status = -2;
/// From here down the C layer itself refuses an argument, and leaves the text of an earlier error as it is.
pub(super) const INVALID_ARGUMENT: Status = -14;

/// Declares objects that only OpenVINO looks into.
macro_rules! objects {
    ($( $(#[$meaning:meta])* $name:ident; )+) => {
        $(
            $(#[$meaning])*
            #[repr(C)]
            pub(super) struct $name {
                _inside: [u8; 0],
            }
        )+
    };
}

objects! {
    /// `ov_core_t`: the plugins of devices, and the settings that models are read and compiled with.
    CoreObject;
    /// `ov_model_t`: a model that is read.
    ModelObject;
    /// `ov_compiled_model_t`: a model compiled for a device.
    CompiledObject;
    /// `ov_infer_request_t`: the tensors of one execution at a time.
    RequestObject;
    /// `ov_tensor_t`: a tensor that is shared with the requests that it is set on.
    TensorObject;
    /// `ov_output_const_port_t`: an input or output of a model.
    PortObject;
}

/// `ov_version_t`; its texts are freed together.
#[repr(C)]
pub(super) struct VersionTexts {
    /// Version, build number and revision.
    pub(super) build_number: *const c_char,
    /// Name of the product.
    pub(super) description: *const c_char,
}

/// `ov_shape_t`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct Shape {
    /// Number of dimensions.
    pub(super) rank: i64,
    /// Their sizes.
    pub(super) sizes: *mut i64,
}

/// `ov_dimension_t`, and `ov_rank_t`: fixed where both limits are the same.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// Smallest size.
    pub(super) min: i64,
    /// Largest size.
    pub(super) max: i64,
}

/// `ov_partial_shape_t`.
#[repr(C)]
pub(super) struct PartialShape {
    /// Number of dimensions.
    pub(super) rank: Limits,
    /// Their sizes; null where their number is open.
    pub(super) sizes: *mut Limits,
}

functions! {
    /// The C functions.
    struct Functions {
        /// Version of the library.
        "ov_get_openvino_version" => fn version(version: *mut VersionTexts) -> Status;
        /// Frees the texts of a version.
        "ov_version_free" => fn version_free(version: *mut VersionTexts);
        /// Name of a status; never freed.
        "ov_get_error_info" => fn status_name(status: Status) -> *const c_char;
        /// Text of the last error, for the caller to free; null where there is none.
        "ov_get_last_err_msg" => fn last_error() -> *const c_char;
        /// Frees a text.
        "ov_free" => fn text_free(text: *const c_char);

        /// Makes a core.
        "ov_core_create" => fn core_create(core: *mut *mut CoreObject) -> Status;
        /// Frees a core.
        "ov_core_free" => fn core_free(core: *mut CoreObject);
        /// Sets one property of a device: its name and its value as texts.
        "ov_core_set_property" =>
            fn core_set_property(core: *const CoreObject, device: *const c_char, ...) -> Status;
        /// Value of a property, for the caller to free.
        "ov_core_get_property" => fn core_property(
            core: *const CoreObject, device: *const c_char, name: *const c_char, value: *mut *mut c_char
        ) -> Status;
        /// Reads a model file, and a file of weights where that is not null.
        "ov_core_read_model" => fn core_read_model(
            core: *const CoreObject, path: *const c_char, weights: *const c_char, model: *mut *mut ModelObject
        ) -> Status;
        /// Compiles a model; as many texts follow as `properties` says, names and values in turn.
        "ov_core_compile_model" => fn core_compile_model(
            core: *const CoreObject, model: *const ModelObject, device: *const c_char, properties: usize,
            compiled: *mut *mut CompiledObject, ...
        ) -> Status;

        /// Frees a model.
        "ov_model_free" => fn model_free(model: *mut ModelObject);
        /// Number of inputs.
        "ov_model_inputs_size" => fn model_input_count(model: *const ModelObject, count: *mut usize) -> Status;
        /// An input.
        "ov_model_const_input_by_index" =>
            fn model_input(model: *const ModelObject, index: usize, port: *mut *mut PortObject) -> Status;
        /// Gives inputs, named by their indices, other shapes.
        "ov_model_reshape_by_port_indexes" => fn model_reshape(
            model: *const ModelObject, indices: *const usize, shapes: *const PartialShape, count: usize
        ) -> Status;

        /// Frees a compiled model.
        "ov_compiled_model_free" => fn compiled_free(compiled: *mut CompiledObject);
        /// Number of inputs.
        "ov_compiled_model_inputs_size" =>
            fn compiled_input_count(compiled: *const CompiledObject, count: *mut usize) -> Status;
        /// Number of outputs.
        "ov_compiled_model_outputs_size" =>
            fn compiled_output_count(compiled: *const CompiledObject, count: *mut usize) -> Status;
        /// An input.
        "ov_compiled_model_input_by_index" =>
            fn compiled_input(compiled: *const CompiledObject, index: usize, port: *mut *mut PortObject) -> Status;
        /// Value of a property, for the caller to free.
        "ov_compiled_model_get_property" => fn compiled_property(
            compiled: *const CompiledObject, name: *const c_char, value: *mut *mut c_char
        ) -> Status;
        /// Makes a request.
        "ov_compiled_model_create_infer_request" =>
            fn compiled_request(compiled: *const CompiledObject, request: *mut *mut RequestObject) -> Status;

        /// Frees a port.
        "ov_output_const_port_free" => fn port_free(port: *mut PortObject);
        /// One of the names of a port, for the caller to free; an error where it has none.
        "ov_port_get_any_name" => fn port_name(port: *const PortObject, name: *mut *mut c_char) -> Status;
        /// Element type of a port.
        "ov_port_get_element_type" => fn port_element(port: *const PortObject, element: *mut c_int) -> Status;
        /// Shape of a port, for the caller to free.
        "ov_port_get_partial_shape" =>
            fn port_shape(port: *const PortObject, shape: *mut PartialShape) -> Status;
        /// Frees the sizes of a shape that was given.
        "ov_partial_shape_free" => fn partial_shape_free(shape: *mut PartialShape);

        /// Frees a request.
        "ov_infer_request_free" => fn request_free(request: *mut RequestObject);
        /// Sets an input; the request shares the tensor from then on.
        "ov_infer_request_set_input_tensor_by_index" =>
            fn request_set_input(request: *mut RequestObject, index: usize, tensor: *const TensorObject) -> Status;
        /// An output, for the caller to free.
        "ov_infer_request_get_output_tensor_by_index" =>
            fn request_output(request: *const RequestObject, index: usize, tensor: *mut *mut TensorObject) -> Status;
        /// Executes, and returns when it is done.
        "ov_infer_request_infer" => fn request_infer(request: *mut RequestObject) -> Status;

        /// Makes a tensor with memory of its own.
        "ov_tensor_create" =>
            fn tensor_create(element: c_int, shape: Shape, tensor: *mut *mut TensorObject) -> Status;
        /// Frees a tensor.
        "ov_tensor_free" => fn tensor_free(tensor: *mut TensorObject);
        /// Element type of a tensor.
        "ov_tensor_get_element_type" => fn tensor_element(tensor: *const TensorObject, element: *mut c_int) -> Status;
        /// Shape of a tensor, for the caller to free.
        "ov_tensor_get_shape" => fn tensor_shape(tensor: *const TensorObject, shape: *mut Shape) -> Status;
        /// Frees the sizes of a shape that was given.
        "ov_shape_free" => fn shape_free(shape: *mut Shape) -> Status;
        /// Size of a tensor in bytes.
        "ov_tensor_get_byte_size" => fn tensor_bytes(tensor: *const TensorObject, bytes: *mut usize) -> Status;
        /// Where a tensor's elements lie.
        "ov_tensor_data" => fn tensor_data(tensor: *const TensorObject, data: *mut *mut c_void) -> Status;
    }
}
