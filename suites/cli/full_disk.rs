//! The disk fills up while a run writes to it.

use crate::desk::{Desk, HIGHWATER};
use crate::ended::Ended;

/// Mounts a file system of 128 KiB in a mount namespace of its own, which vanishes with the shell, runs the suite into it
/// and copies out what it holds. `$1` is the binary; without one nothing is run. The copy is made at the very end, when the run has ended.
const SCRIPT: &str = r#"
    mount -t tmpfs -o size=128k tmpfs small || exit 77
    test $# = 0 && exit
    "$1" run suite.toml --out small/run
    code=$?
    cp -r small/run out
    exit $code
"#;

/// More samples than fit, of some 100 bytes each.
const MANY_SAMPLES: &str = r#"
    iterations = 2000
    early_stop = false
    [[case]]
    workload = "nothing"
    arm = "exact-live"
"#;

/// More verdicts than fit, of some 300 bytes each, without any sample.
const MANY_VERDICTS: &str = r#"
    replicates = 600
    [models.absent]
    file = "absent.onnx"
    [[case]]
    model = "absent"
    workload = "recompile"
    arm = "exact-live"
"#;

#[test]
fn samples_stay_whole_on_a_full_disk() {
    if let Err(reason) = stays_whole(MANY_SAMPLES, "samples.csv") {
        println!("skipped: {reason}");
    }
}

#[test]
fn verdicts_stay_whole_on_a_full_disk() {
    if let Err(reason) = stays_whole(MANY_VERDICTS, "verdicts.csv") {
        println!("skipped: {reason}");
    }
}

/// Runs `suite` until the disk is full, which `file` must notice, and checks what is left. An error says why this cannot be
/// tested here.
#[track_caller]
fn stays_whole(suite: &str, file: &str) -> Result<(), &'static str> {
    let desk = Desk::new();
    let ended = run_on_a_small_disk(&desk, HIGHWATER, suite)
        .ok_or("this test mounts a small file system, which needs root or user namespaces")?;
    let ended = ended.code(3).complains("No space left on device").complains(file).complains("lies in small/run");
    let samples = desk.rows("out/samples.csv");
    assert!(samples.len() > 100, "only {} samples are left\n{}", samples.len(), ended.all());
    assert!(desk.rows("out/verdicts.csv").len() >= 2, "the controls are left\n{}", ended.all());
    // What is left is a run that can be looked at.
    desk.run(&["report", "out"]).code(0);
    Ok(())
}

/// Planted: a program that ends before it makes anything. That is no reason to skip.
#[test]
fn a_run_without_a_directory_is_told() {
    let desk = Desk::new();
    match run_on_a_small_disk(&desk, "false", "") {
        Some(ended) => drop(ended.code(1)),
        None => println!("skipped: nothing can be mounted"),
    }
}

/// What became of `program`; `None` where nothing can be mounted, which mounting alone tells.
fn run_on_a_small_disk(desk: &Desk, program: &str, suite: &str) -> Option<Ended> {
    desk.write("suite.toml", suite);
    std::fs::create_dir(desk.path("small")).expect("a fresh folder is writable");
    // Root needs no user namespace; others become root in one of their own, where the system lets them.
    let ways: [&[&str]; 2] = [&["--mount"], &["--map-root-user", "--mount"]];
    let script = |way: &[&str]| {
        let mut command = desk.command("unshare");
        command.args(way).args(["sh", "-c", SCRIPT, "sh"]);
        command
    };
    let way = ways.into_iter().find(|way| script(way).output().is_ok_and(|output| output.status.success()))?;
    let mut command = script(way);
    command.arg(program);
    Some(Ended::of(command))
}
