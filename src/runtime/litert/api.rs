//! What is used of LiteRT's C interface, as `litert/c/*.h` of version 2.3 declares it.

use std::ffi::{c_char, c_int, c_void};

use crate::runtime::functions::functions;
use crate::suite::ElementType;

/// An object of LiteRT's.
pub(super) type Pointer = *mut c_void;

/// How a call ended; 0 is success.
pub(super) type Status = c_int;

/// Success.
pub(super) const OK: Status = 0;

/// There is no memory.
pub(super) const NO_MEMORY: Status = 2;

/// A file cannot be opened, or what is in it is no model.
pub(super) const FILE_ERROR: Status = 500;

/// Bit of the processor among the accelerators.
pub(super) const PROCESSOR: c_int = 1;

/// Code of operators that a model brings itself, by their name.
pub(super) const CUSTOM_OPERATOR: c_int = 32;

/// Ways to lock a buffer.
pub(super) const FOR_READING: c_int = 0;
pub(super) const FOR_WRITING: c_int = 1;

/// Most dimensions of a tensor.
const MOST_DIMENSIONS: usize = 8;

functions! {
    /// The functions of LiteRT.
    struct Api {
        "LiteRtCreateEnvironment" =>
            fn create_environment(count: c_int, options: *const EnvironmentOption, out: *mut Pointer) -> Status;
        "LiteRtDestroyEnvironment" => fn destroy_environment(environment: Pointer);
        "LiteRtCreateModelFromFile" =>
            fn create_model(environment: Pointer, path: *const c_char, out: *mut Pointer) -> Status;
        "LiteRtDestroyModel" => fn destroy_model(model: Pointer);
        "LiteRtGetModelSignature" => fn signature(model: Pointer, index: usize, out: *mut Pointer) -> Status;
        "LiteRtGetSignatureSubgraph" => fn signature_graph(signature: Pointer, out: *mut Pointer) -> Status;
        "LiteRtGetNumSignatureInputs" => fn count_inputs(signature: Pointer, out: *mut usize) -> Status;
        "LiteRtGetSignatureInputName" =>
            fn input_name(signature: Pointer, index: usize, out: *mut *const c_char) -> Status;
        "LiteRtGetSignatureInputTensorByIndex" =>
            fn input_tensor(signature: Pointer, index: usize, out: *mut Pointer) -> Status;
        "LiteRtGetNumSignatureOutputs" => fn count_outputs(signature: Pointer, out: *mut usize) -> Status;
        "LiteRtGetSignatureOutputName" =>
            fn output_name(signature: Pointer, index: usize, out: *mut *const c_char) -> Status;
        "LiteRtGetSignatureOutputTensorByIndex" =>
            fn output_tensor(signature: Pointer, index: usize, out: *mut Pointer) -> Status;
        "LiteRtGetTensorTypeId" => fn tensor_kind(tensor: Pointer, out: *mut c_int) -> Status;
        "LiteRtGetRankedTensorType" => fn ranked_type(tensor: Pointer, out: *mut TensorType) -> Status;
        "LiteRtGetUnrankedTensorType" => fn unranked_type(tensor: Pointer, out: *mut c_int) -> Status;
        "LiteRtGetNumSubgraphOps" => fn count_operators(graph: Pointer, out: *mut usize) -> Status;
        "LiteRtGetSubgraphOp" => fn operator(graph: Pointer, index: usize, out: *mut Pointer) -> Status;
        "LiteRtGetOpCode" => fn operator_code(operator: Pointer, out: *mut c_int) -> Status;
        "LiteRtGetCustomCode" => fn custom_code(operator: Pointer, out: *mut *const c_char) -> Status;
        "LiteRtCreateOptions" => fn create_options(out: *mut Pointer) -> Status;
        "LiteRtDestroyOptions" => fn destroy_options(options: Pointer);
        "LiteRtSetOptionsHardwareAccelerators" => fn set_accelerators(options: Pointer, bits: c_int) -> Status;
        "LiteRtCreateOpaqueOptions" => fn create_opaque_options(
            identifier: *const c_char,
            payload: Pointer,
            destroy: unsafe extern "C" fn(Pointer),
            out: *mut Pointer,
        ) -> Status;
        "LiteRtDestroyOpaqueOptions" => fn destroy_opaque_options(options: Pointer);
        "LiteRtAddOpaqueOptions" => fn add_opaque_options(options: Pointer, opaque: Pointer) -> Status;
        "LiteRtCreateCompiledModel" =>
            fn compile(environment: Pointer, model: Pointer, options: Pointer, out: *mut Pointer) -> Status;
        "LiteRtDestroyCompiledModel" => fn destroy_compiled(compiled: Pointer);
        "LiteRtCompiledModelResizeInputTensor" =>
            fn resize_input(compiled: Pointer, signature: usize, index: usize, sizes: *const c_int, rank: usize) -> Status;
        "LiteRtGetCompiledModelInputTensorLayout" =>
            fn input_layout(compiled: Pointer, signature: usize, index: usize, out: *mut Layout) -> Status;
        "LiteRtGetCompiledModelOutputTensorLayouts" => fn output_layouts(
            compiled: Pointer,
            signature: usize,
            count: usize,
            out: *mut Layout,
            allocates: bool,
        ) -> Status;
        "LiteRtGetCompiledModelInputBufferRequirements" =>
            fn input_requirements(compiled: Pointer, signature: usize, index: usize, out: *mut Pointer) -> Status;
        "LiteRtGetCompiledModelOutputBufferRequirements" =>
            fn output_requirements(compiled: Pointer, signature: usize, index: usize, out: *mut Pointer) -> Status;
        "LiteRtCreateManagedTensorBufferFromRequirements" => fn create_buffer(
            environment: Pointer,
            kind: *const TensorType,
            requirements: Pointer,
            out: *mut Pointer,
        ) -> Status;
        "LiteRtDestroyTensorBuffer" => fn destroy_buffer(buffer: Pointer);
        "LiteRtGetTensorBufferPackedSize" => fn buffer_bytes(buffer: Pointer, out: *mut usize) -> Status;
        "LiteRtLockTensorBuffer" => fn lock_buffer(buffer: Pointer, out: *mut Pointer, how: c_int) -> Status;
        "LiteRtUnlockTensorBuffer" => fn unlock_buffer(buffer: Pointer) -> Status;
        "LiteRtRunCompiledModel" => fn run(
            compiled: Pointer,
            signature: usize,
            count_inputs: usize,
            inputs: *mut Pointer,
            count_outputs: usize,
            outputs: *mut Pointer,
        ) -> Status;
    }
}

