//! What is left of the weights when they were packed.

use super::*;

/// A file of 16 pages: `left` and `right` share a page, a gap of two pages lies between `right` and `outer`, `inner` lies
/// within `outer`, and `kept` shares its last page with `end`.
fn neighbours() -> Planted {
    Planted::new()
        .external("left", 0..pages(3) + 100)
        .external("right", pages(3) + 100..pages(6))
        .external("outer", pages(8)..pages(10))
        .external("inner", pages(9)..pages(9) + 400)
        .external("kept", pages(10)..pages(12) + 8)
        .external("end", pages(12) + 8..pages(16))
        .write(&bytes(pages(16) as usize))
}

/// Which of the pages from `address` on are there, as text.
fn picture(address: usize, count: u64) -> String {
    present(address, pages(count) as usize).iter().map(|is_there| if *is_there { '#' } else { '.' }).collect()
}

#[test]
fn pages_go_with_the_last_that_touches_them() {
    let planted = neighbours();
    let options = options(WeightsStrategy::Map, Release::Dontneed, ReleaseWhen::Tensor);
    let Loaded { mut store, .. } = planted.load(Weights { prefault: true, ..options }).unwrap();
    let [left, right, outer, inner, kept, end] =
        ["left", "right", "outer", "inner", "kept", "end"].map(|name| store.find(name).unwrap());
    [left, right, outer, inner, end].into_iter().for_each(|weight| store.announce(weight, 1, false).unwrap());
    store.announce(kept, 1, true).unwrap();
    let address = store.kept(kept).unwrap().as_ptr().addr() - pages(10) as usize;
    let mut guards = [right, left, inner, end, kept, outer].map(|weight| Some(store.take(weight).unwrap()));
    let expected = [
        // `right` shares a page with `left`, which stays; the gap goes with it.
        "####....########",
        "........########",
        // `inner` lies within `outer`.
        "........########",
        // `end` shares a page with `kept`, which stays.
        "........#####...",
        "........#####...",
        "..........###...",
    ];
    assert_eq!(picture(address, 16), "################");
    for (guard, expected) in guards.iter_mut().zip(expected) {
        drop(guard.take());
        assert_eq!(picture(address, 16), expected);
    }
    drop(guards);
    store.finish().unwrap();
    assert_eq!(picture(address, 16), "..........###...");
    assert_eq!(store.kept(kept).unwrap(), &bytes(pages(16) as usize)[pages(10) as usize..pages(12) as usize + 8]);
    let report = store.report();
    assert_eq!((report.mapped_bytes, report.released_bytes), (pages(3), pages(13)));
}

#[test]
fn what_goes_at_the_end_stays_until_then() {
    let planted = neighbours();
    let options = options(WeightsStrategy::Map, Release::Dontneed, ReleaseWhen::End);
    let Loaded { mut store, .. } = planted.load(Weights { prefault: true, ..options }).unwrap();
    let [left, kept] = ["left", "kept"].map(|name| store.find(name).unwrap());
    store.announce(left, 1, false).unwrap();
    store.announce(kept, 0, true).unwrap();
    let address = store.kept(kept).unwrap().as_ptr().addr() - pages(10) as usize;
    drop(store.take(left).unwrap());
    assert_eq!(picture(address, 16), "################");
    // Weights that nobody announced go too.
    store.finish().unwrap();
    assert_eq!(picture(address, 16), "..........###...");
}

#[test]
fn pages_that_came_back_with_a_neighbour_go_at_the_end() {
    let planted = neighbours();
    let options = options(WeightsStrategy::Map, Release::Dontneed, ReleaseWhen::Tensor);
    let Loaded { mut store, .. } = planted.load(options).unwrap();
    let [left, right] = ["left", "right"].map(|name| store.find(name).unwrap());
    store.announce(left, 1, false).unwrap();
    store.announce(right, 1, false).unwrap();
    let taken = store.take(left).unwrap();
    let address = taken.bytes().as_ptr().addr();
    drop(taken);
    // Reading a page brings its neighbours in (fault-around).
    let taken = store.take(right).unwrap();
    assert_ne!(taken.bytes().iter().fold(0, |all, byte| all | byte), 0);
    drop(taken);
    store.finish().unwrap();
    assert_eq!(picture(address, 16), "................");
}

