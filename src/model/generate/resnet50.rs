//! ResNet-50: He et al., "Deep Residual Learning for Image Recognition", 2015, table 1, with the strides in the 3 × 3
//! convolutions, as torchvision has it (version 1.5).

use rten_onnx::onnx::DataType;

use super::convolution::{Activation, Features, Kernel, classify, convolve, max_pool};
use super::graph::Graph;

/// A column of table 1 of the paper.
struct Stage {
    /// Channels within a block; it gives out four times as many.
    width: usize,
    blocks: usize,
    /// Stride of the first block.
    stride: usize,
}

const fn stage(width: usize, blocks: usize, stride: usize) -> Stage {
    Stage { width, blocks, stride }
}

/// Scale of the last normalisation of each block. With 1, sums with their shortcuts would grow from block to block until
/// the logits are in the hundreds, since random weights come without the statistics that would normalise them. Training
/// begins with 0 (Goyal et al., "Accurate, Large Minibatch SGD", 2017, section 5.1), which would leave nothing to compute.
const BRANCH_SCALE: f32 = 0.25;

const STAGES: [Stage; 4] = [stage(64, 3, 1), stage(128, 4, 2), stage(256, 6, 2), stage(512, 3, 2)];

/// The network: `input` f32 `[1,3,224,224]` → `logits` f32 `[1,1000]`; 25.6 million parameters.
pub(super) fn graph() -> Graph {
    let mut graph = Graph::new("resnet50", 13);
    let input = Features { value: graph.input("input", DataType::FLOAT, &[1, 3, 224, 224]), channels: 3 };
    let features = convolve(&mut graph, &input, 64, Kernel::square(7).same().stride(2));
    let mut features = max_pool(&mut graph, &features, 1);
    for stage in &STAGES {
        for block in 0..stage.blocks {
            features = bottleneck(&mut graph, &features, stage, block == 0);
        }
    }
    classify(&mut graph, &features);
    graph
}

/// Narrow, filter, widen, and add the input: as it is, or projected to the new shape by the first block of a stage.
fn bottleneck(graph: &mut Graph, input: &Features, stage: &Stage, is_first: bool) -> Features {
    let stride = if is_first { stage.stride } else { 1 };
    let channels = 4 * stage.width;
    let linear = Kernel::square(1).activation(Activation::None);
    let narrow = convolve(graph, input, stage.width, Kernel::square(1));
    let filtered = convolve(graph, &narrow, stage.width, Kernel::square(3).same().stride(stride));
    let wide = convolve(graph, &filtered, channels, linear.scale(BRANCH_SCALE));
    let shortcut = if is_first { convolve(graph, input, channels, linear.stride(stride)) } else { input.clone() };
    let sum = graph.operator("Add", &[&shortcut.value, &wide.value], Vec::new());
    Features { value: graph.operator("Relu", &[&sum], Vec::new()), channels }
}
