//! Shapes of what moves values, or makes values of shapes.

use super::super::operator::PadMode;
use super::super::tensor::{Element, Tensor, elements};
use super::facts::{Facts, List, word};
use super::{Declared, Fact, axes, targets};

/// An output with the elements of an input.
fn same_type(fact: &Fact<'_>, shape: Option<Vec<usize>>) -> Declared {
    Declared { element: fact.element, shape }
}

/// `Shape`: a list as long as the part of the shape that is told.
pub(super) fn shape(start: i64, end: Option<i64>, facts: Facts<'_>) -> Result<Declared, String> {
    let shape = facts.required(0, "input")?.dimensions();
    let told = shape.map(|shape| vec![targets::dimensions(start, end, shape.len()).len()]);
    Ok(Declared { element: Element::I64, shape: told })
}

/// `Size`: a scalar.
pub(super) fn size(facts: Facts<'_>) -> Result<Declared, String> {
    facts.required(0, "input")?;
    Ok(Declared { element: Element::I64, shape: Some(Vec::new()) })
}

/// `Reshape`: the target shape with its open sizes filled in.
pub(super) fn reshape(allows_zero: bool, facts: Facts<'_>) -> Result<Declared, String> {
    let input = facts.required(0, "data")?;
    let Some(target) = facts.list(1, "target shape")? else { return Ok(same_type(input, None)) };
    targets::reshaped(&target, input.dimensions(), allows_zero).map(|shape| same_type(input, shape))
}

/// `Flatten`: the dimensions before the axis, and those from it on.
pub(super) fn flatten(axis: i64, facts: Facts<'_>) -> Result<Declared, String> {
    let input = facts.required(0, "input")?;
    let Some(shape) = input.dimensions() else { return Ok(same_type(input, None)) };
    let (rows, columns) = shape.split_at(axes::position(axis, shape.len())?);
    let count = |sizes: &[usize]| elements(sizes).ok_or_else(|| format!("shape {shape:?} has too many elements"));
    Ok(same_type(input, Some(vec![count(rows)?, count(columns)?])))
}

/// `Squeeze`: without dimensions of size 1.
pub(super) fn squeeze(facts: Facts<'_>) -> Result<Declared, String> {
    let input = facts.required(0, "data")?;
    let axes = match facts.optional_list(1, "axes")? {
        List::Unknown => return Ok(same_type(input, None)),
        List::Absent => None,
        List::Known(axes) => Some(axes),
    };
    let Some(shape) = input.dimensions() else { return Ok(same_type(input, None)) };
    let leaves = match axes {
        Some(axes) => axes::marked(&axes, shape.len())?,
        None => shape.iter().map(|size| *size == 1).collect(),
    };
    let mut squeezed = Vec::with_capacity(shape.len());
    for (dimension, (size, leaves)) in shape.iter().zip(leaves).enumerate() {
        match (leaves, size) {
            (true, 1) => {}
            (true, size) => return Err(format!("dimension {dimension} of size {size} cannot be squeezed")),
            (false, size) => squeezed.push(*size),
        }
    }
    Ok(same_type(input, Some(squeezed)))
}

/// `Unsqueeze`: with dimensions of size 1, whose positions count in the output.
pub(super) fn unsqueeze(facts: Facts<'_>) -> Result<Declared, String> {
    let input = facts.required(0, "data")?;
    let Some((axes, shape)) = facts.list(1, "axes")?.zip(input.dimensions()) else {
        return Ok(same_type(input, None));
    };
    let mut sizes = shape.iter();
    let added = axes::marked(&axes, shape.len() + axes.len())?;
    // As many dimensions are not added as the input has.
    let unsqueezed = added.into_iter().map(|added| if added { Some(1) } else { sizes.next().copied() });
    Ok(same_type(input, unsqueezed.collect()))
}

/// `Transpose`: dimensions in another order.
pub(super) fn transpose(order: &[usize], facts: Facts<'_>) -> Result<Declared, String> {
    let input = facts.required(0, "input")?;
    let Some(shape) = input.dimensions() else { return Ok(same_type(input, None)) };
    let order = targets::permutation(order, shape.len())?;
    Ok(same_type(input, Some(order.into_iter().map(|dimension| shape[dimension]).collect())))
}

/// `Concat`: sizes along the axis summed up.
pub(super) fn concat(axis: i64, facts: Facts<'_>) -> Result<Declared, String> {
    let first = facts.required(0, "first input")?;
    let mut joined = first.dimensions().map(<[usize]>::to_vec);
    for index in 1..facts.count() {
        let name = format!("input {}", index + 1);
        let part = facts.of_type(index, &name, first.element)?.dimensions();
        joined = match joined.zip(part) {
            Some((joined, part)) => Some(longer(joined, part, axis)?),
            None => None,
        };
    }
    joined.as_deref().map(|shape| axes::axis(axis, shape.len())).transpose()?;
    Ok(same_type(first, joined))
}

