//! Layers: convolutions and matrix products with constant weights, together with what follows them.
//!
//! A batch normalisation behind a convolution is a change of its weights, and a `Relu` or `Clip` can be done while the
//! result is still in the cache. Both need that nobody else reads what lies between.

use std::collections::HashMap;

use super::graph::{Block, Constant, FoldedNormalization, Graph, Layer, LayerKind, Node, ValueId, Work};
use super::operator::{Activation, Gemm, Operator, Unary};
use super::tensor::{Buffer, Element, elements};

/// Turns nodes with constant weights into layers.
pub(super) fn make_layers(graph: &mut Graph) {
    let Graph { constants, block, .. } = graph;
    each_block(block, &mut |block| {
        for node in &mut block.nodes {
            if let Some(layer) = layer(node, constants) {
                node.work = Work::Layer(layer);
                node.inputs.truncate(1);
            }
        }
    });
}

/// Moves what follows a layer into it, where that is possible.
pub(super) fn fuse(graph: &mut Graph) {
    let mut readers = vec![0_u32; graph.constants.len()];
    graph
        .block
        .reads(&mut |value| readers.get_mut(value).into_iter().for_each(|count| *count = count.saturating_add(1)));
    let Graph { constants, block, .. } = graph;
    each_block(block, &mut |block| fuse_block(block, &readers, constants));
}

fn each_block(block: &mut Block, change: &mut dyn FnMut(&mut Block)) {
    change(block);
    block.nodes.iter_mut().flat_map(|node| &mut node.branches).for_each(|branch| each_block(branch, change));
}

/// The layer that a node is, if its weights are constants.
fn layer(node: &Node, constants: &[Option<Constant>]) -> Option<Layer> {
    let Work::Operator(operator) = &node.work else { return None };
    let floats = |input: usize| {
        let value = node.inputs.get(input).copied().flatten()?;
        let constant = constants.get(value)?.as_ref().filter(|constant| constant.element() == Element::F32)?;
        Some((value, constant.shape()))
    };
    let (weights, shape) = floats(1)?;
    let bias = match node.inputs.get(2).copied().flatten() {
        Some(_) => Some(floats(2)?),
        None => None,
    };
    let kind = match operator {
        Operator::Conv(window, groups) => {
            LayerKind::Convolution { window: *window, groups: *groups, normalization: None }
        }
        Operator::MatMul if shape.len() == 2 => LayerKind::MatMul,
        Operator::Gemm(gemm) if shape.len() == 2 && bias.is_none_or(|(_, bias)| is_row(bias, shape, *gemm)) => {
            LayerKind::Gemm(*gemm)
        }
        _ => return None,
    };
    Some(Layer { kind, weights, bias: bias.map(|(value, _)| value), activation: Activation::None })
}

/// Whether the third input of a `Gemm` is the same for every row of the result.
fn is_row(bias: &[usize], weights: &[usize], gemm: Gemm) -> bool {
    let columns = weights.get(usize::from(!gemm.transposes_b)).copied();
    let (last, outer) = bias.split_last().map_or((1, [].as_slice()), |(last, outer)| (*last, outer));
    outer.len() <= 1 && elements(outer) == Some(1) && (last == 1 || Some(last) == columns)
}

fn fuse_block(block: &mut Block, readers: &[u32], constants: &[Option<Constant>]) {
    let mut nodes: Vec<Node> = Vec::with_capacity(block.nodes.len());
    let mut layers: HashMap<ValueId, usize> = HashMap::new();
    for node in block.nodes.drain(..) {
        let input = node.inputs.first().copied().flatten().filter(|value| readers.get(*value) == Some(&1));
        let position = input.and_then(|value| layers.get(&value)).copied();
        if let Some(before) = position.and_then(|position| nodes.get_mut(position))
            && absorb(before, &node, constants)
        {
            before.outputs = node.outputs;
            layers.extend(before.outputs.iter().flatten().copied().zip(position));
            continue;
        }
        if let (Work::Layer(_), [Some(output)]) = (&node.work, node.outputs.as_slice()) {
            layers.insert(*output, nodes.len());
        }
        nodes.push(node);
    }
    block.nodes = nodes;
}

/// Makes the layer `before` do what `node`, its only reader, does.
fn absorb(before: &mut Node, node: &Node, constants: &[Option<Constant>]) -> bool {
    let (Work::Layer(layer), Work::Operator(operator)) = (&mut before.work, &node.work) else { return false };
    if layer.activation != Activation::None || node.outputs.len() != 1 {
        return false;
    }
    match (operator, &mut layer.kind) {
        (
            Operator::BatchNormalization { epsilon },
            LayerKind::Convolution { normalization: normalization @ None, .. },
        ) => {
            let Some(parameters) = parameters(node, constants) else { return false };
            *normalization = Some(FoldedNormalization { parameters, epsilon: *epsilon });
        }
        (Operator::Unary(Unary::Relu), _) => layer.activation = Activation::Relu,
        (Operator::Clip, _) => {
            let low = limit(node, 1, f32::NEG_INFINITY, constants);
            let high = limit(node, 2, f32::INFINITY, constants);
            let (Some(low), Some(high)) = (low, high) else { return false };
            layer.activation = Activation::Clip { low, high };
        }
        _ => return false,
    }
    true
}

/// Scale, bias, mean and variance of a batch normalisation, if they are constants of one length.
fn parameters(node: &Node, constants: &[Option<Constant>]) -> Option<[ValueId; 4]> {
    let values: Vec<ValueId> = node.inputs.get(1..5)?.iter().copied().collect::<Option<_>>()?;
    let parameters = <[ValueId; 4]>::try_from(values).ok()?;
    let mut shapes = parameters.iter().map(|value| {
        let constant = constants.get(*value)?.as_ref()?;
        (constant.element() == Element::F32 && constant.shape().len() == 1).then(|| constant.shape())
    });
    let first = shapes.next()??;
    shapes.all(|shape| shape == Some(first)).then_some(parameters)
}

/// A limit of a `Clip`, if it is one constant number or `absent`.
fn limit(node: &Node, input: usize, absent: f32, constants: &[Option<Constant>]) -> Option<f32> {
    let Some(value) = node.inputs.get(input).copied().flatten() else { return Some(absent) };
    match &constants.get(value)?.as_ref()?.tensor()?.buffer {
        Buffer::F32(values) => <[f32; 1]>::try_from(values.as_slice()).ok().map(|[limit]| limit),
        _ => None,
    }
}
