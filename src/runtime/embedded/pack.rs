//! Packing: every layer takes its weights from the store, makes of them what its kernel reads, and gives them back.
//!
//! All consumers are announced before the first takes anything, so the store knows when a weight has gone through its last
//! hands. Layers are packed in parallel; each holds one temporary copy at most (weights with a normalisation folded in),
//! so the peak of the preparation grows with the number of threads.
//!
//! The largest layers come first. No thread is then left with a large one at the end, and where the heap has put the first
//! temporary copy there is room for all later ones: inception_v3 takes 13 MB more in the order of the file.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::sync::{Mutex, PoisonError};

use super::error::EmbeddedError;
use super::graph::{Block, Constant, Graph, Layer, LayerKind, Node, PackedKernel, PackedLayer, ValueId, Work};
use super::kernels::{PackedConv, PackedDense};
use super::operator::Normalization;
use super::prune::drop_unread;
use super::tensor::{Values, View, elements};
use super::weights::{Taken, WeightStore};

/// Packs every layer of the graph; with `packs` not set, weights that can be used where they lie are. Runs on the threads
/// of the pool that it is called in.
pub(super) fn pack_layers(graph: &mut Graph, store: &mut WeightStore, packs: bool) -> Result<(), EmbeddedError> {
    announce(graph, store, packs)?;
    let Graph { constants, block, .. } = graph;
    let mut layers = Vec::new();
    collect(block, &mut layers);
    let (store, constants) = (&*store, constants.as_slice());
    let weights = |node: &&mut Node| match &node.work {
        Work::Layer(layer) => {
            constants.get(layer.weights).and_then(Option::as_ref).map(|weights| elements(weights.shape()))
        }
        _ => None,
    };
    layers.sort_by_key(|node| Reverse(weights(node)));
    let queue = Mutex::new(layers.into_iter());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    let ended = rayon::broadcast(|_| {
        while let Some(node) = next() {
            let Work::Layer(layer) = &node.work else { continue };
            let packed = pack(layer, constants, store, packs).map_err(|fault| fault.at(node))?;
            node.work = Work::Packed(packed);
        }
        Ok(())
    });
    ended.into_iter().collect::<Result<(), EmbeddedError>>()?;
    drop(queue);
    // What was packed into kernels is no longer read.
    drop_unread(graph);
    Ok(())
}

/// Bytes that all packed layers hold.
pub(super) fn packed_bytes(graph: &Graph) -> u64 {
    let mut bytes = 0_u64;
    graph.block.each_node(&mut |node| {
        if let Work::Packed(layer) = &node.work {
            bytes = bytes.saturating_add(match &layer.kernel {
                PackedKernel::Convolution(kernel) => kernel.packed_bytes(),
                PackedKernel::Dense(kernel) => kernel.packed_bytes(),
            });
        }
    });
    bytes
}

/// Tells the store who will take each weight, and what is read while the model runs.
fn announce(graph: &Graph, store: &mut WeightStore, packs: bool) -> Result<(), EmbeddedError> {
    let Graph { constants, block, .. } = graph;
    let mut takes: Vec<u32> = vec![0; constants.len()];
    let mut reads: Vec<bool> = vec![false; constants.len()];
    let mut kept = |value: ValueId| reads.get_mut(value).into_iter().for_each(|kept| *kept = true);
    let mut outputs = |block: &Block| block.outputs.iter().for_each(|value| kept(*value));
    each_block(block, &mut outputs);
    block.each_node(&mut |node| {
        node.inputs.iter().flatten().for_each(|value| kept(*value));
        if let Work::Layer(layer) = &node.work {
            for value in layer.constants() {
                takes.get_mut(value).into_iter().for_each(|count| *count = count.saturating_add(1));
            }
            if !packs && layer.can_borrow() {
                kept(layer.weights);
            }
        }
    });
    for ((constant, takes), reads) in constants.iter().zip(takes).zip(reads) {
        if let Some(Constant::Weight { id, .. }) = constant {
            store.announce(*id, takes, reads)?;
        }
    }
    Ok(())
}

fn each_block(block: &Block, visit: &mut dyn FnMut(&Block)) {
    visit(block);
    block.nodes.iter().flat_map(|node| &node.branches).for_each(|branch| each_block(branch, visit));
}

/// All nodes with layers, those of branches too.
fn collect<'a>(block: &'a mut Block, layers: &mut Vec<&'a mut Node>) {
    for node in &mut block.nodes {
        match node.work {
            Work::Layer(_) => layers.push(node),
            _ => node.branches.iter_mut().for_each(|branch| collect(branch, layers)),
        }
    }
}

