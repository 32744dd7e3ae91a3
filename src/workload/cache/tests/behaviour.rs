//! What the cache does, one trait at a time.

use super::super::event::Action;
use super::super::model_cache::{Allowance, ModelCache, Size};
use super::super::reading::Reading;
use super::super::statistics::Statistics;
use super::{Fake, MIB, Memory, Watching, cache, get, switch};

#[test]
fn the_least_recently_used_model_goes_first() {
    let (cache, mut watching) = (cache(10), Watching::default());
    for number in [1, 2, 3, 1, 4] {
        switch(&cache, &mut watching, number, 3);
    }
    assert_eq!(watching.short(), "+1 +2 +3 -2 +4", "1 was used again before 4 came");
    let statistics = cache.statistics();
    assert_eq!((statistics.hits, statistics.misses, statistics.evictions, statistics.models), (1, 4, 1, 3));
    assert_eq!(
        (statistics.cleared, statistics.cached.declared, statistics.high_water.declared),
        (3 * MIB, 9 * MIB, 9 * MIB)
    );
}

#[test]
fn a_model_in_use_is_never_evicted() {
    let (cache, mut watching) = (cache(10), Watching::default());
    let held = get(&cache, &mut watching, 1, 4);
    switch(&cache, &mut watching, 2, 4);
    switch(&cache, &mut watching, 3, 4);
    assert_eq!(watching.short(), "+1 +2 -2 +3");
    held.release(&mut watching);
    switch(&cache, &mut watching, 4, 4);
    assert_eq!(watching.short(), "-1 +4", "its lock is over, and it is the oldest");
}

#[test]
fn two_locks_end_one_after_the_other() {
    let (cache, mut watching) = (cache(4), Watching::default());
    let (first, second) = (get(&cache, &mut watching, 1, 4), get(&cache, &mut watching, 1, 4));
    drop(first);
    switch(&cache, &mut watching, 2, 4);
    assert_eq!(watching.short(), "+1 +2");
    drop(second);
    cache.make_room(4 * MIB, &mut watching);
    assert_eq!(watching.short(), "-1 -2");
}

#[test]
fn a_model_larger_than_the_budget_is_loaded_alone_and_told() {
    let (cache, mut watching) = (cache(10), Watching::default());
    for number in [1, 2, 3] {
        switch(&cache, &mut watching, number, 3);
    }
    switch(&cache, &mut watching, 9, 64);
    assert_eq!(watching.short(), "+1 +2 +3 -1 -2 -3 +9");
    assert_eq!((cache.statistics().over_budget, cache.statistics().high_water.declared), (1, 64 * MIB));
    switch(&cache, &mut watching, 1, 3);
    assert_eq!((watching.short().as_str(), cache.statistics().over_budget), ("-9 +1", 1));
}

#[test]
fn a_model_that_is_dropped_while_it_is_in_use_goes_when_its_lock_ends() {
    let (cache, mut watching) = (cache(10), Watching::default());
    let held = get(&cache, &mut watching, 1, 3);
    cache.drop_model(1, &mut watching);
    assert_eq!((watching.short().as_str(), cache.statistics().models), ("+1", 1));
    // It is not given out again: whoever asks now gets a fresh one.
    switch(&cache, &mut watching, 1, 3);
    assert_eq!((watching.short().as_str(), cache.statistics().models), ("+1", 2));
    held.release(&mut watching);
    assert_eq!((watching.short().as_str(), cache.statistics().models), ("!1", 1));
    cache.drop_model(1, &mut watching);
    assert_eq!((watching.short().as_str(), cache.statistics().models), ("!1", 0));
    assert_eq!(watching.memory.used.get(), 0);
}

#[test]
fn a_lock_that_goes_out_of_scope_ends_unwatched() {
    let (cache, mut watching) = (cache(10), Watching::default());
    let held = get(&cache, &mut watching, 1, 3);
    held.spoil();
    drop(held);
    assert_eq!((watching.short().as_str(), cache.statistics().dropped), ("+1", 1));
    assert_eq!(watching.memory.used.get(), 0);
}

#[test]
fn a_model_that_fails_in_use_is_not_given_out_again() {
    let (cache, mut watching) = (cache(10), Watching::default());
    let held = get(&cache, &mut watching, 1, 3);
    held.spoil();
    held.release(&mut watching);
    switch(&cache, &mut watching, 1, 3);
    assert_eq!(watching.short(), "+1 !1 +1");
}

