//! OpenVINO against the engines inside the binary, against models made for it, and without it.
//!
//! Tests that need the library say so and end where it is not here.

mod failures;
mod options;
mod results;
mod types;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::*;
use crate::model::{BUNDLED, make_inputs, parse_architecture, write};
use crate::runtime::tests::{self, by_dlopen};
use crate::suite::{Recipe, WeightsPlacement};

/// What results are compared with is computed in 32 bits; by itself OpenVINO takes fewer where the processor has them.
const EXACT: (&str, &str) = ("INFERENCE_PRECISION_HINT", "f32");

/// The library that is here.
fn library() -> Option<PathBuf> {
    tests::library(Engine::Openvino)
}

fn spec(library: PathBuf, options: &[(&str, &str)]) -> RuntimeSpec {
    RuntimeSpec { library: Some(library), ..by_dlopen(Engine::Openvino, options) }
}

/// The runtime with these options; `None` where the library is not here.
fn try_open(options: &[(&str, &str)], inputs: &[(&str, &str)]) -> Option<Result<Openvino, RuntimeError>> {
    Some(Openvino::open(&spec(library()?, options), &given(inputs), 1))
}

fn opened(options: &[(&str, &str)], inputs: &[(&str, &str)]) -> Option<Openvino> {
    try_open(options, inputs).map(|opened| opened.unwrap())
}

fn given(inputs: &[(&str, &str)]) -> BTreeMap<String, InputSpec> {
    inputs.iter().map(|(name, spec)| (String::from(*name), spec.parse().unwrap())).collect()
}

/// The bundled model of this name, in a folder.
fn bundled(folder: &Path, name: &str) -> PathBuf {
    let path = folder.join(name);
    let model = BUNDLED.iter().find(|model| model.name == name).unwrap();
    std::fs::write(&path, model.bytes).unwrap();
    path
}

/// Inputs that the bundled model of this name leaves open.
fn open_inputs(name: &str) -> &'static [(&'static str, &'static str)] {
    BUNDLED.iter().find(|model| model.name == name).unwrap().inputs
}

/// MobileNet v2.
fn mobilenet(folder: &Path, weights: WeightsPlacement) -> PathBuf {
    let path = folder.join("mobilenet_v2.onnx");
    let architecture = parse_architecture("mobilenet_v2").unwrap();
    write(&Recipe { architecture, weights, seed: 1 }, &path).unwrap();
    path
}

/// Reads and compiles a model.
fn prepared(runtime: &Openvino, path: &Path) -> Box<dyn Prepared> {
    runtime.load(path).unwrap().prepare().unwrap()
}

/// Why a model cannot be read or compiled.
fn refusal(runtime: &Openvino, path: &Path) -> RuntimeError {
    runtime.load(path).and_then(|loaded| loaded.prepare()).map(|_| ()).unwrap_err()
}
