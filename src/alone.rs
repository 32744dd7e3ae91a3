//! Tests of what a whole process has or leaves behind, which need a process of their own: such a test is `#[ignore]`d, and a
//! test that is not runs it through [`passes_alone`].

use std::path::Path;
use std::process::Command;

use crate::arm::{LiveCounter, LiveKind, in_force};

/// Rounds after which engines and the C library have what they keep for good.
const WARM_UP: usize = 10;

/// Rounds between two counts.
const ROUNDS: i64 = 10;

/// Times that so many rounds are done: what comes and goes does not grow in all of them, a leak does.
const TIMES: usize = 4;

/// A process for the ignored test `test` of `module` (as `module_path!` tells it). Blocks that are freed there do not wait in
/// caches of threads, where they would count as live.
pub(crate) fn alone(module: &str, test: &str) -> Command {
    let (_, within_the_crate) = module.split_once("::").unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0").args([
        "--exact",
        &format!("{within_the_crate}::{test}"),
        "--ignored",
        "--nocapture",
        "--test-threads=1",
    ]);
    command
}

/// Runs that process, and sees to it that the test was there and passed.
pub(crate) fn passes_alone(command: &mut Command) {
    let output = command.output().unwrap();
    let (told, complaints) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && told.contains("1 passed"), "{told}{complaints}");
}

/// Does `round` until nothing should grow any more, and then sees to it that neither live bytes, descriptors, threads nor
/// mappings do, in each of several counts.
pub(crate) fn assert_flat(what: &str, mut round: impl FnMut()) {
    let counter = LiveCounter::detect(&in_force());
    if counter.kind() != Some(LiveKind::Exact) {
        return eprintln!("skipped: live bytes are not exact here");
    }
    let counts = || {
        let live = i64::try_from(counter.read().live.unwrap()).unwrap();
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap().lines().count();
        [live, entries("fd"), entries("task"), i64::try_from(maps).unwrap()]
    };
    (0..WARM_UP).for_each(|_| round());
    let mut least = [i64::MAX; 4];
    for _ in 0..TIMES {
        let before = counts();
        (0..ROUNDS).for_each(|_| round());
        let after = counts();
        for (least, (after, before)) in least.iter_mut().zip(after.iter().zip(before)) {
            *least = (*least).min(after - before);
        }
    }
    // No block is smaller than 16 bytes.
    let allowed = [16 * ROUNDS, ROUNDS, ROUNDS, ROUNDS];
    let flat = least.iter().zip(allowed).all(|(least, allowed)| *least < allowed);
    assert!(flat, "{what}: bytes, descriptors, threads and mappings grow by {least:?} in {ROUNDS} rounds");
}

/// Entries of a folder of `/proc/self`.
fn entries(folder: &str) -> i64 {
    i64::try_from(std::fs::read_dir(Path::new("/proc/self").join(folder)).unwrap().count()).unwrap()
}

#[test]
fn what_is_left_behind_is_found() {
    for test in ["a_block", "a_descriptor", "a_mapping", "a_thread"] {
        passes_alone(&mut alone(module_path!(), test));
    }
}

#[test]
#[ignore = "`what_is_left_behind_is_found` runs it in a process of its own"]
#[should_panic(expected = "a block: bytes")]
fn a_block() {
    assert_flat("a block", || std::mem::forget(std::hint::black_box(Box::new(1_u64))));
}

#[test]
#[ignore = "`what_is_left_behind_is_found` runs it in a process of its own"]
#[should_panic(expected = "a descriptor: bytes")]
fn a_descriptor() {
    assert_flat("a descriptor", || std::mem::forget(std::fs::File::open("/dev/null").unwrap()));
}

#[test]
#[ignore = "`what_is_left_behind_is_found` runs it in a process of its own"]
#[should_panic(expected = "a mapping: bytes")]
fn a_mapping() {
    // Neighbours of one file at the same offset are not joined to one mapping.
    let file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
    #[expect(unsafe_code, reason = "a file is mapped")]
    assert_flat("a mapping", || {
        // SAFETY: nothing is read.
        std::mem::forget(unsafe { memmap2::MmapOptions::new().len(1).map(&file) }.unwrap());
    });
}

#[test]
#[ignore = "`what_is_left_behind_is_found` runs it in a process of its own"]
#[should_panic(expected = "a thread: bytes")]
fn a_thread() {
    assert_flat("a thread", || drop(std::thread::spawn(|| std::thread::sleep(std::time::Duration::from_secs(86_400)))));
}
