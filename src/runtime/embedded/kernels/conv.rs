//! Convolutions: as a matrix product, or as filters that slide where every group has one input channel.

use rayon::prelude::*;
use rten_gemm::{BiasVector, GemmInputA, GemmInputB, GemmOptions, PackedAMatrix};

use super::access::{countable, expect_shape, floats, floats_mut};
use super::activate::activate;
use super::depthwise::{Filters, depthwise};
use super::geometry::{Geometry, output_shape, picture};
use super::im2col::im2col;
use super::pack::{describe, executor, matrix, pack_left};
use crate::runtime::embedded::operator::{Activation, Groups, Normalization, Window};
use crate::runtime::embedded::tensor::{View, ViewMut};

/// A convolution whose weights are known before it runs.
pub(in crate::runtime::embedded) struct PackedConv {
    filter: Filter,
    weights: Weights,
    bias: Option<Vec<f32>>,
    activation: Activation,
    bytes: u64,
}

/// What a convolution keeps of its weights.
enum Weights {
    /// One matrix for each group, in the order in which the kernel of the matrix product reads it.
    Packed(Vec<PackedAMatrix<f32>>),
    /// A copy in the model's order.
    Owned(Vec<f32>),
    /// Nothing.
    Borrowed,
}

/// What one run computes with.
#[derive(Clone, Copy)]
struct Loaded<'a> {
    weights: LoadedWeights<'a>,
    bias: Option<&'a [f32]>,
    activation: Activation,
}

/// Weights for one run.
#[derive(Clone, Copy)]
enum LoadedWeights<'a> {
    Packed(&'a [PackedAMatrix<f32>]),
    Plain(&'a [f32]),
}

/// What a convolution's attributes and the shape of its weights say.
#[derive(Debug, Clone, Copy)]
struct Filter {
    window: Window,
    groups: Groups,
    /// Channels of the output.
    outputs: usize,
    /// Channels of the input that each group reads.
    group_inputs: usize,
}

/// The shape of what a convolution gives.
pub(in crate::runtime::embedded) fn conv_shape(
    window: Window,
    out_channels: usize,
    input: &[usize],
) -> Result<Vec<usize>, String> {
    let (batch, _, size) = picture(&window, input)?;
    let geometry = Geometry::new(&Window { ceil: false, ..window }, size)?;
    countable(output_shape(&window, batch, out_channels, geometry.windows)?)
}

/// A convolution whose weights are not known before it runs.
pub(in crate::runtime::embedded) fn conv(
    window: Window,
    groups: Groups,
    input: View<'_>,
    weights: View<'_>,
    bias: Option<View<'_>>,
    output: &mut ViewMut<'_>,
) -> Result<(), String> {
    let filter = Filter::new(window, groups, weights.shape)?;
    let bias = bias.map(|bias| floats(bias, "the bias")).transpose()?;
    filter.expect_bias(bias)?;
    let weights = LoadedWeights::Plain(floats(weights, "the weights")?);
    filter.run(input, Loaded { weights, bias, activation: Activation::None }, output)
}

impl PackedConv {
    /// Prepares a convolution. With `packs`, everything that it needs of the weights is copied, packed where a matrix
    /// product reads it; without, weights are copied only if the normalization changes them.
    pub(in crate::runtime::embedded) fn pack(
        window: Window,
        groups: Groups,
        weights: View<'_>,
        bias: Option<&[f32]>,
        normalization: Option<Normalization<'_>>,
        activation: Activation,
        packs: bool,
    ) -> Result<PackedConv, String> {
        let filter = Filter::new(window, groups, weights.shape)?;
        filter.expect_bias(bias)?;
        let values = floats(weights, "the weights")?;
        let scales = normalization.map(|normalization| filter.scales(normalization)).transpose()?;
        let scaled = scales.as_ref().map(|scales| filter.scale(values, scales));
        let bias = match (normalization, &scales) {
            (Some(normalization), Some(scales)) => Some(shift(bias, normalization, scales)),
            _ => bias.map(<[f32]>::to_vec),
        };
        let (weights, weight_bytes) = match (packs, scaled) {
            (true, scaled) if filter.is_product() => filter.pack(scaled.as_deref().unwrap_or(values))?,
            (true, None) => owned(values.to_vec()),
            (_, Some(scaled)) => owned(scaled),
            (false, None) => (Weights::Borrowed, 0),
        };
        let bytes = weight_bytes + bias.as_deref().map_or(0, bytes_of);
        Ok(PackedConv { filter, weights, bias, activation, bytes })
    }

    /// Whether [`PackedConv::run`] needs the original weights: nothing was packed or copied.
    pub(in crate::runtime::embedded) fn borrows_weights(&self) -> bool {
        matches!(self.weights, Weights::Borrowed)
    }

    /// Bytes of what was packed or copied.
    pub(in crate::runtime::embedded) fn packed_bytes(&self) -> u64 {
        self.bytes
    }

    /// The shape of what the convolution makes of an input.
    pub(in crate::runtime::embedded) fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        self.filter.output_shape(input)
    }

    /// Convolves. `weights` are the original weights where [`PackedConv::borrows_weights`] says so, else they are not read.
    pub(in crate::runtime::embedded) fn run(
        &self,
        input: View<'_>,
        weights: Option<View<'_>>,
        output: &mut ViewMut<'_>,
    ) -> Result<(), String> {
        let weights = match (&self.weights, weights) {
            (Weights::Packed(packed), _) => LoadedWeights::Packed(packed),
            (Weights::Owned(values), _) => LoadedWeights::Plain(values),
            (Weights::Borrowed, Some(weights)) => {
                expect_shape("the weights", weights.shape, &self.filter.weight_shape())?;
                LoadedWeights::Plain(floats(weights, "the weights")?)
            }
            (Weights::Borrowed, None) => return Err("the weights are gone".to_owned()),
        };
        self.filter.run(input, Loaded { weights, bias: self.bias.as_deref(), activation: self.activation }, output)
    }
}

