//! Visits the positions of a tensor in order, and keeps step in other tensors that are laid out differently.

/// A dimension that is walked: its size, and how far each of `N` tensors moves from one position to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dimension<const N: usize> {
    /// Number of positions.
    pub(super) size: usize,
    /// Distance of neighbours, in elements; 0 where a tensor is repeated.
    pub(super) strides: [isize; N],
}

/// Calls `visit` with the offsets in each tensor, for all positions of `dimensions`, the last one fastest. Offsets
/// begin at `starts`.
pub(super) fn walk<const N: usize>(dimensions: &[Dimension<N>], starts: [usize; N], mut visit: impl FnMut([usize; N])) {
    if dimensions.iter().any(|dimension| dimension.size == 0) {
        return;
    }
    let mut position = vec![0; dimensions.len()];
    let mut offsets = starts;
    loop {
        visit(offsets);
        if !advance(dimensions, &mut position, &mut offsets) {
            return;
        }
    }
}

/// Goes on to the next position; false after the last one.
fn advance<const N: usize>(dimensions: &[Dimension<N>], position: &mut [usize], offsets: &mut [usize; N]) -> bool {
    for (dimension, index) in dimensions.iter().zip(position).rev() {
        *index += 1;
        let wraps = *index == dimension.size;
        for (offset, stride) in offsets.iter_mut().zip(dimension.strides) {
            // Sizes and strides are those of tensors that exist, so that only the intermediate sum may lie outside.
            let back = if wraps { stride.wrapping_mul(dimension.size as isize) } else { 0 };
            *offset = offset.wrapping_add_signed(stride).wrapping_add_signed(back.wrapping_neg());
        }
        if !wraps {
            return true;
        }
        *index = 0;
    }
    false
}

/// Distances of neighbours in each dimension of a shape.
pub(super) fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1_usize; shape.len()];
    for dimension in (1..shape.len()).rev() {
        strides[dimension - 1] = strides[dimension] * shape[dimension];
    }
    strides
}
