//! Models that no runtime may accept, made of one that it does.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use super::error::WorkError;
use super::scratch;
use crate::model::write_foreign;
use crate::suite::RejectKind;

/// Bytes of a file of random bytes: as many as the model has, within these bounds.
const GARBAGE: std::ops::RangeInclusive<u64> = 64..=1 << 20;

/// Makes of the model at `path` one that must fail to load, in `folder`, under the same name; gives its path. Random bytes
/// follow `seed`.
///
/// # Errors
/// If it cannot be written, or there is no such model in the format of this one.
pub(super) fn spoil(path: &Path, folder: &Path, kind: RejectKind, seed: u64) -> Result<PathBuf, WorkError> {
    let failed = |source| WorkError::Copy { path: path.display().to_string(), source };
    let name = path.file_name().ok_or_else(|| failed(io::ErrorKind::InvalidInput.into()))?;
    let spoiled = folder.join(name);
    fs::create_dir_all(folder).map_err(failed)?;
    match kind {
        RejectKind::Truncated => {
            scratch::cut_in_half(&scratch::copy_model(path, folder)?).map_err(failed)?;
        }
        RejectKind::Missing => {}
        RejectKind::Empty => fs::write(&spoiled, []).map_err(failed)?,
        RejectKind::Garbage => {
            let length = fs::metadata(path).map_err(failed)?.len().clamp(*GARBAGE.start(), *GARBAGE.end());
            let mut random = Xoshiro256PlusPlus::seed_from_u64(seed);
            let bytes: Vec<u8> = (0..length).map(|_| (random.next_u64() >> 56) as u8).collect();
            fs::write(&spoiled, bytes).map_err(failed)?;
        }
        RejectKind::Unsupported if path.extension().is_some_and(|extension| extension == "onnx") => {
            write_foreign(&spoiled)?;
        }
        RejectKind::Unsupported => return Err(WorkError::NoForeignModel(name.to_string_lossy().into_owned())),
    }
    Ok(spoiled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_what_its_name_says_and_the_original_stays_whole() {
        let home = tempfile::tempdir().unwrap();
        let original = home.path().join("net.onnx");
        fs::write(&original, [7; 1000]).unwrap();
        let file = |kind, seed| {
            let scratch = tempfile::tempdir().unwrap();
            let path = spoil(&original, &scratch.path().join("0"), kind, seed).unwrap();
            assert_eq!(path, scratch.path().join("0/net.onnx"));
            fs::read(path).ok()
        };
        assert_eq!(file(RejectKind::Truncated, 1), Some(vec![7; 500]));
        assert_eq!(file(RejectKind::Missing, 1), None);
        assert_eq!(file(RejectKind::Empty, 1), Some(Vec::new()));
        let garbage = file(RejectKind::Garbage, 1).unwrap();
        assert_eq!((garbage.len(), file(RejectKind::Garbage, 1)), (1000, Some(garbage.clone())));
        assert_ne!(file(RejectKind::Garbage, 2), Some(garbage));
        let foreign = file(RejectKind::Unsupported, 1).unwrap();
        assert!(foreign.windows(12).any(|window| window == b"NoSuchOperat"), "{foreign:?}");
        assert_eq!(fs::read(&original).unwrap(), [7; 1000]);
    }

    #[test]
    fn other_formats_have_no_model_with_a_foreign_operator() {
        let folder = tempfile::tempdir().unwrap();
        let error = spoil(Path::new("net.tflite"), folder.path(), RejectKind::Unsupported, 1).unwrap_err();
        assert!(error.is_incompatible(), "{error}");
        assert_eq!(
            error.to_string(),
            "a model with an operator that nobody has can be made as ONNX only, and this is net.tflite"
        );
    }

    #[test]
    fn a_model_that_is_not_there_cannot_be_spoiled() {
        let folder = tempfile::tempdir().unwrap();
        for kind in [RejectKind::Truncated, RejectKind::Garbage] {
            let error = spoil(&folder.path().join("no.onnx"), &folder.path().join("0"), kind, 1).unwrap_err();
            assert!(matches!(error, WorkError::Copy { .. }), "{error}");
        }
    }
}
