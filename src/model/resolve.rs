//! From what a suite says about a model to a file that an engine can open.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use super::bundled::find_bundled;
use super::cache::{materialize, materialize_bundled};
use super::error::ModelError;
use crate::suite::{InputSpec, ModelSource, ModelSpec};

/// The file of a model; `None` where the workload needs no model. Generated and bundled models are put into `cache`
/// unless they are there.
pub fn resolve(spec: &ModelSpec, cache: &Path) -> Result<Option<PathBuf>, ModelError> {
    match &spec.source {
        ModelSource::None => Ok(None),
        ModelSource::File(path) => check_file(path).map(|()| Some(path.clone())),
        ModelSource::Bundled(name) => materialize_bundled(name, cache).map(Some),
        ModelSource::Generated(recipe) => materialize(recipe, cache).map(Some),
    }
}

/// What is known about a model's inputs: its bundled shapes, and above them what the user says.
pub fn known_inputs(spec: &ModelSpec) -> Result<BTreeMap<String, InputSpec>, ModelError> {
    let mut inputs = match &spec.source {
        ModelSource::Bundled(name) => find_bundled(name)?.default_inputs(),
        ModelSource::None | ModelSource::File(_) | ModelSource::Generated(_) => BTreeMap::new(),
    };
    inputs.extend(spec.inputs.clone());
    Ok(inputs)
}

/// Checks what engines do not: rten, for one, loads an empty file as a model without inputs and outputs.
fn check_file(path: &Path) -> Result<(), ModelError> {
    let found = fs::metadata(path).map_err(|source| ModelError::Open { path: path.into(), source })?;
    if found.is_dir() {
        return Err(ModelError::NotAFile { path: path.into(), kind: "a folder" });
    }
    if !found.is_file() {
        return Err(ModelError::NotAFile { path: path.into(), kind: "a device, socket or pipe" });
    }
    match found.len() {
        0 => Err(ModelError::Empty { path: path.into() }),
        _ => fs::File::open(path).map(drop).map_err(|source| ModelError::Open { path: path.into(), source }),
    }
}
