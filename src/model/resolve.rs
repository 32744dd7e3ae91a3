//! From what a suite says about a model to files that an engine can open.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::bundled::find_bundled;
use super::cache::{materialize, materialize_bundled};
use super::error::ModelError;
use crate::suite::{ModelSource, ModelSpec};

/// Folder of the cache that holds the models that `scripts/fetch-models` brings.
const FETCHED: &str = "models";

/// The files of a model, one for each of its [members](ModelSpec::members); none where the workload needs no model.
/// Generated and bundled models are put into `cache` unless they are there.
///
/// # Errors
/// If a file is not there, is no file or cannot be made. The error names the file.
pub fn resolve(spec: &ModelSpec, cache: &Path) -> Result<Vec<PathBuf>, ModelError> {
    match &spec.source {
        ModelSource::None => Ok(Vec::new()),
        ModelSource::File(path) => check_file(path).map(|()| vec![path.clone()]),
        ModelSource::Fetched(name) => find_fetched(name, cache).map(|path| vec![path]),
        ModelSource::Bundled(name) => materialize_bundled(name, cache).map(|path| vec![path]),
        ModelSource::Generated(recipe) => materialize(recipe, cache).map(|path| vec![path]),
        ModelSource::Sequence(members) => {
            let files: Vec<_> = members.iter().map(|member| resolve(member, cache)).collect::<Result<_, _>>()?;
            Ok(files.concat())
        }
    }
}

/// The model with all that is known about its inputs, or about those of its members: bundled shapes, and above them what
/// the user says.
///
/// # Errors
/// If no bundled model has the name.
pub fn with_known_inputs(spec: &ModelSpec) -> Result<ModelSpec, ModelError> {
    let mut spec = spec.clone();
    match &mut spec.source {
        ModelSource::Bundled(name) => {
            let mut inputs = find_bundled(name)?.default_inputs();
            inputs.append(&mut spec.inputs);
            spec.inputs = inputs;
        }
        ModelSource::Sequence(members) => {
            for member in members {
                *member = with_known_inputs(member)?;
            }
        }
        ModelSource::None | ModelSource::File(_) | ModelSource::Fetched(_) | ModelSource::Generated(_) => {}
    }
    Ok(spec)
}

/// The model `name` where `scripts/fetch-models` puts it.
fn find_fetched(name: &str, cache: &Path) -> Result<PathBuf, ModelError> {
    let path = cache.join(FETCHED).join(name);
    match check_file(&path) {
        Ok(()) => Ok(path),
        Err(ModelError::Open { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            Err(ModelError::NotFetched { name: name.into(), path })
        }
        Err(error) => Err(error),
    }
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
