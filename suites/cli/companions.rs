//! Companions of a measured process: there while it works, unsampled, and gone with it whatever happens.

use nix::sys::signal::Signal;

use crate::desk::Desk;
use crate::process::{Started, children, is_alive, send, wait_for};

/// Three processes at the same work for as long as anyone watches.
const ENDLESS: &str = r#"
    iterations = 1000000
    early_stop = false
    [workloads.trio]
    base = "recompile"
    companions = 2
    [[case]]
    model = "mlp-small"
    workload = "trio"
    arm = "exact-live"
    resident = false
"#;

const CASE: &str = "mlp-small.auto.trio.exact-live.t1";

/// The measured process, once it has told so many samples, and its companions.
fn measured(desk: &Desk, started: &mut Started, count: usize) -> (i32, Vec<i32>) {
    let path = desk.path("out/samples.csv");
    started.until(&format!("{count} samples"), || {
        let text = std::fs::read_to_string(&path).unwrap_or_default();
        text.lines().filter(|line| line.starts_with(CASE)).count() >= count
    });
    let child = started.child("a child", |_| true);
    (child, children(child))
}

#[test]
fn they_are_gone_when_the_measured_process_is_killed() {
    let desk = Desk::new();
    let mut started = desk.start_suite(ENDLESS);
    let (child, companions) = measured(&desk, &mut started, 10);
    assert_eq!(companions.len(), 2, "{companions:?}");
    send(child, Signal::SIGKILL);
    started.end().code(1).says("crashed by SIGKILL");
    companions.iter().for_each(|pid| wait_for("a companion's end", || (!is_alive(*pid)).then_some(())));
}

#[test]
fn they_are_gone_when_the_whole_run_is_killed() {
    let desk = Desk::new();
    let mut started = desk.start_suite(ENDLESS);
    let (_, companions) = measured(&desk, &mut started, 10);
    started.signal(Signal::SIGKILL);
    started.end();
    companions.iter().for_each(|pid| wait_for("a companion's end", || (!is_alive(*pid)).then_some(())));
}

#[test]
fn one_that_dies_early_fails_the_case_with_the_reason() {
    let desk = Desk::new();
    let mut started = desk.start_suite(ENDLESS);
    let (_, companions) = measured(&desk, &mut started, 10);
    send(companions[1], Signal::SIGKILL);
    started.end().code(1);
    let row = desk.verdict(CASE);
    assert_eq!(&row["outcome"], "failed", "{row:#?}");
    let told = &row["outcome_detail"];
    assert!(told.contains("companion ") && told.contains("ended early: signal: 9 (SIGKILL)"), "{told}");
    assert!(desk.samples(CASE).len() >= 10, "what was measured stays");
    companions.iter().for_each(|pid| wait_for("the other's end", || (!is_alive(*pid)).then_some(())));
}

#[test]
fn they_change_nothing_about_what_is_judged() {
    let desk = Desk::new();
    let suite = ENDLESS.replace("iterations = 1000000", "iterations = 40").replace("early_stop = false", "");
    desk.suite(&suite, &[]).code(0);
    assert_eq!(desk.verdict(CASE)["verdict"], *"stable");
    let planted = suite.replace("resident = false", "resident = false\nplant_bytes = 64\nexpect = \"leak\"");
    let planted = planted.replace("iterations = 40", "iterations = 120");
    desk.write("planted.toml", planted);
    desk.run(&["run", "planted.toml", "--out", "planted"]).code(0).says("leak");
}

#[test]
fn what_does_not_go_together_is_incompatible_and_not_a_failure() {
    let desk = Desk::new();
    let suite = ENDLESS.replace("base = \"recompile\"", "base = \"compile\"");
    desk.suite(&suite, &[]).code(1);
    assert_eq!(desk.verdict(CASE)["outcome"], *"incompatible");
}
