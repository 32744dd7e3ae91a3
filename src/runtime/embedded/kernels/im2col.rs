//! A picture as the matrix whose columns are the windows of a convolution.
//!
//! The matrix is never written as a whole: `rten-gemm` packs blocks of it from two tables of offsets, one for the rows
//! (channel and element of the window) and one for the columns (position of the window).

use rten_gemm::{ColOffsets, GemmExecutor, Im2Col, RowOffsets};
use rten_tensor::NdTensorView;

use super::geometry::Geometry;

/// The windows of a picture of so many channels.
pub(super) fn im2col<'a>(
    gemm: &GemmExecutor<f32>,
    picture: &'a [f32],
    channels: usize,
    geometry: &Geometry,
) -> Result<Im2Col<'a, f32>, String> {
    expect_offsets(channels, geometry)?;
    let [height, width] = geometry.picture;
    let image = NdTensorView::try_from_data([channels, height, width], picture)
        .map_err(|_| format!("a picture of {channels} × {height} × {width} has {} values", picture.len()))?;
    let max_y_offset = offset((height - 1) * width);
    let max_x_offset = offset(width - 1);
    Ok(Im2Col {
        image,
        n_rows: channels * geometry.kernel[0] * geometry.kernel[1],
        n_cols: geometry.positions(),
        row_offsets: rows(channels, geometry, gemm.im2col_row_count_step(), [max_y_offset, max_x_offset]),
        col_offsets: columns(geometry, gemm.im2col_col_count_step()),
        max_y_offset,
        max_x_offset,
    })
}

/// An error if a sum of offsets could leave the `i32` that they are computed in.
fn expect_offsets(channels: usize, geometry: &Geometry) -> Result<(), String> {
    let width = geometry.picture[1];
    // The last window may reach beyond the padding by less than a stride; its first element does not.
    let reach = [0, 1].map(|axis| geometry.padded[axis] + geometry.extent()[axis]);
    let largest = channels
        .checked_mul(geometry.pixels())
        .and_then(|picture| picture.checked_add(reach[0].checked_mul(width)?)?.checked_add(reach[1]));
    match largest {
        Some(largest) if i32::try_from(largest).is_ok() => Ok(()),
        _ => Err(format!("{channels} pictures of {:?}, padded {:?}, are too large", geometry.picture, geometry.padded)),
    }
}

/// An offset that `expect_offsets` has shown to fit.
fn offset(value: usize) -> i32 {
    i32::try_from(value).expect("offsets are checked before tables are made")
}

/// Offsets of the rows. What fills the table up to a multiple of `step` lies outside of every picture.
fn rows(channels: usize, geometry: &Geometry, step: usize, last: [i32; 2]) -> RowOffsets {
    let [height, width] = geometry.picture;
    let count = channels * geometry.kernel[0] * geometry.kernel[1];
    let padded = count.next_multiple_of(step);
    let [mut chan, mut y, mut x] = [0, 1, 2].map(|_| Vec::with_capacity(padded));
    for channel in 0..channels {
        for row in 0..geometry.kernel[0] {
            for column in 0..geometry.kernel[1] {
                chan.push(offset(channel * height * width));
                y.push(offset(row * geometry.dilations[0] * width));
                x.push(offset(column * geometry.dilations[1]));
            }
        }
    }
    chan.resize(padded, 0);
    y.resize(padded, last[0].saturating_add(1));
    x.resize(padded, last[1].saturating_add(1));
    RowOffsets { chan, y, x }
}

/// Offsets of the columns. What fills the table up to a multiple of `step` repeats the last, whose result is not used.
fn columns(geometry: &Geometry, step: usize) -> ColOffsets {
    let width = offset(geometry.picture[1]);
    let padded = geometry.positions().next_multiple_of(step);
    let [mut y, mut x] = [0, 1].map(|_| Vec::with_capacity(padded));
    for row in 0..geometry.windows[0] {
        let top = offset(row * geometry.strides[0]) - offset(geometry.before[0]);
        for column in 0..geometry.windows[1] {
            y.push(top * width);
            x.push(offset(column * geometry.strides[1]) - offset(geometry.before[1]));
        }
    }
    for table in [&mut y, &mut x] {
        let last = table.last().copied().unwrap_or(0);
        table.resize(padded, last);
    }
    ColOffsets { y, x }
}
