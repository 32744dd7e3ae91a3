//! With the library, where it is: a process has one ONNX Runtime, and all tests share it.

mod agreement;
mod growth;
mod inputs;
mod options;
mod refusals;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::model::{InputTensor, bundled, find_bundled, make_inputs, parse_architecture, write};
use crate::runtime::tests::{self, assert_close, by_dlopen};
use crate::runtime::{Output, Prepared, Runtime, RuntimeError, open};
use crate::suite::{Engine, InputSpec, Recipe, RuntimeSpec, WeightsPlacement};

/// Options by name.
type Options<'a> = &'a [(&'a str, &'a str)];

/// Where the library lies; where it is not, a test says so and has nothing to do.
fn library() -> Option<PathBuf> {
    tests::library(Engine::Onnxruntime)
}

/// ONNX Runtime with options and one thread, for the model at `path`.
fn runtime(options: Options<'_>, path: &Path) -> Result<Box<dyn Runtime>, RuntimeError> {
    open(&by_dlopen(Engine::Onnxruntime, options), path, &BTreeMap::new(), 1)
}

/// A model on disk, and what is known about its inputs.
struct Model {
    _folder: TempDir,
    path: PathBuf,
    inputs: BTreeMap<String, InputSpec>,
}

impl Model {
    fn of_bytes(bytes: &[u8]) -> Model {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.onnx");
        std::fs::write(&path, bytes).unwrap();
        Model { _folder: folder, path, inputs: BTreeMap::new() }
    }

    fn bundled(name: &str) -> Model {
        let inputs = find_bundled(name).unwrap().default_inputs();
        Model { inputs, ..Model::of_bytes(bundled(name).unwrap()) }
    }

    fn generated(architecture: &str, weights: WeightsPlacement) -> Model {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.onnx");
        write(&Recipe { architecture: parse_architecture(architecture).unwrap(), weights, seed: 1 }, &path).unwrap();
        Model { _folder: folder, path, inputs: BTreeMap::new() }
    }

    /// A network of two dense layers.
    fn small() -> Model {
        Model::generated("mlp:layers=2,width=64,batch=4", WeightsPlacement::Inline)
    }

    fn tensors(&self, prepared: &dyn Prepared) -> Vec<InputTensor> {
        make_inputs(&prepared.inputs(), &self.inputs, 3).unwrap()
    }

    /// What the model gives on the threads of a case with one.
    fn outputs(&self, runtime: &dyn Runtime) -> Vec<Output> {
        let mut prepared = runtime.load(&self.path).unwrap().prepare().unwrap();
        let inputs = self.tensors(prepared.as_ref());
        prepared.execute(&inputs).unwrap()
    }

    /// What another engine gives.
    fn reference(&self, engine: Engine) -> Vec<Output> {
        self.outputs(open(&RuntimeSpec::as_it_comes("test", engine), &self.path, &self.inputs, 1).unwrap().as_ref())
    }
}
