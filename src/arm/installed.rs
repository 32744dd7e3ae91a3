//! Shared libraries of the system: whether a file can be preloaded here, and where tcmalloc is.

use std::env;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What brings tcmalloc.
pub(super) const TCMALLOC_REMEDY: &str =
    "install gperftools (Debian, Ubuntu: apt-get install libtcmalloc-minimal4; Fedora: dnf install gperftools-libs)";

/// File names of gperftools' tcmalloc; the ones without profilers first, since those do nothing but allocate.
const TCMALLOC: [&str; 4] =
    ["libtcmalloc_minimal.so.4", "libtcmalloc_minimal.so", "libtcmalloc.so.4", "libtcmalloc.so"];

/// Where distributions keep libraries, for systems whose linker cache cannot be read.
const DIRECTORIES: [&str; 9] = [
    "/usr/local/lib",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/lib/x86_64-linux-gnu",
    "/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/lib64",
    "/usr/lib",
    "/lib",
];

/// The system's tcmalloc.
pub(super) fn tcmalloc() -> Option<PathBuf> {
    let cache = linker_cache();
    let mut directories: Vec<PathBuf> =
        env::var_os("LD_LIBRARY_PATH").map(|paths| env::split_paths(&paths).collect()).unwrap_or_default();
    directories.retain(|directory| directory.is_absolute());
    directories.extend(DIRECTORIES.iter().map(PathBuf::from));
    TCMALLOC
        .iter()
        .flat_map(|name| {
            let cached = cached_paths(&cache, name).into_iter();
            cached.chain(directories.iter().map(|directory| directory.join(name))).collect::<Vec<_>>()
        })
        .find(|path| check_preloadable(path).is_ok())
}

/// What `ldconfig -p` prints; empty where it does not exist.
fn linker_cache() -> String {
    ["/sbin/ldconfig", "/usr/sbin/ldconfig", "ldconfig"]
        .iter()
        .find_map(|program| Command::new(program).arg("-p").output().ok())
        .map(|output| String::from_utf8_lossy(&output.stdout).into_owned())
        .unwrap_or_default()
}

/// The paths that the output of `ldconfig -p` gives for a library, of all machine types.
fn cached_paths(text: &str, name: &str) -> Vec<PathBuf> {
    text.lines()
        .filter_map(|line| line.trim().strip_prefix(name)?.strip_prefix(" (")?.split_once(" => "))
        .map(|(_, path)| PathBuf::from(path))
        .collect()
}

/// Whether the dynamic linker can preload a file; it only prints a warning where it cannot, and goes on without.
pub(super) fn check_preloadable(path: &Path) -> Result<(), String> {
    let header = elf_header(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let own =
        elf_header(Path::new("/proc/self/exe")).map_err(|error| format!("cannot read /proc/self/exe: {error}"))?;
    if !header.starts_with(b"\x7fELF") {
        return Err(format!("{} is not a shared library", path.display()));
    }
    // Class (32 or 64 bits) and byte order, type (3 is a shared object), machine.
    if header[4..6] != own[4..6] || header[16..18] != 3u16.to_ne_bytes() || header[18..20] != own[18..20] {
        return Err(format!("{} is not a shared library for this machine", path.display()));
    }
    Ok(())
}

fn elf_header(path: &Path) -> std::io::Result<[u8; 20]> {
    let mut header = [0; 20];
    File::open(path)?.read_exact(&mut header)?;
    Ok(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_linker_cache_is_read() {
        let text = "\
123 libs found in cache `/etc/ld.so.cache'
\tlibtcmalloc_minimal_debug.so.4 (libc6,x86-64) => /usr/lib/x86_64-linux-gnu/libtcmalloc_minimal_debug.so.4
\tlibtcmalloc_minimal.so.4 (libc6,x86-64) => /usr/lib/x86_64-linux-gnu/libtcmalloc_minimal.so.4
\tlibtcmalloc_minimal.so.4 (libc6,AArch64) => /usr/lib/aarch64-linux-gnu/libtcmalloc_minimal.so.4
";
        let paths = cached_paths(text, "libtcmalloc_minimal.so.4");
        assert_eq!(paths.len(), 2);
        assert_eq!(paths[0], Path::new("/usr/lib/x86_64-linux-gnu/libtcmalloc_minimal.so.4"));
        assert!(cached_paths(text, "libtcmalloc.so.4").is_empty());
    }

    #[test]
    fn only_shared_libraries_of_this_machine_can_be_preloaded() {
        let directory = tempfile::tempdir().unwrap();
        let text = directory.path().join("text.so");
        std::fs::write(&text, "INPUT ( /usr/lib/libtcmalloc.so.4 )").unwrap();
        assert!(check_preloadable(&text).unwrap_err().ends_with("is not a shared library"));

        let mut foreign = elf_header(Path::new("/proc/self/exe")).unwrap();
        foreign[18] ^= 0xff;
        let path = directory.path().join("foreign.so");
        std::fs::write(&path, foreign).unwrap();
        assert!(check_preloadable(&path).unwrap_err().contains("for this machine"));
        assert!(check_preloadable(Path::new("/no/such.so")).unwrap_err().contains("/no/such.so"));
    }
}
