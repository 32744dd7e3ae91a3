//! BY WHOM the work is done: inference runtimes behind one trait with honest phases.
//!
//! A runtime [`load`](Runtime::load)s a model file (open, map or read, parse as far as it can), the loaded model is
//! [`prepare`](Loaded::prepare)d (shapes, optimisation, packing: what others call compile), the prepared one
//! [`execute`](Prepared::execute)s. Each state consumes the one before it, so what a phase leaves behind is what it owns.

mod embedded;
mod external_data;
mod functions;
mod library;
mod litert;
mod onert;
mod onnxruntime;
mod open_sizes;
mod openvino;
mod program;
mod rten;
mod stand_in;
mod structure;
mod tensor_bytes;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use self::embedded::Embedded;
pub(crate) use self::external_data::files_beside;
pub use self::library::{Absence, Located, format_mismatch, loaded_engines, locate, runtimes_folder, worker_variables};
use self::litert::Litert;
use self::onert::Onert;
use self::onnxruntime::OnnxRuntime;
use self::openvino::Openvino;
pub use self::program::{find_program, obstacle};
pub use self::rten::Rten;
use self::stand_in::StandIn;
#[cfg(test)]
pub(crate) use self::tests::available;
use crate::model::{DeclaredInput, InputTensor};
use crate::suite::{Engine, InputSpec, RuntimeSpec};

/// What a runtime reports instead of a result.
#[derive(Debug, thiserror::Error)]
pub enum RuntimeError {
    /// A file of the model cannot be read or mapped.
    #[error("cannot read model file {path}")]
    File {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The engine rejects the model.
    #[error("{engine} rejects the model: {message}")]
    Rejected {
        /// Name of the engine.
        engine: &'static str,
        /// The engine's own words.
        message: String,
    },
    /// The library of the engine is not what it should be: it does not load, or lacks a function.
    #[error("{engine} cannot be used here: {message}")]
    Unusable {
        /// Name of the engine.
        engine: &'static str,
        /// What is wrong with it.
        message: String,
    },
    /// The engine does not have what the model, the workload or an option asks for.
    #[error("{engine} does not have this: {message}")]
    Unsupported {
        /// Name of the engine.
        engine: &'static str,
        /// What it does not have.
        message: String,
    },
    /// The engine fails while it executes.
    #[error("{engine} failed to execute: {message}")]
    Execution {
        /// Name of the engine.
        engine: &'static str,
        /// The engine's own words.
        message: String,
    },
}

/// One result of an execution.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// Sizes of the dimensions.
    pub shape: Vec<usize>,
    /// The values, row by row, as 32-bit floats whatever the element type.
    pub values: Vec<f32>,
}

impl RuntimeError {
    /// Whether the runtime and the work do not go together, which says nothing about either.
    pub fn is_incompatible(&self) -> bool {
        matches!(self, RuntimeError::Unusable { .. } | RuntimeError::Unsupported { .. })
    }
}

/// Who does the work, for the record of the run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Name of the engine.
    pub name: &'static str,
    /// Its version, in its own words.
    pub version: String,
    /// The shared library that it is loaded from; absent for an engine inside this binary.
    pub library: Option<PathBuf>,
}

impl Identity {
    /// An engine inside this binary.
    fn built_in(name: &'static str, version: &str) -> Identity {
        Identity { name, version: version.to_owned(), library: None }
    }
}

/// What a runtime's own allocator holds, where its interface tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnMemory {
    /// Bytes that it has given out.
    pub used: u64,
    /// Bytes that it has taken from the system.
    pub reserved: u64,
}

/// An inference runtime.
pub trait Runtime: Send + Sync {
    /// Who this is.
    fn identity(&self) -> Identity;

    /// Opens the model: reads or maps its files.
    fn load(&self, model: &Path) -> Result<Box<dyn Loaded>, RuntimeError>;

