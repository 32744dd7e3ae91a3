//! Rows of `phases.csv` as tables and charts.

use std::io::IsTerminal;

use crate::error::{AS_EXPECTED, Error};
use crate::report::console::Console;
use crate::report::{
    PhaseRow, RunDirectory, cells, draw_phases, phases_table, polling_line, read_rows, reference_table, remarks,
};

/// `highwater report` of a profile: the same table and charts again, from its CSV file alone.
pub(in crate::command) fn report(directory: &RunDirectory) -> Result<u8, Error> {
    let rows = read_rows::<PhaseRow>(&directory.phases())?;
    let console = Console::new(0);
    tell(&console, &rows);
    let drawn = draw(directory, &rows)?;
    console.say(&format!("{drawn} charts: {}", directory.path().join("charts").display()));
    Ok(AS_EXPECTED)
}

/// Prints the table, what has to be known to read it, and published figures beside it.
pub(super) fn tell(console: &Console, rows: &[PhaseRow]) {
    let Some(first) = rows.first() else { return };
    let is_terminal = std::io::stdout().is_terminal();
    let cells = cells(rows);
    console.say(&format!("\n{}, arm {}", first.model, first.arm));
    console.say(&phases_table(&cells, is_terminal));
    for line in remarks(&cells).into_iter().chain(polling_line(&cells)) {
        console.say(&line);
    }
    if let Some(table) = reference_table(&first.model, &cells, is_terminal) {
        console.say(&format!("\n{table}"));
    }
}

/// Draws the charts; gives their number.
pub(super) fn draw(directory: &RunDirectory, rows: &[PhaseRow]) -> Result<usize, Error> {
    let Some(first) = rows.first() else { return Ok(0) };
    Ok(draw_phases(&first.model, &cells(rows), &directory.charts()?)?)
}
