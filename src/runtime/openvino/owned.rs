//! What OpenVINO makes and we must free: each such thing has one owner, which frees it on every path.

use std::ptr::{self, NonNull};

use super::api::{Functions, Status};
use super::failure::Failure;

/// An object of OpenVINO's that is freed when this is dropped.
pub(super) struct Owned<T> {
    object: NonNull<T>,
    free: unsafe extern "C" fn(*mut T),
}

#[expect(unsafe_code, reason = "what is made in one thread is used and freed in another")]
// SAFETY: no object of OpenVINO's depends on the thread that made it; what changes one takes it by `&mut`.
unsafe impl<T> Send for Owned<T> {}

impl<T> Owned<T> {
    /// The object that `make` writes to the place that it gets.
    ///
    /// # Safety
    /// Where `make` succeeds, it has written null or an object that is ours and that `free` frees.
    #[expect(unsafe_code, reason = "objects of a C library are freed by hand")]
    pub(super) unsafe fn make(
        functions: &Functions,
        free: unsafe extern "C" fn(*mut T),
        make: impl FnOnce(*mut *mut T) -> Status,
    ) -> Result<Self, Failure> {
        let mut object = ptr::null_mut();
        functions.check(make(&mut object))?;
        let object = NonNull::new(object).ok_or_else(|| Failure::own("a call succeeded and gave nothing"))?;
        Ok(Owned { object, free })
    }

    /// The object, alive as long as this is.
    pub(super) fn get(&self) -> *mut T {
        self.object.as_ptr()
    }
}

impl<T> Drop for Owned<T> {
    #[expect(unsafe_code, reason = "objects of a C library are freed by hand")]
    fn drop(&mut self) {
        // SAFETY: the object is ours, `free` is its function, and nothing uses it afterwards.
        unsafe { (self.free)(self.get()) }
    }
}

impl Functions {
    /// The text that `give` writes to the place that it gets, which is ours to free.
    pub(super) fn text(&self, give: impl FnOnce(*mut *mut std::ffi::c_char) -> Status) -> Result<String, Failure> {
        let mut text = ptr::null_mut();
        self.check(give(&mut text))?;
        self.take_text(text).ok_or_else(|| Failure::own("a call succeeded and gave no text"))
    }
}
