//! `judge --case` on the samples of a run says what the run said.

use serde_json::Value;

use crate::desk::{Desk, Row};

/// Cases decided by their own counter, by the probe of another case, by a cross-check, on live bytes alone, with a resource, undecided.
const SUITE: &str = r#"
    iterations = 120
    [[case]]
    model = "mlp-small"
    workload = "recompile"
    arm = ["exact-live", "glibc", "jemalloc-exact", "mimalloc"]
    [[case]]
    model = "mlp-small"
    workload = "recompile-rounding"
    arm = ["exact-live", "mimalloc"]
    [[case]]
    workload = ["leak-64", "decelerate", "cache"]
    arm = ["exact-live", "jemalloc"]
    [[case]]
    workload = "descriptor-leak"
    arm = "glibc"
    [[case]]
    workload = "leak-1k"
    arm = "exact-live"
    resident = false
    early_stop = false
    tolerance = 64
    settle = 20
"#;

#[track_caller]
fn same_numbers(what: &str, answer: &Value, row: &Row) {
    let of = |part: &str, names: &[(&str, &str)]| {
        for (key, column) in names {
            let column = format!("{part}_{column}");
            // JSON has no infinities, and serde_json may miss the last bit of a number.
            let recorded = row.number(&column).filter(|number| number.is_finite());
            let judged = answer[part][key].as_f64();
            let is_equal = match (recorded, judged) {
                (Some(recorded), Some(judged)) => (recorded - judged).abs() <= 1e-14 * recorded.abs(),
                _ => recorded == judged,
            };
            assert!(is_equal, "{what}: {column} is {recorded:?}, judged again {judged:?}\n{answer:#}");
        }
    };
    of(
        "live",
        &[
            ("n", "n"),
            ("rate", "rate_bytes_per_iteration"),
            ("low", "low_bytes_per_iteration"),
            ("high", "high_bytes_per_iteration"),
            ("beta", "beta"),
            ("p", "p"),
            ("minimum_detectable", "minimum_detectable_bytes_per_iteration"),
        ],
    );
    of(
        "resident",
        &[
            ("n", "n"),
            ("rate", "rate_bytes_per_iteration"),
            ("low", "low_bytes_per_iteration"),
            ("high", "high_bytes_per_iteration"),
            ("beta", "beta"),
            ("p", "p"),
        ],
    );
}

#[test]
fn every_case_of_a_run_is_judged_as_it_was() {
    let desk = Desk::new();
    let ran = desk.suite(SUITE, &[]);
    let rows = desk.rows("out/verdicts.csv");
    assert!(rows.len() >= 14, "{}", ran.all());
    for row in rows.iter().filter(|row| !row["verdict"].is_empty()) {
        let case = &row["case"];
        let answer = desk.run(&["judge", "out/samples.csv", "--case", case, "--format", "json"]).json();
        assert_eq!(answer["verdict"], row["verdict"], "{case}");
        same_numbers(case, &answer, row);
        let told = desk.run(&["judge", "out/samples.csv", "--case", case]);
        assert!(told.stdout.starts_with(&row["verdict"]), "{}", told.all());
    }
}

#[test]
fn a_case_that_was_not_recorded_is_refused_with_those_that_were() {
    let desk = Desk::new();
    desk.suite("[[case]]\nworkload = \"nothing\"\narm = \"exact-live\"\nresident = false\n", &[]).code(0);
    let absent = ["judge", "out/samples.csv", "--case", "none.auto.nothing.glibc.t1"];
    desk.run(&absent)
        .code(2)
        .complains("no case `none.auto.nothing.glibc.t1`")
        .complains("none.auto.nothing.exact-live.t1");
    let case = "none.auto.nothing.exact-live.t1";
    desk.run(&["judge", "out/samples.csv", "--case", case, "--replicate", "2"]).code(2).complains("replicate 2");
    desk.run(&["judge", "out/samples.csv", "--case", case, "--chart", "drawn"]).code(0);
    assert!(desk.path("drawn.svg").exists() && desk.path("drawn.png").exists());
}

/// Its few samples have a live counter and no verdict: the judge must not say otherwise.
#[test]
fn a_case_that_crashed_is_not_called_unreadable() {
    let desk = Desk::new();
    desk.suite("[[case]]\nworkload = \"crash\"\narm = \"exact-live\"\nexpect = \"crashed\"\n", &[]).code(0);
    let told = desk.run(&["judge", "out/samples.csv", "--case", "none.auto.crash.exact-live.t1"]);
    assert!(!told.stdout.contains("not readable"), "{}", told.all());
}

/// Settings and the deciding probe are recorded in verdicts.csv alone.
#[test]
fn samples_without_their_verdicts_are_refused() {
    let desk = Desk::new();
    desk.write("samples.csv", "case,replicate,iteration,live_bytes\nx,1,1,64\n");
    let refused = || desk.run(&["judge", "samples.csv", "--case", "x"]).quietly().code(2);
    refused().complains("no verdicts.csv beside it").complains("a run writes it").complains("--resident");
    desk.write("watch.csv", "");
    refused().complains("a watch has none");
}

/// Planted: a leak and sound runs in one file, which one series would hide in each other.
#[test]
fn samples_of_several_runs_are_not_one_series() {
    let desk = Desk::new();
    let rows = |cases: u64, replicates: u64| {
        let runs = (1..=cases).flat_map(|case| (1..=replicates).map(move |replicate| (case, replicate)));
        let row = |case, replicate, i| format!("c{case},{replicate},{i},{}\n", 5000 + i * 64);
        let rows = runs.flat_map(|(case, replicate)| (1..=120).map(move |i| row(case, replicate, i)));
        "case,replicate,iteration,live_bytes\n".to_owned() + &rows.collect::<String>()
    };
    let judged = || desk.run(&["judge", "samples.csv", "--live", "live_bytes", "--live-kind", "exact"]);
    desk.write("samples.csv", rows(1, 1));
    judged().code(1).says("leak of 64 B/iteration");
    desk.write("samples.csv", rows(1, 2));
    judged().code(2).quietly().complains("it holds 2 runs").complains("choose with --case: c1 (1), c1 (2)");
    desk.write("samples.csv", rows(9, 1));
    judged().code(2).quietly().complains("c5 (1), c6 (1) and 3 more");
}

#[test]
fn of_a_folder_its_samples_are_named() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("out")).expect("a fresh folder is writable");
    let refused = || desk.run(&["judge", "out", "--live", "live_bytes"]).code(2).quietly();
    refused().complains("out is a folder without a samples.csv");
    desk.write("out/samples.csv", "");
    refused().complains("out is a folder: judge out/samples.csv");
}
