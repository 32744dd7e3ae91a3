//! What the running process resolves a symbol to, and which object it lies in.
//!
//! The binary must not link any allocator: a name is looked up in the running process, where a preloaded library comes
//! before the C library.
#![expect(unsafe_code, reason = "dlsym, dladdr and getauxval have no safe wrapper")]

use std::ffi::{CStr, OsStr, c_void};
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::ptr::NonNull;

/// The address that `name` has for every caller in this process.
pub(super) fn find(name: &CStr) -> Option<NonNull<c_void>> {
    // SAFETY: `name` is a C string, and RTLD_DEFAULT needs no handle.
    NonNull::new(unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) })
}

/// The file of the object that `address` lies in.
pub(super) fn object_at(address: NonNull<c_void>) -> Option<PathBuf> {
    let mut info = MaybeUninit::<libc::Dl_info>::uninit();
    // SAFETY: `info` has room for one Dl_info, which dladdr fills when it returns non-zero; the file name is a C string
    // that lives as long as the object is loaded, and is copied at once.
    unsafe {
        if libc::dladdr(address.as_ptr(), info.as_mut_ptr()) == 0 {
            return None;
        }
        let name = info.assume_init().dli_fname;
        (!name.is_null()).then(|| PathBuf::from(OsStr::from_bytes(CStr::from_ptr(name).to_bytes())))
    }
}

/// The file of the object that owns `name`.
pub(super) fn owner_of(name: &CStr) -> Option<PathBuf> {
    object_at(find(name)?)
}

/// Whether one object owns both names.
pub(super) fn have_one_owner(one: &CStr, other: &CStr) -> bool {
    matches!((owner_of(one), owner_of(other)), (Some(one), Some(other)) if one == other)
}

/// The dynamic linker that loaded this process; `None` in a static binary.
pub(super) fn dynamic_linker() -> Option<PathBuf> {
    // SAFETY: getauxval only reads the vector that the kernel gave to this process.
    let base = unsafe { libc::getauxval(libc::AT_BASE) };
    object_at(NonNull::new(base as *mut c_void)?)
}

/// The function `name` of this process, as a function pointer of type `F`.
///
/// # Safety
///
/// `F` must be the type that `name` has in every object that may own it.
pub(super) unsafe fn function<F: Copy>(name: &CStr) -> Option<F> {
    const { assert!(size_of::<F>() == size_of::<NonNull<c_void>>(), "a function pointer is one address") };
    let address = find(name)?;
    // SAFETY: the caller vouches for the type, and the size is checked above.
    Some(unsafe { std::mem::transmute_copy::<NonNull<c_void>, F>(&address) })
}
