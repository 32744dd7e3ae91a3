//! What happens while one process is measured: each phase goes to disk when it is over, and the progress line moves.

use crate::error::Error;
use crate::report::console::Console;
use crate::report::{PhaseRow, RowsFile};
use crate::runner::{CaseRun, Observer, Outcome};
use crate::sample::{PhaseFigures, ProfiledPhase, Sample, Series};
use crate::worker::protocol::{Hello, Profile};
use crate::workload::Phase;

/// Writes the rows of one process.
pub(super) struct Recorder<'a> {
    base: PhaseRow,
    profile: Profile,
    file: &'a mut RowsFile<PhaseRow>,
    console: &'a Console,
    rows: Vec<PhaseRow>,
    /// Executions of the phases that are over, and of the present one.
    executed: u64,
    running: u64,
}

impl<'a> Recorder<'a> {
    /// A recorder of the process that `base` names.
    pub(super) fn new(
        base: PhaseRow,
        profile: Profile,
        file: &'a mut RowsFile<PhaseRow>,
        console: &'a Console,
    ) -> Self {
        Recorder { base, profile, file, console, rows: Vec::new(), executed: 0, running: 0 }
    }

    /// The rows of the process, once it has ended; where it did not come to its end, the last one says how.
    pub(super) fn finish(mut self, outcome: &Outcome, run: Option<&CaseRun>) -> Result<Vec<PhaseRow>, Error> {
        if !outcome.is_finished() {
            let phase = self.due().unwrap_or(ProfiledPhase::Steady);
            let row = self.base.ended(phase, outcome.word(), &detail(outcome, run));
            self.append(row)?;
        }
        Ok(self.rows)
    }

    /// The phase that is to be told next.
    fn due(&self) -> Option<ProfiledPhase> {
        self.rows.last().map_or(Some(ProfiledPhase::Start), |row| row.phase.next())
    }

    fn append(&mut self, row: PhaseRow) -> Result<(), Error> {
        self.file.append(&row)?;
        self.rows.push(row);
        Ok(())
    }
}

impl Observer for Recorder<'_> {
    fn sampled(&mut self, _: &Sample, _: &Series) -> Result<(), Error> {
        Ok(())
    }

    fn is_final(&mut self, _: &Series, _: &Hello) -> bool {
        false
    }

    fn profiled(&mut self, figures: &PhaseFigures, latencies: &[u64], hello: &Hello) -> Result<(), Error> {
        self.base.greet(hello);
        self.executed += figures.runs;
        self.running = 0;
        let mut row = self.base.with(figures, latencies);
        row.poll_period_us = self.profile.poll.and_then(|period| u64::try_from(period.as_micros()).ok());
        self.append(row)
    }

    fn progressed(&mut self, _: Phase, run: u64) {
        self.running = run;
    }

    fn tick(&mut self) {
        let phase = self.due().map_or_else(String::new, |phase| phase.to_string());
        self.console.advance(self.executed + self.running, &phase);
    }
}

/// How a process ended, with its last words where it did not say why.
fn detail(outcome: &Outcome, run: Option<&CaseRun>) -> String {
    let told = match outcome {
        Outcome::TimedOut { limit, .. } => format!("nothing came of it for {}", humantime::format_duration(*limit)),
        // The word for it stands beside this.
        Outcome::OutOfMemory { why } => why.clone(),
        other => other.to_string(),
    };
    let has_said = matches!(outcome, Outcome::OutOfMemory { .. } | Outcome::Failed { .. } | Outcome::Skipped { .. });
    match run.and_then(|run| run.evidence.last_words()) {
        Some(line) if !has_said => format!("{told}; last output: {line}"),
        _ => told,
    }
}
