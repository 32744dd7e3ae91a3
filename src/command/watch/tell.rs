//! What was watched, told: each process when its watch ends, and all of them at the end or from their files.

use super::session::Watched;
use crate::analysis::{Verdict, history_of, worst_of};
use crate::error::{AS_EXPECTED, Error};
use crate::report::console::Console;
use crate::report::{RunDirectory, WatchRow, draw_watch, read_rows, read_samples};

/// Tells one process.
pub(super) fn tell_segment(console: &Console, row: &WatchRow) {
    let ended = if row.ended_detail.is_empty() { row.ended.as_str() } else { &row.ended_detail };
    let (case, pid) = (&row.case, row.pid);
    console.say(&format!(
        "segment {}, {case}, process {pid} ({ended}): {}\n    {}",
        row.segment, row.verdict, row.sentence
    ));
}

/// Tells what all processes come to, where there are several.
pub(super) fn tell_all(console: &Console, watched: &[Watched]) -> Verdict {
    let verdict = worst_of(watched.iter().map(|(.., found)| found));
    if watched.len() > 1 {
        let short = watched.iter().filter(|(.., found)| found.is_short()).count();
        let left_out = if short > 0 { format!(", {short} of them too short to judge") } else { String::new() };
        console.say(&format!("{} segments{left_out}: {verdict}", watched.len()));
    }
    verdict
}

/// Draws the chart of a watch.
pub(super) fn draw(directory: &RunDirectory, watched: &[Watched]) -> Result<(), Error> {
    let verdict = worst_of(watched.iter().map(|(.., found)| found)).to_string();
    Ok(draw_watch(watched, &verdict, &directory.charts()?)?)
}

/// `highwater report` of a watch: the same sentences and the same chart again, from its CSV files alone.
pub(in crate::command) fn report(directory: &RunDirectory) -> Result<u8, Error> {
    let rows = read_rows::<WatchRow>(&directory.watch())?;
    let runs = read_samples(&directory.samples())?;
    let console = Console::new(0);
    let mut watched = Vec::new();
    for mut row in rows {
        let run = runs.get(&(row.case.clone(), row.segment)).cloned().unwrap_or_default();
        let history = history_of(&run.series, row.every_s);
        let found = row.judge(&history);
        tell_segment(&console, &row);
        watched.push((row, history, found));
    }
    let is_told =
        |case: &str, segment: u32| watched.iter().any(|(row, ..): &Watched| row.case == case && row.segment == segment);
    for ((case, segment), run) in runs.iter().filter(|((case, segment), _)| !is_told(case, *segment)) {
        let samples = run.series.len();
        console.warn(&format!(
            "segment {segment}, {case}: {samples} samples and no verdict, for highwater ended before it"
        ));
    }
    tell_all(&console, &watched);
    draw(directory, &watched)?;
    console.say(&format!("chart: {}", directory.path().join("charts/watch.svg").display()));
    Ok(AS_EXPECTED)
}
