//! The chart of a watch: rows and histories as plain values for the chart.

use std::path::Path;

use super::row::{HOUR, WatchRow};
use crate::analysis::{Growth, History, WatchFinding};
use crate::report::chart::{self, ChartError, ChartLine, Floor, LineRole, SlopeBand, WatchChart, WatchedPart};

/// Processes that a chart has room for.
pub const MOST_DRAWN: usize = 12;

/// Times and levels of one process, in the unit of the chart.
struct Drawn {
    times: Vec<f64>,
    level: Vec<f64>,
    peak: Vec<f64>,
}

/// Draws processes that were watched, at most [`MOST_DRAWN`] of them, to `<folder>/watch.svg` and `.png`. Badge and sentence are
/// those of process `told`.
///
/// # Errors
/// If the chart cannot be drawn or written.
pub fn draw_watch(
    segments: &[(WatchRow, History, WatchFinding)],
    told: usize,
    folder: &Path,
) -> Result<(), ChartError> {
    let end = segments.iter().map(|(row, ..)| row.began_s + row.duration_s).fold(0.0, f64::max);
    let (unit, name) = unit(end);
    let drawn: Vec<Drawn> = segments.iter().map(|(row, history, _)| drawn(row, history, unit)).collect();
    let one = segments.get(told).map(|(row, ..)| row);
    let title = one.map_or_else(String::new, |row| format!("{} (process {})", row.case, row.pid));
    let axis = format!("{name} since the watch began");
    let parts = segments.iter().zip(&drawn).map(|((row, _, found), drawn)| part(row, found, drawn, unit));
    let chart = WatchChart {
        title: &title,
        verdict: one.map_or("", |row| &row.verdict),
        sentence: one.map_or("", |row| &row.sentence),
        axis: &axis,
        hour: HOUR / unit,
        parts: parts.collect(),
        told,
    };
    chart::write(&chart::watch_chart(&chart)?, &folder.join("watch")).map(drop)
}

/// Seconds of the largest unit of which there are at least five, and its name.
fn unit(end: f64) -> (f64, &'static str) {
    let units = [(86_400.0, "days"), (HOUR, "hours"), (60.0, "minutes"), (1.0, "seconds")];
    units.into_iter().find(|(unit, _)| end >= 5.0 * unit).unwrap_or((1e-3, "milliseconds"))
}

fn drawn(row: &WatchRow, history: &History, unit: f64) -> Drawn {
    // A sample that was not taken in time leaves no gap in a line.
    let buckets = || history.buckets().iter().enumerate().filter(|(_, bucket)| bucket.samples > 0);
    Drawn {
        times: buckets().map(|(index, _)| (row.began_s + index as f64 * history.width()) / unit).collect(),
        level: buckets().map(|(_, bucket)| bucket.level).collect(),
        peak: buckets().map(|(_, bucket)| bucket.peak).collect(),
    }
}

fn part<'a>(row: &WatchRow, found: &WatchFinding, drawn: &'a Drawn, unit: f64) -> WatchedPart<'a> {
    let mut part = WatchedPart {
        times: &drawn.times,
        lines: vec![
            ChartLine { label: "at rest", role: LineRole::Anon, values: &drawn.level },
            ChartLine { label: "peak between samples", role: LineRole::IterationPeak, values: &drawn.peak },
        ],
        note: if row.segment > 1 { format!("process {}", row.pid) } else { String::new() },
        ..WatchedPart::default()
    };
    if !found.by_time.found.windows.is_empty() {
        add_evidence(&mut part, &found.by_time, row.began_s, unit);
    }
    part
}

fn add_evidence(part: &mut WatchedPart<'_>, growth: &Growth, began: f64, unit: f64) {
    // The first iteration of a window ends one length after it begins.
    let time = |iteration: usize| (began + growth.start + (iteration as f64 - 1.0) * growth.length) / unit;
    let means = growth.found.windows.iter();
    part.means = means
        .map(|window| Floor { from: time(window.start), to: time(window.end + 1), level: window.mean, is_judged: true })
        .collect();
    let [rate, low, high] = growth.rate().map(|rate| rate * HOUR);
    part.slope = Some(SlopeBand { rate, low, high }).filter(|_| [rate, low, high].iter().all(|rate| rate.is_finite()));
    part.judged_from = Some(time(growth.found.judged_from));
    part.ceiling = Some(growth.found.ceiling);
}
