//! An arm as the environment of a child process, checked as far as the parent can.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

use super::command_line::spelled;
use super::dynamic_linker;
use super::embedded::{self, Embedded};
use super::error::ArmError;
use super::installed;
use super::settings;
use super::tunables;
use crate::suite::{Allocator, ArmSpec};

/// What makes the allocators that come with the binary available.
const CACHE_REMEDY: &str =
    "set HIGHWATER_CACHE to a folder that can be written and has no blank, colon or `$` in its path";

/// What a child's environment must be for an arm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChildEnvironment {
    /// Variables to set, after those in `removed` are gone.
    pub variables: Vec<(String, OsString)>,
    /// Variables of this process that would make the child another arm, among them such as `variables` sets anew.
    pub removed: Vec<String>,
    /// The object that must own `malloc` in the child.
    pub expected: ExpectedOwner,
    /// Why the tunables could not be checked; `None` where they were, or where there are none.
    pub unverified: Option<String>,
}

/// The object that must own `malloc`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExpectedOwner {
    /// The C library.
    CLibrary,
    /// This file, or another name of it.
    File(PathBuf),
}

impl ChildEnvironment {
    /// Makes `command` run under the arm.
    pub fn apply(&self, command: &mut Command) {
        for name in &self.removed {
            command.env_remove(name);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
    }
}

/// Makes the environment of an arm. Embedded allocators are written to `cache`.
pub fn prepare(arm: &ArmSpec, cache: &Path) -> Result<ChildEnvironment, ArmError> {
    let invalid = |reason| ArmError::Invalid { arm: spelled(arm), reason };
    check_settings(arm).map_err(invalid)?;
    let library = library(arm, cache)?;
    let variables = variables(arm, library.as_deref());
    let unverified = check_tunables(arm, &variables).map_err(invalid)?;
    check_malloc_conf(arm, &variables).map_err(invalid)?;
    let expected = library.map_or(ExpectedOwner::CLibrary, ExpectedOwner::File);
    Ok(ChildEnvironment { variables, removed: settings::inherited(), expected, unverified })
}

/// The name by which an allocator is known in settings and messages; `None` for a library that may read any setting.
fn known_name(allocator: &Allocator) -> Option<&'static str> {
    match allocator {
        Allocator::Glibc => Some("glibc"),
        Allocator::Jemalloc => Some("jemalloc"),
        Allocator::Mimalloc => Some("mimalloc"),
        Allocator::Tcmalloc => Some("tcmalloc"),
        Allocator::Library(_) => None,
    }
}

/// Refuses settings that the arm's allocator does not read: it would run, and be another arm than its name says.
fn check_settings(arm: &ArmSpec) -> Result<(), String> {
    let Some(allocator) = known_name(&arm.allocator) else { return check_variables(arm) };
    if allocator != "glibc" {
        if let Some(name) = arm.tunables.keys().find(|name| name.starts_with("glibc.malloc.")) {
            return Err(format!("{allocator} does not read `{name}`"));
        }
        if arm.trim_every.is_some() {
            return Err(format!("{allocator} has no malloc_trim, so `trim_every` does nothing"));
        }
    }
    if arm.trim_every == Some(0) {
        return Err("`trim_every` counts iterations from 1".to_owned());
    }
    check_variables(arm)?;
    for name in arm.environment.keys() {
        match reader_of(name) {
            Some(reader) if reader != allocator => return Err(format!("{allocator} does not read `{name}`")),
            None if name.starts_with("MALLOC_") => return Err(unknown_variable(name)),
            _ => {}
        }
    }
    Ok(())
}

/// Refuses what would break the variables that are made here.
fn check_variables(arm: &ArmSpec) -> Result<(), String> {
    for (name, instead) in [("GLIBC_TUNABLES", "tunables"), ("LD_PRELOAD", "allocator")] {
        if arm.environment.contains_key(name) {
            return Err(format!("`{name}` cannot be set directly; use `{instead}`"));
        }
    }
    for (name, value) in &arm.tunables {
        if value.is_empty() || [name, value].iter().any(|text| text.contains([':', '=', '\0'])) {
            return Err(format!("`{name}={value}` cannot be written in GLIBC_TUNABLES"));
        }
    }
    let unwritable =
        |(name, value): &(&String, &String)| name.is_empty() || name.contains(['=', '\0']) || value.contains('\0');
    match arm.environment.iter().find(unwritable) {
        Some((name, _)) => Err(format!("`{name}` is not the name of an environment variable")),
        None => Ok(()),
    }
}

/// The one allocator that reads an environment variable.
fn reader_of(variable: &str) -> Option<&'static str> {
    match variable {
        "MALLOC_CONF" => Some("jemalloc"),
        _ if settings::tunable_of(variable).is_some() => Some("glibc"),
        _ if variable.starts_with("MIMALLOC_") => Some("mimalloc"),
        _ if variable.starts_with("TCMALLOC_") => Some("tcmalloc"),
        _ => None,
    }
}

fn unknown_variable(name: &str) -> String {
    let nearest =
        settings::aliases().max_by(|one, other| strsim::jaro(name, one).total_cmp(&strsim::jaro(name, other)));
    format!("glibc does not read `{name}`; did you mean `{}`?", nearest.unwrap_or("MALLOC_ARENA_MAX"))
}

