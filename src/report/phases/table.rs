//! The table of a profile: one row a runtime and thread count, its phases from left to right.

use comfy_table::{Cell, Table};

use super::cell::PhaseCell;
use super::reference::{Published, published_for};
use super::remarks::in_milliseconds;
use super::row::PhaseRow;
use crate::report::tables::{number, plain};
use crate::report::words::thousands;
use crate::sample::ProfiledPhase::{First, Load, Prepare, Steady, WarmUp};

/// All that is executed.
const EXECUTE: [crate::sample::ProfiledPhase; 3] = [First, WarmUp, Steady];

/// From the file to the first result.
const TO_FIRST_RESULT: [crate::sample::ProfiledPhase; 3] = [Load, Prepare, First];

/// What `/proc` and onert call kB.
const KERNEL_KB: f64 = 1024.0;

/// The table of all cells; as wide as it needs to be unless on a terminal.
pub fn phases_table(cells: &[PhaseCell], terminal: bool) -> String {
    let sweeps = cells.iter().any(|cell| cell.threads != cells[0].threads);
    let polls = cells.iter().any(is_polled);
    let fails = cells.iter().any(|cell| !cell.failures.is_empty());
    let mut table = plain(terminal);
    let mut header = vec!["\nruntime".to_owned()];
    header.extend(sweeps.then(|| "\nthreads".to_owned()));
    for phase in ["LOAD", "PREPARE"] {
        header.extend([format!("{phase}\nrss"), "\nhwm".into()]);
        header.extend(polls.then(|| "\npolled".to_owned()));
        header.push("\nms".into());
    }
    header.extend(["EXECUTE\nrss (anon+file)".to_owned(), "\nhwm".into()]);
    header.extend(polls.then(|| "\npolled".to_owned()));
    header.extend(["\npss", "first\nms", "p50\nms", "p99\nms"].map(str::to_owned));
    header.extend(["faults\nto first", "faults\na run", "read()\nMB", "disk\nMB"].map(str::to_owned));
    header.extend(fails.then(|| "\noutcome".to_owned()));
    table.set_header(heads(&header, 1));
    for cell in cells {
        table.add_row(row(cell, sweeps, polls, fails));
    }
    table.to_string()
}

/// Heads of columns: behind the first `named` they stand over numbers.
fn heads(texts: &[String], named: usize) -> Vec<Cell> {
    let head = |(index, text): (usize, &String)| if index < named { Cell::new(text) } else { number(text.clone()) };
    texts.iter().enumerate().map(head).collect()
}

fn row(cell: &PhaseCell, sweeps: bool, polls: bool, fails: bool) -> Vec<Cell> {
    let mut row = vec![Cell::new(&cell.runtime)];
    row.extend(sweeps.then(|| number(cell.threads.to_string())));
    for phase in [Load, Prepare] {
        row.extend([
            megabytes(cell.median(phase, |row| row.rss_bytes)),
            megabytes(cell.median(phase, |row| row.hwm_bytes)),
        ]);
        row.extend(polls.then(|| megabytes(cell.median(phase, |row| row.polled_rss_bytes))));
        row.push(milliseconds(cell.median(phase, |row| row.time_ns)));
    }
    row.extend([number(resident(cell)), megabytes(cell.over(&EXECUTE, |row| row.hwm_bytes, u64::max))]);
    // A phase that is shorter than the period has no polled value, and the others speak for it.
    let polled = |row: &PhaseRow| row.poll_ticks.map(|_| row.polled_rss_bytes.unwrap_or(0));
    let polled = cell.over(&EXECUTE, polled, u64::max).filter(|highest| *highest > 0.0);
    row.extend(polls.then(|| megabytes(polled)));
    row.extend([
        megabytes(cell.median(Steady, |row| row.pss_bytes)),
        milliseconds(cell.median(First, |row| row.time_ns)),
        milliseconds(cell.median(Steady, |row| row.latency_p50_ns)),
        milliseconds(cell.median(Steady, |row| row.latency_p99_ns)),
        count(cell.over(&TO_FIRST_RESULT, faults, u64::saturating_add)),
        count(faults_a_run(cell)),
        megabytes(cell.over(&TO_FIRST_RESULT, |row| row.read_calls_bytes, u64::saturating_add)),
        megabytes(cell.over(&TO_FIRST_RESULT, |row| row.storage_bytes, u64::saturating_add)),
    ]);
    row.extend(fails.then(|| Cell::new(outcome(cell))));
    row
}

