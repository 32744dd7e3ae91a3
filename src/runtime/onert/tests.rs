//! onert through the door that children use. What needs the library says so and passes where it is not here. A file that is
//! cut short is no test here: it would end the test program.

use std::collections::BTreeMap;
use std::path::Path;

use crate::alone::{alone, assert_flat, passes_alone};
use crate::model::{InputTensor, TensorData, make_inputs};
use crate::runtime::tests::{available, by_dlopen, c_library, fixture};
use crate::runtime::{Prepared, Runtime, RuntimeError, open};
use crate::suite::{ElementType, Engine, InputSpec};

/// A runtime with `options` in which inputs are as in `known`; `None` where the library is not here.
fn runtime(options: &[(&str, &str)], known: &[(&str, &str)]) -> Option<Result<Box<dyn Runtime>, RuntimeError>> {
    available(Engine::Onert).then(|| {
        let known = known.iter().map(|(name, input)| (String::from(*name), input.parse().unwrap())).collect();
        open(&by_dlopen(Engine::Onert, options), Path::new("model.tflite"), &known, 1)
    })
}

fn prepared(runtime: &dyn Runtime, path: &Path) -> Result<Box<dyn Prepared>, RuntimeError> {
    runtime.load(path)?.prepare()
}

fn error<T>(result: Result<T, RuntimeError>) -> RuntimeError {
    result.map(|_| ()).unwrap_err()
}

#[test]
fn it_tells_who_it_is() {
    let Some(runtime) = runtime(&[], &[]) else { return };
    let identity = runtime.unwrap().identity();
    assert_eq!(identity.name, "onert");
    assert_eq!(identity.version.split('.').filter(|number| number.parse::<u32>().is_ok()).count(), 3);
    assert!(identity.library.unwrap().ends_with("libonert.so"));
}

/// onert and LiteRT must say the same about the same model.
#[test]
fn it_agrees_with_litert() {
    if !(available(Engine::Onert) && available(Engine::Litert)) {
        return;
    }
    for (name, known) in
        [("perceptron.tflite", None), ("perceptron_open.tflite", Some("f32[3,8]")), ("sum_i8.tflite", None)]
    {
        let path = fixture(name);
        let known: BTreeMap<String, InputSpec> =
            known.iter().map(|input| ("x".into(), input.parse().unwrap())).collect();
        let run = |engine| {
            let runtime = open(&by_dlopen(engine, &[]), &path, &known, 1).unwrap();
            let mut session = prepared(runtime.as_ref(), &path).unwrap();
            let inputs = make_inputs(&session.inputs(), &known, 3).unwrap();
            let first = session.execute(&inputs).unwrap();
            assert_eq!(session.execute(&inputs).unwrap(), first, "{name} is not the same twice");
            first
        };
        let (onert, litert) = (run(Engine::Onert), run(Engine::Litert));
        assert_eq!(onert.len(), litert.len());
        for (onert, litert) in onert.iter().zip(&litert) {
            assert_eq!(onert.shape, litert.shape, "{name}");
            let close = |(a, b): (&f32, &f32)| (a - b).abs() <= 1e-5 + 1e-4 * b.abs();
            assert!(onert.values.iter().zip(&litert.values).all(close), "{name}: {onert:?} and {litert:?}");
            assert!(litert.values.iter().any(|value| *value != 0.0), "{name}: {litert:?}");
        }
    }
}

#[test]
fn what_is_not_given_or_does_not_fit_is_told_by_its_name() {
    let Some(runtime) = runtime(&[], &[("x", "f32[1,8]")]) else { return };
    let mut session = prepared(runtime.unwrap().as_ref(), &fixture("perceptron.tflite")).unwrap();
    let input = |name: &str, rows: usize| InputTensor {
        name: name.into(),
        element: ElementType::F32,
        shape: vec![rows, 8],
        data: TensorData::F32(vec![0.0; rows * 8]),
    };
    assert!(error(session.execute(&[input("y", 1)])).to_string().contains("input `x` is not given"));
    let other = error(session.execute(&[input("x", 2)]));
    assert!(other.is_incompatible() && other.to_string().contains("was prepared for [1, 8], not [2, 8]"), "{other}");
    assert!(error(session.renew_request()).is_incompatible());
    let whole = InputTensor { element: ElementType::I32, data: TensorData::I32(vec![0; 8]), ..input("x", 1) };
    assert!(error(session.execute(&[whole])).to_string().contains("values of i32 that f32 has not"));
    for (elements, told) in [(7, "takes 32 bytes and there are 28"), (9, "takes 32 bytes and there are 36")] {
        let torn = InputTensor { data: TensorData::F32(vec![0.0; elements]), ..input("x", 1) };
        let refused = error(session.set_inputs(&[torn]));
        assert!(matches!(refused, RuntimeError::Execution { .. }), "{refused}");
        assert!(refused.to_string().ends_with(told), "{refused}");
    }
}

