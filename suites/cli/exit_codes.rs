//! Every exit code of `run`, each by what brings it about.

use std::os::unix::fs::symlink;

use crate::desk::{Desk, HIGHWATER};
use crate::ended::Ended;

/// A case that needs no model and is decided on live bytes alone.
const NOTHING: &str = "[[case]]\nworkload = \"nothing\"\narm = \"exact-live\"\nresident = false\n";

#[test]
fn all_as_expected_is_0() {
    let desk = Desk::new();
    desk.suite(NOTHING, &[]).code(0).says("1 as expected, 0 not").says("controls: ").says("results: out");
    let row = desk.verdict("none.auto.nothing.exact-live.t1");
    assert_eq!((&row["outcome"], &row["verdict"], &row["as_expected"]), ("finished", "stable", "true"));
    let record = desk.record();
    assert_eq!((&record["exit_code"], &record["controls_passed"]), (&0.into(), &true.into()));
    assert_eq!(record["command"][1], "run", "the command line is recorded: {record:#}");
    assert_eq!(desk.names("out"), ["charts", "run.json", "samples.csv", "verdicts.csv"]);
    assert_eq!(desk.names("tmp"), [""; 0], "scratch folders of the children are removed");
}

#[test]
fn what_a_suite_expects_is_0_even_if_it_is_a_fault() {
    let desk = Desk::new();
    let suite = r#"
        iterations = 120
        [[case]]
        workload = "leak-64"
        arm = "exact-live"
        resident = false
        expect = "leak"
        [[case]]
        workload = "crash"
        arm = "exact-live"
        resident = false
        expect = "crashed"
    "#;
    desk.suite(suite, &[]).code(0).says("2 as expected, 0 not");
}

#[test]
fn an_unexpected_verdict_is_1_and_its_command_runs_it_again() {
    let desk = Desk::new();
    let suite = r#"
        iterations = 120
        [[case]]
        workload = "leak-64"
        arm = "exact-live"
        resident = false
        expect = ["stable"]
    "#;
    desk.suite(suite, &[]).code(1).says("run again: highwater run");
    let row = desk.verdict("none.auto.leak-64.exact-live.t1");
    assert_eq!((&row["verdict"], &row["expected"], &row["as_expected"]), ("leak", "stable", "false"));
    assert!(row.number("live_rate_bytes_per_iteration").unwrap() >= 64.0, "{row:?}");
    assert_eq!(desk.record()["exit_code"], 1);

    // The printed command is for a shell: it must mean the same case there.
    symlink(HIGHWATER, desk.path("highwater")).unwrap();
    let mut shell = desk.command("/bin/sh");
    shell.env("PATH", desk.path("")).args(["-c", &row["reproduce"]]);
    Ended::of(shell).code(1).says("[1/1] none.auto.leak-64.exact-live.t1: leak");
}

#[test]
fn an_undecided_case_is_4() {
    let desk = Desk::new();
    let suite = r#"
        iterations = 120
        [[case]]
        workload = "decelerate"
        arm = "exact-live"
        resident = false
        expect = ["stable"]
    "#;
    desk.suite(suite, &[]).code(4).says("none.auto.decelerate.exact-live.t1: inconclusive");
    assert_eq!(desk.verdict("none.auto.decelerate.exact-live.t1")["verdict"], *"inconclusive");
    assert_eq!(desk.record()["exit_code"], 4);
}

#[test]
fn an_unexpected_outcome_beside_an_undecided_case_is_1() {
    let desk = Desk::new();
    let suite = r#"
        iterations = 10
        [[case]]
        workload = ["nothing", "exit"]
        arm = "exact-live"
        resident = false
    "#;
    desk.suite(suite, &[]).code(1).says("0 as expected, 2 not");
}

#[test]
fn nothing_but_skipped_cases_is_3() {
    let desk = Desk::new();
    let suite = r#"
        [arms.absent]
        library = "/nonexistent/liballocator.so"
        [[case]]
        workload = "nothing"
        arm = "absent"
    "#;
    desk.suite(suite, &[]).code(3).says("1 skipped");
    assert_eq!(desk.verdict("none.auto.nothing.absent.t1")["outcome"], *"skipped");
    assert_eq!(desk.record()["exit_code"], 3);
}

#[test]
fn a_skipped_case_beside_others_does_not_decide() {
    let desk = Desk::new();
    let suite = r#"
        [arms.absent]
        library = "/nonexistent/liballocator.so"
        [[case]]
        workload = "nothing"
        arm = ["absent", "exact-live"]
        resident = false
    "#;
    desk.suite(suite, &[]).code(0).says("1 as expected, 0 not, 1 skipped");
}

#[test]
fn controls_that_come_out_wrong_are_3() {
    for (sabotage, wrong) in [("positive", "recompile-leak-64"), ("negative", "recompile")] {
        let desk = Desk::new();
        let ended = desk.suite(NOTHING, &["--sabotage", sabotage]).code(3).complains("not to be trusted");
        let line = format!("control control.auto.{wrong}.exact-live.t1: ");
        let told = ended.stdout.lines().find(|told| told.contains(&line)).unwrap_or_default();
        assert!(told.ends_with("(WRONG)"), "the wrong control is pointed at\n{}", ended.all());
        assert!(!ended.stdout.contains("controls: a planted leak"), "{}", ended.all());
        let record = desk.record();
        assert_eq!((&record["exit_code"], &record["controls_passed"]), (&3.into(), &false.into()));
        // The measurements are kept all the same.
        assert_eq!(desk.verdicts().len(), 1);
    }
}

/// Planted: a cache that cannot be written, so that no model can be made. Nothing was judged wrongly.
#[test]
fn controls_that_cannot_be_run_are_3_and_told_as_such() {
    let desk = Desk::new();
    desk.write("suite.toml", NOTHING);
    let mut command = desk.highwater();
    command.env("HIGHWATER_CACHE", "/proc/nope").args(["run", "suite.toml", "--out", "out"]);
    let ended = Ended::of(command).code(3).complains("the controls could not be run");
    assert!(!ended.stderr.contains("wrong"), "{}", ended.all());
    assert!(ended.stdout.contains("recompile.exact-live.t1 could not be run: "), "{}", ended.all());
    let record = desk.record();
    assert_eq!((&record["exit_code"], &record["controls_passed"]), (&3.into(), &false.into()));
    assert_eq!(desk.verdicts().len(), 1);
}

#[test]
fn sabotage_is_hidden() {
    let ended = Desk::new().run(&["run", "--help"]).code(0);
    assert!(!ended.stdout.contains("sabotage"), "{}", ended.all());
}
