//! rten behind the phases: `load` reads or maps the files, `prepare` is the engine's own load call (parse, optimise, pack).
//!
//! rten has no boundary between its stages, so the split is made by handing it buffers. What was measured (rten 0.27):
//! prepacking covers MatMul weights only; under a mapping the original pages are read again at batch 1, so released pages
//! must stay mapped (`MADV_DONTNEED`, never `munmap`); inline weights are copied out of the mapping in any case, external
//! ones are used in place. The process-wide thread pool takes its size from `RTEN_NUM_THREADS` and is never dropped.

use std::fs;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use memmap2::{Mmap, UncheckedAdvice};
use rten::{Model, ModelOptions, Value, ValueOrView};

use super::external_data::external_files;
use super::structure::is_message;
use super::{Identity, Loaded, Output, Prepared, Runtime, RuntimeError, unsupported};
use crate::model::{DeclaredInput, Dimension, InputTensor, TensorData};
use crate::suite::{ElementType, Release, RuntimeSpec, Weights, WeightsStrategy};

/// Name of the engine.
pub(super) const ENGINE: &str = "rten";

/// Version of the engine, as pinned in `Cargo.toml`.
pub(super) const VERSION: &str = "0.27.0";

/// The embedded engine for any ONNX model.
#[derive(Debug)]
pub struct Rten {
    weights: Weights,
    prepack: bool,
    optimize: bool,
    external: Vec<String>,
}

impl Rten {
    /// The engine with the options of `spec` for the model at `path`.
    pub fn new(spec: &RuntimeSpec, path: &Path) -> Self {
        Rten { weights: spec.weights, prepack: spec.prepack, optimize: spec.optimize, external: external_files(path) }
    }

    fn options(&self) -> ModelOptions {
        let mut options = ModelOptions::with_all_ops();
        options.prepack_weights(self.prepack).enable_optimization(self.optimize);
        options
    }
}

impl Runtime for Rten {
    fn identity(&self) -> Identity {
        Identity::built_in(ENGINE, VERSION)
    }

    fn load(&self, model: &Path) -> Result<Box<dyn Loaded>, RuntimeError> {
        let beside = |name: &String| (name.clone(), model.with_file_name(name));
        let external: Vec<(String, PathBuf)> = self.external.iter().map(beside).collect();
        let options = self.options();
        if self.weights.strategy == WeightsStrategy::Copy {
            let structure = whole(read(model)?, model)?;
            let data = external.into_iter().map(|(name, path)| Ok((name, read(&path)?))).collect::<Result<_, _>>()?;
            return Ok(Box::new(Copied { structure, data, options }));
        }
        let structure = whole(map(model)?, model)?;
        let data = external.into_iter().map(|(name, path)| Ok((name, map(&path)?))).collect::<Result<_, _>>()?;
        let release = self.weights.release == Release::Dontneed;
        Ok(Box::new(Mapped { structure, data, release, options }))
    }
}

fn read(path: &Path) -> Result<Vec<u8>, RuntimeError> {
    fs::read(path).map_err(|source| RuntimeError::File { path: path.display().to_string(), source })
}

#[expect(unsafe_code, reason = "mapping a file is what is measured")]
fn map(path: &Path) -> Result<Mmap, RuntimeError> {
    let failed = |source| RuntimeError::File { path: path.display().to_string(), source };
    let file = fs::File::open(path).map_err(failed)?;
    // SAFETY: the mapping is private and read-only. Another process that cuts the file short makes a read raise SIGBUS;
    // this code runs in a child whose death is a row of the report.
    let mapping = unsafe { Mmap::map(&file) }.map_err(failed)?;
    Ok(mapping)
}

/// The bytes of a model's file, if they can be one.
fn whole<B: AsRef<[u8]>>(bytes: B, path: &Path) -> Result<B, RuntimeError> {
    if is_message(bytes.as_ref()) {
        Ok(bytes)
    } else {
        Err(rejected(format!("{} is no ONNX file, or not a whole one", path.display())))
    }
}

