//! The binary by itself: in an empty folder, without its repository.

use crate::desk::Desk;
use crate::ended::Ended;

#[test]
fn the_default_suite_runs_from_anywhere() {
    let desk = Desk::new();
    let arguments = ["--filter", "^silero-vad.*jemalloc", "--iterations", "45"];
    desk.run(&arguments).tells("silero-vad.embedded.recompile.jemalloc.t1: ").says("results: results/");
    assert_eq!(desk.names(""), ["results", "tmp"]);
    let runs = desk.names("results");
    assert_eq!(runs.len(), 1, "{runs:?}");
    let (time, _host) = runs[0].split_once('-').unwrap();
    let is_time = time.len() == 16 && time.chars().nth(8) == Some('T') && time.ends_with('Z');
    assert!(is_time, "the directory is named by UTC time and host: {runs:?}");
    assert_eq!(desk.names(format!("results/{}", runs[0])), ["charts", "run.json", "samples.csv", "verdicts.csv"]);
}

/// Runs that start within one second do not share a directory.
#[test]
fn every_run_has_a_directory_of_its_own() {
    let desk = Desk::new();
    desk.write(
        "suite.toml",
        "iterations = 10\n[[case]]\nworkload = \"exit\"\narm = \"exact-live\"\nexpect = \"exited\"\n",
    );
    for _ in 0..3 {
        desk.run(&["run", "suite.toml"]).code(0);
    }
    assert_eq!(desk.names("results").len(), 3, "{:?}", desk.names("results"));
}

#[test]
fn several_suites_lie_beside_each_other() {
    let desk = Desk::new();
    let suite = "[[case]]\nworkload = \"exit\"\narm = \"exact-live\"\nexpect = \"exited\"\n";
    desk.write("one.toml", suite);
    desk.write("two.toml", suite.replace("\"exited\"", "\"stable\""));
    desk.run(&["run", "one.toml", "two.toml", "--out", "out"]).code(1);
    assert_eq!(desk.names("out"), ["one", "two"]);
    // A suite that cannot be read keeps all of them from running.
    desk.run(&["run", "one.toml", "three.toml", "--out", "other"]).code(2).quietly().complains("three.toml");
    assert!(!desk.path("other").exists());
}

/// Either all of them run, or none does: hours of the first must not be followed by a refusal of the second.
#[test]
fn suites_of_one_name_do_not_collide() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("sub")).unwrap();
    for file in ["one.toml", "sub/one.toml"] {
        desk.write(file, "[[case]]\nworkload = \"exit\"\narm = \"exact-live\"\nexpect = \"exited\"\n");
    }
    let ended = desk.run(&["run", "one.toml", "sub/one.toml", "--out", "out"]);
    match ended.status.code() {
        Some(2) => _ = ended.quietly(),
        _ => assert_eq!(desk.names("out").len(), 2, "{}", ended.code(0).all()),
    }
}

/// Paths in a suite are relative to its file, wherever it is run from.
#[test]
fn a_suite_finds_its_models_beside_it() {
    let desk = Desk::new();
    std::fs::create_dir_all(desk.path("suites/models")).unwrap();
    std::fs::create_dir(desk.path("elsewhere")).unwrap();
    desk.run(&["model", "mlp:layers=2,width=64,batch=1", "--out", "suites/models/m.onnx"]).code(0);
    let suite = r#"
        iterations = 30
        [models.m]
        file = "models/m.onnx"
        [[case]]
        model = "m"
        workload = "recompile"
        arm = "exact-live"
        resident = false
    "#;
    desk.write("suites/mine.toml", suite);
    let mut command = desk.highwater();
    command.current_dir(desk.path("elsewhere")).args(["run", "../suites/mine.toml", "--out", "../out"]);
    Ended::of(command).code(0).says("m.auto.recompile.exact-live.t1: stable");
}

#[test]
fn a_folder_that_cannot_be_written_is_told() {
    let desk = Desk::new();
    desk.write("file", "");
    let arguments = ["run", "--model", "mlp-small", "--arm", "exact-live", "--out", "file/out"];
    desk.run(&arguments).code(3).quietly().complains("file/out").complains("Not a directory");
}
