//! What tests of engines share that are loaded at run time.

use std::path::{Path, PathBuf};

use crate::runtime::{Output, locate};
use crate::suite::{Engine, RuntimeSpec};

/// The library of `engine`; where it is not here, the reason and what brings it are printed.
pub(in crate::runtime) fn library(engine: Engine) -> Option<PathBuf> {
    match locate(engine, None) {
        Some(Ok(located)) => Some(located.path),
        Some(Err(absence)) => {
            eprintln!("skipped: {}; {}", absence.reason, absence.remedy);
            None
        }
        None => panic!("{engine:?} is inside the binary"),
    }
}

/// Whether the library of `engine` is here; where it is not, that is printed.
pub(in crate::runtime) fn available(engine: Engine) -> bool {
    library(engine).is_some()
}

/// An engine that is loaded at run time, with these options.
pub(in crate::runtime) fn by_dlopen(engine: Engine, options: &[(&str, &str)]) -> RuntimeSpec {
    let options = options.iter().map(|(name, value)| (String::from(*name), String::from(*value))).collect();
    RuntimeSpec { options, ..RuntimeSpec::as_it_comes("test", engine) }
}

/// Engines sum floats in orders of their own.
pub(in crate::runtime) fn assert_close(outputs: &[Output], expected: &[Output]) {
    assert_eq!(outputs.len(), expected.len());
    for (output, expected) in outputs.iter().zip(expected) {
        assert_eq!(output.shape, expected.shape);
        assert_eq!(output.values.len(), expected.values.len());
        for (index, (value, expected)) in output.values.iter().zip(&expected.values).enumerate() {
            assert!((value - expected).abs() <= 1e-4 + 1e-3 * expected.abs(), "{index}: {value} instead of {expected}");
        }
    }
}

/// A model of the repository.
pub(in crate::runtime) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("suites/models").join(name)
}

/// A library that is no runtime: the C library of this process.
pub(in crate::runtime) fn c_library() -> PathBuf {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let paths = maps.lines().filter_map(|line| line.split_whitespace().nth(5));
    paths.map(PathBuf::from).find(|path| path.ends_with("libc.so.6")).unwrap()
}

/// Bytes by which `work`, done so often, lets the live bytes of glibc grow once it has been done a few times: the least of
/// five rounds, since tests beside this one allocate too. Freed blocks that thread caches keep count as live.
#[expect(unsafe_code, reason = "glibc counts its live bytes")]
pub(in crate::runtime) fn growth(times: usize, mut work: impl FnMut()) -> i64 {
    let live = || {
        // SAFETY: the call reads counters.
        let counts = unsafe { libc::mallinfo2() };
        (counts.uordblks + counts.hblkhd) as i64
    };
    (0..times).for_each(|_| work());
    let mut rounds = (0..5).map(|_| {
        let before = live();
        (0..times).for_each(|_| work());
        live() - before
    });
    rounds.by_ref().min().unwrap_or(0)
}
