//! A compiled model: with buffers it can run.

use std::sync::Arc;

use super::ENGINE;
use super::api::{Api, Layout, Pointer, Status};
use super::buffers::{Buffer, Buffers};
use super::model::{Model, Port, SIGNATURE};
use super::objects::{Owned, check, execution, rejected, told};
use super::options::Settings;
use crate::model::{DeclaredInput, InputTensor};
use crate::runtime::open_sizes::dimensions;
use crate::runtime::{Known, Output, Prepared, RuntimeError, tensor_bytes, unsupported};

/// A compiled model. Fields are dropped in this order: nothing outlives what it needs.
pub(super) struct Session {
    /// Absent while the size of an input is open: then nobody knows how large they are.
    buffers: Option<Buffers>,
    compiled: Owned,
    model: Arc<Model>,
    /// Inputs and their present shapes.
    inputs: Vec<(Port, Layout)>,
    outputs: Vec<Port>,
    /// Whether an execution has succeeded.
    has_run: bool,
}

impl Session {
    /// Compiles the model, with inputs of the sizes in `known`, and makes its buffers.
    #[expect(unsafe_code, reason = "C functions are called")]
    pub(super) fn new(model: &Arc<Model>, settings: &Settings, known: &Known) -> Result<Session, RuntimeError> {
        let environment = &model.environment;
        let api = &environment.api;
        let (inputs, outputs) = (model.inputs()?, model.outputs()?);
        let options = settings.options(environment)?;
        // SAFETY: all are whole. The compiled model keeps the environment and the model, which this value keeps too.
        let create = |out| unsafe { (api.compile)(environment.pointer(), model.pointer(), options.pointer(), out) };
        let compiled = Owned::create(api.destroy_compiled, create)
            .map_err(|status| foreign(model).unwrap_or_else(|| rejected("the model does not compile")(status)))?;
        let shaped = |(index, port)| {
            let layout = shape(api, compiled.pointer(), index, &port, known)?;
            Ok((port, layout))
        };
        let inputs: Vec<(Port, Layout)> = inputs.into_iter().enumerate().map(shaped).collect::<Result<_, _>>()?;
        let is_open = inputs.iter().any(|(_, layout)| layout.is_open());
        let model = Arc::clone(model);
        let mut session = Session { buffers: None, compiled, model, inputs, outputs, has_run: false };
        if !is_open {
            session.buffers = Some(session.new_buffers()?);
        }
        Ok(session)
    }

    fn new_buffers(&self) -> Result<Buffers, RuntimeError> {
        let buffers = Buffers::new(&self.model.environment, self.compiled.pointer(), &self.inputs, &self.outputs);
        buffers.map_err(|status| {
            foreign(&self.model).unwrap_or_else(|| rejected("buffers for inputs and outputs cannot be made")(status))
        })
    }

    /// Why the model does not run. What has run once runs for all its operators.
    fn failure(&self, status: Status) -> RuntimeError {
        let foreign = if self.has_run { None } else { foreign(&self.model) };
        foreign.unwrap_or_else(|| execution("the model does not run")(status))
    }
}

/// The buffers, if there are any.
fn made<B>(buffers: Option<B>) -> Result<B, RuntimeError> {
    buffers.ok_or_else(|| RuntimeError::Execution {
        engine: ENGINE,
        message: "the size of an input was open when the model was compiled".into(),
    })
}

impl Prepared for Session {
    fn inputs(&self) -> Vec<DeclaredInput> {
        let declared = |(port, layout): &(Port, Layout)| {
            let shape = dimensions(port.kind.layout.sizes(), layout.sizes());
            DeclaredInput { name: port.name.clone(), element: Some(port.element), shape: Some(shape) }
        };
        self.inputs.iter().map(declared).collect()
    }

    #[expect(unsafe_code, reason = "a C function is called")]
    fn execute(&mut self, inputs: &[InputTensor]) -> Result<Vec<Output>, RuntimeError> {
        self.set_inputs(inputs)?;
        let buffers = made(self.buffers.as_ref())?;
        let pointers = |buffers: &[Buffer]| buffers.iter().map(Buffer::pointer).collect::<Vec<Pointer>>();
        let (mut given, mut made) = (pointers(&buffers.inputs), pointers(&buffers.outputs));
        let (api, compiled) = (&self.model.environment.api, self.compiled.pointer());
        // SAFETY: there is a buffer for each input and output, in the order of the signature.
        let run =
            unsafe { (api.run)(compiled, SIGNATURE, given.len(), given.as_mut_ptr(), made.len(), made.as_mut_ptr()) };
        check(run).map_err(|status| self.failure(status))?;
        self.has_run = true;
        let output = |(buffer, port): (&Buffer, &Port)| {
            let values = buffer.read(port).map_err(execution(&format!("output `{}` cannot be read", port.name)))?;
            Ok(Output { shape: buffer.shape(), values })
        };
        buffers.outputs.iter().zip(&self.outputs).map(output).collect()
    }

    fn renew_request(&mut self) -> Result<(), RuntimeError> {
        self.buffers = Some(self.new_buffers()?);
        Ok(())
    }

    fn set_inputs(&mut self, inputs: &[InputTensor]) -> Result<(), RuntimeError> {
        let failed = |message| RuntimeError::Execution { engine: ENGINE, message };
        let buffers = made(self.buffers.as_mut())?;
        for ((port, _), buffer) in self.inputs.iter().zip(&mut buffers.inputs) {
            let given = inputs.iter().find(|input| input.name == port.name);
            let input = given.ok_or_else(|| failed(format!("input `{}` is not given", port.name)))?;
            if input.shape != buffer.shape() {
                let (shape, now) = (&input.shape, buffer.shape());
                return unsupported(ENGINE, &format!("input `{}` was compiled for {now:?}, not {shape:?}", port.name));
            }
            let bytes = tensor_bytes::input_bytes(input, port.element).map_err(failed)?;
            buffer.write(&bytes).map_err(execution(&format!("input `{}` cannot be written", port.name)))?;
        }
        Ok(())
    }
}

/// The shape of input number `index` of a compiled model, which is first given the sizes that are known where they differ.
#[expect(unsafe_code, reason = "C functions are called")]
fn shape(api: &Api, compiled: Pointer, index: usize, port: &Port, known: &Known) -> Result<Layout, RuntimeError> {
    // SAFETY: the model has an input of this index.
    let ask = || told(Layout::default(), |out| unsafe { (api.input_layout)(compiled, SIGNATURE, index, out) });
    let untold = || rejected("the model does not tell the shape of an input");
    let layout = ask().map_err(untold())?;
    let Some(input) = known.get(&port.name) else { return Ok(layout) };
    let sizes: Vec<i32> = input.shape.iter().map(|size| i32::try_from(*size).unwrap_or(i32::MAX)).collect();
    if sizes == layout.sizes() {
        return Ok(layout);
    }
    // SAFETY: as above; there are as many sizes as is said, read during the call.
    let resized = unsafe { (api.resize_input)(compiled, SIGNATURE, index, sizes.as_ptr(), sizes.len()) };
    check(resized).map_err(rejected(&format!("input `{}` cannot be {input}", port.name)))?;
    ask().map_err(untold())
}

/// What is the matter with a model that fails and brings operators of its own: LiteRT has one status for all reasons, and
/// compiles such a model without a word.
fn foreign(model: &Model) -> Option<RuntimeError> {
    let operators = model.custom_operators();
    let message = || format!("the model fails and has operators of its own: {}", operators.join(", "));
    (!operators.is_empty()).then(|| RuntimeError::Unsupported { engine: ENGINE, message: message() })
}
