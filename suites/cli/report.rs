//! `report`: a run is drawn again from its CSV files alone.

use std::fs;

use crate::desk::Desk;

/// The table: lines from the first rule to the last.
fn table(text: &str) -> Vec<&str> {
    let is_rule = |line: &&str| line.starts_with('─');
    let lines: Vec<&str> = text.lines().collect();
    let first = lines.iter().position(is_rule).unwrap_or_default();
    let last = lines.iter().rposition(is_rule).unwrap_or_default();
    lines[first..=last].to_vec()
}

#[test]
fn a_report_draws_a_run_again() {
    let desk = Desk::new();
    let suite = r#"
        iterations = 45
        [[case]]
        model = "mlp-small"
        workload = "recompile"
        arm = ["exact-live", "jemalloc"]
        [[case]]
        workload = "crash"
        arm = "exact-live"
        expect = "crashed"
    "#;
    let ran = desk.suite(suite, &[]);
    let charts = desk.names("out/charts");
    for case in ["mlp-small.auto.recompile.exact-live.t1", "mlp-small.auto.recompile.jemalloc.t1"] {
        for kind in ["svg", "png"] {
            assert!(charts.contains(&format!("{case}.{kind}")), "{charts:?}\n{}", ran.all());
        }
    }
    let verdicts = desk.read("out/verdicts.csv");
    let samples = desk.read("out/samples.csv");
    fs::remove_dir_all(desk.path("out/charts")).unwrap();
    fs::remove_file(desk.path("out/run.json")).unwrap();

    let told = desk.run(&["report", "out"]).code(0).says("charts: out/charts");
    assert_eq!(desk.names("out/charts"), charts, "the same charts");
    assert_eq!(table(&told.stdout), table(&ran.stdout), "the same table");
    assert!(table(&told.stdout).len() == 7, "three rows within three rules and a header\n{}", told.all());
    assert_eq!(desk.read("out/verdicts.csv"), verdicts, "nothing recorded is changed");
    assert_eq!(desk.read("out/samples.csv"), samples, "nothing recorded is changed");

    let count = |name: &str| fs::metadata(desk.path("out/charts").join(name)).unwrap().len();
    assert!(charts.iter().all(|name| count(name) > 500), "no chart is empty");
}

/// The words beside the table are those of the run.
#[test]
fn a_report_tells_each_case_as_the_run_did() {
    let desk = Desk::new();
    let suite = r#"
        iterations = 30
        [[case]]
        workload = ["nothing", "exit"]
        arm = "exact-live"
        resident = false
        expect = ["stable", "exited"]
    "#;
    let ran = desk.suite(suite, &[]).code(0);
    let told = desk.run(&["report", "out"]).code(0);
    for row in desk.verdicts() {
        let lines = format!("{}: {}\n    {}\n", &row["case"], word(&row["verdict"], &row["outcome"]), &row["sentence"]);
        assert!(ran.stdout.contains(&lines), "{lines}\n{}", ran.all());
        assert!(told.stdout.contains(&lines), "{lines}\n{}", told.all());
    }
}

fn word<'a>(verdict: &'a str, outcome: &'a str) -> &'a str {
    if verdict.is_empty() { outcome } else { verdict }
}

#[test]
fn a_folder_that_is_no_run_is_refused() {
    let desk = Desk::new();
    fs::create_dir(desk.path("empty")).unwrap();
    for folder in ["empty", "absent"] {
        let told = desk.run(&["report", folder]).code(2).quietly();
        told.complains(&format!("{folder}: it holds no samples.csv: give the directory of a run"));
    }
    assert_eq!(desk.names("empty"), [""; 0], "nothing was made there");
}

#[test]
fn a_spoilt_file_is_told_by_line_and_column() {
    let desk = Desk::new();
    fs::create_dir(desk.path("out")).unwrap();
    desk.write("out/samples.csv", "case,replicate,iteration,live_bytes\nx,1,1,12\nx,1,2,many\n");
    desk.write("out/verdicts.csv", "case,role,replicate\nx,case,1\n");
    let ended = desk.run(&["report", "out"]).code(2);
    ended.complains("out/samples.csv: line 3: `many` in column `live_bytes` is not a whole number");
}
