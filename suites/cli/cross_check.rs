//! A small leak in glibc's count is counted once more, by jemalloc.

use crate::desk::Desk;
use crate::ended::Ended;

const SUITE: &str = r#"
    core = false
    counterfactual = 0
    [[case]]
    model = "mlp-small"
    workload = "recompile-leak-64"
    arm = ["glibc", "mimalloc"]
    expect = "leak"
    [[case]]
    model = "mlp-small"
    workload = "recompile-rounding"
    arm = ["exact-live", "trim"]
    expect = ["stable", "plateau", "inconclusive"]
"#;

#[test]
fn what_jemalloc_counts_too_is_a_leak_and_what_it_does_not_is_none() {
    let desk = Desk::new();
    desk.suite(SUITE, &[]).code(0).says("4 as expected").says("recompile-rounding.t1, by jemalloc's count: stable");
    for row in desk.verdicts() {
        let is_leak = row["workload"].contains("leak");
        let (verdict, checked) = if is_leak { ("leak", "confirmed") } else { ("stable", "refuted") };
        assert_eq!((&row["live_verdict"], &row["cross_check"]), (verdict, checked), "{row:#?}");
        // Resident memory is judged where the leak was refuted, and takes all iterations.
        assert_eq!(row["iterations"], *if is_leak { "112" } else { "120" }, "{row:#?}");
        let is_by_jemalloc = row["sentence"].contains("by jemalloc's count (");
        assert_eq!(is_by_jemalloc, !is_leak, "{row:#?}");
        assert_eq!(row["cross_check_rate_bytes_per_iteration"], *if is_leak { "64.0" } else { "0.0" }, "{row:#?}");
    }
    let roles = |role: &str| desk.rows("out/verdicts.csv").iter().filter(|row| row["role"] == *role).count();
    // One for each work; the second work has its probe as a case. jemalloc's count is tried before it is believed.
    assert_eq!((roles("cross-check"), roles("probe")), (2, 1));
    assert_eq!(desk.verdict("control.auto.recompile-leak-64.jemalloc-exact.t1")["verdict"], *"leak");
}

/// Planted: a cache that nothing can be preloaded from.
#[test]
fn where_jemalloc_cannot_be_asked_the_leak_stands_and_says_so() {
    let desk = Desk::new();
    desk.write("suite.toml", SUITE.replace("mimalloc", "arena-max-1").replace("\"stable\", ", "\"leak\", "));
    let mut command = desk.highwater();
    command.args(["run", "suite.toml", "--out", "out"]).env("HIGHWATER_CACHE", desk.path("a cache"));
    Ended::of(command).code(0).says("is not possible, and glibc's count stands: ").says("(not cross-checked)");
    let row = desk.verdict("mlp-small.auto.recompile-rounding.trim.t1");
    assert_eq!((&row["cross_check"], &row["verdict"]), ("absent", "leak"), "{row:#?}");
    assert!(row["cross_check_reason"].contains("HIGHWATER_CACHE"), "{row:#?}");
}

/// Planted: a second count that shows no leak anywhere.
#[test]
fn a_second_count_that_shows_no_planted_leak_refutes_nothing() {
    let desk = Desk::new();
    let suite = SUITE.replace("mimalloc", "arena-max-1").replace("\"stable\", ", "\"leak\", ");
    desk.suite(&suite, &["--sabotage", "second-count"]).code(0).says("its count does not show a planted leak either");
    let row = desk.verdict("mlp-small.auto.recompile-rounding.trim.t1");
    assert_eq!((&row["cross_check"], &row["verdict"]), ("absent", "leak"), "{row:#?}");
    assert_eq!(desk.verdict("mlp-small.auto.recompile-leak-64.glibc.t1")["cross_check"], *"confirmed");
}
