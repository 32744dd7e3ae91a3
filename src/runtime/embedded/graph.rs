//! The model as it is worked on between file and execution: values by number, nodes in an order in which they can be computed.
//!
//! Values of branches are numbered along with all others, so a branch reads a value of the graph around it by its number,
//! and one table of values serves all of them.

use super::kernels::{PackedConv, PackedDense};
use super::operator::{Activation, Gemm, Groups, Operator, Window};
use super::tensor::{Element, Tensor};
use super::weights::WeightId;

/// Number of a value.
pub(super) type ValueId = usize;

/// A model.
#[derive(Debug)]
pub(super) struct Graph {
    /// What is known of each value from the file alone: the constants.
    pub(super) constants: Vec<Option<Constant>>,
    /// What has to be given.
    pub(super) inputs: Vec<Input>,
    /// What is done, and what comes out.
    pub(super) block: Block,
}

/// An input of the model.
#[derive(Debug)]
pub(super) struct Input {
    /// Its name.
    pub(super) name: String,
    /// Its value.
    pub(super) value: ValueId,
    /// Its element type.
    pub(super) element: Element,
    /// Its dimensions, where the model tells how many there are.
    pub(super) shape: Option<Vec<Extent>>,
}

/// A dimension as the model declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Extent {
    /// Always of this size.
    Fixed(usize),
    /// Of any size; with the name that the model gives it, which may be empty.
    Open(String),
}

/// A value that does not change.
#[derive(Debug)]
pub(super) enum Constant {
    /// Small, or computed: held by the graph.
    Tensor(Tensor),
    /// Held by the weight store.
    Weight {
        /// Its number in the store.
        id: WeightId,
        /// Its element type.
        element: Element,
        /// Its shape.
        shape: Vec<usize>,
    },
}

/// Nodes that are computed one after the other: the whole model, or a branch.
#[derive(Debug, Default)]
pub(super) struct Block {
    /// The nodes. None reads what is computed after it.
    pub(super) nodes: Vec<Node>,
    /// What comes out.
    pub(super) outputs: Vec<ValueId>,
}

/// One computation.
#[derive(Debug)]
pub(super) struct Node {
    /// Its name; where the file gives none, the name of its first output.
    pub(super) name: String,
    /// Name of the operator in ONNX.
    pub(super) operator: &'static str,
    /// What is computed.
    pub(super) work: Work,
    /// What is read; absent inputs are `None`.
    pub(super) inputs: Vec<Option<ValueId>>,
    /// What is written; outputs that nobody named are `None`.
    pub(super) outputs: Vec<Option<ValueId>>,
    /// The two branches of an `If`: where the condition is true, and where it is false. None otherwise.
    pub(super) branches: Vec<Block>,
    /// Values that nobody reads after this node; known when the graph has its final form.
    pub(super) frees: Vec<ValueId>,
}

/// What a node computes, from the file's description to what is ready to run.
#[derive(Debug)]
pub(super) enum Work {
    /// An operator that reads all it needs while it runs.
    Operator(Operator),
    /// An operator with constant weights, and what follows it, before it is packed.
    Layer(Layer),
    /// The same, packed.
    Packed(PackedLayer),
}

/// A convolution or a matrix product with constant weights. Its only input is what the weights are applied to.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    /// Which of them.
    pub(super) kind: LayerKind,
    /// The weights.
    pub(super) weights: ValueId,
    /// What is added to each channel or column.
    pub(super) bias: Option<ValueId>,
    /// What is done with the result.
    pub(super) activation: Activation,
}

/// Kinds of layers.
#[derive(Debug, Clone)]
pub(super) enum LayerKind {
    /// A convolution.
    Convolution {
        /// Its geometry.
        window: Window,
        /// Its groups.
        groups: Groups,
        /// The batch normalisation that follows it.
        normalization: Option<FoldedNormalization>,
    },
    /// `MatMul`.
    MatMul,
    /// `Gemm`.
    Gemm(Gemm),
}

/// A batch normalisation whose parameters are constants.
#[derive(Debug, Clone, Copy)]
pub(super) struct FoldedNormalization {
    /// Scale, bias, mean and variance.
    pub(super) parameters: [ValueId; 4],
    /// Added to the variance.
    pub(super) epsilon: f32,
}

/// A layer that is ready to run.
#[derive(Debug)]
pub(super) struct PackedLayer {
    /// What runs.
    pub(super) kernel: PackedKernel,
    /// The weights, where they were not packed and are read where they lie.
    pub(super) borrowed: Option<ValueId>,
}

/// Kernels with weights of their own.
pub(super) enum PackedKernel {
    /// A convolution.
    Convolution(PackedConv),
    /// A matrix product.
    Dense(PackedDense),
}

impl std::fmt::Debug for PackedKernel {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            PackedKernel::Convolution(_) => "Convolution",
            PackedKernel::Dense(_) => "Dense",
        })
    }
}

impl Constant {
    /// Its element type.
    pub(super) fn element(&self) -> Element {
        match self {
            Constant::Tensor(tensor) => tensor.view().values.element(),
            Constant::Weight { element, .. } => *element,
        }
    }

    /// Its shape.
    pub(super) fn shape(&self) -> &[usize] {
        match self {
            Constant::Tensor(tensor) => &tensor.shape,
            Constant::Weight { shape, .. } => shape,
        }
    }

    /// The tensor, where the graph holds it.
    pub(super) fn tensor(&self) -> Option<&Tensor> {
        match self {
            Constant::Tensor(tensor) => Some(tensor),
            Constant::Weight { .. } => None,
        }
    }
}

impl Graph {
    /// The constant that a value is.
    pub(super) fn constant(&self, value: ValueId) -> Option<&Constant> {
        self.constants.get(value)?.as_ref()
    }
}

impl Block {
    /// Shows every value that is read here or in a branch, as often as it is read. What comes out counts as read.
    pub(super) fn reads(&self, visit: &mut dyn FnMut(ValueId)) {
        for node in &self.nodes {
            node.reads(visit);
        }
        self.outputs.iter().for_each(|value| visit(*value));
    }

    /// Shows every node, those of branches too.
    pub(super) fn each_node(&self, visit: &mut dyn FnMut(&Node)) {
        for node in &self.nodes {
            visit(node);
            node.branches.iter().for_each(|branch| branch.each_node(visit));
        }
    }
}

impl Node {
    /// Shows every value that the node or a branch of it reads, as often as it is read.
    pub(super) fn reads(&self, visit: &mut dyn FnMut(ValueId)) {
        self.inputs.iter().flatten().for_each(|value| visit(*value));
        match &self.work {
            Work::Operator(_) => {}
            Work::Layer(layer) => layer.constants().for_each(&mut *visit),
            Work::Packed(layer) => layer.borrowed.iter().for_each(|value| visit(*value)),
        }
        self.branches.iter().for_each(|branch| branch.reads(visit));
    }
}

impl Layer {
    /// Every constant that the layer is packed from.
    pub(super) fn constants(&self) -> impl Iterator<Item = ValueId> {
        let normalization = match &self.kind {
            LayerKind::Convolution { normalization: Some(folded), .. } => &folded.parameters[..],
            _ => &[],
        };
        [self.weights].into_iter().chain(self.bias).chain(normalization.iter().copied())
    }
}
