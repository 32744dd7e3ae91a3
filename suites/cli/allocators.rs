//! Each arm's allocator is in force in the child, and in the child alone.

use std::fs;

use nix::sys::signal::Signal;

use crate::desk::Desk;
use crate::process::children;

#[test]
fn every_arm_runs_under_its_allocator() {
    let desk = Desk::new();
    let suite = r#"
        iterations = 30
        [[case]]
        workload = "nothing"
        arm = ["exact-live", "glibc", "trim", "jemalloc", "jemalloc-deeprec", "mimalloc", "mimalloc-purge-0", "tcmalloc"]
        resident = false
    "#;
    desk.suite(suite, &[]).code(0);
    for row in desk.verdicts() {
        let expected = match &row["arm"] {
            "exact-live" | "trim" => "glibc",
            arm => arm.split('-').next().unwrap(),
        };
        let is_skipped = &row["arm"] == "tcmalloc" && &row["outcome"] == "skipped";
        let is_in_force = row["allocator"].starts_with(&format!("{expected} "));
        assert!(is_in_force || is_skipped, "{row:#?}");
        if is_skipped {
            assert!(row["outcome_detail"].contains("apt"), "the remedy is a package: {row:#?}");
        }
    }
    assert_eq!(desk.verdicts().len(), 8);
}

/// A tunable on the command line is an arm like any other, and is named in its case.
#[test]
fn tunables_of_the_command_line_are_in_force() {
    let desk = Desk::new();
    let tunables = "glibc.malloc.arena_max=1:glibc.malloc.tcache_count=0";
    let arguments = ["run", "--model", "mlp-small", "--iterations", "45", "--arm", tunables, "--out", "out"];
    desk.run(&arguments);
    let row = desk.verdict("mlp-small.auto.recompile.arena_max=1+tcache_count=0.t1");
    assert_eq!((&row["outcome"], &row["live_kind"]), ("finished", "exact"), "{row:#?}");
}

/// What the user's shell preloads or tunes must not make every arm another one than its name says.
#[test]
fn settings_of_the_surroundings_do_not_reach_the_child() {
    let desk = Desk::new();
    desk.write("suite.toml", "[[case]]\nworkload = \"nothing\"\narm = [\"exact-live\", \"glibc\"]\nresident = false\n");
    let mut command = desk.highwater();
    command.args(["run", "suite.toml", "--out", "out"]);
    command.env("GLIBC_TUNABLES", "glibc.malloc.tcache_count=7").env("MALLOC_ARENA_MAX", "1");
    crate::ended::Ended::of(command).code(0).says("2 as expected");
    assert!(desk.verdicts().iter().all(|row| row["outcome"] == *"finished"));
}

#[test]
fn the_parent_stays_on_glibc_while_its_children_do_not() {
    for allocator in ["jemalloc", "mimalloc"] {
        let desk = Desk::new();
        let suite = format!("iterations = 1000000\n[[case]]\nworkload = \"nothing\"\narm = \"{allocator}\"\n");
        let mut started = desk.start_suite(&suite);
        let parent = started.pid();
        let maps = |pid: i32| fs::read_to_string(format!("/proc/{pid}/maps")).unwrap_or_default();
        // Controls and the probe, which stay on glibc, come first.
        started.child(&format!("a child under {allocator}"), |pid| maps(pid).contains(allocator));
        let of_parent = maps(parent);
        assert!(of_parent.contains("libc.so.6"), "{of_parent}");
        for foreign in ["jemalloc", "mimalloc", "tcmalloc"] {
            assert!(!of_parent.contains(foreign), "{foreign} is in the parent:\n{of_parent}");
        }
        assert_eq!(children(parent).len(), 1, "one child at a time");
        started.signal(Signal::SIGINT);
        started.end().code(130);
    }
}
