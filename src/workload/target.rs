//! A model and who runs it: the steps that the honest part of an iteration is made of.

use std::hint::black_box;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::mutate::Mutant;
use super::phase::{Phase, Phases};
use super::scratch;
use super::work::WorkError;
use crate::arm::step_pool;
use crate::model::{self, InputTensor};
use crate::runtime::{self, Identity, Prepared, Runtime};
use crate::suite::{BaseWork, Case, Fault, ModelSpec};

/// A model and who runs it.
pub(super) struct Target {
    runtime: Box<dyn Runtime>,
    path: PathBuf,
    model: ModelSpec,
    seed: u64,
    inputs: Mutex<Option<Arc<[InputTensor]>>>,
    mutant: Option<Mutant>,
    /// What the prepared model had to say when it was first executed.
    remarks: OnceLock<Vec<String>>,
}

impl Target {
    /// The `model` of `case` that lies at `path`; where the case damages it, a copy of it in the folder `scratch`.
    pub(super) fn new(case: &Case, model: &ModelSpec, path: &Path, scratch: &Path) -> Result<Target, WorkError> {
        let rejects = case.workload.base == BaseWork::Reject;
        let mutates = case.workload.base == BaseWork::Mutate;
        let path = if rejects || mutates || matches!(case.workload.fault, Some(Fault::Truncate { .. })) {
            copy(path, scratch, rejects)
                .map_err(|source| WorkError::Copy { path: path.display().to_string(), source })?
        } else {
            path.to_owned()
        };
        // Where threads compile at once, each of them executes alone.
        let threads = if case.workload.base == BaseWork::Concurrent { 1 } else { case.threads };
        let runtime = runtime::open(&case.runtime, &path, &model.inputs, threads)?;
        let mutant = match mutates {
            true => Some(Mutant::of(&path, case.seed).map_err(WorkError::Fault)?),
            false => None,
        };
        Ok(Target {
            runtime,
            path,
            model: model.clone(),
            seed: case.seed,
            inputs: Mutex::new(None),
            mutant,
            remarks: OnceLock::new(),
        })
    }

    /// Name of the model.
    pub(super) fn name(&self) -> &str {
        &self.model.name
    }

    /// Who does the work.
    pub(super) fn identity(&self) -> Identity {
        self.runtime.identity()
    }

    /// Loads the model and makes it executable. With `truncates`, its file is cut short in between.
    pub(super) fn prepare(&self, truncates: bool, phases: &mut dyn Phases) -> Result<Box<dyn Prepared>, WorkError> {
        phases.enter(Phase::Load);
        let loaded = self.runtime.load(&self.path)?;
        if truncates {
            scratch::cut(&self.path, 0).map_err(WorkError::Fault)?;
        }
        phases.enter(Phase::Prepare);
        Ok(loaded.prepare()?)
    }

    /// Runs a prepared model once.
    pub(super) fn execute(&self, prepared: &mut dyn Prepared, phases: &mut dyn Phases) -> Result<(), WorkError> {
        phases.enter(Phase::Execute);
        self.run(prepared)?;
        phases.own_memory(prepared);
        Ok(())
    }

    /// Recompiles the model from as many threads at once; all of it counts as execution.
    pub(super) fn recompile_at_once(&self, threads: u32, phases: &mut dyn Phases) -> Result<(), WorkError> {
        phases.enter(Phase::Execute);
        let one = || -> Result<(), WorkError> {
            let mut prepared = self.runtime.load(&self.path)?.prepare()?;
            self.run(prepared.as_mut())
        };
        std::thread::scope(|scope| {
            let compilers: Vec<_> = (0..threads).map(|_| scope.spawn(one)).collect();
            // All are joined before the first error is told.
            let ended: Vec<_> =
                compilers.into_iter().map(|compiler| compiler.join().unwrap_or(Err(WorkError::Panicked))).collect();
            ended.into_iter().collect()
        })
    }

    /// Loads a model that must fail to load.
    pub(super) fn reject(&self, phases: &mut dyn Phases) -> Result<(), WorkError> {
        phases.enter(Phase::Load);
        let Ok(loaded) = self.runtime.load(&self.path) else { return Ok(()) };
        phases.enter(Phase::Prepare);
        match loaded.prepare() {
            Ok(_) => Err(WorkError::NotRejected),
            Err(_) => Ok(()),
        }
    }

    /// Loads and prepares the model after its file was damaged in the way of iteration number `iteration`.
    pub(super) fn mutate(&mut self, iteration: u64, phases: &mut dyn Phases) -> Result<(), WorkError> {
        if let Some(mutant) = &mut self.mutant {
            mutant.write(iteration).map_err(WorkError::Fault)?;
        }
        phases.enter(Phase::Load);
        if let Ok(loaded) = self.runtime.load(&self.path) {
            phases.enter(Phase::Prepare);
            drop(loaded.prepare());
        }
        Ok(())
    }

    fn run(&self, prepared: &mut dyn Prepared) -> Result<(), WorkError> {
        let inputs = self.inputs(prepared)?;
        // A step of the pool is one inference, from its first allocation until its result is dropped.
        let _step = step_pool::PROCESS.step();
        black_box(prepared.execute(&inputs)?);
        self.remarks.get_or_init(|| self.remarks_on(prepared).collect());
        Ok(())
    }

    /// What runtime and model had to say when the model was first executed.
    pub(super) fn remarks(&self) -> impl Iterator<Item = String> {
        self.remarks.get().into_iter().flatten().cloned()
    }

    /// What runtime and model have to say, each with the model's name.
    pub(super) fn remarks_on(&self, prepared: &dyn Prepared) -> impl Iterator<Item = String> {
        let remarks = self.runtime.remarks().into_iter().chain(prepared.remarks());
        remarks.map(|remark| format!("{} in {}: {remark}", self.model.name, self.runtime.identity().name))
    }

    /// The inputs, made when the first prepared model has told what it declares.
    pub(super) fn inputs(&self, prepared: &dyn Prepared) -> Result<Arc<[InputTensor]>, WorkError> {
        let mut inputs = self.inputs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(inputs) = inputs.as_ref() {
            return Ok(Arc::clone(inputs));
        }
        let made: Arc<[InputTensor]> = model::make_inputs(&prepared.inputs(), &self.model.inputs, self.seed)?.into();
        *inputs = Some(Arc::clone(&made));
        Ok(made)
    }
}

/// Copies the model at `path` into a folder of its own, since models of a sequence may have the same file name.
fn copy(path: &Path, folder: &Path, cuts: bool) -> io::Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    let copy = scratch::copy_model(path, folder)?;
    if cuts {
        scratch::cut_in_half(&copy)?;
    }
    Ok(copy)
}
