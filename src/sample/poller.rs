//! A thread that looks at resident memory again and again, as other benchmarks do, and accounts for what that costs.
//!
//! The high-water mark that the kernel keeps is exact and free, where it can be reset. Polling sees what is there at the
//! moment of a tick and nothing in between; it is for machines whose kernel refuses the reset, and for comparison with
//! tables that were made by polling.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};

/// The thread calls nothing deep: this is what its stack may take of resident memory, and far more than it touches.
const STACK: usize = 64 * 1024;

/// Bytes of `/proc/self/statm`: seven numbers of at most twenty digits.
const LONGEST_STATM: usize = 160;

/// What the thread has seen and what it took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Polled {
    /// Highest resident memory since the last [`Poller::reset`]; 0 if it never looked, bytes.
    pub(super) highest: u64,
    /// Ticks since the thread began.
    pub(super) ticks: u64,
    /// Processor time since it began, ns.
    pub(super) cpu_ns: u64,
    /// Bytes that its reads brought in since it began.
    pub(super) bytes_read: u64,
}

/// What the thread and its owner share.
#[derive(Debug, Default)]
struct Shared {
    stop: AtomicBool,
    highest: AtomicU64,
    ticks: AtomicU64,
    cpu_ns: AtomicU64,
    bytes_read: AtomicU64,
}

/// The polling thread; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Poller {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl Poller {
    /// Starts to poll every `period`.
    pub(super) fn start(period: Duration) -> io::Result<Poller> {
        let statm = File::open("/proc/self/statm")?;
        let shared = Arc::new(Shared::default());
        let its = Arc::clone(&shared);
        let builder = thread::Builder::new().name("mem-poll".into()).stack_size(STACK);
        let thread = builder.spawn(move || poll(&statm, period, &its))?;
        Ok(Poller { shared, thread: Some(thread) })
    }

    /// Forgets the highest value: a phase begins.
    pub(super) fn reset(&self) {
        self.shared.highest.store(0, Ordering::Relaxed);
    }

    /// What it has seen and what it took so far.
    pub(super) fn read(&self) -> Polled {
        let value = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let Shared { highest, ticks, cpu_ns, bytes_read, .. } = &*self.shared;
        Polled { highest: value(highest), ticks: value(ticks), cpu_ns: value(cpu_ns), bytes_read: value(bytes_read) }
    }
}

impl Drop for Poller {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            let _ = thread.join();
        }
    }
}

/// Ticks at fixed times until told to stop. Nothing here allocates on the heap: an allocation would move what is measured.
fn poll(statm: &File, period: Duration, shared: &Shared) {
    let page = procfs::page_size();
    let mut due = Instant::now();
    while !shared.stop.load(Ordering::Relaxed) {
        let mut text = [0u8; LONGEST_STATM];
        let length = statm.read_at(&mut text, 0).unwrap_or(0);
        let resident = resident_pages(&text[..length]).and_then(|pages| pages.checked_mul(page));
        shared.highest.fetch_max(resident.unwrap_or(0), Ordering::Relaxed);
        shared.bytes_read.fetch_add(length as u64, Ordering::Relaxed);
        shared.ticks.fetch_add(1, Ordering::Relaxed);
        shared.cpu_ns.store(thread_cpu_ns(), Ordering::Relaxed);
        // A thread that was kept off the processor for long does not make up for the ticks that it missed.
        due = (due + period).max(Instant::now());
        while let Some(pause) = due.checked_duration_since(Instant::now()).filter(|pause| !pause.is_zero()) {
            if shared.stop.load(Ordering::Relaxed) {
                return;
            }
            thread::park_timeout(pause);
        }
    }
}

/// The second number of `/proc/PID/statm`.
fn resident_pages(text: &[u8]) -> Option<u64> {
    std::str::from_utf8(text).ok()?.split_ascii_whitespace().nth(1)?.parse().ok()
}

/// Processor time of the calling thread (CLOCK_THREAD_CPUTIME_ID).
fn thread_cpu_ns() -> u64 {
    let Ok(time) = clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID) else { return 0 };
    let (seconds, nanoseconds) = (time.tv_sec().max(0) as u64, time.tv_nsec().max(0) as u64);
    seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resident_pages_are_the_second_number() {
        assert_eq!(resident_pages(b"24576 15251 1750 512 0 15000 0\n"), Some(15251));
        assert_eq!(resident_pages(b"24576"), None);
        assert_eq!(resident_pages(b"24576 x"), None);
        assert_eq!(resident_pages(b"1 99999999999999999999999"), None);
    }

    /// Planted: 32 MiB that are there for many ticks.
    #[test]
    fn a_lasting_level_is_seen_and_the_cost_is_told() {
        let poller = Poller::start(Duration::from_millis(1)).unwrap();
        let before = poller.read();
        poller.reset();
        let planted = std::hint::black_box(vec![1u8; 32 << 20]);
        let since = Instant::now();
        while poller.read().ticks < before.ticks + 5 && since.elapsed() < Duration::from_secs(60) {
            thread::sleep(Duration::from_millis(1));
        }
        let after = poller.read();
        assert!(after.highest >= planted.len() as u64, "{after:?}");
        assert!(after.cpu_ns > 0 && after.bytes_read > before.bytes_read, "{after:?}");
    }

    #[test]
    fn a_long_period_does_not_delay_the_end() {
        let poller = Poller::start(Duration::from_secs(3600)).unwrap();
        let since = Instant::now();
        drop(poller);
        assert!(since.elapsed() < Duration::from_secs(600));
    }
}
