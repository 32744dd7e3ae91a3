//! Copies of model files that a workload may damage; the user's own file is never touched.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// Copies the model at `path`, and the files of the same stem beside it (external weights), into `folder`.
pub(super) fn copy_model(path: &Path, folder: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let stem = path.file_stem().unwrap_or(name).to_string_lossy().into_owned();
    let beside = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    for entry in fs::read_dir(beside)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(&stem) && entry.file_type()?.is_file() {
            fs::copy(entry.path(), folder.join(entry.file_name()))?;
        }
    }
    let copy = folder.join(name);
    if !copy.exists() {
        fs::copy(path, &copy)?;
    }
    Ok(copy)
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
    use super::*;

    #[test]
    fn the_copy_is_cut_and_the_original_stays_whole() {
        let home = tempfile::tempdir().unwrap();
        let scratch = tempfile::tempdir().unwrap();
        let original = home.path().join("net.onnx");
        fs::write(&original, [7; 1000]).unwrap();
        fs::write(home.path().join("net.onnx.data"), [8; 10]).unwrap();
        fs::write(home.path().join("other.onnx"), [9; 10]).unwrap();
        let copy = copy_model(&original, scratch.path()).unwrap();
        cut_in_half(&copy).unwrap();
        assert_eq!(fs::metadata(&copy).unwrap().len(), 500);
        assert_eq!(fs::metadata(&original).unwrap().len(), 1000);
        assert!(scratch.path().join("net.onnx.data").exists() && !scratch.path().join("other.onnx").exists());
    }
}
