//! The operators, with their attributes read and checked: what a node does, whatever the version of the operator set it was
//! written for. What an operator set turned from an attribute into an input (axes, limits, shapes) is an input here.

use super::tensor::{Element, Tensor};

/// What a node does. Inputs and outputs are those of ONNX, in ONNX's order, unless a variant says otherwise.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Operator {
    /// Convolution over one or two dimensions.
    Conv(Window, Groups),
    /// Largest value of a window.
    MaxPool(Window),
    /// Mean of a window.
    AveragePool(Window, PaddedMean),
    /// Mean of each channel.
    GlobalAveragePool,
    /// `scale * (x - mean) / sqrt(variance + epsilon) + bias` for each channel.
    BatchNormalization {
        /// Added to the variance.
        epsilon: f32,
    },
    /// `(x - mean) / sqrt(variance + epsilon)` over the dimensions from `axis` on, with scale and optional bias.
    LayerNormalization {
        /// First of the dimensions that are normalised over; negative from the end.
        axis: i64,
        /// Added to the variance.
        epsilon: f32,
    },
    /// `alpha * A × B + beta * C`.
    Gemm(Gemm),
    /// Matrix product over the last two dimensions, the others broadcast.
    MatMul,
    /// One value in, one value out.
    Unary(Unary),
    /// Two values in, one value out, broadcast.
    Binary(Binary),
    /// Limits to the second and third input, either of which may be absent.
    Clip,
    /// The second input where the first is true, else the third; broadcast.
    Where,
    /// Elements of another type; floats are cut towards zero, NaN is zero.
    Cast(Element),
    /// `exp(x - max) / sum` along an axis.
    Softmax {
        /// The axis; negative from the end.
        axis: i64,
        /// Whether all dimensions from the axis on are one, as before operator set 13.
        flattens: bool,
    },
    /// Reduction over the axes of the second input; over all where it is absent.
    Reduce {
        /// What is computed.
        kind: Reduction,
        /// Whether reduced dimensions stay with size 1.
        keeps: bool,
        /// Whether an empty or absent list of axes means none instead of all.
        empty_is_none: bool,
    },
    /// The shape of the input, as `i64[rank]`, from dimension `start` to `end`.
    Shape {
        /// First dimension; negative from the end.
        start: i64,
        /// Dimension after the last; negative from the end, absent for all.
        end: Option<i64>,
    },
    /// Number of elements, as an `i64` scalar.
    Size,
    /// Another shape for the same values: the second input, in which 0 keeps a size and -1 fills in.
    Reshape {
        /// Whether 0 means zero.
        allows_zero: bool,
    },
    /// Two dimensions: those before the axis, and those from it on.
    Flatten {
        /// The axis; negative from the end.
        axis: i64,
    },
    /// Without the dimensions of size 1 that the second input names; without all of them where it is absent.
    Squeeze,
    /// With dimensions of size 1 where the second input says.
    Unsqueeze,
    /// Dimensions in another order; reversed where the list is empty.
    Transpose(Vec<usize>),
    /// One after the other along an axis.
    Concat {
        /// The axis; negative from the end.
        axis: i64,
    },
    /// Part of a tensor: inputs are data, starts, ends, axes (may be absent), steps (may be absent).
    Slice,
    /// Slices of the first input along an axis, by the indices of the second.
    Gather {
        /// The axis; negative from the end.
        axis: i64,
    },
    /// Broadcast to the shape that the second input says.
    Expand,
    /// A tensor of the shape that the input says, filled with one value.
    ConstantOfShape(Tensor),
    /// Larger by what the second input says (all starts, then all ends), filled as `mode` says; the third input is the
    /// constant (may be absent: zero), the fourth the axes (may be absent: all).
    Pad(PadMode),
    /// Long short-term memory.
    Lstm(Lstm),
    /// The outputs of one of two graphs. Inputs: the condition.
    If,
    /// The input itself.
    Identity,
}

