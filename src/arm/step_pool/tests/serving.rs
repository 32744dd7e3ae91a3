//! The allocator from the outside: every path by which a block comes and goes.

use super::*;
use crate::arm::step_pool::StepPoolPhase;

#[test]
fn a_pool_that_is_off_sees_nothing() {
    let pool = StepPool::new();
    step(&pool, &[40_000, 1 << 20]);
    let report = pool.report();
    assert_eq!((report.phase, report.steps, report.hits), (StepPoolPhase::Off, 0, 0));
    assert!(!pool.is_needed());
}

#[test]
fn it_waits_learns_and_serves_as_the_settings_say() {
    let pool = StepPool::new();
    let owner = pool.enable(StepPoolSettings { start: 3, stable: 2, max: 20 }).unwrap();
    assert!(pool.enable(EARLY).is_none(), "it is on already");
    let phases: Vec<_> = (0..9)
        .map(|_| {
            step(&pool, &[40_000]);
            pool.report().phase
        })
        .collect();
    // Three steps go by, the first that is learned needs a block, and more than two stable ones follow.
    let waits = [StepPoolPhase::Waiting; 3];
    let learns = [StepPoolPhase::Learning; 3];
    let serves = [StepPoolPhase::Serving; 3];
    assert_eq!(phases, [waits, learns, serves].concat());
    assert_eq!((owner.report().hits, owner.report().misses), (2, 0));
}

#[test]
fn a_step_that_is_never_the_same_is_learned_until_the_most_steps() {
    let pool = StepPool::new();
    let _owner = pool.enable(StepPoolSettings { start: 0, stable: 2, max: 5 }).unwrap();
    for number in 1..=6 {
        assert_eq!(pool.report().phase, if number == 1 { StepPoolPhase::Waiting } else { StepPoolPhase::Learning });
        step(&pool, &vec![40_000; number]);
    }
    assert_eq!(pool.report().phase, StepPoolPhase::Serving);
}

#[test]
fn exactly_the_threshold_is_small() {
    let pool = StepPool::new();
    let _owner = pool.enable(EARLY).unwrap();
    learn(&pool, &[LARGE, LARGE + 1]);
    step(&pool, &[LARGE, LARGE + 1]);
    let report = pool.report();
    assert_eq!((report.size.blocks, report.hits, report.misses), (1, 1, 0));
}

/// DeepRec takes such a block for a small one: its size spells the tag.
#[test]
fn a_size_that_spells_a_tag_is_a_size() {
    const TAG: usize = 4_276_545;
    let pool = StepPool::new();
    let _owner = pool.enable(EARLY).unwrap();
    learn(&pool, &[TAG, TAG]);
    let _step = pool.step();
    let (mut one, mut other) = (Block::new(&pool, TAG), Block::new(&pool, TAG));
    one.bytes().fill(1);
    other.bytes().fill(2);
    assert!(one.bytes().iter().all(|byte| *byte == 1));
    assert_eq!(pool.report().hits, 2);
    assert_eq!(pool.live_bytes(), 2 * TAG as u64);
}

#[test]
fn blocks_are_aligned_or_not_served() {
    let pool = StepPool::new();
    let _owner = pool.enable(EARLY).unwrap();
    let work = |alignments: &[usize]| {
        let _step = pool.step();
        let blocks: Vec<_> = alignments.iter().map(|alignment| Block::aligned(&pool, 50_000, *alignment)).collect();
        drop(blocks);
    };
    (0..LEARNED).for_each(|_| work(&[16, 4096]));
    work(&[4096, 16]);
    assert_eq!(pool.report().hits, 2);
    work(&[1 << 16, 16]);
    work(&[64 << 20]);
    let report = pool.report();
    assert_eq!((report.hits, report.misses, report.bypassed), (3, 0, 2));
}

#[test]
fn alignments_beyond_a_page_can_be_learned() {
    let pool = StepPool::new();
    let _owner = pool.enable(EARLY).unwrap();
    let work = || {
        let _step = pool.step();
        let blocks =
            [Block::new(&pool, 70_000), Block::aligned(&pool, 50_000, 1 << 20), Block::aligned(&pool, 90_000, 1 << 16)];
        drop(blocks);
    };
    (0..LEARNED + 1).for_each(|_| work());
    let report = pool.report();
    assert_eq!((report.phase, report.hits, report.misses), (StepPoolPhase::Serving, 3, 0));
}

#[test]
fn a_zeroed_block_is_zeroed_each_time() {
    let pool = StepPool::new();
    let _owner = pool.enable(EARLY).unwrap();
    learn(&pool, &[100_000]);
    for _ in 0..2 {
        let _step = pool.step();
        let mut block = Block::zeroed(&pool, 99_000);
        assert!(block.bytes().iter().all(|byte| *byte == 0));
        block.bytes().fill(7);
    }
    assert_eq!(pool.report().hits, 2);
}

