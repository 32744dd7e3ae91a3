//! Objects of LiteRT's that are destroyed on every path: each is owned by a value here.

use std::ffi::CStr;
use std::ptr;
use std::sync::Arc;

use super::ENGINE;
use super::api::{Api, EnvironmentOption, OK, PROCESSOR, Pointer, Status, words};
use crate::runtime::RuntimeError;

/// Only errors are written to standard error; by default LiteRT tells of every environment.
const ERRORS: i32 = 3;

/// An object, destroyed when this is dropped.
#[derive(Debug)]
pub(super) struct Owned {
    pointer: Pointer,
    destroy: unsafe extern "C" fn(Pointer),
}

#[expect(unsafe_code, reason = "objects go from thread to thread")]
// SAFETY: no object of LiteRT's depends on the thread that made it; what changes one takes it by `&mut` here.
unsafe impl Send for Owned {}

impl Owned {
    /// What `create` writes to the place that it is given, if it says that it did; `destroy` takes it back.
    pub(super) fn create(
        destroy: unsafe extern "C" fn(Pointer),
        create: impl FnOnce(*mut Pointer) -> Status,
    ) -> Result<Owned, Status> {
        let mut pointer = ptr::null_mut();
        check(create(&mut pointer))?;
        Ok(Owned { pointer, destroy })
    }

    /// The object, for a call.
    pub(super) fn pointer(&self) -> Pointer {
        self.pointer
    }

    /// Gives the object to somebody else, who destroys it.
    pub(super) fn release(self) {
        std::mem::forget(self);
    }
}

impl Drop for Owned {
    #[expect(unsafe_code, reason = "a C function is called")]
    fn drop(&mut self) {
        // SAFETY: the object was created by the function that belongs to `destroy` and is destroyed nowhere else.
        unsafe { (self.destroy)(self.pointer) }
    }
}

/// Success, or the status that is none.
pub(super) fn check(status: Status) -> Result<(), Status> {
    if status == OK { Ok(()) } else { Err(status) }
}

/// A value that a call writes to the place that it is given.
pub(super) fn told<T>(before: T, ask: impl FnOnce(&mut T) -> Status) -> Result<T, Status> {
    let mut value = before;
    check(ask(&mut value))?;
    Ok(value)
}

/// The text that LiteRT points to.
///
/// # Safety
/// `text` is null, or points to text that ends with a zero and outlives the call.
#[expect(unsafe_code, reason = "text of a C library is read")]
pub(super) unsafe fn text(text: *const std::ffi::c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: the caller promises it.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}

/// What LiteRT rejects, in its words.
pub(super) fn rejected(what: &str) -> impl FnOnce(Status) -> RuntimeError {
    move |status| RuntimeError::Rejected { engine: ENGINE, message: format!("{what}: {}", words(status)) }
}

/// What fails while a model is executed.
pub(super) fn execution(what: &str) -> impl FnOnce(Status) -> RuntimeError {
    move |status| RuntimeError::Execution { engine: ENGINE, message: format!("{what}: {}", words(status)) }
}

/// The environment that all models of a runtime share, and the functions of the library.
#[derive(Debug)]
pub(super) struct Environment {
    pub(super) api: Api,
    owned: Owned,
}

#[expect(unsafe_code, reason = "an environment is shared by those that compile in it")]
// SAFETY: an environment is only read once it is made: it holds the accelerators that are registered, and here nobody
// registers another. It is destroyed when the last that uses it has gone.
unsafe impl Sync for Environment {}

impl Environment {
    /// An environment with the processor as its only accelerator: by default LiteRT also looks for those of graphics
    /// processors, and loads those that it finds.
    #[expect(unsafe_code, reason = "C functions are called")]
    pub(super) fn new(api: Api) -> Result<Arc<Environment>, RuntimeError> {
        let options = [EnvironmentOption::accelerators(PROCESSOR), EnvironmentOption::least_severity(ERRORS)];
        let count = options.len() as i32;
        let unusable = |status| {
            let message = format!("it makes no environment: {}", words(status));
            RuntimeError::Unusable { engine: ENGINE, message }
        };
        // SAFETY: there are as many options as is said, and they are copied before the call returns.
        let create = |out| unsafe { (api.create_environment)(count, options.as_ptr(), out) };
        let owned = Owned::create(api.destroy_environment, create).map_err(unusable)?;
        Ok(Arc::new(Environment { api, owned }))
    }

    /// The environment, for a call.
    pub(super) fn pointer(&self) -> Pointer {
        self.owned.pointer()
    }
}
