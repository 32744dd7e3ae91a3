//! Where a program lies that does its work by itself.

use std::env;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::library::{Absence, runtimes_folder};
use crate::suite::ProgramSpec;

/// What a command begins with that is in the Python environment of the runtimes.
const RUNTIMES: &str = "{runtimes}/";

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
    found.and_then(|path| std::path::absolute(path).ok()).ok_or_else(|| match name.contains('/') {
        true => Absence {
            reason: format!("there is no program {}", program.folder.join(name).display()),
            remedy: "give the path of a file that can be executed".to_owned(),
        },
        false => Absence {
            reason: format!("there is no program `{name}` in PATH"),
            remedy: "install it, or give its path (with a `/` in it)".to_owned(),
        },
    })
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
        assert!(program("./service").unwrap_err().reason.ends_with("./service"), "it is not executable");
        std::fs::set_permissions(folder.path().join("service"), PermissionsExt::from_mode(0o755)).unwrap();
        assert!(program("./service").unwrap().is_absolute());
        let name = "no-such-service";
        std::fs::copy(folder.path().join("service"), folder.path().join(name)).unwrap();
        let reason = program(name).unwrap_err().reason;
        assert_eq!(reason, "there is no program `no-such-service` in PATH", "only a path leads to the folder");
        assert!(program("/bin").is_err() && program("/nowhere/x").unwrap_err().remedy.contains("can be executed"));
    }
}
