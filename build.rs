//! Makes the preloadable allocators that are embedded in the binary: shared libraries of jemalloc and mimalloc.
//!
//! The C sources come with the crates `tikv-jemalloc-sys` and `libmimalloc-sys`. Neither crate is used from Rust, so
//! neither is linked: highwater itself stays on the C library's allocator, which is the one it measures by default.
//! A Rust toolchain, a C compiler and make are all that is needed.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let output = PathBuf::from(variable("OUT_DIR", "cargo sets it"));
    jemalloc(&output.join("libjemalloc.so"));
    mimalloc(&output.join("libmimalloc.so"));
}

/// Links the position-independent archive that `tikv-jemalloc-sys` leaves behind, whole, into a shared library.
fn jemalloc(library: &Path) {
    let root =
        PathBuf::from(variable("DEP_JEMALLOC_ROOT", "unset JEMALLOC_OVERRIDE, so that tikv-jemalloc-sys builds"));
    let archive = root.join("lib/libjemalloc_pic.a");
    assert!(archive.exists(), "{} is missing: tikv-jemalloc-sys did not build jemalloc", archive.display());

    let mut command = compiler().to_command();
    command.args(["-Wl,--whole-archive".as_ref(), archive.as_os_str(), "-Wl,--no-whole-archive".as_ref()]);
    link(command, library, "libjemalloc.so.2");

    let header = root.join("include/jemalloc/jemalloc.h");
    let version = defined(&header, "JEMALLOC_VERSION");
    let release = version.trim_matches('"').split('-').next().unwrap_or_default().to_owned();
    publish("JEMALLOC", library, &release);
}

/// Compiles the one C file that includes all of mimalloc. Statistics stay off (`MI_STAT`): they cost a quarter of a
/// malloc/free pair and drift where blocks move between threads; see `src/arm/mimalloc.rs` for what is used instead.
fn mimalloc(library: &Path) {
    let include = PathBuf::from(variable("DEP_MIMALLOC_INCLUDE_DIR", "libmimalloc-sys sets it"));
    let sources = include.with_file_name("src");
    let mut command = compiler().to_command();
    command.args(["-ftls-model=initial-exec", "-fvisibility=hidden", "-fno-builtin-malloc"]);
    command.args(["-DMI_SHARED_LIB", "-DMI_SHARED_LIB_EXPORT", "-DMI_MALLOC_OVERRIDE"]);
    command.args(["-DMI_DEBUG=0", "-DMI_BUILD_RELEASE", "-DNDEBUG"]);
    command.arg("-I").arg(&include).arg("-I").arg(&sources).arg(sources.join("static.c"));
    link(command, library, "libmimalloc.so.3");

    let number: u32 = defined(&include.join("mimalloc.h"), "MI_MALLOC_VERSION")
        .parse()
        .unwrap_or_else(|_| panic!("MI_MALLOC_VERSION in {} is no number", include.display()));
    publish("MIMALLOC", library, &format!("{}.{}.{}", number / 10_000, number / 100 % 100, number % 100));
}

/// The C compiler of the target, always optimising: a debug build of highwater measures the same allocators as a
/// release build.
fn compiler() -> cc::Tool {
    cc::Build::new().opt_level(2).debug(false).pic(true).warnings(false).try_get_compiler().unwrap_or_else(|error| {
        panic!(
            "highwater needs a C compiler for its preloadable allocators (Debian: apt-get install gcc make): {error}"
        )
    })
}

/// Runs the compiler as linker. `-z defs` makes a missing symbol a build failure instead of a child that dies at start.
fn link(mut command: Command, library: &Path, soname: &str) {
    command.args(["-shared", "-Wl,-s", "-Wl,-z,defs"]).arg(format!("-Wl,-soname,{soname}"));
    command.arg("-o").arg(library).args(["-lpthread", "-ldl", "-lm"]);
    match command.output() {
        Ok(output) if output.status.success() => {}
        Ok(output) => panic!("{command:?} failed: {}\n{}", output.status, String::from_utf8_lossy(&output.stderr)),
        Err(error) => panic!(
            "cannot run the C compiler {:?}: {error}; install one (Debian: apt-get install gcc make) or set CC",
            command.get_program()
        ),
    }
}

/// Hands a library and its version to `src/arm/embedded.rs`.
fn publish(name: &str, library: &Path, version: &str) {
    println!("cargo:rustc-env=HIGHWATER_{name}={}", library.display());
    println!("cargo:rustc-env=HIGHWATER_{name}_VERSION={version}");
}

/// The value of `#define name value` in a header.
fn defined(header: &Path, name: &str) -> String {
    let text = fs::read_to_string(header).unwrap_or_else(|error| panic!("cannot read {}: {error}", header.display()));
    text.lines()
        .filter_map(|line| line.strip_prefix("#define ")?.trim_start().strip_prefix(name))
        .find_map(|rest| rest.strip_prefix(char::is_whitespace)?.split_whitespace().next().map(str::to_owned))
        .unwrap_or_else(|| panic!("{} does not define {name}", header.display()))
}

fn variable(name: &str, hint: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("environment variable {name} is not set for the build script: {hint}"))
}
