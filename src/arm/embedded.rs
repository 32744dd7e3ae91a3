//! The allocators that come with the binary, written to the cache so that the dynamic linker can preload them.
//!
//! A file is named by the hash of its content, so versions of highwater can share a cache. It is written under another
//! name and renamed: a concurrent reader sees the whole file or none.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};

/// A shared library inside the binary.
pub(super) struct Embedded {
    /// Name of the allocator.
    pub name: &'static str,
    /// Version, from the headers it was built with.
    pub version: &'static str,
    content: &'static [u8],
}

/// jemalloc, from `tikv-jemalloc-sys`.
pub(super) const JEMALLOC: Embedded = Embedded {
    name: "jemalloc",
    version: env!("HIGHWATER_JEMALLOC_VERSION"),
    content: include_bytes!(env!("HIGHWATER_JEMALLOC")),
};

/// mimalloc, from `libmimalloc-sys`.
pub(super) const MIMALLOC: Embedded = Embedded {
    name: "mimalloc",
    version: env!("HIGHWATER_MIMALLOC_VERSION"),
    content: include_bytes!(env!("HIGHWATER_MIMALLOC")),
};

/// Distinguishes the temporary files of threads in one process.
static WRITES: AtomicU64 = AtomicU64::new(0);

impl Embedded {
    /// The library as a file below `cache`, written unless it is there already with the right content.
    ///
    /// # Errors
    /// If it cannot be written there, in words.
    pub(super) fn file_in(&self, cache: &Path) -> Result<PathBuf, String> {
        let directory = cache.join("allocators");
        let path = directory.join(self.file_name());
        let failed = |error: io::Error| format!("cannot write the embedded allocator {}: {error}", path.display());
        if !has_content(&path, self.content) {
            fs::create_dir_all(&directory).map_err(failed)?;
            replace(&path, self.content).map_err(failed)?;
        }
        // The child may run elsewhere, so the path must not depend on the working directory.
        fs::canonicalize(&path).map_err(failed)
    }

    fn file_name(&self) -> String {
        let mut hash = String::new();
        for byte in &Sha256::digest(self.content)[..8] {
            // Writing to a string cannot fail.
            let _ = write!(hash, "{byte:02x}");
        }
        format!("lib{}-{hash}.so", self.name)
    }
}

fn has_content(path: &Path, content: &[u8]) -> bool {
    // A file that cannot be read is a file to replace.
    fs::read(path).is_ok_and(|found| found == content)
}

fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let number = WRITES.fetch_add(1, Ordering::Relaxed);
    let temporary = path.with_extension(format!("{}-{number}.tmp", process::id()));
    let written = fs::write(&temporary, content).and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // The first error is the one to tell.
        let _ = fs::remove_file(&temporary);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_written_once_and_repaired() {
        let cache = tempfile::tempdir().unwrap();
        let path = JEMALLOC.file_in(cache.path()).unwrap();
        let written = fs::metadata(&path).unwrap().modified().unwrap();
        assert_eq!(JEMALLOC.file_in(cache.path()).unwrap(), path);
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), written);

        fs::write(&path, b"cut short").unwrap();
        JEMALLOC.file_in(cache.path()).unwrap();
        assert!(has_content(&path, JEMALLOC.content));
        assert_eq!(fs::read_dir(cache.path().join("allocators")).unwrap().count(), 1, "temporary files are left");
    }

    #[test]
    fn concurrent_writers_do_not_disturb_each_other() {
        let cache = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let path = MIMALLOC.file_in(cache.path()).unwrap();
                    assert!(has_content(&path, MIMALLOC.content));
                });
            }
        });
    }

    #[test]
    fn a_cache_that_cannot_be_written_is_named() {
        let error = JEMALLOC.file_in(Path::new("/proc/no-such-cache")).unwrap_err();
        assert!(error.contains("/proc/no-such-cache/allocators/libjemalloc-"), "{error}");
    }
}
