//! rten where the embedded runtime lacks what the model needs, and why.

use std::path::Path;

use super::{Identity, Loaded, Rten, Runtime, RuntimeError};
use crate::suite::RuntimeSpec;

/// rten in the place of the embedded runtime.
#[derive(Debug)]
pub(super) struct StandIn {
    rten: Rten,
    lack: String,
}

impl StandIn {
    /// rten as it comes, with the weights of `spec`, for the model at `path`; `lack` says what keeps the embedded runtime
    /// from it.
    pub(super) fn new(spec: &RuntimeSpec, path: &Path, lack: String) -> StandIn {
        // rten packs weights of matrix products only and keeps both copies, so it does not by itself.
        let spec = RuntimeSpec { prepack: false, ..spec.clone() };
        StandIn { rten: Rten::new(&spec, path), lack }
    }
}

impl Runtime for StandIn {
    fn identity(&self) -> Identity {
        self.rten.identity()
    }

    fn load(&self, model: &Path) -> Result<Box<dyn Loaded>, RuntimeError> {
        self.rten.load(model)
    }

    fn remarks(&self) -> Vec<String> {
        vec![format!("it stands in for embedded: {}", self.lack)]
    }
}
