//! The interval of a difference of settings holds the truth as often as it says.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use crate::analysis::*;

/// About normal, with mean 0 and variance 1: the sum of twelve uniform numbers.
fn normal(random: &mut Xoshiro256PlusPlus) -> f64 {
    (0..12).map(|_| (random.next_u64() >> 11) as f64 / (1_u64 << 53) as f64).sum::<f64>() - 6.0
}

/// Processes of one arm: a level each, and noise on every sample.
fn arm(random: &mut Xoshiro256PlusPlus, processes: usize, level: f64, between: f64) -> Vec<Vec<f64>> {
    let process = |random: &mut Xoshiro256PlusPlus| {
        let level = level + between * normal(random);
        (0..100).map(|_| level + 2.0 * normal(random)).collect()
    };
    (0..processes).map(|_| process(random)).collect()
}

/// How often, of 2000 pairs of arms that differ by 10, the interval misses it.
fn misses(processes: usize, between: [f64; 2]) -> usize {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(4);
    let mut missed = 0;
    for _ in 0..2000 {
        let a = arm(&mut random, processes, 60.0, between[0]);
        let b = arm(&mut random, processes, 50.0, between[1]);
        let found = difference(&a, &b);
        missed += usize::from(!(found.low..=found.high).contains(&10.0));
    }
    missed
}

fn difference(a: &[Vec<f64>], b: &[Vec<f64>]) -> ArmDifference {
    let (a, b): (Vec<_>, Vec<_>) = (a.iter().map(Vec::as_slice).collect(), b.iter().map(Vec::as_slice).collect());
    arm_difference(&a, &b).unwrap()
}

/// 20 misses of 2000 are expected; 30 and more have a probability of 2 %.
const MOST: usize = 30;

#[test]
fn several_processes_measure_the_setting() {
    for (processes, between) in [(3, [5.0, 5.0]), (3, [8.0, 0.5]), (3, [0.0, 0.0]), (5, [5.0, 1.0])] {
        let missed = misses(processes, between);
        assert!(missed <= MOST, "{processes} processes, {between:?}: {missed} of 2000");
    }
}

/// One process of each says nothing of how the next one comes out.
#[test]
fn one_process_measures_that_process_alone() {
    assert!(misses(1, [0.0, 0.0]) <= MOST);
    assert!(misses(1, [5.0, 5.0]) > 1000);
}
