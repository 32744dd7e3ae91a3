//! The block that convolutional networks are made of: convolution, batch normalisation kept as a node of its own, and
//! activation.
//!
//! Batch normalisation is not folded into the convolution, since that is how training frameworks write models, and
//! because folding it is work that an engine does at compile time, with new weights beside the old ones.

use super::graph::{Graph, float, integer, integers};
use super::values::Values;

/// What follows a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activation {
    /// Nothing.
    None,
    /// `max(0, x)`.
    Relu,
    /// `min(max(0, x), 6)`, written as `Clip` as frameworks do.
    Relu6,
}

/// Geometry of a convolution; sizes in pixels as `[height, width]`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Kernel {
    size: [usize; 2],
    stride: usize,
    padding: [usize; 2],
    groups: usize,
    scale: f32,
    activation: Activation,
}

impl Kernel {
    /// A square kernel with stride 1, no padding, one group, scale 1 and a ReLU.
    pub(super) fn square(size: usize) -> Kernel {
        Kernel::of([size, size])
    }

    /// A kernel of any size with stride 1, no padding, one group, scale 1 and a ReLU.
    pub(super) fn of(size: [usize; 2]) -> Kernel {
        Kernel { size, stride: 1, padding: [0, 0], groups: 1, scale: 1.0, activation: Activation::Relu }
    }

    /// With another stride.
    pub(super) fn stride(self, stride: usize) -> Kernel {
        Kernel { stride, ..self }
    }

    /// Padded so that stride 1 keeps the picture's size.
    pub(super) fn same(self) -> Kernel {
        Kernel { padding: [self.size[0] / 2, self.size[1] / 2], ..self }
    }

    /// In groups of channels; as many groups as channels make it depthwise.
    pub(super) fn groups(self, groups: usize) -> Kernel {
        Kernel { groups, ..self }
    }

    /// With another scale in its batch normalisation.
    pub(super) fn scale(self, scale: f32) -> Kernel {
        Kernel { scale, ..self }
    }

    /// With another activation.
    pub(super) fn activation(self, activation: Activation) -> Kernel {
        Kernel { activation, ..self }
    }
}

/// A value with its number of channels.
#[derive(Debug, Clone)]
pub(super) struct Features {
    /// Name of the value, `[1, channels, height, width]`.
    pub(super) value: String,
    /// Number of channels.
    pub(super) channels: usize,
}

/// Convolution to `channels` channels, batch normalisation and activation.
pub(super) fn convolve(graph: &mut Graph, input: &Features, channels: usize, kernel: Kernel) -> Features {
    let [height, width] = kernel.size;
    let depth = input.channels / kernel.groups;
    let weights = graph.weight("w", &[channels, depth, height, width], Values::he(depth * height * width));
    let [top, left] = kernel.padding;
    // Attributes stand in alphabetical order, as the onnx package writes them.
    let attributes = vec![
        integers("dilations", &[1, 1]),
        integer("group", kernel.groups as i64),
        integers("kernel_shape", &kernel.size),
        integers("pads", &[top, left, top, left]),
        integers("strides", &[kernel.stride, kernel.stride]),
    ];
    let convolved = graph.operator("Conv", &[&input.value, &weights], attributes);
    let normalised = normalise(graph, &convolved, channels, kernel.scale);
    Features { value: activate(graph, normalised, kernel.activation), channels }
}

fn normalise(graph: &mut Graph, input: &str, channels: usize, scale: f32) -> String {
    let mut parameter = |label, value| graph.weight(label, &[channels], Values::Constant(value));
    let scale = parameter("g", scale);
    let bias = parameter("be", 0.0);
    let mean = parameter("m", 0.0);
    let variance = parameter("v", 1.0);
    graph.operator("BatchNormalization", &[input, &scale, &bias, &mean, &variance], vec![float("epsilon", 1e-3)])
}

fn activate(graph: &mut Graph, input: String, activation: Activation) -> String {
    match activation {
        Activation::None => input,
        Activation::Relu => graph.operator("Relu", &[&input], Vec::new()),
        Activation::Relu6 => {
            let (low, high) = (graph.scalar("c0", 0.0), graph.scalar("c6", 6.0));
            graph.operator("Clip", &[&input, &low, &high], Vec::new())
        }
    }
}

/// Largest values of 3 × 3 pixels with stride 2, of a picture that is `padding` pixels larger on every side.
pub(super) fn max_pool(graph: &mut Graph, input: &Features, padding: usize) -> Features {
    let attributes =
        vec![integers("kernel_shape", &[3, 3]), integers("pads", &[padding; 4]), integers("strides", &[2, 2])];
    let value = graph.operator("MaxPool", &[&input.value], attributes);
    Features { value, channels: input.channels }
}

/// Average over the picture, then a dense layer to the 1000 classes of ImageNet, as output `logits`.
pub(super) fn classify(graph: &mut Graph, input: &Features) {
    const CLASSES: usize = 1000;
    let pooled = graph.operator("GlobalAveragePool", &[&input.value], Vec::new());
    let flat = graph.operator("Flatten", &[&pooled], vec![integer("axis", 1)]);
    let weights = graph.weight("w", &[CLASSES, input.channels], Values::Normal { deviation: 0.01 });
    let bias = graph.weight("b", &[CLASSES], Values::Constant(0.0));
    let logits = graph.operator("Gemm", &[&flat, &weights, &bias], vec![integer("transB", 1)]);
    graph.output("logits", &logits, &[1, CLASSES]);
}
