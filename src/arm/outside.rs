//! The allocator of another process, as far as it shows in `/proc/PID`: which objects are mapped, and with which environment
//! the process began.
//!
//! Inside, a symbol is asked for and the dynamic linker answers. From outside, its rule is followed: the first object that
//! defines `malloc` owns it, and the order is the program, what is preloaded, other libraries, the C library. A library that a
//! program loads later and that defines `malloc` for itself alone cannot be told from one that it is linked with.

use std::collections::BTreeMap;
use std::ffi::{CStr, OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::dynamic_linker;
use super::elf::Symbols;
use super::in_force::{AllocatorName, InForce, MARKS, is_same_file};
use super::{glibc, settings, symbols};

/// An object that is mapped for execution, and what it defines.
struct Object {
    path: PathBuf,
    symbols: Symbols,
}

/// Finds out what is in force in the process `pid`, which waits meanwhile. Versions of allocators other than glibc do not show.
///
/// # Errors
/// If the process cannot be looked at: it has ended, or belongs to another user.
pub fn in_force_in(pid: u32) -> io::Result<InForce> {
    let folder = Path::new("/proc").join(pid.to_string());
    let maps = fs::read(folder.join("maps"))?;
    let program = fs::read_link(folder.join("exe"))?;
    let environment = environment(&fs::read(folder.join("environ"))?);
    let objects = in_order(executable_files(&maps), &program, &preloaded(&environment));
    let owner = |name: &CStr| objects.iter().find(|object| object.symbols.define(name));
    let malloc = owner(c"malloc");
    let mark = |object: &Object| MARKS.iter().find(|(mark, _)| object.symbols.define(mark)).map(|(_, name)| *name);
    let allocator = malloc.and_then(mark).unwrap_or(AllocatorName::Other);
    // A program without a dynamic linker has its allocator inside.
    let path_of = |object: Option<&Object>| object.map_or(&program, |object| &object.path).clone();
    let c_library = objects.iter().find(|object| object.symbols.define(c"gnu_get_libc_version"));
    let is_own = |object: &Object| {
        symbols::owner_of(c"gnu_get_libc_version").is_some_and(|own| is_same_file(&own, &object.path))
    };
    let glibc = c_library.filter(|object| is_own(object)).and_then(|_| glibc::version());
    // Another C library may read the same text in another way.
    let tunables = match glibc {
        Some(_) => dynamic_linker::tunables_under(&environment).unwrap_or_default(),
        None => Vec::new(),
    };
    Ok(InForce {
        allocator,
        object: path_of(malloc),
        free_object: path_of(owner(c"free")),
        version: glibc.clone().filter(|_| allocator == AllocatorName::Glibc),
        glibc,
        tunables: tunables
            .into_iter()
            .filter(|tunable| tunable.name.starts_with("glibc.malloc."))
            .map(|tunable| (tunable.name, tunable.value))
            .collect(),
        options: if allocator == AllocatorName::Jemalloc { options(&environment) } else { BTreeMap::new() },
        tcache: (allocator == AllocatorName::Glibc && has_no_tcache(&environment)).then_some(false),
        step_pool: None,
    })
}

/// The allocator settings among the variables that the process began with.
///
/// glibc before 2.39 parses tunables in place and puts a NUL behind each value, so that one variable looks like several; they
/// are joined again.
fn environment(environ: &[u8]) -> Vec<(String, OsString)> {
    let mut found: Vec<(String, OsString)> = Vec::new();
    let mut inside_tunables = false;
    for pair in environ.split(|byte| *byte == 0) {
        let Some(equals) = pair.iter().position(|byte| *byte == b'=') else { continue };
        let name = OsStr::from_bytes(&pair[..equals]);
        if inside_tunables
            && pair.starts_with(b"glibc.")
            && let Some((_, tunables)) = found.last_mut()
        {
            tunables.push(":");
            tunables.push(OsStr::from_bytes(pair));
            continue;
        }
        inside_tunables = name == "GLIBC_TUNABLES";
        if settings::is_setting(name) {
            found.push((name.to_string_lossy().into_owned(), OsStr::from_bytes(&pair[equals + 1..]).to_owned()));
        }
    }
    found
}

fn variable<'a>(environment: &'a [(String, OsString)], name: &str) -> &'a OsStr {
    let found = environment.iter().find(|(known, _)| known == name);
    found.map_or(OsStr::new(""), |(_, value)| value)
}

/// The libraries that the dynamic linker was told to preload, in this order.
fn preloaded(environment: &[(String, OsString)]) -> Vec<PathBuf> {
    let list = variable(environment, "LD_PRELOAD").as_bytes().split(|byte| matches!(byte, b' ' | b':'));
    list.filter(|path| !path.is_empty()).map(|path| PathBuf::from(OsStr::from_bytes(path))).collect()
}

/// Whether the environment takes glibc's thread cache away.
fn has_no_tcache(environment: &[(String, OsString)]) -> bool {
    let tunables = variable(environment, "GLIBC_TUNABLES").to_string_lossy();
    let mut counts = tunables.split(':').filter_map(|setting| setting.strip_prefix("glibc.malloc.tcache_count="));
    counts.next_back().is_some_and(|count| count == "0")
}

/// jemalloc's options as the process was told them.
fn options(environment: &[(String, OsString)]) -> BTreeMap<String, String> {
    let text = variable(environment, "MALLOC_CONF").to_string_lossy();
    let pairs = text.split(',').filter_map(|pair| pair.split_once(':'));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The files that `maps` shows mapped for execution, each once.
fn executable_files(maps: &[u8]) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = Vec::new();
    for line in maps.split(|byte| *byte == b'\n') {
        let Some(slash) = line.iter().position(|byte| *byte == b'/') else { continue };
        let rights = line.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        let path = PathBuf::from(OsStr::from_bytes(&line[slash..]));
        if rights.get(2) == Some(&b'x') && !files.contains(&path) {
            files.push(path);
        }
    }
    files
}

