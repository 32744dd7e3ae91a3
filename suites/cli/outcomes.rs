//! Whatever a child does is a row with its evidence, and the next case still runs.

use crate::desk::{Desk, Row};

/// Every way of not finishing, and work that does finish at the end.
const EVERY_OUTCOME: &str = r#"
    iterations = 30

    [[case]]
    workload = ["crash", "abort", "exit", "garbage"]
    arm = "exact-live"
    resident = false

    [[case]]
    workload = "hang"
    arm = "exact-live"
    iteration_time = "1s"
    resident = false

    [[case]]
    workload = "out-of-memory"
    arm = "exact-live"
    memory = "1 GiB"
    resident = false

    # A program is no allocator: the dynamic linker passes over it, and malloc stays with glibc.
    [arms.no-allocator]
    library = "/proc/self/exe"
    [arms.absent]
    library = "/nonexistent/liballocator.so"
    [[case]]
    workload = "noise"
    arm = ["no-allocator", "absent"]
    resident = false

    [models.absent]
    file = "absent.onnx"
    [models.random]
    file = "random.onnx"
    [[case]]
    model = ["absent", "random"]
    workload = "recompile"
    arm = "exact-live"
    resident = false

    # The file is cut short under its mapping.
    [workloads.truncate-recompile]
    base = "recompile"
    fault = { kind = "truncate", at = 5 }
    [[case]]
    model = "ppocr-cls"
    runtime = "rten-map"
    workload = "truncate-recompile"
    arm = "exact-live"
    resident = false

    [[case]]
    workload = "nothing"
    arm = "exact-live"
    resident = false
"#;

/// Case, outcome, evidence, samples.
const EXPECTED: [(&str, &str, &str, usize); 12] = [
    ("none.auto.crash.exact-live.t1", "crashed", "crashed by SIGSEGV in iteration 5, phase execute", 4),
    ("none.auto.abort.exact-live.t1", "crashed", "crashed by SIGABRT in iteration 5, phase execute", 4),
    ("none.auto.exit.exact-live.t1", "exited", "exited with code 3 in iteration 5", 4),
    ("none.auto.garbage.exact-live.t1", "incompatible", "`[info] loading plugin...` is not a protocol line", 4),
    (
        "none.auto.hang.exact-live.t1",
        "timed-out",
        "an iteration took longer than 1s (--iteration-time) in iteration 5, phase execute",
        4,
    ),
    ("none.auto.out-of-memory.exact-live.t1", "out-of-memory", "memory allocation of 8388608 bytes failed", 4),
    ("none.auto.noise.no-allocator.t1", "incompatible", "arm `no-allocator` is not in force: malloc is owned by", 0),
    ("none.auto.noise.absent.t1", "skipped", "cannot read /nonexistent/liballocator.so", 0),
    ("absent.auto.recompile.exact-live.t1", "skipped", "cannot open the model `absent.onnx`", 0),
    ("random.auto.recompile.exact-live.t1", "failed", "rejects the model", 0),
    ("ppocr-cls.rten-map.truncate-recompile.exact-live.t1", "crashed", "crashed by SIGBUS in iteration 5", 4),
    ("none.auto.nothing.exact-live.t1", "finished", "finished", 28),
];

#[test]
fn every_outcome_is_a_row_with_its_evidence_and_the_next_case_runs() {
    let desk = Desk::new();
    desk.write("random.onnx", random_bytes(20_000));
    let ended = desk.suite(EVERY_OUTCOME, &[]).code(1);
    let rows = desk.verdicts();
    let order: Vec<&str> = rows.iter().map(|row| &row["case"]).collect();
    assert_eq!(order, EXPECTED.map(|(case, ..)| case), "a row a case, in the suite's order\n{}", ended.all());
    for (row, (case, outcome, evidence, samples)) in rows.iter().zip(EXPECTED) {
        assert_eq!(row["outcome"], *outcome, "{row:#?}");
        assert!(row["outcome_detail"].contains(evidence), "{row:#?}");
        assert!(row["sentence"].contains(evidence) || outcome == "finished", "{row:#?}");
        // A child that is asked to stop may do an iteration more before it hears of it.
        let kept = desk.samples(case).len();
        let is_kept = if outcome == "finished" { kept >= samples } else { kept == samples };
        assert!(is_kept, "what was measured before is kept: {case} has {kept} samples, not {samples}");
        assert_eq!(row["iterations"], kept.to_string(), "{row:#?}");
        assert_eq!(row["verdict"].is_empty(), outcome != "finished", "a failure has no verdict: {row:#?}");
        let chart = desk.path(format!("out/charts/{case}.svg"));
        assert_eq!(chart.exists(), samples > 0, "a chart of what was measured: {case}");
        assert!(ended.stdout.contains(&format!("{case}: ")), "{case} is told of\n{}", ended.all());
    }
    assert_eq!(desk.record()["exit_code"], 1);
}

