//! What layers do to their results before the next reads them: limits.

use rayon::prelude::*;
use rten_simd::ops::{BitOps, NumOps};
use rten_simd::{Isa, SimdUnaryOp};

use crate::runtime::embedded::operator::Activation;

/// Values of one task: 64 KiB, so that a task is worth its start and the values are still in a cache.
const CHUNK: usize = 16 * 1024;

/// Lowest and highest value. If they contradict each other the highest wins, as it does for ONNX.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Limits {
    low: f32,
    high: f32,
}

impl Limits {
    /// The limits that an activation sets, if any.
    pub(super) fn of(activation: Activation) -> Option<Limits> {
        match activation {
            Activation::None => None,
            Activation::Relu => Some(Limits { low: 0.0, high: f32::INFINITY }),
            Activation::Clip { low, high } => Some(Limits { low, high }),
        }
    }
}

impl SimdUnaryOp<f32> for Limits {
    #[inline(always)]
    fn eval<I: Isa>(&self, isa: I, values: I::F32) -> I::F32 {
        let ops = isa.f32();
        ops.min(ops.max(values, ops.splat(self.low)), ops.splat(self.high))
    }
}

/// Applies the activation to what a layer has just written.
pub(super) fn activate(activation: Activation, values: &mut [f32]) {
    let Some(limits) = Limits::of(activation) else { return };
    if rayon::current_num_threads() > 1 {
        values.par_chunks_mut(CHUNK).for_each(|chunk| limits.map_mut(chunk));
    } else {
        limits.map_mut(values);
    }
}