fn is_polled(cell: &PhaseCell) -> bool {
    cell.rows().iter().any(|row| row.poll_ticks.is_some())
}

/// `93.1 (91.0+2.1)`: resident memory at the end of all executions, and what it is made of.
fn resident(cell: &PhaseCell) -> String {
    let at_end = |figure: fn(&PhaseRow) -> Option<u64>| cell.median(Steady, figure).map(|bytes| bytes / 1e6);
    match (at_end(|row| row.rss_bytes), at_end(|row| row.rss_anon_bytes), at_end(|row| row.rss_file_bytes)) {
        (Some(all), Some(anon), Some(file)) => format!("{all:.1} ({anon:.1}+{file:.1})"),
        (Some(all), ..) => format!("{all:.1}"),
        (None, ..) => "–".into(),
    }
}

fn faults(row: &PhaseRow) -> Option<u64> {
    row.minor_faults?.checked_add(row.major_faults?)
}

fn faults_a_run(cell: &PhaseCell) -> Option<f64> {
    let runs = cell.runs(Steady).filter(|runs| *runs > 0)?;
    Some(cell.median(Steady, faults)? / runs as f64)
}

fn outcome(cell: &PhaseCell) -> String {
    match cell.failures.as_slice() {
        [] => "finished".into(),
        [failure, ..] if cell.processes == 1 => format!("{} in {}", failure.outcome, failure.phase),
        failures => format!("{} of {} failed", failures.len(), cell.processes),
    }
}

fn megabytes(bytes: Option<f64>) -> Cell {
    number(bytes.map_or_else(|| "–".into(), |bytes| format!("{:.1}", bytes / 1e6)))
}

fn milliseconds(nanoseconds: Option<f64>) -> Cell {
    number(nanoseconds.map_or_else(|| "–".into(), in_milliseconds))
}

fn count(value: Option<f64>) -> Cell {
    number(match value {
        None => "–".into(),
        Some(value) if value > 0.0 && value < 10.0 => format!("{value:.1}"),
        Some(value) => thousands(value),
    })
}

/// Published figures of the same model beside ours; `None` where there are none for it.
pub fn reference_table(model: &str, cells: &[PhaseCell], terminal: bool) -> Option<String> {
    let published = published_for(model)?;
    let mut table = plain(terminal);
    let mut header = vec!["\nruntime".to_owned(), "\nthreads".to_owned(), format!("\n{}", published.project)];
    for title in ["LOAD rss", "LOAD hwm", "PREPARE rss", "EXECUTE rss"] {
        header.extend([format!("{title}\nthere"), "\nhere".into()]);
    }
    table.set_header(heads(&header, 3));
    let rows = add_reference_rows(&mut table, published, cells);
    (rows > 0).then(|| format!("{table}\n{}", published.note))
}

fn add_reference_rows(table: &mut Table, published: &Published, cells: &[PhaseCell]) -> usize {
    let known = |cell: &PhaseCell| published.variants.iter().find(|variant| variant.runtime == cell.runtime);
    let mut rows = 0;
    for (cell, variant) in cells.iter().filter_map(|cell| Some((cell, known(cell)?))) {
        let here = |bytes: Option<f64>| number(bytes.map_or_else(|| "–".into(), |bytes| thousands(bytes / KERNEL_KB)));
        let there = |kb: Option<u64>| number(kb.map_or_else(|| "–".into(), |kb| thousands(kb as f64)));
        let [load, prepare, execute] = variant.rss_kb;
        table.add_row(vec![
            Cell::new(&cell.runtime),
            number(cell.threads.to_string()),
            Cell::new(variant.name),
            there(Some(load)),
            here(cell.median(Load, |row| row.rss_bytes)),
            there(variant.load_hwm_kb),
            here(cell.median(Load, |row| row.hwm_bytes)),
            there(Some(prepare)),
            here(cell.median(Prepare, |row| row.rss_bytes)),
            there(Some(execute)),
            here(cell.median(Steady, |row| row.rss_bytes)),
        ]);
        rows += 1;
    }
    rows
}