/// Planted: every third load fails.
#[test]
fn loads_that_fail_count_as_misses_and_leave_nothing_behind() {
    let (cache, mut watching) = (cache(10), Watching::default());
    let mut outcomes = Vec::new();
    for turn in 1..=9u64 {
        let loaded = cache.get(turn as usize % 4, 3 * MIB, &mut watching, |watching| {
            if turn % 3 == 0 { Err(turn) } else { Ok(Fake::load(&watching.memory, 3 * MIB, 0)) }
        });
        outcomes.push(loaded.map(|guard| guard.release(&mut watching)));
    }
    // Turn 3 asks for model 3, turn 6 for model 2, turn 9 for model 1; turns 5 to 9 find what is still there.
    let failed: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.err()).collect();
    let Statistics { misses, failures, models, evictions, cached, .. } = cache.statistics();
    assert_eq!(failures, failed.len() as u64);
    assert!(failures >= 1 && failed.contains(&3), "{failed:?}");
    assert_eq!(misses, failures + models + evictions);
    assert_eq!(cached.declared, models * 3 * MIB);
    assert_eq!(watching.memory.used.get(), models * 3 * MIB);
}

#[test]
fn a_load_that_fails_has_made_room_and_no_more() {
    let (cache, mut watching) = (cache(10), Watching::default());
    switch(&cache, &mut watching, 1, 8);
    let failed = cache.get(2, 8 * MIB, &mut watching, |_| Err::<Fake, _>("no such file"));
    assert_eq!(failed.err(), Some("no such file"));
    assert_eq!(watching.short(), "+1 -1");
    assert_eq!((cache.statistics().models, cache.statistics().failures), (0, 1));
}

#[test]
fn what_nobody_asks_for_expires() {
    let allowance = Allowance { bytes: 100 * MIB, by_measured: false, keep_alive: 2 };
    let (cache, mut watching) = (ModelCache::new(allowance, 8), Watching::default());
    for number in [1, 2, 3, 2, 3, 1] {
        switch(&cache, &mut watching, number, 3);
    }
    assert_eq!(watching.short(), "+1 +2 +3 ~1 +1", "two requests may pass over a model, the third one drops it");
    let held = get(&cache, &mut watching, 2, 3);
    for _ in 0..5 {
        switch(&cache, &mut watching, 3, 3);
    }
    assert_eq!(watching.short(), "~1", "2 is in use");
    held.release(&mut watching);
    switch(&cache, &mut watching, 3, 3);
    assert_eq!((watching.short().as_str(), cache.statistics().expired), ("~2", 3));
}

#[test]
fn a_budget_of_measured_bytes_learns_what_models_take() {
    let allowance = Allowance { bytes: 10 * MIB, by_measured: true, keep_alive: 0 };
    let (cache, mut watching) = (ModelCache::new(allowance, 8), Watching::default());
    let switch = |watching: &mut Watching, number, takes: u64| {
        let loaded =
            cache.get(number, MIB, watching, |watching| Ok::<_, ()>(Fake::load(&watching.memory, takes * MIB, 0)));
        loaded.unwrap().release(watching);
    };
    switch(&mut watching, 1, 6);
    switch(&mut watching, 2, 6);
    assert_eq!(watching.short(), "+1 +2 -1", "only when it was loaded it was seen that both do not fit");
    switch(&mut watching, 1, 6);
    assert_eq!(watching.short(), "-2 +1", "room is made for what it took the last time");
    let Statistics { cached, high_water, over_budget, .. } = cache.statistics();
    assert_eq!((cached, over_budget), (Size { declared: MIB, measured: 6 * MIB }, 0));
    assert_eq!(high_water, Size { declared: 2 * MIB, measured: 12 * MIB });
    assert_eq!(cache.learned(), [(1, 6 * MIB), (2, 6 * MIB)]);
}

#[test]
fn without_measurements_models_count_what_they_declare() {
    struct Blind;
    impl super::super::Watcher for Blind {
        fn snapshot(&mut self) -> super::super::Snapshot {
            super::super::Snapshot::default()
        }
        fn tell(&mut self, event: &super::super::CacheEvent) {
            assert_eq!((event.measured, event.reading), (None, None));
        }
    }
    let allowance = Allowance { bytes: 10 * MIB, by_measured: true, keep_alive: 0 };
    let cache = ModelCache::new(allowance, 8);
    for number in [1, 2, 3] {
        cache.get(number, 4 * MIB, &mut Blind, |_| Ok::<_, ()>(())).unwrap().release(&mut Blind);
    }
    assert_eq!((cache.statistics().evictions, cache.statistics().cached.measured), (1, 8 * MIB));
    assert_eq!(cache.used_bytes(), None);
}

