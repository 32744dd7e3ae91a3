//! The kernels: what operators compute, on borrowed inputs into outputs that the caller provides.
//!
//! [`run`] and [`run_in_place`] check a node's tensors against [`infer`](super::shapes::infer) and against their own
//! lengths first; the light kernels here rely on that and index freely. Convolutions, pooling, dense layers and LSTM
//! check for themselves, since a prepared model calls them with packed weights, past `run`.

pub(in crate::runtime::embedded) mod conv;
pub(in crate::runtime::embedded) mod dense;
pub(in crate::runtime::embedded) mod lstm;
pub(in crate::runtime::embedded) mod matmul;
pub(in crate::runtime::embedded) mod pool;

mod access;
mod activate;
mod arithmetic;
mod blocks;
mod broadcast;
mod cast;
mod depthwise;
mod dispatch;
mod elementwise;
mod fill;
mod gather;
mod geometry;
mod im2col;
mod joining;
mod normalize;
mod operands;
#[cfg(test)]
mod oracles;
mod pack;
mod pad;
mod power;
mod reduce;
mod sheet;
mod slice;
mod slide;
mod softmax;
#[cfg(test)]
mod tests;
mod transpose;
mod walk;

pub(super) use conv::PackedConv;
pub(super) use dense::PackedDense;
pub(super) use dispatch::{is_alias, run, run_in_place, works_in_place};