/// The kernel passes over pages that it is busy with. Of those that were written a moment ago, each processor holds up to 31
/// in a batch of its own (`folio_batch`), for as long as it has nothing else to do: eight processors hold a quarter of these.
#[test]
fn pageout_takes_pages_out_of_the_process() {
    const ATTEMPTS: usize = 5;
    let planted = Planted::new().external("weight", 0..pages(WEIGHT)).write(&bytes(pages(WEIGHT) as usize));
    for strategy in [WeightsStrategy::Map, WeightsStrategy::MapTensor] {
        let left: Vec<_> = (0..ATTEMPTS).map(|_| left_after_pageout(&planted, strategy)).collect();
        let some_went = left.iter().any(|left| *left <= WEIGHT as usize / 4);
        assert!(some_went, "{strategy:?}: of {WEIGHT} pages left after each attempt: {left:?}");
    }
}

/// Pages of the only weight.
const WEIGHT: u64 = 1024;

/// How many of the pages of the only weight are still there after it was packed.
fn left_after_pageout(planted: &Planted, strategy: WeightsStrategy) -> usize {
    let options = options(strategy, Release::Pageout, ReleaseWhen::Tensor);
    let mut store = planted.load(Weights { prefault: true, ..options }).unwrap().store;
    let weight = store.find("weight").unwrap();
    store.announce(weight, 1, false).unwrap();
    let taken = store.take(weight).unwrap();
    let address = taken.bytes().as_ptr().addr();
    assert!(present(address, pages(WEIGHT) as usize).iter().all(|is_there| *is_there));
    drop(taken);
    let left = present(address, pages(WEIGHT) as usize).iter().filter(|is_there| **is_there).count();
    store.finish().unwrap();
    left
}

#[test]
fn unmapped_pages_leave_a_place_holder_and_then_nothing() {
    let planted = neighbours();
    let mut store = planted.load(options(WeightsStrategy::Map, Release::Unmap, ReleaseWhen::Tensor)).unwrap().store;
    let names = ["left", "right", "outer", "inner", "kept", "end"];
    let ids = names.map(|name| store.find(name).unwrap());
    ids.into_iter().for_each(|weight| store.announce(weight, 1, false).unwrap());
    let mut guards = ids.map(|weight| Some(store.take(weight).unwrap()));
    assert_eq!(planted.mappings(), 1);
    // What was `outer` in the middle is a place holder; the file is on both of its sides.
    guards[2] = None;
    guards[3] = None;
    assert_eq!(planted.mappings(), 2);
    for guard in &mut guards {
        *guard = None;
    }
    assert_eq!((planted.mappings(), store.report().mappings), (0, 0));
    drop(guards);
    store.finish().unwrap();
    assert_eq!(store.report().released_bytes, pages(16));
}

#[test]
fn a_mapping_with_a_kept_weight_stays() {
    let planted = neighbours();
    for release_when in [ReleaseWhen::End, ReleaseWhen::Tensor] {
        for strategy in [WeightsStrategy::Map, WeightsStrategy::MapTensor] {
            let mut store = planted.load(options(strategy, Release::Unmap, release_when)).unwrap().store;
            let kept = store.find("kept").unwrap();
            store.announce(kept, 1, true).unwrap();
            drop(store.take(kept));
            store.finish().unwrap();
            assert_eq!(planted.mappings(), 1, "{strategy:?} {release_when:?}");
            assert_eq!(store.report().mapped_bytes, pages(3));
            assert_eq!(
                store.kept(kept).unwrap(),
                &bytes(pages(13) as usize)[pages(10) as usize..pages(12) as usize + 8]
            );
            store.check_unchanged().unwrap();
        }
    }
}

#[test]
fn copies_are_freed() {
    let planted = neighbours();
    let total = 4 * pages(4) + 400 - pages(1) + pages(1);
    for strategy in [WeightsStrategy::Copy, WeightsStrategy::CopyEager] {
        for (release, left) in [(Release::Keep, total), (Release::Dontneed, pages(2) + 8)] {
            let mut store = planted.load(options(strategy, release, ReleaseWhen::Tensor)).unwrap().store;
            let whole = store.bytes_total();
            assert_eq!(store.report().heap_bytes, whole);
            let [kept, left_weight] = ["kept", "left"].map(|name| store.find(name).unwrap());
            store.announce(kept, 1, true).unwrap();
            store.announce(left_weight, 1, false).unwrap();
            drop((store.take(kept).unwrap(), store.take(left_weight).unwrap()));
            let freed = if release == Release::Keep { 0 } else { pages(3) + 100 };
            assert_eq!(store.report().heap_bytes, whole - freed, "{strategy:?} {release:?}");
            store.finish().unwrap();
            let expected = if release == Release::Keep { whole } else { left };
            assert_eq!(store.report().heap_bytes, expected, "{strategy:?} {release:?}");
            assert_eq!(
                store.kept(kept).unwrap(),
                &bytes(pages(13) as usize)[pages(10) as usize..pages(12) as usize + 8]
            );
        }
    }
}
