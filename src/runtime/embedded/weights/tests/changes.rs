//! Files that change while they are in use.

use std::time::{Duration, SystemTime};

use super::*;

/// A model whose files were written a minute ago.
fn planted() -> Planted {
    let planted = Planted::new().external("weight", 0..pages(4)).write(&bytes(pages(4) as usize));
    let minute_ago = SystemTime::now() - Duration::from_secs(60);
    for path in [planted.data(), planted.path()] {
        File::options().write(true).open(path).unwrap().set_modified(minute_ago).unwrap();
    }
    planted
}

/// What is said, and what is done to the files.
type Change = (&'static str, fn(&Planted));

fn changes() -> [Change; 6] {
    [
        ("it had", |planted| File::options().write(true).open(planted.data()).unwrap().set_len(pages(2)).unwrap()),
        ("it was written to", |planted| {
            let file = File::options().write(true).open(planted.data()).unwrap();
            file.write_all_at(b"other", pages(2)).unwrap();
        }),
        ("it was replaced by another file", |planted| {
            let other = planted.folder.path().join("other");
            fs::copy(planted.data(), &other).unwrap();
            fs::rename(other, planted.data()).unwrap();
        }),
        ("it is gone", |planted| fs::remove_file(planted.data()).unwrap()),
        ("its first or last bytes are others", |planted| {
            let file = File::options().write(true).open(planted.data()).unwrap();
            let modified = file.metadata().unwrap().modified().unwrap();
            file.write_all_at(b"other", pages(4) - 5).unwrap();
            file.set_modified(modified).unwrap();
        }),
        ("it had", |planted| {
            File::options().write(true).open(planted.path()).unwrap().set_len(10).unwrap();
        }),
    ]
}

#[test]
fn changes_of_mapped_files_are_told() {
    for strategy in [WeightsStrategy::Map, WeightsStrategy::MapTensor] {
        for (what, change) in changes() {
            let planted = planted();
            let mut store = planted.load(options(strategy, Release::Dontneed, ReleaseWhen::End)).unwrap().store;
            store.check_unchanged().unwrap();
            change(&planted);
            for result in [store.check_unchanged(), store.finish()] {
                let error = result.unwrap_err();
                assert!(matches!(error, EmbeddedError::Changed { .. }));
                let message = error.to_string();
                assert!(
                    message.contains("was changed while the model was in use: ") && message.contains(what),
                    "{message}"
                );
            }
        }
    }
}

#[test]
fn what_is_read_no_more_may_change() {
    let unmapped = options(WeightsStrategy::Map, Release::Unmap, ReleaseWhen::End);
    let copied = [WeightsStrategy::Copy, WeightsStrategy::CopyEager];
    let copied = copied.map(|strategy| options(strategy, Release::Dontneed, ReleaseWhen::End));
    for options in copied.into_iter().chain([unmapped]) {
        for (_, change) in changes() {
            let planted = planted();
            let mut store = planted.load(options).unwrap().store;
            store.finish().unwrap();
            change(&planted);
            store.check_unchanged().unwrap();
            store.finish().unwrap();
        }
    }
}

#[test]
fn short_files_are_compared_whole() {
    let planted = Planted::new().external("weight", 0..4).write(b"1234");
    let mut store = planted.load(options(WeightsStrategy::Map, Release::Keep, ReleaseWhen::End)).unwrap().store;
    let file = File::options().write(true).open(planted.data()).unwrap();
    let modified = file.metadata().unwrap().modified().unwrap();
    file.write_all_at(b"5", 2).unwrap();
    file.set_modified(modified).unwrap();
    assert!(matches!(store.finish(), Err(EmbeddedError::Changed { .. })));
}

#[test]
fn an_execution_concerns_itself_with_files_only_where_it_reads_them() {
    for (strategy, release) in [(WeightsStrategy::Map, Release::Keep), (WeightsStrategy::Map, Release::Dontneed)] {
        for is_kept in [false, true] {
            let mut store = planted().load(options(strategy, release, ReleaseWhen::End)).unwrap().store;
            let weight = store.find("weight").unwrap();
            store.announce(weight, 1, is_kept).unwrap();
            assert_eq!(store.is_read_in_place(), is_kept, "{strategy:?} {release:?}");
        }
    }
    let mut store = planted().load(options(WeightsStrategy::Copy, Release::Keep, ReleaseWhen::End)).unwrap().store;
    let weight = store.find("weight").unwrap();
    store.announce(weight, 1, true).unwrap();
    assert!(!store.is_read_in_place(), "a copy is not in the file");
}
