//! The cache beside a naive one, over random requests.

use proptest::prelude::*;

use super::super::event::Action;
use super::super::guard::Guard;
use super::super::model_cache::{Allowance, ModelCache};
use super::{Fake, MIB, Watching};

/// Models of the game, and mebibytes of each: 13 in all, one larger than most budgets.
const MEBIBYTES: [u64; 6] = [1, 1, 2, 3, 1, 5];

#[derive(Debug, Clone)]
enum Step {
    /// Asks for a model; keeps its lock, uses it and lets it go, or fails to load it.
    Get { number: usize, holds: bool, fails: bool },
    /// Ends one of the locks that are held.
    Release { which: usize, spoils: bool },
    /// Drops a model, now or when its lock ends.
    Drop { number: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let get = (0..MEBIBYTES.len(), prop::bool::weighted(0.2), prop::bool::weighted(0.1))
        .prop_map(|(number, holds, fails)| Step::Get { number, holds, fails });
    let release = (0usize..8, prop::bool::weighted(0.2)).prop_map(|(which, spoils)| Step::Release { which, spoils });
    let drop = (0..MEBIBYTES.len()).prop_map(|number| Step::Drop { number });
    prop::collection::vec(prop_oneof![6 => get, 2 => release, 1 => drop], 1..80)
}

/// A model of the naive cache.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Held {
    identity: u64,
    number: usize,
    locks: u32,
    is_stale: bool,
    idle: u64,
}

/// A cache as one would write it without a thought for anything: a list, the least recently used model first.
#[derive(Default)]
struct Naive {
    list: Vec<Held>,
    loads: u64,
    told: Vec<(Action, usize)>,
}

impl Naive {
    fn bytes(&self) -> u64 {
        self.list.iter().map(|held| MEBIBYTES[held.number]).sum()
    }

    fn take(&mut self, place: usize, action: Action) {
        let held = self.list.remove(place);
        assert_eq!(held.locks, 0);
        self.told.push((action, held.number));
    }

    /// The identity of the model, locked; `None` if it could not be loaded.
    fn get(&mut self, number: usize, fails: bool, budget: u64, keep_alive: u64) -> Option<u64> {
        self.list.iter_mut().for_each(|held| held.idle += 1);
        let found = self.list.iter().position(|held| held.number == number && !held.is_stale);
        if let Some(place) = found {
            let mut held = self.list.remove(place);
            held.locks += 1;
            held.idle = 0;
            self.list.push(held);
        }
        // Expiry has an order of its own: of loading, not of use.
        while keep_alive > 0
            && let Some(first) = self
                .list
                .iter()
                .filter(|held| held.locks == 0 && held.idle > keep_alive)
                .map(|held| held.identity)
                .min()
        {
            let place = self.list.iter().position(|held| held.identity == first)?;
            self.take(place, Action::Expire);
        }
        if found.is_some() {
            return self.list.last().map(|held| held.identity);
        }
        while self.bytes() + MEBIBYTES[number] > budget
            && let Some(place) = self.list.iter().position(|held| held.locks == 0)
        {
            self.take(place, Action::Evict);
        }
        if fails {
            return None;
        }
        self.loads += 1;
        self.list.push(Held { identity: self.loads, number, locks: 1, is_stale: false, idle: 0 });
        self.told.push((Action::Load, number));
        Some(self.loads)
    }

    fn release(&mut self, identity: u64, spoils: bool) {
        let place = self.list.iter().position(|held| held.identity == identity).expect("it is locked");
        self.list[place].locks -= 1;
        self.list[place].is_stale |= spoils;
        if self.list[place].is_stale && self.list[place].locks == 0 {
            self.take(place, Action::Drop);
        }
    }

    fn drop_model(&mut self, number: usize) {
        self.list.iter_mut().filter(|held| held.number == number).for_each(|held| held.is_stale = true);
        let mut free: Vec<_> =
            self.list.iter().filter(|held| held.is_stale && held.locks == 0).map(|held| held.identity).collect();
        free.sort_unstable();
        for identity in free {
            let place = self.list.iter().position(|held| held.identity == identity).expect("it is in the list");
            self.take(place, Action::Drop);
        }
    }
}

/// What must hold after every step.
fn check(cache: &ModelCache<Fake>, naive: &Naive, watching: &Watching) -> Result<(), TestCaseError> {
    let told: Vec<_> = watching.told.iter().map(|event| (event.action, event.model)).collect();
    prop_assert_eq!(&told, &naive.told);
    let statistics = cache.statistics();
    prop_assert_eq!(statistics.models, naive.list.len() as u64);
    prop_assert_eq!(statistics.cached.declared, naive.bytes() * MIB);
    prop_assert_eq!(statistics.cached.measured, naive.bytes() * MIB);
    prop_assert_eq!(watching.memory.used.get(), naive.bytes() * MIB, "every model is there or dropped");
    prop_assert_eq!(cache.used_bytes(), Some(naive.bytes() * MIB));
    let loads = statistics.misses - statistics.failures;
    let gone = statistics.evictions + statistics.expired + statistics.dropped;
    prop_assert_eq!(loads, statistics.models + gone);
    prop_assert!(statistics.high_water.declared >= statistics.cached.declared);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_does_what_a_naive_cache_does(steps in steps(), budget in 2u64..10, keep_alive in 0u64..6) {
        let cache = ModelCache::new(Allowance { bytes: budget * MIB, by_measured: false, keep_alive }, MEBIBYTES.len());
        let (mut naive, mut watching) = (Naive::default(), Watching::default());
        let mut locks: Vec<(Guard<'_, Fake>, u64)> = Vec::new();
        let mut requests = 0;
        for step in steps {
            match step {
                Step::Get { number, holds, fails } => {
                    requests += 1;
                    let (bytes, before) = (MEBIBYTES[number] * MIB, watching.told.len());
                    let got = cache.get(number, bytes, &mut watching, |watching| {
                        if fails { Err(()) } else { Ok(Fake::load(&watching.memory, bytes, 0)) }
                    });
                    let expected = naive.get(number, fails, budget, keep_alive);
                    prop_assert_eq!(got.is_ok(), expected.is_some());
                    let is_load = watching.told[before..].iter().any(|event| event.action == Action::Load);
                    let all_locked = naive.list.iter().all(|held| held.locks > 0);
                    prop_assert!(got.is_err() || !is_load || naive.bytes() <= budget || all_locked);
                    if let (Ok(guard), Some(identity)) = (got, expected) {
                        if holds {
                            locks.push((guard, identity));
                        } else {
                            guard.release(&mut watching);
                            naive.release(identity, false);
                        }
                    }
                }
                Step::Release { which, spoils } if !locks.is_empty() => {
                    let (guard, identity) = locks.swap_remove(which % locks.len());
                    if spoils {
                        guard.spoil();
                    }
                    guard.release(&mut watching);
                    naive.release(identity, spoils);
                }
                Step::Release { .. } => {}
                Step::Drop { number } => {
                    cache.drop_model(number, &mut watching);
                    naive.drop_model(number);
                }
            }
            check(&cache, &naive, &watching)?;
        }
        prop_assert_eq!(cache.statistics().hits + cache.statistics().misses, requests);
        locks.into_iter().for_each(|(guard, _)| guard.release(&mut watching));
        cache.clear(&mut watching);
        prop_assert_eq!(watching.memory.used.get(), 0);
        prop_assert_eq!(cache.statistics().models, 0);
    }
}
