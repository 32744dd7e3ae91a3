//! A step pool, after DeepRec's CPU memory optimisation: what a step allocates is learned, planned for and then served from
//! memory that is already there, so that the page faults of the next steps are saved.
//!
//! A step is one inference. While the pool learns, every block of more than 32 KiB is recorded from its allocation to its
//! release (`record`); when the step ends, three policies make room for it (`learner`, `policy`), and when for long enough
//! no step needed anything new, the smallest plan becomes a mapping (`pool`) whose blocks are handed out by size
//! (`shelves`). `state` leads from one phase to the next, `allocator` is what the program sees, `report` what the reader
//! sees. Names and defaults are DeepRec's (`variables`).
//!
//! What is another than in DeepRec:
//! - The clock counts events, and each step begins at 0. DeepRec's counts microseconds and never begins anew, so that the
//!   cost of a step grows with those before it.
//! - Nothing is written in front of a block: Rust says its size when it is freed, and its address says whose it is. DeepRec
//!   takes a block of 4,276,545 bytes for one of its small ones, whose tag that number spells.
//! - A block is aligned as its request is, or is not served.
//! - Blocks of a size that always outlives its step are not served, and what is allocated outside of steps is not either.
//! - When more than 5 % of the requests of 100 steps miss, the pool learns again, and what it had goes back when the last
//!   block of it is free. At most four pools wait for their last block: it does not grow for ever. Where a size is temporary
//!   in one place and lasting in another, it may miss now and then for ever.
//! - It belongs to its owner and goes with it. Its tables lie in mappings of their own (`table`) behind a lock that
//!   allocates nothing (`lock`), and so never show in what they describe.
//!
//! jemalloc, or glibc with higher thresholds, saves the same faults by keeping the same memory: a report that recommends a
//! pool must have compared them.

mod allocator;
mod counts;
mod learner;
mod lock;
mod policy;
mod pool;
mod record;
mod report;
mod shelves;
mod state;
mod table;
#[cfg(test)]
mod tests;
mod variables;

use std::alloc::{GlobalAlloc, Layout};

pub use allocator::{LARGE, Step, StepPool, StepPoolOwner};
pub use pool::PoolSize;
pub use report::{StepPoolPhase, StepPoolReport};
pub(super) use variables::is_variable;
pub use variables::{VariableError, asked_for};

/// The pool of this process.
pub static PROCESS: StepPool = StepPool::new();

/// The allocator that has [`PROCESS`] serve the program. The binary makes it its own; a test program does where it wants to.
#[derive(Debug, Clone, Copy)]
pub struct ProcessAllocator;

#[expect(unsafe_code, reason = "an allocator is an unsafe trait")]
// SAFETY: every call is one of `PROCESS`, which is an allocator.
unsafe impl GlobalAlloc for ProcessAllocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract.
        unsafe { PROCESS.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps the contract.
        unsafe { PROCESS.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract.
        unsafe { PROCESS.dealloc(block, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller keeps the contract.
        unsafe { PROCESS.realloc(block, layout, size) }
    }
}
