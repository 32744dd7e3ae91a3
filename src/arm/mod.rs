//! Under which allocator the work runs: an arm becomes the environment of a child, and the child proves that it is so.
//!
//! Settings of allocators fail silently: glibc ignores misspelled tunables, the dynamic linker only warns about a library
//! that it cannot preload, `mallinfo2` under another allocator reports an unused heap. So nothing here is believed that
//! was not read back.
//!
//! - In the parent, [`prepare`] checks an [`ArmSpec`](crate::suite::ArmSpec) and makes a [`ChildEnvironment`] of it;
//!   [`parse`] reads arms from the command line; `survey` lists what this machine offers.
//! - In the child, [`in_force()`] tells which object really owns `malloc` and what settings it took, and
//!   [`InForce::matches`] compares that with the arm; [`LiveCounter`] reads the live bytes of that allocator, and
//!   [`GiveBack`] has it give back, in a forked child, whatever it keeps.
//! - Of a program that is not highwater's own child, [`in_force_in`] tells the same from outside.
//! - In front of any allocator there can be a [`step_pool`], which serves the large blocks of an inference.
//!
//! Files, from the machine up: `symbols` (looking things up in the running process), `dynamic_linker` and `tunables`
//! (what `ld.so --list-tunables` says), `embedded` and `installed` (where the libraries come from), `environment`,
//! `in_force`, `outside` (with `elf`, which symbols a file defines), one file per allocator (`glibc`, `jemalloc`, `mimalloc`, `tcmalloc`), `live`,
//! `give_back` (with `arena_tops`, the part of glibc), `survey`, and the folder `step_pool`.

mod arena_tops;
mod command_line;
mod dynamic_linker;
mod elf;
mod embedded;
mod environment;
mod error;
mod give_back;
mod glibc;
mod in_force;
mod installed;
mod jemalloc;
mod live;
mod mimalloc;
mod outside;
mod settings;
pub mod step_pool;
mod survey;
mod symbols;
mod tcmalloc;
#[cfg(test)]
mod tests;
mod tunables;

pub use command_line::parse;
#[cfg(test)]
pub(crate) use environment::ExpectedOwner;
pub use environment::{ChildEnvironment, prepare};
pub use error::ArmError;
pub use give_back::GiveBack;
pub use in_force::{AllocatorName, InForce, in_force};
pub use live::{LiveCounter, LiveKind, counts_exactly, trim};
pub use outside::in_force_in;
pub(crate) use survey::{Offer, survey};