#[test]
fn options_that_onert_does_not_have_are_named() {
    let path = fixture("perceptron.tflite");
    let Some(unknown) = runtime(&[("no_such_option", "1")], &[]) else { return };
    let refused = error(prepared(unknown.unwrap().as_ref(), &path));
    assert!(refused.is_incompatible(), "{refused}");
    assert!(refused.to_string().contains("option `NO_SUCH_OPTION` as `1`"), "{refused}");
    let backend = runtime(&[("backends", "no_such_backend")], &[]).unwrap().unwrap();
    let refused = error(prepared(backend.as_ref(), &path)).to_string();
    assert!(refused.contains("cannot be prepared for no_such_backend"), "{refused}");
    let linear = runtime(&[("executor", "Linear")], &[]).unwrap().unwrap();
    assert!(prepared(linear.as_ref(), &path).is_ok());
}

#[test]
fn a_size_that_is_open_is_told_when_inputs_are_made() {
    let path = fixture("perceptron_open.tflite");
    let Some(unknown) = runtime(&[], &[]) else { return };
    let mut session = prepared(unknown.unwrap().as_ref(), &path).unwrap();
    let told = make_inputs(&session.inputs(), &BTreeMap::new(), 1).unwrap_err().to_string();
    assert!(told.contains("input `input0` needs a type and shape: it leaves dimension 0 open"), "{told}");
    let named = runtime(&[], &[("x", "f32[1,1,1,1,1,1,8]")]).unwrap().unwrap();
    let refused = error(prepared(named.as_ref(), &path));
    assert!(refused.is_incompatible() && refused.to_string().contains("input `x` cannot be f32["), "{refused}");
    let rows = InputTensor {
        name: "input0".into(),
        element: ElementType::F32,
        shape: vec![1, 8],
        data: TensorData::F32(vec![0.0; 8]),
    };
    let refused = error(session.execute(&[rows]));
    assert!(refused.is_incompatible(), "{refused}");
    assert!(refused.to_string().contains("was prepared for [-1, 8], not [1, 8]"), "{refused}");
    let named = runtime(&[], &[("x", "f32[3,8]")]).unwrap().unwrap();
    let declared = prepared(named.as_ref(), &path).unwrap().inputs();
    assert_eq!(declared[0].shape, session.inputs()[0].shape, "whatever it was prepared for");
}

#[test]
fn a_session_is_prepared_once() {
    let Some(runtime) = runtime(&[], &[]) else { return };
    let mut loaded = runtime.unwrap().load(&fixture("perceptron.tflite")).unwrap();
    assert!(error(loaded.prepare_again()).is_incompatible());
    assert!(loaded.prepare().is_ok());
}

#[test]
fn a_model_that_is_missing_and_one_that_is_none_are_told_apart() {
    let Some(runtime) = runtime(&[], &[]) else { return };
    let runtime = runtime.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.tflite");
    assert!(matches!(error(runtime.load(&missing)), RuntimeError::File { .. }));
    let garbage = folder.path().join("garbage.tflite");
    // onert follows whatever offsets it finds, to where the process ends. These stay in the file: a table of a version and of
    // subgraphs, of which there are too many.
    let table = b"\x18\0\0\0TFL3\x0a\0\x0c\0\x04\0\0\0\x08\0\0\0\0\0\0\0\x10\0\0\0\x03\0\0\0\x04\0\0\0";
    std::fs::write(&garbage, [table.as_slice(), &[0xff; 4096]].concat()).unwrap();
    let refused = error(runtime.load(&garbage));
    assert!(matches!(refused, RuntimeError::Rejected { .. }), "{refused}");
    assert!(refused.to_string().contains("the model does not load: an error that onert tells"), "{refused}");
}

#[test]
fn nothing_is_left_behind() {
    if available(Engine::Onert) {
        passes_alone(&mut alone(module_path!(), "sessions_and_files_that_are_missing_leave_nothing"));
    }
}

/// What onert is known to leave of a file that is no model is seen by `suites/known-issues.toml`.
#[test]
#[ignore = "`nothing_is_left_behind` runs it in a process of its own"]
fn sessions_and_files_that_are_missing_leave_nothing() {
    let Some(runtime) = runtime(&[], &[]) else { return };
    let runtime = runtime.unwrap();
    let path = fixture("perceptron.tflite");
    assert_flat("a session", || drop(prepared(runtime.as_ref(), &path).unwrap()));
    assert_flat("a session that is loaded only", || drop(runtime.load(&path).unwrap()));
    let missing = Path::new("/nowhere/missing.tflite");
    assert_flat("a missing file", || assert!(runtime.load(missing).is_err()));
}

#[test]
fn what_is_no_onert_cannot_be_used() {
    let unusable = |library: &Path| {
        let mut spec = by_dlopen(Engine::Onert, &[]);
        spec.library = Some(library.into());
        let error = error(open(&spec, Path::new("model.tflite"), &BTreeMap::new(), 1));
        assert!(matches!(error, RuntimeError::Unusable { .. }), "{error}");
        error.to_string()
    };
    assert!(unusable(Path::new("/nowhere/libonert.so")).contains("onert is not here"));
    assert!(unusable(&c_library()).contains("has no function `nnfw_create_session`"));
    let configure = super::api::Api::configure(super::ENGINE, &c_library());
    assert!(error(configure).to_string().contains("has no function `nnfw_set_config`"));
}
