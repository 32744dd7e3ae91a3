//! The folder where generated and bundled models are made once and found again.
//!
//! A file's name carries a hash of everything that decides its bytes, so a name means the same file for ever: nothing in
//! the folder needs to be invalidated, and any of it may be deleted at any time. Files are renamed into place and their
//! sizes are checked when they are found, so a half-written one is never used; makers at the same time make the same
//! bytes twice and one of them wins.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::architecture::{architecture_name, architecture_stem, check_architecture};
use super::bundled::find_bundled;
use super::error::ModelError;
use super::generate::{GENERATOR_VERSION, is_complete, remove_abandoned, replace, write};
use crate::suite::{Recipe, WeightsPlacement};

/// Hexadecimal digits of a hash in file names: 48 bits tell any two recipes of one user apart.
const HASH_DIGITS: usize = 12;

/// The cache's folder: `$HIGHWATER_CACHE`, else `$XDG_CACHE_HOME/highwater`, else `~/.cache/highwater`, else a folder
/// for temporary files.
pub fn cache_dir() -> PathBuf {
    cache_dir_from(|name| env::var_os(name))
}

fn cache_dir_from(variable: impl Fn(&str) -> Option<OsString>) -> PathBuf {
    let path = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    // The XDG base directory specification has relative paths ignored.
    let absolute = |name| path(name).filter(|path| path.is_absolute());
    path("HIGHWATER_CACHE")
        .or_else(|| absolute("XDG_CACHE_HOME").map(|folder| folder.join("highwater")))
        .or_else(|| absolute("HOME").map(|folder| folder.join(".cache/highwater")))
        .unwrap_or_else(|| env::temp_dir().join("highwater"))
}

/// The generated model of `recipe`, made unless the cache has it: `<cache>/<network>-<placement>-<hash>.onnx`.
pub fn materialize(recipe: &Recipe, cache: &Path) -> Result<PathBuf, ModelError> {
    check_architecture(recipe.architecture)?;
    let path = cache.join(file_name(recipe));
    if !is_complete(recipe, &path)? {
        make_folder(cache)?;
        remove_abandoned(cache);
        write(recipe, &path)?;
    }
    Ok(path)
}

/// The bundled model `name` as a file, written unless the cache has it.
pub(super) fn materialize_bundled(name: &str, cache: &Path) -> Result<PathBuf, ModelError> {
    let model = find_bundled(name)?;
    let (stem, ending) = model.name_parts();
    let path = cache.join(format!("{stem}-{}.{ending}", hash(model.bytes)));
    let is_there = fs::metadata(&path).is_ok_and(|found| found.is_file() && found.len() == model.bytes.len() as u64);
    if !is_there {
        make_folder(cache)?;
        replace(&path, |sink| sink.write_all(model.bytes))?;
    }
    Ok(path)
}

fn file_name(recipe: &Recipe) -> String {
    let placement = match recipe.weights {
        WeightsPlacement::Inline => "inline",
        WeightsPlacement::External => "external",
    };
    let meaning = format!(
        "{} {placement} seed {} generator {GENERATOR_VERSION}",
        architecture_name(recipe.architecture),
        recipe.seed
    );
    format!("{}-{placement}-{}.onnx", architecture_stem(recipe.architecture), hash(meaning.as_bytes()))
}

fn hash(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    digits[..HASH_DIGITS].into()
}

fn make_folder(cache: &Path) -> Result<(), ModelError> {
    fs::create_dir_all(cache).map_err(|source| ModelError::Cache { path: cache.into(), source })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::Architecture;

    #[test]
    fn the_first_variable_that_is_set_names_the_cache() {
        let folder = |variables: &[(&str, &str)]| {
            let find = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into());
            cache_dir_from(find)
        };
        let (home, xdg) = (("HOME", "/users/me"), ("XDG_CACHE_HOME", "/fast"));
        assert_eq!(folder(&[("HIGHWATER_CACHE", "here"), xdg, home]), Path::new("here"));
        assert_eq!(folder(&[("HIGHWATER_CACHE", ""), xdg, home]), Path::new("/fast/highwater"));
        assert_eq!(folder(&[("XDG_CACHE_HOME", "slow"), home]), Path::new("/users/me/.cache/highwater"));
        assert_eq!(folder(&[]), env::temp_dir().join("highwater"));
    }

    #[test]
    fn everything_that_decides_the_bytes_is_in_the_name() {
        let recipe = Recipe { architecture: Architecture::MobilenetV2, weights: WeightsPlacement::Inline, seed: 1 };
        let name = file_name(&recipe);
        assert!(name.starts_with("mobilenet_v2-inline-") && name.ends_with(".onnx"), "{name}");
        assert_eq!(name, file_name(&recipe.clone()));
        assert_ne!(name, file_name(&Recipe { seed: 2, ..recipe.clone() }));
        assert_ne!(name, file_name(&Recipe { weights: WeightsPlacement::External, ..recipe }));
    }
}
