//! A thread that ends with the work that it was started for.

use std::path::PathBuf;
use std::thread::{self, Builder, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use nix::unistd::{Pid, gettid};

use super::error::WorkError;

/// How long the kernel is waited for after the thread has been joined. It takes microseconds; a machine that is suspended
/// in between must not hang.
const PATIENCE: Duration = Duration::from_millis(100);

/// A thread that was joined, and that the kernel may still be taking out of `/proc`, where threads are counted.
#[must_use = "the thread may still be counted"]
#[derive(Debug, Clone, Copy)]
pub(super) struct Joined(Pid);

impl Joined {
    /// The thread that calls this, for whoever joins it.
    pub(super) fn soon() -> Joined {
        Joined(gettid())
    }

    /// Waits until the thread is gone from `/proc`. The kernel wakes whoever joins before that. This is highwater's time and
    /// no phase's.
    pub(super) fn wait_until_gone(self) {
        let task = PathBuf::from(format!("/proc/self/task/{}", self.0));
        let deadline = Instant::now() + PATIENCE;
        while task.exists() && Instant::now() < deadline {
            thread::yield_now();
        }
    }
}

/// Starts `work` in the thread that `builder` makes; it ends with `scope`.
///
/// # Errors
/// If the thread cannot be started.
pub(super) fn start<'scope, T: Send + 'scope>(
    builder: Builder,
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Result<ScopedJoinHandle<'scope, (Joined, T)>, WorkError> {
    builder.spawn_scoped(scope, || (Joined::soon(), work())).map_err(WorkError::Thread)
}

/// Does `work` in a fresh thread, which has ended when this returns.
///
/// # Errors
/// What `work` gives; that it panicked; that the thread could not be started.
pub(super) fn in_thread<T: Send>(work: impl FnOnce() -> Result<T, WorkError> + Send) -> Result<(T, Joined), WorkError> {
    let (joined, done) =
        thread::scope(|scope| start(Builder::new(), scope, work)?.join().map_err(|_| WorkError::Panicked))?;
    Ok((done?, joined))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_work_is_done_elsewhere_and_the_thread_is_gone_afterwards() {
        let here = gettid();
        let (there, joined) = in_thread(|| Ok(gettid())).unwrap();
        assert_ne!(here, there);
        joined.wait_until_gone();
        assert!(!PathBuf::from(format!("/proc/self/task/{there}")).exists());
    }

    /// Planted: a stack that no address space has room for.
    #[test]
    fn a_thread_that_cannot_be_started_is_an_error() {
        let started = thread::scope(|scope| start(Builder::new().stack_size(1 << 50), scope, || ()).map(drop));
        assert!(matches!(started, Err(WorkError::Thread(_))), "{started:?}");
    }

    #[test]
    fn errors_and_panics_come_back() {
        assert!(matches!(in_thread(|| Err::<(), _>(WorkError::NoMemoryLimit)), Err(WorkError::NoMemoryLimit)));
        assert!(matches!(in_thread(|| -> Result<(), _> { panic!("planted") }), Err(WorkError::Panicked)));
    }
}
