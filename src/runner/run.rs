//! One run of one case: from the start of the child to its outcome.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use super::child::{ProgramStart, Running};
use super::ending::{Known, kernel_oom_kills};
use super::evidence::Evidence;
use super::outcome::Outcome;
use super::watch::Watch;
use crate::arm::ChildEnvironment;
use crate::error::Error;
use crate::sample::{PhaseFigures, Sample, Series};
use crate::suite::Case;
use crate::worker::protocol::{Hello, Job, Profile, VERSION};
use crate::workload::{CacheEvent, Phase};

/// What a run needs.
pub struct Request<'a> {
    /// The case.
    pub case: &'a Case,
    /// The files of the model's members.
    pub models: Vec<PathBuf>,
    /// What the arm makes of the environment.
    pub environment: &'a ChildEnvironment,
    /// Iterations between two fork probes; `None` for none.
    pub core_every: Option<u64>,
    /// The phases of the model instead of iterations; `None` for iterations.
    pub profile: Option<Profile>,
    /// The file that is started: the binary that serves as worker, this one; or that of the case's program.
    pub program: &'a Path,
    /// Set when the user wants to end the run.
    pub interrupted: &'a AtomicBool,
}

/// Is told what arrives, as it arrives.
pub trait Observer {
    /// A sample arrived. An error ends the run; what was observed before is whole.
    fn sampled(&mut self, sample: &Sample, series: &Series) -> Result<(), Error>;

    /// A model cache did something. An error ends the run.
    fn cached(&mut self, _iteration: u64, _event: &CacheEvent) -> Result<(), Error> {
        Ok(())
    }

    /// Whether the run may stop, since its verdict is final.
    fn is_final(&mut self, series: &Series, hello: &Hello) -> bool;

    /// A phase of a profile is over; `latencies` are the times of its executions, ns, where they are told one by one.
    fn profiled(&mut self, _figures: &PhaseFigures, _latencies: &[u64], _hello: &Hello) -> Result<(), Error> {
        Ok(())
    }

    /// A profile has come to execution number `run` of `phase`.
    fn progressed(&mut self, _phase: Phase, _run: u64) {}

    /// Called about ten times a second.
    fn tick(&mut self) {}
}

/// A run that has ended.
#[derive(Debug)]
pub struct CaseRun {
    /// What became of the child.
    pub outcome: Outcome,
    /// How far it came.
    pub evidence: Evidence,
    /// Who it was; absent if it did not come that far.
    pub hello: Option<Hello>,
    /// What it measured.
    pub series: Series,
    /// What it remarked, each remark once.
    pub notes: Vec<String>,
}

/// Runs one case in a fresh child.
///
/// # Errors
/// Only if the child cannot be started or watched, or if `observer` fails. Whatever the child does is an [`Outcome`].
pub fn run(request: &Request<'_>, observer: &mut dyn Observer) -> Result<CaseRun, Error> {
    let case = request.case;
    let failed = |what: &'static str| {
        let case = case.id.clone();
        move |source| Error::Child { what, case, source }
    };
    let scratch = tempfile::Builder::new().prefix("highwater-").tempdir().map_err(failed("make a folder for"))?;
    let oom_kills = kernel_oom_kills();
    let mut child = match &case.runtime.program {
        Some(program) => Running::start_program(&ProgramStart {
            program,
            file: request.program,
            environment: request.environment,
            model: request.models.first().map(PathBuf::as_path),
            threads: case.threads,
            limits: &case.limits,
        }),
        None => Running::start(request.program, request.environment, case, scratch.path()),
    }
    .map_err(failed("start"))?;
    if case.runtime.program.is_none() {
        let job = Job {
            protocol: VERSION,
            case: case.clone(),
            models: request.models.clone(),
            scratch: scratch.path().to_owned(),
            core_every: request.core_every,
            profile: request.profile,
            companion: false,
        };
        // A child that dies before it reads its job is told of by its exit status.
        let _ = child.send(&job);
    }
    let mut watch = Watch::new(request, observer);
    let ending = watch.follow(&mut child).map_err(failed("watch"))??;
    let Watch { hello, series, notes, mut evidence, stop, .. } = watch;
    if !ending.is_orderly() {
        child.kill();
    }
    let (status, output) = child.reap().map_err(failed("wait for"))?;
    evidence.output = output;
    let oom_kills = kernel_oom_kills().saturating_sub(oom_kills);
    let is_program = case.runtime.program.is_some();
    let outcome = ending
        .outcome(status, &Known { evidence: &evidence, stop, oom_kills, is_program, has_said_hello: hello.is_some() });
    Ok(CaseRun { outcome, evidence, hello, series, notes })
}
