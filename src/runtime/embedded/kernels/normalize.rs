//! Normalisation by mean and variance: those of a channel, which the model brings, or those of a row, which are
//! computed.

use rten_simd::SimdOp;
use rten_vecmath::{Normalize, NormalizeOptions, Sum, SumSquareSub};

use super::blocks::for_each_block;

/// What `BatchNormalization` knows of each channel.
#[derive(Clone, Copy)]
pub(super) struct Channels<'a> {
    /// Factors.
    pub(super) scale: &'a [f32],
    /// Summands.
    pub(super) bias: &'a [f32],
    /// Means.
    pub(super) mean: &'a [f32],
    /// Variances.
    pub(super) variance: &'a [f32],
    /// Added to the variances.
    pub(super) epsilon: f32,
}

/// `BatchNormalization` of pictures whose channels have `plane` elements each; the output holds the pictures where
/// `input` is absent.
pub(super) fn batches(channels: Channels<'_>, plane: usize, input: Option<&[f32]>, output: &mut [f32]) {
    for_each_block(input, output, plane, |offset, block| {
        for (index, values) in block.chunks_exact_mut(plane).enumerate() {
            let channel = (offset / plane + index) % channels.mean.len();
            let options = NormalizeOptions {
                pre_scale_bias: channels.mean[channel],
                scale: channels.scale[channel] / (channels.variance[channel] + channels.epsilon).sqrt(),
                bias: channels.bias[channel],
                ..NormalizeOptions::default()
            };
            Normalize::new_mut(values, options).dispatch();
        }
    });
}

/// What `LayerNormalization` does to each row.
#[derive(Clone, Copy)]
pub(super) struct Layer<'a> {
    /// Factors, as many as a row has elements.
    pub(super) scale: &'a [f32],
    /// Summands, as many as a row has elements.
    pub(super) bias: Option<&'a [f32]>,
    /// Added to the variance.
    pub(super) epsilon: f32,
}

/// `LayerNormalization` of rows that are as long as the scale; the output holds the rows where `input` is absent.
pub(super) fn layers(layer: Layer<'_>, input: Option<&[f32]>, output: &mut [f32]) {
    let length = layer.scale.len();
    for_each_block(input, output, length, |_, block| {
        for row in block.chunks_exact_mut(length) {
            let mean = Sum::new(row).dispatch() / length as f32;
            let variance = SumSquareSub::new(row, mean).dispatch() / length as f32;
            let options = NormalizeOptions {
                pre_scale_bias: mean,
                scale: 1.0 / (variance + layer.epsilon).sqrt(),
                element_scale: Some(layer.scale),
                element_bias: layer.bias,
                ..NormalizeOptions::default()
            };
            Normalize::new_mut(row, options).dispatch();
        }
    });
}
