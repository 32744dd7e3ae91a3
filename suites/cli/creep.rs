//! The verdict on resident memory from the outside: the fork probe beside a case, going on until decided, and what other
//! settings would have done.

use crate::desk::{Desk, Row};

const RECOMPILE: &str = r#"
    iterations = 120
    counterfactual = 0
    [[case]]
    model = "mlp-small"
    workload = "recompile"
    arm = "exact-live"
"#;

/// Pins that move on top of freed blocks of a megabyte and more.
const PINS: &str = r#"
    iterations = 120
    core = false
    counterfactual = 1
    [[case]]
    model = "mlp-small"
    workload = "recompile-pin"
    arm = "glibc"
    expect = "creep"
"#;

/// A mapping of 20 MiB in iteration 50: at iteration 60 one step and a trend look alike, at 120 it is long over.
const JUMP: &str = r#"
    iterations = 60
    settle = 20
    core = false
    counterfactual = 0
    [workloads.jump]
    base = "nothing"
    fault = { kind = "anonymous-mapping", bytes = "20 MiB", from = 50, until = 50 }
    [[case]]
    workload = "jump"
    arm = "glibc"
"#;

fn median(samples: &[Row], column: &str) -> f64 {
    let mut values: Vec<f64> = samples.iter().filter_map(|sample| sample.number(column)).collect();
    values.sort_by(f64::total_cmp);
    *values.get(values.len() / 2).unwrap_or_else(|| panic!("no {column}"))
}

#[test]
fn a_fork_probe_runs_beside_the_case_and_leaves_it_undisturbed() {
    let desk = Desk::new();
    desk.suite(RECOMPILE, &["--no-early-stop"]).code(0);
    let case = "mlp-small.auto.recompile.exact-live.t1";
    let probe = format!("{case}.core");
    let (own, probed) = (desk.samples(case), desk.samples(&probe));
    assert_eq!((own.len(), probed.len()), (120, 120));
    assert!(own.iter().all(|sample| sample["core_bytes"].is_empty()), "the measured process does not fork");
    let cores: Vec<f64> = probed.iter().filter_map(|sample| sample.number("core_bytes")).collect();
    assert_eq!(cores.len(), 40, "every third iteration");
    // Both count their live bytes exactly, and fork or not, the work holds the same.
    let live =
        |samples: &[Row]| samples.iter().skip(3).map(|sample| sample["live_bytes"].to_owned()).collect::<Vec<_>>();
    let steps = |live: Vec<String>| -> Vec<i64> {
        let bytes: Vec<i64> = live.iter().map(|bytes| bytes.parse().unwrap()).collect();
        bytes.windows(2).map(|pair| pair[1] - pair[0]).collect()
    };
    assert_eq!(steps(live(&own)), steps(live(&probed)));

    let row = desk.verdict(case);
    assert_eq!(&row["core_case"], probe);
    assert_eq!(&row["core_complete"], "true");
    assert_eq!(row.number("core_probes"), Some(40.0));
    assert!(row.number("pinned_bytes").is_some() && row.number("core_fork_ms").is_some());
    assert_eq!(&desk.verdict(&probe)["role"], "core");
}

/// 16 MB at the tops of four thread arenas, which stay resident: a fork gives them back, and the process keeps them.
#[test]
fn what_forks_give_back_stays_with_the_process_that_forks() {
    let desk = Desk::new();
    desk.suite(&RECOMPILE.replace("\"recompile\"", "\"recompile-arenas\""), &["--no-early-stop"]).code(0);
    let case = "mlp-small.auto.recompile-arenas.exact-live.t1";
    let (own, probed) = (desk.samples(case), desk.samples(&format!("{case}.core")));
    for column in ["peak_anon_bytes", "rss_anon_bytes"] {
        let (without, with) = (median(&own, column), median(&probed, column));
        assert!((without - with).abs() < 0.05 * without, "{column}: {without} without and {with} with forks");
    }
    let (rest, core) = (median(&probed, "rss_anon_bytes"), median(&probed, "core_bytes"));
    assert!(core < rest / 4.0, "{core} is left of {rest}");
    assert!(median(&probed, "core_trimmed_bytes") > rest / 2.0, "malloc_trim alone does not reach it");
    assert_eq!(&desk.verdict(case)["resident_retention"], "true");
}

