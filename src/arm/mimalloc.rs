//! mimalloc's live bytes: the sum over its pages of blocks in use, from `mi_heap_visit_blocks` without visiting blocks.
//!
//! Two ways were measured (mimalloc 3.3.2, four threads that hand blocks to another one, 3000 rounds without a leak):
//!
//! - Its own statistics need `-DMI_STAT=1`, which makes a malloc/free pair a quarter slower (40 → 50 ns), and are no
//!   measure of live bytes: threads that are still alive keep their part to themselves, so the sum wandered between
//!   −0.1 and −8 MB while 0 was true.
//! - Walking the pages costs nothing in `malloc`, about 1.5 µs for 137 pages, and works in a release build. It is exact
//!   with one thread. Blocks that another thread freed count as live until their owner allocates again: 130 kB after one
//!   round, 350 ± 60 kB from round 100 on. That is how glibc's thread cache behaves, so it is judged as one.
//!
//! The walk reads page headers that another thread may be changing; on Linux the headers of freed pages stay mapped and
//! read as zero, so a race costs accuracy, not a crash. Blocks that mimalloc maps outside its arenas are not seen
//! (a block of 3 GB is one, 300 MB is not). mimalloc 2 walks the heap of one thread only, so it has no counter.
#![expect(unsafe_code, reason = "mimalloc's functions are looked up in the preloaded library")]

use std::ffi::{c_int, c_void};
use std::ptr::null_mut;

use super::symbols;

/// mimalloc's `mi_heap_area_t`.
#[repr(C)]
struct Area {
    blocks: *mut c_void,
    reserved: usize,
    committed: usize,
    used: usize,
    block_size: usize,
    full_block_size: usize,
    reserved1: *mut c_void,
}

type Visitor = unsafe extern "C" fn(*const c_void, *const Area, *mut c_void, usize, *mut c_void) -> bool;
type VisitBlocks = unsafe extern "C" fn(*mut c_void, bool, Visitor, *mut c_void) -> bool;

/// The page walk of mimalloc 3.
#[derive(Clone, Copy)]
pub(super) struct Statistics {
    visit: VisitBlocks,
}

impl Statistics {
    /// Finds the page walk; `None` before mimalloc 3.
    pub(super) fn find() -> Option<Self> {
        if number()? < 30_000 {
            return None;
        }
        // SAFETY: the symbol has this type in mimalloc 3.
        unsafe { symbols::function(c"mi_heap_visit_blocks") }.map(|visit| Statistics { visit })
    }

    /// Live bytes. Allocates nothing.
    pub(super) fn live(self) -> Option<u64> {
        let mut sum: u64 = 0;
        // SAFETY: a null heap is the main one, to which all threads' pages belong; the visitor gets `sum` and nothing
        // keeps it after the call.
        let complete = unsafe { (self.visit)(null_mut(), false, add_area, (&raw mut sum).cast()) };
        complete.then_some(sum)
    }
}

/// Adds the blocks in use of one page.
unsafe extern "C" fn add_area(_: *const c_void, area: *const Area, _: *mut c_void, _: usize, sum: *mut c_void) -> bool {
    // SAFETY: mimalloc passes a valid area and the pointer that `live` gave it.
    unsafe { *sum.cast::<u64>() += ((*area).used * (*area).full_block_size) as u64 };
    true
}

/// Gives back free pages.
#[derive(Clone, Copy)]
pub(super) struct Collect {
    collect: unsafe extern "C" fn(bool),
}

impl Collect {
    /// Finds `mi_collect`.
    pub(super) fn find() -> Option<Self> {
        // SAFETY: every mimalloc gives the symbol this type.
        unsafe { symbols::function(c"mi_collect") }.map(|collect| Collect { collect })
    }

    /// Collects this thread's heap by force; pages of other threads stay.
    pub(super) fn run(self) {
        // SAFETY: the function may be called from any thread.
        unsafe { (self.collect)(true) };
    }
}

/// mimalloc's version.
pub(super) fn version() -> Option<String> {
    let number = number()?;
    // Four digits up to 2.1 (`212`: three digits), five from 2.2 on (`30302`).
    Some(if number >= 10_000 {
        format!("{}.{}.{}", number / 10_000, number / 100 % 100, number % 100)
    } else {
        format!("{}.{}.{}", number / 100, number / 10 % 10, number % 10)
    })
}

fn number() -> Option<c_int> {
    type Version = unsafe extern "C" fn() -> c_int;
    // SAFETY: every mimalloc gives the symbol this type.
    unsafe { symbols::function::<Version>(c"mi_version").map(|version| version()) }
}
