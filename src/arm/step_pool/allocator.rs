//! The allocator: small requests go straight to the system, large ones by way of the pool while it is on.
//!
//! Rust tells `dealloc` size and alignment of the block, so that nothing needs to be written in front of it. A block of the
//! pool always has more than 32 KiB: one that shrinks below moves out.
#![expect(unsafe_code, reason = "an allocator is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};

use super::lock::SpinLock;
use super::pool::Pool;
use super::report::StepPoolReport;
use super::state::{Server, State};
use crate::suite::StepPoolSettings;

/// Blocks of at most so many bytes are none of the pool's (DeepRec's threshold).
pub const LARGE: usize = 32 << 10;

/// A pool that learns the large allocations of a step and then serves them.
///
/// It does nothing until it is [enabled](StepPool::enable): a small request costs a comparison, a large one a load more.
pub struct StepPool {
    is_needed: AtomicBool,
    state: SpinLock<State>,
}

/// Keeps a pool switched on. Dropped, it gives back what the pool has, as soon as its last block is freed.
#[must_use = "the pool is switched off when this is dropped"]
pub struct StepPoolOwner<'a> {
    pool: &'a StepPool,
}

/// A step; it ends when this is dropped. Steps of several threads that overlap are one.
#[must_use = "the step ends when this is dropped"]
pub struct Step<'a> {
    pool: Option<&'a StepPool>,
}

impl Default for StepPool {
    fn default() -> Self {
        StepPool::new()
    }
}

impl StepPool {
    /// A pool that is off.
    pub const fn new() -> StepPool {
        StepPool { is_needed: AtomicBool::new(false), state: SpinLock::new(State::new()) }
    }

    /// Switches the pool on until what this gives is dropped; `None` if it is on already.
    pub fn enable(&self, settings: StepPoolSettings) -> Option<StepPoolOwner<'_>> {
        let mut state = self.state.lock();
        let is_enabled = state.enable(settings);
        self.is_needed.store(state.is_needed(), Ordering::Relaxed);
        // Lazily: an owner that is made and dropped would switch the pool off.
        is_enabled.then(|| StepPoolOwner { pool: self })
    }

    /// A step begins. Without a pool that is on, it is none.
    pub fn step(&self) -> Step<'_> {
        if !self.is_needed() {
            return Step { pool: None };
        }
        self.state.lock().begin();
        Step { pool: Some(self) }
    }

    /// The settings, if the pool is on and the program's allocations really come by: another allocator may be the program's.
    pub fn in_force(&self) -> Option<StepPoolSettings> {
        let settings = self.state.lock().settings()?;
        let before = self.state.lock().seen();
        drop(black_box(Vec::<u8>::with_capacity(LARGE + 1)));
        (self.state.lock().seen() > before).then_some(settings)
    }

    /// Bytes that the program has in blocks of the pool, which the system allocator's own count does not contain.
    pub fn live_bytes(&self) -> u64 {
        if self.is_needed() { self.state.lock().live_bytes() } else { 0 }
    }

    /// Gives the pages of free blocks back to the system. False if that was not done: it refused, or, after a fork, another
    /// thread was at work in the pool and is no more.
    #[must_use]
    pub fn release_idle(&self) -> bool {
        !self.is_needed() || self.state.try_lock().is_some_and(|state| state.release_idle())
    }

    /// What there is to tell.
    pub fn report(&self) -> StepPoolReport {
        self.state.lock().report()
    }

    /// Only large requests look at this. It is set before the first block of a pool is handed out, and reset after the last
    /// one came back; whoever has such a block got it from a thread that saw it set.
    #[inline]
    pub(super) fn is_needed(&self) -> bool {
        self.is_needed.load(Ordering::Relaxed)
    }

    fn end_step(&self) {
        let Some((mut learner, settings)) = self.state.lock().end() else { return };
        // Other threads may allocate meanwhile; what they do is not learned.
        if learner.learn(&settings) {
            let pool = learner.plan().and_then(Pool::new).ok();
            self.state.lock().install(pool);
        } else {
            self.state.lock().resume(learner);
        }
    }

    #[cold]
    fn large(&self, layout: Layout, is_zeroed: bool) -> *mut u8 {
        let server = self.state.lock().request(layout.size(), layout.align());
        if let Server::Pool(block) = server {
            if is_zeroed {
                // SAFETY: the block has at least as many bytes, and is nobody else's.
                unsafe { block.as_ptr().write_bytes(0, layout.size()) };
            }
            return block.as_ptr();
        }
        // SAFETY: the layout has more than 0 bytes.
        let block = unsafe { if is_zeroed { System.alloc_zeroed(layout) } else { System.alloc(layout) } };
        if matches!(server, Server::SystemTold) && !block.is_null() {
            self.state.lock().allocated(block as usize, layout.size(), layout.align());
        }
        block
    }

    /// Whether the block was the pool's. It is told before the system frees it, since its address may come again at once.
    #[cold]
    fn take_back(&self, block: *mut u8) -> bool {
        let mut state = self.state.lock();
        let is_ours = state.free(block as usize);
        if is_ours && !state.is_needed() {
            self.is_needed.store(false, Ordering::Relaxed);
        }
        is_ours
    }

    /// # Safety
    ///
    /// As for [`GlobalAlloc::realloc`].
    #[cold]
    unsafe fn resize(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // A size that no layout can have is none that the caller may ask for.
        let Ok(wanted) = Layout::from_size_align(size, layout.align()) else { return std::ptr::null_mut() };
        let owned = if layout.size() > LARGE { self.state.lock().resize(block as usize, size) } else { None };
        if owned == Some(true) && size > LARGE {
            return block;
        }
        let server = match owned {
            None if size > LARGE => self.state.lock().request(size, layout.align()),
            _ => Server::System,
        };
        // SAFETY: the caller vouches for `block` and `layout`; `wanted` has the size that it asks for, which is not 0.
        unsafe {
            let moved = match server {
                Server::Pool(moved) => moved.as_ptr(),
                _ if owned.is_some() => self.alloc(wanted),
                // The block is the system's and stays so: it knows how to move pages without copying them.
                _ => return self.resize_in_system(block, layout, size),
            };
            if !moved.is_null() {
                moved.copy_from_nonoverlapping(block, layout.size().min(size));
                self.dealloc(block, layout);
            }
            moved
        }
    }

    /// # Safety
    ///
    /// As for [`GlobalAlloc::realloc`], and the block is the system's.
    unsafe fn resize_in_system(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.state.lock().free(block as usize);
        // SAFETY: the caller vouches for it.
        let resized = unsafe { System.realloc(block, layout, size) };
        let (address, size) = if resized.is_null() { (block, layout.size()) } else { (resized, size) };
        if size > LARGE {
            self.state.lock().allocated(address as usize, size, layout.align());
        }
        resized
    }
}

