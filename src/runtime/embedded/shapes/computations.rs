//! Shapes of what computes: convolutions, products, element by element, normalisations, reductions.

use super::super::kernels::conv::conv_shape;
use super::super::kernels::lstm::lstm_shapes;
use super::super::kernels::matmul::{gemm_shape, matmul_shape};
use super::super::kernels::pool::pool_shape;
use super::super::operator::{Binary, Gemm, Lstm, Reduction, Unary, Window};
use super::super::tensor::{Element, elements};
use super::facts::{Facts, List, word, wrong_type};
use super::{Declared, Fact, axes, targets};

/// An output of floats.
fn floats(shape: Option<Vec<usize>>) -> Declared {
    Declared { element: Element::F32, shape }
}

/// An output of the type and shape of an input.
fn like(fact: &Fact<'_>) -> Declared {
    Declared { element: fact.element, shape: fact.dimensions().map(<[usize]>::to_vec) }
}

/// `Conv`: one picture for each filter.
pub(super) fn conv(window: Window, facts: Facts<'_>) -> Result<Declared, String> {
    let (input, weights) = (facts.floats(0, "input")?, facts.floats(1, "weights")?);
    facts.optional_of_type(2, "bias", Element::F32)?;
    let Some((input, weights)) = input.dimensions().zip(weights.dimensions()) else { return Ok(floats(None)) };
    let channels = weights.first().ok_or("weights without dimensions")?;
    conv_shape(window, *channels, input).map(|shape| floats(Some(shape)))
}

/// `MaxPool` and `AveragePool`: one value for each position of the window.
pub(super) fn pool(window: Window, facts: Facts<'_>) -> Result<Declared, String> {
    let input = facts.floats(0, "input")?;
    input.dimensions().map(|shape| pool_shape(window, shape)).transpose().map(floats)
}

/// `GlobalAveragePool`: one value for each channel.
pub(super) fn global_average_pool(facts: Facts<'_>) -> Result<Declared, String> {
    let Some(shape) = facts.floats(0, "input")?.dimensions() else { return Ok(floats(None)) };
    if shape.len() < 3 {
        return Err(format!("an input of shape {shape:?} without picture"));
    }
    let pooled = shape.iter().enumerate().map(|(dimension, size)| if dimension < 2 { *size } else { 1 });
    Ok(floats(Some(pooled.collect())))
}

/// `BatchNormalization`: as the input; the parameters have one value for each channel.
pub(super) fn batch_normalization(facts: Facts<'_>) -> Result<Declared, String> {
    let input = facts.floats(0, "input")?;
    for (index, name) in [(1, "scale"), (2, "bias"), (3, "mean"), (4, "variance")] {
        let fact = facts.floats(index, name)?;
        let Some((shape, parameter)) = input.dimensions().zip(fact.dimensions()) else { continue };
        let channels = shape.get(1).ok_or_else(|| format!("an input of shape {shape:?} without channels"))?;
        if parameter != [*channels] {
            return Err(format!("{name} of shape {parameter:?} for {channels} channels"));
        }
    }
    Ok(like(input))
}

/// `LayerNormalization`: as the input; scale and bias have the shape of what is normalised over.
pub(super) fn layer_normalization(axis: i64, facts: Facts<'_>) -> Result<Declared, String> {
    let input = facts.floats(0, "input")?;
    let scale = Some(facts.floats(1, "scale")?);
    let bias = facts.optional_of_type(2, "bias", Element::F32)?;
    let Some(shape) = input.dimensions() else { return Ok(floats(None)) };
    let normalized = &shape[axes::axis(axis, shape.len())?..];
    for (fact, name) in [(scale, "scale"), (bias, "bias")] {
        let Some(parameter) = fact.and_then(Fact::dimensions) else { continue };
        // Leading dimensions of size 1 change nothing.
        let significant = parameter.len().saturating_sub(normalized.len());
        let fits = parameter[significant..] == *normalized && parameter[..significant].iter().all(|size| *size == 1);
        if !fits {
            return Err(format!("{name} of shape {parameter:?} for dimensions {normalized:?}"));
        }
    }
    Ok(like(input))
}

/// `Gemm`: rows of the first matrix by columns of the second; the summand broadcasts to that.
pub(super) fn gemm(gemm: Gemm, facts: Facts<'_>) -> Result<Declared, String> {
    let (a, b) = (facts.floats(0, "first matrix")?, facts.floats(1, "second matrix")?);
    let c = facts.optional_of_type(2, "summand", Element::F32)?;
    let Some((a, b)) = a.dimensions().zip(b.dimensions()) else { return Ok(floats(None)) };
    let shape = gemm_shape(gemm, a, b)?;
    if let Some(c) = c.and_then(Fact::dimensions)
        && axes::broadcast(&shape, c)? != shape
    {
        return Err(format!("a summand of shape {c:?} for a product of shape {shape:?}"));
    }
    Ok(floats(Some(shape)))
}

/// `MatMul`: the last two dimensions as matrices, the others broadcast.
pub(super) fn matmul(facts: Facts<'_>) -> Result<Declared, String> {
    let (a, b) = (facts.floats(0, "first matrix")?, facts.floats(1, "second matrix")?);
    a.dimensions().zip(b.dimensions()).map(|(a, b)| matmul_shape(a, b)).transpose().map(floats)
}

