//! The child's proof: which object owns `malloc`, and what settings it took.

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::dynamic_linker;
use super::environment::{ExpectedOwner, requested_tunables};
use super::tunables::is_same_value;
use super::{glibc, jemalloc, mimalloc, step_pool, symbols, tcmalloc};
use crate::suite::{Allocator, ArmSpec, StepPoolSettings};

/// An allocator as it can be recognised in a running process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AllocatorName {
    /// The C library's.
    Glibc,
    /// jemalloc with unprefixed names.
    Jemalloc,
    /// mimalloc.
    Mimalloc,
    /// gperftools' tcmalloc.
    Tcmalloc,
    /// Anything else.
    Other,
}

impl fmt::Display for AllocatorName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            AllocatorName::Glibc => "glibc",
            AllocatorName::Jemalloc => "jemalloc",
            AllocatorName::Mimalloc => "mimalloc",
            AllocatorName::Tcmalloc => "tcmalloc",
            AllocatorName::Other => "other",
        })
    }
}

/// What is in force in this process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InForce {
    /// The allocator that owns `malloc`.
    pub allocator: AllocatorName,
    /// The object that owns `malloc`.
    pub object: PathBuf,
    /// The object that owns `free`: a library that replaces only one of the two is no allocator.
    pub free_object: PathBuf,
    /// Version of the allocator, where it tells.
    pub version: Option<String>,
    /// Version of glibc, whichever allocator is in force.
    pub glibc: Option<String>,
    /// All `glibc.malloc.*` tunables as glibc parses them in this process' environment; empty where glibc cannot be
    /// asked.
    pub tunables: BTreeMap<String, String>,
    /// jemalloc's options in force; empty under other allocators.
    pub options: BTreeMap<String, String>,
    /// Whether freed chunks wait in glibc's thread cache, found by trying; `None` where it cannot be tried. Of another process
    /// there are its settings only, which can say no.
    pub tcache: Option<bool>,
    /// The step pool that the program's large allocations really come by; absent where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_pool: Option<StepPoolSettings>,
}

/// Finds out what is in force. Runs `ld.so` once, so it belongs to the start of a process, before anything is measured.
pub fn in_force() -> InForce {
    let allocator = recognise();
    let owner = |name| symbols::owner_of(name).unwrap_or_default();
    let tunables = dynamic_linker::own_tunables().unwrap_or_default();
    InForce {
        allocator,
        object: owner(c"malloc"),
        free_object: owner(c"free"),
        version: match allocator {
            AllocatorName::Glibc => glibc::version(),
            AllocatorName::Jemalloc => jemalloc::version(),
            AllocatorName::Mimalloc => mimalloc::version(),
            AllocatorName::Tcmalloc => tcmalloc::version(),
            AllocatorName::Other => None,
        },
        glibc: glibc::version(),
        tunables: tunables
            .into_iter()
            .filter(|tunable| tunable.name.starts_with("glibc.malloc."))
            .map(|tunable| (tunable.name, tunable.value))
            .collect(),
        options: if allocator == AllocatorName::Jemalloc { jemalloc::options() } else { BTreeMap::new() },
        tcache: (allocator == AllocatorName::Glibc)
            .then(glibc::Statistics::find)
            .flatten()
            .map(glibc::Statistics::has_tcache),
        step_pool: step_pool::PROCESS.in_force(),
    }
}

/// The function by which each allocator is recognised in the object that owns `malloc`, since file names tell nothing.
pub(super) const MARKS: [(&CStr, AllocatorName); 4] = [
    (c"mallctl", AllocatorName::Jemalloc),
    (c"mi_version", AllocatorName::Mimalloc),
    (c"MallocExtension_GetNumericProperty", AllocatorName::Tcmalloc),
    (c"gnu_get_libc_version", AllocatorName::Glibc),
];

/// Recognises the owner of `malloc`.
pub(super) fn recognise() -> AllocatorName {
    let found = MARKS.into_iter().find(|(symbol, _)| symbols::have_one_owner(c"malloc", symbol));
    found.map_or(AllocatorName::Other, |(_, name)| name)
}

