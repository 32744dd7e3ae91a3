//! One case from the child to its row: the run itself, the live bytes that decide for it, the fork probe beside it.

use std::path::{Path, PathBuf};

use super::cross_check::CountedTwice;
use super::recorder::{Files, Recorder, assess};
use super::session::{LiveProbe, Session};
use crate::analysis::{LEAST_PROBES, LiveVerdict, Verdict};
use crate::arm::{self, ArmError, ChildEnvironment, LiveKind};
use crate::error::{Error, chain};
use crate::model::{self, ModelError};
use crate::report::{CaseReport, CoreRun, CoreSource, LiveSource, Role, VerdictRow};
use crate::runner::{self, CaseRun, Evidence, Outcome, Request};
use crate::runtime::{self, Absence};
use crate::sample::Series;
use crate::suite::{Allocator, Beside, Case, Judging, RESERVED_MODEL, RuntimeSpec};
use crate::worker::protocol::CoreAbility;

/// The arm under which live bytes are exact.
pub(super) const EXACT_LIVE: &str = "exact-live";

/// Probes in a run.
const CORE_PROBES: u64 = 40;

/// How often a run whose resident memory is undecided goes on to twice its length: three looks at 0.25 % each.
const DOUBLINGS: u32 = 2;

/// What it means here that high-water marks cannot be reset.
const WITHOUT_PEAKS: &str = "the high-water mark cannot be reset here: resident memory is judged at rest, which decides less \
                             (`highwater doctor` says more)";

/// A run that has ended, and how often its resident memory was looked at.
pub(super) struct Executed {
    pub(super) run: CaseRun,
    pub(super) looks: u32,
}

/// A fork probe run that has ended.
struct ProbedCore {
    id: String,
    /// Its samples; absent where there are no probes among them.
    series: Option<Series>,
    complete: bool,
    notes: String,
}

impl ProbedCore {
    fn of(id: &str, run: &CaseRun) -> Self {
        let mut notes = run.notes.clone();
        let ability = run.hello.as_ref().and_then(|hello| hello.core.as_ref());
        if let Some(CoreAbility::Absent { reason }) = ability {
            notes.push(reason.clone());
        }
        if !run.outcome.is_finished() {
            notes.push(format!("the probed run did not come to its end: {}", run.outcome));
        }
        let is_usable = run.outcome.is_finished() && run.series.column("core_bytes").is_some();
        let complete = ability == Some(&CoreAbility::Complete);
        let series = is_usable.then(|| run.series.clone());
        ProbedCore { id: id.to_owned(), series, complete, notes: notes.join("; ") }
    }

    fn told(&self) -> CoreRun<'_> {
        let source = self.series.as_ref();
        let source = source.map(|series| CoreSource { case: &self.id, series, complete: self.complete });
        CoreRun { source, notes: &self.notes }
    }
}

