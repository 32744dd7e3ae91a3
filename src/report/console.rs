//! The only place that prints: the progress line, a line a case, the table at the end.
//!
//! Results go to standard output, progress and warnings to standard error. Colours and the progress line appear on a
//! terminal only; `NO_COLOR` switches colours off. A reader that goes away (`highwater | head`) does not end a run: the
//! results are in its files.

use std::io::{IsTerminal, Write, stderr, stdout};
use std::time::{Duration, Instant};

use comfy_table::Color;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::claims::ClaimRow;
use super::settings::SettingRow;
use super::verdict_row::VerdictRow;

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

    /// A case of the suite begins.
    pub fn begin_case(&mut self, case: &str, iterations: u64) {
        self.begin(&format!("[{}/{}] {case}", (self.done + 1).min(self.cases), self.cases), iterations);
    }

    /// A run of at most `iterations` begins.
    pub fn begin(&mut self, what: &str, iterations: u64) {
        if stderr().is_terminal() {
            let bar = ProgressBar::with_draw_target(Some(iterations), ProgressDrawTarget::stderr_with_hz(5));
            let template = "{prefix} {wide_bar} {pos}/{len} {msg}";
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.set_prefix(what.to_owned());
            self.bar = Some(bar);
        }
    }

    /// The run goes on to `iterations`.
    pub fn extend(&self, iterations: u64) {
        if let Some(bar) = &self.bar {
            bar.set_length(iterations);
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
        let sentence = row.sentence.replace("; resident: ", ";\n    resident: ");
        print(&format!("[{}/{}] {}: {word}\n    {sentence}", self.done, self.cases, row.case));
    }

    /// A cell of a profile is over.
    pub fn end_cell(&mut self, text: &str) {
        self.end_side_run();
        self.done += 1;
        print(&format!("[{}/{}] {text}", self.done, self.cases));
    }

    /// A run that belongs to no case of its own (a probe, a control, a comparison) is over, and its row says all.
    pub fn end_side_run(&mut self) {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    /// The same, with something to say.
    pub fn side_run(&mut self, text: &str) {
        self.end_side_run();
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

    /// Prints the table of all cases, and where runtimes stand side by side, that of their phases.
    pub fn tables(&self, rows: &[VerdictRow]) {
        let is_terminal = stdout().is_terminal();
        print(&format!("\n{}", super::tables::verdicts(rows, self.colours, is_terminal)));
        if rows.iter().any(|row| row.runtime != rows[0].runtime) {
            print(&format!("\n{}", super::tables::phases(rows, is_terminal)));
        }
    }

    /// Prints what other arms do about creep and retention: a table for each work, and what is best proven.
    pub fn settings(&self, rows: &[SettingRow]) {
        let is_terminal = stdout().is_terminal();
        for rows in rows.chunk_by(|one, next| one.work == next.work) {
            let base = &rows[0];
            let verdict = &base.base_verdict;
            print(&format!("\nwhat the settings do about it: {}, {} {verdict}", base.work, base.base_arm));
            print(&super::tables::settings(rows, is_terminal));
            print(&format!("    {}", super::settings_words::best(rows)));
        }
    }

    /// Prints what documents claim about the cases, and whether it held: a table for each document.
    pub fn claims(&self, rows: &[ClaimRow]) {
        let is_terminal = stdout().is_terminal();
        for rows in rows.chunk_by(|one, next| one.source == next.source) {
            let held = rows.iter().filter(|row| row.held == "held").count();
            print(&format!("\n{}: {held} of {} claims held here", rows[0].source, rows.len()));
            print(&super::tables::claims(rows, is_terminal));
        }
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

/// The word for a case: its verdict, with the label that a bounded level may have, or what happened to it.
pub fn word(row: &VerdictRow) -> &str {
    match row.verdict.as_str() {
        "" => &row.outcome,
        "stable" if row.resident_retention == Some(true) => "stable+retention",
        "plateau" if row.resident_retention == Some(true) => "plateau+retention",
        verdict => verdict,
    }
}

pub(super) fn colour(row: &VerdictRow) -> Option<Color> {
    match word(row) {
        "stable" | "plateau" | "stable+retention" | "plateau+retention" => Some(Color::Green),
        "inconclusive" | "skipped" | "interrupted" => Some(Color::Yellow),
        _ if row.as_expected => Some(Color::Yellow),
        _ => Some(Color::Red),
    }
}
