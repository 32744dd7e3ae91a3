//! `highwater execute`: runs a model once and writes what went in and what came out, for comparisons with other runtimes.

use std::fs;

use serde::Serialize;

use crate::cli::ExecuteArguments;
use crate::error::{AS_EXPECTED, Error};
use crate::model::{self, InputTensor, TensorData};
use crate::report::console;
use crate::runtime::{self, Output};
use crate::suite::{Overrides, Settings, from_model};

/// What is written.
#[derive(Serialize)]
struct Execution {
    runtime: String,
    inputs: Vec<GivenTensor>,
    outputs: Vec<MadeTensor>,
}

#[derive(Serialize)]
struct GivenTensor {
    name: String,
    element: &'static str,
    shape: Vec<usize>,
    values: serde_json::Value,
}

#[derive(Serialize)]
struct MadeTensor {
    shape: Vec<usize>,
    values: Vec<f32>,
}

pub(super) fn execute(arguments: &ExecuteArguments) -> Result<u8, Error> {
    let overrides = Overrides {
        runtimes: arguments.runtime.iter().cloned().collect(),
        inputs: arguments.input.clone(),
        settings: Settings { seed: arguments.seed, ..Settings::default() },
        ..Overrides::default()
    };
    let suite = from_model(&arguments.model, &overrides)?;
    let Some(case) = suite.cases.first() else {
        return Err(Error::Usage("nothing to execute".into()));
    };
    let paths = model::resolve(&case.model, &model::cache_dir())?;
    let Some(path) = paths.first() else {
        return Err(Error::Usage(format!("{} is no model that can be executed", case.model.name)));
    };
    let failed =
        |error: &dyn std::error::Error| Error::Usage(format!("{}: {}", path.display(), crate::error::chain(error)));
    let engine =
        runtime::open(&case.runtime, path, &case.model.inputs, case.threads).map_err(|error| failed(&error))?;
    let mut prepared = engine.load(path).and_then(|loaded| loaded.prepare()).map_err(|error| failed(&error))?;
    let inputs =
        model::make_inputs(&prepared.inputs(), &case.model.inputs, case.seed).map_err(|error| failed(&error))?;
    let outputs = prepared.execute(&inputs).map_err(|error| failed(&error))?;
    let runtime::Identity { name, version, .. } = engine.identity();
    let execution = Execution {
        runtime: format!("{name} {version}"),
        inputs: inputs.into_iter().map(given).collect(),
        outputs: outputs.into_iter().map(|Output { shape, values }| MadeTensor { shape, values }).collect(),
    };
    let told = serde_json::to_vec(&execution)
        .map_err(|error| Error::Recorded { path: arguments.out.display().to_string(), message: error.to_string() })?;
    fs::write(&arguments.out, told).map_err(Error::file("cannot write", &arguments.out))?;
    console::print(&format!("{} by {}", arguments.out.display(), execution.runtime));
    Ok(AS_EXPECTED)
}

fn given(input: InputTensor) -> GivenTensor {
    let (element, values) = match &input.data {
        TensorData::F32(values) => ("f32", serde_json::json!(values)),
        TensorData::I32(values) => ("i32", serde_json::json!(values)),
        TensorData::I64(values) => ("i64", serde_json::json!(values)),
        TensorData::I8(values) => ("i8", serde_json::json!(values)),
        TensorData::U8(values) => ("u8", serde_json::json!(values)),
        TensorData::Bool(values) => ("bool", serde_json::json!(values)),
    };
    GivenTensor { name: input.name, element, shape: input.shape, values }
}
