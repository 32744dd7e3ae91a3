//! On what a case runs: model files and the tensors they are given.
//!
//! A [`ModelSpec`](crate::suite::ModelSpec) says where a model's bytes come from; [`resolve()`] gives the path of a file
//! that is known to be whole, or one for each member of a sequence. There are four sources:
//!
//! - a **file** of the user's;
//! - a **fetched** model: real, and brought into the cache by `scripts/fetch-models`;
//! - a **bundled** model: small, real and inside the binary ([`BUNDLED`]);
//! - a **generated** model: true layer structure and true sizes with seeded random weights ([`write()`]), from a few
//!   kilobytes to more than memory holds, weights inline or in a file of their own.
//!
//! The last two are written into the [cache](cache_dir) once. [`make_inputs`] turns what an engine tells about a model's
//! inputs into seeded tensors, or into an error that says which `--input` to give.

mod architecture;
mod bundled;
mod cache;
mod draw;
mod error;
mod generate;
mod input_error;
mod inputs;
mod random;
mod resolve;
#[cfg(test)]
mod tests;

pub use architecture::{ArchitectureError, architecture_name, known_architectures, parse_architecture};
pub use bundled::{BUNDLED, BundledModel, bundled, find_bundled};
pub use cache::{cache_dir, materialize};
pub use draw::redraw_inputs;
pub use error::ModelError;
pub(crate) use error::{closest, hint};
pub use generate::{WrittenModel, write, write_foreign};
pub use input_error::{InputError, UndecidedInput};
pub use inputs::{DeclaredInput, Dimension, InputTensor, TensorData, make_inputs};
pub use resolve::{resolve, with_known_inputs};
