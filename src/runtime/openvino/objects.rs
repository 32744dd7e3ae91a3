//! OpenVINO's objects with safe methods: core, model, compiled model, request.

use std::ffi::CStr;
use std::sync::Arc;

use super::api::{CompiledObject, CoreObject, Functions, Limits, ModelObject, PartialShape, RequestObject};
use super::failure::Failure;
use super::owned::Owned;
use super::port::Port;
use super::tensor::Tensor;

/// The device that models are compiled for.
pub(super) const DEVICE: &CStr = c"CPU";

/// The plugins of devices, and the settings that models are read and compiled with.
pub(super) struct Core {
    functions: Arc<Functions>,
    object: Owned<CoreObject>,
}

// SAFETY: OpenVINO documents its core as usable from several threads at once; nothing depends on the thread that made it.
#[expect(unsafe_code, reason = "the core is shared by threads that compile at once")]
unsafe impl Send for Core {}
// SAFETY: as above: every method locks what it changes.
#[expect(unsafe_code, reason = "the core is shared by threads that compile at once")]
unsafe impl Sync for Core {}

#[expect(unsafe_code, reason = "methods of a C library")]
impl Core {
    /// Makes a core, with settings as they come.
    pub(super) fn create(functions: Arc<Functions>) -> Result<Core, Failure> {
        // SAFETY: the function writes a core, which is ours and which `core_free` frees.
        let object = unsafe { Owned::make(&functions, functions.core_free, |core| (functions.core_create)(core)) }?;
        Ok(Core { functions, object })
    }

    /// Sets a property of the device, or one of the core itself, which the core picks out.
    pub(super) fn set_property(&self, name: &CStr, value: &CStr) -> Result<(), Failure> {
        let core = self.object.get();
        // SAFETY: the core is alive, and one name and one value follow the device, as texts that end with a zero.
        let status =
            unsafe { (self.functions.core_set_property)(core, DEVICE.as_ptr(), name.as_ptr(), value.as_ptr()) };
        self.functions.check(status)
    }

    /// Value of a property of `device`; of the core itself where that is empty.
    pub(super) fn property(&self, device: &CStr, name: &CStr) -> Result<String, Failure> {
        let core = self.object.get();
        // SAFETY: the core is alive, the texts end with a zero, and the function writes a text that is ours to free.
        self.functions
            .text(|value| unsafe { (self.functions.core_property)(core, device.as_ptr(), name.as_ptr(), value) })
    }

    /// Reads the model at `path`, and the weights that it names.
    pub(super) fn read_model(&self, path: &CStr) -> Result<Model, Failure> {
        let (functions, core) = (&self.functions, self.object.get());
        // SAFETY: the core is alive, the path ends with a zero, null stands for weights where the format has them, and the
        // function writes a model, which is ours and which `model_free` frees.
        let object = unsafe {
            Owned::make(functions, functions.model_free, |model| {
                (functions.core_read_model)(core, path.as_ptr(), std::ptr::null(), model)
            })
        }?;
        Ok(Model { functions: Arc::clone(functions), object })
    }

    /// Compiles a model with the settings of the core.
    pub(super) fn compile(&self, model: &Model) -> Result<Compiled, Failure> {
        let (functions, core, model) = (&self.functions, self.object.get(), model.object.get());
        // SAFETY: core and model are alive, no properties follow, as is said, and the function writes a compiled model,
        // which is ours and which `compiled_free` frees.
        let object = unsafe {
            Owned::make(functions, functions.compiled_free, |compiled| {
                (functions.core_compile_model)(core, model, DEVICE.as_ptr(), 0, compiled)
            })
        }?;
        Ok(Compiled { functions: Arc::clone(functions), object })
    }
}

/// A model that is read.
pub(super) struct Model {
    functions: Arc<Functions>,
    object: Owned<ModelObject>,
}

#[expect(unsafe_code, reason = "methods of a C library")]
impl Model {
    /// Its inputs.
    pub(super) fn inputs(&self) -> Result<Vec<Port>, Failure> {
        let (functions, model) = (&self.functions, self.object.get());
        let mut count = 0;
        // SAFETY: the model is alive, and the function writes a number.
        functions.check(unsafe { (functions.model_input_count)(model, &mut count) })?;
        // SAFETY: the model is alive and has an input of this index; the function writes a port that is ours.
        (0..count)
            .map(|index| Port::read(functions, |port| unsafe { (functions.model_input)(model, index, port) }))
            .collect()
    }

