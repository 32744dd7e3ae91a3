//! The child: does the work of one case, samples at quiescent points and speaks the [`protocol`].

mod companions;
mod core;
mod lineage;
mod phases;
mod profile;
pub mod protocol;
mod session;

pub use lineage::{PARENT_VARIABLE, WORKER_COMMAND};
pub(crate) use lineage::{die_with_parent, name_parent};
pub(crate) use phases::end_phase;
pub use session::{DESCRIPTOR_VARIABLE, Ended, TEMPORARY_VARIABLE, serve};
