//! One arena for all sessions, since the arena that a session has of its own cannot be configured.

use std::ffi::CStr;
use std::ptr;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use ort::AsPointer;
use ort::environment::Environment;
use ort::memory::{AllocationDevice, AllocatorType, MemoryInfo, MemoryType};

use super::error::{unsupported, unusable};
use crate::runtime::RuntimeError;

/// What the arena is told, by ONNX Runtime's own names.
pub(super) type Settings = Vec<(&'static CStr, usize)>;

/// An arena that sessions with `session.use_env_allocators` take their memory from. When it is dropped, no further session
/// does; those that do keep it alive.
pub(super) struct Arena {
    environment: Environment,
    settings: Settings,
    place: MemoryInfo<'static>,
}

/// The arena of the environment, which has one.
static REGISTERED: Mutex<Weak<Arena>> = Mutex::new(Weak::new());

impl Arena {
    /// The arena with `settings`, made unless it is there.
    ///
    /// # Errors
    /// If there is one with other settings, and what ONNX Runtime refuses.
    pub(super) fn shared(environment: &Environment, settings: &Settings) -> Result<Arc<Arena>, RuntimeError> {
        let mut registered = REGISTERED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(arena) = registered.upgrade() {
            return match arena.settings == *settings {
                true => Ok(arena),
                false => Err(unsupported("sessions of this process have an arena with other settings")),
            };
        }
        let arena = Arena::register(environment, settings).map_err(|error| unusable(error.message()))?;
        let arena = Arc::new(arena);
        *registered = Arc::downgrade(&arena);
        Ok(arena)
    }

    #[expect(unsafe_code, reason = "the crate does not wrap arenas")]
    fn register(environment: &Environment, settings: &Settings) -> ort::Result<Arena> {
        let place = MemoryInfo::new(AllocationDevice::CPU, 0, AllocatorType::Arena, MemoryType::Default)?;
        let names: Vec<_> = settings.iter().map(|(name, _)| name.as_ptr()).collect();
        let values: Vec<usize> = settings.iter().map(|(_, value)| *value).collect();
        let mut configuration = ptr::null_mut();
        let api = ort::api();
        // SAFETY: there are as many names as values, and all names end with a zero; what is written is ours.
        let status =
            unsafe { (api.CreateArenaCfgV2)(names.as_ptr(), values.as_ptr(), names.len(), &mut configuration) };
        // SAFETY: the status comes from the call above and is used nowhere else.
        unsafe { ort::Error::result_from_status(status) }?;
        // SAFETY: environment, place and configuration are alive; the environment guards its list of allocators itself.
        let status = unsafe {
            (api.CreateAndRegisterAllocator)(environment.ptr().cast_mut(), place.ptr(), configuration.cast_const())
        };
        // SAFETY: the configuration is ours, was copied, and is not used afterwards.
        unsafe { (api.ReleaseArenaCfg)(configuration) };
        // SAFETY: the status comes from the call above and is used nowhere else.
        unsafe { ort::Error::result_from_status(status) }?;
        Ok(Arena { environment: environment.clone(), settings: settings.clone(), place })
    }
}

impl Drop for Arena {
    #[expect(unsafe_code, reason = "the crate does not wrap arenas")]
    fn drop(&mut self) {
        // SAFETY: environment and place are alive; sessions share the ownership of the arena.
        let status = unsafe { (ort::api().UnregisterAllocator)(self.environment.ptr().cast_mut(), self.place.ptr()) };
        // An error would say that nothing is registered, which is what was asked for.
        // SAFETY: the status comes from the call above and is used nowhere else.
        drop(unsafe { ort::Error::result_from_status(status) });
    }
}
