//! Tensors: inputs copied into OpenVINO's memory, outputs copied out of it.
//!
//! An input is a tensor with memory of its own that the input is copied to. OpenVINO could also look at our memory
//! (`ov_tensor_create_from_host_ptr`), but a request keeps the tensors that were set on it for as long as it lives, and
//! would then point at inputs that are gone.

use std::ffi::{c_int, c_void};
use std::ptr;
use std::slice;
use std::sync::Arc;

use super::api::{Functions, Shape, Status, TensorObject};
use super::elements::{number_of, values};
use super::failure::Failure;
use super::owned::Owned;
use crate::model::InputTensor;
use crate::runtime::Output;
use crate::runtime::tensor_bytes::input_bytes;
use crate::suite::ElementType;

/// A tensor, which requests may share.
pub(super) struct Tensor {
    functions: Arc<Functions>,
    object: Owned<TensorObject>,
}

/// Frees the sizes of a shape that OpenVINO gave.
struct GivenShape<'a> {
    functions: &'a Functions,
    shape: Shape,
}

impl Drop for GivenShape<'_> {
    #[expect(unsafe_code, reason = "what a C library gave is freed by hand")]
    fn drop(&mut self) {
        // SAFETY: the sizes are null or OpenVINO's, given to us to free, and nothing reads them afterwards. The status only
        // tells a null pointer, which this is not.
        unsafe { (self.functions.shape_free)(&mut self.shape) };
    }
}

#[expect(unsafe_code, reason = "methods of a C library")]
impl Tensor {
    /// The tensor that `give` writes to the place that it gets, which is ours to free.
    pub(super) fn given(
        functions: &Arc<Functions>,
        give: impl FnOnce(*mut *mut TensorObject) -> Status,
    ) -> Result<Tensor, Failure> {
        // SAFETY: the caller's function writes a tensor that is ours, which `tensor_free` frees.
        let object = unsafe { Owned::make(functions, functions.tensor_free, give) }?;
        Ok(Tensor { functions: Arc::clone(functions), object })
    }

    /// A tensor of its own with the elements of `input`, as the type that the model declares.
    pub(super) fn of_input(
        functions: &Arc<Functions>,
        element: ElementType,
        input: &InputTensor,
    ) -> Result<Tensor, Failure> {
        let bytes = input_bytes(input, element).map_err(Failure::own)?;
        let mut sizes: Vec<i64> = input.shape.iter().map(|size| *size as i64).collect();
        let shape = Shape { rank: sizes.len() as i64, sizes: sizes.as_mut_ptr() };
        // SAFETY: the shape points to as many sizes as its rank says, which the function only reads.
        let tensor =
            Tensor::given(functions, |tensor| unsafe { (functions.tensor_create)(number_of(element), shape, tensor) })?;
        let (place, room) = tensor.memory()?;
        if room != bytes.len() {
            let problem = format!("takes {room} bytes and there are {}", bytes.len());
            return Err(Failure::own(format!("input `{}` {problem}", input.name)));
        }
        if room > 0 {
            // SAFETY: the tensor was made above, is nobody else's, and has as many bytes there.
            unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), place.cast::<u8>(), room) };
        }
        Ok(tensor)
    }

    /// The object, alive as long as this is.
    pub(super) fn get(&self) -> *const TensorObject {
        self.object.get()
    }

    /// A copy of its shape and of its elements as floats.
    pub(super) fn output(&self) -> Result<Output, Failure> {
        let mut element: c_int = 0;
        // SAFETY: the tensor is alive, and the function writes a number.
        self.functions.check(unsafe { (self.functions.tensor_element)(self.get(), &mut element) })?;
        let (place, room) = self.memory()?;
        let bytes = match room {
            0 => &[],
            // SAFETY: the tensor is alive and has as many bytes there; nothing executes while they are read.
            _ => unsafe { slice::from_raw_parts(place.cast::<u8>().cast_const(), room) },
        };
        let values =
            values(element, bytes).ok_or_else(|| Failure::own(format!("an output has elements of type {element}")))?;
        Ok(Output { shape: self.shape()?, values })
    }

    fn shape(&self) -> Result<Vec<usize>, Failure> {
        let nothing = Shape { rank: 0, sizes: ptr::null_mut() };
        let mut given = GivenShape { functions: &self.functions, shape: nothing };
        // SAFETY: the tensor is alive, and the function writes a shape that is ours to free, or none for a scalar.
        self.functions.check(unsafe { (self.functions.tensor_shape)(self.get(), &mut given.shape) })?;
        let Shape { rank, sizes } = given.shape;
        let rank = usize::try_from(rank).map_err(|_| Failure::own("an output has a shape of a negative length"))?;
        if rank == 0 || sizes.is_null() {
            return Ok(Vec::new());
        }
        // SAFETY: a shape has as many sizes as its rank says, which live until `given` is dropped.
        let sizes = unsafe { slice::from_raw_parts(sizes, rank) };
        let size = |size: &i64| usize::try_from(*size).map_err(|_| Failure::own("an output has a negative size"));
        sizes.iter().map(size).collect()
    }

    /// Where the elements lie, and how many bytes they take.
    fn memory(&self) -> Result<(*mut c_void, usize), Failure> {
        let (mut place, mut room) = (ptr::null_mut(), 0);
        // SAFETY: the tensor is alive, and the functions write a number and an address.
        self.functions.check(unsafe { (self.functions.tensor_bytes)(self.get(), &mut room) })?;
        if room > 0 {
            // SAFETY: as above.
            self.functions.check(unsafe { (self.functions.tensor_data)(self.get(), &mut place) })?;
        }
        match place.is_null() && room > 0 {
            true => Err(Failure::own("a tensor has no memory")),
            false => Ok((place, room)),
        }
    }
}