/// The library that the arm preloads.
fn library(arm: &ArmSpec, cache: &Path) -> Result<Option<PathBuf>, ArmError> {
    let unavailable = |reason: String, remedy: &str| ArmError::Unavailable {
        arm: arm.name.clone(),
        reason,
        remedy: remedy.to_owned(),
    };
    let invalid = |reason| ArmError::Invalid { arm: arm.name.clone(), reason };
    let from_cache = |library: &Embedded| {
        let path = library.file_in(cache).and_then(|path| check_separators(&path).map(|()| path));
        path.map(Some).map_err(|reason| unavailable(reason, CACHE_REMEDY))
    };
    match &arm.allocator {
        Allocator::Glibc => Ok(None),
        Allocator::Jemalloc => from_cache(&embedded::JEMALLOC),
        Allocator::Mimalloc => from_cache(&embedded::MIMALLOC),
        Allocator::Tcmalloc => match installed::tcmalloc() {
            Some(path) => check_separators(&path).map(|()| Some(path)).map_err(invalid),
            None => Err(unavailable("tcmalloc is not on this machine".to_owned(), installed::TCMALLOC_REMEDY)),
        },
        Allocator::Library(path) => {
            let remedy = "give the path of a shared library that exists";
            installed::check_preloadable(path).map_err(|reason| unavailable(reason, remedy))?;
            let absolute = path.canonicalize().map_err(|error| unavailable(error.to_string(), remedy))?;
            check_separators(&absolute).map_err(invalid)?;
            Ok(Some(absolute))
        }
    }
}

/// `LD_PRELOAD` is a list separated by spaces and colons, without a way to quote them.
fn check_separators(path: &Path) -> Result<(), String> {
    match path.to_str() {
        Some(text) if !text.contains([' ', ':', '\t', '\n', '$']) => Ok(()),
        _ => Err(format!("{} cannot be preloaded: the path contains a space, a colon or `$`", path.display())),
    }
}

fn variables(arm: &ArmSpec, library: Option<&Path>) -> Vec<(String, OsString)> {
    let mut variables: Vec<(String, OsString)> = Vec::new();
    if !arm.tunables.is_empty() {
        let tunables = arm.tunables.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>();
        variables.push(("GLIBC_TUNABLES".to_owned(), tunables.join(":").into()));
    }
    if let Some(path) = library {
        variables.push(("LD_PRELOAD".to_owned(), path.into()));
        // oneTBB's malloc proxy aborts under a preloaded allocator unless it believes that a sanitizer is there.
        if !arm.environment.contains_key("TBB_ENABLE_SANITIZERS") {
            variables.push(("TBB_ENABLE_SANITIZERS".to_owned(), "1".into()));
        }
    }
    variables.extend(arm.environment.iter().map(|(name, value)| (name.clone(), value.into())));
    variables
}

/// Asks glibc whether it knows the arm's tunables and takes their values; says why where it cannot be asked.
fn check_tunables(arm: &ArmSpec, variables: &[(String, OsString)]) -> Result<Option<String>, String> {
    let requested = requested_tunables(arm);
    if requested.is_empty() {
        return Ok(None);
    }
    let known = match dynamic_linker::tunables_under(&[]) {
        Ok(known) => known,
        Err(reason) => return Ok(Some(format!("tunables are not verified: {reason}"))),
    };
    for (name, value) in &requested {
        tunables::check(name, value, &known)?;
    }
    // The preloaded library is irrelevant to tunables, and the dynamic linker alone does not load it.
    let taken = dynamic_linker::tunables_under(variables)?;
    requested.iter().try_for_each(|(name, value)| tunables::check_taken(name, value, &taken))?;
    Ok(None)
}

/// The tunables that an arm sets, directly or by an old name, each with its value.
pub(super) fn requested_tunables(arm: &ArmSpec) -> Vec<(&str, &str)> {
    let direct = arm.tunables.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let old = arm
        .environment
        .iter()
        .filter_map(|(variable, value)| Some((settings::tunable_of(variable)?, value.as_str())))
        // GLIBC_TUNABLES wins over an old name.
        .filter(|(name, _)| !arm.tunables.contains_key(*name));
    direct.chain(old).collect()
}

/// jemalloc only prints a warning about what it does not understand in `MALLOC_CONF`. With `abort_conf` it aborts, so a
/// program that does nothing tells whether the text is good; where there is none, the child's own report must do.
fn check_malloc_conf(arm: &ArmSpec, variables: &[(String, OsString)]) -> Result<(), String> {
    let Some(conf) = arm.environment.get("MALLOC_CONF") else { return Ok(()) };
    let Some(program) = ["/bin/true", "/usr/bin/true"].iter().find(|path| Path::new(path).exists()) else {
        return Ok(());
    };
    let mut command = Command::new(program);
    command.env_clear().envs(env::var_os("LD_LIBRARY_PATH").map(|paths| ("LD_LIBRARY_PATH", paths)));
    command.envs(variables.iter().map(|(name, value)| (name, value)));
    command.env("MALLOC_CONF", format!("abort_conf:true,{conf}")).stdin(Stdio::null());
    match command.output() {
        Ok(output) if !output.status.success() => {
            let message = String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or("no message").to_owned();
            Err(format!("`MALLOC_CONF={conf}` is refused: {message}"))
        }
        _ => Ok(()),
    }
}
