//! What a probe finds, and what it leaves as it was.

use std::alloc::{GlobalAlloc, Layout};
use std::hint::black_box;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use highwater::arm::step_pool::PROCESS;
use highwater::arm::{LiveCounter, in_force};
use highwater::sample::Status;
use highwater::suite::StepPoolSettings;

use crate::{LIMIT, alone, probe};

const MEBIBYTE: u64 = 1 << 20;

/// Anonymous memory of this process, bytes.
fn anonymous() -> u64 {
    Status::parse(&std::fs::read("/proc/self/status").unwrap()).rss_anon.unwrap()
}

/// One free of a block of this size lifts glibc's dynamic trim threshold to twice of it: what threads free then stays at
/// the tops of their arenas.
fn lift_trim_threshold() {
    drop(black_box(vec![1u8; 31 << 20]));
}

/// Planted: four arenas with 10 MiB each that is free, which `malloc_trim` does not give back.
#[test]
fn the_tops_of_thread_arenas_are_given_back() {
    const THREADS: usize = 4;
    const BLOCKS: usize = 320;
    const BLOCK: usize = 32 << 10;
    let _alone = alone();
    lift_trim_threshold();
    let (all_have, all_freed, done) = (Barrier::new(THREADS), Barrier::new(THREADS + 1), Barrier::new(THREADS + 1));
    let reading = thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let blocks: Vec<_> = (0..BLOCKS).map(|_| black_box(vec![1u8; BLOCK])).collect();
                all_have.wait();
                drop(blocks);
                all_freed.wait();
                done.wait();
            });
        }
        all_freed.wait();
        let reading = probe(LIMIT).read();
        done.wait();
        reading.unwrap()
    });
    let planted = (THREADS * BLOCKS * BLOCK) as u64;
    let trimmed = reading.trimmed.unwrap();
    assert!(trimmed >= reading.core + planted * 9 / 10, "malloc_trim alone gives the tops back: {reading:?}");
    assert!(reading.before >= trimmed, "{reading:?}");
    assert!(reading.core < planted, "{reading:?}");
}

/// Planted: a step pool that keeps 8 MiB, of which the program has half.
#[test]
#[expect(unsafe_code, reason = "the pool is asked directly, since it is not this program's allocator")]
fn what_a_step_pool_keeps_is_given_back_and_what_it_lends_is_not() {
    const HALF: usize = 4 << 20;
    let _alone = alone();
    let settings = StepPoolSettings { start: 0, stable: 2, max: 9 };
    let owner = PROCESS.enable(settings).unwrap();
    let layout = Layout::from_size_align(HALF, 64).unwrap();
    let use_both = || {
        let _step = PROCESS.step();
        // SAFETY: the size is not 0, and each block is filled within its bounds and freed once.
        unsafe {
            let blocks = [PROCESS.alloc(layout), PROCESS.alloc(layout)];
            blocks.iter().for_each(|block| block.write_bytes(1, HALF));
            blocks.into_iter().for_each(|block| PROCESS.dealloc(block, layout));
        }
    };
    (0..5).for_each(|_| use_both());
    assert_eq!(owner.report().size.touched, 2 * HALF as u64);
    let counter = LiveCounter::detect(&in_force());
    let before = counter.read().live.unwrap();
    let _step = PROCESS.step();
    // SAFETY: the size is not 0.
    let block = unsafe { PROCESS.alloc(layout) };
    let live = counter.read().live.unwrap().saturating_sub(before);
    // What the test harness does meanwhile is some kilobytes.
    assert!((HALF - (64 << 10)..HALF + (64 << 10)).contains(&(live as usize)), "{live}");
    let reading = probe(LIMIT).read().unwrap();
    // SAFETY: the block is in use, and freed once.
    unsafe { PROCESS.dealloc(block, layout) };
    let idle = probe(LIMIT).read().unwrap();
    let half = HALF as u64;
    assert!((half * 9 / 10..half * 11 / 10).contains(&(reading.core - idle.core)), "{reading:?} {idle:?}");
    assert_eq!(owner.report().size.touched, 2 * half, "this process keeps what it had");
}

