//! What convolution, pooling and LSTM mean, as loops.

use super::values;
use crate::runtime::embedded::operator::{PaddedMean, Padding, Window};
use crate::runtime::embedded::tensor::{Buffer, Tensor};

/// A picture stack as `[batch, channels, height, width]`.
pub(super) fn as_pictures(tensor: &Tensor) -> [usize; 4] {
    match tensor.shape[..] {
        [batch, channels, width] => [batch, channels, 1, width],
        [batch, channels, height, width] => [batch, channels, height, width],
        _ => panic!("no pictures: {:?}", tensor.shape),
    }
}

/// What is added before and after each dimension, in ONNX's words.
fn pads(window: &Window, size: [usize; 2]) -> [usize; 4] {
    let lower = match window.padding {
        Padding::Explicit(pads) => return pads,
        Padding::SameUpper => false,
        Padding::SameLower => true,
    };
    let mut pads = [0; 4];
    for axis in 0..2 {
        let windows = size[axis].div_ceil(window.strides[axis]);
        let extent = (window.kernel[axis] - 1) * window.dilations[axis] + 1;
        let total = ((windows - 1) * window.strides[axis] + extent).saturating_sub(size[axis]);
        let small = total / 2;
        (pads[axis], pads[axis + 2]) = if lower { (total - small, small) } else { (small, total - small) };
    }
    pads
}

/// Calls `visit` with each window's position, and for each element of the window with its position in the picture, as far
/// as it lies in the padded picture; inside of the picture or not.
fn windows(
    window: &Window,
    size: [usize; 2],
    output: [usize; 2],
    mut visit: impl FnMut([usize; 2], [usize; 2], Option<usize>),
) {
    let pads = pads(window, size);
    for y in 0..output[0] {
        for x in 0..output[1] {
            for ky in 0..window.kernel[0] {
                for kx in 0..window.kernel[1] {
                    let row = y * window.strides[0] + ky * window.dilations[0];
                    let column = x * window.strides[1] + kx * window.dilations[1];
                    if row >= size[0] + pads[0] + pads[2] || column >= size[1] + pads[1] + pads[3] {
                        continue;
                    }
                    let inside =
                        (pads[0]..pads[0] + size[0]).contains(&row) && (pads[1]..pads[1] + size[1]).contains(&column);
                    visit([y, x], [ky, kx], inside.then(|| (row - pads[0]) * size[1] + column - pads[1]));
                }
            }
        }
    }
}

/// A convolution, computed in doubles, into the shape that `output` has.
pub(super) fn conv(
    window: &Window,
    groups: usize,
    input: &Tensor,
    weights: &Tensor,
    bias: &[f32],
    output: &Tensor,
) -> Vec<f32> {
    let [batch, inputs, height, width] = as_pictures(input);
    let [_, outputs, rows, columns] = as_pictures(output);
    let (per_group, of_group) = (inputs / groups, outputs / groups);
    let mut sums = vec![0.0_f64; batch * outputs * rows * columns];
    for (index, sums) in sums.chunks_exact_mut(rows * columns).enumerate() {
        let (picture, channel) = (index / outputs, index % outputs);
        sums.fill(bias.get(channel).copied().unwrap_or(0.0).into());
        for member in 0..per_group {
            let source = (picture * inputs + channel / of_group * per_group + member) * height * width;
            let taps = (channel * per_group + member) * window.kernel[0] * window.kernel[1];
            windows(window, [height, width], [rows, columns], |[y, x], [ky, kx], place| {
                let Some(place) = place else { return };
                let weight = values(weights)[taps + ky * window.kernel[1] + kx];
                sums[y * columns + x] += f64::from(weight) * f64::from(values(input)[source + place]);
            });
        }
    }
    sums.into_iter().map(|sum| sum as f32).collect()
}

/// Pooling into the shape that `output` has: the largest value where `mean` is absent.
pub(super) fn pool(window: &Window, mean: Option<PaddedMean>, input: &Tensor, output: &Tensor) -> Vec<f32> {
    let [_, _, height, width] = as_pictures(input);
    let [_, _, rows, columns] = as_pictures(output);
    let mut results = Vec::new();
    for picture in values(input).chunks_exact(height * width) {
        let mut cells = vec![(f32::NEG_INFINITY, 0.0, 0.0); rows * columns];
        windows(window, [height, width], [rows, columns], |[y, x], _, place| {
            let (largest, sum, count) = &mut cells[y * columns + x];
            if let Some(place) = place {
                *largest = largest.max(picture[place]);
                *sum += picture[place];
            }
            if place.is_some() || mean == Some(PaddedMean::IncludesPadding) {
                *count += 1.0;
            }
        });
        results.extend(cells.into_iter().map(|(largest, sum, count)| match mean {
            None => largest,
            Some(_) if count == 0.0 => 0.0,
            Some(_) => sum / count,
        }));
    }
    results
}

/// A tensor of floats.
pub(super) fn tensor(shape: Vec<usize>, values: Vec<f32>) -> Tensor {
    Tensor { shape, buffer: Buffer::F32(values) }
}
