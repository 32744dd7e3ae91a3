//! onert, the runtime of Samsung's ONE, behind the phases: `load` makes a session and reads the file into it, `prepare` lowers
//! and compiles the model for the backend `cpu` and makes memory for inputs and outputs, `execute` fills and reads it.
//!
//! What is known of version 0.1.0, and left as it is, since highwater is there to see it: a file that is cut short, or is no
//! flatbuffer at all, ends the process (a row of the report says by which signal); a file that does not load leaves its
//! mapping and its descriptor behind; the variable `NUM_THREADS`, which the parent sets for the child, holds for matrix
//! products, while convolutions take a pool with a thread for each core. Words about an error go to standard error.

mod api;
mod options;
mod ready;
mod session;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use self::api::{Api, Configure};
use self::options::Settings;
use self::session::Session;
use super::{Identity, Known, Loaded, Prepared, Runtime, RuntimeError, located, unsupported};
use crate::suite::{Engine, RuntimeSpec};

/// Name of the engine.
const ENGINE: &str = "onert";

/// The functions of the library.
#[derive(Debug, Clone, Copy)]
struct Library {
    api: Api,
    configure: Configure,
}

/// onert as a library.
pub(super) struct Onert {
    library: Library,
    plan: Arc<Plan>,
    version: String,
    path: PathBuf,
}

/// How sessions are prepared.
struct Plan {
    settings: Settings,
    known: Known,
}

impl Onert {
    /// The library of `spec`, or the one that is found here. Inputs that are in `known` have the sizes that it says.
    pub(super) fn new(spec: &RuntimeSpec, known: &Known) -> Result<Onert, RuntimeError> {
        let settings = Settings::new(&spec.options)?;
        let path = located(Engine::Onert, ENGINE, spec.library.as_deref())?.path;
        let library = Library { api: Api::load(ENGINE, &path)?, configure: Api::configure(ENGINE, &path)? };
        let version = session::version(&library.api).unwrap_or_else(|| "of unknown version".into());
        Ok(Onert { library, plan: Arc::new(Plan { settings, known: known.clone() }), version, path })
    }
}

impl Runtime for Onert {
    fn identity(&self) -> Identity {
        Identity { name: ENGINE, version: self.version.clone(), library: Some(self.path.clone()) }
    }

    fn load(&self, model: &Path) -> Result<Box<dyn Loaded>, RuntimeError> {
        let session = Session::load(&self.library, model)?;
        Ok(Box::new(Opened { session, plan: Arc::clone(&self.plan) }))
    }
}

/// A session with a model in it.
struct Opened {
    session: Session,
    plan: Arc<Plan>,
}

impl Loaded for Opened {
    fn prepare(self: Box<Self>) -> Result<Box<dyn Prepared>, RuntimeError> {
        Ok(Box::new(self.session.prepare(&self.plan.settings, &self.plan.known)?))
    }

    fn prepare_again(&mut self) -> Result<Box<dyn Prepared>, RuntimeError> {
        unsupported(ENGINE, "a session is prepared once")
    }
}
