//! The operators that there are, and how the simple ones are read.

use std::ops::RangeInclusive;

use super::constants::{element, tensor};
use super::reading::Reading;
use super::{Fault, layers};
use crate::runtime::embedded::operator::{Binary, Operator, PadMode, Reduction, Unary};
use crate::runtime::embedded::tensor::{Buffer, Tensor, elements};

type Reader = fn(&mut Reading<'_>) -> Result<Operator, Fault>;

/// An operator of ONNX.
pub(super) struct Entry {
    /// Its name.
    pub(super) name: &'static str,
    /// How many inputs it takes, at least and at most.
    pub(super) inputs: RangeInclusive<usize>,
    /// How many outputs it has at most; the first must be there.
    pub(super) outputs: usize,
    /// How it is read.
    pub(super) read: Reader,
}

const fn entry(name: &'static str, least: usize, most: usize, read: Reader) -> Entry {
    Entry { name, inputs: least..=most, outputs: 1, read }
}

const ANY: usize = usize::MAX;

/// All operators but `Constant` and `If`, which are no computations of their own.
const OPERATORS: &[Entry] = &[
    entry("Add", 2, 2, |_| Ok(Operator::Binary(Binary::Add))),
    entry("AveragePool", 1, 1, layers::average_pool),
    entry("BatchNormalization", 5, 5, layers::batch_normalization),
    entry("Cast", 1, 1, cast),
    entry("Clip", 1, 3, clip),
    entry("Concat", 1, ANY, |node| Ok(Operator::Concat { axis: required(node, "axis")? })),
    entry("ConstantOfShape", 1, 1, constant_of_shape),
    entry("Conv", 2, 3, layers::conv),
    entry("Div", 2, 2, |_| Ok(Operator::Binary(Binary::Div))),
    entry("Dropout", 1, 3, dropout),
    entry("Equal", 2, 2, |_| Ok(Operator::Binary(Binary::Equal))),
    entry("Erf", 1, 1, |_| Ok(Operator::Unary(Unary::Erf))),
    entry("Exp", 1, 1, |_| Ok(Operator::Unary(Unary::Exp))),
    entry("Expand", 2, 2, |_| Ok(Operator::Expand)),
    entry("Flatten", 1, 1, |node| Ok(Operator::Flatten { axis: node.attributes.integer("axis")?.unwrap_or(1) })),
    entry("Gather", 2, 2, |node| Ok(Operator::Gather { axis: node.attributes.integer("axis")?.unwrap_or(0) })),
    entry("Gemm", 2, 3, layers::gemm),
    entry("GlobalAveragePool", 1, 1, |_| Ok(Operator::GlobalAveragePool)),
    entry("HardSigmoid", 1, 1, hard_sigmoid),
    entry("Identity", 1, 1, |_| Ok(Operator::Identity)),
    Entry { name: "LSTM", inputs: 3..=8, outputs: 3, read: layers::lstm },
    entry("LayerNormalization", 2, 3, layers::layer_normalization),
    entry("MatMul", 2, 2, |_| Ok(Operator::MatMul)),
    entry("MaxPool", 1, 1, layers::max_pool),
    entry("Mul", 2, 2, |_| Ok(Operator::Binary(Binary::Mul))),
    entry("Neg", 1, 1, |_| Ok(Operator::Unary(Unary::Neg))),
    entry("Not", 1, 1, |_| Ok(Operator::Unary(Unary::Not))),
    entry("Pad", 1, 4, pad),
    entry("Pow", 2, 2, |_| Ok(Operator::Binary(Binary::Pow))),
    entry("ReduceMean", 1, 2, |node| reduce(node, Reduction::Mean, 18)),
    entry("ReduceSum", 1, 2, |node| reduce(node, Reduction::Sum, 13)),
    entry("Relu", 1, 1, |_| Ok(Operator::Unary(Unary::Relu))),
    entry("Reshape", 2, 2, |node| Ok(Operator::Reshape { allows_zero: node.attributes.flag("allowzero")? })),
    entry("Shape", 1, 1, shape),
    entry("Sigmoid", 1, 1, |_| Ok(Operator::Unary(Unary::Sigmoid))),
    entry("Size", 1, 1, |_| Ok(Operator::Size)),
    entry("Slice", 1, 5, slice),
    entry("Softmax", 1, 1, softmax),
    entry("Sqrt", 1, 1, |_| Ok(Operator::Unary(Unary::Sqrt))),
    entry("Squeeze", 1, 2, |node| axes(node, Operator::Squeeze)),
    entry("Sub", 2, 2, |_| Ok(Operator::Binary(Binary::Sub))),
    entry("Tanh", 1, 1, |_| Ok(Operator::Unary(Unary::Tanh))),
    entry("Transpose", 1, 1, transpose),
    entry("Unsqueeze", 1, 2, |node| axes(node, Operator::Unsqueeze)),
    entry("Where", 3, 3, |_| Ok(Operator::Where)),
];

/// How many operators there are.
pub(super) const COUNT: usize = OPERATORS.len() + 2;

/// The operator of that name.
pub(super) fn find(name: &str) -> Option<&'static Entry> {
    OPERATORS.iter().find(|entry| entry.name == name)
}

