//! Models that cannot be read: what is told, and that nothing of it stays.

use super::*;
use crate::alone::{alone, assert_flat, passes_alone};
use crate::runtime::tests::foreign;

/// Files that are no models, each with a part of what OpenVINO says about it.
fn damaged(folder: &Path) -> Vec<(PathBuf, &'static str)> {
    let file = |name: &str, bytes: &[u8]| {
        std::fs::write(folder.join(name), bytes).unwrap();
        folder.join(name)
    };
    let whole = std::fs::read(bundled(folder, "ppocr_cls.onnx")).unwrap();
    vec![
        (file("garbage.onnx", b"garbage garbage garbage"), "Unable to read the model"),
        (file("garbage.xml", b"garbage garbage garbage"), "Unable to read the model"),
        (file("garbage.tflite", b"garbage garbage garbage"), "Unable to read the model"),
        (file("truncated.onnx", &whole[..whole.len() / 2]), "can't be parsed"),
        (file("empty.onnx", b""), "Unable to read the model"),
        (folder.join("missing.onnx"), "Could not open the file"),
    ]
}

#[test]
fn a_model_that_cannot_be_read_is_rejected_in_openvinos_words() {
    let Some(runtime) = opened(&[], &[]) else { return };
    let folder = tempfile::tempdir().unwrap();
    for (path, words) in damaged(folder.path()) {
        let error = refusal(&runtime, &path);
        assert!(matches!(error, RuntimeError::Rejected { .. }), "{}: {error}", path.display());
        let told = error.to_string();
        assert!(told.starts_with("openvino rejects the model: ") && told.contains(words), "{told}");
        assert!(!told.contains("Exception from") && !told.contains('\n'), "{told}");
    }
    let path = Path::new("a\0b.onnx");
    assert_eq!(refusal(&runtime, path).to_string(), "openvino rejects the model: the path has a zero byte");
}

#[test]
fn an_operation_that_openvino_lacks_says_nothing_about_the_model() {
    let Some(runtime) = opened(&[], &[]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let error = refusal(&runtime, &foreign(folder.path(), "Highwaterplus"));
    assert!(error.is_incompatible(), "{error}");
    assert!(error.to_string().starts_with("openvino does not have this: the operations Highwaterplus"), "{error}");
    prepared(&runtime, &foreign(folder.path(), "Softplus"));
}

#[test]
fn nothing_is_left_behind() {
    if library().is_some() {
        passes_alone(&mut alone(module_path!(), "errors_leave_nothing"));
    }
}

#[test]
#[ignore = "`nothing_is_left_behind` runs it in a process of its own"]
fn errors_leave_nothing() {
    let Some(runtime) = opened(&[], &[]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let lacking = (foreign(folder.path(), "Highwaterplus"), "");
    for (path, _) in damaged(folder.path()).into_iter().chain([lacking]) {
        assert_flat(&path.display().to_string(), || drop(refusal(&runtime, &path)));
    }
    assert_flat("a core whose option is refused", || {
        assert!(try_open(&[("NO_SUCH_OPTION", "1")], &[]).unwrap().is_err());
    });
}