impl StepPoolOwner<'_> {
    /// What there is to tell.
    pub fn report(&self) -> StepPoolReport {
        self.pool.report()
    }
}

impl Drop for StepPoolOwner<'_> {
    fn drop(&mut self) {
        let mut state = self.pool.state.lock();
        state.disable();
        self.pool.is_needed.store(state.is_needed(), Ordering::Relaxed);
    }
}

impl Drop for Step<'_> {
    fn drop(&mut self) {
        if let Some(pool) = self.pool {
            pool.end_step();
        }
    }
}

// SAFETY: a block comes either from the system allocator, unchanged, or from a pool whose blocks do not overlap, have the
// size and the alignment asked for and stay mapped while they are in use; and it goes back to where it came from, which its
// address tells.
unsafe impl GlobalAlloc for StepPool {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.size() > LARGE && self.is_needed() {
            return self.large(layout, false);
        }
        // SAFETY: the caller keeps the contract, which is the system allocator's too.
        unsafe { System.alloc(layout) }
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if layout.size() > LARGE && self.is_needed() {
            return self.large(layout, true);
        }
        // SAFETY: the caller keeps the contract, which is the system allocator's too.
        unsafe { System.alloc_zeroed(layout) }
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if layout.size() > LARGE && self.is_needed() && self.take_back(block) {
            return;
        }
        // SAFETY: the caller keeps the contract, and the block is none of the pool's.
        unsafe { System.dealloc(block, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if layout.size().max(size) > LARGE && self.is_needed() {
            // SAFETY: the caller keeps the contract.
            return unsafe { self.resize(block, layout, size) };
        }
        // SAFETY: the caller keeps the contract, and without a pool the block is the system's.
        unsafe { System.realloc(block, layout, size) }
    }
}
