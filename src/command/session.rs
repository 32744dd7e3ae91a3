//! One suite, run case by case: controls first, each case's exact-live probe before it, every row on disk before the next.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::controls::Controls;
use super::cross_check::CountedTwice;
use super::limits::Limits;
use super::measure::EXACT_LIVE;
use crate::arm::{self, ArmError, LiveKind, counts_exactly};
use crate::cli::Sabotage;
use crate::error::Error;
use crate::model::{self, ModelError};
use crate::report::console::Console;
use crate::report::{CacheFile, LiveSource, Role, RowsFile, RunDirectory, RunRecord, SamplesFile, VerdictRow};
use crate::runtime;
use crate::sample::Series;
use crate::suite::{ArmSpec, Case, Engine, ModelSource, ModelSpec, Suite, catalogue};

/// The live bytes that decide for all cases of one work.
pub(super) struct LiveProbe {
    pub(super) case: String,
    pub(super) series: Series,
    pub(super) kind: LiveKind,
    /// jemalloc's count, where glibc's says that a little leaks.
    pub(super) second: Option<Rc<CountedTwice>>,
    /// Iterations after which it said leak.
    pub(super) leak: Option<u64>,
}

impl LiveProbe {
    pub(super) fn source(&self) -> LiveSource<'_> {
        let second = self.second.as_deref().map(CountedTwice::told);
        LiveSource { case: &self.case, series: &self.series, kind: self.kind, second }
    }
}

/// A suite while it runs.
pub(super) struct Session<'a> {
    pub(super) suite: &'a Suite,
    pub(super) console: &'a mut Console,
    pub(super) interrupted: &'a AtomicBool,
    pub(super) reproduce: Box<dyn Fn(&str) -> String + 'a>,
    pub(super) samples: SamplesFile,
    pub(super) cache_events: CacheFile,
    pub(super) verdicts: RowsFile<VerdictRow>,
    pub(super) program: PathBuf,
    pub(super) cache: PathBuf,
    /// By work and replicate; `None` where the probe's run did not finish.
    pub(super) probes: BTreeMap<(String, u32), Option<Rc<LiveProbe>>>,
    /// Whether jemalloc's count shows a planted leak, once that was tried.
    pub(super) second_count: Option<Result<(), String>>,
    pub(super) sabotage: Option<Sabotage>,
    /// By work and replicate.
    pub(super) cross_checks: BTreeMap<(String, u32), Rc<CountedTwice>>,
    pub(super) rows: Vec<VerdictRow>,
    pub(super) limits: Limits,
}

impl<'a> Session<'a> {
    /// Creates the files of the run.
    pub(super) fn open(
        suite: &'a Suite,
        directory: &RunDirectory,
        console: &'a mut Console,
        interrupted: &'a AtomicBool,
        reproduce: impl Fn(&str) -> String + 'a,
    ) -> Result<Self, Error> {
        directory.write_record(&record(suite))?;
        Ok(Session {
            suite,
            console,
            interrupted,
            reproduce: Box::new(reproduce),
            samples: SamplesFile::create(&directory.samples())?,
            cache_events: CacheFile::at(&directory.cache()),
            verdicts: RowsFile::create(&directory.verdicts())?,
            program: PathBuf::from("/proc/self/exe"),
            cache: model::cache_dir(),
            probes: BTreeMap::new(),
            second_count: None,
            sabotage: None,
            cross_checks: BTreeMap::new(),
            rows: Vec::new(),
            limits: Limits::default(),
        })
    }

