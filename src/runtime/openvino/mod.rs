//! OpenVINO behind the phases: `load` reads the model and gives its inputs the shapes that are known, `prepare` compiles it
//! for the processor and makes a request, `execute` sets the inputs, infers and copies the outputs.
//!
//! A runtime has one core, which is made with it, loads the plugin of the processor, and goes with the runtime and the last
//! model that was made with it. The library itself stays loaded: threads of oneTBB may still run in it. So do the libraries
//! that read models, which `ov_shutdown` would drop: they are the process's, and another core may be using them.

mod api;
mod elements;
mod failure;
mod objects;
mod options;
mod owned;
mod port;
mod tensor;
#[cfg(test)]
mod tests;
mod version;

use std::collections::BTreeMap;
use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::api::Functions;
use self::failure::Failure;
use self::objects::{Compiled, Core, Model, Request};
use self::port::Port;
use self::tensor::Tensor;
use super::{Identity, Loaded, Output, Prepared, Runtime, RuntimeError, located};
use crate::model::{DeclaredInput, InputTensor};
use crate::suite::{Engine, InputSpec, RuntimeSpec};

/// Name of the engine.
const ENGINE: &str = "openvino";

/// Properties that are told of every model.
const TOLD: [&CStr; 4] = [c"INFERENCE_NUM_THREADS", c"NUM_STREAMS", c"INFERENCE_PRECISION_HINT", c"ENABLE_MMAP"];

/// OpenVINO on the processor.
pub(super) struct Openvino {
    shared: Arc<Shared>,
    version: String,
    library: PathBuf,
    inputs: BTreeMap<String, InputSpec>,
}

/// What a runtime shares with its models.
struct Shared {
    functions: Arc<Functions>,
    core: Core,
    /// Names of the properties that were set.
    set: Vec<CString>,
}

impl Openvino {
    /// Loads the library and makes a core with the options of `spec`. `inputs` are what is known about inputs that models
    /// leave open; with `threads` they execute.
    ///
    /// # Errors
    /// [`RuntimeError::Unusable`] if the library is not there, does not load, lacks a function or is too old;
    /// [`RuntimeError::Unsupported`] if it refuses an option.
    pub(super) fn open(
        spec: &RuntimeSpec,
        inputs: &BTreeMap<String, InputSpec>,
        threads: u32,
    ) -> Result<Openvino, RuntimeError> {
        let library = located(Engine::Openvino, ENGINE, spec.library.as_deref())?.path;
        let functions = Arc::new(Functions::load(ENGINE, &library)?);
        let version = version::usable(&functions, &library)?;
        let core = Core::create(Arc::clone(&functions)).map_err(Failure::of_library)?;
        let set = options::set(&core, &spec.options, threads)?;
        Ok(Openvino { shared: Arc::new(Shared { functions, core, set }), version, library, inputs: inputs.clone() })
    }
}

fn unusable(message: String) -> RuntimeError {
    RuntimeError::Unusable { engine: ENGINE, message }
}

/// That OpenVINO, or what we give it, does not have what is asked for.
fn unsupported<T>(message: String) -> Result<T, RuntimeError> {
    Err(RuntimeError::Unsupported { engine: ENGINE, message })
}

impl Runtime for Openvino {
    fn identity(&self) -> Identity {
        Identity { name: ENGINE, version: self.version.clone(), library: Some(self.library.clone()) }
    }

    fn load(&self, model: &Path) -> Result<Box<dyn Loaded>, RuntimeError> {
        let path = CString::new(model.as_os_str().as_bytes())
            .map_err(|_| Failure::own("the path has a zero byte").of_model())?;
        let model = self.shared.core.read_model(&path).map_err(Failure::of_model)?;
        let ports = model.inputs().map_err(Failure::of_model)?;
        let decided = |(index, port): (usize, &Port)| {
            let spec = self.inputs.get(&port.name(index))?;
            Some((index, port.decided(spec)?))
        };
        let shapes: Vec<(usize, Vec<i64>)> = ports.iter().enumerate().filter_map(decided).collect();
        if !shapes.is_empty() {
            model.reshape(&shapes).map_err(Failure::of_model)?;
        }
        Ok(Box::new(Read { model, ports, shared: Arc::clone(&self.shared) }))
    }
}

