//! Files that are damaged in every iteration: the model must be a good one before that.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::{Work, WorkError};
use super::Silent;
use crate::error::chain;
use crate::model::{parse_architecture, write};
use crate::suite::{Case, Recipe, WeightsPlacement};

/// Writes a small model as `net.onnx` whose weights lie in `wet.onnx.data`, a name that does not begin as its own does.
pub(in crate::workload) fn write_renamed(folder: &Path) -> PathBuf {
    let path = folder.join("net.onnx");
    let architecture = parse_architecture("mlp:layers=2,width=64,batch=1").unwrap();
    write(&Recipe { architecture, weights: WeightsPlacement::External, seed: 1 }, &path).unwrap();
    fs::rename(folder.join("net.onnx.data"), folder.join("wet.onnx.data")).unwrap();
    let (old, new) = (b"net.onnx.data", b"wet.onnx.data");
    let mut model = fs::read(&path).unwrap();
    let places: Vec<usize> =
        model.windows(old.len()).enumerate().filter(|(_, bytes)| bytes == old).map(|at| at.0).collect();
    assert!(!places.is_empty());
    places.iter().for_each(|place| model[*place..place + new.len()].copy_from_slice(new));
    fs::write(&path, model).unwrap();
    path
}

fn case() -> Case {
    let text =
        "[models.net]\nfile = \"net.onnx\"\n[[case]]\nmodel = \"net\"\nruntime = \"embedded\"\nworkload = \"mutate\"\n";
    crate::suite::parse("suite.toml", text, Path::new("")).unwrap().cases.remove(0)
}

/// Planted: weights under a name of their own. Without them every file is refused, whatever its damage. (A file that ends the
/// whole process, as rten's reader does where it asks for more memory than there is, is no test here.)
#[test]
fn some_damaged_files_are_taken_for_models_and_the_note_tells_how_many() {
    let home = tempfile::tempdir().unwrap();
    let model = write_renamed(home.path());
    let scratch = tempfile::tempdir().unwrap();
    let mut work = Work::set_up(&case(), &[model], scratch.path()).unwrap();
    (1..=60).for_each(|iteration| work.iterate(iteration, &mut Silent).unwrap());
    let notes = work.finish(&mut Silent);
    let told = notes[0].strip_prefix("net in embedded: of 60 damaged files ").unwrap();
    let loaded: u64 = told.split(' ').next().unwrap().parse().unwrap();
    assert!(notes.len() == 1 && (1..60).contains(&loaded), "{notes:?}");
    assert!(told.ends_with(" of those prepared"), "{notes:?}");
}

/// Planted: weights that are cut short, and a file that is no model.
#[test]
fn a_model_that_cannot_be_used_is_not_damaged() {
    for (file, content) in [("wet.onnx.data", &b"short"[..]), ("net.onnx", b"no model")] {
        let home = tempfile::tempdir().unwrap();
        let scratch = tempfile::tempdir().unwrap();
        let model = write_renamed(home.path());
        fs::write(home.path().join(file), content).unwrap();
        let error = Work::set_up(&case(), &[model], scratch.path()).err().unwrap();
        assert!(matches!(error, WorkError::Undamaged(_)) && !error.is_incompatible(), "{error:?}");
        let told = chain(&error);
        assert!(told.starts_with("the model cannot be used before it is damaged: "), "{told}");
    }
}