impl Session<'_> {
    /// Runs a case in a fresh child, beside it the fork probe where the case asks for one, judges it and writes its row.
    /// `work` names the probe of live bytes that may decide for it.
    pub(super) fn measure(
        &mut self,
        case: &Case,
        replicate: u32,
        role: Role,
        work: Option<&str>,
    ) -> Result<CaseReport, Error> {
        let key = (case.work(), replicate);
        // A further process of a comparison has no probe of its own: the first one's live bytes decide for it.
        let known = |replicate| self.probes.get(&(case.work(), replicate));
        let probe = work.and_then(|_| known(replicate).or_else(|| known(1))).and_then(Clone::clone);
        let Executed { run, looks } = self.execute(case, replicate, probe.as_deref(), None)?;
        let own = run.hello.as_ref().and_then(|hello| hello.live);
        let own = own.map(|kind| LiveSource { case: &case.id, series: &run.series, kind, second: None });
        let mut live = LiveSource::deciding(own, probe.as_deref().map(LiveProbe::source));
        let mut second = None;
        if let Some(accused) = live.as_mut().filter(|live| live.second.is_none() && run.outcome.is_finished()) {
            second = self.cross_check(case, replicate, role, *accused)?;
            accused.second = second.as_deref().map(CountedTwice::told);
        }
        // Of the processes of a comparison, the first of each setting says what fork probes find there.
        let is_probed = role == Role::Case || (role == Role::Counterfactual && replicate == 1);
        let core = if is_probed && case.beside.core && case.judging.resident && run.outcome.is_finished() {
            self.probe_core(case, replicate, &run.series, live)?
        } else {
            None
        };
        let core = core.as_ref().map(ProbedCore::told);
        let mut report = CaseReport::new(case, replicate, &run, live, core, looks, self.command_of(case));
        report.row.role = role;
        let decides = case.arm.name == EXACT_LIVE && matches!(role, Role::Case | Role::Probe);
        if let Some(own) = own.filter(|own| own.kind == LiveKind::Exact && decides) {
            let leak = report.assessment.as_ref().and_then(|found| found.live.as_ref());
            let leak = leak.filter(|live| live.verdict == LiveVerdict::Leak).map(|live| live.n as u64);
            let usable = report.outcome.is_finished();
            let (series, kind) = (own.series.clone(), own.kind);
            let probe = LiveProbe { case: case.id.clone(), series, kind, second: second.clone(), leak };
            self.probes.insert(key, usable.then(|| probe.into()));
        }
        self.verdicts.append(&report.row)?;
        self.rows.push(report.row.clone());
        Ok(report)
    }

    /// Runs the case once more in a child that forks every few iterations; not where live bytes leak, for a leak explains
    /// what resident memory does.
    fn probe_core(
        &mut self,
        case: &Case,
        replicate: u32,
        measured: &Series,
        live: Option<LiveSource<'_>>,
    ) -> Result<Option<ProbedCore>, Error> {
        let live_alone = Judging { resident: false, ..case.judging.clone() };
        if assess(case, &live_alone, measured, live).verdict == Verdict::Leak {
            return Ok(None);
        }
        let iterations = measured.len() as u64;
        let mut probed = case.clone();
        probed.id = format!("{}.core", case.id);
        if case.runtime.program.is_some() {
            let notes = "fork probes belong to highwater's own worker, and this is a program".to_owned();
            return Ok(Some(ProbedCore { id: probed.id, series: None, complete: false, notes }));
        }
        let absent = |notes: String| ProbedCore { id: probed.id.clone(), series: None, complete: false, notes };
        if self.is_interrupted() {
            return Ok(Some(absent("interrupted before the fork probes".into())));
        }
        if measured.len() < LEAST_PROBES {
            let notes = format!("{iterations} iterations are too few for fork probes: {LEAST_PROBES} are needed");
            return Ok(Some(absent(notes)));
        }
        probed.limits.iterations = iterations;
        probed.limits.until_decided = false;
        probed.judging.early_stop = false;
        probed.beside = Beside { core: false, counterfactual: 0 };
        probed.expect = Vec::new();
        self.console.begin(&format!("fork probe of {}", case.id), iterations);
        let every = Some(core_spacing(iterations, case.judging.cycle));
        let Executed { run, .. } = self.execute(&probed, replicate, None, every)?;
        let own = run.hello.as_ref().and_then(|hello| hello.live);
        let second = live.and_then(|live| live.second).filter(|_| case.arm.allocator == Allocator::Glibc);
        let own = own.map(|kind| LiveSource { case: &probed.id, series: &run.series, kind, second });
        let core = ProbedCore::of(&probed.id, &run);
        let mut report = CaseReport::new(&probed, replicate, &run, own, Some(core.told()), 1, self.command_of(case));
        report.row.role = Role::Core;
        self.console.side_run(&format!("fork probe of {}: {}", case.id, cost(&report.row, &run.series, measured)));
        self.verdicts.append(&report.row)?;
        self.rows.push(report.row);
        Ok(Some(core))
    }

    /// The command that runs this again: the suite's own case, or the one that it belongs to.
    pub(super) fn command_of(&self, case: &Case) -> String {
        let own = self.suite.cases.iter().find(|own| own.id == case.id);
        let known = own.or_else(|| self.suite.cases.iter().find(|own| own.work() == case.work()));
        (self.reproduce)(known.or(self.suite.cases.first()).map_or(&case.id, |known| &known.id))
    }

    /// Runs a case; what this machine lacks is an outcome.
    pub(super) fn execute(
        &mut self,
        case: &Case,
        replicate: u32,
        probe: Option<&LiveProbe>,
        core_every: Option<u64>,
    ) -> Result<Executed, Error> {
        let Surroundings { case: mut asked, environment, models, program } = match surroundings(case, &self.cache) {
            Ok(here) => here,
            Err(outcome) => return Ok(not_run(outcome)),
        };
        asked.limits.iterations = longest_run(case);
        let request = Request {
            case: &asked,
            models,
            environment: &environment,
            program: program.as_deref().unwrap_or(&self.program),
            interrupted: self.interrupted,
            core_every,
            profile: None,
        };
        let probe = probe.map(LiveProbe::source);
        let files = Files { samples: &mut self.samples, cache: &mut self.cache_events };
        let mut recorder = Recorder::new(case, replicate, files, self.console, probe);
        match runner::run(&request, &mut recorder) {
            // A child that cannot be started is a row; a file of the run that cannot be written ends it.
            Err(error @ Error::Child { .. }) => Ok(not_run(Outcome::Failed { message: error.chain() })),
            Ok(run) => {
                let looks = recorder.looks();
                // What the engine remarks of a control's model is of no interest to whoever runs something else.
                if case.model.name != RESERVED_MODEL {
                    self.limits.tell(self.console, &run, environment.unverified.as_deref(), WITHOUT_PEAKS);
                }
                Ok(Executed { run, looks })
            }
            Err(error) => Err(error),
        }
    }
}