/// Weights that are kept as they are.
fn owned(values: Vec<f32>) -> (Weights, u64) {
    let bytes = bytes_of(&values);
    (Weights::Owned(values), bytes)
}

/// Bytes of floats.
fn bytes_of(values: &[f32]) -> u64 {
    size_of_val(values) as u64
}

/// The bias of a convolution with the normalization after it folded in.
fn shift(bias: Option<&[f32]>, normalization: Normalization<'_>, scales: &[f32]) -> Vec<f32> {
    let means = normalization.mean.iter().zip(normalization.bias);
    let folded = scales.iter().zip(means).enumerate();
    folded
        .map(|(channel, (scale, (mean, summand)))| {
            let bias = bias.and_then(|bias| bias.get(channel)).copied().unwrap_or(0.0);
            summand + (bias - mean) * scale
        })
        .collect()
}

impl Filter {
    fn new(window: Window, groups: Groups, weights: &[usize]) -> Result<Filter, String> {
        let window = Window { ceil: false, ..window };
        let (outputs, group_inputs, kernel) = match (window.rank, weights) {
            (1, &[outputs, inputs, width]) => (outputs, inputs, [1, width]),
            (2, &[outputs, inputs, height, width]) => (outputs, inputs, [height, width]),
            (rank, _) => return Err(format!("weights of the shape {weights:?} are no windows over {rank} dimensions")),
        };
        if kernel != window.kernel {
            return Err(format!("weights of the shape {weights:?} are no windows of {:?}", window.kernel));
        }
        if weights.contains(&0) {
            return Err(format!("weights of the shape {weights:?} are empty"));
        }
        if groups == 0 || !outputs.is_multiple_of(groups) {
            return Err(format!("{outputs} channels cannot be put into {groups} groups"));
        }
        Ok(Filter { window, groups, outputs, group_inputs })
    }

    fn expect_bias(&self, bias: Option<&[f32]>) -> Result<(), String> {
        match bias {
            Some(bias) if bias.len() != self.outputs => {
                Err(format!("a bias of {} values does not fit {} channels", bias.len(), self.outputs))
            }
            _ => Ok(()),
        }
    }

    /// The shape that the weights had.
    fn weight_shape(&self) -> Vec<usize> {
        let mut shape = vec![self.outputs, self.group_inputs];
        shape.extend(self.window.kernel.iter().skip(2_usize.saturating_sub(self.window.rank)));
        shape
    }

    /// Whether the convolution is computed as a matrix product.
    fn is_product(&self) -> bool {
        self.groups == 1 || self.group_inputs > 1
    }

    /// Weights of one output channel. Since the weights exist, this can be counted.
    fn depth(&self) -> usize {
        self.group_inputs * self.window.kernel[0] * self.window.kernel[1]
    }

