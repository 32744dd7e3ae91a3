//! `highwater report DIR`: tables and charts again, from the CSV files of a run alone.

use std::collections::BTreeMap;

use crate::arm::LiveKind;
use crate::cli::ReportArguments;
use crate::error::{AS_EXPECTED, Error};
use crate::report::console::{Console, word};
use crate::report::{
    LiveSource, RecordedRun, Role, RunDirectory, VerdictRow, draw_case, draw_works, read_samples, read_verdicts,
};

/// Every run of a directory, by case and replicate.
type Runs = BTreeMap<(String, u32), RecordedRun>;

pub(super) fn report(arguments: &ReportArguments) -> Result<u8, Error> {
    let directory = RunDirectory::open(&arguments.directory)?;
    let rows = read_verdicts(&directory.verdicts())?;
    let console = Console::new(rows.len());
    let cases: Vec<VerdictRow> = rows.into_iter().filter(|row| row.role == Role::Case).collect();
    for row in &cases {
        console.say(&format!("{}: {}\n    {}", row.case, word(row), row.sentence));
    }
    console.tables(&cases);
    let drawn = draw_all(&directory)?;
    console.say(&format!("{drawn} charts: {}", directory.path().join("charts").display()));
    Ok(AS_EXPECTED)
}

/// Draws every chart of a run; gives their number.
pub(super) fn draw_all(directory: &RunDirectory) -> Result<usize, Error> {
    let rows = read_verdicts(&directory.verdicts())?;
    let runs = read_samples(&directory.samples())?;
    let folder = directory.charts()?;
    let mut drawn = 0;
    let mut failed = None;
    for row in &rows {
        if let Some(run) = runs.get(&(row.case.clone(), row.replicate)) {
            // One chart that cannot be drawn does not keep the others from it.
            match draw_case(row, &run.series, live_of(row, &runs), &folder) {
                Ok(()) => drawn += 1,
                Err(error) => failed = Some(error),
            }
        }
    }
    drawn += draw_works(&rows, &runs, &folder)?;
    failed.map_or(Ok(drawn), |error| Err(error.into()))
}

/// The live bytes that decided on a row.
pub(super) fn live_of<'a>(row: &'a VerdictRow, runs: &'a Runs) -> Option<LiveSource<'a>> {
    let run = runs.get(&(row.live_case.clone(), row.replicate))?;
    let kind = match row.live_kind.as_str() {
        "exact" => LiveKind::Exact,
        "tcache" => LiveKind::Tcache,
        "noisy" => LiveKind::Noisy,
        _ => return None,
    };
    Some(LiveSource { case: &row.live_case, series: &run.series, kind })
}
