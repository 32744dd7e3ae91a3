//! Pooling: the largest value or the mean of each window of a picture.

use rayon::prelude::*;
use rten_simd::ops::{BitOps, NumOps};
use rten_simd::{Isa, SimdOp};
use rten_vecmath::Sum;

use super::access::{countable, floats, floats_mut};
use super::geometry::{Geometry, output_shape, picture};
use super::sheet::Sheet;
use super::slide::{Fold, Slide};
use crate::runtime::embedded::operator::{PaddedMean, Window};
use crate::runtime::embedded::tensor::{View, ViewMut};

/// The shape of what pooling gives.
pub(in crate::runtime::embedded) fn pool_shape(window: Window, input: &[usize]) -> Result<Vec<usize>, String> {
    let (batch, channels, size) = picture(&window, input)?;
    let geometry = Geometry::new(&window, size)?;
    countable(output_shape(&window, batch, channels, geometry.windows)?)
}

/// Largest value of each window; minus infinity for a window that lies in padding.
pub(in crate::runtime::embedded) fn max_pool(
    window: Window,
    input: View<'_>,
    output: &mut ViewMut<'_>,
) -> Result<(), String> {
    slide(window, input, output, Largest, |_| {})
}

/// Mean of each window.
pub(in crate::runtime::embedded) fn average_pool(
    window: Window,
    mean: PaddedMean,
    input: View<'_>,
    output: &mut ViewMut<'_>,
) -> Result<(), String> {
    let (_, _, size) = picture(&window, input.shape)?;
    let geometry = Geometry::new(&window, size)?;
    if floats_mut(output, &pool_shape(window, input.shape)?, "the output")?.is_empty() {
        return Ok(());
    }
    let [rows, columns] = [0, 1].map(|axis| shares(&geometry, mean, axis));
    slide(window, input, output, Total, |sums| {
        for (sums, row) in sums.chunks_exact_mut(columns.len()).zip(&rows) {
            for (sum, column) in sums.iter_mut().zip(&columns) {
                *sum *= row * column;
            }
        }
    })
}

/// Mean of each channel: all dimensions after the second become 1.
pub(in crate::runtime::embedded) fn global_average_pool(
    input: View<'_>,
    output: &mut ViewMut<'_>,
) -> Result<(), String> {
    let values = floats(input, "the input")?;
    let &[batch, channels, ref size @ ..] = input.shape else {
        return Err(format!("an input of the shape {:?} has no channels", input.shape));
    };
    let mut shape = vec![batch, channels];
    shape.resize(input.shape.len(), 1);
    let means = floats_mut(output, &shape, "the output")?;
    let pixels: usize = size.iter().product();
    if pixels == 0 {
        return Err(format!("an input of the shape {:?} has no values to take means of", input.shape));
    }
    for (channel, mean) in values.chunks_exact(pixels).zip(means) {
        *mean = Sum::new(channel).dispatch() / pixels as f32;
    }
    Ok(())
}

/// Folds the windows of every channel, and lets `finish` see what a channel gave.
fn slide<F: Fold + Sync + Send>(
    window: Window,
    input: View<'_>,
    output: &mut ViewMut<'_>,
    fold: F,
    finish: impl Fn(&mut [f32]) + Sync,
) -> Result<(), String> {
    let values = floats(input, "the input")?;
    let shape = pool_shape(window, input.shape)?;
    let (_, _, size) = picture(&window, input.shape)?;
    let geometry = Geometry::new(&window, size)?;
    let results = floats_mut(output, &shape, "the output")?;
    let sheet = Sheet::new(&geometry, F::PADDING)?;
    let channels = values.par_chunks_exact(geometry.pixels());
    results.par_chunks_exact_mut(geometry.positions()).zip(channels).for_each_init(
        || sheet.blank(),
        |scratch, (output, channel)| {
            Slide { sheet: &sheet, scratch, channel, output: &mut *output, fold }.dispatch();
            finish(output);
        },
    );
    Ok(())
}

/// For each window along an axis, one by the number of elements that its mean is taken over. A window's share is the product
/// of those of its row and its column.
fn shares(geometry: &Geometry, mean: PaddedMean, axis: usize) -> Vec<f32> {
    let counted = match mean {
        PaddedMean::IncludesPadding => 0..geometry.padded[axis],
        PaddedMean::ExcludesPadding => geometry.before[axis]..geometry.before[axis] + geometry.picture[axis],
    };
    // How many of the window's elements lie before a position.
    let elements_before = |start: usize, end: usize| {
        end.saturating_sub(start).div_ceil(geometry.dilations[axis]).min(geometry.kernel[axis])
    };
    (0..geometry.windows[axis])
        .map(|window| window * geometry.strides[axis])
        .map(|start| elements_before(start, counted.end) - elements_before(start, counted.start))
        .map(|count| if count == 0 { 0.0 } else { 1.0 / count as f32 })
        .collect()
}

/// Largest element of a window.
#[derive(Clone, Copy)]
struct Largest;

impl Fold for Largest {
    const PADDING: f32 = f32::NEG_INFINITY;

    #[inline(always)]
    fn start<I: Isa>(self, isa: I) -> I::F32 {
        isa.f32().splat(f32::NEG_INFINITY)
    }

    #[inline(always)]
    fn weight(self, _tap: usize) -> f32 {
        1.0
    }

    #[inline(always)]
    fn step<I: Isa>(self, isa: I, so_far: I::F32, values: I::F32, _weight: f32) -> I::F32 {
        isa.f32().max(so_far, values)
    }

    #[inline(always)]
    fn finish<I: Isa>(self, _isa: I, so_far: I::F32) -> I::F32 {
        so_far
    }
}

/// Sum of the elements of a window.
#[derive(Clone, Copy)]
struct Total;

impl Fold for Total {
    const PADDING: f32 = 0.0;

    #[inline(always)]
    fn start<I: Isa>(self, isa: I) -> I::F32 {
        isa.f32().zero()
    }

    #[inline(always)]
    fn weight(self, _tap: usize) -> f32 {
        1.0
    }

    #[inline(always)]
    fn step<I: Isa>(self, isa: I, so_far: I::F32, values: I::F32, _weight: f32) -> I::F32 {
        isa.f32().add(so_far, values)
    }

    #[inline(always)]
    fn finish<I: Isa>(self, _isa: I, so_far: I::F32) -> I::F32 {
        so_far
    }
}
