//! `phases`: table, CSV and charts of real work, and a row for whatever a process does instead.

use std::fs;

use nix::sys::signal::Signal;

use crate::desk::{Desk, Row};
use crate::process::Started;

const PHASES: [&str; 6] = ["start", "load", "prepare", "first", "warm-up", "steady"];

/// The rows of one process.
fn process<'a>(rows: &'a [Row], runtime: &str, threads: &str, process: &str) -> Vec<&'a Row> {
    let key = |row: &&Row| (&row["runtime"], &row["threads"], &row["process"]) == (runtime, threads, process);
    rows.iter().filter(key).collect()
}

#[test]
fn every_phase_of_every_cell_is_measured_in_a_process_of_its_own() {
    let desk = Desk::new();
    let what = ["phases", "--model", "ppocr-cls", "--runtime", "rten,rten-map", "--threads", "1,2"];
    let how = ["--runs", "3", "--warmup", "1", "--processes", "2", "--out", "out"];
    let ended = desk.run(&[&what[..], &how].concat()).code(0).says("medians of 2 processes").says("process start: ");
    let rows = desk.rows("out/phases.csv");
    assert_eq!(rows.len(), 2 * 2 * 2 * PHASES.len(), "{}", ended.all());
    let order: Vec<_> = rows.iter().map(|row| (row["process"].to_owned(), row["runtime"].to_owned())).collect();
    assert!(order.is_sorted_by_key(|(process, _)| process.clone()), "cells take turns: {order:?}");
    for (runtime, threads) in [("rten", "1"), ("rten", "2"), ("rten-map", "1"), ("rten-map", "2")] {
        for number in ["1", "2"] {
            let own = process(&rows, runtime, threads, number);
            assert!(own.iter().map(|row| &row["phase"]).eq(PHASES), "{own:#?}");
            own.iter().for_each(|row| check_levels(row));
            check_executions(&own);
        }
    }
    let record = desk.record();
    assert_eq!((&record["exit_code"], &record["cases"]), (&0.into(), &8.into()));
    let charts = ["phases-latency.png", "phases-latency.svg", "phases-memory.png", "phases-memory.svg"];
    assert_eq!(desk.names("out/charts"), charts);
}

/// What a level can and cannot be, on any machine.
fn check_levels(row: &Row) {
    assert_eq!((&row["outcome"], &row["outcome_detail"]), ("finished", ""));
    let number = |column: &str| row.number(column).unwrap_or_else(|| panic!("no {column} in {row:#?}"));
    let parts = number("rss_anon_bytes") + number("rss_file_bytes") + number("rss_shmem_bytes");
    assert_eq!(number("rss_bytes"), parts);
    assert!(row.number("hwm_bytes").is_none_or(|mark| mark >= parts), "{row:#?}");
    assert!(number("pss_bytes") <= parts * 1.02, "the parts of PSS are not added to it: {row:#?}");
    assert!(number("mappings") > 5.0 && number("process_threads") >= 1.0);
    assert_eq!((&row["poll_ticks"], &row["polled_rss_bytes"]), ("", ""), "nobody polled");
}

fn check_executions(rows: &[&Row]) {
    let runs: Vec<_> = rows.iter().map(|row| &row["runs"]).collect();
    assert_eq!(runs, ["0", "0", "0", "1", "1", "3"]);
    let steady = rows[5];
    let time = |column: &str| steady.number(column).unwrap_or_else(|| panic!("no {column} in {steady:#?}"));
    let columns = ["latency_min_ns", "latency_p5_ns", "latency_p50_ns", "latency_p90_ns", "latency_max_ns"];
    assert!(columns.map(time).is_sorted(), "{steady:#?}");
    assert_eq!(time("latency_p99_ns"), time("latency_max_ns"), "of three executions p99 is the longest");
    assert!(time("latency_max_ns") * 3.0 >= time("time_ns") && time("latency_min_ns") * 3.0 <= time("time_ns"));
    assert!(rows[..5].iter().all(|row| row["latency_p50_ns"].is_empty()));
    let weights = if &rows[1]["runtime"] == "rten" { 500_000.0 } else { 0.0 };
    let read = rows[1].number("read_calls_bytes").expect("this machine has /proc/self/io");
    assert!(read >= weights && read <= weights + 200_000.0, "copied weights are read, mapped ones are not: {read}");
}

