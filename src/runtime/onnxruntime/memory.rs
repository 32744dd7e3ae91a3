//! What a session's allocator has, in its own words.

use std::ffi::CStr;
use std::ptr::{self, NonNull};

use ort::AsPointer;
use ort::memory::{AllocationDevice, Allocator, AllocatorType, MemoryInfo, MemoryType};
use ort::session::Session;
use ort::sys::OrtKeyValuePairs;

use crate::runtime::OwnMemory;

/// The allocator that `session` takes memory of the CPU from.
pub(super) fn allocator(session: &Session) -> Option<Allocator> {
    let place = MemoryInfo::new(AllocationDevice::CPU, 0, AllocatorType::Arena, MemoryType::Default).ok()?;
    Allocator::new(session, place).ok()
}

/// What `allocator` has given out and taken. An allocator that is no arena does not count and tells nothing.
#[expect(unsafe_code, reason = "the crate does not wrap the statistics of an allocator")]
pub(super) fn statistics(allocator: &Allocator) -> Option<OwnMemory> {
    let mut pairs = ptr::null_mut();
    // SAFETY: the allocator is alive, and the call writes a pointer to pairs that are ours, or returns an error.
    let status = unsafe { (ort::api().AllocatorGetStats)(allocator.ptr(), &mut pairs) };
    // SAFETY: the status comes from the call above and is used nowhere else.
    unsafe { ort::Error::result_from_status(status) }.ok()?;
    let pairs = Pairs(NonNull::new(pairs)?);
    Some(OwnMemory { used: pairs.number(c"InUse")?, reserved: pairs.number(c"TotalAllocated")? })
}

/// Pairs of names and values that belong to us.
struct Pairs(NonNull<OrtKeyValuePairs>);

impl Pairs {
    #[expect(unsafe_code, reason = "the crate does not wrap pairs of names and values")]
    fn number(&self, name: &CStr) -> Option<u64> {
        // SAFETY: the pairs are alive and the name ends with a zero.
        let value = unsafe { (ort::api().GetKeyValue)(self.0.as_ptr(), name.as_ptr()) };
        if value.is_null() {
            return None;
        }
        // SAFETY: a value that is not null ends with a zero and lives as long as the pairs.
        unsafe { CStr::from_ptr(value) }.to_str().ok()?.parse().ok()
    }
}

impl Drop for Pairs {
    #[expect(unsafe_code, reason = "the crate does not wrap pairs of names and values")]
    fn drop(&mut self) {
        // SAFETY: the pairs are ours and are not used afterwards.
        unsafe { (ort::api().ReleaseKeyValuePairs)(self.0.as_ptr()) }
    }
}
