//! Nothing is left behind, by sessions that run and by models that are refused.

use super::*;
use crate::alone::{alone, assert_flat, passes_alone};

#[test]
fn nothing_is_left_behind() {
    if library().is_none() {
        return;
    }
    let home = tempfile::tempdir().unwrap();
    for test in ["models_that_are_refused_leave_nothing", "sessions_leave_nothing"] {
        passes_alone(alone(module_path!(), test).env("HOME", home.path()).env_remove("XDG_CACHE_HOME"));
    }
    let written: Vec<_> = std::fs::read_dir(home.path()).unwrap().collect();
    assert!(written.is_empty(), "identifiers and reports: {written:?}");
}

#[test]
#[ignore = "`nothing_is_left_behind` runs it in a process of its own"]
fn models_that_are_refused_leave_nothing() {
    if library().is_none() {
        return;
    }
    let whole = bundled("ppocr_cls.onnx").unwrap();
    let models = [
        ("garbage", Model::of_bytes(&[0xff; 1000])),
        ("half", Model::of_bytes(&whole[..whole.len() / 2])),
        ("almost whole", Model::of_bytes(&whole[..whole.len() - 1])),
        ("empty", Model::of_bytes(b"")),
    ];
    for (what, model) in &models {
        let runtime = runtime(&[], &model.path).unwrap();
        assert_flat(what, || assert!(runtime.load(&model.path).unwrap().prepare().is_err()));
    }
    let absent = models[0].1.path.with_file_name("absent.onnx");
    let runtime = runtime(&[], &absent).unwrap();
    assert_flat("absent", || assert!(runtime.load(&absent).is_err()));
}

#[test]
#[ignore = "`nothing_is_left_behind` runs it in a process of its own"]
fn sessions_leave_nothing() {
    if library().is_none() {
        return;
    }
    let model = Model::bundled("ppocr_cls.onnx");
    for options in [&[][..], &[("reload_optimized", "true")], &[("initial_chunk_size_bytes", "1048576")]] {
        let runtime = runtime(options, &model.path).unwrap();
        let mut inputs = None;
        assert_flat(&format!("{options:?}"), || {
            let mut prepared = runtime.load(&model.path).unwrap().prepare().unwrap();
            let inputs = inputs.get_or_insert_with(|| model.tensors(prepared.as_ref()));
            prepared.execute(inputs).unwrap();
            prepared.execute(&inputs[..0]).unwrap_err();
            prepared.set_inputs(inputs).unwrap();
            prepared.renew_request().unwrap();
            prepared.execute(inputs).unwrap();
            prepared.own_memory().unwrap();
        });
    }
    assert_flat("runtimes with options", || {
        drop(runtime(&[("max_mem", "1000000"), ("reload_optimized", "true")], &model.path).unwrap());
        assert!(runtime(&[("max_mem", "much")], &model.path).is_err());
    });
}
