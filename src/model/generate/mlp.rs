//! Dense layers and nothing else: the network whose weights engines prepack, at any size.

use rten_onnx::onnx::DataType;

use super::graph::Graph;
use super::values::Values;

/// The network: `input` f32 `[batch,width]` → `output` f32 `[batch,width]`; `layers * width² * 4` bytes of weights, no
/// biases, ReLU between layers.
pub(super) fn graph(layers: usize, width: usize, batch: usize) -> Graph {
    let mut graph = Graph::new("mlp", 13);
    let mut value = graph.input("input", DataType::FLOAT, &[batch, width]);
    for layer in 0..layers {
        if layer > 0 {
            value = graph.operator("Relu", &[&value], Vec::new());
        }
        let weights = graph.weight("w", &[width, width], Values::he(width));
        value = graph.operator("MatMul", &[&value, &weights], Vec::new());
    }
    graph.output("output", &value, &[batch, width]);
    graph
}
