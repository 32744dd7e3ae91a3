//! What is computed, and what a compiled model can do besides.

use super::*;
use crate::runtime::open;
use crate::runtime::tests::assert_close;

/// OpenVINO must give what `embedded` gives, element by element.
fn agrees(path: &Path, inputs: &[(&str, &str)]) {
    let Some(runtime) = opened(&[EXACT], inputs) else { return };
    let embedded = RuntimeSpec::as_it_comes("test", Engine::Embedded);
    let embedded = open(&embedded, path, &given(inputs), 1).unwrap();
    let mut expected = embedded.load(path).unwrap().prepare().unwrap();
    let mut ready = prepared(&runtime, path);
    let tensors = make_inputs(&ready.inputs(), &given(inputs), 3).unwrap();
    assert_eq!(tensors, make_inputs(&expected.inputs(), &given(inputs), 3).unwrap());
    let expected = expected.execute(&tensors).unwrap();
    for _ in 0..2 {
        assert_close(&ready.execute(&tensors).unwrap(), &expected);
    }
}

#[test]
fn mobilenet_v2_gives_what_embedded_gives() {
    let folder = tempfile::tempdir().unwrap();
    agrees(&mobilenet(folder.path(), WeightsPlacement::Inline), &[]);
    let folder = tempfile::tempdir().unwrap();
    agrees(&mobilenet(folder.path(), WeightsPlacement::External), &[]);
}

#[test]
fn ppocr_cls_gives_what_embedded_gives() {
    let folder = tempfile::tempdir().unwrap();
    agrees(&bundled(folder.path(), "ppocr_cls.onnx"), open_inputs("ppocr_cls.onnx"));
}

#[test]
fn an_open_input_is_told_and_a_shape_decides_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = bundled(folder.path(), "ppocr_cls.onnx");
    let Some(runtime) = opened(&[EXACT], &[]) else { return };
    let declared = prepared(&runtime, &path).inputs();
    let error = make_inputs(&declared, &BTreeMap::new(), 1).unwrap_err().to_string();
    assert!(error.starts_with("input `x` needs a type and shape: it leaves dimension"), "{error}");
    let Some(runtime) = opened(&[EXACT], open_inputs("ppocr_cls.onnx")) else { return };
    let mut ready = prepared(&runtime, &path);
    let inputs = make_inputs(&ready.inputs(), &given(open_inputs("ppocr_cls.onnx")), 1).unwrap();
    assert_eq!(inputs[0].shape, [1, 3, 48, 192]);
    assert_eq!(ready.execute(&inputs).unwrap()[0].shape, [1, 2]);
}

#[test]
fn an_input_is_declared_as_in_the_model_and_taken_as_it_was_compiled() {
    let folder = tempfile::tempdir().unwrap();
    let path = bundled(folder.path(), "ppocr_cls.onnx");
    let Some(runtime) = opened(&[], &[("x", "f32[1,3,48,32]")]) else { return };
    let mut ready = prepared(&runtime, &path);
    let open = opened(&[], &[]).unwrap();
    assert_eq!(ready.inputs(), prepared(&open, &path).inputs());
    let two = make_inputs(&ready.inputs(), &given(&[("x", "f32[2,3,48,32]")]), 1).unwrap();
    let refused = ready.execute(&two).unwrap_err();
    assert!(refused.is_incompatible(), "{refused}");
    assert!(
        refused.to_string().ends_with("input `x` was compiled for [1, 3, 48, 32], not [2, 3, 48, 32]"),
        "{refused}"
    );
}

#[test]
fn a_shape_that_contradicts_the_model_is_for_whoever_makes_the_inputs_to_refuse() {
    let folder = tempfile::tempdir().unwrap();
    let path = bundled(folder.path(), "ppocr_cls.onnx");
    let wrong = [("x", "f32[1,4,48,192]")];
    let Some(runtime) = opened(&[], &wrong) else { return };
    let error = make_inputs(&prepared(&runtime, &path).inputs(), &given(&wrong), 1).unwrap_err();
    assert_eq!(error.to_string(), "dimension 1 of input `x` is always 3, not 4");
}

#[test]
fn a_model_can_be_compiled_again_and_a_request_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let path = mobilenet(folder.path(), WeightsPlacement::Inline);
    let Some(runtime) = opened(&[EXACT], &[]) else { return };
    let mut loaded = runtime.load(&path).unwrap();
    let mut first = loaded.prepare_again().unwrap();
    let mut second = loaded.prepare().unwrap();
    // What was made goes on without the runtime.
    drop(runtime);
    let inputs = make_inputs(&first.inputs(), &BTreeMap::new(), 1).unwrap();
    let expected = first.execute(&inputs).unwrap();
    drop(first);
    second.set_inputs(&inputs).unwrap();
    second.renew_request().unwrap();
    assert_eq!(second.execute(&inputs).unwrap(), expected);
}

#[test]
fn inputs_that_the_model_has_not_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = mobilenet(folder.path(), WeightsPlacement::Inline);
    let Some(runtime) = opened(&[], &[]) else { return };
    let mut ready = prepared(&runtime, &path);
    let mut inputs = make_inputs(&ready.inputs(), &BTreeMap::new(), 1).unwrap();
    inputs[0].shape[2] /= 2;
    let error = ready.execute(&inputs).unwrap_err().to_string();
    assert!(
        error.starts_with("openvino failed to execute: input `") && error.contains("bytes and there are"),
        "{error}"
    );
    let elements: usize = inputs[0].shape.iter().product();
    inputs[0].data = crate::model::TensorData::F32(vec![0.0; elements]);
    let error = ready.set_inputs(&inputs).unwrap_err();
    assert!(error.is_incompatible() && error.to_string().contains("was compiled for [1, 3, 224, 224], not [1, 3, "));
    inputs[0].name = "imput".into();
    let error = ready.execute(&inputs).unwrap_err().to_string();
    assert_eq!(error, "openvino failed to execute: there is no input `imput`");
    let error = ready.set_inputs(&[]).unwrap_err().to_string();
    assert!(error.starts_with("openvino failed to execute: input `") && error.ends_with("` is not given"), "{error}");
}