/// Name and version, as a row tells them.
impl fmt::Display for InForce {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.version {
            Some(version) => write!(formatter, "{} {version}", self.allocator),
            None => write!(formatter, "{}", self.allocator),
        }
    }
}

impl InForce {
    /// Whether this is what the arm asked for; says what differs where it is not.
    pub fn matches(&self, expected: &ExpectedOwner, arm: &ArmSpec) -> Result<(), String> {
        self.check_owner(expected)?;
        self.check_allocator(&arm.allocator)?;
        self.check_tunables(arm)?;
        self.check_options(arm)?;
        self.check_step_pool(arm)
    }

    fn check_owner(&self, expected: &ExpectedOwner) -> Result<(), String> {
        let (object, free) = (self.object.display(), self.free_object.display());
        match expected {
            ExpectedOwner::File(path) if !is_same_file(path, &self.object) => {
                Err(format!("malloc is owned by {object}, not by {}", path.display()))
            }
            ExpectedOwner::CLibrary if self.allocator != AllocatorName::Glibc => {
                Err(format!("malloc is owned by {object} ({}), not by glibc", self.allocator))
            }
            _ if self.object != self.free_object => Err(format!("malloc is owned by {object}, but free by {free}")),
            _ => Ok(()),
        }
    }

    fn check_allocator(&self, requested: &Allocator) -> Result<(), String> {
        let requested = match requested {
            Allocator::Glibc => AllocatorName::Glibc,
            Allocator::Jemalloc => AllocatorName::Jemalloc,
            Allocator::Mimalloc => AllocatorName::Mimalloc,
            Allocator::Tcmalloc => AllocatorName::Tcmalloc,
            Allocator::Library(_) => return Ok(()),
        };
        if self.allocator == requested {
            return Ok(());
        }
        Err(format!("{} is {}, not {requested}", self.object.display(), self.allocator))
    }

    fn check_tunables(&self, arm: &ArmSpec) -> Result<(), String> {
        for (name, value) in requested_tunables(arm) {
            match self.tunables.get(name) {
                Some(taken) if !is_same_value(taken, value) => {
                    return Err(format!("`{name}={value}` is not in force: glibc reads {taken}"));
                }
                _ => {}
            }
            let turns_tcache_off = name == "glibc.malloc.tcache_count" && is_same_value(value, "0");
            if turns_tcache_off && self.tcache == Some(true) {
                return Err(format!("`{name}={value}` is not in force: freed chunks still wait in a thread cache"));
            }
        }
        Ok(())
    }

    fn check_options(&self, arm: &ArmSpec) -> Result<(), String> {
        let conf = arm.environment.get("MALLOC_CONF").map(String::as_str).unwrap_or_default();
        // The last one wins.
        let requested: BTreeMap<_, _> = conf.split(',').filter_map(|pair| pair.split_once(':')).collect();
        for (name, value) in requested {
            match self.options.get(name) {
                Some(taken) if !is_same_value(taken, value) => {
                    return Err(format!("`{name}:{value}` is not in force: jemalloc has {taken}"));
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn check_step_pool(&self, arm: &ArmSpec) -> Result<(), String> {
        let requested = step_pool::asked_for(arm.step_pool, |name| arm.environment.get(name).cloned());
        match (requested.map_err(|error| error.to_string())?, self.step_pool) {
            (requested, taken) if requested == taken => Ok(()),
            (Some(_), None) => Err("the step pool is not in force: allocations do not come by it".to_owned()),
            (Some(requested), Some(taken)) => {
                Err(format!("the step pool has the settings {taken:?}, not {requested:?}"))
            }
            (None, _) => Err("a step pool is in force that the arm does not ask for".to_owned()),
        }
    }
}

pub(super) fn is_same_file(one: &Path, other: &Path) -> bool {
    match (fs::metadata(one), fs::metadata(other)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => one == other,
    }
}