/// A shape with another one appended along an axis.
fn longer(mut joined: Vec<usize>, part: &[usize], axis: i64) -> Result<Vec<usize>, String> {
    let along = axes::axis(axis, joined.len())?;
    let same = |(dimension, (size, other)): (usize, (&usize, &usize))| dimension == along || size == other;
    if joined.len() != part.len() || !joined.iter().zip(part).enumerate().all(same) {
        return Err(format!("shapes {joined:?} and {part:?} differ in more than dimension {along}"));
    }
    joined[along] = joined[along].checked_add(part[along]).ok_or("sizes that cannot be added")?;
    Ok(joined)
}

/// `Slice`: what is taken of each dimension.
pub(super) fn slice(facts: Facts<'_>) -> Result<Declared, String> {
    let input = facts.required(0, "data")?;
    let (starts, ends) = (facts.list(1, "starts")?, facts.list(2, "ends")?);
    let (axes, steps) = (facts.optional_list(3, "axes")?, facts.optional_list(4, "steps")?);
    let (Some(shape), Some(starts), Some(ends)) = (input.dimensions(), starts, ends) else {
        return Ok(same_type(input, None));
    };
    let (Ok(axes), Ok(steps)) = (known(axes), known(steps)) else { return Ok(same_type(input, None)) };
    let cuts = targets::cuts(shape, &starts, &ends, axes.as_deref(), steps.as_deref())?;
    Ok(same_type(input, Some(cuts.iter().map(|cut| cut.count).collect())))
}

/// The numbers of a list, if it is there; the error is that they are not known.
fn known(list: List) -> Result<Option<Vec<i64>>, ()> {
    match list {
        List::Absent => Ok(None),
        List::Unknown => Err(()),
        List::Known(numbers) => Ok(Some(numbers)),
    }
}

/// `Gather`: the axis replaced by the shape of the indices.
pub(super) fn gather(axis: i64, facts: Facts<'_>) -> Result<Declared, String> {
    let (input, indices) = (facts.required(0, "data")?, facts.required(1, "indices")?);
    if !matches!(indices.element, Element::I32 | Element::I64) {
        return Err(format!("indices of type {}", word(indices.element)));
    }
    let Some((shape, indices)) = input.dimensions().zip(indices.dimensions()) else {
        return Ok(same_type(input, None));
    };
    let along = axes::axis(axis, shape.len())?;
    Ok(same_type(input, Some([&shape[..along], indices, &shape[along + 1..]].concat())))
}

/// `Expand`: what input and target broadcast to.
pub(super) fn expand(facts: Facts<'_>) -> Result<Declared, String> {
    let input = facts.required(0, "input")?;
    let Some((target, shape)) = facts.list(1, "target shape")?.zip(input.dimensions()) else {
        return Ok(same_type(input, None));
    };
    Ok(same_type(input, Some(axes::broadcast(shape, &targets::sizes(&target)?)?)))
}

/// `ConstantOfShape`: the shape that the input lists, of the type of the value.
pub(super) fn constant_of_shape(value: &Tensor, facts: Facts<'_>) -> Result<Declared, String> {
    let view = value.view();
    if view.values.len() != 1 {
        return Err(format!("a value of {} elements where one is expected", view.values.len()));
    }
    let shape = facts.list(0, "target shape")?.map(|target| targets::sizes(&target)).transpose()?;
    Ok(Declared { element: view.values.element(), shape })
}

/// `Pad`: each dimension with its borders.
pub(super) fn pad(mode: PadMode, facts: Facts<'_>) -> Result<Declared, String> {
    let input = facts.required(0, "data")?;
    let constant = facts.optional_of_type(2, "constant", input.element)?;
    if let Some(shape) = constant.and_then(Fact::dimensions)
        && elements(shape) != Some(1)
    {
        return Err(format!("a constant of shape {shape:?} where one value is expected"));
    }
    let Some((pads, shape)) = facts.list(1, "paddings")?.zip(input.dimensions()) else {
        return Ok(same_type(input, None));
    };
    let Ok(axes) = known(facts.optional_list(3, "axes")?) else { return Ok(same_type(input, None)) };
    let paddings = targets::paddings(shape.len(), &pads, axes.as_deref())?;
    let padded = shape.iter().zip(paddings).map(|(size, [before, after])| padded(mode, *size, before, after));
    Ok(same_type(input, Some(padded.collect::<Result<_, _>>()?)))
}

/// Size of a padded dimension.
fn padded(mode: PadMode, size: usize, before: usize, after: usize) -> Result<usize, String> {
    let widest = before.max(after);
    let possible = match mode {
        PadMode::Constant => true,
        PadMode::Reflect => widest == 0 || widest < size,
        PadMode::Edge => widest == 0 || size > 0,
    };
    if !possible {
        return Err(format!("a dimension of size {size} has no {widest} elements to pad with"));
    }
    before.checked_add(size).and_then(|sum| sum.checked_add(after)).ok_or_else(|| format!("a padding of {widest}"))
}

/// `Identity`: the input's type and shape.
pub(super) fn identity(facts: Facts<'_>) -> Result<Declared, String> {
    let input = facts.required(0, "input")?;
    Ok(same_type(input, input.dimensions().map(<[usize]>::to_vec)))
}