    /// Finds out what is wrong with arms before anything is made or run. What is only missing here is no error: those cases
    /// are skipped.
    pub(super) fn check(suite: &Suite) -> Result<(), Error> {
        let cache = model::cache_dir();
        for case in &suite.cases {
            match arm::prepare(&case.arm, &cache) {
                Ok(_) | Err(ArmError::Unavailable { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Finds out what is wrong with the one model of a command line: in a suite it would be a row among others.
    pub(super) fn check_model(suite: &Suite) -> Result<(), Error> {
        let cache = model::cache_dir();
        for case in &suite.cases {
            let is_file = |model: &&ModelSpec| matches!(model.source, ModelSource::File(_) | ModelSource::Fetched(_));
            for file in case.model.members().iter().filter(is_file) {
                let paths = match model::resolve(file, &cache) {
                    Ok(paths) => paths,
                    Err(ModelError::Open { .. } | ModelError::NotFetched { .. }) => Vec::new(),
                    Err(error) => return Err(error.into()),
                };
                let mismatch = |path: &PathBuf| runtime::format_mismatch(Engine::Auto, path);
                if case.runtime.engine == Engine::Auto
                    && let Some(why) = paths.iter().find_map(mismatch)
                {
                    return Err(Error::Usage(format!("--model: {why}")));
                }
            }
        }
        Ok(())
    }

    /// Completes `run.json`.
    pub(super) fn close(directory: &RunDirectory, controls: Controls, exit: u8) -> Result<(), Error> {
        let mut record = directory.read_record()?;
        record.controls_passed = match controls {
            Controls::Passed { .. } => Some(true),
            Controls::Failed | Controls::Unfinished => Some(false),
            Controls::NotRun => None,
        };
        record.exit_code = Some(exit);
        directory.write_record(&record)
    }

    /// The rows of everything that ran.
    pub(super) fn into_rows(self) -> Vec<VerdictRow> {
        self.rows
    }

    /// Runs controls, cases and comparisons until all are done or the user ends the run.
    pub(super) fn run_all(&mut self, sabotage: Option<Sabotage>) -> Result<Controls, Error> {
        self.sabotage = sabotage;
        let controls = self.run_controls()?;
        for replicate in 1..=self.suite.replicates {
            for case in &self.suite.cases {
                if self.is_interrupted() {
                    return Ok(controls);
                }
                let is_case = |row: &&VerdictRow| row.role == Role::Case && row.replicate == replicate;
                let is_done = self.rows.iter().filter(is_case).any(|row| row.case == case.id);
                if !is_done {
                    self.run_case(case, replicate)?;
                }
            }
        }
        self.run_counterfactuals()?;
        Ok(controls)
    }

    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Runs one case of the suite, and before it the exact-live probe of its work if it needs one.
    fn run_case(&mut self, case: &Case, replicate: u32) -> Result<(), Error> {
        let mut case = case.clone();
        if !counts_exactly(&case.arm) && self.can_run(&case) {
            self.probe(&case, replicate)?;
            let leak = self.probes.get(&(case.work(), replicate)).and_then(Option::as_ref).and_then(|probe| probe.leak);
            if let Some(iterations) = leak.filter(|_| case.judging.early_stop) {
                // The verdict is a leak whatever resident memory does.
                case.limits.iterations = case.limits.iterations.min(iterations);
                case.limits.until_decided = false;
            }
        }
        if self.is_interrupted() {
            return Ok(());
        }
        self.console.begin_case(&case.id, case.limits.iterations);
        let report = self.measure(&case, replicate, Role::Case, Some(&case.work()))?;
        self.console.end(&report.row);
        Ok(())
    }

    /// Whether arm, model and program of the case are here.
    fn can_run(&self, case: &Case) -> bool {
        case.runtime.program.as_ref().is_none_or(|program| runtime::find_program(program).is_ok())
            && arm::prepare(&case.arm, &self.cache).is_ok()
            && model::resolve(&case.model, &self.cache).is_ok()
    }

    /// Makes sure that the exact-live probe of the case's work has run: the suite's own case if it has one, otherwise a run
    /// for the leak question alone.
    fn probe(&mut self, case: &Case, replicate: u32) -> Result<(), Error> {
        let key = (case.work(), replicate);
        if self.probes.contains_key(&key) {
            return Ok(());
        }
        let Some(exact) = named_arm(EXACT_LIVE) else { return Ok(()) };
        let mut probe = case.under(&exact);
        if let Some(own) = self.suite.cases.iter().find(|own| own.id == probe.id) {
            // A suite that calls something else `exact-live` has no probe: its cases are judged on counters of their own.
            return if counts_exactly(&own.arm) { self.run_case(own, replicate) } else { Ok(()) };
        }
        // The probe decides for every case of this work, so it is as long and as strict as the strictest of them.
        for other in self.suite.cases.iter().filter(|other| other.work() == case.work()) {
            probe.limits.iterations = probe.limits.iterations.max(other.limits.iterations);
            probe.judging.settle = probe.judging.settle.max(other.judging.settle);
            probe.judging.early_stop &= other.judging.early_stop;
        }
        probe.judging.resident = false;
        probe.limits.until_decided = false;
        self.console.begin(&format!("exact-live probe of {}", case.work()), probe.limits.iterations);
        let report = self.measure(&probe, replicate, Role::Probe, None)?;
        let row = &report.row;
        let sentence = row.sentence.trim_start_matches("live: ");
        self.console.side_run(&format!("exact-live probe of {}: {sentence}", case.work()));
        Ok(())
    }
}

/// An arm of the built-in catalogue.
pub(super) fn named_arm(name: &str) -> Option<ArmSpec> {
    catalogue().arms.get(name).map(|entry| entry.spec.clone())
}

/// What `run.json` says of a run that begins.
pub(super) fn record(suite: &Suite) -> RunRecord {
    RunRecord {
        suites: vec![suite.path.as_ref().map_or_else(|| suite.name.clone(), |path| path.display().to_string())],
        runtimes: vec![crate::runtime::embedded_versions()],
        cases: suite.cases.len() * suite.replicates as usize,
        ..RunRecord::begin()
    }
}
