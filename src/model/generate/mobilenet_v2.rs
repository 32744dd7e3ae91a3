//! MobileNet v2 with width 1.0: Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks", 2018, table 2.

use rten_onnx::onnx::DataType;

use super::convolution::{Activation, Features, Kernel, classify, convolve};
use super::graph::Graph;

/// A row of table 2 of the paper.
struct Stage {
    expansion: usize,
    channels: usize,
    repeats: usize,
    stride: usize,
}

const fn stage(expansion: usize, channels: usize, repeats: usize, stride: usize) -> Stage {
    Stage { expansion, channels, repeats, stride }
}

const STAGES: [Stage; 7] = [
    stage(1, 16, 1, 1),
    stage(6, 24, 2, 2),
    stage(6, 32, 3, 2),
    stage(6, 64, 4, 2),
    stage(6, 96, 3, 1),
    stage(6, 160, 3, 2),
    stage(6, 320, 1, 1),
];

/// The network: `input` f32 `[1,3,224,224]` → `logits` f32 `[1,1000]`; 3.5 million parameters.
pub(super) fn graph() -> Graph {
    let mut graph = Graph::new("mobilenet_v2", 13);
    let input = Features { value: graph.input("input", DataType::FLOAT, &[1, 3, 224, 224]), channels: 3 };
    let mut features = convolve(&mut graph, &input, 32, relu6(Kernel::square(3).same().stride(2)));
    for stage in &STAGES {
        for repeat in 0..stage.repeats {
            let stride = if repeat == 0 { stage.stride } else { 1 };
            features = inverted_residual(&mut graph, &features, stage, stride);
        }
    }
    let features = convolve(&mut graph, &features, 1280, relu6(Kernel::square(1)));
    classify(&mut graph, &features);
    graph
}

/// Expand, filter each channel by itself, project; with a shortcut where input and output have the same shape.
fn inverted_residual(graph: &mut Graph, input: &Features, stage: &Stage, stride: usize) -> Features {
    let hidden = input.channels * stage.expansion;
    let expanded = match stage.expansion {
        1 => input.clone(),
        _ => convolve(graph, input, hidden, relu6(Kernel::square(1))),
    };
    let depthwise = relu6(Kernel::square(3).same().stride(stride).groups(hidden));
    let filtered = convolve(graph, &expanded, hidden, depthwise);
    let mut projected = convolve(graph, &filtered, stage.channels, Kernel::square(1).activation(Activation::None));
    if stride == 1 && input.channels == stage.channels {
        projected.value = graph.operator("Add", &[&input.value, &projected.value], Vec::new());
    }
    projected
}

fn relu6(kernel: Kernel) -> Kernel {
    kernel.activation(Activation::Relu6)
}
