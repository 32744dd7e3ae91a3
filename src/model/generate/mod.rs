//! Makes ONNX models of true layer structure with seeded random weights, so that a suite needs no downloads.
//!
//! Memory behaviour of loading and compiling depends on the graph and on the sizes of tensors, not on what the weights
//! say. A network therefore passes through three steps that share one plain value, the [`graph::Graph`]:
//!
//! 1. an architecture (`mobilenet_v2`, `inception_v3`, `resnet50`, `transformer`, `mlp`) lists nodes and describes its weights by
//!    shape and distribution, without making them;
//! 2. `encode` tells the exact size of the protobuf and writes it tensor by tensor, so that at most one tensor is in
//!    memory at a time;
//! 3. `write` puts the file, and the weights' file beside it where asked for, under their names in one atomic step.
//!
//! The bytes are a function of the recipe alone: the same on every machine and in every run.

mod convolution;
mod encode;
mod foreign;
mod graph;
mod inception_v3;
mod mlp;
mod mobilenet_v2;
mod resnet50;
mod transformer;
mod values;
mod write;

pub use foreign::write_foreign;
pub(super) use transformer::HEAD;
pub(super) use write::{GENERATOR_VERSION, is_complete, remove_abandoned, replace};
pub use write::{WrittenModel, write};
