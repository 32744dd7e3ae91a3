//! What generated tensors hold: seeded numbers, made in pieces so that no tensor needs to be in memory as a whole.

use std::io::{self, Write};

use rand_xoshiro::rand_core::Rng;

use crate::model::random::stream;

/// Elements made before they are handed to the writer: 64 KiB of floats.
const PIECE: usize = 16 * 1024;

/// Mean of the sum of four uniform 16-bit numbers.
const SUM_MEAN: i32 = 2 * 65_535;

/// Standard deviation of that sum: `sqrt(4 * (65536² - 1) / 12)`.
const SUM_DEVIATION: f32 = 37_837.23;

/// What a tensor is filled with.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Values {
    /// Approximately normal numbers around 0 with this standard deviation.
    ///
    /// Each is the sum of four uniform 16-bit numbers (Irwin–Hall of order 4): within ±3.46 deviations, one draw of the
    /// generator for each, and integer arithmetic until the last step, so that every machine makes the same bits.
    Normal {
        /// Standard deviation.
        deviation: f32,
    },
    /// The same number everywhere.
    Constant(f32),
    /// 64-bit integers, told one by one.
    Integers(Vec<i64>),
}

impl Values {
    /// Weights of a layer that is followed by a ReLU, for `fan_in` inputs: He et al. 2015, `sqrt(2 / fan_in)`. It keeps
    /// the variance of activations through any number of layers, so that random networks neither overflow nor fade.
    pub(super) fn he(fan_in: usize) -> Values {
        Values::Normal { deviation: (2.0 / fan_in as f32).sqrt() }
    }

    /// Writes `elements` values in little-endian order. `seed` belongs to the model, `tensor` counts tensors within it:
    /// each tensor has a stream of its own, whatever is written before it.
    pub(super) fn write(&self, elements: u64, seed: u64, tensor: usize, sink: &mut impl Write) -> io::Result<()> {
        match self {
            Values::Normal { deviation } => {
                let mut random = stream(seed, tensor);
                let scale = deviation / SUM_DEVIATION;
                write_floats(elements, sink, || normal(random.next_u64(), scale))
            }
            Values::Constant(value) => write_floats(elements, sink, || *value),
            Values::Integers(values) => values.iter().try_for_each(|value| sink.write_all(&value.to_le_bytes())),
        }
    }
}

fn normal(bits: u64, scale: f32) -> f32 {
    let sum = (bits & 0xffff) + (bits >> 16 & 0xffff) + (bits >> 32 & 0xffff) + (bits >> 48);
    (sum as i32 - SUM_MEAN) as f32 * scale
}

fn write_floats(elements: u64, sink: &mut impl Write, mut next: impl FnMut() -> f32) -> io::Result<()> {
    let mut piece = Vec::with_capacity(4 * PIECE);
    let mut left = elements;
    while left > 0 {
        let count = left.min(PIECE as u64);
        piece.clear();
        for _ in 0..count {
            piece.extend_from_slice(&next().to_le_bytes());
        }
        sink.write_all(&piece)?;
        left -= count;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floats(values: &Values, elements: u64, seed: u64, tensor: usize) -> Vec<f32> {
        let mut bytes = Vec::new();
        values.write(elements, seed, tensor, &mut bytes).unwrap();
        bytes.chunks_exact(4).map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap())).collect()
    }

    #[test]
    fn normal_values_have_the_mean_and_deviation_that_were_asked_for() {
        let drawn = floats(&Values::Normal { deviation: 0.05 }, 100_000, 7, 0);
        let mean = drawn.iter().sum::<f32>() / drawn.len() as f32;
        let variance = drawn.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / drawn.len() as f32;
        assert_eq!(drawn.len(), 100_000);
        assert!(mean.abs() < 0.001, "mean {mean}");
        assert!((variance.sqrt() - 0.05).abs() < 0.001, "deviation {}", variance.sqrt());
    }

    #[test]
    fn seed_and_tensor_decide_the_values() {
        let values = Values::he(64);
        assert_eq!(floats(&values, 100, 1, 3), floats(&values, 100, 1, 3));
        assert_ne!(floats(&values, 100, 1, 3), floats(&values, 100, 2, 3));
        assert_ne!(floats(&values, 100, 1, 3), floats(&values, 100, 1, 4));
    }
}