/// What is in use stays, and is told where it lies.
#[test]
fn what_is_in_use_remains_and_is_split() {
    let _alone = alone();
    // Under a thread's own arena; above any mmap threshold.
    let (arena, mapping) = thread::scope(|scope| {
        let taken = scope.spawn(|| {
            let blocks: Vec<_> = (0..400).map(|_| black_box(vec![1u8; 32 << 10])).collect();
            (blocks, black_box(vec![1u8; 40 << 20]))
        });
        taken.join().unwrap()
    });
    let reading = probe(LIMIT).read().unwrap();
    let arenas: usize = arena.iter().map(Vec::len).sum();
    assert!(reading.split.arenas >= arenas as u64, "{reading:?}");
    assert!(reading.split.arenas < (arenas + mapping.len()) as u64, "{reading:?}");
    assert!(reading.split.other + reading.split.stacks >= mapping.len() as u64, "{reading:?}");
    assert!(reading.split.heap > 0 && reading.split.file > 0 && reading.split.stacks > 0, "{reading:?}");
    // The counters of RssAnon are approximate by some pages for each processor.
    assert!(reading.split.sum().abs_diff(reading.core) < MEBIBYTE, "{} in {reading:?}", reading.split.sum());
}

/// Eight threads are somewhere in malloc and free when the process forks.
#[test]
fn threads_in_the_middle_of_malloc_do_not_matter() {
    const THREADS: u64 = 8;
    const HELD: usize = 64;
    let _alone = alone();
    let ballast = black_box(vec![1u8; 64 << 20]);
    let (stop, rounds) = (AtomicBool::new(false), AtomicU64::new(0));
    let readings = thread::scope(|scope| {
        for seed in 1..=THREADS {
            let (stop, rounds) = (&stop, &rounds);
            scope.spawn(move || {
                let mut random = seed;
                let mut held: [Vec<u8>; HELD] = std::array::from_fn(|_| Vec::new());
                while !stop.load(Ordering::Relaxed) {
                    random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    let block = &mut held[(random >> 33) as usize % HELD];
                    assert!(block.iter().all(|byte| *byte == block.len() as u8), "somebody wrote to this block");
                    let size = 16 + (random >> 40) as usize % (32 << 10);
                    *block = black_box(vec![size as u8; size]);
                    rounds.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        let mut probe = probe(LIMIT);
        let readings: Vec<_> = (0..50).map(|_| (probe.read(), anonymous())).collect();
        let before = rounds.load(Ordering::Relaxed);
        while rounds.load(Ordering::Relaxed) < before + 100 * THREADS {
            thread::yield_now();
        }
        stop.store(true, Ordering::Relaxed);
        readings
    });
    for (reading, parent) in readings {
        let reading = reading.unwrap();
        assert!(reading.before.abs_diff(parent) < 32 * MEBIBYTE, "{parent} in the parent, {reading:?}");
        assert!(reading.core >= ballast.len() as u64 && reading.core <= reading.before + MEBIBYTE, "{reading:?}");
    }
}

/// The harness prints the result of the test before from another thread: one of ten probes meets nothing of that.
#[test]
fn the_probed_process_is_as_it_was() {
    let _alone = alone();
    lift_trim_threshold();
    let in_force = in_force();
    let counter = LiveCounter::detect(&in_force);
    assert!(counter.kind().is_some());
    let mut probe = probe(LIMIT);
    let levels = || (counter.read(), anonymous());
    let unchanged = (0..10).any(|_| {
        let (heap, resident) = levels();
        probe.read().unwrap();
        let (heap_after, resident_after) = levels();
        heap_after == heap && resident_after.abs_diff(resident) < MEBIBYTE
    });
    assert!(unchanged, "{:?}", levels());
}
