//! The charts of one work under several arms: memory over iterations as small multiples on one scale, and what each arm
//! costs.

use std::collections::BTreeMap;
use std::path::Path;

use super::chart::{self, ArmPanel, ArmsChart, ChartError, Milliseconds};
use super::console::word;
use super::samples_file::RecordedRun;
use super::verdict_row::{Role, VerdictRow};

/// The numbers of one panel that have to live as long as the chart.
struct Panel<'a> {
    row: &'a VerdictRow,
    run: Option<&'a RecordedRun>,
    iterations: Vec<f64>,
    note: Option<String>,
}

/// Draws, for every work that ran under more than one arm, `<work>.arms` and `<work>.cost`; gives the number of charts.
///
/// # Errors
/// If a chart cannot be drawn or written.
pub fn draw_works(
    rows: &[VerdictRow],
    runs: &BTreeMap<(String, u32), RecordedRun>,
    folder: &Path,
) -> Result<usize, ChartError> {
    let mut works: BTreeMap<String, Vec<&VerdictRow>> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.role == Role::Case && row.replicate == 1) {
        let work = format!("{}.{}.{}.t{}", row.model, row.runtime, row.workload, row.threads);
        works.entry(work).or_default().push(row);
    }
    let mut drawn = 0;
    for (work, rows) in works.iter().filter(|(_, rows)| rows.len() > 1) {
        let panels: Vec<Panel<'_>> = rows.iter().map(|row| panel(row, runs)).collect();
        let sentence = comparison(rows);
        let mut chart =
            ArmsChart { title: work, sentence: &sentence, panels: panels.iter().map(Panel::shown).collect() };
        chart::write(&chart::cost_chart(&chart)?, &folder.join(format!("{work}.cost")))?;
        chart.sentence = "Anonymous memory, every arm on the same scale.";
        for (panel, shown) in panels.iter().zip(&mut chart.panels) {
            // The lines are anonymous memory, so the levels told beside them are too.
            shown.steady_rss_bytes = panel.row.steady_anon_bytes.unwrap_or(f64::NAN);
            shown.peak_bytes = panel.row.resident_ceiling_bytes.unwrap_or(f64::NAN);
        }
        chart::write(&chart::arms_chart(&chart)?, &folder.join(format!("{work}.arms")))?;
        drawn += 2;
    }
    Ok(drawn)
}

fn panel<'a>(row: &'a VerdictRow, runs: &'a BTreeMap<(String, u32), RecordedRun>) -> Panel<'a> {
    let run = runs.get(&(row.case.clone(), row.replicate));
    let iterations = (1..=run.map_or(0, |run| run.series.len())).map(|iteration| iteration as f64).collect();
    let note = (row.outcome != "finished").then(|| row.outcome_detail.clone());
    Panel { row, run, iterations, note }
}

impl Panel<'_> {
    fn shown(&self) -> ArmPanel<'_> {
        let column = |name: &str| self.run.and_then(|run| run.series.column(name)).unwrap_or(&[]);
        let time = match (self.row.iteration_p5_ms, self.row.iteration_ms, self.row.iteration_p95_ms) {
            (Some(low), Some(median), Some(high)) => Some(Milliseconds { median, low, high }),
            _ => None,
        };
        ArmPanel {
            arm: &self.row.arm,
            verdict: word(self.row),
            iterations: &self.iterations,
            anon: column("rss_anon_bytes"),
            peak: column("peak_anon_bytes"),
            live: column("live_bytes"),
            steady_rss_bytes: self.row.steady_rss_bytes.unwrap_or(f64::NAN),
            peak_bytes: self.row.peak_rss_bytes.unwrap_or(f64::NAN),
            time,
            minor_faults: self.row.minor_faults,
            note: self.note.as_deref(),
        }
    }
}

/// What the arm with the least memory at rest saves against the first arm, and what it costs.
fn comparison(rows: &[&VerdictRow]) -> String {
    let steady = |row: &&VerdictRow| row.steady_rss_bytes;
    let Some((first, first_steady)) = rows.first().and_then(|row| Some((row, steady(row)?))) else {
        return String::new();
    };
    let lowest =
        rows.iter().filter_map(|row| Some((row, steady(row)?))).min_by(|(_, one), (_, other)| one.total_cmp(other));
    match lowest {
        Some((row, level)) if row.arm != first.arm && level < first_steady => {
            let less = crate::units::signed_bytes(first_steady - level);
            let cost = match (first.iteration_ms, row.iteration_ms) {
                (Some(before), Some(after)) if before > 0.0 => {
                    format!(", at {:.2} times the time per iteration", after / before)
                }
                _ => String::new(),
            };
            format!("{} keeps {less} less at rest than {}{cost}.", row.arm, first.arm)
        }
        _ => format!("No arm keeps less at rest than {}.", first.arm),
    }
}