/// One option of an environment: `LiteRtEnvOption`.
#[repr(C)]
pub(super) struct EnvironmentOption {
    tag: c_int,
    value: Integer,
}

/// An integer among values of any type: `LiteRtAny`.
#[repr(C)]
struct Integer {
    kind: c_int,
    value: i64,
}

impl EnvironmentOption {
    /// Which accelerators are looked for and loaded, as bits.
    pub(super) fn accelerators(bits: c_int) -> EnvironmentOption {
        EnvironmentOption::integer(24, bits)
    }

    /// How grave a message must be to be written to standard error; 3 is an error.
    pub(super) fn least_severity(severity: c_int) -> EnvironmentOption {
        EnvironmentOption::integer(25, severity)
    }

    fn integer(tag: c_int, value: c_int) -> EnvironmentOption {
        EnvironmentOption { tag, value: Integer { kind: 2, value: i64::from(value) } }
    }
}

/// The shape of a tensor: `LiteRtLayout`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Layout {
    /// The number of dimensions in the lower seven bits, and above them whether there are strides.
    bits: u32,
    sizes: [i32; MOST_DIMENSIONS],
    strides: [u32; MOST_DIMENSIONS],
}

impl Layout {
    /// Sizes of the dimensions; below zero where a size is open.
    pub(super) fn sizes(&self) -> &[i32] {
        let rank = (self.bits & 0x7f) as usize;
        &self.sizes[..rank.min(MOST_DIMENSIONS)]
    }