#[test]
fn polling_stands_beside_the_marks_and_tells_its_cost() {
    let desk = Desk::new();
    // Phases of two milliseconds can pass without a look on a busy machine: this model takes long enough.
    let what = ["phases", "--model", "mlp-wide", "--runtime", "rten", "--runs", "200", "--out", "out"];
    let ended = desk.run(&[&what[..], &["--mem-poll", "100us"]].concat()).code(0);
    let ended = ended.says("polled").says("mem-poll every 0.1 ms: ");
    let rows = desk.rows("out/phases.csv");
    assert!(rows.iter().all(|row| &row["poll_period_us"] == "100" && !row["poll_ticks"].is_empty()), "{}", ended.all());
    let total = |column: &str| rows.iter().filter_map(|row| row.number(column)).sum::<f64>();
    assert!(total("poll_ticks") >= 1.0 && total("poll_cpu_ns") > 0.0, "{}", ended.all());
    for row in &rows {
        let marks = row.number("polled_rss_bytes").zip(row.number("hwm_bytes"));
        // VmHWM and statm may differ by what a few threads have not added up yet.
        assert!(marks.is_none_or(|(polled, mark)| polled <= mark + 1e6), "{row:#?}");
    }
}

/// Planted by the strategy: `embedded` holds 17 MB of weights twice while it loads, and once when it executes; mapped ones are
/// not there before they are packed.
#[test]
fn a_peak_that_is_gone_shows_in_its_own_phase_and_in_no_other() {
    let desk = Desk::new();
    let what = ["phases", "--model", "mlp-wide", "--runtime", "embedded,embedded-map-keep"];
    let ended = desk.run(&[&what[..], &["--runs", "2", "--out", "out"]].concat()).code(0);
    let rows = desk.rows("out/phases.csv");
    let level =
        |row: &Row, column: &str| row.number(column).unwrap_or_else(|| panic!("{row:#?}\n{}", ended.all())) / 1e6;
    let copied = process(&rows, "embedded", "1", "1");
    let (start, load, steady) = (copied[0], copied[1], copied[5]);
    assert!(level(load, "hwm_bytes") > level(load, "rss_bytes") + 12.0, "the file beside its copies: {load:#?}");
    assert!(level(steady, "hwm_bytes") < level(load, "hwm_bytes") - 8.0, "the mark is reset: {steady:#?}");
    assert!(level(load, "hwm_bytes") > level(start, "rss_bytes") + 30.0);
    let mapped = process(&rows, "embedded-map-keep", "1", "1");
    // A page that is read may bring 2 MB with it, where the page cache has them in one piece.
    assert!(level(mapped[1], "hwm_bytes") < level(mapped[0], "rss_bytes") + 12.0, "{:#?}", mapped[1]);
    assert!(level(mapped[5], "rss_file_bytes") > level(mapped[0], "rss_file_bytes") + 12.0, "{:#?}", mapped[5]);
    assert!(ended.stderr.contains("mlp-wide in embedded: weights: "), "{}", ended.all());
}

/// Executions of a profile are steps of the pool, which would otherwise wait for ever under the name of its arm.
#[test]
fn a_step_pool_serves_a_profile_too() {
    let desk = Desk::new();
    let what = ["phases", "--model", "mobilenet_v2", "--runtime", "rten", "--arm", "step-pool-early"];
    let ended = desk.run(&[&what[..], &["--warmup", "20", "--runs", "3", "--out", "out"]].concat()).code(0);
    let note =
        ended.stderr.lines().find(|line| line.contains("step pool: ")).unwrap_or_else(|| panic!("{}", ended.all()));
    assert!(note.contains(" hits, 0 misses") && !note.contains("; 0 hits"), "{note}");
}

#[test]
fn what_cannot_run_is_a_row_with_its_reason() {
    let desk = Desk::new();
    desk.write("garbage.onnx", [0xff; 5000]);
    let run = ["--runs", "2", "--warmup", "0", "--out", "out"];
    let ended =
        desk.run(&[&["phases", "--model", "garbage.onnx", "--runtime", "rten,rten-map"], &run[..]].concat()).code(1);
    let rows = desk.rows("out/phases.csv");
    for runtime in ["rten", "rten-map"] {
        let own = process(&rows, runtime, "1", "1");
        assert_eq!((own.len(), &own[0]["phase"]), (2, "start"), "{}", ended.all());
        assert_eq!((&own[1]["outcome"], &own[1]["phase"]), ("failed", "load"), "{own:#?}");
        assert!(own[1]["outcome_detail"].contains("rejects the model"), "{own:#?}");
        assert!(
            ended.stdout.contains(&format!("{runtime} with 1 thread: failed in load: rten rejects")),
            "{}",
            ended.all()
        );
    }
    ended.says("again: highwater phases --model garbage.onnx --runtime rten --threads 1");
    assert_eq!(desk.record()["exit_code"], 1);
}

