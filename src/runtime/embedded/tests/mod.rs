//! The runtime as a whole: models from files through load, prepare and execute.

mod agreement;
mod inputs;
mod malformed;
mod passes;
mod refusals;
mod releases;
mod small;
mod strategies;

use std::collections::BTreeMap;
use std::path::Path;

use self::small::Small;
use super::Embedded;
use crate::model::{Dimension, InputTensor, TensorData};
use crate::runtime::{Output, Prepared, Runtime, RuntimeError};
use crate::suite::{
    ElementType, Engine, InputSpec, Planner, Release, ReleaseWhen, RuntimeSpec, Weights, WeightsStrategy,
};

/// The runtime as it comes: copies, packs, frees, plans.
fn usual() -> RuntimeSpec {
    RuntimeSpec::as_it_comes("embedded", Engine::Embedded)
}

/// Shapes and fills of the inputs that the bundled models leave open.
fn open_inputs(model: &str) -> BTreeMap<String, InputSpec> {
    let input = |name: &str, element, shape: &[usize], fill| {
        (name.to_owned(), InputSpec { element, shape: shape.to_vec(), fill })
    };
    let inputs = match model {
        "ppocr_cls.onnx" => vec![input("x", ElementType::F32, &[1, 3, 48, 192], None)],
        "silero_vad.onnx" => vec![
            input("input", ElementType::F32, &[1, 576], None),
            input("state", ElementType::F32, &[2, 1, 128], Some(0.0)),
            input("sr", ElementType::I64, &[], Some(16_000.0)),
        ],
        _ => Vec::new(),
    };
    inputs.into_iter().collect()
}

/// Loads and prepares a model.
fn prepare(
    spec: &RuntimeSpec,
    path: &Path,
    inputs: &BTreeMap<String, InputSpec>,
) -> Result<Box<dyn Prepared>, RuntimeError> {
    Embedded::new(spec, inputs, 1).load(path)?.prepare()
}

/// Tensors for what the model declares, and for `inputs` where it leaves something open.
fn tensors(prepared: &dyn Prepared, inputs: &BTreeMap<String, InputSpec>, seed: u64) -> Vec<InputTensor> {
    let mut random = Noise(seed);
    let mut tensor = |declared: crate::model::DeclaredInput| {
        let given = inputs.get(&declared.name);
        let sizes = declared.shape.iter().flatten().map(|dimension| match dimension {
            Dimension::Fixed(size) => *size,
            Dimension::Open(_) => 1,
        });
        let shape = given.map_or_else(|| sizes.collect(), |input| input.shape.clone());
        let element = declared.element.unwrap();
        let fill = given.and_then(|input| input.fill);
        let count = shape.iter().product();
        let data = match element {
            ElementType::F32 => {
                TensorData::F32((0..count).map(|_| fill.map_or_else(|| random.next(), |value| value as f32)).collect())
            }
            ElementType::I64 => TensorData::I64(vec![fill.unwrap_or(1.0) as i64; count]),
            other => panic!("no values for {other:?}"),
        };
        InputTensor { name: declared.name, element, shape, data }
    };
    prepared.inputs().into_iter().map(&mut tensor).collect()
}

/// Loads, prepares and runs a model once.
fn run(spec: &RuntimeSpec, path: &Path, inputs: &BTreeMap<String, InputSpec>) -> Result<Vec<Output>, RuntimeError> {
    let mut prepared = prepare(spec, path, inputs)?;
    let tensors = tensors(prepared.as_ref(), inputs, 7);
    prepared.execute(&tensors)
}

/// The bits of all results: equal only if nothing differs, not even the sign of a zero.
fn bits(outputs: &[Output]) -> Vec<(Vec<usize>, Vec<u32>)> {
    let bits = |output: &Output| (output.shape.clone(), output.values.iter().map(|value| value.to_bits()).collect());
    outputs.iter().map(bits).collect()
}

/// Numbers between -0.5 and 0.5, the same in every run (Marsaglia's xorshift).
struct Noise(u64);

impl Noise {
    fn bits(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn next(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1_u64 << 24) as f32 - 0.5
    }
}

/// Writes a bundled model into a folder of its own.
fn bundled(name: &str) -> (tempfile::TempDir, std::path::PathBuf) {
    let model = crate::model::BUNDLED.iter().find(|model| model.name == name).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, model.bytes).unwrap();
    (folder, path)
}
