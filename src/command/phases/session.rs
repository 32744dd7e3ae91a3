//! The cells of a profile, one fresh process after the other; every row is on disk before the next process starts.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::plan::{Plan, name};
use super::recorder::Recorder;
use crate::command::limits::Limits;
use crate::command::measure::{Surroundings, surroundings};
use crate::error::Error;
use crate::model;
use crate::report::console::Console;
use crate::report::{PhaseRow, RowsFile, RunDirectory, cells, line};
use crate::runner::{self, Outcome, Request};
use crate::suite::{Case, Release};

/// What it means here that high-water marks cannot be reset.
const WITHOUT_PEAKS: &str = "the high-water mark cannot be reset here, so phases have none of their own: use --mem-poll \
                             (`highwater doctor` says more)";

/// A profile while it runs.
pub(super) struct Session<'a> {
    plan: &'a Plan,
    console: &'a mut Console,
    interrupted: &'a AtomicBool,
    file: RowsFile<PhaseRow>,
    cache: PathBuf,
    rows: Vec<PhaseRow>,
    limits: Limits,
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
        let (rows, limits) = (Vec::new(), Limits::default());
        Ok(Session { plan, console, interrupted, file, cache: model::cache_dir(), rows, limits })
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
        let mut unverified = None;
        let (outcome, run) = match surroundings(case, &self.cache) {
            Err(outcome) => (outcome, None),
            Ok(Surroundings { case, environment, models, .. }) => {
                unverified.clone_from(&environment.unverified);
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
        if let Some(run) = &run {
            self.limits.tell(self.console, run, unverified.as_deref(), WITHOUT_PEAKS);
        }
        for cell in cells(&rows) {
            self.console.end_cell(&format!("{}: {}", name(case), line(&cell)));
        }
        self.rows.extend(rows);
        Ok(())
    }
}