/// Geometry of a window that slides over a picture, `[height, width]`. One-dimensional windows have height 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    /// Number of dimensions that ONNX gives: 1 or 2.
    pub(super) rank: usize,
    /// Size of the window.
    pub(super) kernel: [usize; 2],
    /// Step of the window.
    pub(super) strides: [usize; 2],
    /// Distance of the window's elements.
    pub(super) dilations: [usize; 2],
    /// What is added around the picture.
    pub(super) padding: Padding,
    /// Whether a last window that does not fit whole counts (pooling only).
    pub(super) ceil: bool,
}

/// What is added around a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Padding {
    /// Rows above, columns left, rows below, columns right.
    Explicit([usize; 4]),
    /// So much that a stride of 1 keeps the size; what is odd goes to the end.
    SameUpper,
    /// The same; what is odd goes to the start.
    SameLower,
}

/// Number of groups of channels that are convolved on their own.
pub(super) type Groups = usize;

/// What the mean of a window at the border is taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PaddedMean {
    /// The whole window.
    IncludesPadding,
    /// Its elements within the picture.
    ExcludesPadding,
}

/// Attributes of `Gemm`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Gemm {
    /// Factor of the product.
    pub(super) alpha: f32,
    /// Factor of the third input.
    pub(super) beta: f32,
    /// Whether the first input is transposed.
    pub(super) transposes_a: bool,
    /// Whether the second input is transposed.
    pub(super) transposes_b: bool,
}

/// Functions of one value; of floats unless said otherwise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Unary {
    /// `max(x, 0)`.
    Relu,
    /// `1 / (1 + exp(-x))`.
    Sigmoid,
    /// `max(0, min(1, alpha * x + beta))`.
    HardSigmoid {
        /// Slope.
        alpha: f32,
        /// Value at 0.
        beta: f32,
    },
    /// Hyperbolic tangent.
    Tanh,
    /// Error function.
    Erf,
    /// Square root.
    Sqrt,
    /// Exponential.
    Exp,
    /// `-x`; also of integers.
    Neg,
    /// Negation of truth values.
    Not,
}

/// Functions of two values: floats or integers of one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binary {
    /// Sum.
    Add,
    /// Difference.
    Sub,
    /// Product.
    Mul,
    /// Quotient; of integers cut towards zero, and an error where the divisor is zero.
    Div,
    /// Power; the exponent may be of another type than the base.
    Pow,
    /// Equality, of any type; gives truth values.
    Equal,
}

/// Reductions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reduction {
    /// Mean; of floats.
    Mean,
    /// Sum; of floats and integers.
    Sum,
}

/// What lies outside of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PadMode {
    /// One value.
    Constant,
    /// The picture mirrored, without its border.
    Reflect,
    /// The border.
    Edge,
}

/// Attributes of `LSTM`: default activations, no clip, no coupled gates, sequence first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lstm {
    /// Width of the hidden state.
    pub(super) hidden: usize,
    /// Which way the sequence is read.
    pub(super) direction: Direction,
}

/// Which way a sequence is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// First element first.
    Forward,
    /// Last element first.
    Reverse,
    /// Both, side by side.
    Both,
}

/// What a convolution or dense layer does to its result before it writes it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Activation {
    /// Nothing.
    None,
    /// `max(x, 0)`.
    Relu,
    /// Limits.
    Clip {
        /// Lowest value.
        low: f32,
        /// Highest value.
        high: f32,
    },
}

/// Batch normalisation that is folded into the convolution before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Normalization<'a> {
    /// Factor of each channel.
    pub(super) scale: &'a [f32],
    /// Summand of each channel.
    pub(super) bias: &'a [f32],
    /// Mean of each channel.
    pub(super) mean: &'a [f32],
    /// Variance of each channel.
    pub(super) variance: &'a [f32],
    /// Added to the variance.
    pub(super) epsilon: f32,
}