/// What can go wrong with one layer.
enum Fault {
    /// Its kernel refuses it.
    Kernel(String),
    /// The store does.
    Other(EmbeddedError),
}

impl Fault {
    fn at(self, node: &Node) -> EmbeddedError {
        match self {
            Fault::Kernel(message) => node.error(message),
            Fault::Other(error) => error,
        }
    }
}

impl From<String> for Fault {
    fn from(message: String) -> Fault {
        Fault::Kernel(message)
    }
}

impl Layer {
    /// Whether the kernel could read the weights where they lie.
    fn can_borrow(&self) -> bool {
        !matches!(self.kind, LayerKind::Convolution { normalization: Some(_), .. })
    }
}

/// Packs one layer. Everything it has taken is given back when this returns.
fn pack(layer: &Layer, constants: &[Option<Constant>], store: &WeightStore, packs: bool) -> Result<PackedLayer, Fault> {
    let held = |value| Held::take(value, constants, store);
    let weights = held(layer.weights)?;
    let bias = layer.bias.map(held).transpose()?;
    let (values, activation) = (weights.floats()?, layer.activation);
    let weights = View { shape: weights.shape, values: Values::F32(&values) };
    let bias_values = bias.as_ref().map(Held::floats).transpose()?;
    let bias_values = bias_values.as_deref();
    let kernel = match &layer.kind {
        LayerKind::Convolution { window, groups, normalization } => {
            let parameters = match normalization {
                Some(folded) => {
                    Some((folded.parameters.map(held).into_iter().collect::<Result<Vec<_>, _>>()?, folded.epsilon))
                }
                None => None,
            };
            let parameters = match &parameters {
                Some((held, epsilon)) => {
                    Some((held.iter().map(Held::floats).collect::<Result<Vec<_>, _>>()?, *epsilon))
                }
                None => None,
            };
            let normalization = match &parameters {
                Some((values, epsilon)) => normalization_of(values, *epsilon),
                None => None,
            };
            let packed = PackedConv::pack(*window, *groups, weights, bias_values, normalization, activation, packs)?;
            PackedKernel::Convolution(packed)
        }
        LayerKind::MatMul => PackedKernel::Dense(PackedDense::pack_matmul(weights, activation, packs)?),
        LayerKind::Gemm(gemm) => {
            let shape = bias.as_ref().map_or(&[][..], |bias| bias.shape);
            let bias = bias_values.map(|values| View { shape, values: Values::F32(values) });
            PackedKernel::Dense(PackedDense::pack_gemm(*gemm, weights, bias, activation, packs)?)
        }
    };
    let borrows = match &kernel {
        PackedKernel::Convolution(kernel) => kernel.borrows_weights(),
        PackedKernel::Dense(kernel) => kernel.borrows_weights(),
    };
    Ok(PackedLayer { kernel, borrowed: borrows.then_some(layer.weights) })
}

fn normalization_of<'a>(values: &'a [Cow<'_, [f32]>], epsilon: f32) -> Option<Normalization<'a>> {
    match values {
        [scale, bias, mean, variance] => Some(Normalization { scale, bias, mean, variance, epsilon }),
        _ => None,
    }
}

/// A constant in the hands of one layer.
struct Held<'a> {
    shape: &'a [usize],
    source: Source<'a>,
}

enum Source<'a> {
    Graph(&'a [f32]),
    Store(Taken<'a>),
}

impl<'a> Held<'a> {
    fn take(value: ValueId, constants: &'a [Option<Constant>], store: &'a WeightStore) -> Result<Held<'a>, Fault> {
        let floats = || Fault::Kernel("its weights are no constant floats".into());
        match constants.get(value).and_then(Option::as_ref).ok_or_else(floats)? {
            Constant::Tensor(tensor) => match tensor.view().values {
                Values::F32(values) => Ok(Held { shape: &tensor.shape, source: Source::Graph(values) }),
                _ => Err(floats()),
            },
            Constant::Weight { id, shape, .. } => {
                let taken = store.take(*id).map_err(Fault::Other)?;
                Ok(Held { shape, source: Source::Store(taken) })
            }
        }
    }

    fn floats(&self) -> Result<Cow<'_, [f32]>, Fault> {
        let values = match &self.source {
            Source::Graph(values) => Cow::Borrowed(*values),
            Source::Store(taken) => taken.floats(),
        };
        match elements(self.shape) == Some(values.len()) {
            true => Ok(values),
            false => Err(Fault::Kernel(format!("{} values for the shape {:?}", values.len(), self.shape))),
        }
    }
}