fn rejected(error: impl std::fmt::Display) -> RuntimeError {
    RuntimeError::Rejected { engine: ENGINE, message: error.to_string() }
}

fn execution(error: impl std::fmt::Display) -> RuntimeError {
    RuntimeError::Execution { engine: ENGINE, message: error.to_string() }
}

/// Files read into the heap.
struct Copied {
    structure: Vec<u8>,
    data: Vec<(String, Vec<u8>)>,
    options: ModelOptions,
}

impl Loaded for Copied {
    fn prepare(self: Box<Self>) -> Result<Box<dyn Prepared>, RuntimeError> {
        let mut options = self.options;
        for (name, bytes) in self.data {
            options.external_data(&name, bytes);
        }
        let model = options.load(self.structure).map_err(rejected)?;
        Ok(Box::new(Ready { model: ManuallyDrop::new(checked(model)?), _mappings: Vec::new() }))
    }

    fn prepare_again(&mut self) -> Result<Box<dyn Prepared>, RuntimeError> {
        unsupported(ENGINE, "what is prepared takes over what was loaded")
    }
}

/// Files mapped.
struct Mapped {
    structure: Mmap,
    data: Vec<(String, Mmap)>,
    release: bool,
    options: ModelOptions,
}

impl Loaded for Mapped {
    fn prepare(self: Box<Self>) -> Result<Box<dyn Prepared>, RuntimeError> {
        let mut options = self.options;
        for (name, mapping) in &self.data {
            options.external_data_static(name, extend(mapping));
        }
        let model = options.load_static_slice(extend(&self.structure)).map_err(rejected)?;
        let mappings: Vec<Mmap> = self.data.into_iter().map(|(_, mapping)| mapping).chain([self.structure]).collect();
        let ready = Ready { model: ManuallyDrop::new(checked(model)?), _mappings: mappings };
        if self.release {
            ready.release_pages()?;
        }
        Ok(Box::new(ready))
    }

    fn prepare_again(&mut self) -> Result<Box<dyn Prepared>, RuntimeError> {
        unsupported(ENGINE, "what is prepared takes over what was loaded")
    }
}

/// The mapping's bytes with the lifetime that rten asks for.
#[expect(unsafe_code, reason = "rten takes mapped weights only as a static slice")]
fn extend(mapping: &Mmap) -> &'static [u8] {
    // SAFETY: every slice made here goes into a `Model` that `Ready` drops before its mappings, or that `prepare` drops on
    // its error path while the mappings are still alive; values that the model returns own their data.
    unsafe { std::slice::from_raw_parts(mapping.as_ptr(), mapping.len()) }
}

/// rten loads a zero-byte file as a model without inputs and outputs.
fn checked(model: Model) -> Result<Model, RuntimeError> {
    if model.output_ids().is_empty() {
        return Err(rejected("it has no outputs (an empty or foreign file?)"));
    }
    Ok(model)
}

/// A prepared model and the mappings that it points into.
struct Ready {
    /// Dropped first, by hand, since it points into the mappings.
    model: ManuallyDrop<Model>,
    _mappings: Vec<Mmap>,
}

impl Drop for Ready {
    #[expect(unsafe_code, reason = "the model must go before the mappings that it points into")]
    fn drop(&mut self) {
        // SAFETY: the model is dropped here and nowhere else, and not used afterwards.
        unsafe { ManuallyDrop::drop(&mut self.model) }
    }
}

impl Ready {
    /// Gives the resident pages of the mappings back. They stay valid: a later read brings them in from the page cache.
    #[expect(
        unsafe_code,
        reason = "memmap2 marks MADV_DONTNEED unsafe, since on shared or anonymous memory it loses data"
    )]
    fn release_pages(&self) -> Result<(), RuntimeError> {
        for mapping in &self._mappings {
            // SAFETY: the mapping is private, read-only and backed by a file: dropped pages are read again on access.
            unsafe { mapping.unchecked_advise(UncheckedAdvice::DontNeed) }
                .map_err(|error| rejected(format!("madvise: {error}")))?;
        }
        Ok(())
    }
}

