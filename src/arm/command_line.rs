//! Arms that are spelled out on the command line instead of named in a suite: `/path/to/lib.so`,
//! `glibc.malloc.arena_max=2:glibc.malloc.tcache_count=0`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::suite::{Allocator, ArmSpec};

/// The arm that `text` spells out; `None` where it can only be the name of one.
pub fn parse(text: &str) -> Option<Result<ArmSpec, String>> {
    if text.starts_with("glibc.") {
        Some(tunables(text))
    } else if text.contains('/') || text.ends_with(".so") || text.contains(".so.") {
        Some(library(text))
    } else {
        None
    }
}

fn library(text: &str) -> Result<ArmSpec, String> {
    let path = PathBuf::from(text);
    let file_name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let stem = file_name.split(".so").next().unwrap_or_default();
    if stem.is_empty() || !file_name.contains(".so") {
        return Err(format!("`{text}` is not the path of a shared library"));
    }
    Ok(ArmSpec {
        name: file_part(stem),
        why: format!("{text} preloaded, from the command line"),
        allocator: Allocator::Library(path),
        tunables: BTreeMap::new(),
        environment: BTreeMap::new(),
        trim_every: None,
        step_pool: None,
    })
}

fn tunables(text: &str) -> Result<ArmSpec, String> {
    let mut tunables = BTreeMap::new();
    for setting in text.split(':') {
        let (name, value) = setting
            .split_once('=')
            .filter(|(name, value)| name.split('.').count() == 3 && !name.ends_with('.') && !value.is_empty())
            .ok_or_else(|| format!("`{setting}` is not a tunable such as `glibc.malloc.arena_max=2`"))?;
        if tunables.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(format!("`{name}` is set twice in `{text}`"));
        }
    }
    Ok(ArmSpec {
        name: name_of(&tunables),
        why: format!("{text}, from the command line"),
        allocator: Allocator::Glibc,
        tunables,
        environment: BTreeMap::new(),
        trim_every: None,
        step_pool: None,
    })
}

/// What an arm of the command line is called that only sets these.
fn name_of(tunables: &BTreeMap<String, String>) -> String {
    let name = tunables.iter().map(|(name, value)| file_part(&format!("{}={value}", short(name)))).collect::<Vec<_>>();
    name.join("+")
}

/// An arm as it was named: one of the command line by its tunables in full.
pub(super) fn spelled(arm: &ArmSpec) -> String {
    if arm.tunables.is_empty() || arm.name != name_of(&arm.tunables) {
        return arm.name.clone();
    }
    arm.tunables.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(":")
}

/// `arena_max` for `glibc.malloc.arena_max`, `rtld_nns` for `glibc.rtld.nns`.
fn short(name: &str) -> String {
    let name = name.trim_start_matches("glibc.");
    name.strip_prefix("malloc.").map_or_else(|| name.replace('.', "_"), str::to_owned)
}

/// `text` with only such characters as are safe inside a case identifier and a file name; dots separate the parts of
/// an identifier.
fn file_part(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || "_-=+".contains(c) { c } else { '_' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_an_arm_named_by_its_stem() {
        let arm = parse("/usr/lib/libtcmalloc_minimal.so.4").unwrap().unwrap();
        assert_eq!(arm.name, "libtcmalloc_minimal");
        assert_eq!(arm.allocator, Allocator::Library("/usr/lib/libtcmalloc_minimal.so.4".into()));
        assert_eq!(parse("./lib my-1.2.so").unwrap().unwrap().name, "lib_my-1_2");
        assert!(parse("/usr/lib/").unwrap().unwrap_err().contains("/usr/lib/"));
    }

    #[test]
    fn tunables_are_an_arm_with_a_name_for_files() {
        let arm = parse("glibc.malloc.tcache_count=0:glibc.malloc.arena_max=2").unwrap().unwrap();
        assert_eq!(arm.name, "arena_max=2+tcache_count=0");
        assert_eq!(spelled(&arm), "glibc.malloc.arena_max=2:glibc.malloc.tcache_count=0");
        assert_eq!(spelled(&ArmSpec { name: "mine".into(), ..arm.clone() }), "mine");
        assert_eq!(arm.tunables["glibc.malloc.tcache_count"], "0");
        assert_eq!(parse("glibc.rtld.nns=0x4").unwrap().unwrap().name, "rtld_nns=0x4");
        for text in ["glibc.malloc.arena_max", "glibc.malloc.=1", "glibc.arena_max=2", "glibc.malloc.arena_max="] {
            assert!(parse(text).unwrap().is_err(), "{text}");
        }
        assert!(parse("glibc.malloc.mxfast=1:glibc.malloc.mxfast=2").unwrap().unwrap_err().contains("twice"));
    }

    #[test]
    fn names_are_left_to_the_catalogue() {
        for name in ["glibc", "jemalloc", "trim-5", "jemalloc-decay", "glibc-quiet"] {
            assert_eq!(parse(name), None, "{name}");
        }
    }
}
