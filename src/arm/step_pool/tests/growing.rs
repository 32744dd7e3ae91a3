//! A pool neither misses for ever nor grows for ever, and goes with its owner.

use super::*;
use crate::arm::step_pool::StepPoolPhase;

/// Sizes of one inference of a batch.
fn batch(size: usize) -> [usize; 3] {
    [40_000 * size, 100_000 * size, 60_000 * size]
}

#[test]
fn another_batch_size_is_learned_anew() {
    let pool = StepPool::new();
    let _owner = pool.enable(EARLY).unwrap();
    learn(&pool, &batch(1));
    let small = pool.report().size.reserved;
    (0..100).for_each(|_| step(&pool, &batch(1)));
    assert_eq!(pool.report().misses, 0);
    // The watch looks at 100 steps at a time, and then learns.
    (0..120).for_each(|_| step(&pool, &batch(8)));
    let report = pool.report();
    assert_eq!((report.phase, report.replans), (StepPoolPhase::Serving, 1));
    let large = report.size.reserved;
    assert!(large < 9 * small, "the former plan is gone: {large} after {small}");
    let before = pool.report();
    (0..50).for_each(|_| step(&pool, &batch(8)));
    assert_eq!((pool.report().misses, pool.report().hits), (before.misses, before.hits + 150));
    // And back: a large plan serves small batches, so nothing is learned.
    (0..300).for_each(|_| step(&pool, &batch(1)));
    assert_eq!((pool.report().phase, pool.report().size.reserved <= large), (StepPoolPhase::Serving, true));
}

#[test]
fn batches_that_always_change_keep_within_bounds() {
    let pool = StepPool::new();
    let _owner = pool.enable(EARLY).unwrap();
    let mut random = 1u64;
    let mut most = 0;
    for _ in 0..3000 {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        step(&pool, &batch(1 + (random >> 33) as usize % 16));
        most = most.max(pool.report().size.reserved);
    }
    let needed: usize = batch(16).iter().sum();
    assert!(most <= 8 * needed as u64, "{most} bytes for {needed}");
}

/// Planted: plans that no work fits, and blocks of each of them that never come back.
#[test]
fn plans_whose_blocks_are_kept_are_few() {
    let pool = StepPool::new();
    let owner = pool.enable(EARLY).unwrap();
    let mut kept = Vec::new();
    for round in 1..=12 {
        let size = 40_000 * round;
        (0..210).for_each(|_| step(&pool, &[size, size]));
        let _step = pool.step();
        kept.push(Block::new(&pool, size));
    }
    let report = pool.report();
    assert!((1..=4).contains(&report.replans), "{report:?}");
    drop(owner);
    kept.iter_mut().for_each(|block| block.bytes().fill(1));
    drop(kept);
    assert_eq!(pool.report().size.reserved, 0);
    assert!(pool.enable(EARLY).is_some());
}

#[test]
fn idle_blocks_give_their_pages_back() {
    let pool = StepPool::new();
    let _owner = pool.enable(EARLY).unwrap();
    learn(&pool, &[1 << 20, 2 << 20]);
    let _step = pool.step();
    let mut used = Block::new(&pool, 1 << 20);
    used.bytes().fill(5);
    Block::new(&pool, 2 << 20).bytes().fill(6);
    assert!(pool.report().size.touched >= 3 << 20);
    assert!(pool.release_idle());
    assert_eq!(pool.report().size.touched, 1 << 20);
    assert!(used.bytes().iter().all(|byte| *byte == 5));
}

#[test]
fn a_pool_goes_with_its_owner_and_waits_for_its_last_block() {
    let pool = StepPool::new();
    let owner = pool.enable(EARLY).unwrap();
    learn(&pool, &[50_000, 60_000]);
    let _step = pool.step();
    let mut late = Block::new(&pool, 50_000);
    late.bytes().fill(4);
    drop(owner);
    assert!(pool.report().size.reserved > 0);
    assert_eq!((pool.live_bytes(), pool.report().phase), (50_000, StepPoolPhase::Off));
    late.resize(51_000);
    assert!(late.bytes()[..50_000].iter().all(|byte| *byte == 4));
    drop(late);
    assert_eq!(pool.report().size.reserved, 0);
    assert!(!pool.is_needed());
    let owner = pool.enable(EARLY).unwrap();
    learn(&pool, &[50_000]);
    drop(owner);
    assert_eq!(pool.report().size.reserved, 0);
}
