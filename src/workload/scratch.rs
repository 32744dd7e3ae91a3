//! Copies of model files that a workload may damage; the user's own file is never touched.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::error::WorkError;
use crate::runtime::files_beside;

/// Copies the model at `path`, and the files beside it that hold its weights, into `folder`, which is made if it is not
/// there.
///
/// # Errors
/// If one of the files cannot be copied; the error names it.
pub(super) fn copy_model(path: &Path, folder: &Path) -> Result<PathBuf, WorkError> {
    let failed = |source| WorkError::Copy { path: path.display().to_string(), source };
    let name = path.file_name().ok_or_else(|| failed(io::ErrorKind::InvalidInput.into()))?;
    let copy = folder.join(name);
    copy_file(path, &copy)?;
    for name in files_beside(path) {
        copy_file(&path.with_file_name(&name), &folder.join(&name))?;
    }
    Ok(copy)
}

/// Copies what is in the file, and not its mode: a copy of a file that is read-only can be written.
fn copy_file(from: &Path, to: &Path) -> Result<(), WorkError> {
    let folder = to.parent().unwrap_or(Path::new("."));
    let copied = fs::create_dir_all(folder).and_then(|()| io::copy(&mut File::open(from)?, &mut File::create(to)?));
    copied.map(drop).map_err(|source| WorkError::Copy { path: from.display().to_string(), source })
}

/// Cuts the file at `path` to half its length: a model that no runtime may accept.
pub(super) fn cut_in_half(path: &Path) -> io::Result<()> {
    let length = fs::metadata(path)?.len();
    cut(path, length / 2)
}

/// Cuts the file at `path` to `length` bytes.
pub(super) fn cut(path: &Path, length: u64) -> io::Result<()> {
    OpenOptions::new().write(true).open(path)?.set_len(length)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::workload::tests::write_renamed;

    #[test]
    fn the_copy_is_cut_and_the_original_stays_whole() {
        let home = tempfile::tempdir().unwrap();
        let scratch = tempfile::tempdir().unwrap();
        let original = home.path().join("net.onnx");
        fs::write(&original, [7; 1000]).unwrap();
        fs::write(home.path().join("net.onnx.data"), [8; 10]).unwrap();
        let copy = copy_model(&original, scratch.path()).unwrap();
        cut_in_half(&copy).unwrap();
        assert_eq!(fs::metadata(&copy).unwrap().len(), 500);
        assert_eq!(fs::metadata(&original).unwrap().len(), 1000);
        assert!(!scratch.path().join("net.onnx.data").exists(), "the model does not name it");
    }

    /// Planted: weights under a name of their own, and a stranger whose name begins as the model's does.
    #[test]
    fn what_the_model_names_is_copied_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let scratch = tempfile::tempdir().unwrap();
        let model = write_renamed(home.path());
        fs::write(home.path().join("net.onnx.old"), [9; 10]).unwrap();
        let copy = copy_model(&model, &scratch.path().join("0")).unwrap();
        let mut names: Vec<_> =
            fs::read_dir(scratch.path().join("0")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["net.onnx", "wet.onnx.data"]);
        assert_eq!(fs::read(&copy).unwrap(), fs::read(&model).unwrap());

        fs::remove_file(home.path().join("wet.onnx.data")).unwrap();
        let error = copy_model(&model, &scratch.path().join("1")).unwrap_err();
        assert!(error.to_string().contains("wet.onnx.data"), "{error}");
    }

    /// Root may write to a file of any mode, so the mode itself is looked at.
    #[test]
    fn a_copy_of_what_is_read_only_can_be_written() {
        let home = tempfile::tempdir().unwrap();
        let scratch = tempfile::tempdir().unwrap();
        let original = home.path().join("net.onnx");
        fs::write(&original, [7; 1000]).unwrap();
        fs::set_permissions(&original, fs::Permissions::from_mode(0o444)).unwrap();
        let copy = copy_model(&original, scratch.path()).unwrap();
        assert_eq!(fs::metadata(&copy).unwrap().permissions().mode() & 0o200, 0o200);
        cut_in_half(&copy).unwrap();
    }
}
