//! A thread that ends with the work that it was started for.

use std::path::PathBuf;
use std::thread::{self, Builder};
use std::time::{Duration, Instant};

use nix::unistd::gettid;

use super::error::WorkError;

/// How long the kernel is waited for after the thread has been joined. It takes microseconds; a machine that is suspended
/// in between must not hang.
const PATIENCE: Duration = Duration::from_millis(100);

/// Does `work` in a fresh thread. When this returns the thread is gone, from `/proc` as well, where threads are counted.
///
/// # Errors
/// What `work` gives; that it panicked; that the thread could not be started.
pub(super) fn in_thread<T: Send>(work: impl FnOnce() -> Result<T, WorkError> + Send) -> Result<T, WorkError> {
    let (task, done) = thread::scope(|scope| {
        let worker = Builder::new().spawn_scoped(scope, || (gettid(), work())).map_err(WorkError::Thread)?;
        worker.join().map_err(|_| WorkError::Panicked)
    })?;
    // The kernel wakes whoever joins before it takes the thread out of `/proc`.
    let task = PathBuf::from(format!("/proc/self/task/{task}"));
    let deadline = Instant::now() + PATIENCE;
    while task.exists() && Instant::now() < deadline {
        thread::yield_now();
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_work_is_done_elsewhere_and_the_thread_is_gone_afterwards() {
        let here = gettid();
        let there = in_thread(|| Ok(gettid())).unwrap();
        assert_ne!(here, there);
        assert!(!PathBuf::from(format!("/proc/self/task/{there}")).exists());
    }

    #[test]
    fn errors_and_panics_come_back() {
        assert!(matches!(in_thread(|| Err::<(), _>(WorkError::NoMemoryLimit)), Err(WorkError::NoMemoryLimit)));
        assert!(matches!(in_thread(|| -> Result<(), _> { panic!("planted") }), Err(WorkError::Panicked)));
    }
}
