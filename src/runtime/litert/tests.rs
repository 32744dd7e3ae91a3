//! LiteRT through the door that children use. What needs the library says so and passes where it is not here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::alone::{alone, assert_flat, passes_alone};
use crate::model::{InputTensor, TensorData, make_inputs};
use crate::runtime::tests::{available, by_dlopen, fixture};
use crate::runtime::{Output, Prepared, Runtime, RuntimeError, open};
use crate::suite::{ElementType, Engine, InputSpec};

/// A runtime with `options` in which inputs are as in `known`; `None` where the library is not here.
fn runtime(options: &[(&str, &str)], known: &[(&str, &str)]) -> Option<Result<Box<dyn Runtime>, RuntimeError>> {
    available(Engine::Litert).then(|| {
        let known = known.iter().map(|(name, input)| (String::from(*name), input.parse().unwrap())).collect();
        open(&by_dlopen(Engine::Litert, options), Path::new("model.tflite"), &known, 1)
    })
}

fn prepared(runtime: &dyn Runtime, path: &Path) -> Result<Box<dyn Prepared>, RuntimeError> {
    runtime.load(path)?.prepare()
}

fn error<T>(result: Result<T, RuntimeError>) -> RuntimeError {
    result.map(|_| ()).unwrap_err()
}

fn input(name: &str, data: TensorData, element: ElementType, shape: &[usize]) -> InputTensor {
    InputTensor { name: name.into(), element, shape: shape.to_vec(), data }
}

#[test]
fn it_tells_who_it_is() {
    let Some(runtime) = runtime(&[], &[]) else { return };
    let identity = runtime.unwrap().identity();
    assert_eq!(identity.name, "litert");
    assert!(identity.version.starts_with(|first: char| first.is_ascii_digit()), "{}", identity.version);
    assert!(identity.library.unwrap().ends_with("libLiteRt.so"));
}

#[test]
fn a_loaded_model_is_compiled_again_and_its_buffers_made_anew() {
    let Some(runtime) = runtime(&[], &[]) else { return };
    let mut loaded = runtime.unwrap().load(&fixture("perceptron.tflite")).unwrap();
    let mut sessions = [loaded.prepare_again().unwrap(), loaded.prepare_again().unwrap(), loaded.prepare().unwrap()];
    let inputs = make_inputs(&sessions[0].inputs(), &BTreeMap::new(), 3).unwrap();
    assert_eq!((inputs[0].name.as_str(), inputs[0].shape.as_slice()), ("x", [1, 8].as_slice()));
    let outputs = sessions.each_mut().map(|session| session.execute(&inputs).unwrap());
    assert!(outputs[0][0].shape == [1, 4] && outputs[0][0].values.iter().any(|value| *value != 0.0), "{outputs:?}");
    assert!(outputs[1] == outputs[0] && outputs[2] == outputs[0], "{outputs:?}");
    let other = make_inputs(&sessions[0].inputs(), &BTreeMap::new(), 4).unwrap();
    sessions[0].set_inputs(&other).unwrap();
    assert_ne!(sessions[0].execute(&other).unwrap(), outputs[0]);
    sessions[0].renew_request().unwrap();
    assert_eq!(sessions[0].execute(&inputs).unwrap(), outputs[0]);
}

#[test]
fn integers_are_added_in_steps_of_their_own() {
    let Some(runtime) = runtime(&[], &[]) else { return };
    let mut session = prepared(runtime.unwrap().as_ref(), &fixture("sum_i8.tflite")).unwrap();
    let given = |name: &str, values: [i8; 4]| input(name, TensorData::I8(values.into()), ElementType::I8, &[1, 4]);
    // Steps of 0.5 and 0.25 into steps of 1.
    let outputs = session.execute(&[given("a", [2, -4, 100, 0]), given("b", [4, 8, 8, -100])]).unwrap();
    assert_eq!(outputs, [Output { shape: vec![1, 4], values: vec![2.0, 0.0, 52.0, -25.0] }]);
}

#[test]
fn a_size_that_the_model_leaves_open_is_the_one_that_is_known() {
    let path = fixture("perceptron_open.tflite");
    let Some(unknown) = runtime(&[], &[]) else { return };
    // Without a word about it, LiteRT takes an open size as one.
    let session = prepared(unknown.unwrap().as_ref(), &path).unwrap();
    assert_eq!(make_inputs(&session.inputs(), &BTreeMap::new(), 1).unwrap()[0].shape, [1, 8]);
    let zeros = |rows| input("x", TensorData::F32(vec![0.5; rows * 8]), ElementType::F32, &[rows, 8]);

    let known = runtime(&[], &[("x", "f32[5,8]")]).unwrap().unwrap();
    let mut session = prepared(known.as_ref(), &path).unwrap();
    let outputs = session.execute(&[zeros(5)]).unwrap();
    assert_eq!(outputs[0].shape, [5, 4]);
    assert!(outputs[0].values.chunks(4).all(|row| row == &outputs[0].values[..4] && row[0] != 0.0), "{outputs:?}");
    let told = make_inputs(&session.inputs(), &BTreeMap::new(), 1).unwrap_err().to_string();
    assert!(told.contains("input `x` needs a type and shape: it leaves dimension 0 open"), "{told}");
    let refused = error(session.execute(&[zeros(2)]));
    assert!(refused.is_incompatible(), "{refused}");
    assert!(refused.to_string().contains("input `x` was compiled for [5, 8], not [2, 8]"), "{refused}");
    let other = runtime(&[], &[("x", "f32[5,9]")]).unwrap().unwrap();
    let refused = error(prepared(other.as_ref(), &path)).to_string();
    assert!(refused.contains("input `x` cannot be f32[5,9]: "), "{refused}");
}