/// Every setting of a comparison is probed once, so that retention is told of it too.
#[test]
fn settings_that_do_not_help_are_told() {
    let desk = Desk::new();
    let suite = RECOMPILE.replace("\"recompile\"", "\"recompile-arenas\"").replace("\"exact-live\"", "\"glibc\"");
    desk.suite(&suite.replace("counterfactual = 0", "counterfactual = 2"), &[]).code(0);
    let settings = desk.rows("out/settings.csv");
    assert!(settings.iter().all(|row| &row["base_verdict"] == "stable+retention"), "{settings:#?}");
    let trim = settings.iter().find(|row| &row["arm"] == "trim").expect("a row for each setting");
    assert_eq!((&trim["verdict"], &trim["processes"]), ("stable+retention", "2"));
}

#[test]
fn a_short_run_says_why_it_is_not_probed() {
    let desk = Desk::new();
    desk.suite(&RECOMPILE.replace("iterations = 120", "iterations = 20"), &["--no-early-stop"]);
    let row = desk.verdict("mlp-small.auto.recompile.exact-live.t1");
    assert!(row["core_case"].is_empty() && row["core_reason"].contains("too few"), "{row:#?}");
}

#[test]
fn without_a_fork_probe_there_is_one_process() {
    let desk = Desk::new();
    let ended = desk.suite(RECOMPILE, &["--no-core"]).code(0);
    assert!(ended.stderr.contains("intermediate results") && !ended.stderr.contains("control in"), "{}", ended.all());
    assert_eq!(desk.rows("out/verdicts.csv").iter().filter(|row| &row["role"] == "core").count(), 0);
    let row = desk.verdict("mlp-small.auto.recompile.exact-live.t1");
    assert_eq!((&row["core_case"], &row["resident_retention"]), ("", ""), "whether it retains was not asked");
}

/// jemalloc gives everything back too; mimalloc does not, so there the core is a level and no verdict.
#[test]
fn other_allocators_are_asked_in_their_own_way() {
    let desk = Desk::new();
    let suite = RECOMPILE.replace("\"exact-live\"", "[\"jemalloc\", \"mimalloc\"]");
    desk.suite(&suite, &[]);
    for (arm, complete) in [("jemalloc", "true"), ("mimalloc", "false")] {
        let row = desk.verdict(&format!("mlp-small.auto.recompile.{arm}.t1"));
        assert_eq!(&row["core_complete"], complete, "{row:#?}");
        assert!(row.number("core_bytes").is_some_and(|core| core > 0.0), "{row:#?}");
    }
}

/// Planted: every child of a fork hangs before the probe can do anything. The run goes on without it.
#[test]
fn a_fork_that_hangs_costs_the_probe_and_not_the_run() {
    let desk = Desk::new();
    let suite = r#"
        iterations = 120
        iteration_time = "1s"
        [[case]]
        workload = "hang-in-fork"
        arm = "glibc"
    "#;
    let ended = desk.suite(suite, &[]).code(0);
    assert!(ended.stderr.contains("fork"), "{}", ended.all());
    let case = "none.auto.hang-in-fork.glibc.t1";
    assert_eq!(desk.samples(&format!("{case}.core")).len(), 120);
    let row = desk.verdict(case);
    assert_eq!(&row["verdict"], "stable");
    assert!(row["core_bytes"].is_empty() && !row["core_reason"].is_empty(), "{row:#?}");
}

