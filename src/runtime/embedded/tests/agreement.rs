//! The same model, the same inputs, another engine: rten, element by element.

use rten::{ModelOptions, RunOptions, ThreadPool, Value};
use rten_tensor::prelude::*;

use super::*;
use crate::runtime::tests::assert_close;

/// What rten makes of the model; it has no 64-bit integers.
fn reference(path: &Path, inputs: &[InputTensor]) -> Vec<Output> {
    let model = ModelOptions::with_all_ops().load_file(path).unwrap();
    let bound = inputs.iter().map(|input| {
        let shape = input.shape.as_slice();
        let value = match &input.data {
            TensorData::F32(values) => Value::from_shape(shape, values.clone()).unwrap(),
            TensorData::I64(values) => {
                Value::from_shape(shape, values.iter().map(|value| *value as i32).collect::<Vec<_>>()).unwrap()
            }
            other => panic!("no value for {other:?}"),
        };
        (model.node_id(&input.name).unwrap(), value.into())
    });
    let pool = std::sync::Arc::new(ThreadPool::with_num_threads(1));
    let options = RunOptions::default().with_thread_pool(Some(pool));
    let outputs = model.run(bound.collect(), model.output_ids(), Some(options)).unwrap();
    let output = |value| match value {
        Value::FloatTensor(tensor) => Output { shape: tensor.shape().to_vec(), values: tensor.to_vec() },
        other => panic!("no floats: {other:?}"),
    };
    outputs.into_iter().map(output).collect()
}

fn agrees(path: &Path, inputs: &BTreeMap<String, InputSpec>) {
    let mut prepared = prepare(&usual(), path, inputs).unwrap();
    for seed in [7, 8] {
        let given = tensors(prepared.as_ref(), inputs, seed);
        assert_close(&prepared.execute(&given).unwrap(), &reference(path, &given));
    }
}

#[test]
fn on_a_classifier_of_text_directions() {
    let (_folder, path) = bundled("ppocr_cls.onnx");
    agrees(&path, &open_inputs("ppocr_cls.onnx"));
}

#[test]
fn on_a_small_network() {
    agrees(&small::network().write().path, &BTreeMap::new());
}

/// The state that comes out goes in again, and both sample rates have branches of their own.
#[test]
fn on_a_voice_detector_with_a_state() {
    let (_folder, path) = bundled("silero_vad.onnx");
    for (rate, samples) in [(16_000.0, 576), (8_000.0, 288)] {
        let mut inputs = open_inputs("silero_vad.onnx");
        inputs.get_mut("sr").unwrap().fill = Some(rate);
        inputs.get_mut("input").unwrap().shape = vec![1, samples];
        let mut prepared = prepare(&usual(), &path, &inputs).unwrap();
        let mut state: Option<Output> = None;
        for seed in 1..6 {
            let mut given = tensors(prepared.as_ref(), &inputs, seed);
            if let Some(state) = state.take() {
                given[1].data = TensorData::F32(state.values);
            }
            let mut outputs = prepared.execute(&given).unwrap();
            assert_close(&outputs, &reference(&path, &given));
            state = outputs.pop();
        }
    }
}
