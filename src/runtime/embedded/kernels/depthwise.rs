//! Convolutions whose groups have one input channel each: every output channel is one filter sliding over one picture.
//!
//! As matrix products these would be products of single rows, which leave most of a matrix kernel's registers idle.

use rayon::prelude::*;
use rten_simd::ops::{BitOps, NumOps};
use rten_simd::{Isa, SimdOp, SimdUnaryOp};

use super::activate::Limits;
use super::geometry::Geometry;
use super::sheet::Sheet;
use super::slide::{Fold, Slide};
use crate::runtime::embedded::operator::Activation;

/// The filters, one for each output channel.
#[derive(Clone, Copy)]
pub(super) struct Filters<'a> {
    /// The weights of all filters, as many for each.
    pub(super) weights: &'a [f32],
    /// One summand for each filter.
    pub(super) bias: Option<&'a [f32]>,
    /// What becomes of the sums.
    pub(super) activation: Activation,
    /// Number of filters.
    pub(super) count: usize,
    /// Filters that slide over the same picture.
    pub(super) per_picture: usize,
}

/// Weighted sum of a window.
#[derive(Clone, Copy)]
struct Filter<'a> {
    weights: &'a [f32],
    bias: f32,
    limits: Option<Limits>,
}

impl Fold for Filter<'_> {
    const PADDING: f32 = 0.0;

    #[inline(always)]
    fn start<I: Isa>(self, isa: I) -> I::F32 {
        isa.f32().splat(self.bias)
    }

    #[inline(always)]
    fn weight(self, tap: usize) -> f32 {
        self.weights[tap]
    }

    #[inline(always)]
    fn step<I: Isa>(self, isa: I, so_far: I::F32, values: I::F32, weight: f32) -> I::F32 {
        let ops = isa.f32();
        ops.mul_add(values, ops.splat(weight), so_far)
    }

    #[inline(always)]
    fn finish<I: Isa>(self, isa: I, so_far: I::F32) -> I::F32 {
        match self.limits {
            Some(limits) => limits.eval(isa, so_far),
            None => so_far,
        }
    }
}

/// Convolves pictures, which lie one after the other, into as many results for each as there are filters for it.
pub(super) fn depthwise(
    geometry: &Geometry,
    filters: Filters<'_>,
    input: &[f32],
    output: &mut [f32],
) -> Result<(), String> {
    let sheet = Sheet::new(geometry, Filter::PADDING)?;
    let taps = sheet.taps().len();
    let limits = Limits::of(filters.activation);
    let results = output.par_chunks_mut(geometry.positions()).enumerate();
    results.try_for_each_init(
        || sheet.blank(),
        |scratch, (index, output)| {
            let filter = index % filters.count;
            let channel = slice(input, index / filters.per_picture, geometry.pixels())?;
            let weights = slice(filters.weights, filter, taps)?;
            let bias = filters.bias.map_or(Some(&0.0), |bias| bias.get(filter)).ok_or("a bias is missing")?;
            let fold = Filter { weights, bias: *bias, limits };
            Slide { sheet: &sheet, scratch, channel, output, fold }.dispatch();
            Ok(())
        },
    )
}

/// The part of values that lie in parts of one length.
fn slice(values: &[f32], index: usize, length: usize) -> Result<&[f32], String> {
    values.get(index * length..(index + 1) * length).ok_or_else(|| "a picture or its filter is missing".to_owned())
}
