//! Files and tensors beyond the numbers of 31 and 32 bits; sparse, so that they take no room.

use super::*;

/// A sparse file of `length` bytes with `values` at these offsets.
fn sparse(planted: &Planted, length: u64, values: &[(u64, &[u8])]) {
    let file = File::create(planted.data()).unwrap();
    file.set_len(length).unwrap();
    for (offset, bytes) in values {
        file.write_all_at(bytes, *offset).unwrap();
    }
}

#[test]
fn places_beyond_two_and_four_gibibytes_are_found() {
    let values = bytes(4096);
    let (two, four) = (1 << 31, 1 << 32);
    let planted = Planted::new()
        .external("across two", two - 2048..two + 2048)
        .external("beyond four", four + 12..four + 4096 + 12)
        .write_model();
    sparse(&planted, four + (1 << 30), &[(two - 2048, &values), (four + 12, &values)]);
    for strategy in [WeightsStrategy::CopyEager, WeightsStrategy::Map, WeightsStrategy::MapTensor] {
        for release in RELEASES {
            let mut store = planted.load(options(strategy, release, ReleaseWhen::Tensor)).unwrap().store;
            let ids = ["across two", "beyond four"].map(|name| store.find(name).unwrap());
            ids.into_iter().for_each(|weight| store.announce(weight, 1, false).unwrap());
            ids.into_iter()
                .for_each(|weight| assert_eq!(store.take(weight).unwrap().bytes(), values, "{strategy:?} {release:?}"));
            store.finish().unwrap();
        }
        assert_eq!(planted.mappings(), 0);
    }
}

#[test]
fn a_tensor_may_be_larger_than_four_gibibytes() {
    let length = (1 << 32) + 4096;
    let planted = Planted::new().external("weight", 4096..4096 + length).write_model();
    sparse(&planted, 4096 + length, &[(4096, b"first"), (4096 + length - 4, b"last")]);
    for strategy in [WeightsStrategy::Map, WeightsStrategy::MapTensor] {
        let mut store = planted.load(options(strategy, Release::Dontneed, ReleaseWhen::Tensor)).unwrap().store;
        let weight = store.find("weight").unwrap();
        store.announce(weight, 1, false).unwrap();
        let taken = store.take(weight).unwrap();
        assert_eq!((taken.bytes().len() as u64, &taken.bytes()[..5]), (length, &b"first"[..]));
        assert_eq!(taken.bytes().last_chunk(), Some(b"last"));
        drop(taken);
        assert!(store.report().released_bytes >= length);
    }
}

#[test]
fn a_file_that_does_not_fit_into_memory_is_an_error() {
    // 64 TiB: more than there is, and a sparse file of ext4 must be smaller than 16 TiB.
    let planted = Planted::new().external("weight", 0..8).write_model();
    let file = File::create(planted.data()).unwrap();
    if file.set_len(15 << 40).is_err() {
        return;
    }
    let result = planted.load(options(WeightsStrategy::Copy, Release::Keep, ReleaseWhen::End));
    assert!(matches!(result.map(|_| ()), Err(EmbeddedError::OutOfMemory(_))));
}
