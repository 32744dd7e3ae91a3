//! The only place that prints: the progress line, a line a case, the table at the end.
//!
//! Results go to standard output, progress and warnings to standard error. Colours and the progress line appear on a
//! terminal only; `NO_COLOR` switches colours off. A reader that goes away (`highwater | head`) does not end a run: the
//! results are in its files.

use std::io::{IsTerminal, Write, stderr, stdout};
use std::time::{Duration, Instant};

use comfy_table::{Attribute, Cell, CellAlignment, Color, ContentArrangement, LineStyle, Table, TableStyle};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::verdicts_file::VerdictRow;
use crate::units::signed_bytes;

/// Prints to standard output and standard error.
#[derive(Debug)]
pub struct Console {
    bar: Option<ProgressBar>,
    colours: bool,
    started: Instant,
    cases: usize,
    done: usize,
}

impl Console {
    /// A console for `cases` cases.
    pub fn new(cases: usize) -> Self {
        let wants_colours = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Console { bar: None, colours: wants_colours && stdout().is_terminal(), started: Instant::now(), cases, done: 0 }
    }

    /// A case begins.
    pub fn begin(&mut self, case: &str, iterations: u64) {
        if stderr().is_terminal() {
            let bar = ProgressBar::with_draw_target(Some(iterations), ProgressDrawTarget::stderr_with_hz(5));
            let template = "{prefix} {wide_bar} {pos}/{len} {msg}";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.set_prefix(format!("[{}/{}] {case}", (self.done + 1).min(self.cases), self.cases));
            self.bar = Some(bar);
        }
    }

    /// The present state of the case: iterations done, what can be said so far, estimated time left for the whole run.
    pub fn advance(&self, iteration: u64, verdict: &str) {
        if let Some(bar) = &self.bar {
            bar.set_position(iteration);
            let left = self.time_left(iteration as f64 / bar.length().unwrap_or(1).max(1) as f64);
            let left = left.map_or_else(String::new, |left| format!(", {} left", humantime::format_duration(left)));
            bar.set_message(format!("{verdict}{left}"));
        }
    }

    /// Time that the remaining cases take if they are like those before.
    fn time_left(&self, share_of_case: f64) -> Option<Duration> {
        let done = self.done as f64 + share_of_case.min(1.0);
        if done < 0.2 {
            return None;
        }
        let left = self.started.elapsed().as_secs_f64() / done * (self.cases as f64 - done).max(0.0);
        Some(Duration::from_secs(left.round() as u64))
    }

    /// A case is over.
    pub fn end(&mut self, row: &VerdictRow) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        self.done += 1;
        let word = self.paint(word(row), colour(row));
        print(&format!("[{}/{}] {}: {word}\n    {}", self.done, self.cases, row.case, row.sentence));
    }

    /// A run that belongs to no case of its own (a probe or a control) is over.
    pub fn side_run(&mut self, text: &str) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        print(&format!("      {text}"));
    }

    /// Prints a line of results.
    pub fn say(&self, text: &str) {
        print(text);
    }

    /// Prints a line to standard error.
    pub fn warn(&self, text: &str) {
        if let Some(bar) = &self.bar {
            bar.suspend(|| error(text));
        } else {
            error(text);
        }
    }

    /// Prints the table of all cases.
    pub fn table(&self, rows: &[VerdictRow]) {
        print(&format!("\n{}", table(rows, self.colours, stdout().is_terminal())));
    }

    fn paint(&self, text: &str, colour: Option<Color>) -> String {
        match (self.colours, colour) {
            (true, Some(Color::Red)) => format!("\x1b[1;31m{text}\x1b[0m"),
            (true, Some(Color::Yellow)) => format!("\x1b[1;33m{text}\x1b[0m"),
            (true, Some(Color::Green)) => format!("\x1b[1;32m{text}\x1b[0m"),
            _ => text.to_owned(),
        }
    }
}

/// Prints an error to standard error.
pub fn error(text: &str) {
    let _ = writeln!(stderr(), "highwater: {text}");
}

/// Prints text that a command was asked for.
pub fn print(text: &str) {
    let _ = writeln!(stdout(), "{text}");
}

/// The word for a case: its verdict, or what happened to it.
pub fn word(row: &VerdictRow) -> &str {
    if row.is_judged() { &row.verdict } else { &row.outcome }
}

fn colour(row: &VerdictRow) -> Option<Color> {
    match word(row) {
        "stable" | "plateau" => Some(Color::Green),
        "inconclusive" | "skipped" | "interrupted" => Some(Color::Yellow),
        _ if row.as_expected => Some(Color::Yellow),
        _ => Some(Color::Red),
    }
}

/// The table of all cases, plain unless `colours`; as wide as it needs to be unless on a terminal.
pub fn table(rows: &[VerdictRow], colours: bool, terminal: bool) -> String {
    let mut table = Table::new();
    let rule = LineStyle::none().fill('─').junction('─');
    table.load_style(TableStyle::new().top_border(rule).header_separator(rule).bottom_border(rule));
    let arrangement = if terminal { ContentArrangement::Dynamic } else { ContentArrangement::Disabled };
    table.set_content_arrangement(arrangement);
    let workloads = rows.iter().any(|row| row.workload != "recompile");
    let threads = rows.iter().any(|row| row.threads != rows[0].threads);
    let mut header = vec!["model", "runtime"];
    header.extend(workloads.then_some("workload"));
    header.push("arm");
    header.extend(threads.then_some("threads"));
    header.extend([
        "verdict", "live/iter", "resident/iter", "peak", "steady", "retained", "ms/iter", "faults/iter",
    ]);
    table.set_header(header);
    for row in rows {
        let mut verdict = Cell::new(word(row));
        if colours && let Some(colour) = colour(row) {
            verdict = verdict.fg(colour).add_attribute(Attribute::Bold);
        }
        let number = |text: String| Cell::new(text).set_alignment(CellAlignment::Right);
        let bytes = |value: Option<f64>| number(value.map_or_else(|| "–".into(), signed_bytes));
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
            number(row.iteration_ms.map_or_else(|| "–".into(), |ms| format!("{ms:.2}"))),
            number(row.minor_faults.map_or_else(|| "–".into(), |faults| format!("{faults:.0}"))),
        ]);
        table.add_row(cells);
    }
    table.to_string()
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
        let skipped = VerdictRow { arm: "tcmalloc".into(), outcome: "skipped".into(), verdict: String::new(), ..VerdictRow {
            model: "ppocr-cls".into(), runtime: "rten".into(), workload: "recompile".into(), threads: 1, ..VerdictRow::default()
        } };
        insta::assert_snapshot!(table(&[measured, skipped], false, false));
    }
}
