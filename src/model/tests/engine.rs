//! rten as the judge of model files: it must load them, and run them on what `make_inputs` gives.

use std::collections::BTreeMap;
use std::path::Path;

use rten::{Model, ModelOptions, Value, ValueOrView};
use rten_tensor::Tensor;
use rten_tensor::prelude::*;

use crate::model::inputs::{DeclaredInput, Dimension, InputTensor, TensorData, make_inputs};
use crate::suite::{ElementType, InputSpec};

/// Shape and elements of the first output of the model at `path`.
pub(super) fn run(path: &Path, overrides: &BTreeMap<String, InputSpec>) -> (Vec<usize>, Vec<f32>) {
    let model = ModelOptions::with_all_ops().load_file(path).unwrap();
    let inputs = make_inputs(&declared(&model), overrides, 1).unwrap();
    let values = inputs.into_iter().map(|input| (model.node_id(&input.name).unwrap(), value(input))).collect();
    let output = model.run(values, &model.output_ids()[..1], None).unwrap().remove(0);
    let output: Tensor<f32> = output.try_into().unwrap();
    (output.shape().to_vec(), output.iter().copied().collect())
}

fn declared(model: &Model) -> Vec<DeclaredInput> {
    let inputs = model.input_ids().iter().map(|id| model.node_info(*id).unwrap());
    let declare = |info: rten::NodeInfo| DeclaredInput {
        name: info.name().unwrap().into(),
        // rten narrows i64 to i32 and declares that.
        element: info.dtype().map(|kind| match kind.to_string().contains("i32") {
            true => ElementType::I32,
            false => ElementType::F32,
        }),
        shape: info.shape().map(|shape| shape.into_iter().map(dimension).collect()),
    };
    inputs.map(declare).collect()
}

fn dimension(dimension: rten::Dimension) -> Dimension {
    match dimension {
        rten::Dimension::Fixed(size) => Dimension::Fixed(size),
        rten::Dimension::Symbolic(name) => Dimension::Open(name),
    }
}

fn value(input: InputTensor) -> ValueOrView<'static> {
    let value: Value = match input.data {
        TensorData::F32(data) => Value::from_shape(&input.shape, data).unwrap(),
        TensorData::I32(data) => Value::from_shape(&input.shape, data).unwrap(),
        TensorData::I64(data) => {
            let narrow: Vec<i32> = data.into_iter().map(|value| value.try_into().unwrap()).collect();
            Value::from_shape(&input.shape, narrow).unwrap()
        }
        other => panic!("no test has an input of {other:?}"),
    };
    value.into()
}
