//! What the integer inputs of an operator ask for: target shapes, parts, paddings. Shape inference and kernels read
//! them with the same functions and therefore agree.

use std::ops::Range;

use super::super::tensor::{View, elements};
use super::axes;
use super::facts;

/// The values of a list of integers.
pub(in crate::runtime::embedded) fn integers(view: View<'_>, name: &str) -> Result<Vec<i64>, String> {
    facts::integers(view, name)
}

/// The values of a list of integers that may be absent.
pub(in crate::runtime::embedded) fn optional_integers(
    view: Option<View<'_>>,
    name: &str,
) -> Result<Option<Vec<i64>>, String> {
    view.map(|view| integers(view, name)).transpose()
}

/// Sizes from numbers, none of which may be negative.
pub(in crate::runtime::embedded) fn sizes(numbers: &[i64]) -> Result<Vec<usize>, String> {
    numbers.iter().map(|number| usize::try_from(*number).map_err(|_| format!("a size of {number}"))).collect()
}

/// The shape that `Reshape` gives; absent where it depends on the shape of an input that is not known.
pub(in crate::runtime::embedded) fn reshaped(
    target: &[i64],
    input: Option<&[usize]>,
    allows_zero: bool,
) -> Result<Option<Vec<usize>>, String> {
    let open = target.iter().filter(|size| **size == -1).count();
    if open > 1 || (open == 1 && allows_zero && target.contains(&0)) {
        return Err(format!("target shape {target:?} leaves more than one size open"));
    }
    let Some(input) = input else {
        let depends = open > 0 || (!allows_zero && target.contains(&0));
        return if depends { Ok(None) } else { sizes(target).map(Some) };
    };
    let mut shape = Vec::with_capacity(target.len());
    for (dimension, size) in target.iter().enumerate() {
        shape.push(match *size {
            0 if !allows_zero => *input
                .get(dimension)
                .ok_or_else(|| format!("target shape {target:?} keeps a size that shape {input:?} does not have"))?,
            // Stands in until the other sizes are known.
            -1 => 1,
            size => usize::try_from(size).map_err(|_| format!("a size of {size}"))?,
        });
    }
    axes::check_size(&shape)?;
    let mismatch = || format!("shape {input:?} cannot become {target:?}");
    let (have, want) = (elements(input).ok_or_else(mismatch)?, elements(&shape).ok_or_else(mismatch)?);
    if let Some(open) = target.iter().position(|size| *size == -1) {
        shape[open] = have.checked_div(want).ok_or_else(mismatch)?;
    }
    if elements(&shape) == Some(have) { Ok(Some(shape)) } else { Err(mismatch()) }
}

/// Positions of a dimension that are taken: `count` of them from `start` on, `step` apart. All of them exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::runtime::embedded) struct Cut {
    /// The first position.
    pub(in crate::runtime::embedded) start: usize,
    /// From one position to the next; not zero.
    pub(in crate::runtime::embedded) step: isize,
    /// Number of positions.
    pub(in crate::runtime::embedded) count: usize,
}

/// What `Slice` takes of each dimension.
pub(in crate::runtime::embedded) fn cuts(
    shape: &[usize],
    starts: &[i64],
    ends: &[i64],
    axes: Option<&[i64]>,
    steps: Option<&[i64]>,
) -> Result<Vec<Cut>, String> {
    let lengths = [Some(starts.len()), Some(ends.len()), axes.map(<[i64]>::len), steps.map(<[i64]>::len)];
    if lengths.into_iter().flatten().any(|length| length != starts.len()) {
        return Err("starts, ends, axes and steps of different lengths".to_owned());
    }
    let mut cuts: Vec<Cut> = shape.iter().map(|size| Cut { start: 0, step: 1, count: *size }).collect();
    let named = named_dimensions(axes, starts.len(), shape.len())?;
    for (entry, dimension) in named.into_iter().enumerate() {
        let step = steps.map_or(1, |steps| steps[entry]);
        cuts[dimension] = cut(shape[dimension], starts[entry], ends[entry], step)?;
    }
    Ok(cuts)
}

