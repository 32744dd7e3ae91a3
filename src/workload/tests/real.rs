//! The engines of this binary under every workload.

use std::path::{Path, PathBuf};

use super::super::{Work, WorkError};
use super::Silent;
use crate::model::{resolve, with_known_inputs};
use crate::runtime::available;
use crate::suite::{Case, Engine};

/// A case of a small model, and its files in a folder of its own.
fn case(model: &str, runtime: &str, workload: &str, folder: &Path) -> (Case, Vec<PathBuf>) {
    let text =
        format!("[[case]]\nmodel = \"{model}\"\nruntime = \"{runtime}\"\nworkload = \"{workload}\"\nthreads = 2\n");
    let mut case = crate::suite::parse("suite.toml", &text, Path::new("")).unwrap().cases.remove(0);
    case.model = with_known_inputs(&case.model).unwrap();
    let files = resolve(&case.model, folder).unwrap();
    (case, files)
}

/// Some iterations of a case.
fn run(model: &str, runtime: &str, workload: &str, iterations: u64) -> Result<(), WorkError> {
    let folder = tempfile::tempdir().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let (case, files) = case(model, runtime, workload, folder.path());
    let mut work = Work::set_up(&case, &files, scratch.path())?;
    (1..=iterations).try_for_each(|iteration| work.iterate(iteration, &mut Silent))
}

#[test]
fn both_engines_do_what_they_can() {
    let workloads = [
        "core",
        "read",
        "recompile-thread",
        "infer-thread",
        "infer-concurrent",
        "infer-content",
        "reject",
        "reject-missing",
        "reject-empty",
        "reject-garbage",
        "reject-unsupported",
    ];
    for workload in workloads {
        for runtime in ["embedded", "rten", "auto"] {
            let outcome = run("mlp-small", runtime, workload, 3);
            assert!(outcome.is_ok(), "{runtime} {workload}: {outcome:?}");
        }
    }
}

#[test]
fn models_that_take_turns_do_the_same() {
    for workload in ["core", "recompile-thread", "infer-concurrent", "reject-garbage"] {
        let outcome = run("mlp-small+ppocr-cls", "embedded", workload, 3);
        assert!(outcome.is_ok(), "{workload}: {outcome:?}");
    }
}

#[test]
fn both_engines_take_other_shapes_of_a_model_that_leaves_them_open() {
    for runtime in ["embedded", "rten"] {
        for workload in ["reshape", "reshape-random"] {
            let outcome = run("ppocr-cls", runtime, workload, 5);
            assert!(outcome.is_ok(), "{runtime} {workload}: {outcome:?}");
        }
        let error = run("mlp-small", runtime, "reshape", 1).unwrap_err();
        assert!(matches!(error, WorkError::NothingToReshape(0)), "{error}");
    }
}

/// Five iterations in which the first dimension of `x` has one size after the other, by an engine that is loaded at run time.
/// Where it is not here, that is printed.
fn reshapes(engine: Engine, model: &str, known: &str) {
    if !available(engine) {
        return;
    }
    let name = engine.name();
    let text = format!(
        "[models.net]\nfile = \"suites/models/{model}\"\ninputs = {{ x = \"{known}\" }}\n[workloads.rows]\nbase = \
         \"reshape\"\nbatches = [2, 1, 3]\n[[case]]\nmodel = \"net\"\nruntime = \"{name}\"\nworkload = \"rows\"\n"
    );
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let case = crate::suite::parse("suite.toml", &text, home).unwrap().cases.remove(0);
    let folder = tempfile::tempdir().unwrap();
    let files = resolve(&case.model, folder.path()).unwrap();
    let mut work = Work::set_up(&case, &files, folder.path()).unwrap();
    for iteration in 1..=5 {
        work.iterate(iteration, &mut Silent).unwrap_or_else(|error| panic!("{name} {iteration}: {error}"));
    }
}

#[test]
fn openvino_takes_other_shapes_of_a_model_that_leaves_them_open() {
    reshapes(Engine::Openvino, "ppocr_cls.onnx", "f32[1,3,48,32]");
}

#[test]
fn onnxruntime_takes_other_shapes_of_a_model_that_leaves_them_open() {
    reshapes(Engine::Onnxruntime, "ppocr_cls.onnx", "f32[1,3,48,32]");
}

#[test]
fn litert_takes_other_shapes_of_a_model_that_leaves_them_open() {
    reshapes(Engine::Litert, "perceptron_open.tflite", "f32[5,8]");
}

#[test]
fn onert_takes_other_shapes_of_a_model_that_leaves_them_open() {
    reshapes(Engine::Onert, "perceptron_open.tflite", "f32[1,8]");
}

#[test]
fn what_neither_engine_has_is_incompatible() {
    for runtime in ["embedded", "rten"] {
        for workload in ["compile", "request", "set-inputs"] {
            let error = run("mlp-small", runtime, workload, 1).unwrap_err();
            assert!(error.is_incompatible(), "{runtime} {workload}: {error}");
            assert!(error.to_string().starts_with(&format!("{runtime} does not have this: ")), "{error}");
        }
    }
}