/// Iterations between two probes: for some forty of them, and so that every step of a scenario cycle has its turn.
fn core_spacing(iterations: u64, cycle: u64) -> u64 {
    let widest = (iterations / CORE_PROBES).max(1);
    (1..=widest).rev().find(|every| greatest_common_divisor(*every, cycle) == 1).unwrap_or(1)
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

/// What probing cost in time.
fn cost(row: &VerdictRow, probed: &Series, measured: &Series) -> String {
    let (Some(probes), Some(probe), Some(fork)) = (row.core_probes, row.core_probe_ms, row.core_fork_ms) else {
        return if row.core_reason.is_empty() { row.sentence.clone() } else { row.core_reason.clone() };
    };
    let elapsed = |series: &Series| series.column("elapsed_us").and_then(<[f64]>::last).copied();
    let longer = match (elapsed(probed), elapsed(measured)) {
        (Some(probed), Some(measured)) if measured > 0.0 => {
            format!("; that run took {:.2} times as long as the measured one", probed / measured)
        }
        _ => String::new(),
    };
    format!("{probes} probes of {probe:.1} ms, {fork:.1} ms of it in fork{longer}")
}

/// Iterations at most, with all doublings of a run that goes on until it is decided.
pub(super) fn longest_run(case: &Case) -> u64 {
    let goes_on = case.limits.until_decided && case.judging.resident;
    case.limits.iterations.saturating_mul(if goes_on { 1 << DOUBLINGS } else { 1 })
}

/// What a child needs.
pub(super) struct Surroundings {
    /// The case, with what is known of its inputs, and the library of a runtime that is loaded at run time.
    pub(super) case: Case,
    /// What the arm makes of the environment.
    pub(super) environment: ChildEnvironment,
    /// The files of the model's members.
    pub(super) models: Vec<PathBuf>,
    /// The file of the program that is the runtime; absent for all others.
    pub(super) program: Option<PathBuf>,
}

/// What a child of `case` needs; or what becomes of the case where that is missing or cannot be made.
pub(super) fn surroundings(case: &Case, cache: &Path) -> Result<Surroundings, Outcome> {
    let skipped = |why, remedy| Err(Outcome::Skipped { why, remedy });
    let failed = |error: &dyn std::error::Error| Outcome::Failed { message: chain(error) };
    let RuntimeSpec { engine, library, .. } = &case.runtime;
    let library = match runtime::locate(*engine, library.as_deref()).transpose() {
        Ok(located) => located.map(|located| located.path),
        Err(Absence { reason, remedy }) => return skipped(reason, remedy),
    };
    let program = match case.runtime.program.as_ref().map(runtime::find_program).transpose() {
        Ok(program) => program,
        Err(Absence { reason, remedy }) => return skipped(reason, remedy),
    };
    if program.is_some() && case.arm.step_pool.is_some() {
        let why = "a step pool is part of highwater's own worker, and this is a program".to_owned();
        return Err(Outcome::Incompatible { why });
    }
    let environment = match arm::prepare(&case.arm, cache) {
        Ok(environment) => environment,
        Err(ArmError::Unavailable { reason, remedy, .. }) => return skipped(reason, remedy),
        Err(error) => return Err(failed(&error)),
    };
    let models = match model::resolve(&case.model, cache) {
        Ok(models) => models,
        Err(error @ ModelError::Open { .. }) => {
            let remedy = "give the path of a file that exists; scripts/fetch-models brings larger models".into();
            return skipped(chain(&error), remedy);
        }
        Err(ref error @ ModelError::NotFetched { ref name, .. }) => {
            return skipped(chain(error), format!("scripts/fetch-models {name}"));
        }
        Err(error) => return Err(failed(&error)),
    };
    if let Some(why) = models.iter().find_map(|model| runtime::format_mismatch(*engine, model)) {
        return Err(Outcome::Incompatible { why });
    }
    let mut case = case.clone();
    case.model = model::with_known_inputs(&case.model).map_err(|error| failed(&error))?;
    case.runtime.library = library;
    Ok(Surroundings { case, environment, models, program })
}

fn not_run(outcome: Outcome) -> Executed {
    let run =
        CaseRun { outcome, evidence: Evidence::default(), hello: None, series: Series::default(), notes: Vec::new() };
    Executed { run, looks: 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A case of a tiny network under `arm`.
    fn case_under(arm: &str) -> Case {
        let text = format!("[[case]]\nmodel = \"mlp-small\"\nworkload = \"recompile\"\narm = \"{arm}\"\n");
        crate::suite::parse("suite.toml", &text, Path::new("")).unwrap().cases.remove(0)
    }

    /// Planted: a cache whose path cannot be preloaded from.
    #[test]
    fn an_arm_that_the_cache_rules_out_is_skipped_with_its_remedy_and_others_run() {
        let home = tempfile::tempdir().unwrap();
        let cache = home.path().join("x y");
        for arm in ["jemalloc", "mimalloc"] {
            match surroundings(&case_under(arm), &cache).err() {
                Some(Outcome::Skipped { why, remedy }) => {
                    assert!(
                        why.contains("x y/allocators/lib") && remedy.starts_with("set HIGHWATER_CACHE to"),
                        "{why}"
                    );
                }
                other => panic!("{arm}: {other:?}"),
            }
        }
        assert!(surroundings(&case_under("glibc"), &cache).is_ok());
    }

    /// Planted: a setting that the arm's allocator does not read, as only an arm that was not checked before can have.
    #[test]
    fn an_arm_that_cannot_mean_anything_is_a_failure_of_its_case() {
        let home = tempfile::tempdir().unwrap();
        let mut case = case_under("jemalloc");
        case.arm.trim_every = Some(1);
        let outcome = surroundings(&case, home.path()).err();
        assert!(
            matches!(&outcome, Some(Outcome::Failed { message }) if message.contains("no malloc_trim")),
            "{outcome:?}"
        );
    }

    #[test]
    fn probes_meet_every_step_of_a_cycle() {
        assert_eq!(
            (core_spacing(200, 1), core_spacing(160, 2), core_spacing(400, 5), core_spacing(60, 3)),
            (5, 3, 9, 1)
        );
    }
}
