//! Where a program lies that does its work by itself.

use std::env;
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::library::{Absence, runtimes_folder};
use crate::suite::ProgramSpec;

/// What a command begins with that is in the Python environment of the runtimes.
const RUNTIMES: &str = "{runtimes}/";

/// What to do about a file that is none, or cannot be started.
const EXECUTABLE: &str = "give the path of a file that can be executed, or the program that runs it";

/// The file of a program: as a shell finds it, from the folder that it is started in, or where it lies in the Python
/// environment that `scripts/fetch-runtimes` makes (`{runtimes}/bin/python3`).
///
/// # Errors
/// If there is no such file that can be executed.
pub fn find_program(program: &ProgramSpec) -> Result<PathBuf, Absence> {
    let name = program.command.first().map_or("", String::as_str);
    if let Some(rest) = name.strip_prefix(RUNTIMES) {
        let path = runtimes_folder().join(rest);
        return if is_executable(&path) {
            Ok(std::path::absolute(&path).unwrap_or(path))
        } else {
            let reason = format!("the runtimes are not here: there is no program {}", path.display());
            Err(Absence { reason, remedy: "run scripts/fetch-runtimes".to_owned() })
        };
    }
    let paths = env::var_os("PATH").unwrap_or_default();
    let places: Vec<PathBuf> = match name.contains('/') {
        true => vec![program.folder.clone()],
        false => env::split_paths(&paths).collect(),
    };
    let found = places.iter().map(|place| place.join(name)).find(|path| is_executable(path));
    let wanted = found.clone().or_else(|| name.contains('/').then(|| program.folder.join(name)));
    if let Some(reason) = wanted.and_then(|file| obstacle(&file)) {
        return Err(Absence { reason, remedy: EXECUTABLE.to_owned() });
    }
    found.and_then(|path| std::path::absolute(path).ok()).ok_or_else(|| match name.contains('/') {
        true => Absence {
            reason: format!("there is no program {}", program.folder.join(name).display()),
            remedy: EXECUTABLE.to_owned(),
        },
        false => Absence {
            reason: format!("there is no program `{name}` in PATH"),
            remedy: "install it, or give its path (with a `/` in it)".to_owned(),
        },
    })
}

/// Why a file that is there cannot be started as a program; `None` where nothing speaks against it, or there is none.
pub fn obstacle(file: &Path) -> Option<String> {
    let found = file.metadata().ok()?;
    let name = file.display();
    if found.is_dir() {
        return Some(format!("`{name}` is a folder"));
    }
    if !is_executable(file) {
        return Some(format!("`{name}` may not be executed"));
    }
    let interpreter = missing_interpreter(file)?;
    Some(format!("`{name}` is a script for `{interpreter}`, which is not there"))
}

/// What a script names in its first line, also behind `env`, if that is not there.
fn missing_interpreter(file: &Path) -> Option<String> {
    let mut start = Vec::new();
    // Linux reads as much of the line.
    File::open(file).ok()?.take(256).read_to_end(&mut start).ok()?;
    let line = start.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let line = String::from_utf8_lossy(line);
    let mut words = line.split_whitespace();
    let interpreter = words.next()?;
    if !Path::new(interpreter).exists() {
        return Some(interpreter.to_owned());
    }
    let name = words.next().filter(|_| interpreter.ends_with("/env"))?;
    let is_plain = !name.starts_with('-') && !name.contains(['/', '=']);
    let paths = env::var_os("PATH").unwrap_or_default();
    let is_absent = is_plain && !env::split_paths(&paths).any(|place| is_executable(&place.join(name)));
    is_absent.then(|| name.to_owned())
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_of_the_runtimes_is_told_with_what_brings_it() {
        let command = vec!["{runtimes}/bin/no-such-program".to_owned()];
        let absence = find_program(&ProgramSpec { command, ..ProgramSpec::default() }).unwrap_err();
        assert!(absence.reason.ends_with("/bin/no-such-program"), "{}", absence.reason);
        assert_eq!(absence.remedy, "run scripts/fetch-runtimes");
    }

    #[test]
    fn a_program_is_found_where_a_shell_finds_it() {
        let folder = tempfile::tempdir().unwrap();
        let program = |name: &str| {
            find_program(&ProgramSpec {
                command: vec![name.to_owned()],
                folder: folder.path().to_owned(),
                ..ProgramSpec::default()
            })
        };
        assert!(program("sh").unwrap().ends_with("sh"));
        std::fs::write(folder.path().join("service"), "#!/bin/sh\n").unwrap();
        assert!(program("./service").unwrap_err().reason.ends_with("./service` may not be executed"));
        std::fs::set_permissions(folder.path().join("service"), PermissionsExt::from_mode(0o755)).unwrap();
        assert!(program("./service").unwrap().is_absolute());
        let name = "no-such-service";
        std::fs::copy(folder.path().join("service"), folder.path().join(name)).unwrap();
        let reason = program(name).unwrap_err().reason;
        assert_eq!(reason, "there is no program `no-such-service` in PATH", "only a path leads to the folder");
        assert!(program("/bin").unwrap_err().reason == "`/bin` is a folder");
        assert!(program("/nowhere/x").unwrap_err().remedy.contains("can be executed"));
    }

    /// Planted: scripts whose interpreter is not there, by its path and behind `env`.
    #[test]
    fn a_script_is_told_by_the_interpreter_that_is_missing() {
        let folder = tempfile::tempdir().unwrap();
        let told = |first: &str| {
            let path = folder.path().join("script");
            std::fs::write(&path, format!("{first}\n")).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
            obstacle(&path)
        };
        for (first, name) in [
            ("#!/opt/nowhere/python3 -u", "/opt/nowhere/python3"),
            ("#! /usr/bin/env no-such-python", "no-such-python"),
        ] {
            let reason = told(first).unwrap();
            assert!(reason.ends_with(&format!("is a script for `{name}`, which is not there")), "{reason}");
        }
        for first in ["#!/bin/sh", "#!/usr/bin/env sh", "#!/usr/bin/env -S no-such -x", "\u{7f}ELF", ""] {
            assert_eq!(told(first), None, "{first}");
        }
        assert_eq!(obstacle(&folder.path().join("nowhere")), None);
    }
}