/// The readings of everything that was dropped, in order.
fn readings(watching: &Watching) -> Vec<Reading> {
    watching.told.iter().filter(|event| event.action != Action::Load).filter_map(|event| event.reading).collect()
}

#[test]
fn an_allocator_that_keeps_what_is_freed_fragments_and_a_trim_ends_that() {
    for (keeps, trims, expected) in
        [(false, false, Reading::Returned), (true, false, Reading::Fragmentation), (true, true, Reading::Returned)]
    {
        let memory = Memory::default();
        memory.keeps.set(keeps);
        let (cache, mut watching) = (cache(10), Watching { memory, trims, ..Watching::default() });
        for turn in 0..12 {
            switch(&cache, &mut watching, turn % 3, 5);
        }
        let readings = readings(&watching);
        assert!(readings.len() == 10 && readings.iter().all(|reading| *reading == expected), "{keeps}: {readings:?}");
    }
}

/// Planted: model 2 leaks half of what it takes.
#[test]
fn a_model_that_leaks_is_told_from_those_that_do_not() {
    let (cache, mut watching) = (cache(10), Watching::default());
    watching.memory.keep_what_is_freed();
    for turn in 0..12 {
        let number = turn % 3;
        let loaded = cache.get(number, 5 * MIB, &mut watching, |watching| {
            let leaks = if number == 2 { 5 * MIB / 2 } else { 0 };
            Ok::<_, ()>(Fake::load(&watching.memory, 5 * MIB, leaks))
        });
        loaded.unwrap().release(&mut watching);
    }
    for event in watching.told.iter().filter(|event| event.action == Action::Evict) {
        assert_eq!(event.reading == Some(Reading::Leak), event.model == 2, "{event:?}");
    }
}

#[test]
fn at_the_end_everything_goes() {
    let (cache, mut watching) = (cache(100), Watching::default());
    for number in [3, 1, 2] {
        switch(&cache, &mut watching, number, 3);
    }
    assert_eq!(cache.used_bytes(), Some(9 * MIB));
    cache.clear(&mut watching);
    assert_eq!(watching.short(), "+3 +1 +2 !3 !1 !2");
    assert_eq!((cache.statistics().models, cache.used_bytes(), watching.memory.used.get()), (0, Some(0), 0));
}

/// Planted: a model takes 1 MiB more when it is first used, and each use leaks 1 MiB.
#[test]
fn what_the_first_use_takes_belongs_to_the_model_and_what_later_ones_take_does_not() {
    let (cache, mut watching) = (cache(10), Watching::default());
    let held = get(&cache, &mut watching, 1, 3);
    held.model().use_first(MIB, 0);
    held.release(&mut watching);
    assert_eq!(cache.used_bytes(), Some(4 * MIB));
    for _ in 0..3 {
        let held = get(&cache, &mut watching, 1, 3);
        watching.memory.take(MIB);
        held.release(&mut watching);
    }
    assert_eq!((cache.used_bytes(), watching.memory.used.get()), (Some(4 * MIB), 7 * MIB));
    cache.clear(&mut watching);
    assert_eq!((cache.used_bytes(), watching.memory.used.get()), (Some(0), 3 * MIB));
}

/// Planted: models that take 5 of their 8 MiB when they are first used, and free all of it, only as much as their load took, and
/// a part.
#[test]
fn what_the_first_use_took_must_be_freed_too() {
    for (first, leaks, expected) in [(5, 0, Reading::Returned), (5, 5, Reading::Leak), (5, 2, Reading::Leak)] {
        let (cache, mut watching) = (cache(10), Watching::default());
        let held = get(&cache, &mut watching, 1, 3);
        held.model().use_first(first * MIB, leaks * MIB);
        held.release(&mut watching);
        cache.clear(&mut watching);
        assert_eq!(watching.memory.used.get(), leaks * MIB);
        assert_eq!(readings(&watching), [expected], "{leaks} MiB of {first} leak");
    }
}
