//! Scripts of this repository, with stand-ins for what they start.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::desk::Desk;
use crate::ended::Ended;

/// The repository.
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Writes a shell script that can be executed.
fn write_script(desk: &Desk, name: &str, text: &str) {
    let path = desk.path(name);
    fs::create_dir_all(path.parent().expect("it lies in the desk's folder")).expect("the desk is writable");
    fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("the desk is writable");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("the desk is writable");
}

/// Planted: a package that pip takes for whole and whose library is gone; `pip` brings it back if it is made to.
#[test]
fn a_runtime_without_its_library_is_brought_again() {
    let desk = Desk::new();
    let script = Path::new(ROOT).join("scripts/fetch-runtimes");
    let fetch = |more: &[&str]| {
        let mut command = desk.command(script.to_str().expect("the repository's path is text"));
        command.args(["--into", "env", "onert"]).args(more);
        Ended::of(command)
    };
    let listed = fetch(&["--list"]).code(0).stdout;
    let version = listed.split([' ', ',']).nth(3).expect("name, package and version are listed").to_owned();
    let packages = "env/lib/python3.11/site-packages";
    fs::create_dir_all(desk.path(format!("{packages}/onert-{version}.dist-info"))).unwrap();
    write_script(
        &desk,
        "env/bin/python3",
        &format!(
            "case \"$*\" in *--force-reinstall*--no-deps*)
                 mkdir -p {packages}/onert/native && : >{packages}/onert/native/libonert.so ;;
             esac"
        ),
    );
    let first = fetch(&[]);
    if first.stderr.contains("python3 is missing") || first.stderr.contains("venv is missing") {
        println!("skipped: {}", first.stderr.trim());
        return;
    }
    first.code(0).says("brought again").says("onert/native/libonert.so");
    fetch(&[]).code(0).says("there already");
}

#[test]
fn the_folder_of_the_nightly_run_is_the_callers() {
    let desk = Desk::new();
    let quiet = ["fetch-runtimes", "fetch-models"].map(|name| format!("repository/scripts/{name}"));
    quiet.iter().for_each(|name| write_script(&desk, name, ""));
    write_script(&desk, "tools/cargo", "");
    write_script(&desk, "repository/target/release/highwater", "printf '%s\\n' \"$@\"");
    fs::copy(Path::new(ROOT).join("scripts/nightly"), desk.path("repository/scripts/nightly")).unwrap();
    let run = |folder: &[&str]| {
        let mut command = desk.command("bash");
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", desk.path("tools").display()));
        command.arg("repository/scripts/nightly").args(folder);
        Ended::of(command).code(0)
    };
    let here = fs::canonicalize(desk.path("")).unwrap();
    run(&["night"]).says(&format!("--out\n{}\n", here.join("night").display())).says("suites/mutate.toml\n");
    run(&["night", "suites/creep.toml", "quick"]).says("run\nsuites/creep.toml\nquick\n--out\n");
    run(&["/elsewhere/night"]).says("--out\n/elsewhere/night\n");
    run(&[]).says("--out\nresults/nightly-");
}
