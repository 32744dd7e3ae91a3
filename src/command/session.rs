//! One suite, run case by case: controls first, each case's exact-live probe before it, every row on disk before the next.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use super::recorder::Recorder;
use crate::analysis::LiveVerdict;
use crate::arm::{self, ArmError, LiveKind};
use crate::cli::Sabotage;
use crate::error::{Error, chain};
use crate::model::{self, ModelError};
use crate::report::console::{Console, word};
use crate::report::{
    CaseReport, LiveSource, Machine, Role, RunDirectory, RunRecord, SamplesFile, VerdictRow, VerdictsFile, revision,
};
use crate::runner::{self, CaseRun, Evidence, Outcome, Request};
use crate::sample::Series;
use crate::suite::{
    Allocator, ArmSpec, Case, Expectation, ModelSource, ModelSpec, RESERVED_MODEL, Suite, catalogue, from_model,
};

/// The arm under which live bytes are exact.
const EXACT_LIVE: &str = "exact-live";

/// Iterations of the controls: the first look at which a leak can be called with the settling time of 50.
const CONTROL_ITERATIONS: u64 = 112;

/// How the controls came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Controls {
    /// The planted leak was found and the clean work was not accused.
    Passed,
    /// One of them came out wrong.
    Failed,
    /// The run ended before them.
    NotRun,
}

/// The live bytes that decide for all cases of one work.
struct Probe {
    case: String,
    series: Series,
    kind: LiveKind,
    /// Iterations after which it said leak.
    leak: Option<u64>,
}

