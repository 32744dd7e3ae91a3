//! The heavy kernels against loops that say what is meant, and against rten.

mod convolutions;
mod dense;
mod memory;
mod naive;
mod pooling;
mod products;
mod refused;

use crate::runtime::embedded::operator::{Padding, Window};
use crate::runtime::embedded::tensor::{Buffer, Tensor};

/// Numbers between -1 and 1 that are the same in every run.
fn noise(seed: u64, count: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    };
    (0..count).map(|_| next()).collect()
}

/// A tensor of noise.
fn random(seed: u64, shape: &[usize]) -> Tensor {
    Tensor { shape: shape.to_vec(), buffer: Buffer::F32(noise(seed, shape.iter().product())) }
}

/// A tensor to be written, full of what nobody should see.
fn blank(shape: Vec<usize>) -> Tensor {
    let buffer = Buffer::F32(vec![f32::NAN; shape.iter().product()]);
    Tensor { shape, buffer }
}

/// The values of a tensor of floats.
fn values(tensor: &Tensor) -> &[f32] {
    let Buffer::F32(values) = &tensor.buffer else { panic!("not floats: {tensor:?}") };
    values
}

/// Panics unless values agree up to rounding.
#[track_caller]
fn assert_close(found: &[f32], expected: &[f32]) {
    assert_eq!(found.len(), expected.len());
    for (index, (found, expected)) in found.iter().zip(expected).enumerate() {
        let allowed = 1e-4 * expected.abs().max(1.0);
        let is_close = found == expected || (found - expected).abs() <= allowed;
        assert!(is_close, "value {index} is {found} instead of {expected}");
    }
}

/// A window over two dimensions that steps by one and adds nothing.
fn window(kernel: [usize; 2]) -> Window {
    let padding = Padding::Explicit([0; 4]);
    Window { rank: 2, kernel, strides: [1, 1], dilations: [1, 1], padding, ceil: false }
}
