//! A small CPU runtime of our own, for what no foreign runtime lets us choose: how weights come into memory and leave it,
//! who packs them and with how many threads, and where intermediate results lie.
//!
//! The matrix products are those of rten-gemm, vector functions are those of rten-vecmath; the rest is here, for the 47
//! operators that convolution networks, small transformers and recurrent detectors need. Any other model is refused with a
//! word about what is missing, and `rten` runs it.
//!
//! **Load.** `weights` finds where each weight lies and brings them in by one of four strategies; `import` makes a `graph`
//! of the rest of the file.
//!
//! **Prepare.** `fold` computes what does not depend on inputs (with `facts`, which follows types and shapes through the
//! graph), `fuse` makes layers of convolutions and products and what follows them, `prune` drops what nobody needs, `pack`
//! takes the weights of each layer and gives them back, `layout` gives each intermediate result its place (by one of the
//! planners in `plan`).
//!
//! **Execute.** `execute` goes through the nodes on the threads of `workers`. A value is at one of the `slots`: with the
//! caller, in the `arena`, or in memory of its own.
//!
//! Models come from anywhere: whatever a file says, the answer is a result or an error. Sizes are checked before anything
//! is computed or allocated from them, and no result has more than 2^31 elements.

mod arena;
mod bind;
mod error;
mod execute;
mod facts;
mod fold;
mod fuse;
mod graph;
mod import;
mod kernels;
mod layout;
mod operator;
mod pack;
mod plan;
mod prune;
mod session;
mod shapes;
mod slots;
mod tensor;
#[cfg(test)]
mod tests;
mod weights;
mod workers;

pub use session::Embedded;
pub(super) use session::{ENGINE, VERSION};
