//! What was watched, told: each process when its watch ends, and all of them at the end or from their files.

use std::collections::BTreeSet;

use super::watched::AllWatched;
use crate::analysis::{History, history_of};
use crate::error::{AS_EXPECTED, Error};
use crate::report::console::Console;
use crate::report::{RunDirectory, WatchRow, counted, draw_watch, percent, read_rows, read_samples};

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
pub(super) fn tell_all(console: &Console, watched: &AllWatched) {
    if watched.count() < 2 {
        return;
    }
    let left_out = match watched.short() {
        0 => String::new(),
        short => format!(", {short} of them too short to judge"),
    };
    let judged = match watched.count() - watched.short() {
        0 => String::new(),
        _ => {
            let chance = percent(100.0 * watched.error_rate());
            format!("; the chance that something in those judged is wrongly called growing is at most {chance}")
        }
    };
    console.say(&format!("{} segments{left_out}: {}{judged}", watched.count(), watched.verdict()));
}

/// Draws the chart of a watch; `false` where nothing was seen that could be drawn.
pub(super) fn draw(directory: &RunDirectory, watched: &AllWatched) -> Result<bool, Error> {
    if watched.kept().iter().all(|(_, history, _)| history.samples() == 0) {
        return Ok(false);
    }
    draw_watch(watched.kept(), watched.told(), &directory.charts()?)?;
    Ok(true)
}

/// `highwater report` of a watch: the same sentences and the same chart again, from its CSV files alone.
pub(in crate::command) fn report(directory: &RunDirectory) -> Result<u8, Error> {
    let rows = read_rows::<WatchRow>(&directory.watch())?;
    let runs = read_samples(&directory.samples())?;
    let console = Console::new(0);
    let mut watched = AllWatched::default();
    let mut told = BTreeSet::new();
    for mut row in rows {
        let key = (row.case.clone(), row.segment);
        let history =
            runs.get(&key).map_or_else(|| History::new(row.every_s), |run| history_of(&run.series, row.every_s));
        let found = row.judge(&history);
        tell_segment(&console, &row);
        watched.push((row, history, found));
        told.insert(key);
    }
    for ((case, segment), run) in runs.iter().filter(|(key, _)| !told.contains(key)) {
        let samples = counted(run.series.len() as f64, "sample");
        console.warn(&format!("segment {segment}, {case}: {samples} and no verdict, for highwater ended before it"));
    }
    tell_all(&console, &watched);
    if draw(directory, &watched)? {
        console.say(&format!("chart: {}", directory.path().join("charts/watch.svg").display()));
    }
    Ok(AS_EXPECTED)
}
