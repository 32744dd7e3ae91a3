//! The buffers that a compiled model is given its inputs in and leaves its outputs in.

use std::ptr::NonNull;
use std::sync::Arc;

use super::api::{FOR_READING, FOR_WRITING, Layout, NO_MEMORY, Pointer, Status, TensorType};
use super::model::{Port, SIGNATURE};
use super::objects::{Environment, Owned, check, told};
use crate::runtime::tensor_bytes;

/// Invalid argument: what LiteRT says of a buffer that is not as large as its tensor.
const INVALID: Status = 1;

/// One buffer for each input and output.
pub(super) struct Buffers {
    pub(super) inputs: Vec<Buffer>,
    pub(super) outputs: Vec<Buffer>,
}

impl Buffers {
    /// Buffers as the model `compiled` wants them for the sizes that its inputs have now.
    #[expect(unsafe_code, reason = "C functions are called")]
    pub(super) fn new(
        environment: &Arc<Environment>,
        compiled: Pointer,
        inputs: &[(Port, Layout)],
        outputs: &[Port],
    ) -> Result<Buffers, Status> {
        let api = &environment.api;
        let mut layouts = vec![Layout::default(); outputs.len()];
        // SAFETY: there is room for as many layouts as is said.
        check(unsafe { (api.output_layouts)(compiled, SIGNATURE, layouts.len(), layouts.as_mut_ptr(), true) })?;
        let input = |(index, (port, layout)): (usize, &(Port, Layout))| {
            let null = std::ptr::null_mut();
            // SAFETY: the model has an input of this index; the requirements belong to the compiled model.
            let wanted = told(null, |out| unsafe { (api.input_requirements)(compiled, SIGNATURE, index, out) })?;
            Buffer::new(environment, TensorType { element: port.kind.element, layout: *layout }, wanted)
        };
        let output = |(index, (port, layout)): (usize, (&Port, &Layout))| {
            let null = std::ptr::null_mut();
            // SAFETY: the model has an output of this index; the requirements belong to the compiled model.
            let wanted = told(null, |out| unsafe { (api.output_requirements)(compiled, SIGNATURE, index, out) })?;
            Buffer::new(environment, TensorType { element: port.kind.element, layout: *layout }, wanted)
        };
        Ok(Buffers {
            inputs: inputs.iter().enumerate().map(input).collect::<Result<_, _>>()?,
            outputs: outputs.iter().zip(&layouts).enumerate().map(output).collect::<Result<_, _>>()?,
        })
    }
}

/// Memory of LiteRT's for one tensor.
pub(super) struct Buffer {
    owned: Owned,
    kind: TensorType,
    /// Goes after the buffer.
    environment: Arc<Environment>,
}

impl Buffer {
    #[expect(unsafe_code, reason = "C functions are called")]
    fn new(environment: &Arc<Environment>, kind: TensorType, requirements: Pointer) -> Result<Buffer, Status> {
        let api = &environment.api;
        // SAFETY: environment and requirements are whole, and the type is copied before the call returns.
        let create = |out| unsafe { (api.create_buffer)(environment.pointer(), &raw const kind, requirements, out) };
        let owned = Owned::create(api.destroy_buffer, create)?;
        Ok(Buffer { owned, kind, environment: Arc::clone(environment) })
    }

    /// The buffer, for a call.
    pub(super) fn pointer(&self) -> Pointer {
        self.owned.pointer()
    }

    /// Sizes of the dimensions.
    pub(super) fn shape(&self) -> Vec<usize> {
        self.kind.layout.sizes().iter().map(|size| usize::try_from(*size).unwrap_or(0)).collect()
    }

    /// Writes the whole tensor.
    #[expect(unsafe_code, reason = "a buffer of a C library is written")]
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), Status> {
        if self.bytes()? != bytes.len() {
            return Err(INVALID);
        }
        self.locked(FOR_WRITING, |memory| {
            let Some(memory) = beginning(memory, bytes.len())? else { return Ok(()) };
            // SAFETY: while it is locked, the memory is ours, and it is as large as the tensor, which was compared.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), memory.as_ptr(), bytes.len()) };
            Ok(())
        })
    }

    /// The whole tensor as floats; `port` says of what type it is.
    #[expect(unsafe_code, reason = "a buffer of a C library is read")]
    pub(super) fn read(&self, port: &Port) -> Result<Vec<f32>, Status> {
        let bytes = self.bytes()?;
        self.locked(FOR_READING, |memory| {
            let Some(memory) = beginning(memory, bytes)? else { return Ok(Vec::new()) };
            // SAFETY: while it is locked, the memory is ours, and it is as large as the tensor.
            let bytes = unsafe { std::slice::from_raw_parts(memory.as_ptr(), bytes) };
            Ok(tensor_bytes::floats(port.element, bytes))
        })
    }

    /// Bytes of the tensor.
    #[expect(unsafe_code, reason = "a C function is called")]
    fn bytes(&self) -> Result<usize, Status> {
        // SAFETY: the buffer is whole.
        told(0, |out| unsafe { (self.environment.api.buffer_bytes)(self.pointer(), out) })
    }

    /// Does `work` on the memory while it is locked.
    #[expect(unsafe_code, reason = "C functions are called")]
    fn locked<T>(&self, how: i32, work: impl FnOnce(*mut u8) -> Result<T, Status>) -> Result<T, Status> {
        let api = &self.environment.api;
        // SAFETY: the buffer is whole.
        let memory = told(std::ptr::null_mut(), |out| unsafe { (api.lock_buffer)(self.pointer(), out, how) })?;
        let done = work(memory.cast());
        // SAFETY: the buffer was locked above.
        check(unsafe { (api.unlock_buffer)(self.pointer()) })?;
        done
    }
}

/// Where so many bytes of locked memory begin; `None` where there are none to read or write.
///
/// # Errors
/// If there is no memory for them.
fn beginning(memory: *mut u8, bytes: usize) -> Result<Option<NonNull<u8>>, Status> {
    match (bytes, NonNull::new(memory)) {
        (0, _) => Ok(None),
        (_, None) => Err(NO_MEMORY),
        (_, there) => Ok(there),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_is_not_there_is_an_error_unless_there_are_no_bytes() {
        let mut byte = 7;
        let memory = &raw mut byte;
        assert_eq!(beginning(memory, 1), Ok(NonNull::new(memory)));
        assert_eq!((beginning(memory, 0), beginning(std::ptr::null_mut(), 0)), (Ok(None), Ok(None)));
        assert_eq!(beginning(std::ptr::null_mut(), 1), Err(NO_MEMORY));
    }
}
