//! The cells of a profile, one fresh process after the other; every row is on disk before the next process starts.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::plan::{Plan, name};
use super::recorder::Recorder;
use crate::command::measure::{Surroundings, surroundings};
use crate::error::Error;
use crate::model;
use crate::report::console::Console;
use crate::report::{PhaseRow, RowsFile, RunDirectory, cells, line};
use crate::runner::{self, CaseRun, Outcome, Request};
use crate::suite::{Case, Release};

/// A profile while it runs.
pub(super) struct Session<'a> {
    plan: &'a Plan,
    console: &'a mut Console,
    interrupted: &'a AtomicBool,
    file: RowsFile<PhaseRow>,
    cache: PathBuf,
    rows: Vec<PhaseRow>,
    warned: Vec<String>,
}

impl<'a> Session<'a> {
    /// Creates the file of the run.
    pub(super) fn open(
        plan: &'a Plan,
        directory: &RunDirectory,
        console: &'a mut Console,
        interrupted: &'a AtomicBool,
    ) -> Result<Self, Error> {
        let file = RowsFile::create(&directory.phases())?;
        let (rows, warned) = (Vec::new(), Vec::new());
        Ok(Session { plan, console, interrupted, file, cache: model::cache_dir(), rows, warned })
    }

    /// Measures every cell as often as the plan says. All cells take turns, so that what changes on the machine meanwhile
    /// changes all of them; but those that empty the page cache come after all others, which would have to read from storage
    /// again. Gives the rows of everything that ran.
    pub(super) fn run_all(mut self) -> Result<Vec<PhaseRow>, Error> {
        let empties_cache = |case: &&Case| case.runtime.weights.release == Release::Pageout;
        let (last, first): (Vec<_>, Vec<_>) = self.plan.suite.cases.iter().partition(empties_cache);
        for cases in [first, last] {
            for process in 1..=self.plan.suite.replicates {
                for case in &cases {
                    if self.interrupted.load(Ordering::Relaxed) {
                        return Ok(self.rows);
                    }
                    self.measure(case, process)?;
                }
            }
        }
        Ok(self.rows)
    }

    fn measure(&mut self, case: &Case, process: u32) -> Result<(), Error> {
        let profile = self.plan.profile;
        self.console.begin_case(&name(case), 1 + profile.warmup + profile.runs);
        let mut recorder = Recorder::new(PhaseRow::of_case(case, process), profile, &mut self.file, self.console);
        let (outcome, run) = match surroundings(case, &self.cache)? {
            Err(outcome) => (outcome, None),
            Ok(Surroundings { case, environment, models, .. }) => {
                let request = Request {
                    case: &case,
                    models,
                    environment: &environment,
                    core_every: None,
                    profile: Some(profile),
                    program: Path::new("/proc/self/exe"),
                    interrupted: self.interrupted,
                };
                match runner::run(&request, &mut recorder) {
                    // A child that cannot be started is a row; a file of the run that cannot be written ends it.
                    Err(error @ Error::Child { .. }) => (Outcome::Failed { message: error.chain() }, None),
                    run => run.map(|run| (run.outcome.clone(), Some(run)))?,
                }
            }
        };
        let rows = recorder.finish(&outcome, run.as_ref())?;
        self.tell_limits(run.as_ref());
        for cell in cells(&rows) {
            self.console.end_cell(&format!("{}: {}", name(case), line(&cell)));
        }
        self.rows.extend(rows);
        Ok(())
    }

    /// Warns, once a run, of what this machine cannot tell, and passes on what a process remarked.
    fn tell_limits(&mut self, run: Option<&CaseRun>) {
        let Some(run) = run else { return };
        let no_peaks = run.hello.as_ref().is_some_and(|hello| !hello.peaks).then_some(
            "the high-water mark cannot be reset here, so phases have none of their own: use --mem-poll \
             (`highwater doctor` says more)",
        );
        for warning in no_peaks.into_iter().chain(run.notes.iter().map(String::as_str)) {
            if !self.warned.iter().any(|told| told == warning) {
                self.console.warn(warning);
                self.warned.push(warning.to_owned());
            }
        }
    }
}
