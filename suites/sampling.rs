//! Sampling allocates nothing: an allocation between the start and the end of it would move the counters that it reads.
#![expect(unsafe_code, reason = "counting allocations takes an allocator of its own")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicU64, Ordering};

use highwater::arm::{LiveCounter, in_force};
use highwater::sample::{Probe, Sample};
use libtest_mimic::{Arguments, Failed, Trial};

struct Counting;

static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);

// SAFETY: every call goes to the system's allocator unchanged; the counter has no influence on what it returns.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`, which is the system allocator's too.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: `pointer` came from `alloc` above with this layout.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        // SAFETY: `pointer` came from `alloc` above with this layout; the caller vouches for `size`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// One test, on the only thread of its process: a harness that waits on another thread allocates there meanwhile.
fn main() {
    let arguments = Arguments { test_threads: Some(1), ..Arguments::from_args() };
    let trials = vec![Trial::test("a_sample_allocates_nothing", a_sample_allocates_nothing)];
    libtest_mimic::run(&arguments, trials).exit();
}

fn a_sample_allocates_nothing() -> Result<(), Failed> {
    let threads = std::fs::read_dir("/proc/self/task")?.count();
    assert_eq!(threads, 1, "another thread may allocate meanwhile");
    let mut probe = Probe::open().expect("/proc is there");
    let counter = LiveCounter::detect(&in_force());
    let mut sample = Sample::default();
    let heap_before = counter.read().live;
    let before = ALLOCATIONS.load(Ordering::Relaxed);
    for iteration in 1..=200 {
        sample.iteration = iteration;
        probe.start_iteration();
        probe.reset_high_water_mark();
        let level = probe.level();
        probe.fill(&mut sample, level.high_water_mark, true);
        sample.live_bytes = counter.read().live;
    }
    let after = ALLOCATIONS.load(Ordering::Relaxed);
    assert_eq!(after - before, 0, "sampling went to Rust's allocator");
    assert_eq!(sample.live_bytes, heap_before, "sampling left something on the C heap");
    assert!(sample.rss_anon_bytes.is_some() && sample.pss_bytes.is_some());

    // The counter can fail: one allocation shows.
    let planted = std::hint::black_box(Box::new(7u64));
    assert!(ALLOCATIONS.load(Ordering::Relaxed) > after, "{planted}");
    Ok(())
}