/// Planted: an address space that holds the model's file but not a second copy of its weights.
#[test]
fn a_process_that_dies_in_prepare_says_how() {
    let desk = Desk::new();
    desk.run(&["model", "mlp:layers=6,width=2048,batch=1", "--out", "wide.onnx"]).code(0);
    let what = ["phases", "--model", "wide.onnx", "--runtime", "rten-map", "--runs", "1", "--out", "out"];
    let ended = desk.run(&[&what[..], &["--memory", "200 MB"]].concat()).code(1);
    let rows = desk.rows("out/phases.csv");
    let own = process(&rows, "rten-map", "1", "1");
    assert!(own.iter().map(|row| &row["phase"]).eq(["start", "load", "prepare"]), "{}", ended.all());
    assert_eq!((&own[1]["outcome"], &own[2]["outcome"]), ("finished", "out-of-memory"), "{own:#?}");
    assert!(own[2]["outcome_detail"].contains("memory allocation of") && own[2]["rss_bytes"].is_empty(), "{own:#?}");
    ended.says("out-of-memory in prepare: ").says("--memory 200000000");
}

#[test]
fn bad_usage_is_refused_before_anything_runs() {
    let desk = Desk::new();
    let refused = |arguments: &[&str], part: &str| {
        let ended = desk.run(&[&["phases"], arguments, &["--out", "refused"]].concat()).code(2).quietly();
        assert_eq!(desk.names("refused"), [""; 0], "{}", ended.all());
        ended.complains(part);
    };
    refused(&["--model", "nosuch.onnx"], "`nosuch.onnx` is not a file");
    refused(&["--model", "mobilnet_v2"], "did you mean `mobilenet_v2`?");
    refused(&["--model", "none"], "needs a model");
    refused(&["--model", "mlp-small+ppocr-cls"], "is a sequence");
    refused(&["--model", "mlp-small", "--runtime", "rten,rtn"], "did you mean `rten`?");
    refused(&["--model", "mlp-small", "--arm", "jemaloc"], "did you mean `jemalloc`?");
    refused(&["--model", "mlp-small", "--arm", "trim"], "`trim` trims after iterations, and a profile has none");
    refused(&["--model", "mlp-small", "--threads", "0"], "from 1");
    refused(&["--model", "mlp-small", "--processes", "0"], "--processes");
    refused(&["--model", "mlp-small", "--runs", "0"], "--runs");
    refused(&["--model", "mlp-small", "--mem-poll", "1ns"], "not between 100us and 10s");
    refused(&["--model", "mlp-small", "--memory", "12 parsecs"], "parsecs");
    refused(&["--model", "mlp-small", "--runtime", "openvino", "--library", "lib.so"], "--library: there is no file");
    refused(&["--model", "mlp-small", "--runtime", "rten", "--option", "a=b"], "--option: `rten` is inside highwater");
}

#[test]
fn a_list_of_cells_runs_nothing() {
    let desk = Desk::new();
    let told = desk.run(&["phases", "--list", "--threads", "1,2", "--out", "out"]).code(0);
    assert!(
        told.stdout.contains("\nrten, 2 threads: ") && told.stdout.contains("inception_v3-external"),
        "{}",
        told.all()
    );
    assert_eq!(desk.names(""), ["tmp"], "nothing was made");
}

#[test]
fn a_report_tells_the_profile_again_from_its_rows_alone() {
    let desk = Desk::new();
    let what = ["phases", "--model", "mlp-small", "--runtime", "rten,rten-map", "--runs", "2", "--out", "out"];
    let ran = desk.run(&what).code(0);
    fs::remove_dir_all(desk.path("out/charts")).unwrap();
    fs::remove_file(desk.path("out/run.json")).unwrap();
    let told = desk.run(&["report", "out"]).code(0).says("2 charts: out/charts");
    let table = |text: &str| {
        let start = text.find("───").unwrap_or_else(|| panic!("no table in {text}"));
        let end = text.rfind("───").map_or(text.len(), |end| end);
        text[start..end].to_owned()
    };
    assert_eq!(table(&told.stdout), table(&ran.stdout));
    assert_eq!(desk.names("out/charts").len(), 4);
    desk.run(&what).code(2).complains("holds a run already");
}

/// Ctrl-C: the phases that were over are on disk, the rest is a row.
#[test]
fn an_interrupt_keeps_what_was_measured() {
    let desk = Desk::new();
    let mut command = desk.highwater();
    command.args(["phases", "--model", "mlp-small", "--runtime", "rten", "--runs", "1000000", "--out", "out"]);
    let mut started = Started::of(command, &desk);
    started.until("the first phases", || {
        fs::read_to_string(desk.path("out/phases.csv")).is_ok_and(|text| text.contains(",warm-up,"))
    });
    started.signal(Signal::SIGINT);
    let ended = started.end().code(130).complains("interrupted; what was measured lies in out");
    let rows = desk.rows("out/phases.csv");
    assert!(
        rows.len() == 6 && &rows[5]["outcome"] == "interrupted" && &rows[5]["phase"] == "steady",
        "{}",
        ended.all()
    );
    assert_eq!(desk.record()["exit_code"], 130);
}
