//! BY WHOM the work is done: inference runtimes behind one trait with honest phases.
//!
//! A runtime [`load`](Runtime::load)s a model file (open, map or read, parse as far as it can), the loaded model is
//! [`prepare`](Loaded::prepare)d (shapes, optimisation, packing: what others call compile), the prepared one
//! [`execute`](Prepared::execute)s. Each state consumes the one before it, so what a phase leaves behind is what it owns.

mod embedded;
mod external_data;
mod rten;
mod stand_in;
mod structure;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::BTreeMap;
use std::path::Path;

pub use self::embedded::Embedded;
pub use self::rten::Rten;
use self::stand_in::StandIn;
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

/// An inference runtime.
pub trait Runtime: Send + Sync {
    /// Name and version, for the record of the run.
    fn identity(&self) -> (&'static str, &'static str);

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
}

/// A model that can run.
pub trait Prepared {
    /// The inputs as the model declares them.
    fn inputs(&self) -> Vec<DeclaredInput>;

    /// Runs the model once.
    fn execute(&mut self, inputs: &[InputTensor]) -> Result<Vec<Output>, RuntimeError>;

    /// What there is to say about the memory that the model takes, in sentences for people.
    fn remarks(&self) -> Vec<String> {
        Vec::new()
    }
}

/// Opens the engine that `spec` names for the model at `path`. What depends on the file alone (which external data files it
/// names) is looked up here, once, and not in every iteration. `inputs` are what is known about inputs that the model leaves
/// open: `embedded` plans its memory by them. With `threads` it executes; rten takes its number from the environment.
pub fn open(spec: &RuntimeSpec, path: &Path, inputs: &BTreeMap<String, InputSpec>, threads: u32) -> Box<dyn Runtime> {
    match spec.engine {
        Engine::Embedded => Box::new(Embedded::new(spec, inputs, threads)),
        Engine::Rten => Box::new(Rten::new(spec, path)),
        Engine::Auto => match Embedded::lacks(path) {
            None => Box::new(Embedded::new(spec, inputs, threads)),
            Some(lack) => Box::new(StandIn::new(spec, path, lack)),
        },
    }
}

/// Bytes of the model at `path` and of the external data that it names: what it declares to take. Files that are not there
/// count nothing.
pub fn declared_bytes(path: &Path) -> u64 {
    let bytes = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len());
    let external = external_data::external_files(path);
    external.iter().fold(bytes(path), |total, name| total.saturating_add(bytes(&path.with_file_name(name))))
}

/// Names and versions of the runtimes inside the binary.
pub fn embedded_versions() -> String {
    format!("{} {}, {} {}", embedded::ENGINE, embedded::VERSION, rten::ENGINE, rten::VERSION)
}