    /// Gives the inputs at these indices these shapes, all at once.
    pub(super) fn reshape(&self, shapes: &[(usize, Vec<i64>)]) -> Result<(), Failure> {
        let fixed = |size: &i64| Limits { min: *size, max: *size };
        let indices: Vec<usize> = shapes.iter().map(|(index, _)| *index).collect();
        let mut sizes: Vec<Vec<Limits>> = shapes.iter().map(|(_, shape)| shape.iter().map(fixed).collect()).collect();
        let partial =
            |sizes: &mut Vec<Limits>| PartialShape { rank: fixed(&(sizes.len() as i64)), sizes: sizes.as_mut_ptr() };
        let partial: Vec<PartialShape> = sizes.iter_mut().map(partial).collect();
        // SAFETY: the model is alive, both arrays have as many elements as is said, and each shape points to as many limits
        // as its rank says; the function only reads them.
        let status = unsafe {
            (self.functions.model_reshape)(self.object.get(), indices.as_ptr(), partial.as_ptr(), indices.len())
        };
        self.functions.check(status)
    }
}

/// A model compiled for the device.
pub(super) struct Compiled {
    functions: Arc<Functions>,
    object: Owned<CompiledObject>,
}

#[expect(unsafe_code, reason = "methods of a C library")]
impl Compiled {
    /// Its inputs.
    pub(super) fn inputs(&self) -> Result<Vec<Port>, Failure> {
        let (functions, compiled) = (&self.functions, self.object.get());
        let mut count = 0;
        // SAFETY: the model is alive, and the function writes a number.
        functions.check(unsafe { (functions.compiled_input_count)(compiled, &mut count) })?;
        (0..count)
            // SAFETY: the model is alive and has an input of this index; the function writes a port that is ours.
            .map(|index| Port::read(functions, |port| unsafe { (functions.compiled_input)(compiled, index, port) }))
            .collect()
    }

    /// Number of its outputs.
    pub(super) fn output_count(&self) -> Result<usize, Failure> {
        let mut count = 0;
        // SAFETY: the model is alive, and the function writes a number.
        let status = unsafe { (self.functions.compiled_output_count)(self.object.get(), &mut count) };
        self.functions.check(status).map(|()| count)
    }

    /// Value of a property that the model was compiled with.
    pub(super) fn property(&self, name: &CStr) -> Result<String, Failure> {
        let compiled = self.object.get();
        // SAFETY: the model is alive, the name ends with a zero, and the function writes a text that is ours to free.
        self.functions.text(|value| unsafe { (self.functions.compiled_property)(compiled, name.as_ptr(), value) })
    }

    /// Makes a request.
    pub(super) fn request(&self) -> Result<Request, Failure> {
        let (functions, compiled) = (&self.functions, self.object.get());
        // SAFETY: the model is alive, and the function writes a request, which is ours and which `request_free` frees.
        let object = unsafe {
            Owned::make(functions, functions.request_free, |request| (functions.compiled_request)(compiled, request))
        }?;
        Ok(Request { functions: Arc::clone(functions), object })
    }
}

/// The tensors of one execution at a time.
pub(super) struct Request {
    functions: Arc<Functions>,
    object: Owned<RequestObject>,
}

#[expect(unsafe_code, reason = "methods of a C library")]
impl Request {
    /// Sets an input, which the request shares from then on.
    pub(super) fn set_input(&mut self, index: usize, tensor: &Tensor) -> Result<(), Failure> {
        // SAFETY: request and tensor are alive; OpenVINO counts who shares the tensor, and refuses an index out of range.
        let status = unsafe { (self.functions.request_set_input)(self.object.get(), index, tensor.get()) };
        self.functions.check(status)
    }

    /// Executes the model.
    pub(super) fn infer(&mut self) -> Result<(), Failure> {
        // SAFETY: the request is alive, and nobody else uses it.
        let status = unsafe { (self.functions.request_infer)(self.object.get()) };
        self.functions.check(status)
    }

    /// An output of the last execution.
    pub(super) fn output(&self, index: usize) -> Result<Tensor, Failure> {
        let request = self.object.get();
        // SAFETY: the request is alive; the function writes a tensor that is ours, or refuses the index.
        Tensor::given(&self.functions, |tensor| unsafe { (self.functions.request_output)(request, index, tensor) })
    }
}
