//! The child: does the work of one case, samples at quiescent points and speaks the [`protocol`].

mod core;
mod phases;
mod profile;
pub mod protocol;
mod session;

pub use phases::end_phase;
pub use session::{DESCRIPTOR_VARIABLE, Ended, PARENT_VARIABLE, serve};