/// The words that a crashed child leaves are what a person needs, not the frame of a stack trace.
#[test]
fn the_last_words_of_a_child_are_its_error() {
    let desk = Desk::new();
    let suite = r#"
        [[case]]
        workload = "out-of-memory"
        arm = "exact-live"
        memory = "1 GiB"
        resident = false
        expect = "out-of-memory"
    "#;
    desk.write("suite.toml", suite);
    for backtrace in ["0", "1"] {
        let out = format!("out-{backtrace}");
        let mut command = desk.highwater();
        command.args(["run", "suite.toml", "--out", &out]).env("RUST_BACKTRACE", backtrace);
        let ended = crate::ended::Ended::of(command).code(0).says("memory allocation of 8388608 bytes failed");
        assert!(!ended.stdout.contains("stack backtrace:"), "RUST_BACKTRACE={backtrace}\n{}", ended.all());
    }
}

#[test]
fn a_model_that_must_be_rejected_is_judged_like_any_work() {
    let desk = Desk::new();
    let suite = "[[case]]\nmodel = \"mlp-small\"\nworkload = \"reject\"\narm = \"exact-live\"\nresident = false\n";
    desk.suite(suite, &[]).code(0);
    let row = desk.verdict("mlp-small.auto.reject.exact-live.t1");
    assert_eq!((&row["outcome"], &row["verdict"]), ("finished", "stable"), "{row:#?}");
}

/// Truncation and rejection work on copies: the user's file must not be touched.
#[test]
fn faults_leave_the_model_file_alone() {
    let desk = Desk::new();
    let model = include_bytes!("../models/ppocr_cls.onnx");
    desk.write("mine.onnx", model);
    let suite = r#"
        iterations = 20
        [models.mine]
        file = "mine.onnx"
        inputs = { x = "f32[1,3,48,192]" }
        [workloads.truncate-recompile]
        base = "recompile"
        fault = { kind = "truncate", at = 2 }
        [[case]]
        model = "mine"
        runtime = ["rten", "rten-map"]
        workload = ["truncate-recompile", "reject"]
        arm = "exact-live"
        resident = false
        expect = ["crashed", "failed", "stable", "inconclusive"]
    "#;
    desk.suite(suite, &[]).code(0);
    assert_eq!(desk.verdicts().len(), 4);
    assert!(std::fs::read(desk.path("mine.onnx")).unwrap() == model, "the model's file was changed");
}

/// Planted: too little memory for the weights, which runtimes tell in order and in words of their own.
#[test]
fn a_runtime_without_memory_is_out_of_memory_and_not_at_fault() {
    let desk = Desk::new();
    let suite = r#"
        iterations = 20
        memory = "20 MB"
        [[case]]
        model = "mobilenet_v2"
        runtime = ["embedded", "rten"]
        workload = "recompile"
        arm = "exact-live"
        resident = false
        expect = "out-of-memory"
    "#;
    desk.suite(suite, &[]).code(0).says("2 cases: 2 as expected");
}

/// Replicates are fresh children: each has a row, and a fault in one does not spare the other.
#[test]
fn every_replicate_has_a_row() {
    let desk = Desk::new();
    let suite = r#"
        replicates = 2
        [[case]]
        workload = ["exit", "nothing"]
        arm = "exact-live"
        resident = false
        expect = ["exited", "stable"]
    "#;
    desk.suite(suite, &[]).code(0).says("4 cases: 4 as expected");
    let told = |row: &Row| (row["case"].to_owned(), row["replicate"].to_owned(), row["outcome"].to_owned());
    let rows: Vec<_> = desk.verdicts().iter().map(told).collect();
    for (case, outcome) in [("exit", "exited"), ("nothing", "finished")] {
        for replicate in ["1", "2"] {
            let row = (format!("none.auto.{case}.exact-live.t1"), replicate.to_owned(), outcome.to_owned());
            assert!(rows.contains(&row), "{row:?} is not among {rows:?}");
        }
    }
}

/// Bytes without any structure, the same in every run (xorshift of Marsaglia, 2003).
fn random_bytes(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}
