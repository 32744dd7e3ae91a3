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
pub(crate) fn available(engine: Engine) -> bool {
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
