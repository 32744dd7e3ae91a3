//! Which environment variables are allocator settings.

use std::env;
use std::ffi::OsStr;

use super::step_pool;

/// Old names of glibc tunables, still read as environment variables (glibc's `elf/dl-tunables.list`). Some end in an
/// underscore, and the name without it does nothing.
const ALIASES: [(&str, &str); 8] = [
    ("MALLOC_CHECK_", "glibc.malloc.check"),
    ("MALLOC_TOP_PAD_", "glibc.malloc.top_pad"),
    ("MALLOC_PERTURB_", "glibc.malloc.perturb"),
    ("MALLOC_MMAP_MAX_", "glibc.malloc.mmap_max"),
    ("MALLOC_MMAP_THRESHOLD_", "glibc.malloc.mmap_threshold"),
    ("MALLOC_TRIM_THRESHOLD_", "glibc.malloc.trim_threshold"),
    ("MALLOC_ARENA_MAX", "glibc.malloc.arena_max"),
    ("MALLOC_ARENA_TEST", "glibc.malloc.arena_test"),
];

/// Variables that preload something, or configure glibc, jemalloc, mimalloc, gperftools or oneTBB's allocator.
const NAMES: [&str; 8] = [
    "GLIBC_TUNABLES",
    "LD_PRELOAD",
    "LD_AUDIT",
    "_RJEM_MALLOC_CONF",
    "HEAPPROFILE",
    "HEAPCHECK",
    "PERFTOOLS_VERBOSE",
    "TBB_ENABLE_SANITIZERS",
];
const PREFIXES: [&str; 5] = ["MALLOC_", "MIMALLOC_", "TCMALLOC_", "HEAP_CHECK_", "TBB_MALLOC_"];

/// The glibc tunable that an environment variable is an old name of.
pub(super) fn tunable_of(variable: &str) -> Option<&'static str> {
    ALIASES.iter().find(|(alias, _)| *alias == variable).map(|(_, tunable)| *tunable)
}

/// The old names of glibc tunables.
pub(super) fn aliases() -> impl Iterator<Item = &'static str> {
    ALIASES.iter().map(|(alias, _)| *alias)
}

/// Whether an environment variable changes the allocator of a process.
pub(super) fn is_setting(variable: &OsStr) -> bool {
    let variable = variable.to_string_lossy();
    NAMES.contains(&&*variable)
        || PREFIXES.iter().any(|prefix| variable.starts_with(prefix))
        || step_pool::is_variable(&variable)
}

/// The allocator settings that this process would hand down to a child.
pub(super) fn inherited() -> Vec<String> {
    env::vars_os()
        .map(|(name, _)| name)
        .filter(|name| is_setting(name))
        .map(|name| name.to_string_lossy().into_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn allocator_settings_are_told_from_other_variables() {
        for setting in ["GLIBC_TUNABLES", "LD_PRELOAD", "MALLOC_CONF", "MALLOC_ARENA_MAX", "START_STATISTIC_STEP"] {
            assert!(is_setting(OsStr::new(setting)), "{setting}");
        }
        for other in ["PATH", "LD_LIBRARY_PATH", "HOME", "HIGHWATER_FD", "RTEN_NUM_THREADS"] {
            assert!(!is_setting(OsStr::new(other)), "{other}");
        }
    }
}
