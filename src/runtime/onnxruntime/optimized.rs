//! A model that is optimised once: the first session writes it, the later ones read it as it is.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use ort::session::Session;
use ort::session::builder::{GraphOptimizationLevel, SessionBuilder};
use tempfile::TempDir;

use super::error::{rejected, unusable};
use crate::runtime::RuntimeError;
use crate::runtime::external_data::external_files;

/// Entry with the name of the file for the weights of the optimised model. Without it ONNX Runtime writes names of files that
/// lie beside the original.
const WEIGHTS: (&str, &str) = ("session.optimized_model_external_initializers_file_name", "optimized.onnx.data");

/// A folder for an optimised model, removed with this.
pub(super) struct Optimized {
    folder: TempDir,
    /// What the file in the folder was made of.
    written: Mutex<Option<Original>>,
}

/// A model's file as it was at some time: another length or time of change is another model.
#[derive(Debug, PartialEq, Eq)]
struct Original {
    path: PathBuf,
    length: u64,
    /// Absent where the file system does not tell.
    modified: Option<SystemTime>,
}

impl Original {
    /// The file at `path` as it is now.
    fn at(path: &Path) -> Result<Original, RuntimeError> {
        let file = fs::metadata(path);
        let file = file.map_err(|source| RuntimeError::File { path: path.display().to_string(), source })?;
        Ok(Original { path: path.to_owned(), length: file.len(), modified: file.modified().ok() })
    }
}

impl Optimized {
    /// A folder without a model.
    pub(super) fn new() -> Result<Optimized, RuntimeError> {
        let folder = tempfile::Builder::new().prefix("highwater-").tempdir();
        let folder = folder.map_err(|error| unusable(format!("there is no place for optimised models: {error}")))?;
        Ok(Optimized { folder, written: Mutex::new(None) })
    }

    /// A session of the model at `path`. Sessions that are made at once wait for the one that writes.
    pub(super) fn session(&self, builder: SessionBuilder, path: &Path) -> Result<Session, RuntimeError> {
        let file = self.folder.path().join("optimized.onnx");
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let original = Original::at(path)?;
        if written.as_ref() == Some(&original) {
            drop(written);
            let builder = builder.with_optimization_level(GraphOptimizationLevel::Disable);
            return commit(builder.map_err(|error| rejected(&error))?, &file);
        }
        // A session that fails may have written half of another file.
        *written = None;
        let mut builder = builder.with_optimized_model_path(&file).map_err(|error| rejected(&error))?;
        if !external_files(path).is_empty() {
            builder = builder.with_config_entry(WEIGHTS.0, WEIGHTS.1).map_err(|error| rejected(&error))?;
        }
        let session = commit(builder, path)?;
        *written = Some(original);
        Ok(session)
    }
}

/// A session of the model at `path`.
pub(super) fn commit(mut builder: SessionBuilder, path: &Path) -> Result<Session, RuntimeError> {
    builder.commit_from_file(path).map_err(|error| rejected(&error))
}