    /// What a normalization multiplies each channel by.
    fn scales(&self, normalization: Normalization<'_>) -> Result<Vec<f32>, String> {
        let Normalization { scale, bias, mean, variance, epsilon } = normalization;
        for (values, what) in [(scale, "scale"), (bias, "bias"), (mean, "mean"), (variance, "variance")] {
            if values.len() != self.outputs {
                return Err(format!("a {what} of {} values does not fit {} channels", values.len(), self.outputs));
            }
        }
        Ok(scale.iter().zip(variance).map(|(scale, variance)| scale / (variance + epsilon).sqrt()).collect())
    }

    /// The weights, multiplied by what is in `scales` for each output channel.
    fn scale(&self, weights: &[f32], scales: &[f32]) -> Vec<f32> {
        let mut scaled = weights.to_vec();
        for (weights, scale) in scaled.chunks_exact_mut(self.depth()).zip(scales) {
            weights.iter_mut().for_each(|weight| *weight *= scale);
        }
        scaled
    }

    /// One packed matrix for each group, and the bytes of all.
    fn pack(&self, weights: &[f32]) -> Result<(Weights, u64), String> {
        let rows = self.outputs / self.groups;
        let groups = weights.chunks_exact(rows * self.depth());
        let packed = groups.map(|group| Ok(pack_left(matrix(group, rows, self.depth())?)));
        let (matrices, bytes): (Vec<_>, Vec<u64>) = packed.collect::<Result<Vec<_>, String>>()?.into_iter().unzip();
        Ok((Weights::Packed(matrices), bytes.into_iter().sum()))
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        let (_, channels, _) = picture(&self.window, input)?;
        if self.group_inputs.checked_mul(self.groups) != Some(channels) {
            let Filter { groups, group_inputs, .. } = self;
            return Err(format!("an input of {channels} channels does not fit {groups} groups of {group_inputs}"));
        }
        conv_shape(self.window, self.outputs, input)
    }

    fn run(&self, input: View<'_>, loaded: Loaded<'_>, output: &mut ViewMut<'_>) -> Result<(), String> {
        let shape = self.output_shape(input.shape)?;
        let (_, _, size) = picture(&self.window, input.shape)?;
        let geometry = Geometry::new(&self.window, size)?;
        let values = floats(input, "the input")?;
        let results = floats_mut(output, &shape, "the output")?;
        match loaded {
            Loaded { weights: LoadedWeights::Plain(weights), bias, activation } if !self.is_product() => {
                let per_picture = self.outputs / self.groups;
                let filters = Filters { weights, bias, activation, count: self.outputs, per_picture };
                depthwise(&geometry, filters, values, results)
            }
            loaded => self.multiply(&geometry, loaded, values, results),
        }
    }

    /// Convolves as one matrix product for each picture and group.
    fn multiply(
        &self,
        geometry: &Geometry,
        loaded: Loaded<'_>,
        input: &[f32],
        output: &mut [f32],
    ) -> Result<(), String> {
        let rows = self.outputs / self.groups;
        let inputs = input.par_chunks_exact(self.group_inputs * geometry.pixels());
        let outputs = output.par_chunks_exact_mut(rows * geometry.positions());
        outputs.zip(inputs).enumerate().try_for_each(|(index, (output, input))| {
            let group = index % self.groups;
            let left = self.left(loaded.weights, group)?;
            let bias = loaded.bias.and_then(|bias| bias.chunks_exact(rows).nth(group));
            let options = GemmOptions { bias: bias.map(BiasVector::Column), ..GemmOptions::default() };
            let gemm = executor();
            let product = if geometry.is_pointwise() {
                let right = matrix(input, self.group_inputs, geometry.pixels())?;
                gemm.gemm(output, left, GemmInputB::Unpacked(right), options)
            } else {
                let right = im2col(&gemm, input, self.group_inputs, geometry)?;
                gemm.gemm(output, left, GemmInputB::Im2Col(&right), options)
            };
            product.map_err(describe)?;
            activate(loaded.activation, output);
            Ok(())
        })
    }

    /// The weights of a group as the left side of a product.
    fn left<'a>(&self, weights: LoadedWeights<'a>, group: usize) -> Result<GemmInputA<'a, f32>, String> {
        let rows = self.outputs / self.groups;
        let left = match weights {
            LoadedWeights::Packed(packed) => packed.get(group).map(GemmInputA::Packed),
            LoadedWeights::Plain(values) => match values.chunks_exact(rows * self.depth()).nth(group) {
                Some(values) => Some(GemmInputA::Unpacked(matrix(values, rows, self.depth())?)),
                None => None,
            },
        };
        left.ok_or_else(|| format!("the weights of group {group} are missing"))
    }
}
