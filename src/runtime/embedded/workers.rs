//! Threads that are there for one session, or for one preparation, and nothing longer.
//!
//! rayon does not wait for the threads of a pool that is dropped, and rten-gemm keeps packing buffers on each thread until
//! it ends. Here they are joined, so whoever looks at memory or threads afterwards sees what stayed, not what is leaving.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::unistd::gettid;

use rayon::{ThreadPool, ThreadPoolBuilder};

use super::error::EmbeddedError;

/// How long the kernel is waited for after a thread has been joined. It takes microseconds; a machine that is suspended in
/// between must not hang.
const PATIENCE: Duration = Duration::from_millis(100);

/// A thread pool whose threads are gone when it is.
pub(super) struct Workers {
    pool: Option<ThreadPool>,
    threads: Arc<Mutex<Threads>>,
}

/// The threads of a pool.
#[derive(Default)]
struct Threads {
    handles: Vec<JoinHandle<()>>,
    /// Where `/proc` shows those that have started.
    tasks: Vec<PathBuf>,
}

impl Workers {
    /// So many threads, at least one.
    pub(super) fn new(count: u32) -> Result<Workers, EmbeddedError> {
        let threads = Arc::new(Mutex::new(Threads::default()));
        let mut workers = Workers { pool: None, threads: Arc::clone(&threads) };
        let spawn = move |thread: rayon::ThreadBuilder| {
            let tasks = Arc::clone(&threads);
            let run = move || {
                let task = PathBuf::from(format!("/proc/self/task/{}", gettid()));
                tasks.lock().unwrap_or_else(PoisonError::into_inner).tasks.push(task);
                thread.run();
            };
            let handle = std::thread::Builder::new().name("embedded".into()).spawn(run)?;
            threads.lock().unwrap_or_else(PoisonError::into_inner).handles.push(handle);
            Ok(())
        };
        // Threads that were started before one could not be are joined as well, since `workers` has them.
        let pool = ThreadPoolBuilder::new().num_threads(count.max(1) as usize).spawn_handler(spawn).build();
        workers.pool = Some(pool.map_err(|error| EmbeddedError::Refused(format!("cannot start threads: {error}")))?);
        Ok(workers)
    }

    /// Runs `work` on these threads.
    pub(super) fn run<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        self.pool.as_ref().expect("the pool is there until the drop").install(work)
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        drop(self.pool.take());
        let started = || self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        let handles = std::mem::take(&mut started().handles);
        for thread in handles {
            // A thread that panicked has told so already; rayon's own threads do not.
            let _ = thread.join();
        }
        // The kernel wakes whoever joins before it takes the thread out of `/proc`, where threads are counted.
        let deadline = Instant::now() + PATIENCE;
        for task in std::mem::take(&mut started().tasks) {
            while task.exists() && Instant::now() < deadline {
                std::thread::yield_now();
            }
        }
        free_queues();
    }
}

/// rayon's queues free what a thread left behind only when other threads have moved on twice, which may be in the next
/// session. Here it is freed at once, as much as there may be.
fn free_queues() {
    /// Each flush moves on once and frees at most eight pieces; a thread leaves two or three.
    const FLUSHES: usize = 16;
    for _ in 0..FLUSHES {
        crossbeam_epoch::pin().flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_thread_is_left() {
        let named = || {
            let tasks = std::fs::read_dir("/proc/self/task").unwrap();
            let names = tasks.filter_map(|task| std::fs::read_to_string(task.ok()?.path().join("comm")).ok());
            names.filter(|name| name.trim() == "left-over").count()
        };
        let workers = Workers::new(3).unwrap();
        workers.run(|| {
            rayon::broadcast(|_| std::fs::write("/proc/thread-self/comm", "left-over").unwrap());
        });
        assert_eq!(named(), 3);
        drop(workers);
        assert_eq!(named(), 0);
    }
}
