//! gperftools' tcmalloc: live bytes are `generic.current_allocated_bytes`, which leaves its thread caches out and is
//! exact without settings.
#![expect(unsafe_code, reason = "tcmalloc's functions are looked up in the preloaded library")]

use std::ffi::{CStr, c_char, c_int};
use std::ptr::null;

use super::symbols;

type GetNumericProperty = unsafe extern "C" fn(*const c_char, *mut usize) -> c_int;

/// tcmalloc's statistics.
#[derive(Clone, Copy)]
pub(super) struct Statistics {
    get: GetNumericProperty,
}

impl Statistics {
    /// Finds the C interface of `MallocExtension`.
    pub(super) fn find() -> Option<Self> {
        // SAFETY: gperftools gives the symbol this type.
        unsafe { symbols::function(c"MallocExtension_GetNumericProperty") }.map(|get| Statistics { get })
    }

    /// Live bytes. Allocates nothing.
    pub(super) fn live(self) -> Option<u64> {
        self.property(c"generic.current_allocated_bytes")
    }

    /// Bytes that tcmalloc has from the system and has not given back.
    pub(super) fn resident(self) -> Option<u64> {
        let heap = self.property(c"generic.heap_size")?;
        Some(heap.saturating_sub(self.property(c"tcmalloc.pageheap_unmapped_bytes")?))
    }

    fn property(self, name: &CStr) -> Option<u64> {
        let mut value = 0;
        // SAFETY: `name` is a C string and `value` a size_t.
        let known = unsafe { (self.get)(name.as_ptr(), &raw mut value) };
        (known != 0).then_some(value as u64)
    }
}

/// Gives back free pages.
#[derive(Clone, Copy)]
pub(super) struct Release {
    release: unsafe extern "C" fn(),
}

impl Release {
    /// Finds `MallocExtension_ReleaseFreeMemory`.
    pub(super) fn find() -> Option<Self> {
        // SAFETY: gperftools gives the symbol this type.
        unsafe { symbols::function(c"MallocExtension_ReleaseFreeMemory") }.map(|release| Release { release })
    }

    /// Gives back whole free spans; what lies in central lists stays.
    pub(super) fn run(self) {
        // SAFETY: the function takes nothing and may be called from any thread.
        unsafe { (self.release)() };
    }
}

/// gperftools' version.
pub(super) fn version() -> Option<String> {
    type Version = unsafe extern "C" fn(*mut c_int, *mut c_int, *mut *const c_char) -> *const c_char;
    let (mut major, mut minor) = (0, 0);
    let mut patch = null();
    // SAFETY: gperftools gives the symbol this type, and fills all three.
    unsafe { symbols::function::<Version>(c"tc_version")?(&raw mut major, &raw mut minor, &raw mut patch) };
    Some(format!("{major}.{minor}"))
}
