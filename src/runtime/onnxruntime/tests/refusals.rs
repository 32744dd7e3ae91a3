//! What is no model, what asks for too much, and libraries that are another ONNX Runtime.

use super::*;

fn refusal(model: &Model) -> RuntimeError {
    let runtime = runtime(&[], &model.path).unwrap();
    runtime.load(&model.path).and_then(|loaded| loaded.prepare()).map(|_| ()).unwrap_err()
}

#[test]
fn what_is_no_model_is_rejected_in_its_own_words() {
    if library().is_none() {
        return;
    }
    let whole = bundled("ppocr_cls.onnx").unwrap();
    for bytes in [&b""[..], b"no model", &[0xff; 1000], &whole[..whole.len() / 2], &whole[..whole.len() - 1]] {
        let error = refusal(&Model::of_bytes(bytes));
        assert!(matches!(error, RuntimeError::Rejected { .. }), "{} bytes: {error:?}", bytes.len());
        assert!(error.to_string().contains("protobuf") || error.to_string().contains("Protobuf"), "{error}");
    }
}

#[test]
fn a_file_that_is_not_there_and_a_folder_are_told_when_they_are_loaded() {
    if library().is_none() {
        return;
    }
    let model = Model::small();
    let runtime = runtime(&[], &model.path).unwrap();
    for path in [model.path.with_file_name("absent.onnx"), model.path.parent().unwrap().to_owned()] {
        let error = runtime.load(&path).map(|_| ()).unwrap_err();
        assert!(matches!(error, RuntimeError::File { .. }), "{error:?}");
    }
    let loaded = runtime.load(&model.path).unwrap();
    std::fs::remove_file(&model.path).unwrap();
    let error = loaded.prepare().map(|_| ()).unwrap_err();
    assert!(matches!(error, RuntimeError::Rejected { .. }), "{error:?}");
}

#[test]
fn an_operator_that_there_is_not_is_unsupported() {
    if library().is_none() {
        return;
    }
    let bytes = bundled("ppocr_cls.onnx").unwrap();
    let name = b"HardSigmoid";
    let mut unknown = bytes.to_vec();
    let places: Vec<usize> = (0..bytes.len() - name.len()).filter(|at| bytes[*at..].starts_with(name)).collect();
    assert!(!places.is_empty());
    for at in places {
        unknown[at + name.len() - 1] = b'x';
    }
    let error = refusal(&Model::of_bytes(&unknown));
    assert!(
        matches!(error, RuntimeError::Unsupported { .. }) && error.to_string().contains("HardSigmoix"),
        "{error:?}"
    );
}

#[test]
fn inputs_that_do_not_fit_fail_to_execute_and_spoil_nothing() {
    if library().is_none() {
        return;
    }
    let model = Model::small();
    let runtime = runtime(&[], &model.path).unwrap();
    let mut prepared = runtime.load(&model.path).unwrap().prepare().unwrap();
    let inputs = model.tensors(prepared.as_ref());
    let expected = prepared.execute(&inputs).unwrap();
    let mut wrong = inputs.clone();
    wrong[0].shape.push(1);
    let mut unknown = inputs.clone();
    unknown[0].name = "nobody".into();
    let mut torn = inputs.clone();
    torn[0].shape[0] += 1;
    for given in [&wrong, &unknown, &torn, &Vec::new()] {
        for _ in 0..2 {
            let error = prepared.execute(given).unwrap_err();
            assert!(matches!(error, RuntimeError::Execution { .. }), "{error:?}");
        }
        assert_eq!(prepared.execute(&inputs).unwrap(), expected);
    }
    assert!(matches!(prepared.set_inputs(&unknown), Err(RuntimeError::Execution { .. })));
}

#[test]
fn a_process_has_one_onnx_runtime() {
    let Some(path) = library() else { return };
    let model = Model::small();
    drop(runtime(&[], &model.path).unwrap());
    let folder = tempfile::tempdir().unwrap();
    // It is not even looked at: it is no library.
    let copy = folder.path().join("libonnxruntime.so");
    std::fs::write(&copy, "no library").unwrap();
    let mut other = by_dlopen(Engine::Onnxruntime, &[]);
    other.library = Some(copy);
    let error = open(&other, &model.path, &BTreeMap::new(), 1).map(|_| ()).unwrap_err();
    assert!(error.is_incompatible() && error.to_string().contains("one ONNX Runtime only"), "{error}");
    let link = folder.path().join("link.so");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    other.library = Some(link);
    assert!(open(&other, &model.path, &BTreeMap::new(), 1).is_ok(), "another name of the same file");
}