#[test]
fn a_block_that_is_resized_keeps_what_it_holds() {
    let pool = StepPool::new();
    let _owner = pool.enable(EARLY).unwrap();
    learn(&pool, &[100_000, 300_000]);
    let _step = pool.step();
    let mut block = Block::new(&pool, 100_000);
    block.bytes().fill(3);
    let place = block.address;
    block.resize(101_000);
    assert_eq!((block.address, pool.live_bytes()), (place, 101_000), "there is room where it lies");
    assert!(block.bytes()[..100_000].iter().all(|byte| *byte == 3));
    block.bytes().fill(3);
    // Out of the small block, into the large one, out of the pool, and below the threshold.
    for size in [299_000, 1 << 20, 50_000, LARGE, 100, 99_000] {
        let kept = size.min(block.layout.size());
        block.resize(size);
        assert!(block.bytes()[..kept].iter().all(|byte| *byte == 3), "{size}");
        block.bytes().fill(3);
    }
    drop(block);
    assert_eq!(pool.live_bytes(), 0);
}

#[test]
fn a_block_that_grows_is_planned_once_and_grows_where_it_lies() {
    let pool = StepPool::new();
    let _owner = pool.enable(EARLY).unwrap();
    let work = || {
        let _step = pool.step();
        let mut block = Block::new(&pool, 1000);
        [10_000, 40_000, 80_000, 400_000].into_iter().for_each(|size| block.resize(size));
    };
    (0..LEARNED + 1).for_each(|_| work());
    let report = pool.report();
    assert_eq!((report.size.blocks, report.hits, report.misses), (1, 1, 0));
}

#[test]
fn a_block_that_outlives_its_step_is_not_served() {
    let pool = StepPool::new();
    let _owner = pool.enable(EARLY).unwrap();
    let mut results = Vec::new();
    for _ in 0..10 {
        let _step = pool.step();
        let _temporary = Block::new(&pool, 50_000);
        results.push(Block::new(&pool, 60_000));
    }
    let report = pool.report();
    assert_eq!((report.phase, report.size.blocks), (StepPoolPhase::Serving, 1));
    assert_eq!((report.hits, report.misses, report.bypassed), (6, 0, 6));
}

#[test]
fn what_is_allocated_between_steps_is_not_served() {
    let pool = StepPool::new();
    let _owner = pool.enable(EARLY).unwrap();
    learn(&pool, &[50_000]);
    drop(Block::new(&pool, 50_000));
    let report = pool.report();
    assert_eq!((report.hits, report.misses, report.bypassed), (0, 0, 1));
}

#[test]
fn a_block_may_come_from_one_step_and_go_in_another() {
    let pool = StepPool::new();
    let _owner = pool.enable(EARLY).unwrap();
    learn(&pool, &[50_000]);
    let begun = pool.step();
    let mut late = Block::new(&pool, 50_000);
    drop(begun);
    late.bytes().fill(9);
    step(&pool, &[50_000]);
    assert!(late.bytes().iter().all(|byte| *byte == 9));
    drop(late);
    step(&pool, &[50_000]);
    let report = pool.report();
    assert_eq!((report.hits, report.misses), (2, 1));
}

#[test]
fn many_threads_share_one_step() {
    let pool = StepPool::new();
    let _owner = pool.enable(StepPoolSettings { start: 2, stable: 3, max: 20 }).unwrap();
    let sizes = [40_000, 500_000, 33_000, 70_000];
    for _ in 0..60 {
        std::thread::scope(|scope| {
            for seed in 0..4u8 {
                let pool = &pool;
                scope.spawn(move || {
                    let _step = pool.step();
                    for size in sizes {
                        let mut blocks = [Block::new(pool, size), Block::zeroed(pool, size + 100)];
                        blocks.iter_mut().for_each(|block| block.bytes().fill(seed));
                        std::thread::yield_now();
                        assert!(blocks.iter_mut().all(|block| block.bytes().iter().all(|byte| *byte == seed)));
                    }
                });
            }
        });
    }
    let report = pool.report();
    assert!(report.hits > 0, "{report:?}");
    assert_eq!(pool.live_bytes(), 0);
}

#[test]
fn a_block_may_be_freed_by_another_thread() {
    let pool = StepPool::new();
    let _owner = pool.enable(EARLY).unwrap();
    learn(&pool, &[50_000, 50_000]);
    for _ in 0..50 {
        let _step = pool.step();
        let blocks = [Block::new(&pool, 50_000), Block::new(&pool, 50_000)];
        std::thread::scope(|scope| blocks.into_iter().for_each(|block| drop(scope.spawn(move || drop(block)))));
    }
    assert_eq!((pool.report().hits, pool.report().misses), (100, 0));
}
