//! A compiled model: with buffers it can run.

use std::rc::Rc;

use super::ENGINE;
use super::api::Pointer;
use super::buffers::{Buffer, Buffers};
use super::model::{Model, Port, SIGNATURE};
use super::objects::{Owned, check, execution, rejected};
use super::options::Settings;
use crate::model::{DeclaredInput, InputTensor};
use crate::runtime::{Known, Output, Prepared, RuntimeError, tensor_bytes};

/// A compiled model. Fields are dropped in this order: nothing outlives what it needs.
pub(super) struct Session {
    /// Absent while the size of an input is open: then nobody knows how large they are.
    buffers: Option<Buffers>,
    compiled: Owned,
    model: Rc<Model>,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
}

impl Session {
    /// Compiles the model, with the sizes of inputs that it leaves open taken from `known`, and makes its buffers.
    #[expect(unsafe_code, reason = "C functions are called")]
    pub(super) fn new(model: &Rc<Model>, settings: &Settings, known: &Known) -> Result<Session, RuntimeError> {
        let environment = &model.environment;
        let api = &environment.api;
        let (inputs, outputs) = (model.inputs()?, model.outputs()?);
        let options = settings.options(environment)?;
        // SAFETY: all are whole. The compiled model keeps the environment and the model, which this value keeps too.
        let create = |out| unsafe { (api.compile)(environment.pointer(), model.pointer(), options.pointer(), out) };
        let compiled = Owned::create(api.destroy_compiled, create).map_err(|status| uncompiled(model, status))?;
        let mut session = Session { buffers: None, compiled, model: Rc::clone(model), inputs, outputs };
        if session.resize(known)? {
            session.buffers = Some(session.new_buffers()?);
        }
        Ok(session)
    }

    /// Gives inputs of open size the sizes that are known; says whether none is open any more.
    #[expect(unsafe_code, reason = "a C function is called")]
    fn resize(&mut self, known: &Known) -> Result<bool, RuntimeError> {
        let api = &self.model.environment.api;
        let mut are_known = true;
        for (index, port) in self.inputs.iter().enumerate().filter(|(_, port)| port.is_open()) {
            let sizes = known.get(&port.name).and_then(|input| {
                let sizes: Option<Vec<i32>> = input.shape.iter().map(|size| i32::try_from(*size).ok()).collect();
                // Sizes that contradict the model are told when its inputs are made.
                sizes.filter(|sizes| port.takes(sizes))
            });
            let Some(sizes) = sizes else {
                are_known = false;
                continue;
            };
            // SAFETY: the model has an input of this index; there are as many sizes as is said, read during the call.
            let resized =
                unsafe { (api.resize_input)(self.compiled.pointer(), SIGNATURE, index, sizes.as_ptr(), sizes.len()) };
            check(resized).map_err(rejected(&format!("input `{}` cannot be resized to {sizes:?}", port.name)))?;
        }
        Ok(are_known)
    }

    fn new_buffers(&self) -> Result<Buffers, RuntimeError> {
        let buffers = Buffers::new(&self.model.environment, self.compiled.pointer(), &self.inputs, &self.outputs);
        buffers.map_err(rejected("buffers for inputs and outputs cannot be made"))
    }

    fn buffers(&self) -> Result<&Buffers, RuntimeError> {
        self.buffers.as_ref().ok_or_else(|| RuntimeError::Execution {
            engine: ENGINE,
            message: "the size of an input was open when the model was compiled".into(),
        })
    }
}

impl Prepared for Session {
    fn inputs(&self) -> Vec<DeclaredInput> {
        self.inputs.iter().map(Port::declared).collect()
    }

    #[expect(unsafe_code, reason = "a C function is called")]
    fn execute(&mut self, inputs: &[InputTensor]) -> Result<Vec<Output>, RuntimeError> {
        self.set_inputs(inputs)?;
        let buffers = self.buffers()?;
        let pointers = |buffers: &[Buffer]| buffers.iter().map(Buffer::pointer).collect::<Vec<Pointer>>();
        let (mut given, mut made) = (pointers(&buffers.inputs), pointers(&buffers.outputs));
        let (api, compiled) = (&self.model.environment.api, self.compiled.pointer());
        // SAFETY: there is a buffer for each input and output, in the order of the signature.
        let run =
            unsafe { (api.run)(compiled, SIGNATURE, given.len(), given.as_mut_ptr(), made.len(), made.as_mut_ptr()) };
        check(run).map_err(execution("the model does not run"))?;
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
        let buffers = self.buffers()?;
        for (port, buffer) in self.inputs.iter().zip(&buffers.inputs) {
            let given = inputs.iter().find(|input| input.name == port.name);
            let input = given.ok_or_else(|| failed(format!("input `{}` is not given", port.name)))?;
            if input.shape != buffer.shape() {
                let (shape, now) = (&input.shape, buffer.shape());
                return Err(failed(format!("input `{}` was compiled for {now:?}, not {shape:?}", port.name)));
            }
            let bytes = tensor_bytes::input_bytes(input, port.element).map_err(failed)?;
            buffer.write(&bytes).map_err(execution(&format!("input `{}` cannot be written", port.name)))?;
        }
        Ok(())
    }
}

/// Why a model does not compile. LiteRT has one status for all reasons, and writes them to standard error.
fn uncompiled(model: &Model, status: i32) -> RuntimeError {
    let custom = model.custom_operators();
    if custom.is_empty() {
        return rejected("the model does not compile")(status);
    }
    let message = format!("the model does not compile and has operators of its own: {}", custom.join(", "));
    RuntimeError::Unsupported { engine: ENGINE, message }
}
