//! What a person reads, from made-up rows.

use super::*;
use crate::sample::{PhaseFigures, ProfiledPhase};

const MB: u64 = 1_000_000;

/// A process whose phases need `sizes` of LOAD, PREPARE and EXECUTE, in MB.
fn process(runtime: &str, threads: u32, number: u32, sizes: [u64; 3]) -> Vec<PhaseRow> {
    let base = PhaseRow {
        model: "inception_v3-external".into(),
        runtime: runtime.into(),
        arm: "glibc".into(),
        threads,
        process: number,
        outcome: "finished".into(),
        ..PhaseRow::default()
    };
    let [load, prepare, execute] = sizes;
    let figures = |phase, runs, milliseconds: u64, resident: u64| PhaseFigures {
        phase,
        runs,
        time_ns: Some(milliseconds * 1_000_000),
        rss_bytes: Some(resident * MB),
        rss_anon_bytes: Some(resident * MB - 2 * MB),
        rss_file_bytes: Some(2 * MB),
        hwm_bytes: Some((resident + 5) * MB),
        pss_bytes: Some(resident * MB - MB / 2),
        minor_faults: Some(resident * 244),
        major_faults: Some(0),
        read_calls_bytes: Some(load * MB / 2),
        storage_bytes: Some(0),
        ..PhaseFigures::default()
    };
    let times: Vec<u64> = (1..=20).map(|run| 60_000_000 + run * 100_000).collect();
    vec![
        base.with(&PhaseFigures { time_ns: None, ..figures(ProfiledPhase::Start, 0, 0, 6) }, &[]),
        base.with(&figures(ProfiledPhase::Load, 0, 42, load), &[]),
        base.with(&figures(ProfiledPhase::Prepare, 0, 289, prepare), &[]),
        base.with(&figures(ProfiledPhase::First, 1, 812, execute), &[]),
        base.with(&figures(ProfiledPhase::WarmUp, 3, 190, execute), &[]),
        base.with(&figures(ProfiledPhase::Steady, 20, 1221, execute), &times),
    ]
}

fn all(cells: &[PhaseCell]) -> String {
    let model = "inception_v3-external";
    let mut text = phases_table(cells, false);
    for line in remarks(cells).into_iter().chain(polling_line(cells)).chain(reference_table(model, cells, false)) {
        text.push('\n');
        text.push_str(&line);
    }
    // Editors and reviewers take blanks at the end of lines away.
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_table_of_the_seed_stands_beside_ours() {
    let rows = [
        process("embedded", 1, 1, [104, 120, 118]),
        process("embedded-eager", 1, 1, [104, 109, 118]),
        process("embedded-map-keep", 1, 1, [7, 205, 214]),
        process("embedded-map-tensor", 1, 1, [7, 110, 118]),
        process("rten", 1, 1, [103, 104, 131]),
    ];
    insta::assert_snapshot!(all(&cells(&rows.concat())));
}

#[test]
fn threads_polls_processes_and_failures_have_their_place() {
    let mut rows: Vec<PhaseRow> = Vec::new();
    for (number, more) in [(1, 0), (2, 10), (3, 2)] {
        rows.extend(process("rten", 1, number, [100 + more, 110, 120]));
    }
    let mut ended = process("rten", 2, 1, [100, 110, 120]);
    ended.truncate(2);
    let last = ended[1].ended(ProfiledPhase::Prepare, "out-of-memory", "memory allocation of 8 bytes failed");
    let last = PhaseRow { rss_bytes: None, hwm_bytes: None, time_ns: None, ..last };
    ended.push(last);
    rows.extend(ended);
    for row in &mut rows {
        row.poll_period_us = Some(5000);
        row.poll_ticks = row.time_ns.map(|time| time / 5_000_000);
        row.poll_cpu_ns = row.poll_ticks.map(|ticks| ticks * 9_100);
        row.polled_rss_bytes = row.rss_bytes.filter(|_| row.poll_ticks > Some(10));
    }
    insta::assert_snapshot!(all(&cells(&rows)));
}

#[test]
fn charts_are_drawn_of_whatever_was_measured() {
    let folder = tempfile::tempdir().unwrap();
    let failed = PhaseRow { runtime: "rten".into(), threads: 1, process: 1, ..PhaseRow::default() };
    let failed = vec![failed.ended(ProfiledPhase::Start, "crashed", "crashed by SIGSEGV")];
    for rows in [vec![], failed.clone(), [failed, process("embedded", 2, 1, [104, 120, 118])].concat()] {
        assert_eq!(draw_phases("net", &cells(&rows), folder.path()).unwrap(), 2);
    }
    for name in ["phases-memory.svg", "phases-memory.png", "phases-latency.svg", "phases-latency.png"] {
        assert!(std::fs::metadata(folder.path().join(name)).unwrap().len() > 500, "{name}");
    }
}

#[test]
fn a_process_is_told_in_a_line() {
    let cells = cells(&process("rten", 1, 1, [104, 120, 118]));
    assert_eq!(line(&cells[0]), "LOAD 104 MB, PREPARE 120 MB, EXECUTE 118 MB; first 812 ms, median 61.0 ms");
}