    /// What there is to say about the choice of this runtime, in sentences for people.
    fn remarks(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A model whose files are read or mapped.
pub trait Loaded {
    /// Makes it executable.
    fn prepare(self: Box<Self>) -> Result<Box<dyn Prepared>, RuntimeError>;

    /// Makes it executable, and keeps it to do so once more. [`RuntimeError::Unsupported`] where what is prepared takes what
    /// was loaded.
    fn prepare_again(&mut self) -> Result<Box<dyn Prepared>, RuntimeError>;
}

/// A model that can run, in any thread and in one at a time.
pub trait Prepared: Send {
    /// The inputs as the model declares them.
    fn inputs(&self) -> Vec<DeclaredInput>;

    /// Runs the model once.
    fn execute(&mut self, inputs: &[InputTensor]) -> Result<Vec<Output>, RuntimeError>;

    /// Makes what the runtime calls a request, a context or a set of buffers anew; the next execution uses it, and the one
    /// before is dropped. [`RuntimeError::Unsupported`] where there is no such thing.
    fn renew_request(&mut self) -> Result<(), RuntimeError>;

    /// Hands the inputs over as an execution would, and executes nothing. [`RuntimeError::Unsupported`] where inputs are
    /// handed over by executing only.
    fn set_inputs(&mut self, inputs: &[InputTensor]) -> Result<(), RuntimeError>;

    /// What the runtime's own allocator holds for this model, where its interface tells.
    fn own_memory(&self) -> Option<OwnMemory> {
        None
    }

    /// What there is to say about the memory that the model takes, in sentences for people.
    fn remarks(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Opens the engine that `spec` names for the model at `path`. What depends on the file alone (which external data files it
/// names) is looked up here, once, and not in every iteration. `inputs` are what is known about inputs that the model leaves
/// open: `embedded` plans its memory by them. With `threads` it executes; rten and onert take their number from the
/// environment.
///
/// # Errors
/// If the library of an engine that is loaded at run time is not there or cannot be used.
pub fn open(
    spec: &RuntimeSpec,
    path: &Path,
    inputs: &BTreeMap<String, InputSpec>,
    threads: u32,
) -> Result<Box<dyn Runtime>, RuntimeError> {
    Ok(match spec.engine {
        Engine::Embedded => Box::new(Embedded::new(spec, inputs, threads)),
        Engine::Rten => Box::new(Rten::new(spec, path)),
        Engine::Auto => match Embedded::lacks(path) {
            None => Box::new(Embedded::new(spec, inputs, threads)),
            Some(lack) => Box::new(StandIn::new(spec, path, lack)),
        },
        Engine::Openvino => Box::new(Openvino::open(spec, inputs, threads)?),
        Engine::Onnxruntime => Box::new(OnnxRuntime::new(spec, threads)?),
        Engine::Litert => Box::new(Litert::new(spec, inputs, threads)?),
        Engine::Onert => Box::new(Onert::new(spec, inputs)?),
        Engine::Program => return unsupported("program", "a program does its work in a process of its own"),
    })
}

/// What is known about a model's inputs, by their names.
type Known = BTreeMap<String, InputSpec>;

/// The library of an engine that is loaded at run time: at the path `given`, or where it is found here.
fn located(engine: Engine, name: &'static str, given: Option<&Path>) -> Result<Located, RuntimeError> {
    let unusable = |message| RuntimeError::Unusable { engine: name, message };
    match locate(engine, given) {
        Some(Ok(located)) => Ok(located),
        Some(Err(absence)) => Err(unusable(format!("{}; {}", absence.reason, absence.remedy))),
        None => Err(unusable("it is not loaded from a library".into())),
    }
}

/// That an engine does not have what is asked for.
fn unsupported<T>(engine: &'static str, what: &str) -> Result<T, RuntimeError> {
    Err(RuntimeError::Unsupported { engine, message: what.to_owned() })
}

/// Bytes of the model at `path` and of the files that it names: what it declares to take. Files that are not there count
/// nothing.
pub fn declared_bytes(path: &Path) -> u64 {
    let bytes = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    let beside = files_beside(path);
    beside.iter().fold(bytes(path), |total, name| total.saturating_add(bytes(&path.with_file_name(name))))
}

/// Names and versions of the runtimes inside the binary.
pub fn embedded_versions() -> String {
    format!("{} {}, {} {}", embedded::ENGINE, embedded::VERSION, rten::ENGINE, rten::VERSION)
}
