//! `highwater report DIR`: tables and charts again, from the CSV files of a run alone.

use super::{phases, watch};
use crate::arm::LiveKind;
use crate::cli::ReportArguments;
use crate::error::{AS_EXPECTED, Error};
use crate::report::console::{Console, word};
use crate::report::{
    CoreSource, LiveSource, Role, RunDirectory, Runs, SecondCount, VerdictRow, compare_settings, draw_case, draw_works,
    read_claims, read_rows, read_samples, weigh_claims, write_rows,
};
use crate::suite::Claim;

pub(super) fn report(arguments: &ReportArguments) -> Result<u8, Error> {
    if let Some(directory) = RunDirectory::open_profile(&arguments.directory) {
        return phases::report(&directory);
    }
    if let Some(directory) = RunDirectory::open_watch(&arguments.directory) {
        return watch::report(&directory);
    }
    let directory = RunDirectory::open(&arguments.directory)?;
    let rows = read_rows::<VerdictRow>(&directory.verdicts())?;
    let console = Console::new(rows.len());
    let cases: Vec<VerdictRow> = rows.into_iter().filter(|row| row.role == Role::Case).collect();
    for row in &cases {
        console.say(&format!("{}: {}\n    {}", row.case, word(row), row.sentence));
        if !row.notes.is_empty() {
            console.say(&format!("    notes: {}", row.notes));
        }
    }
    console.tables(&cases);
    tell_settings(&directory, &console)?;
    console.claims(&read_claims(&directory.claims())?);
    let drawn = draw_all(&directory)?;
    console.say(&format!("{drawn} charts: {}", directory.path().join("charts").display()));
    Ok(AS_EXPECTED)
}

/// Tells what other arms do about creep and retention, and writes `settings.csv` where there is such a case.
pub(super) fn tell_settings(directory: &RunDirectory, console: &Console) -> Result<(), Error> {
    let rows = compare_settings(&read_rows::<VerdictRow>(&directory.verdicts())?, &read_samples(&directory.samples())?);
    if rows.is_empty() {
        return Ok(());
    }
    console.settings(&rows);
    write_rows(&directory.settings(), &rows)
}

/// Tells whether what documents claim about the cases held, and writes `claims.csv` where there is a claim.
pub(super) fn tell_claims(
    claims: &[Claim],
    rows: &[VerdictRow],
    directory: &RunDirectory,
    console: &Console,
) -> Result<(), Error> {
    let rows = weigh_claims(claims, rows);
    if rows.is_empty() {
        return Ok(());
    }
    console.claims(&rows);
    write_rows(&directory.claims(), &rows)
}

/// Draws every chart of a run; gives their number.
pub(super) fn draw_all(directory: &RunDirectory) -> Result<usize, Error> {
    let rows = read_rows::<VerdictRow>(&directory.verdicts())?;
    let runs = read_samples(&directory.samples())?;
    let folder = directory.charts()?;
    let mut drawn = 0;
    let mut failed = None;
    for row in &rows {
        if let Some(run) = runs.get(&(row.case.clone(), row.replicate)) {
            // One chart that cannot be drawn does not keep the others from it.
            match draw_case(row, &run.series, live_of(row, &runs), core_of(row, &runs), &folder) {
                Ok(()) => drawn += 1,
                Err(error) => failed = Some(error),
            }
        }
    }
    drawn += draw_works(&rows, &runs, &folder)?;
    failed.map_or(Ok(drawn), |error| Err(error.into()))
}

/// The live bytes that decided on a row: of its own replicate, or of the first where a further process of an arm was
/// started without a probe of its own.
pub(super) fn live_of<'a>(row: &'a VerdictRow, runs: &'a Runs) -> Option<LiveSource<'a>> {
    let run_of = |case: &String| runs.get(&(case.clone(), row.replicate)).or_else(|| runs.get(&(case.clone(), 1)));
    let run = run_of(&row.live_case)?;
    let kind = match row.live_kind.as_str() {
        "exact" => LiveKind::Exact,
        "tcache" => LiveKind::Tcache,
        "noisy" => LiveKind::Noisy,
        _ => return None,
    };
    let counted = match run_of(&row.cross_check_case) {
        Some(second) if row.cross_check != "absent" => Ok(&second.series),
        _ => Err(row.cross_check_reason.as_str()),
    };
    let is_checked = !row.cross_check.is_empty();
    let second = is_checked.then_some(SecondCount { case: &row.cross_check_case, counted });
    Some(LiveSource { case: &row.live_case, series: &run.series, kind, second })
}

/// The run in which forks gave everything back for a row.
pub(super) fn core_of<'a>(row: &'a VerdictRow, runs: &'a Runs) -> Option<CoreSource<'a>> {
    let run = runs.get(&(row.core_case.clone(), row.replicate))?;
    Some(CoreSource { case: &row.core_case, series: &run.series, complete: row.core_complete? })
}