/// A suite while it runs.
pub(super) struct Session<'a> {
    suite: &'a Suite,
    console: &'a mut Console,
    interrupted: &'a AtomicBool,
    reproduce: Box<dyn Fn(&str) -> String + 'a>,
    samples: SamplesFile,
    verdicts: VerdictsFile,
    program: PathBuf,
    cache: PathBuf,
    probes: BTreeMap<(String, u32), Option<Probe>>,
    rows: Vec<VerdictRow>,
    warned: Vec<String>,
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
            verdicts: VerdictsFile::create(&directory.verdicts())?,
            program: PathBuf::from("/proc/self/exe"),
            cache: model::cache_dir(),
            probes: BTreeMap::new(),
            rows: Vec::new(),
            warned: Vec::new(),
        })
    }

    /// Finds out what is wrong with arms and model files before anything is made or run. What is only missing here is no
    /// error: those cases are skipped.
    pub(super) fn check(suite: &Suite) -> Result<(), Error> {
        let cache = model::cache_dir();
        for case in &suite.cases {
            match arm::prepare(&case.arm, &cache) {
                Ok(_) | Err(ArmError::Unavailable { .. }) => {}
                Err(error) => return Err(error.into()),
            }
            let is_file = |model: &&ModelSpec| matches!(model.source, ModelSource::File(_));
            for file in case.model.members().iter().filter(is_file) {
                match model::resolve(file, &cache) {
                    Ok(_) | Err(ModelError::Open { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }

    /// Completes `run.json`.
    pub(super) fn close(directory: &RunDirectory, controls: Controls, exit: u8) -> Result<(), Error> {
        let mut record = directory.read_record()?;
        record.controls_passed = (controls != Controls::NotRun).then_some(controls == Controls::Passed);
        record.exit_code = Some(exit);
        directory.write_record(&record)
    }

    /// The rows of everything that ran.
    pub(super) fn into_rows(self) -> Vec<VerdictRow> {
        self.rows
    }

    /// Runs controls and cases until all are done or the user ends the run.
    pub(super) fn run_all(&mut self, sabotage: Option<Sabotage>) -> Result<Controls, Error> {
        let controls = self.run_controls(sabotage)?;
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
        Ok(controls)
    }

    fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// A leak of 64 bytes an iteration must be called one, and the same work without it must not.
    fn run_controls(&mut self, sabotage: Option<Sabotage>) -> Result<Controls, Error> {
        let mut passed = true;
        let plans = [
            ("recompile-leak-64", vec![Expectation::Leak], Sabotage::Positive),
            ("recompile", vec![Expectation::Stable, Expectation::Plateau], Sabotage::Negative),
        ];
        for (workload, expect, saboteur) in plans {
            let mut case = control(workload, expect)?;
            if sabotage == Some(saboteur) {
                let other = if workload == "recompile" { "recompile-leak-64" } else { "recompile" };
                case.workload = control(other, Vec::new())?.workload;
            }
            self.console.begin(&format!("control {}", case.id), case.limits.iterations);
            let report = self.measure(&case, 1, Role::Control, None)?;
            if report.outcome == Outcome::Interrupted {
                return Ok(Controls::NotRun);
            }
            passed &= report.row.as_expected;
            let told = if report.row.as_expected { "as it must" } else { "WRONG" };
            let row = &report.row;
            self.console.side_run(&format!("control {}: {} ({told})\n        {}", row.case, word(row), row.sentence));
        }
        Ok(if passed { Controls::Passed } else { Controls::Failed })
    }

    /// Runs one case of the suite, and before it the exact-live probe of its work if it needs one.
    fn run_case(&mut self, case: &Case, replicate: u32) -> Result<(), Error> {
        let mut case = case.clone();
        if needs_probe(&case) && self.can_run(&case) {
            self.probe(&case, replicate)?;
            let leak = self.probes.get(&(case.work(), replicate)).and_then(Option::as_ref).and_then(|probe| probe.leak);
            if let Some(iterations) = leak.filter(|_| case.judging.early_stop) {
                // The verdict is a leak whatever resident memory does.
                case.limits.iterations = case.limits.iterations.min(iterations);
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

    /// Whether arm and model of the case are here.
    fn can_run(&self, case: &Case) -> bool {
        arm::prepare(&case.arm, &self.cache).is_ok() && model::resolve(&case.model, &self.cache).is_ok()
    }

    /// Makes sure that the exact-live probe of the case's work has run: the suite's own case if it has one, otherwise a run
    /// for the leak question alone.
    fn probe(&mut self, case: &Case, replicate: u32) -> Result<(), Error> {
        let key = (case.work(), replicate);
        if self.probes.contains_key(&key) {
            return Ok(());
        }
        let Some(exact) = exact_live_arm() else { return Ok(()) };
        let mut probe = case.under(&exact);
        if let Some(own) = self.suite.cases.iter().find(|own| own.id == probe.id) {
            // A suite that calls something else `exact-live` has no probe: its cases are judged on counters of their own.
            return if needs_probe(own) { Ok(()) } else { self.run_case(own, replicate) };
        }
        // The probe decides for every case of this work, so it is as long and as strict as the strictest of them.
        for other in self.suite.cases.iter().filter(|other| other.work() == case.work()) {
            probe.limits.iterations = probe.limits.iterations.max(other.limits.iterations);
            probe.judging.settle = probe.judging.settle.max(other.judging.settle);
            probe.judging.early_stop &= other.judging.early_stop;
        }
        probe.judging.resident = false;
        self.console.begin(&format!("exact-live probe of {}", case.work()), probe.limits.iterations);
        let report = self.measure(&probe, replicate, Role::Probe, None)?;
        let row = &report.row;
        let sentence = row.sentence.trim_start_matches("live: ");
        self.console.side_run(&format!("exact-live probe of {}: {sentence}", case.work()));
        Ok(())
    }

    /// Runs a case in a fresh child, judges it and writes its row. `work` names the probe that may decide for it.
    fn measure(&mut self, case: &Case, replicate: u32, role: Role, work: Option<&str>) -> Result<CaseReport, Error> {
        let run = self.execute(case, replicate)?;
        let key = (case.work(), replicate);
        let kind = run.hello.as_ref().and_then(|hello| hello.live);
        let own = kind.map(|kind| (run.series.clone(), kind));
        let probe = work.and_then(|_| self.probes.get(&key)).and_then(Option::as_ref);
        let live = match (&own, probe) {
            (Some((series, LiveKind::Exact)), _) => Some(LiveSource { case: &case.id, series, kind: LiveKind::Exact }),
            (_, Some(probe)) => Some(LiveSource { case: &probe.case, series: &probe.series, kind: probe.kind }),
            (Some((series, kind)), None) => Some(LiveSource { case: &case.id, series, kind: *kind }),
            (None, None) => None,
        };
        let mut report = CaseReport::new(case, replicate, &run, live, None, (self.reproduce)(&case.id));
        report.row.role = role;
        if let Some((series, LiveKind::Exact)) = own
            && case.arm.name == EXACT_LIVE
            && role != Role::Control
        {
            let leak = report.assessment.as_ref().and_then(|found| found.live.as_ref());
            let leak = leak.filter(|live| live.verdict == LiveVerdict::Leak).map(|live| live.n as u64);
            let usable = report.outcome.is_finished();
            let probe = Probe { case: case.id.clone(), series, kind: LiveKind::Exact, leak };
            self.probes.insert(key, usable.then_some(probe));
        }
        self.verdicts.append(&report.row)?;
        self.rows.push(report.row.clone());
        Ok(report)
    }

    /// Runs a case; what this machine lacks is an outcome.
    fn execute(&mut self, case: &Case, replicate: u32) -> Result<CaseRun, Error> {
        let environment = match arm::prepare(&case.arm, &self.cache) {
            Ok(environment) => environment,
            Err(ArmError::Unavailable { reason, remedy, .. }) => return Ok(skipped(reason, remedy)),
            Err(error) => return Err(error.into()),
        };
        let models = match model::resolve(&case.model, &self.cache) {
            Ok(models) => models,
            Err(error @ ModelError::Open { .. }) => {
                let remedy = "give the path of a file that exists; scripts/fetch-models brings larger models".into();
                return Ok(skipped(chain(&error), remedy));
            }
            Err(error) => return Ok(not_run(Outcome::Failed { message: chain(&error) })),
        };
        let mut case = case.clone();
        case.model = model::with_known_inputs(&case.model)?;
        let request = Request {
            case: &case,
            models,
            environment: &environment,
            core_every: None,
            program: &self.program,
            interrupted: self.interrupted,
        };
        let mut recorder = Recorder::new(&case, replicate, &mut self.samples, self.console);
        match runner::run(&request, &mut recorder) {
            // A child that cannot be started is a row; a file of the run that cannot be written ends it.
            Err(error @ Error::Child { .. }) => Ok(not_run(Outcome::Failed { message: error.chain() })),
            Ok(run) => {
                self.tell_limits(&run, environment.unverified.as_deref());
                Ok(run)
            }
            Err(error) => Err(error),
        }
    }

    /// Warns, once a run, of what this machine cannot tell.
    fn tell_limits(&mut self, run: &CaseRun, unverified: Option<&str>) {
        let no_peaks = run.hello.as_ref().is_some_and(|hello| !hello.peaks).then_some(
            "the high-water mark cannot be reset here: resident memory is judged at rest, which decides less \
             (`highwater doctor` says more)",
        );
        for warning in no_peaks.into_iter().chain(unverified) {
            if !self.warned.iter().any(|told| told == warning) {
                self.console.warn(warning);
                self.warned.push(warning.to_owned());
            }
        }
    }
}

fn skipped(why: String, remedy: String) -> CaseRun {
    not_run(Outcome::Skipped { why, remedy })
}

fn not_run(outcome: Outcome) -> CaseRun {
    CaseRun { outcome, evidence: Evidence::default(), hello: None, series: Series::default(), notes: Vec::new() }
}

/// Whether the arm's own counter of live bytes has noise, or it has none.
fn needs_probe(case: &Case) -> bool {
    let conf = case.arm.environment.get("MALLOC_CONF").map_or("", String::as_str);
    let is_exact = match case.arm.allocator {
        Allocator::Glibc => case.arm.tunables.get("glibc.malloc.tcache_count").is_some_and(|count| count == "0"),
        Allocator::Jemalloc => conf.split(',').any(|option| option == "tcache:false"),
        Allocator::Tcmalloc => true,
        Allocator::Mimalloc | Allocator::Library(_) => false,
    };
    !is_exact
}

fn exact_live_arm() -> Option<ArmSpec> {
    catalogue().arms.get(EXACT_LIVE).map(|entry| entry.spec.clone())
}

/// A control: a tiny network, so that it costs next to nothing, under the arm with exact live bytes.
fn control(workload: &str, expect: Vec<Expectation>) -> Result<Case, Error> {
    let overrides = crate::suite::Overrides {
        workload: Some(workload.into()),
        arms: vec![crate::suite::ArmChoice::Named(EXACT_LIVE.into())],
        settings: crate::suite::Settings {
            iterations: Some(CONTROL_ITERATIONS),
            resident: Some(false),
            ..Default::default()
        },
        ..Default::default()
    };
    let suite = from_model(std::path::Path::new("mlp-small"), &overrides)?;
    let mut case = suite.cases.into_iter().next().ok_or_else(|| Error::Usage("the control has no case".into()))?;
    debug_assert!(case.model.source != ModelSource::None);
    case.model.name = RESERVED_MODEL.into();
    case.expect = expect;
    let exact = case.arm.clone();
    Ok(case.under(&exact))
}

fn record(suite: &Suite) -> RunRecord {
    RunRecord {
        highwater: env!("CARGO_PKG_VERSION").into(),
        command: std::env::args().collect(),
        suites: vec![suite.path.as_ref().map_or_else(|| suite.name.clone(), |path| path.display().to_string())],
        started: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        revision: revision(),
        machine: Machine::look(),
        runtimes: vec![crate::runtime::embedded_versions()],
        cases: suite.cases.len() * suite.replicates as usize,
        controls_passed: None,
        exit_code: None,
    }
}