/// An integer that must be given.
pub(super) fn required(node: &mut Reading<'_>, name: &str) -> Result<i64, Fault> {
    node.attributes.integer(name)?.ok_or_else(|| Fault::Invalid(format!("attribute `{name}` is missing")))
}

fn cast(node: &mut Reading<'_>) -> Result<Operator, Fault> {
    // It concerns 8-bit floats alone.
    node.attributes.ignore("saturate");
    let to = i32::try_from(required(node, "to")?).map_err(|_| Fault::Invalid("attribute `to` is no type".into()))?;
    Ok(Operator::Cast(element(Some(rten_onnx::onnx::DataType(to)))?))
}

fn clip(node: &mut Reading<'_>) -> Result<Operator, Fault> {
    if node.version < 11 {
        node.float_to_input("min", 1)?;
        node.float_to_input("max", 2)?;
    }
    Ok(Operator::Clip)
}

fn constant_of_shape(node: &mut Reading<'_>) -> Result<Operator, Fault> {
    let value = match node.attributes.tensor("value")? {
        Some(proto) => tensor(proto)?,
        None => Tensor { shape: vec![1], buffer: Buffer::F32(vec![0.0]) },
    };
    match elements(&value.shape) {
        Some(1) => Ok(Operator::ConstantOfShape(value)),
        _ => Err(Fault::Invalid("attribute `value` is not one value".into())),
    }
}

/// Nothing is dropped when a model only runs: the input is the output.
fn dropout(node: &mut Reading<'_>) -> Result<Operator, Fault> {
    node.attributes.ignore("ratio");
    node.attributes.ignore("seed");
    if matches!(node.inputs.get(2), Some(Some(_))) {
        let trains = node.constant(2).and_then(|constant| constant.tensor()).map(|tensor| &tensor.buffer);
        if !matches!(trains, Some(Buffer::Bool(values)) if values.as_slice() == [false]) {
            return Err(Fault::Unsupported("an input `training_mode` that is not false".into()));
        }
    }
    node.inputs.truncate(1);
    Ok(Operator::Identity)
}

fn hard_sigmoid(node: &mut Reading<'_>) -> Result<Operator, Fault> {
    let alpha = node.attributes.float("alpha")?.unwrap_or(0.2);
    let beta = node.attributes.float("beta")?.unwrap_or(0.5);
    Ok(Operator::Unary(Unary::HardSigmoid { alpha, beta }))
}

fn pad(node: &mut Reading<'_>) -> Result<Operator, Fault> {
    let mode = match node.attributes.string("mode").unwrap_or("constant") {
        "constant" => PadMode::Constant,
        "reflect" => PadMode::Reflect,
        "edge" => PadMode::Edge,
        other => return Err(Fault::Unsupported(format!("attribute `mode` = `{other}`"))),
    };
    if node.version < 11 {
        node.list_to_input("pads", 1);
        node.float_to_input("value", 2)?;
    }
    Ok(Operator::Pad(mode))
}

/// `since` is the version of the operator set from which on the axes are an input.
fn reduce(node: &mut Reading<'_>, kind: Reduction, since: i64) -> Result<Operator, Fault> {
    if node.version < since {
        node.list_to_input("axes", 1);
    }
    let keeps = node.attributes.integer("keepdims")?.unwrap_or(1) != 0;
    Ok(Operator::Reduce { kind, keeps, empty_is_none: node.attributes.flag("noop_with_empty_axes")? })
}

fn shape(node: &mut Reading<'_>) -> Result<Operator, Fault> {
    let start = node.attributes.integer("start")?.unwrap_or(0);
    Ok(Operator::Shape { start, end: node.attributes.integer("end")? })
}

fn slice(node: &mut Reading<'_>) -> Result<Operator, Fault> {
    if node.version < 10 {
        node.list_to_input("starts", 1);
        node.list_to_input("ends", 2);
        node.list_to_input("axes", 3);
    }
    Ok(Operator::Slice)
}

fn softmax(node: &mut Reading<'_>) -> Result<Operator, Fault> {
    let flattens = node.version < 13;
    let default = if flattens { 1 } else { -1 };
    Ok(Operator::Softmax { axis: node.attributes.integer("axis")?.unwrap_or(default), flattens })
}

/// An operator whose axes were an attribute before operator set 13.
fn axes(node: &mut Reading<'_>, operator: Operator) -> Result<Operator, Fault> {
    if node.version < 13 {
        node.list_to_input("axes", 1);
    }
    Ok(operator)
}

fn transpose(node: &mut Reading<'_>) -> Result<Operator, Fault> {
    let order = node.attributes.integers("perm").unwrap_or(&[]);
    let order: Option<Vec<usize>> = order.iter().map(|dimension| usize::try_from(*dimension).ok()).collect();
    order.map(Operator::Transpose).ok_or_else(|| Fault::Invalid("attribute `perm` has a negative dimension".into()))
}
