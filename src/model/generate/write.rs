//! Generated models on disk: complete under their names, or not there at all.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::encode::{Encoding, Location};
use super::graph::Graph;
use super::{inception_v3, mlp, mobilenet_v2, resnet50, transformer};
use crate::model::architecture::check_architecture;
use crate::model::error::ModelError;
use crate::suite::{Architecture, Recipe, WeightsPlacement};
use crate::units::Bytes;

/// Counts changes of what a recipe means. It is part of the names in the cache, so that a file made by another version
/// is never taken for one of this version; raise it whenever any byte of any generated file changes.
pub(in crate::model) const GENERATOR_VERSION: u32 = 1;

/// Protobuf readers give up beyond 2 GiB (<https://protobuf.dev/programming-guides/proto-limits/>).
const PROTOBUF_LIMIT: u64 = (1 << 31) - 1;

/// Temporary files older than this belong to nobody: no model takes an hour to write.
const ABANDONED: Duration = Duration::from_secs(3600);

/// The end of a temporary file's name.
const TEMPORARY: &str = ".part";

/// What `write` has put on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenModel {
    /// The model.
    pub path: PathBuf,
    /// Its size.
    pub bytes: Bytes,
    /// The weights' file and its size, where the recipe places them outside the model.
    pub weights: Option<(PathBuf, Bytes)>,
}

/// Generates the model of `recipe` as `path`. With external weights a second file lies beside it, its name the model's
/// with `.data` after it. Both appear complete or not at all; existing files are replaced.
pub fn write(recipe: &Recipe, path: &Path) -> Result<WrittenModel, ModelError> {
    let graph = graph(recipe)?;
    let files = Files::of(recipe, path)?;
    let encoding = files.encoding(recipe, &graph);
    let bytes = encoding.model_bytes();
    if bytes > PROTOBUF_LIMIT {
        return Err(ModelError::TooLarge { path: path.into(), bytes: Bytes(bytes) });
    }
    // The model is renamed last: where it exists, its weights exist.
    if let Some(weights) = &files.weights {
        replace(weights, |sink| encoding.write_weights(sink))?;
    }
    replace(path, |sink| encoding.write_model(sink).map_err(io::Error::other))?;
    let weights = files.weights.clone().map(|weights| (weights, Bytes(encoding.weights_bytes())));
    Ok(WrittenModel { path: path.into(), bytes: Bytes(bytes), weights })
}

/// Whether `path` holds the model of `recipe` in full, told by the sizes of its files, which are known exactly.
pub(in crate::model) fn is_complete(recipe: &Recipe, path: &Path) -> Result<bool, ModelError> {
    let graph = graph(recipe)?;
    let files = Files::of(recipe, path)?;
    let encoding = files.encoding(recipe, &graph);
    let has_size = |path: &Path, bytes| fs::metadata(path).is_ok_and(|found| found.is_file() && found.len() == bytes);
    let has_weights = files.weights.as_deref().is_none_or(|weights| has_size(weights, encoding.weights_bytes()));
    Ok(has_weights && has_size(path, encoding.model_bytes()))
}

fn graph(recipe: &Recipe) -> Result<Graph, ModelError> {
    check_architecture(recipe.architecture)?;
    Ok(match recipe.architecture {
        Architecture::MobilenetV2 => mobilenet_v2::graph(),
        Architecture::InceptionV3 => inception_v3::graph(),
        Architecture::Resnet50 => resnet50::graph(),
        Architecture::Transformer { layers, hidden, tokens } => {
            transformer::graph(layers as usize, hidden as usize, tokens as usize)
        }
        Architecture::Mlp { layers, width, batch } => mlp::graph(layers as usize, width as usize, batch as usize),
    })
}

/// The name of the weights' file, as text for the model and as a path.
struct Files {
    name: Option<String>,
    weights: Option<PathBuf>,
}

impl Files {
    fn of(recipe: &Recipe, path: &Path) -> Result<Files, ModelError> {
        match recipe.weights {
            WeightsPlacement::Inline => Ok(Files { name: None, weights: None }),
            WeightsPlacement::External => {
                let name = path.file_name().and_then(|name| name.to_str());
                // rten loads external data only from the model's own folder and only when the extension of the file
                // starts with `data` or `onnx_data`.
                let name = name.map(|name| format!("{name}.data"));
                let name = name.ok_or_else(|| ModelError::NotAFileName { path: path.into() })?;
                Ok(Files { weights: Some(path.with_file_name(&name)), name: Some(name) })
            }
        }
    }

    fn encoding<'a>(&'a self, recipe: &Recipe, graph: &'a Graph) -> Encoding<'a> {
        let location = self.name.as_deref().map_or(Location::Inline, Location::Beside);
        Encoding::new(graph, recipe.seed, location)
    }
}

/// Writes a file under a temporary name beside `path` and renames it: readers see the whole file or none, and of several
/// writers at once the last one wins.
pub(in crate::model) fn replace(
    path: &Path,
    fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), ModelError> {
    let temporary = Temporary::beside(path)?;
    let written = || -> io::Result<()> {
        let mut sink = BufWriter::with_capacity(1 << 18, File::create_new(&temporary.path)?);
        fill(&mut sink)?;
        sink.flush()?;
        fs::rename(&temporary.path, path)
    };
    written().map_err(|source| ModelError::Write { path: path.into(), source })
}

/// A temporary name that is this writer's alone; what is left under it goes away with the value.
struct Temporary {
    path: PathBuf,
}

impl Temporary {
    fn beside(path: &Path) -> Result<Temporary, ModelError> {
        static WRITERS: AtomicU64 = AtomicU64::new(0);
        let writer = WRITERS.fetch_add(1, Ordering::Relaxed);
        let file_name = path.file_name().ok_or_else(|| ModelError::NotAFileName { path: path.into() })?;
        let mut name = OsString::from(".");
        name.push(file_name);
        name.push(format!(".{}-{writer}{TEMPORARY}", process::id()));
        Ok(Temporary { path: path.with_file_name(name) })
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After a rename there is nothing to remove, and a failure to remove has no one to tell.
        let _ = fs::remove_file(&self.path);
    }
}

/// Removes what killed writers have left in `folder`.
pub(in crate::model) fn remove_abandoned(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_temporary = name.to_str().is_some_and(|name| name.starts_with('.') && name.ends_with(TEMPORARY));
        let age = entry.metadata().and_then(|metadata| metadata.modified()).ok().and_then(|time| time.elapsed().ok());
        if is_temporary && age.is_some_and(|age| age > ABANDONED) {
            // Another process may have removed it first.
            let _ = fs::remove_file(entry.path());
        }
    }
}
