//! The runtime, and a model that it has looked at.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::ENGINE;
use super::arena::Arena;
use super::error::{unsupported, unusable};
use super::library::{self, Library};
use super::optimized::{Optimized, commit};
use super::options::Options;
use super::session::Ready;
use crate::runtime::{Identity, Loaded, Prepared, Runtime, RuntimeError, located};
use crate::suite::{Engine, RuntimeSpec};

/// ONNX Runtime with options.
pub(in crate::runtime) struct OnnxRuntime {
    maker: Arc<Maker>,
}

/// What sessions are made by.
struct Maker {
    library: Library,
    options: Options,
    optimized: Option<Optimized>,
    /// Unregistered when no model is left that could be prepared.
    _arena: Option<Arc<Arena>>,
}

impl OnnxRuntime {
    /// ONNX Runtime with the library and the options of `spec`; an operator has `threads` threads unless an option says
    /// otherwise.
    ///
    /// # Errors
    /// If the library is not there or cannot be used, and if there is no such option or value.
    pub(in crate::runtime) fn new(spec: &RuntimeSpec, threads: u32) -> Result<OnnxRuntime, RuntimeError> {
        let options = Options::parse(&spec.options, threads)?;
        let library = library::open(&located(Engine::Onnxruntime, ENGINE, spec.library.as_deref())?.path)?;
        // ONNX Runtime looks at the length of entries itself: better now than in the first iteration.
        let tried = options.builder(&library.environment).and_then(|_| options.run_options());
        tried.map_err(|error| unsupported(error.message()))?;
        let arena = options.arena.as_ref().map(|settings| Arena::shared(&library.environment, settings)).transpose()?;
        let optimized = options.reload_optimized.then(Optimized::new).transpose()?;
        Ok(OnnxRuntime { maker: Arc::new(Maker { library, options, optimized, _arena: arena }) })
    }
}

impl Runtime for OnnxRuntime {
    fn identity(&self) -> Identity {
        let Library { path, version, .. } = &self.maker.library;
        Identity { name: ENGINE, version: version.clone(), library: Some(path.clone()) }
    }

    /// Opens the file, reads nothing and closes it: a session reads it by its path.
    fn load(&self, model: &Path) -> Result<Box<dyn Loaded>, RuntimeError> {
        let failed = |source| RuntimeError::File { path: model.display().to_string(), source };
        let file = File::open(model).map_err(failed)?;
        if !file.metadata().map_err(failed)?.is_file() {
            return Err(failed(std::io::ErrorKind::InvalidInput.into()));
        }
        Ok(Box::new(Model { path: model.to_owned(), maker: Arc::clone(&self.maker) }))
    }
}

/// A model whose file is there.
struct Model {
    path: PathBuf,
    maker: Arc<Maker>,
}

impl Model {
    fn ready(&self) -> Result<Box<dyn Prepared>, RuntimeError> {
        let Maker { library, options, optimized, .. } = self.maker.as_ref();
        let builder = options.builder(&library.environment).map_err(|error| unusable(error.message()))?;
        let run_options = options.run_options().map_err(|error| unusable(error.message()))?;
        let session = match optimized {
            Some(optimized) => optimized.session(builder, &self.path)?,
            None => commit(builder, &self.path)?,
        };
        Ok(Box::new(Ready::new(session, run_options)))
    }
}

impl Loaded for Model {
    fn prepare(self: Box<Self>) -> Result<Box<dyn Prepared>, RuntimeError> {
        self.ready()
    }

    /// Makes one more session.
    fn prepare_again(&mut self) -> Result<Box<dyn Prepared>, RuntimeError> {
        self.ready()
    }
}
