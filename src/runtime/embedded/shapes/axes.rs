//! Axes counted from either end, sizes that are bearable, and shapes that broadcast.

/// The most elements that a tensor may have. Larger ones are refused: a malformed model must not exhaust the memory of
/// the machine, and below this no product of sizes overflows.
pub(in crate::runtime::embedded) const MOST_ELEMENTS: u128 = 1 << 31;

/// Refuses a shape with too many elements. A size of 0 counts as 1, so that the product of *some* sizes is bounded too:
/// strides are such products.
pub(in crate::runtime::embedded) fn check_size(shape: &[usize]) -> Result<(), String> {
    let count = shape.iter().fold(1_u128, |product, size| product.saturating_mul((*size).max(1) as u128));
    if count > MOST_ELEMENTS { Err(format!("a tensor of {count} elements")) } else { Ok(()) }
}

/// The dimension that `axis` names, counted from the end where it is negative.
pub(in crate::runtime::embedded) fn axis(axis: i64, rank: usize) -> Result<usize, String> {
    match position(axis, rank) {
        Ok(found) if found < rank => Ok(found),
        _ => Err(outside(axis, rank)),
    }
}

/// The position along a dimension of `size` that `index` names, counted from the end where it is negative.
pub(in crate::runtime::embedded) fn index(index: i64, size: usize) -> Result<usize, String> {
    let found = position(index, size).ok().filter(|found| *found < size);
    found.ok_or_else(|| format!("index {index} along a dimension of size {size}"))
}

/// As [`axis`], but the end of the dimensions is a position too.
pub(in crate::runtime::embedded) fn position(axis: i64, rank: usize) -> Result<usize, String> {
    let dimensions = i64::try_from(rank).map_err(|_| outside(axis, rank))?;
    let counted = if axis < 0 { axis.checked_add(dimensions) } else { Some(axis) };
    let found = counted.and_then(|counted| usize::try_from(counted).ok());
    found.filter(|found| *found <= rank).ok_or_else(|| outside(axis, rank))
}

/// For each dimension whether `axes` names it; naming one twice is an error.
pub(in crate::runtime::embedded) fn marked(axes: &[i64], rank: usize) -> Result<Vec<bool>, String> {
    let mut marks = vec![false; rank];
    for named in axes {
        let mark = &mut marks[axis(*named, rank)?];
        if std::mem::replace(mark, true) {
            return Err(format!("axis {named} is named twice"));
        }
    }
    Ok(marks)
}

/// The shape that two shapes broadcast to: sizes are equal counted from the end, or one of them is 1 or not there.
pub(in crate::runtime::embedded) fn broadcast(first: &[usize], second: &[usize]) -> Result<Vec<usize>, String> {
    let rank = first.len().max(second.len());
    (0..rank)
        .map(|dimension| match (size_at(first, dimension, rank), size_at(second, dimension, rank)) {
            (1, size) | (size, 1) => Ok(size),
            (size, other) if size == other => Ok(size),
            _ => Err(format!("shapes {first:?} and {second:?} do not broadcast")),
        })
        .collect()
}

/// Size of a dimension of a shape that is aligned to the end of `rank` dimensions.
pub(in crate::runtime::embedded) fn size_at(shape: &[usize], dimension: usize, rank: usize) -> usize {
    (dimension + shape.len()).checked_sub(rank).and_then(|index| shape.get(index)).copied().unwrap_or(1)
}

fn outside(axis: i64, rank: usize) -> String {
    format!("axis {axis} of a tensor with {rank} dimensions")
}
