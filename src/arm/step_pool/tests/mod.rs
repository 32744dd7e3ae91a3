mod growing;
mod planning;
mod serving;

use std::alloc::{GlobalAlloc, Layout};

use super::{LARGE, StepPool};
use crate::suite::StepPoolSettings;

/// Learns from the first step on and is soon sure.
const EARLY: StepPoolSettings = StepPoolSettings { start: 0, stable: 2, max: 20 };

/// Steps until a pool with [`EARLY`] settings serves the same work in every step.
const LEARNED: usize = 4;

/// A block of a pool that is not the program's allocator.
struct Block<'a> {
    pool: &'a StepPool,
    address: *mut u8,
    layout: Layout,
}

// SAFETY: the block is memory and its pool may be used by any thread.
#[expect(unsafe_code, reason = "blocks move between threads")]
unsafe impl Send for Block<'_> {}

#[expect(unsafe_code, reason = "the allocator's own interface")]
impl<'a> Block<'a> {
    fn new(pool: &'a StepPool, size: usize) -> Self {
        Block::aligned(pool, size, 16)
    }

    fn aligned(pool: &'a StepPool, size: usize, alignment: usize) -> Self {
        let layout = Layout::from_size_align(size, alignment).unwrap();
        // SAFETY: the size is not 0.
        let address = unsafe { pool.alloc(layout) };
        Block { pool, address, layout }.checked()
    }

    fn zeroed(pool: &'a StepPool, size: usize) -> Self {
        let layout = Layout::from_size_align(size, 16).unwrap();
        // SAFETY: the size is not 0.
        let address = unsafe { pool.alloc_zeroed(layout) };
        Block { pool, address, layout }.checked()
    }

    fn checked(self) -> Self {
        assert!(!self.address.is_null());
        assert_eq!(self.address as usize % self.layout.align(), 0, "{:?}", self.layout);
        self
    }

    fn resize(&mut self, size: usize) {
        // SAFETY: the block is in use, and the size is not 0.
        self.address = unsafe { self.pool.realloc(self.address, self.layout, size) };
        self.layout = Layout::from_size_align(size, self.layout.align()).unwrap();
        assert!(!self.address.is_null());
    }

    fn bytes(&mut self) -> &mut [u8] {
        // SAFETY: the block is ours and as long; every test writes before it reads, but for zeroed blocks.
        unsafe { std::slice::from_raw_parts_mut(self.address, self.layout.size()) }
    }
}

impl Drop for Block<'_> {
    #[expect(unsafe_code, reason = "the allocator's own interface")]
    fn drop(&mut self) {
        // SAFETY: the block came from this pool with this layout.
        unsafe { self.pool.dealloc(self.address, self.layout) }
    }
}

/// One step that needs blocks of all `sizes` at once.
fn step(pool: &StepPool, sizes: &[usize]) {
    let _step = pool.step();
    let blocks: Vec<_> = sizes.iter().map(|size| Block::new(pool, *size)).collect();
    drop(blocks);
}

/// Steps that need blocks of all `sizes` until they are learned.
fn learn(pool: &StepPool, sizes: &[usize]) {
    (0..LEARNED).for_each(|_| step(pool, sizes));
    assert_eq!(pool.report().phase, super::StepPoolPhase::Serving);
}