/// Planted: the process that is probed dies of its first fork. The measured one does not fork, and its verdict stands.
#[test]
fn a_probed_run_that_dies_is_told_and_the_case_stands() {
    let desk = Desk::new();
    let suite = "iterations = 120\n[[case]]\nworkload = \"abort-at-fork\"\narm = \"glibc\"\n";
    desk.suite(suite, &[]).code(0);
    let case = "none.auto.abort-at-fork.glibc.t1";
    let row = desk.verdict(case);
    assert_eq!((&row["verdict"], &row["core_case"]), ("stable", ""));
    assert!(row["core_reason"].contains("crashed by SIGABRT"), "{row:#?}");
    assert!(row["sentence"].contains("crashed by SIGABRT"), "{row:#?}");
    assert_eq!(&desk.verdict(&format!("{case}.core"))["outcome"], "crashed");
}

#[test]
fn an_undecided_run_goes_on_until_it_is_decided() {
    let desk = Desk::new();
    desk.suite(JUMP, &[]).code(4);
    let case = "none.auto.jump.glibc.t1";
    assert_eq!(&desk.verdict(case)["verdict"], "inconclusive");
    let desk = Desk::new();
    desk.suite(JUMP, &["--until-decided"]).code(0);
    let row = desk.verdict(case);
    assert_eq!((&row["verdict"], &row["iterations"], &row["resident_looks"]), ("plateau", "120", "2"));
    assert_eq!(desk.samples(case).len(), 120, "what the child did after the verdict is not recorded");
    assert_eq!(row.number("resident_error_rate"), Some(0.005), "two looks");
}

#[test]
fn creep_is_compared_with_the_settings_that_may_cure_it() {
    let desk = Desk::new();
    let ended = desk.suite(PINS, &[]).code(0);
    let base = "mlp-small.auto.recompile-pin.glibc.t1";
    assert!(desk.verdict(base)["verdict"].starts_with("creep"));
    let rows = desk.rows("out/verdicts.csv");
    let beside: Vec<_> = rows.iter().filter(|row| &row["role"] == "counterfactual").map(|row| &row["arm"]).collect();
    assert_eq!(beside, ["mmap-threshold-1m", "trim-threshold-64k", "trim", "arena-max-1", "jemalloc"]);
    let settings = desk.rows("out/settings.csv");
    let cure = settings.iter().find(|row| &row["arm"] == "mmap-threshold-1m").expect("a row for each setting");
    assert_eq!(&cure["verdict"], "stable (not probed)", "whether it retains was not asked");
    assert!(cure.number("removes_peak_low_bytes").is_some_and(|low| low > 20e6), "{cure:#?}");
    assert!(ended.stdout.contains("what the settings do about it: mlp-small.auto.recompile-pin.t1"), "{}", ended.all());
    // The same file again, from samples and verdicts alone.
    let before = desk.read("out/settings.csv");
    std::fs::remove_file(desk.path("out/settings.csv")).unwrap();
    desk.run(&["report", "out"]).code(0);
    assert_eq!(desk.read("out/settings.csv"), before);
}

#[test]
fn a_comparison_can_be_left_out() {
    let desk = Desk::new();
    desk.suite(PINS, &["--no-counterfactual"]).code(0);
    assert!(desk.rows("out/verdicts.csv").iter().all(|row| &row["role"] != "counterfactual"));
    assert!(!desk.path("out/settings.csv").exists());
}

#[test]
fn controls_of_the_resident_verdict_that_come_out_wrong_are_told() {
    let suite = r#"
        iterations = 40
        core = false
        [[case]]
        workload = "nothing"
        arm = ["glibc", "exact-live"]
    "#;
    let controls = [("resident-positive", "glibc"), ("resident-negative", "mmap-threshold-1m")];
    for (sabotage, wrong) in controls {
        let desk = Desk::new();
        desk.suite(suite, &["--sabotage", sabotage]).code(3).complains("not to be trusted");
        for (_, arm) in controls {
            let row = desk.verdict(&format!("control.auto.recompile-pin.{arm}.t1"));
            assert_eq!(&row["as_expected"], if arm == wrong { "false" } else { "true" }, "{row:#?}");
        }
    }
}
