//! glibc's malloc: its version, its statistics, and whether its thread cache is really off.
//!
//! Live bytes are `uordblks + hblkhd` over all arenas. Chunks that wait in a thread cache (tcache) count as live, so the
//! number drifts up for hundreds of iterations without a leak; with `glibc.malloc.tcache_count=0` it is exact. `fordblks`
//! does not fall after `malloc_trim`, so it is not what the allocator retains.
#![expect(unsafe_code, reason = "functions that older C libraries lack are looked up at run time")]

use std::ffi::{CStr, c_char, c_int};
use std::hint::black_box;

use super::symbols;

/// glibc's `struct mallinfo2`.
pub(super) type MallInfo = libc::mallinfo2;

/// `mallinfo2` where the C library has it.
#[derive(Clone, Copy)]
pub(super) struct Statistics {
    mallinfo2: unsafe extern "C" fn() -> MallInfo,
}

impl Statistics {
    /// Finds `mallinfo2`; only sensible where glibc owns `malloc`.
    pub(super) fn find() -> Option<Self> {
        // SAFETY: every C library that has the symbol gives it this type.
        unsafe { symbols::function(c"mallinfo2") }.map(|mallinfo2| Statistics { mallinfo2 })
    }

    /// Reads the statistics of all arenas. Allocates nothing; takes 1 µs on a clean heap and up to 30 ms with many
    /// fragmented arenas.
    pub(super) fn read(self) -> MallInfo {
        // SAFETY: mallinfo2 takes no argument and may be called from any thread.
        unsafe { (self.mallinfo2)() }
    }

    /// Live bytes.
    pub(super) fn live(self) -> u64 {
        let info = self.read();
        (info.uordblks + info.hblkhd) as u64
    }

    /// Whether freed chunks wait in a thread cache, found by trying: the tunables of glibc print 0 both for "off" and
    /// for "not set". Three attempts, since another thread may allocate in between.
    pub(super) fn has_tcache(self) -> bool {
        // Above the fast bins and below the largest chunk that the thread cache takes by default.
        const SIZE: usize = 1000;
        let returns_at_once = || {
            let before = self.live();
            // SAFETY: the block is freed once and not used; black_box keeps the compiler from removing the pair.
            let during = unsafe {
                let block = black_box(libc::malloc(SIZE));
                let during = self.live();
                libc::free(block);
                during
            };
            during > before && self.live() == before
        };
        !(0..3).any(|_| returns_at_once())
    }
}

/// glibc's version; `None` on other C libraries.
pub(super) fn version() -> Option<String> {
    type Version = unsafe extern "C" fn() -> *const c_char;
    // SAFETY: the symbol has this type, and returns a static C string.
    unsafe {
        let gnu_get_libc_version = symbols::function::<Version>(c"gnu_get_libc_version")?;
        Some(CStr::from_ptr(gnu_get_libc_version()).to_string_lossy().into_owned())
    }
}

/// Gives free pages of all arenas back to the system; `false` where the C library cannot.
pub(super) fn trim() -> bool {
    type Trim = unsafe extern "C" fn(usize) -> c_int;
    // SAFETY: the symbol has this type in every C library that has it, and any thread may call it.
    unsafe {
        let Some(malloc_trim) = symbols::function::<Trim>(c"malloc_trim") else { return false };
        malloc_trim(0);
    }
    true
}