/// A model that is read.
struct Read {
    model: Model,
    /// Its inputs as they were before they were given shapes.
    ports: Vec<Port>,
    shared: Arc<Shared>,
}

impl Loaded for Read {
    fn prepare(mut self: Box<Self>) -> Result<Box<dyn Prepared>, RuntimeError> {
        self.prepare_again()
    }

    fn prepare_again(&mut self) -> Result<Box<dyn Prepared>, RuntimeError> {
        let compiled = self.shared.core.compile(&self.model).map_err(Failure::of_model)?;
        let request = compiled.request().map_err(Failure::of_model)?;
        let outputs = compiled.output_count().map_err(Failure::of_model)?;
        let declared = |(index, port): (usize, &Port)| port.declared(index);
        let declared: Vec<DeclaredInput> = self.ports.iter().enumerate().map(declared).collect::<Result<_, _>>()?;
        let inputs = declared.into_iter().zip(compiled.inputs().map_err(Failure::of_model)?).collect();
        Ok(Box::new(Ready { request, compiled, inputs, outputs, shared: Arc::clone(&self.shared) }))
    }
}

/// A compiled model with a request; what depends on something else stands before it, and is dropped first.
struct Ready {
    request: Request,
    compiled: Compiled,
    /// Inputs as the model declares them, and as they were compiled.
    inputs: Vec<(DeclaredInput, Port)>,
    /// Number of outputs.
    outputs: usize,
    shared: Arc<Shared>,
}

impl Ready {
    /// The value of a property that is in force for this model; `None` where neither model nor core has it.
    fn property(&self, name: &CStr) -> Option<String> {
        let value = self.compiled.property(name).or_else(|_| self.shared.core.property(c"", name)).ok()?;
        Some(format!("{}={value}", name.to_string_lossy()))
    }
}

impl Prepared for Ready {
    fn inputs(&self) -> Vec<DeclaredInput> {
        self.inputs.iter().map(|(declared, _)| declared.clone()).collect()
    }

    fn execute(&mut self, inputs: &[InputTensor]) -> Result<Vec<Output>, RuntimeError> {
        self.set_inputs(inputs)?;
        self.request.infer().map_err(Failure::of_execution)?;
        let output = |index| self.request.output(index)?.output();
        (0..self.outputs).map(output).collect::<Result<_, _>>().map_err(Failure::of_execution)
    }

    fn renew_request(&mut self) -> Result<(), RuntimeError> {
        self.request = self.compiled.request().map_err(Failure::of_execution)?;
        Ok(())
    }

    fn set_inputs(&mut self, inputs: &[InputTensor]) -> Result<(), RuntimeError> {
        let has = |name: &str| self.inputs.iter().any(|(declared, _)| declared.name == name);
        if let Some(unknown) = inputs.iter().find(|input| !has(&input.name)) {
            return Err(Failure::own(format!("there is no input `{}`", unknown.name)).of_execution());
        }
        for (index, (declared, port)) in self.inputs.iter().enumerate() {
            let name = &declared.name;
            let given = inputs.iter().find(|input| input.name == *name);
            // A request has a tensor of its own for an input that was never set, with whatever is in it.
            let input = given.ok_or_else(|| Failure::own(format!("input `{name}` is not given")).of_execution())?;
            let element = declared.element.unwrap_or(input.element);
            let tensor = Tensor::of_input(&self.shared.functions, element, input).map_err(Failure::of_execution)?;
            if !port.takes(&input.shape) {
                let (compiled, given) = (port.shape_text(), &input.shape);
                return unsupported(format!("input `{name}` was compiled for {compiled}, not {given:?}"));
            }
            self.request.set_input(index, &tensor).map_err(Failure::of_execution)?;
        }
        Ok(())
    }

    fn remarks(&self) -> Vec<String> {
        let set = self.shared.set.iter().map(CString::as_c_str).filter(|name| !TOLD.contains(name));
        let in_force: Vec<String> = TOLD.into_iter().chain(set).filter_map(|name| self.property(name)).collect();
        vec![format!("in force are {}", in_force.join(", "))]
    }
}
