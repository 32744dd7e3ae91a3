//! LiteRT, formerly TensorFlow Lite, behind the phases: `load` opens and checks the file, `prepare` compiles it for the
//! processor (XNNPACK packs the weights) and makes the buffers of inputs and outputs, `execute` fills and reads them.
//!
//! One environment belongs to each runtime. LiteRT's words about an error go to standard error; a call gives no more than
//! a number, which is told in words.

mod api;
mod buffers;
mod model;
mod objects;
mod options;
mod session;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::api::Api;
use self::model::Model;
use self::objects::Environment;
use self::options::Settings;
use self::session::Session;
use super::{Identity, Known, Loaded, Prepared, Runtime, RuntimeError, located};
use crate::suite::{Engine, RuntimeSpec};

/// Name of the engine.
const ENGINE: &str = "litert";

/// LiteRT as a library.
pub(super) struct Litert {
    environment: Arc<Environment>,
    settings: Arc<Settings>,
    known: Arc<Known>,
    version: String,
    library: PathBuf,
}

impl Litert {
    /// The library of `spec`, or the one that is found here, with an environment of its own. Models execute with `threads`;
    /// inputs of open size have the sizes in `known`.
    pub(super) fn new(spec: &RuntimeSpec, known: &Known, threads: u32) -> Result<Litert, RuntimeError> {
        let settings = Arc::new(Settings::new(&spec.options, threads)?);
        let located = located(Engine::Litert, ENGINE, spec.library.as_deref())?;
        let environment = Environment::new(Api::load(ENGINE, &located.path)?)?;
        // The library does not tell its version: its package does.
        let version = located.version.unwrap_or_else(|| "of unknown version".into());
        Ok(Litert { environment, settings, known: Arc::new(known.clone()), version, library: located.path })
    }
}

impl Runtime for Litert {
    fn identity(&self) -> Identity {
        Identity { name: ENGINE, version: self.version.clone(), library: Some(self.library.clone()) }
    }

    fn load(&self, model: &Path) -> Result<Box<dyn Loaded>, RuntimeError> {
        let model = Arc::new(Model::open(&self.environment, model)?);
        Ok(Box::new(Opened { model, settings: Arc::clone(&self.settings), known: Arc::clone(&self.known) }))
    }
}

/// An opened model and how it is compiled.
struct Opened {
    model: Arc<Model>,
    settings: Arc<Settings>,
    known: Arc<Known>,
}

impl Loaded for Opened {
    fn prepare(mut self: Box<Self>) -> Result<Box<dyn Prepared>, RuntimeError> {
        self.prepare_again()
    }

    fn prepare_again(&mut self) -> Result<Box<dyn Prepared>, RuntimeError> {
        Ok(Box::new(Session::new(&self.model, &self.settings, &self.known)?))
    }
}