/// The dimensions that a list of `count` axes names: the first ones where there is no list.
fn named_dimensions(axes: Option<&[i64]>, count: usize, rank: usize) -> Result<Vec<usize>, String> {
    let Some(axes) = axes else {
        return if count <= rank { Ok((0..count).collect()) } else { Err(format!("{count} axes of {rank}")) };
    };
    axes::marked(axes, rank)?;
    axes.iter().map(|axis| axes::axis(*axis, rank)).collect()
}

/// What a slice takes of a dimension: bounds count from the end where they are negative, and are clamped.
fn cut(size: usize, start: i64, end: i64, step: i64) -> Result<Cut, String> {
    if step == 0 {
        return Err("a slice with steps of 0".to_owned());
    }
    let length = i64::try_from(size).map_err(|_| format!("a dimension of {size}"))?;
    let bound = |bound: i64, lowest: i64, highest: i64| {
        let counted = if bound < 0 { bound.saturating_add(length) } else { bound };
        counted.max(lowest).min(highest)
    };
    // Going backwards, the first position can at most be the last one, and the end may lie before position 0.
    let (start, end) = if step > 0 {
        (bound(start, 0, length), bound(end, 0, length))
    } else {
        (bound(start, 0, length - 1), bound(end, -1, length - 1))
    };
    let distance = if step > 0 { end - start } else { start - end };
    let count = u64::try_from(distance).unwrap_or(0).div_ceil(step.unsigned_abs());
    if count == 0 {
        return Ok(Cut { start: 0, step: 1, count: 0 });
    }
    let overflow = |_| format!("a slice from {start} to {end}");
    Ok(Cut {
        start: usize::try_from(start).map_err(overflow)?,
        step: isize::try_from(step).map_err(overflow)?,
        count: usize::try_from(count).map_err(overflow)?,
    })
}

/// What `Pad` adds before and after each dimension.
pub(in crate::runtime::embedded) fn paddings(
    rank: usize,
    pads: &[i64],
    axes: Option<&[i64]>,
) -> Result<Vec<[usize; 2]>, String> {
    let named = named_dimensions(axes, axes.map_or(rank, <[i64]>::len), rank)?;
    if pads.len() != named.len() * 2 {
        return Err(format!("{} paddings for {} dimensions", pads.len(), named.len()));
    }
    let amount = |pad: i64| usize::try_from(pad).map_err(|_| format!("a padding of {pad}, which is not supported"));
    let (before, after) = pads.split_at(named.len());
    let mut paddings = vec![[0; 2]; rank];
    for (dimension, (before, after)) in named.into_iter().zip(before.iter().zip(after)) {
        paddings[dimension] = [amount(*before)?, amount(*after)?];
    }
    Ok(paddings)
}

/// For each dimension whether it is reduced.
pub(in crate::runtime::embedded) fn reduced(
    rank: usize,
    axes: Option<&[i64]>,
    empty_is_none: bool,
) -> Result<Vec<bool>, String> {
    match axes {
        Some(axes) if !axes.is_empty() => axes::marked(axes, rank),
        _ => Ok(vec![!empty_is_none; rank]),
    }
}

/// The dimensions that `Shape` tells of: bounds count from the end where they are negative, and are clamped.
pub(in crate::runtime::embedded) fn dimensions(start: i64, end: Option<i64>, rank: usize) -> Range<usize> {
    let bound = |bound: i64| {
        let distance = usize::try_from(bound.unsigned_abs()).unwrap_or(usize::MAX).min(rank);
        if bound < 0 { rank - distance } else { distance }
    };
    let start = bound(start);
    start..end.map_or(rank, bound).max(start)
}

/// The order of dimensions that `Transpose` gives: `order`, or all reversed where that is empty.
pub(in crate::runtime::embedded) fn permutation(order: &[usize], rank: usize) -> Result<Vec<usize>, String> {
    if order.is_empty() {
        return Ok((0..rank).rev().collect());
    }
    let mut seen = vec![false; rank];
    let fresh =
        order.iter().all(|dimension| seen.get_mut(*dimension).is_some_and(|seen| !std::mem::replace(seen, true)));
    if fresh && order.len() == rank {
        Ok(order.to_vec())
    } else {
        Err(format!("order {order:?} of a tensor with {rank} dimensions"))
    }
}
