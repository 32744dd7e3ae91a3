//! What planning costs on average, over random graphs that are the same everywhere.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use super::super::{Claim, lower_bound};
use super::{PLANNERS, placed};

/// As many tensors as steps, of which two to six live at a time; sizes up to a thousand bytes, as many in
/// each octave.
fn random_graph(random: &mut Xoshiro256PlusPlus) -> Vec<Claim> {
    const TENSORS: usize = 60;
    let mut below = |bound: usize| (random.next_u64() % bound as u64) as usize;
    let mut claims = Vec::new();
    let mut live = Vec::new();
    for step in 0..TENSORS {
        let octave = 1 << below(10);
        let bytes = (octave + below(octave)) as u64;
        claims.push(Claim { bytes, first: step, last: TENSORS });
        live.push(step);
        let kept = 2 + below(5);
        while live.len() > kept {
            let released: usize = live.swap_remove(below(live.len()));
            claims[released].last = step;
        }
    }
    claims
}

fn mean_capacity_to_bound() -> [f64; 4] {
    const GRAPHS: usize = 300;
    let mut random = Xoshiro256PlusPlus::seed_from_u64(1);
    let mut sums = [0.0; 4];
    for _ in 0..GRAPHS {
        let claims = random_graph(&mut random);
        let bound = lower_bound(&claims, 1).unwrap() as f64;
        for (sum, planner) in sums.iter_mut().zip(PLANNERS) {
            *sum += placed(planner, &claims).capacity as f64 / bound;
        }
    }
    sums.map(|sum| sum / GRAPHS as f64)
}

#[test]
fn looking_ahead_comes_closer_to_the_bound() {
    let [bump, first_fit, wic, best_fit] = mean_capacity_to_bound();
    let means = format!("bump {bump:.2}, first-fit {first_fit:.3}, wic {wic:.3}, best-fit {best_fit:.3}");
    assert_eq!(means, "bump 4.76, first-fit 1.143, wic 1.015, best-fit 1.015");
}