    /// Whether the size of a dimension is open.
    pub(super) fn is_open(&self) -> bool {
        self.sizes().iter().any(|size| *size < 0)
    }
}

/// Element type and shape of a tensor: `LiteRtRankedTensorType`.
#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct TensorType {
    /// Code of the element type.
    pub(super) element: c_int,
    /// The shape.
    pub(super) layout: Layout,
}

/// The element type of a code, or its name where tensors of it can be neither made nor read here.
pub(super) fn element(code: c_int) -> Result<ElementType, String> {
    const OTHERS: [(c_int, &str); 14] = [
        (5, "string"),
        (7, "int16"),
        (8, "complex64"),
        (10, "float16"),
        (11, "float64"),
        (12, "complex128"),
        (13, "uint64"),
        (14, "resource"),
        (15, "variant"),
        (16, "uint32"),
        (17, "uint16"),
        (18, "int4"),
        (19, "bfloat16"),
        (20, "int2"),
    ];
    match code {
        1 => Ok(ElementType::F32),
        2 => Ok(ElementType::I32),
        3 => Ok(ElementType::U8),
        4 => Ok(ElementType::I64),
        6 => Ok(ElementType::Bool),
        9 => Ok(ElementType::I8),
        _ => {
            let name = OTHERS.iter().find(|(known, _)| *known == code);
            Err(name.map_or_else(|| format!("number {code}"), |(_, name)| (*name).to_owned()))
        }
    }
}

/// What a status says, in the words of the header.
pub(super) fn words(status: Status) -> String {
    const WORDS: [(Status, &str); 26] = [
        (1, "invalid argument"),
        (NO_MEMORY, "memory allocation failure"),
        (3, "runtime failure"),
        (4, "missing input tensor"),
        (5, "unsupported"),
        (6, "not found"),
        (7, "timeout expired"),
        (8, "wrong version"),
        (9, "unknown error"),
        (10, "already exists"),
        (100, "cancelled"),
        (FILE_ERROR, "the file cannot be read as a model"),
        (501, "invalid flatbuffer"),
        (502, "dynamic loading failed"),
        (503, "serialization failed"),
        (504, "compilation failed"),
        (1000, "index out of bounds"),
        (1001, "invalid type in the graph"),
        (1002, "the graph breaks a rule"),
        (1003, "the graph cannot be changed"),
        (1500, "invalid tool configuration"),
        (4000, "unsupported version of the runtime"),
        (4001, "unsupported version of the compiler"),
        (4002, "incompatible version of byte code"),
        (5000, "no shapes are known for an operator"),
        (5001, "the shapes cannot be inferred"),
    ];
    let words = WORDS.iter().find(|(known, _)| *known == status).map(|(_, words)| *words);
    format!("{} (status {status})", words.unwrap_or("an error that the header does not name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn structs_are_as_large_as_the_header_asserts() {
        assert_eq!(size_of::<EnvironmentOption>(), 24);
        assert_eq!(std::mem::offset_of!(EnvironmentOption, value), 8);
        assert_eq!(size_of::<TensorType>(), 72);
        assert_eq!(std::mem::offset_of!(TensorType, layout), 4);
    }

    #[test]
    fn a_layout_has_no_more_sizes_than_dimensions() {
        let layout = Layout { bits: 0x80 | 2, sizes: [1, -1, 9, 9, 9, 9, 9, 9], ..Layout::default() };
        assert!(layout.sizes() == [1, -1] && layout.is_open());
        assert!(!Layout { bits: 1, ..layout }.is_open());
        assert_eq!(Layout { bits: 0x7f, ..layout }.sizes().len(), MOST_DIMENSIONS);
    }

    #[test]
    fn what_has_no_name_is_told_by_its_number() {
        assert_eq!(element(1), Ok(ElementType::F32));
        assert_eq!(element(10), Err("float16".into()));
        assert_eq!(element(99), Err("number 99".into()));
        assert_eq!(words(504), "compilation failed (status 504)");
        assert_eq!(words(77), "an error that the header does not name (status 77)");
    }
}
