//! What a node makes of its inputs: element types and shapes of its outputs, before the model runs as far as they can
//! be known then, and in full when it runs.
//!
//! Everything here comes from a file that may be malformed: each rule checks types, ranks and sizes, and no tensor has
//! more than [`axes::MOST_ELEMENTS`] elements, so that arithmetic on shapes and offsets cannot overflow afterwards. The
//! kernels are entered only with outputs of the types and shapes that [`infer`] gives, and rely on that.

pub(super) mod axes;
mod computations;
mod facts;
mod moves;
pub(super) mod targets;

use super::operator::Operator;
use super::tensor::{Buffer, Element, Tensor, View, elements};
use facts::Facts;
pub(super) use facts::word;

/// What is known of a tensor before or while the model runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fact<'a> {
    /// Type of its elements.
    pub(super) element: Element,
    /// Its shape, if that does not depend on values that are not known yet.
    pub(super) shape: Option<&'a [usize]>,
    /// Its values: those of a constant, and those of any tensor when the model runs.
    pub(super) values: Option<View<'a>>,
}

/// An output of a node, as inferred.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Declared {
    /// Type of its elements.
    pub(super) element: Element,
    /// Its shape; absent where it depends on values that are not known yet.
    pub(super) shape: Option<Vec<usize>>,
}

impl<'a> From<View<'a>> for Fact<'a> {
    /// Everything about a tensor that exists.
    fn from(view: View<'a>) -> Self {
        Fact { element: view.values.element(), shape: Some(view.shape), values: Some(view) }
    }
}

/// Element types and shapes of the first `outputs` outputs of a node. Where all inputs have values, all shapes are
/// known.
///
/// An `If` is refused: what it gives is what its graphs give.
pub(super) fn infer(operator: &Operator, inputs: &[Option<Fact<'_>>], outputs: usize) -> Result<Vec<Declared>, String> {
    let facts = Facts::new(inputs, most_inputs(operator))?;
    let declared = match operator {
        Operator::Lstm(lstm) => computations::lstm(*lstm, facts)?,
        _ => vec![only_output(operator, facts)?],
    };
    if outputs > declared.len() {
        return Err(format!("output {outputs} of an operator that is supported with {}", declared.len()));
    }
    declared.into_iter().take(outputs).map(checked).collect()
}

/// The values of `Shape` and `Size`, which need nothing of their input but its shape; no other operator has any.
pub(super) fn values_of_shape(operator: &Operator, shape: &[usize]) -> Option<Tensor> {
    let numbers = |sizes: &[usize]| sizes.iter().map(|size| i64::try_from(*size).ok()).collect::<Option<Vec<_>>>();
    match operator {
        Operator::Shape { start, end } => {
            let values = numbers(&shape[targets::dimensions(*start, *end, shape.len())])?;
            Some(Tensor { shape: vec![values.len()], buffer: Buffer::I64(values) })
        }
        Operator::Size => {
            let values = numbers(&[elements(shape)?])?;
            Some(Tensor { shape: Vec::new(), buffer: Buffer::I64(values) })
        }
        _ => None,
    }
}

/// Refuses a tensor that is too large.
fn checked(declared: Declared) -> Result<Declared, String> {
    declared.shape.as_deref().map_or(Ok(()), axes::check_size)?;
    Ok(declared)
}

/// The most inputs that an operator has.
fn most_inputs(operator: &Operator) -> usize {
    match operator {
        Operator::Concat { .. } => usize::MAX,
        Operator::Lstm(_) => 8,
        Operator::BatchNormalization { .. } | Operator::Slice => 5,
        Operator::Pad(_) => 4,
        Operator::Conv(..)
        | Operator::LayerNormalization { .. }
        | Operator::Gemm(_)
        | Operator::Clip
        | Operator::Where => 3,
        Operator::MatMul
        | Operator::Binary(_)
        | Operator::Reduce { .. }
        | Operator::Reshape { .. }
        | Operator::Squeeze
        | Operator::Unsqueeze
        | Operator::Gather { .. }
        | Operator::Expand => 2,
        Operator::MaxPool(_)
        | Operator::AveragePool(..)
        | Operator::GlobalAveragePool
        | Operator::Unary(_)
        | Operator::Cast(_)
        | Operator::Softmax { .. }
        | Operator::Shape { .. }
        | Operator::Size
        | Operator::Flatten { .. }
        | Operator::Transpose(_)
        | Operator::ConstantOfShape(_)
        | Operator::If
        | Operator::Identity => 1,
    }
}

/// The output of an operator that has one.
fn only_output(operator: &Operator, facts: Facts<'_>) -> Result<Declared, String> {
    match operator {
        Operator::Conv(window, _) => computations::conv(*window, facts),
        Operator::MaxPool(window) | Operator::AveragePool(window, _) => computations::pool(*window, facts),
        Operator::GlobalAveragePool => computations::global_average_pool(facts),
        Operator::BatchNormalization { .. } => computations::batch_normalization(facts),
        Operator::LayerNormalization { axis, .. } => computations::layer_normalization(*axis, facts),
        Operator::Gemm(gemm) => computations::gemm(*gemm, facts),
        Operator::MatMul => computations::matmul(facts),
        Operator::Unary(unary) => computations::unary(*unary, facts),
        Operator::Binary(binary) => computations::binary(*binary, facts),
        Operator::Clip => computations::clip(facts),
        Operator::Where => computations::select(facts),
        Operator::Cast(element) => computations::cast(*element, facts),
        Operator::Softmax { axis, .. } => computations::softmax(*axis, facts),
        Operator::Reduce { kind, keeps, empty_is_none } => computations::reduce(*kind, *keeps, *empty_is_none, facts),
        Operator::Shape { start, end } => moves::shape(*start, *end, facts),
        Operator::Size => moves::size(facts),
        Operator::Reshape { allows_zero } => moves::reshape(*allows_zero, facts),
        Operator::Flatten { axis } => moves::flatten(*axis, facts),
        Operator::Squeeze => moves::squeeze(facts),
        Operator::Unsqueeze => moves::unsqueeze(facts),
        Operator::Transpose(order) => moves::transpose(order, facts),
        Operator::Concat { axis } => moves::concat(*axis, facts),
        Operator::Slice => moves::slice(facts),
        Operator::Gather { axis } => moves::gather(*axis, facts),
        Operator::Expand => moves::expand(facts),
        Operator::ConstantOfShape(value) => moves::constant_of_shape(value, facts),
        Operator::Pad(mode) => moves::pad(*mode, facts),
        Operator::Identity => moves::identity(facts),
        Operator::If => Err("`If` has the outputs of its graphs".to_owned()),
        Operator::Lstm(_) => Err("`LSTM` has several outputs".to_owned()),
    }
}
