//! Who may take a weight, and until when it is there.

use std::sync::atomic::{AtomicUsize, Ordering};

use rten_onnx::onnx::DataType;

use super::*;

fn planted() -> Planted {
    Planted::new()
        .external("weight", 0..pages(2))
        .external("tied", 0..pages(2))
        .external("other", pages(2)..pages(3))
        .write(&bytes(pages(3) as usize))
}

#[test]
fn only_announced_consumers_get_it() {
    for strategy in STRATEGIES {
        let mut store = planted().load(options(strategy, Release::Dontneed, ReleaseWhen::Tensor)).unwrap().store;
        let weight = store.find("weight").unwrap();
        assert_eq!(store.find("nothing"), None);
        let message = |error: EmbeddedError| error.to_string();
        let error = store.take(store.find("other").unwrap()).map(|_| ()).map_err(message);
        assert_eq!(error.unwrap_err(), "weight `other` has more consumers than were announced");
        store.announce(weight, 1, false).unwrap();
        store.announce(store.find("tied").unwrap(), 1, false).unwrap();
        let first = store.take(weight).unwrap();
        drop(store.take(weight).unwrap());
        assert!(store.take(weight).is_err());
        assert_eq!(first.bytes(), &bytes(pages(2) as usize));
        assert_eq!(
            store.kept(weight).map_err(message).unwrap_err().rsplit_once('`').unwrap().1,
            " was not announced as kept"
        );
        drop(first);
        assert!(store.take(weight).is_err());
        let late = store.announce(weight, 1, false).map_err(message).unwrap_err();
        assert!(late.ends_with("was released before it was announced"), "{late}");
    }
}

#[test]
fn weights_of_another_store_are_refused() {
    let options = options(WeightsStrategy::Map, Release::Dontneed, ReleaseWhen::End);
    let store = planted().load(options).unwrap().store;
    let other = store.find("other").unwrap();
    let mut small = Planted::new().external("weight", 0..8).write(&bytes(8)).load(options).unwrap().store;
    assert!(small.announce(other, 1, false).is_err());
    assert!(small.take(other).is_err());
    assert!(small.kept(other).is_err());
    assert!(small.kept_values(other).is_err());
    assert_eq!(small.element(other), None);
}

#[test]
fn many_threads_take_and_the_last_releases() {
    let planted = planted();
    for strategy in STRATEGIES {
        let mut store = planted.load(options(strategy, Release::Unmap, ReleaseWhen::Tensor)).unwrap().store;
        let expected = bytes(pages(2) as usize);
        let [weight, other] = ["weight", "other"].map(|name| store.find(name).unwrap());
        store.announce(weight, 400, false).unwrap();
        store.announce(other, 1, false).unwrap();
        let refused = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..51 {
                        match store.take(weight) {
                            Ok(taken) => assert_eq!(taken.bytes(), expected),
                            Err(_) => drop(refused.fetch_add(1, Ordering::Relaxed)),
                        }
                    }
                });
            }
        });
        assert_eq!(refused.into_inner(), 8, "{strategy:?}");
        let report = store.report();
        assert_eq!((report.heap_bytes + report.mapped_bytes, report.released_bytes), (pages(1), pages(2)));
        drop(store.take(other).unwrap());
        assert_eq!(store.report().released_bytes, pages(3));
        assert_eq!(planted.mappings(), 0);
    }
}

#[test]
fn kept_weights_are_aligned_wherever_they_lie() {
    let values: Vec<u8> = (0..500).flat_map(|value| (value as f32).to_le_bytes()).collect();
    let floats: Vec<f32> = (0..500).map(|value| value as f32).collect();
    let mut unaligned = 0;
    // The longer the name, the farther back the data that follows it.
    for name in ["a", "ab", "abc", "abcd"] {
        let planted = Planted::new().inline(name, &values).write(b"");
        for strategy in STRATEGIES {
            for release in RELEASES {
                let mut store = planted.load(options(strategy, release, ReleaseWhen::Tensor)).unwrap().store;
                let weight = store.find(name).unwrap();
                store.announce(weight, 1, true).unwrap();
                assert_eq!(store.take(weight).unwrap().floats().as_ref(), floats);
                store.finish().unwrap();
                assert_eq!(store.kept_floats(weight).unwrap(), floats, "{name} {strategy:?} {release:?}");
                assert!(store.kept_i64s(weight).is_err() && store.kept_i32s(weight).is_err());
                let report = store.report();
                unaligned += report.unaligned_copies;
                let is_gone = release == Release::Unmap && report.unaligned_copies == 1;
                assert!(!is_gone || planted.mappings() == 0);
            }
        }
    }
    // Three of four places are not aligned, in two mapped strategies with four ways to release.
    assert_eq!(unaligned, 3 * 2 * 4);
}

#[test]
fn every_type_is_given_as_what_it_is() {
    let mut planted = Planted::new()
        .external("i32", 0..2_000)
        .external("i64", 2_000..6_000)
        .external("bool", 6_000..8_000)
        .external("bad", 8_000..8_004);
    let types = [DataType::INT32, DataType::INT64, DataType::BOOL, DataType::BOOL];
    for ((tensor, data_type), size) in planted.graph.initializer.iter_mut().zip(types).zip([1, 2, 1, 1]) {
        tensor.data_type = Some(data_type);
        tensor.dims[0] = if data_type == DataType::BOOL { tensor.dims[0] * 4 } else { tensor.dims[0] / size };
    }
    let mut data: Vec<u8> = (0..500_i32).flat_map(|value| (value - 7).to_le_bytes()).collect();
    data.extend((0..500_i64).flat_map(|value| (value << 40).to_le_bytes()));
    data.extend((0..2_000).map(|value| u8::from(value % 3 == 0)));
    data.extend([0, 1, 2, 1]);
    let planted = planted.write(&data);
    for strategy in STRATEGIES {
        let mut store = planted.load(options(strategy, Release::Dontneed, ReleaseWhen::End)).unwrap().store;
        let ids = ["i32", "i64", "bool", "bad"].map(|name| store.find(name).unwrap());
        ids.into_iter().for_each(|weight| store.announce(weight, 1, true).unwrap());
        assert_eq!(store.kept_i32s(ids[0]).unwrap()[499], 492);
        assert_eq!(store.kept_i64s(ids[1]).unwrap()[499], 499 << 40);
        assert_eq!(store.kept_bools(ids[2]).unwrap()[..4], [true, false, false, true]);
        assert_eq!(store.kept_values(ids[1]).unwrap().len(), 500);
        assert!(store.kept_bools(ids[3]).is_err() && store.kept_values(ids[3]).is_err());
    }
}