impl Prepared for Ready {
    fn inputs(&self) -> Vec<DeclaredInput> {
        self.model.input_ids().iter().filter_map(|id| self.model.node_info(*id)).map(|node| declared(&node)).collect()
    }

    fn execute(&mut self, inputs: &[InputTensor]) -> Result<Vec<Output>, RuntimeError> {
        let mut bound = Vec::with_capacity(inputs.len());
        for input in inputs {
            let id = self.model.node_id(&input.name).map_err(execution)?;
            bound.push((id, value(input)?));
        }
        let outputs = self.model.run(bound, self.model.output_ids(), None).map_err(execution)?;
        outputs.into_iter().map(output).collect()
    }

    fn renew_request(&mut self) -> Result<(), RuntimeError> {
        unsupported(ENGINE, "an execution has nothing that outlives it")
    }

    fn set_inputs(&mut self, _inputs: &[InputTensor]) -> Result<(), RuntimeError> {
        unsupported(ENGINE, "inputs are handed over by executing only")
    }
}

fn declared(node: &rten::NodeInfo<'_>) -> DeclaredInput {
    let element = match node.dtype() {
        Some(rten::ValueType::Tensor(rten::DataType::Float)) => Some(ElementType::F32),
        Some(rten::ValueType::Tensor(rten::DataType::Int32)) => Some(ElementType::I32),
        Some(rten::ValueType::Tensor(rten::DataType::Int8)) => Some(ElementType::I8),
        Some(rten::ValueType::Tensor(rten::DataType::UInt8)) => Some(ElementType::U8),
        _ => None,
    };
    let shape = node.shape().map(|shape| {
        let dimension = |dimension| match dimension {
            rten::Dimension::Fixed(size) => Dimension::Fixed(size),
            rten::Dimension::Symbolic(name) => Dimension::Open(name),
        };
        shape.into_iter().map(dimension).collect()
    });
    DeclaredInput { name: node.name().unwrap_or_default().to_owned(), element, shape }
}

/// The input as rten takes it, without a copy where the types agree. rten has no 64-bit integers and no booleans: both are
/// 32-bit integers to it.
fn value(input: &InputTensor) -> Result<ValueOrView<'_>, RuntimeError> {
    use rten_tensor::TensorView;
    let shape = input.shape.as_slice();
    match &input.data {
        TensorData::F32(values) => Ok(TensorView::from_data(shape, values.as_slice()).into()),
        TensorData::I32(values) => Ok(TensorView::from_data(shape, values.as_slice()).into()),
        TensorData::I8(values) => Ok(TensorView::from_data(shape, values.as_slice()).into()),
        TensorData::U8(values) => Ok(TensorView::from_data(shape, values.as_slice()).into()),
        TensorData::I64(values) => {
            let narrow = |wide: &i64| i32::try_from(*wide);
            let values: Vec<i32> = values
                .iter()
                .map(narrow)
                .collect::<Result<_, _>>()
                .map_err(|_| execution(format!("input `{}` holds values outside 32 bits", input.name)))?;
            Value::from_shape(shape, values).map(ValueOrView::from).map_err(execution)
        }
        TensorData::Bool(values) => {
            let values: Vec<i32> = values.iter().map(|value| i32::from(*value)).collect();
            Value::from_shape(shape, values).map(ValueOrView::from).map_err(execution)
        }
    }
}

fn output(value: Value) -> Result<Output, RuntimeError> {
    fn widened<T: Copy>(tensor: rten_tensor::Tensor<T>, widen: impl Fn(T) -> f32) -> Output {
        use rten_tensor::prelude::*;
        Output { shape: tensor.shape().to_vec(), values: tensor.into_data().into_iter().map(widen).collect() }
    }
    match value {
        Value::FloatTensor(tensor) => Ok(widened(tensor, |value| value)),
        Value::Int32Tensor(tensor) => Ok(widened(tensor, |value| value as f32)),
        Value::Int8Tensor(tensor) => Ok(widened(tensor, f32::from)),
        Value::UInt8Tensor(tensor) => Ok(widened(tensor, f32::from)),
        _ => Err(execution("an output is no tensor of numbers")),
    }
}
