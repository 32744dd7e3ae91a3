//! From an operator to its kernel.

use super::operands::{floats, floats_mut, optional, optional_typed, required, typed, whatever_type};
use super::{
    arithmetic, broadcast, cast, conv, elementwise, fill, gather, joining, lstm, matmul, normalize, pad, pool, reduce,
    slice, softmax, transpose,
};
use crate::runtime::embedded::operator::Operator;
use crate::runtime::embedded::shapes::{Declared, Fact, infer, word};
use crate::runtime::embedded::tensor::{View, ViewMut, elements};

/// Computes a node. Outputs have the element types and shapes that [`infer`] gives; one that nobody needs is absent.
pub(in crate::runtime::embedded) fn run(
    operator: &Operator,
    inputs: &[Option<View<'_>>],
    outputs: &mut [Option<ViewMut<'_>>],
) -> Result<(), String> {
    check_inputs(inputs.iter().flatten())?;
    let facts: Vec<_> = inputs.iter().map(|input| input.map(Fact::from)).collect();
    let declared = infer(operator, &facts, outputs.len())?;
    for (declared, output) in declared.iter().zip(outputs.iter()) {
        output.as_ref().map_or(Ok(()), |output| check_output(declared, output.as_view()))?;
    }
    if let Operator::Lstm(lstm) = operator {
        return lstm::lstm(*lstm, inputs, outputs);
    }
    match outputs {
        [Some(output)] if works_in_place(operator) => {
            let (first, others) = inputs.split_first().ok_or("no inputs")?;
            overwrite(operator, *first, others, output)
        }
        [Some(output)] if is_alias(operator) => copy(required(inputs, 0)?, output),
        [Some(output)] => compute(operator, inputs, output),
        _ => Ok(()),
    }
}

/// Whether [`run_in_place`] knows the operator: each value of its result depends on the value in its place, and on
/// others only as far as the operator works through them in order.
pub(in crate::runtime::embedded) fn works_in_place(operator: &Operator) -> bool {
    use crate::runtime::embedded::operator::Binary;
    match operator {
        Operator::Binary(binary) => *binary != Binary::Equal,
        Operator::Unary(_)
        | Operator::Clip
        | Operator::Softmax { .. }
        | Operator::BatchNormalization { .. }
        | Operator::LayerNormalization { .. } => true,
        _ => false,
    }
}

/// Computes a node over its first input, which `target` holds and which has the type and shape of the output; `others`
/// are the remaining inputs.
pub(in crate::runtime::embedded) fn run_in_place(
    operator: &Operator,
    target: &mut ViewMut<'_>,
    others: &[Option<View<'_>>],
) -> Result<(), String> {
    if !works_in_place(operator) {
        return Err("an operator that does not work in place".to_owned());
    }
    check_inputs(others.iter().flatten().chain([&target.as_view()]))?;
    let first = Some(Fact::from(target.as_view()));
    let facts: Vec<_> = [first].into_iter().chain(others.iter().map(|other| other.map(Fact::from))).collect();
    for declared in infer(operator, &facts, 1)? {
        check_output(&declared, target.as_view())?;
    }
    overwrite(operator, None, others, target)
}

/// Whether the output has the input's values in the input's order: nothing needs to be moved.
pub(in crate::runtime::embedded) fn is_alias(operator: &Operator) -> bool {
    matches!(
        operator,
        Operator::Reshape { .. }
            | Operator::Flatten { .. }
            | Operator::Squeeze
            | Operator::Unsqueeze
            | Operator::Identity
    )
}

/// Refuses inputs that do not have as many values as their shapes say.
fn check_inputs<'a>(mut inputs: impl Iterator<Item = &'a View<'a>>) -> Result<(), String> {
    inputs.try_for_each(|input| check_length(*input))
}

fn check_length(view: View<'_>) -> Result<(), String> {
    if elements(view.shape) == Some(view.values.len()) {
        Ok(())
    } else {
        Err(format!("{} values in a tensor of shape {:?}", view.values.len(), view.shape))
    }
}

/// Refuses an output that is not what was inferred.
fn check_output(declared: &Declared, output: View<'_>) -> Result<(), String> {
    check_length(output)?;
    let element = output.values.element();
    match declared.shape.as_deref() {
        Some(shape) if shape == output.shape && declared.element == element => Ok(()),
        Some(shape) => {
            let (found, wanted) = (word(element), word(declared.element));
            Err(format!("an output {found}{:?} where {wanted}{shape:?} belongs", output.shape))
        }
        None => Err("an output whose shape cannot be told".to_owned()),
    }
}

/// The operators that may write over their first input: into `output` from `first`, or over what `output` holds where
/// `first` is absent. `others` are the remaining inputs.
fn overwrite(
    operator: &Operator,
    first: Option<View<'_>>,
    others: &[Option<View<'_>>],
    output: &mut ViewMut<'_>,
) -> Result<(), String> {
    let values = first.map(|first| first.values);
    match operator {
        Operator::Binary(binary) => arithmetic::binary(*binary, first, required(others, 0)?, output),
        Operator::Unary(unary) => elementwise::unary(*unary, values, &mut output.values),
        Operator::Clip => elementwise::clip(values, [optional(others, 0), optional(others, 1)], &mut output.values),
        Operator::Softmax { axis, flattens } => {
            let form = softmax::Form::new(output.shape, *axis, *flattens)?;
            softmax::softmax(form, optional_typed(values)?, floats_mut(&mut output.values)?);
            Ok(())
        }
        Operator::BatchNormalization { epsilon } => {
            let channels = normalize::Channels {
                scale: floats(others, 0)?,
                bias: floats(others, 1)?,
                mean: floats(others, 2)?,
                variance: floats(others, 3)?,
                epsilon: *epsilon,
            };
            let plane = output.shape.iter().skip(2).product();
            normalize::batches(channels, plane, optional_typed(values)?, floats_mut(&mut output.values)?);
            Ok(())
        }
        Operator::LayerNormalization { epsilon, .. } => {
            let layer = normalize::Layer {
                scale: floats(others, 0)?,
                bias: optional_typed(optional(others, 1).map(|bias| bias.values))?,
                epsilon: *epsilon,
            };
            normalize::layers(layer, optional_typed(values)?, floats_mut(&mut output.values)?);
            Ok(())
        }
        _ => Err("an operator that does not work in place".to_owned()),
    }
}

/// The operators that need an output of their own.
fn compute(operator: &Operator, inputs: &[Option<View<'_>>], output: &mut ViewMut<'_>) -> Result<(), String> {
    match operator {
        Operator::Conv(window, groups) => {
            let (input, weights) = (required(inputs, 0)?, required(inputs, 1)?);
            conv::conv(*window, *groups, input, weights, optional(inputs, 2), output)
        }
        Operator::MaxPool(window) => pool::max_pool(*window, required(inputs, 0)?, output),
        Operator::AveragePool(window, mean) => pool::average_pool(*window, *mean, required(inputs, 0)?, output),
        Operator::GlobalAveragePool => pool::global_average_pool(required(inputs, 0)?, output),
        Operator::Gemm(gemm) => {
            matmul::gemm(*gemm, required(inputs, 0)?, required(inputs, 1)?, optional(inputs, 2), output)
        }
        Operator::MatMul => matmul::matmul(required(inputs, 0)?, required(inputs, 1)?, output),
        Operator::Binary(binary) => arithmetic::binary(*binary, optional(inputs, 0), required(inputs, 1)?, output),
        Operator::Where => {
            broadcast::select([required(inputs, 0)?, required(inputs, 1)?, required(inputs, 2)?], output)
        }
        Operator::Cast(_) => {
            cast::cast(required(inputs, 0)?.values, &mut output.values);
            Ok(())
        }
        Operator::Reduce { kind, empty_is_none, .. } => {
            reduce::reduce(*kind, *empty_is_none, required(inputs, 0)?, optional(inputs, 1), output)
        }
        Operator::Shape { .. } | Operator::Size => fill::about_shape(operator, required(inputs, 0)?.shape, output),
        Operator::Transpose(order) => transpose::transpose(order, required(inputs, 0)?, output),
        Operator::Concat { axis } => joining::concat(*axis, inputs, output),
        Operator::Slice => slice::slice(inputs, output),
        Operator::Gather { axis } => gather::gather(*axis, required(inputs, 0)?, required(inputs, 1)?, output),
        Operator::Expand => broadcast::expand(required(inputs, 0)?, output),
        Operator::ConstantOfShape(value) => fill::constant(value.view(), output),
        Operator::Pad(mode) => pad::pad(*mode, inputs, output),
        _ => Err("an operator without a kernel of its own".to_owned()),
    }
}

/// The values of an input, as they are.
fn copy(input: View<'_>, output: &mut ViewMut<'_>) -> Result<(), String> {
    whatever_type!(&mut output.values, |to| to.copy_from_slice(typed(input.values)?));
    Ok(())
}