#[test]
fn what_is_not_given_or_does_not_fit_is_told_by_its_name() {
    let Some(runtime) = runtime(&[], &[]) else { return };
    let mut session = prepared(runtime.unwrap().as_ref(), &fixture("perceptron.tflite")).unwrap();
    let foreign = input("y", TensorData::F32(vec![0.0; 8]), ElementType::F32, &[1, 8]);
    assert!(error(session.execute(&[foreign])).to_string().contains("input `x` is not given"));
    let whole = input("x", TensorData::I32(vec![0; 8]), ElementType::I32, &[1, 8]);
    assert!(error(session.execute(&[whole])).to_string().contains("input `x` holds values of i32 that f32 has not"));
    let short = input("x", TensorData::F32(vec![0.0; 4]), ElementType::F32, &[1, 8]);
    assert!(error(session.execute(&[short])).to_string().contains("input `x` cannot be written: invalid argument"));
}

#[test]
fn types_and_operators_that_are_not_here_are_named() {
    let Some(runtime) = runtime(&[], &[]) else { return };
    let runtime = runtime.unwrap();
    let unsupported = |name: &str| {
        let error = error(prepared(runtime.as_ref(), &fixture(name)));
        assert!(error.is_incompatible(), "{error}");
        error.to_string()
    };
    assert!(unsupported("half.tflite").contains("input `x` is of type float16"));
    assert!(unsupported("foreign.tflite").ends_with("has operators of its own: HighwaterForeign"));
}

#[test]
fn options_reach_the_accelerator() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("weights");
    let cached = [("xnnpack_weight_cache", cache.to_str().unwrap())];
    let Some(with_cache) = runtime(&cached, &[]) else { return };
    let first = prepared(with_cache.unwrap().as_ref(), &fixture("perceptron.tflite")).unwrap();
    assert!(std::fs::metadata(&cache).unwrap().len() > 0, "packed weights were not written");
    drop(first);
    let number = runtime(&[("num_threads", "two")], &[]).unwrap();
    assert!(error(number).is_incompatible());
}

#[test]
fn nothing_is_left_behind() {
    if available(Engine::Litert) {
        passes_alone(&mut alone(module_path!(), "models_that_fail_to_load_leave_nothing"));
    }
}

#[test]
#[ignore = "`nothing_is_left_behind` runs it in a process of its own"]
fn models_that_fail_to_load_leave_nothing() {
    let Some(runtime) = runtime(&[], &[]) else { return };
    let runtime = runtime.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let whole = std::fs::read(fixture("perceptron.tflite")).unwrap();
    let damaged = |name: &str, bytes: &[u8]| -> PathBuf {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let bad = [
        damaged("garbage.tflite", &[0xa5; 4096]),
        damaged("half.tflite", &whole[..whole.len() / 2]),
        damaged("empty.tflite", &[]),
        fixture("foreign.tflite"),
        fixture("half.tflite"),
    ];
    let missing = folder.path().join("missing.tflite");
    assert!(matches!(error(runtime.load(&missing)), RuntimeError::File { .. }));
    for path in &bad[..3] {
        let error = error(runtime.load(path));
        assert!(matches!(error, RuntimeError::Rejected { .. }), "{}: {error}", path.display());
        assert!(error.to_string().contains("the file cannot be read as a model"), "{error}");
    }
    for path in bad.iter().chain([&missing]) {
        assert_flat(&path.display().to_string(), || assert!(prepared(runtime.as_ref(), path).is_err()));
    }
}

#[test]
fn what_is_no_litert_cannot_be_used() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("libLiteRt.so");
    std::fs::write(&text, "no library").unwrap();
    let unusable = |library: &Path| {
        let mut spec = by_dlopen(Engine::Litert, &[]);
        spec.library = Some(library.into());
        let error = error(open(&spec, Path::new("model.tflite"), &BTreeMap::<String, InputSpec>::new(), 1));
        assert!(matches!(error, RuntimeError::Unusable { .. }), "{error}");
        error.to_string()
    };
    assert!(unusable(&text).contains("does not load ("));
    assert!(unusable(Path::new("/nowhere/libLiteRt.so")).contains("ai-edge-litert is not here"));
    let other = crate::runtime::tests::c_library();
    assert!(unusable(&other).contains("has no function `LiteRtCreateEnvironment`"));
}
