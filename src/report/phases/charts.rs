//! The charts of a profile: what each strategy needs in each phase, and how long its executions take.

use std::path::Path;

use super::cell::{PhaseCell, measured_processes};
use super::remarks::in_milliseconds;
use crate::report::chart::{self, Bar, BarsChart, BarsRow, ChartError, Tone};
use crate::sample::ProfiledPhase::{First, Load, Prepare, Start, Steady};
use crate::units::signed_bytes;

/// Draws `phases-memory` and `phases-latency` into `folder`; gives the number of charts.
///
/// # Errors
/// If a chart cannot be drawn or written.
pub fn draw_phases(model: &str, cells: &[PhaseCell], folder: &Path) -> Result<usize, ChartError> {
    let names = names(cells);
    chart::write(&memory(model, cells, &names)?, &folder.join("phases-memory"))?;
    chart::write(&latency(model, cells, &names)?, &folder.join("phases-latency"))?;
    Ok(2)
}

/// What a row is called: the runtime, and where they differ, its threads.
fn names(cells: &[PhaseCell]) -> Vec<String> {
    let sweeps = cells.iter().any(|cell| cell.threads != cells[0].threads);
    let name = |cell: &PhaseCell| match (sweeps, cell.threads) {
        (false, _) => cell.runtime.clone(),
        (true, 1) => format!("{}, 1 thread", cell.runtime),
        (true, threads) => format!("{}, {threads} threads", cell.runtime),
    };
    cells.iter().map(name).collect()
}

/// A row of `bars`, with how the cell ended if it did not come to its end.
fn row(cell: &PhaseCell, name: &str, bars: Vec<Bar>) -> BarsRow {
    let note = match cell.failures.first() {
        Some(failure) => format!("{} in {}", failure.outcome, failure.phase),
        None if bars.is_empty() => "not measured".into(),
        None => String::new(),
    };
    BarsRow { name: name.to_owned(), bars, note }
}

/// What several processes and executions are summed up by.
fn summary(cells: &[PhaseCell]) -> String {
    match measured_processes(cells) {
        0 | 1 => String::new(),
        processes => format!("; medians of {processes} processes"),
    }
}

fn memory(model: &str, cells: &[PhaseCell], names: &[String]) -> Result<String, ChartError> {
    let legend = [
        (Tone::Load, "highest in LOAD"),
        (Tone::Prepare, "highest in PREPARE"),
        (Tone::Anon, "at the end of EXECUTE: anonymous"),
        (Tone::File, "of files"),
    ];
    let rows: Vec<BarsRow> = cells.iter().zip(names).map(|(cell, name)| row(cell, name, levels(cell))).collect();
    let start = cells.iter().filter_map(|cell| cell.median(Start, |row| row.rss_bytes)).reduce(f64::min);
    let told = start.map(|level| format!("process start, {}", signed_bytes(level)));
    let base = start.zip(told.as_deref());
    let sentence = format!(
        "Resident memory: the high-water mark of LOAD and of PREPARE, reset before each, and the level after the last \
         execution{}.",
        summary(cells)
    );
    let title = format!("{model}: memory by phase");
    chart::bars_chart(&BarsChart { title: &title, sentence: &sentence, legend: &legend, base, rows: &rows })
}

/// The bars of memory of one cell.
fn levels(cell: &PhaseCell) -> Vec<Bar> {
    let mut bars = Vec::new();
    for (label, phase, tone) in [("LOAD", Load, Tone::Load), ("PREPARE", Prepare, Tone::Prepare)] {
        // Where the mark cannot be reset, the level at the end is what is known.
        let highest = cell.median(phase, |row| row.hwm_bytes.or(row.rss_bytes));
        bars.extend(highest.map(|bytes| bar(label, vec![(bytes, tone)], signed_bytes(bytes))));
    }
    if let Some(all) = cell.median(Steady, |row| row.rss_bytes) {
        let file = cell.median(Steady, |row| row.rss_file_bytes).unwrap_or(0.0).min(all);
        let parts = vec![(all - file, Tone::Anon), (file, Tone::File)];
        let text = format!("{} ({} of files)", signed_bytes(all), signed_bytes(file));
        bars.push(bar("EXECUTE", parts, text));
    }
    bars
}

fn latency(model: &str, cells: &[PhaseCell], names: &[String]) -> Result<String, ChartError> {
    let legend = [(Tone::First, "first execution"), (Tone::Steady, "steady: median, whisker 5 % to 95 %")];
    let rows: Vec<BarsRow> = cells.iter().zip(names).map(|(cell, name)| row(cell, name, times(cell))).collect();
    let sentence =
        format!("Time of one execution: the first after PREPARE, and those after warm-up{}.", summary(cells));
    let title = format!("{model}: latency");
    chart::bars_chart(&BarsChart { title: &title, sentence: &sentence, legend: &legend, base: None, rows: &rows })
}

/// The bars of time of one cell.
fn times(cell: &PhaseCell) -> Vec<Bar> {
    let first = cell.median(First, |row| row.time_ns);
    let steady = cell.median(Steady, |row| row.latency_p50_ns);
    let whisker = cell.median(Steady, |row| row.latency_p5_ns).zip(cell.median(Steady, |row| row.latency_p95_ns));
    let told = |time: f64| format!("{} ms", in_milliseconds(time));
    let first = first.map(|time| bar("first", vec![(time, Tone::First)], told(time)));
    let steady = steady.map(|time| Bar { whisker, ..bar("steady", vec![(time, Tone::Steady)], told(time)) });
    first.into_iter().chain(steady).collect()
}

fn bar(label: &'static str, parts: Vec<(f64, Tone)>, text: String) -> Bar {
    Bar { label, parts, whisker: None, text }
}
