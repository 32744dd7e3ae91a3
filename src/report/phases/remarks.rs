//! The sentences around the table of a profile.

use super::cell::{PhaseCell, measured_processes};
use super::row::PhaseRow;
use crate::report::words::{percent, thousands};
use crate::sample::ProfiledPhase::{First, Load, Prepare, Start, Steady, WarmUp};
use crate::units::signed_bytes;

/// Nanoseconds as milliseconds with three significant digits.
pub(super) fn in_milliseconds(nanoseconds: f64) -> String {
    match nanoseconds / 1e6 {
        ms if ms >= 100.0 => thousands(ms),
        ms if ms >= 10.0 => format!("{ms:.1}"),
        ms if ms >= 1.0 => format!("{ms:.2}"),
        ms => format!("{ms:.3}"),
    }
}

/// What has to be known to read the table: sizes, the process's own level, numbers of executions, and every failure.
pub fn remarks(cells: &[PhaseCell]) -> Vec<String> {
    let processes = measured_processes(cells);
    let medians = if processes > 1 { format!(", medians of {processes} processes") } else { String::new() };
    let mut lines = vec![format!(
        "sizes in MB of 1,000,000 bytes{medians}; faults and bytes read up to the first result, minor and major"
    )];
    if let Some(cell) = cells.iter().find(|cell| cell.is_measured()) {
        let (warmup, runs) = (cell.runs(WarmUp).unwrap_or(0), cell.runs(Steady).unwrap_or(0));
        lines.push(format!(
            "process start: {}, in all figures; EXECUTE: the level after the first, {warmup} warm-up and {runs} timed \
             executions, and the highest mark of all of them",
            start_level(cells)
        ));
        if runs < 100 {
            lines.push(format!("p99 of {runs} executions is the longest of them: percentiles are of the nearest rank"));
        }
    }
    lines.extend(cells.iter().flat_map(failures));
    lines
}

/// Resident memory of the processes before their model's turn.
fn start_level(cells: &[PhaseCell]) -> String {
    let levels = cells.iter().filter_map(|cell| cell.median(Start, |row| row.rss_bytes));
    let (low, high) = levels.fold((f64::INFINITY, 0.0), |(low, high), level| (level.min(low), level.max(high)));
    match (signed_bytes(low), signed_bytes(high)) {
        _ if high == 0.0 => "not known here".into(),
        (low, high) if low == high => low,
        (low, high) => format!("{low} to {high}"),
    }
}

/// How each process of a cell ended that did not come to its end.
fn failures(cell: &PhaseCell) -> impl Iterator<Item = String> {
    let thread = if cell.threads == 1 { "thread" } else { "threads" };
    cell.failures.iter().map(move |failure| {
        let process = if cell.processes > 1 { format!(", process {}", failure.process) } else { String::new() };
        format!(
            "{} with {} {thread}{process}: {} in {}: {}",
            cell.runtime, cell.threads, failure.outcome, failure.phase, failure.detail
        )
    })
}

/// One process in a line: how much it took and how long, or how it ended.
pub fn line(cell: &PhaseCell) -> String {
    if let Some(failure) = cell.failures.first() {
        return format!("{} in {}: {}", failure.outcome, failure.phase, failure.detail);
    }
    let size = |bytes: Option<f64>| bytes.map_or_else(|| "–".into(), signed_bytes);
    let time = |nanoseconds: Option<f64>| nanoseconds.map_or_else(|| "–".into(), in_milliseconds);
    format!(
        "LOAD {}, PREPARE {}, EXECUTE {}; first {} ms, median {} ms",
        size(cell.median(Load, |row| row.rss_bytes)),
        size(cell.median(Prepare, |row| row.rss_bytes)),
        size(cell.median(Steady, |row| row.rss_bytes)),
        time(cell.median(First, |row| row.time_ns)),
        time(cell.median(Steady, |row| row.latency_p50_ns))
    )
}

/// What polling cost; `None` where nothing was polled.
pub fn polling_line(cells: &[PhaseCell]) -> Option<String> {
    let rows = || cells.iter().flat_map(PhaseCell::rows);
    let period = rows().find_map(|row| row.poll_period_us)?;
    let sum = |value: fn(&PhaseRow) -> Option<u64>| rows().filter_map(value).map(|value| value as f64).sum::<f64>();
    let measured = |row: &PhaseRow| row.time_ns.filter(|_| row.poll_ticks.is_some());
    let (ticks, cpu, time) = (sum(|row| row.poll_ticks), sum(|row| row.poll_cpu_ns), sum(measured));
    if ticks == 0.0 || time == 0.0 {
        return Some(format!("mem-poll every {} ms: no phase was long enough for a look", period as f64 / 1e3));
    }
    Some(format!(
        "mem-poll every {} ms: {} looks of {:.1} µs each: {} ms of processor time, {} of the measured time; a phase that is \
         shorter than the period may have none",
        period as f64 / 1e3,
        thousands(ticks),
        cpu / ticks / 1e3,
        in_milliseconds(cpu),
        percent(100.0 * cpu / time)
    ))
}
