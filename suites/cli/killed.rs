//! The rug is pulled: children and the parent are killed while they run, and nothing measured is lost.

use std::os::unix::process::CommandExt;

use nix::sys::signal::Signal;

use crate::desk::Desk;
use crate::process::{Started, is_alive, send};

/// A child that is at work for as long as anyone watches.
const ENDLESS: &str = r#"
    iterations = 1000000
    early_stop = false
    [[case]]
    workload = "nothing"
    arm = "exact-live"
"#;

const ENDLESS_CASE: &str = "none.auto.nothing.exact-live.t1";

/// Waits until `count` samples of the case are on disk, and gives the child's process number.
fn wait_for_samples(desk: &Desk, started: &mut Started, case: &str, count: usize) -> i32 {
    let path = desk.path("out/samples.csv");
    started.until(&format!("{count} samples of {case}"), || {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        text.lines().filter(|line| line.starts_with(case)).count() >= count
    });
    started.child("a child", |_| true)
}

#[test]
fn a_child_killed_from_outside_is_a_row_and_the_rest_runs() {
    let desk = Desk::new();
    let suite = r#"
        iterations = 30
        [[case]]
        workload = ["hang", "nothing"]
        arm = "exact-live"
        resident = false
        expect = ["crashed", "stable"]
    "#;
    let mut started = desk.start_suite(suite);
    let case = "none.auto.hang.exact-live.t1";
    let child = wait_for_samples(&desk, &mut started, case, 4);
    send(child, Signal::SIGKILL);
    started.end().code(0).says("crashed by SIGKILL");
    let row = desk.verdict(case);
    assert_eq!((&row["outcome"], &row["iterations"]), ("crashed", "4"), "{row:#?}");
    // Its last sample may be on disk a moment before it says that the next iteration begins.
    let places = ["crashed by SIGKILL in iteration 5", "crashed by SIGKILL after iteration 4"];
    assert!(places.iter().any(|place| row["outcome_detail"].starts_with(place)), "{row:#?}");
    assert_eq!(desk.samples(case).len(), 4);
    assert_eq!(desk.verdict(ENDLESS_CASE)["verdict"], *"stable", "the next case ran");
}

#[test]
fn no_child_outlives_a_parent_that_is_killed() {
    let desk = Desk::new();
    let mut started = desk.start_suite(ENDLESS);
    let child = wait_for_samples(&desk, &mut started, ENDLESS_CASE, 200);
    started.signal(Signal::SIGKILL);
    let ended = started.end();
    assert_eq!(ended.status.code(), None, "{}", ended.all());
    crate::process::wait_for("the child's end", || (!is_alive(child)).then_some(()));
    let samples = desk.samples(ENDLESS_CASE);
    assert!(samples.len() >= 200, "only {} samples are left", samples.len());
    let iterations: Vec<usize> = samples.iter().map(|row| row["iteration"].parse().unwrap()).collect();
    assert!(iterations.iter().copied().eq(1..=samples.len()), "no gaps and no doubles");
    // What is left is a run that can be looked at.
    desk.run(&["report", "out"]).code(0);
}

/// A signal to the process group is what Ctrl-C on a terminal sends.
#[test]
fn an_interrupted_run_keeps_its_samples_and_says_where() {
    for (signal, whole_group) in [(Signal::SIGINT, true), (Signal::SIGINT, false), (Signal::SIGTERM, false)] {
        let desk = Desk::new();
        desk.write("suite.toml", ENDLESS);
        let mut command = desk.highwater();
        command.args(["run", "suite.toml", "--out", "out"]).process_group(0);
        let mut started = Started::of(command, &desk);
        let child = wait_for_samples(&desk, &mut started, ENDLESS_CASE, 100);
        send(if whole_group { -started.pid() } else { started.pid() }, signal);
        started.end().code(130).complains("interrupted; what was measured lies in out");
        assert!(!is_alive(child), "{signal}: the child is still there");
        assert!(desk.samples(ENDLESS_CASE).len() >= 100);
        let row = desk.verdict(ENDLESS_CASE);
        assert_eq!((&row["outcome"], &row["verdict"]), ("interrupted", ""), "{row:#?}");
        let record = desk.record();
        assert_eq!((&record["exit_code"], &record["controls_passed"]), (&130.into(), &true.into()));
        assert_eq!(desk.names("tmp"), [""; 0], "the child's scratch folder is removed");
        desk.run(&["report", "out"]).code(0).says("interrupted");
    }
}

/// The signal may come before the first sample, or before the first child.
#[test]
fn a_run_interrupted_at_once_is_130_too() {
    let desk = Desk::new();
    let mut started = desk.start_suite(ENDLESS);
    started.until("run.json", || desk.path("out/run.json").exists());
    started.signal(Signal::SIGINT);
    started.end().code(130).complains("lies in out");
    assert_eq!(desk.record()["exit_code"], 130);
}

/// What would have come after it was never there.
#[test]
fn suites_after_an_interrupted_one_leave_no_directory() {
    let desk = Desk::new();
    desk.write("a.toml", ENDLESS);
    desk.write("b.toml", ENDLESS);
    let mut command = desk.highwater();
    command.args(["run", "a.toml", "b.toml", "--out", "out"]);
    let mut started = Started::of(command, &desk);
    started.until("run.json", || desk.path("out/a/run.json").exists());
    assert_eq!(desk.names("out"), ["a", "b"]);
    started.signal(Signal::SIGINT);
    started.end().code(130);
    assert_eq!(desk.names("out"), ["a"]);
}

#[test]
fn no_child_outlives_an_orderly_run() {
    let desk = Desk::new();
    let mut started = desk.start_suite("[[case]]\nworkload = \"nothing\"\narm = \"exact-live\"\nresident = false\n");
    let child = started.child("a child", |_| true);
    started.end().code(0);
    assert!(!is_alive(child));
}
