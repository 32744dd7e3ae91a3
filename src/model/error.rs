//! What can go wrong between a model's name and its file.

use std::io;
use std::path::PathBuf;

use super::architecture::ArchitectureError;
use crate::units::Bytes;

/// Why a model is not there to be loaded.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The recipe names a network that cannot be made.
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    /// The recipe does not fit into one protobuf.
    #[error(
        "`{path}` would have {bytes}, but ONNX files end at 2 GiB: place the weights outside with `--weights external`"
    )]
    TooLarge {
        /// The file that was to be written.
        path: PathBuf,
        /// The size it would have.
        bytes: Bytes,
    },
    /// A path under which nothing can be written.
    #[error("`{path}` does not end in a file name to write a model to")]
    NotAFileName {
        /// The path.
        path: PathBuf,
    },
    /// A file could not be written.
    #[error("cannot write `{path}`")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The cache's folder could not be made.
    #[error("cannot make the cache folder `{path}` (set HIGHWATER_CACHE to another one)")]
    Cache {
        /// The folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A model's file could not be looked at.
    #[error("cannot open the model `{path}`")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The path of a model leads to something else than a file.
    #[error("the model `{path}` is {kind}, not a file")]
    NotAFile {
        /// The path.
        path: PathBuf,
        /// What it leads to.
        kind: &'static str,
    },
    /// A file without content, which engines take for a model without inputs and outputs.
    #[error("the model `{path}` is empty (0 bytes)")]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// A model that `scripts/fetch-models` brings has not been brought.
    #[error("`{name}` was not fetched: there is no `{path}`")]
    NotFetched {
        /// The model.
        name: String,
        /// Where it would lie.
        path: PathBuf,
    },
    /// No bundled model has this name.
    #[error("no bundled model is called `{name}`{}: there are {}", hint(suggestion), known.join(", "))]
    NotBundled {
        /// The name.
        name: String,
        /// A name that looks like it.
        suggestion: Option<&'static str>,
        /// Every name.
        known: Vec<&'static str>,
    },
}

/// ` (did you mean …?)`, or nothing.
pub(crate) fn hint(suggestion: &Option<impl AsRef<str>>) -> String {
    suggestion.as_ref().map(|name| format!(" (did you mean `{}`?)", name.as_ref())).unwrap_or_default()
}

/// The one of `known` that looks most like `name`, if any does.
pub(crate) fn closest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Below 0.7, where clap's suggestions begin as well, names have little in common.
    let scored = known.into_iter().map(|candidate| (strsim::jaro_winkler(name, candidate), candidate));
    scored.filter(|(score, _)| *score > 0.7).max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, candidate)| candidate)
}