/// The objects in the order in which the dynamic linker looks for a function. What cannot be read is no object.
fn in_order(files: Vec<PathBuf>, program: &Path, preloaded: &[PathBuf]) -> Vec<Object> {
    let rank = |object: &Object| {
        let preload = preloaded.iter().position(|path| is_same_file(path, &object.path));
        let is_linker = object.path.file_name().is_some_and(|name| name.as_bytes().starts_with(b"ld-"));
        match preload {
            _ if is_same_file(&object.path, program) => 0,
            Some(place) => 1 + place,
            None if is_linker => usize::MAX,
            None if object.symbols.define(c"gnu_get_libc_version") => usize::MAX - 1,
            None => usize::MAX - 2,
        }
    };
    let read = |path: PathBuf| Symbols::of(&path).ok().map(|symbols| Object { path, symbols });
    let mut objects: Vec<Object> = files.into_iter().filter_map(read).collect();
    objects.sort_by_cached_key(rank);
    objects
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command, Stdio};

    use super::*;
    use crate::arm::embedded;

    /// A process that waits until its input is closed.
    fn waiting(variables: &[(&str, &OsStr)]) -> Child {
        let mut command = Command::new("cat");
        settings::inherited().iter().for_each(|name| _ = command.env_remove(name));
        command.envs(variables.iter().copied()).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap()
    }

    /// What is seen of it once it is the program that it is to become, and the dynamic linker is done.
    fn seen(mut child: Child) -> InForce {
        let found = loop {
            let found = in_force_in(child.id()).unwrap();
            let started = fs::read_link(format!("/proc/{}/exe", child.id())).unwrap().ends_with("cat");
            if started && found.allocator != AllocatorName::Other {
                break found;
            }
            assert!(child.try_wait().unwrap().is_none(), "it ended");
            std::thread::yield_now();
        };
        drop(child.stdin.take());
        child.wait().unwrap();
        found
    }

    #[test]
    fn settings_of_glibc_are_seen_from_outside() {
        let found = seen(waiting(&[]));
        assert_eq!((found.allocator, found.tcache), (AllocatorName::Glibc, None), "{found:?}");
        assert_eq!(found.object, found.free_object);
        assert_eq!(found.version, glibc::version());
        let tunables = OsStr::new("glibc.malloc.tcache_count=0:glibc.malloc.arena_max=2");
        let found = seen(waiting(&[("GLIBC_TUNABLES", tunables)]));
        assert_eq!(found.tcache, Some(false));
        assert_eq!(found.tunables.get("glibc.malloc.arena_max").map(String::as_str), Some("0x2"), "{found:?}");
    }

    #[test]
    fn a_preloaded_allocator_is_seen_from_outside() {
        let folder = tempfile::tempdir().unwrap();
        let library = embedded::JEMALLOC.file_in(folder.path()).unwrap();
        let mut child = waiting(&[("LD_PRELOAD", library.as_os_str()), ("MALLOC_CONF", OsStr::new("tcache:false"))]);
        // The C library may be mapped before the preloaded one is read.
        while in_force_in(child.id()).unwrap().allocator != AllocatorName::Jemalloc {
            assert!(child.try_wait().unwrap().is_none(), "it ended");
            std::thread::yield_now();
        }
        let found = seen(child);
        assert_eq!((found.allocator, found.object.as_path()), (AllocatorName::Jemalloc, library.as_path()));
        assert_eq!(found.options.get("tcache").map(String::as_str), Some("false"));
        let preloaded_nothing = seen(waiting(&[("LD_PRELOAD", OsStr::new("/nonexistent/libx.so"))]));
        assert_eq!(preloaded_nothing.allocator, AllocatorName::Glibc);
    }

    #[test]
    fn tunables_that_glibc_has_cut_apart_are_joined() {
        let environ = b"PATH=/bin\0GLIBC_TUNABLES=glibc.malloc.a=1\0glibc.malloc.b=2\0MALLOC_CONF=x:y\0glibc.c=3\0B";
        let found = environment(environ);
        let told: Vec<_> = found.iter().map(|(name, value)| format!("{name} {}", value.display())).collect();
        assert_eq!(told, ["GLIBC_TUNABLES glibc.malloc.a=1:glibc.malloc.b=2", "MALLOC_CONF x:y"]);
    }

    #[test]
    fn maps_name_each_executable_file_once() {
        let maps = b"1000-2000 r--p 00000000 00:1d 77 /usr/lib/libc.so.6\n\
            2000-3000 r-xp 00001000 00:1d 77    /usr/lib/libc.so.6\n\
            3000-4000 r-xp 00002000 00:1d 77    /usr/lib/libc.so.6\n\
            4000-5000 r-xp 00000000 00:1d 78    /opt/with blank/x.so\n\
            5000-6000 r--p 00000000 00:1d 79    /data/model.bin\n\
            7000-8000 rw-p 00000000 00:00 0     [heap]\n\
            9000-a000 r-xp 00000000 00:00 0     [vdso]\n";
        let files = executable_files(maps);
        assert_eq!(files, [Path::new("/usr/lib/libc.so.6"), Path::new("/opt/with blank/x.so")]);
    }

    #[test]
    fn a_process_that_is_gone_is_an_error() {
        let mut child = waiting(&[]);
        drop(child.stdin.take());
        child.wait().unwrap();
        assert!(in_force_in(child.id()).is_err());
    }
}
