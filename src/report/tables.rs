//! The tables at the end of a run.

use comfy_table::{Attribute, Cell, CellAlignment, ContentArrangement, LineStyle, Table, TableStyle};

use super::claims::ClaimRow;
use super::console::{colour, word};
use super::settings::SettingRow;
use super::verdict_row::VerdictRow;
use super::words::{bytes_in, thousands};
use crate::analysis::ArmEffect;
use crate::units::signed_bytes;

/// A table with rules above, below the header and below; as wide as it needs to be unless on a terminal.
pub(super) fn plain(terminal: bool) -> Table {
    let mut table = Table::new();
    let rule = LineStyle::none().fill('─').junction('─');
    table.load_style(TableStyle::new().top_border(rule).header_separator(rule).bottom_border(rule));
    let arrangement = if terminal { ContentArrangement::Dynamic } else { ContentArrangement::Disabled };
    table.set_content_arrangement(arrangement);
    table
}

/// A cell that ends where its column ends.
pub(super) fn number(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

fn bytes(value: Option<f64>) -> Cell {
    number(value.map_or_else(|| "–".into(), signed_bytes))
}

fn milliseconds(value: Option<f64>) -> Cell {
    number(value.map_or_else(|| "–".into(), |ms| format!("{ms:.2}")))
}

/// The table of all cases, plain unless `colours`; as wide as it needs to be unless on a terminal.
pub(super) fn verdicts(rows: &[VerdictRow], colours: bool, terminal: bool) -> String {
    let mut table = plain(terminal);
    let workloads = rows.iter().any(|row| row.workload != "recompile");
    let threads = rows.iter().any(|row| row.threads != rows[0].threads);
    let mut header = vec!["model", "runtime"];
    header.extend(workloads.then_some("workload"));
    header.push("arm");
    header.extend(threads.then_some("threads"));
    header.extend(["verdict", "live/iter", "resident/iter", "peak", "steady", "retained", "ms/iter", "faults/iter"]);
    table.set_header(header);
    for row in rows {
        let mut verdict = Cell::new(word(row));
        if colours && let Some(colour) = colour(row) {
            verdict = verdict.fg(colour).add_attribute(Attribute::Bold);
        }
        let mut cells = vec![Cell::new(&row.model), Cell::new(&row.runtime)];
        cells.extend(workloads.then(|| Cell::new(&row.workload)));
        cells.push(Cell::new(&row.arm));
        cells.extend(threads.then(|| number(row.threads.to_string())));
        cells.extend([
            verdict,
            bytes(row.live_rate_bytes_per_iteration),
            bytes(row.resident_rate_bytes_per_iteration),
            bytes(row.peak_rss_bytes),
            bytes(row.steady_rss_bytes),
            bytes(row.retained_bytes),
            milliseconds(row.iteration_ms),
            number(row.minor_faults.map_or_else(|| "–".into(), |faults| format!("{faults:.0}"))),
        ]);
        table.add_row(cells);
    }
    table.to_string()
}

/// What each phase needs: high-water marks, resident memory at the end of `execute`, times.
pub(super) fn phases(rows: &[VerdictRow], terminal: bool) -> String {
    let mut table = plain(terminal);
    table.set_header([
        "model",
        "runtime",
        "arm",
        "load HWM",
        "prepare HWM",
        "execute HWM",
        "execute RSS",
        "load ms",
        "prepare ms",
        "execute ms",
    ]);
    for row in rows {
        table.add_row(vec![
            Cell::new(&row.model),
            Cell::new(&row.runtime),
            Cell::new(&row.arm),
            bytes(row.hwm_load_bytes),
            bytes(row.hwm_prepare_bytes),
            bytes(row.hwm_execute_bytes),
            bytes(row.rss_execute_bytes),
            milliseconds(row.load_ms),
            milliseconds(row.prepare_ms),
            milliseconds(row.execute_ms),
        ]);
    }
    table.to_string()
}

/// What each arm of one work removes of the base, and what it costs; the first row is the base.
pub(super) fn settings(rows: &[SettingRow], terminal: bool) -> String {
    let mut table = plain(terminal);
    table.set_header([
        "arm",
        "verdict",
        "removes at rest",
        "removes of peak",
        "at rest",
        "peak",
        "ms/iter",
        "time",
        "faults/iter",
        "processes",
    ]);
    let count = |value: Option<f64>| number(value.map_or_else(|| "–".into(), thousands));
    if let Some(base) = rows.first() {
        // Levels over as many iterations as an arm that finished was compared over.
        let known = rows.iter().find(|row| row.base_at_rest_bytes.is_some()).unwrap_or(base);
        table.add_row(vec![
            Cell::new(&base.base_arm),
            Cell::new(&base.base_verdict),
            number(String::new()),
            number(String::new()),
            bytes(known.base_at_rest_bytes),
            bytes(known.base_peak_bytes),
            milliseconds(known.base_iteration_ms),
            number(String::new()),
            count(known.base_minor_faults),
            number(known.base_processes.to_string()),
        ]);
    }
    for row in rows {
        table.add_row(vec![
            Cell::new(&row.arm),
            Cell::new(&row.verdict),
            removed(row.at_rest()),
            removed(row.peak()),
            bytes(row.at_rest_bytes),
            bytes(row.peak_bytes),
            milliseconds(row.iteration_ms),
            number(row.time_ratio.map_or_else(|| "–".into(), |ratio| format!("x{ratio:.2}"))),
            count(row.minor_faults),
            number(row.processes.to_string()),
        ]);
    }
    table.to_string()
}

/// The claims of one document, and whether they held.
pub(super) fn claims(rows: &[ClaimRow], terminal: bool) -> String {
    let mut table = plain(terminal);
    table.set_header(["claim", "compared", "measured", "here"]);
    for row in rows {
        table.add_row([row.why.clone(), row.compared(), row.measured(), row.held.clone()]);
    }
    table.to_string()
}

/// What is removed, with its limits; what is not proven is said so.
fn removed(found: Option<(ArmEffect, [f64; 3])>) -> Cell {
    number(match found {
        None => "–".into(),
        Some((ArmEffect::NotProven, [removes, low, high])) => format!("not proven: {}", bytes_in(removes, low, high)),
        Some((ArmEffect::Removes | ArmEffect::Adds, [removes, low, high])) => bytes_in(removes, low, high),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_what_was_measured_and_what_was_not() {
        let measured = VerdictRow {
            model: "ppocr-cls".into(),
            runtime: "rten".into(),
            workload: "recompile".into(),
            arm: "glibc".into(),
            threads: 1,
            outcome: "finished".into(),
            verdict: "stable".into(),
            as_expected: true,
            live_rate_bytes_per_iteration: Some(0.0),
            resident_rate_bytes_per_iteration: Some(-120.0),
            peak_rss_bytes: Some(21_500_000.0),
            steady_rss_bytes: Some(12_345_678.0),
            retained_bytes: Some(1_200_000.0),
            iteration_ms: Some(3.217),
            minor_faults: Some(812.0),
            ..VerdictRow::default()
        };
        let skipped = VerdictRow {
            arm: "tcmalloc".into(),
            outcome: "skipped".into(),
            verdict: String::new(),
            ..VerdictRow {
                model: "ppocr-cls".into(),
                runtime: "rten".into(),
                workload: "recompile".into(),
                threads: 1,
                ..VerdictRow::default()
            }
        };
        insta::assert_snapshot!(verdicts(&[measured, skipped], false, false));
    }
    #[test]
    fn the_table_of_claims_says_what_was_compared_and_whether_it_held() {
        let row = ClaimRow {
            source: "a document".into(),
            why: "Mapped weights need less memory while a model is compiled.".into(),
            case: "net.map.recompile.glibc.t1".into(),
            than: "net.copy.recompile.glibc.t1".into(),
            metric: "prepare HWM".into(),
            value: Some(126e6),
            than_value: Some(207e6),
            ratio: Some(0.6087),
            at_most: Some(0.8),
            held: "held".into(),
            ..ClaimRow::default()
        };
        insta::assert_snapshot!(claims(&[row], false));
    }
}
