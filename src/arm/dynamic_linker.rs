//! Runs `ld.so --list-tunables`: the only place where glibc says which tunables it took.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use super::settings;
use super::symbols;
use super::tunables::{self, Tunable};

/// The tunables as glibc parses them in this process' own environment.
pub(super) fn own_tunables() -> Result<Vec<Tunable>, String> {
    list(|_| ())
}

/// The tunables as glibc parses them in an environment without allocator settings but with `variables`.
pub(super) fn tunables_under(variables: &[(String, OsString)]) -> Result<Vec<Tunable>, String> {
    list(|command| {
        for name in settings::inherited() {
            command.env_remove(name);
        }
        command.envs(variables.iter().map(|(name, value)| (name, value)));
    })
}

/// The dynamic linker of this process.
pub(super) fn path() -> Result<PathBuf, String> {
    symbols::dynamic_linker().ok_or_else(|| "this binary has no dynamic linker".to_owned())
}

fn list(environment: impl FnOnce(&mut Command)) -> Result<Vec<Tunable>, String> {
    let path = path()?;
    let mut command = Command::new(&path);
    command.arg("--list-tunables").stdin(Stdio::null());
    environment(&mut command);
    let output = command.output().map_err(|error| format!("cannot run {}: {error}", path.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    interpret(output.status.success(), &text)
        .ok_or_else(|| format!("{} does not know --list-tunables (glibc before 2.33)", path.display()))
}

/// Before glibc 2.33 the option is taken for the name of a program, which does not exist.
fn interpret(success: bool, text: &str) -> Option<Vec<Tunable>> {
    let tunables = tunables::parse_list(text);
    (success && !tunables.is_empty()).then_some(tunables)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dynamic_linker_without_a_list_is_recognised() {
        assert_eq!(interpret(false, ""), None);
        assert_eq!(interpret(true, "usage: ld.so [OPTION]... EXECUTABLE-FILE [ARGS-FOR-PROGRAM...]"), None);
        assert!(interpret(true, "glibc.malloc.arena_max: 0x0 (min: 0x1, max: 0xff)").is_some());
    }
}
