//! The honest part of an iteration.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use super::fault::Planted;
use super::phase::{Phase, Phases};
use super::scratch;
use crate::model::{self, InputError, InputTensor};
use crate::runtime::{self, Prepared, Runtime, RuntimeError};
use crate::suite::{BaseWork, Case, Fault};

/// Why an iteration could not be done.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// The runtime reports an error.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The inputs cannot be made.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The workload needs a model and the case has none.
    #[error("workload `{0}` needs a model, and the case has none")]
    NoModel(String),
    /// A model that was cut in half still loads.
    #[error("the model loads although half of its file is cut off: `reject` needs a model that fails to load")]
    NotRejected,
    /// Without a limit this fault would take the machine's memory.
    #[error("the fault `out-of-memory` needs a memory limit: set `memory` in the suite")]
    NoMemoryLimit,
    /// The fault could not be planted.
    #[error("the planted fault failed")]
    Fault(#[source] io::Error),
    /// A copy of the model could not be made.
    #[error("cannot copy the model {path} for a workload that damages it")]
    Copy {
        /// The model.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A compiling thread panicked.
    #[error("a thread of the `concurrent` workload panicked")]
    Panicked,
}

/// The work of one case.
pub struct Work {
    base: BaseWork,
    planted: Option<Planted>,
    target: Option<Target>,
    prepared: Option<Box<dyn Prepared>>,
    threads: u32,
}

/// A model and who runs it.
struct Target {
    runtime: Box<dyn Runtime>,
    path: PathBuf,
    case: Case,
    inputs: Mutex<Option<Arc<[InputTensor]>>>,
}

impl Work {
    /// Prepares the work of `case` on the model at `model`; copies and files go to `scratch`. Loads nothing yet.
    pub fn set_up(case: &Case, model: Option<&Path>, scratch: &Path) -> Result<Work, WorkError> {
        let fault = case.workload.fault.clone();
        if matches!(fault, Some(Fault::OutOfMemory { .. })) && case.limits.memory_bytes.is_none() {
            return Err(WorkError::NoMemoryLimit);
        }
        let damages = case.workload.base == BaseWork::Reject || matches!(fault, Some(Fault::Truncate { .. }));
        let target = match (case.workload.base, model) {
            (BaseWork::Nothing, _) => None,
            (_, None) => return Err(WorkError::NoModel(case.workload.name.clone())),
            (base, Some(path)) => {
                let copied = |source| WorkError::Copy { path: path.display().to_string(), source };
                let path = if damages { scratch::copy_model(path, scratch).map_err(copied)? } else { path.to_owned() };
                if base == BaseWork::Reject {
                    scratch::cut_in_half(&path).map_err(copied)?;
                }
                let runtime = runtime::open(&case.runtime, &path);
                Some(Target { runtime, path, case: case.clone(), inputs: Mutex::new(None) })
            }
        };
        let planted =
            fault.map(|fault| Planted::new(fault, case.seed, scratch)).transpose().map_err(WorkError::Fault)?;
        Ok(Work { base: case.workload.base, planted, target, prepared: None, threads: case.threads })
    }

    /// Name and version of the runtime.
    pub fn identity(&self) -> (&'static str, &'static str) {
        self.target.as_ref().map_or(("none", ""), |target| target.runtime.identity())
    }

    /// Does iteration number `iteration`, counted from 1. When it returns, everything the iteration made is dropped, but for
    /// what a fault keeps.
    pub fn iterate(&mut self, iteration: u64, phases: &mut dyn Phases) -> Result<(), WorkError> {
        match (&self.target, self.base) {
            (None, _) | (_, BaseWork::Nothing) => {
                phases.enter(Phase::Execute);
                strike(&mut self.planted, iteration)
            }
            (Some(target), BaseWork::Recompile) => target.recompile(iteration, true, phases, &mut self.planted),
            (Some(target), BaseWork::Reload) => target.recompile(iteration, false, phases, &mut self.planted),
            (Some(target), BaseWork::Reject) => {
                target.reject(phases)?;
                strike(&mut self.planted, iteration)
            }
            (Some(target), BaseWork::Infer) => {
                if self.prepared.is_none() {
                    phases.enter(Phase::Load);
                    let loaded = target.runtime.load(&target.path)?;
                    phases.enter(Phase::Prepare);
                    self.prepared = Some(loaded.prepare()?);
                }
                phases.enter(Phase::Execute);
                if let Some(prepared) = &mut self.prepared {
                    target.execute(prepared.as_mut())?;
                }
                strike(&mut self.planted, iteration)
            }
            (Some(target), BaseWork::Concurrent) => {
                phases.enter(Phase::Execute);
                target.recompile_at_once(self.threads)?;
                strike(&mut self.planted, iteration)
            }
        }
    }
}

fn strike(planted: &mut Option<Planted>, iteration: u64) -> Result<(), WorkError> {
    planted.as_mut().map_or(Ok(()), |planted| planted.strike(iteration)).map_err(WorkError::Fault)
}

impl Target {
    fn recompile(
        &self,
        iteration: u64,
        executes: bool,
        phases: &mut dyn Phases,
        planted: &mut Option<Planted>,
    ) -> Result<(), WorkError> {
        phases.enter(Phase::Load);
        let loaded = self.runtime.load(&self.path)?;
        if planted.as_ref().is_some_and(|planted| planted.truncates(iteration)) {
            scratch::cut(&self.path, 0).map_err(WorkError::Fault)?;
        }
        phases.enter(Phase::Prepare);
        let mut prepared = loaded.prepare()?;
        if executes {
            phases.enter(Phase::Execute);
            self.execute(prepared.as_mut())?;
        }
        strike(planted, iteration)?;
        phases.enter(Phase::Drop);
        drop(prepared);
        Ok(())
    }

    fn recompile_at_once(&self, threads: u32) -> Result<(), WorkError> {
        let one = || -> Result<(), WorkError> {
            let mut prepared = self.runtime.load(&self.path)?.prepare()?;
            self.execute(prepared.as_mut())
        };
        std::thread::scope(|scope| {
            let compilers: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
            // All are joined before the first error is told.
            let ended: Vec<_> =
                compilers.into_iter().map(|compiler| compiler.join().unwrap_or(Err(WorkError::Panicked))).collect();
            ended.into_iter().collect()
        })
    }

    fn reject(&self, phases: &mut dyn Phases) -> Result<(), WorkError> {
        phases.enter(Phase::Load);
        let Ok(loaded) = self.runtime.load(&self.path) else { return Ok(()) };
        phases.enter(Phase::Prepare);
        match loaded.prepare() {
            Ok(_) => Err(WorkError::NotRejected),
            Err(_) => Ok(()),
        }
    }

    fn execute(&self, prepared: &mut dyn Prepared) -> Result<(), WorkError> {
        let inputs = self.inputs(prepared)?;
        std::hint::black_box(prepared.execute(&inputs)?);
        Ok(())
    }

    /// The inputs, made when the first prepared model has told what it declares.
    fn inputs(&self, prepared: &dyn Prepared) -> Result<Arc<[InputTensor]>, WorkError> {
        let mut inputs = self.inputs.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(inputs) = inputs.as_ref() {
            return Ok(Arc::clone(inputs));
        }
        let made: Arc<[InputTensor]> =
            model::make_inputs(&prepared.inputs(), &self.case.model.inputs, self.case.seed)?.into();
        *inputs = Some(Arc::clone(&made));
        Ok(made)
    }
}
