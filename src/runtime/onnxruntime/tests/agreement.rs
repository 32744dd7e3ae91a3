//! The same model and inputs through other engines, element by element, and through every door of this one.

use super::*;
use crate::model::TensorData;
use crate::suite::ElementType;

fn agrees(model: &Model, engines: &[Engine]) {
    if library().is_none() {
        return;
    }
    let outputs = model.outputs(runtime(&[], &model.path).unwrap().as_ref());
    for engine in engines {
        assert_close(&outputs, &model.reference(*engine));
    }
}

#[test]
fn on_mobilenet_v2() {
    agrees(&Model::generated("mobilenet_v2", WeightsPlacement::External), &[Engine::Embedded, Engine::Rten]);
}

#[test]
fn on_a_classifier_of_text_directions() {
    agrees(&Model::bundled("ppocr_cls.onnx"), &[Engine::Embedded, Engine::Rten]);
}

#[test]
fn on_a_detector_of_voices() {
    agrees(&Model::bundled("silero_vad.onnx"), &[Engine::Embedded, Engine::Rten]);
}

#[test]
fn it_says_who_it_is() {
    let Some(path) = library() else { return };
    let identity = runtime(&[], Path::new("any.onnx")).unwrap().identity();
    assert_eq!((identity.name, identity.library), ("onnxruntime", Some(path)));
    assert!(identity.version.starts_with("1."), "{}", identity.version);
}

#[test]
fn a_model_that_is_loaded_once_is_prepared_often() {
    if library().is_none() {
        return;
    }
    let model = Model::small();
    let expected = model.reference(Engine::Embedded);
    let runtime = runtime(&[], &model.path).unwrap();
    let mut loaded = runtime.load(&model.path).unwrap();
    for _ in 0..3 {
        let mut prepared = loaded.prepare_again().unwrap();
        let inputs = model.tensors(prepared.as_ref());
        assert_close(&prepared.execute(&inputs).unwrap(), &expected);
    }
}

#[test]
fn a_request_gives_what_a_run_gives_and_takes_inputs_without_running() {
    if library().is_none() {
        return;
    }
    let model = Model::bundled("silero_vad.onnx");
    let runtime = runtime(&[], &model.path).unwrap();
    let mut prepared = runtime.load(&model.path).unwrap().prepare().unwrap();
    let inputs = model.tensors(prepared.as_ref());
    let expected = prepared.execute(&inputs).unwrap();
    let mut others = inputs.clone();
    others[0].data = TensorData::F32(vec![0.25; 576]);
    prepared.set_inputs(&others).unwrap();
    assert_ne!(prepared.execute(&others).unwrap(), expected);
    assert_eq!(prepared.execute(&inputs).unwrap(), expected, "other inputs take the place of those before");
    for _ in 0..2 {
        prepared.renew_request().unwrap();
        assert_eq!(prepared.execute(&inputs).unwrap(), expected);
    }
    prepared.renew_request().unwrap();
    assert!(prepared.execute(&inputs[..1]).is_err(), "a new request has no inputs");
}

#[test]
fn integers_become_what_the_session_declares() {
    if library().is_none() {
        return;
    }
    let model = Model::bundled("silero_vad.onnx");
    let runtime = runtime(&[], &model.path).unwrap();
    let mut prepared = runtime.load(&model.path).unwrap().prepare().unwrap();
    let mut inputs = model.tensors(prepared.as_ref());
    let expected = prepared.execute(&inputs).unwrap();
    let rate = inputs.iter_mut().find(|input| input.name == "sr").unwrap();
    assert_eq!((rate.element, &rate.data), (ElementType::I64, &TensorData::I64(vec![16_000])));
    rate.data = TensorData::I32(vec![16_000]);
    assert_eq!(prepared.execute(&inputs).unwrap(), expected);
    prepared.set_inputs(&inputs).unwrap();
    assert_eq!(prepared.execute(&inputs).unwrap(), expected);
}