/// Functions of one value: as the input.
pub(super) fn unary(unary: Unary, facts: Facts<'_>) -> Result<Declared, String> {
    let input = facts.required(0, "input")?;
    match (unary, input.element) {
        (Unary::Not, Element::Bool) | (Unary::Neg, Element::F32 | Element::I32 | Element::I64) => Ok(like(input)),
        (Unary::Not, other) => Err(wrong_type("input", other, "bool")),
        (Unary::Neg, other) => Err(wrong_type("input", other, "a number")),
        (_, Element::F32) => Ok(like(input)),
        (_, other) => Err(wrong_type("input", other, "f32")),
    }
}

/// Functions of two values: what the shapes broadcast to.
pub(super) fn binary(binary: Binary, facts: Facts<'_>) -> Result<Declared, String> {
    let (first, second) = (facts.required(0, "first input")?, facts.required(1, "second input")?);
    if binary != Binary::Pow && first.element != second.element {
        return Err(wrong_type("second input", second.element, word(first.element)));
    }
    if binary != Binary::Equal {
        for (fact, name) in [(first, "first input"), (second, "second input")] {
            if fact.element == Element::Bool {
                return Err(wrong_type(name, fact.element, "a number"));
            }
        }
    }
    let element = if binary == Binary::Equal { Element::Bool } else { first.element };
    let shapes = first.dimensions().zip(second.dimensions());
    let shape = shapes.map(|(first, second)| axes::broadcast(first, second)).transpose()?;
    Ok(Declared { element, shape })
}

/// `Clip`: as the input; the limits are single numbers of its type.
pub(super) fn clip(facts: Facts<'_>) -> Result<Declared, String> {
    let input = facts.required(0, "input")?;
    if input.element == Element::Bool {
        return Err(wrong_type("input", input.element, "a number"));
    }
    for (index, name) in [(1, "lower limit"), (2, "upper limit")] {
        let limit = facts.optional_of_type(index, name, input.element)?;
        if let Some(shape) = limit.and_then(Fact::dimensions)
            && elements(shape) != Some(1)
        {
            return Err(format!("{name} of shape {shape:?} where one number is expected"));
        }
    }
    Ok(like(input))
}

/// `Where`: what all three shapes broadcast to.
pub(super) fn select(facts: Facts<'_>) -> Result<Declared, String> {
    let condition = facts.of_type(0, "condition", Element::Bool)?;
    let first = facts.required(1, "second input")?;
    let second = facts.of_type(2, "third input", first.element)?;
    let Some((first_shape, second_shape)) = first.dimensions().zip(second.dimensions()) else {
        return Ok(Declared { element: first.element, shape: None });
    };
    let values = axes::broadcast(first_shape, second_shape)?;
    let shape = condition.dimensions().map(|condition| axes::broadcast(condition, &values)).transpose()?;
    Ok(Declared { element: first.element, shape })
}

/// `Cast`: the input's shape, of another type.
pub(super) fn cast(element: Element, facts: Facts<'_>) -> Result<Declared, String> {
    Ok(Declared { element, ..like(facts.required(0, "input")?) })
}

/// `Softmax`: as the input, which has the axis.
pub(super) fn softmax(axis: i64, facts: Facts<'_>) -> Result<Declared, String> {
    let input = facts.floats(0, "input")?;
    input.dimensions().map(|shape| axes::axis(axis, shape.len())).transpose()?;
    Ok(like(input))
}

/// `ReduceMean` and `ReduceSum`: reduced dimensions have size 1 or are gone.
pub(super) fn reduce(kind: Reduction, keeps: bool, empty_is_none: bool, facts: Facts<'_>) -> Result<Declared, String> {
    let input = facts.required(0, "input")?;
    match (kind, input.element) {
        (_, Element::F32) | (Reduction::Sum, Element::I32 | Element::I64) => {}
        (Reduction::Mean, other) => return Err(wrong_type("input", other, "f32")),
        (Reduction::Sum, other) => return Err(wrong_type("input", other, "a number")),
    }
    let axes = match facts.optional_list(1, "axes")? {
        List::Unknown => return Ok(Declared { element: input.element, shape: None }),
        List::Absent => None,
        List::Known(axes) => Some(axes),
    };
    let Some(shape) = input.dimensions() else { return Ok(Declared { element: input.element, shape: None }) };
    let reduced = targets::reduced(shape.len(), axes.as_deref(), empty_is_none)?;
    let sizes = shape.iter().zip(reduced).filter_map(|(size, reduced)| match (reduced, keeps) {
        (false, _) => Some(*size),
        (true, true) => Some(1),
        (true, false) => None,
    });
    Ok(Declared { element: input.element, shape: Some(sizes.collect()) })
}

/// `LSTM`: all hidden states, the last one, and the last cell state.
pub(super) fn lstm(lstm: Lstm, facts: Facts<'_>) -> Result<Vec<Declared>, String> {
    let input = facts.floats(0, "input")?;
    for (index, name) in [(1, "weights"), (2, "recurrent weights")] {
        facts.floats(index, name)?;
    }
    let Some(shape) = input.dimensions() else { return Ok(vec![floats(None); 3]) };
    Ok(lstm_shapes(lstm, shape)?.map(|shape| floats(Some(shape))).to_vec())
}
