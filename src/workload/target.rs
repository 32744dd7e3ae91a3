//! A model and who runs it: the steps that the honest part of an iteration is made of.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::error::WorkError;
use super::held::Held;
use super::mutate::Mutant;
use super::phase::{Phase, Phases};
use super::scratch;
use super::spoil::spoil;
use super::tensors::Tensors;
use crate::arm::step_pool;
use crate::model::InputTensor;
use crate::runtime::{Identity, Loaded, Prepared, Runtime, RuntimeError};
use crate::suite::{BaseWork, Case, Fault, InputSpec, ModelSpec, RejectKind, RuntimeSpec};

/// Opens a runtime for the model at a path; see [`crate::runtime::open`].
pub(super) type Open = Arc<
    dyn Fn(&RuntimeSpec, &Path, &BTreeMap<String, InputSpec>, u32) -> Result<Box<dyn Runtime>, RuntimeError>
        + Send
        + Sync,
>;

/// A model and who runs it.
pub(super) struct Target {
    open: Open,
    spec: RuntimeSpec,
    threads: u32,
    /// The runtime; absent where every iteration opens its own.
    runtime: Option<Arc<dyn Runtime>>,
    identity: Identity,
    /// What the runtime had to say when it was opened.
    choice: Vec<String>,
    pub(super) path: PathBuf,
    model: ModelSpec,
    pub(super) tensors: Tensors,
    rejects: RejectKind,
    mutant: Option<Mutant>,
    /// Whether the runtime has to prepare a model anew for each shape.
    pub(super) is_static: bool,
    /// What the prepared model had to say when it was first executed.
    remarks: OnceLock<Vec<String>>,
}

impl Target {
    /// The `model` of `case` that lies at `path`; where the case damages it, a copy of it in the folder `scratch`.
    pub(super) fn new(
        case: &Case,
        model: &ModelSpec,
        path: &Path,
        scratch: &Path,
        open: &Open,
    ) -> Result<Target, WorkError> {
        let base = case.workload.base;
        let mutates = base == BaseWork::Mutate;
        let path = if base == BaseWork::Reject {
            spoil(path, scratch, case.workload.reject, case.seed)?
        } else if mutates || matches!(case.workload.fault, Some(Fault::Truncate { .. })) {
            // A folder of its own, since models of a sequence may have the same file name.
            scratch::copy_model(path, scratch)?
        } else {
            path.to_owned()
        };
        // Where threads of the workload are at it at once, each of them executes alone.
        let threads = if base.has_threads() { 1 } else { case.threads };
        let runtime: Arc<dyn Runtime> = open(&case.runtime, &path, &model.inputs, threads)?.into();
        let mutant = match mutates {
            true => Some(mutant_of(runtime.as_ref(), &path, case.seed)?),
            false => None,
        };
        Ok(Target {
            open: Arc::clone(open),
            spec: case.runtime.clone(),
            threads,
            identity: runtime.identity(),
            choice: runtime.remarks(),
            runtime: (base != BaseWork::Core).then_some(runtime),
            path,
            model: model.clone(),
            tensors: Tensors::new(case, model),
            rejects: case.workload.reject,
            mutant,
            is_static: false,
            remarks: OnceLock::new(),
        })
    }

    /// Name of the model.
    pub(super) fn name(&self) -> &str {
        &self.model.name
    }

    /// Who does the work.
    pub(super) fn identity(&self) -> Identity {
        self.identity.clone()
    }

    /// Gets ready for iteration number `iteration`, in which the model has its turn number `round`, counted from 0.
    pub(super) fn begin(&mut self, iteration: u64, round: u64) {
        self.tensors.begin(iteration, round);
    }

    /// Cuts the model's file to nothing.
    pub(super) fn cut(&self) -> Result<(), WorkError> {
        scratch::cut(&self.path, 0).map_err(WorkError::Fault)
    }

    /// The runtime that is open, or one of its own.
    pub(super) fn runtime(&self) -> Result<Arc<dyn Runtime>, WorkError> {
        match &self.runtime {
            Some(runtime) => Ok(Arc::clone(runtime)),
            None => self.open_with(&self.model.inputs),
        }
    }

    /// A runtime of its own that knows this about the inputs.
    pub(super) fn open_with(&self, inputs: &BTreeMap<String, InputSpec>) -> Result<Arc<dyn Runtime>, WorkError> {
        Ok((self.open)(&self.spec, &self.path, inputs, self.threads)?.into())
    }

    /// Loads the model and makes it executable. With `truncates`, its file is cut short in between.
    pub(super) fn prepare(&self, truncates: bool, phases: &mut dyn Phases) -> Result<Box<dyn Prepared>, WorkError> {
        phases.enter(Phase::Load);
        let runtime = self.runtime()?;
        self.prepare_by(runtime.as_ref(), truncates, phases)
    }

    /// The same by `runtime`, where the phase `load` has begun.
    pub(super) fn prepare_by(
        &self,
        runtime: &dyn Runtime,
        truncates: bool,
        phases: &mut dyn Phases,
    ) -> Result<Box<dyn Prepared>, WorkError> {
        let loaded = runtime.load(&self.path)?;
        if truncates {
            self.cut()?;
        }
        phases.enter(Phase::Prepare);
        Ok(loaded.prepare()?)
    }

    /// Runs a prepared model once.
    pub(super) fn execute(&self, prepared: &mut dyn Prepared, phases: &mut dyn Phases) -> Result<(), WorkError> {
        phases.pause();
        let inputs = self.inputs(prepared)?;
        phases.enter(Phase::Execute);
        self.run(prepared, &inputs)?;
        phases.own_memory(prepared);
        Ok(())
    }

    /// Loads the model, makes it executable and runs it, by a runtime of its own where the workload wants that.
    pub(super) fn recompile(&self, truncates: bool, phases: &mut dyn Phases) -> Result<Held, WorkError> {
        phases.enter(Phase::Load);
        let runtime = self.runtime()?;
        let mut prepared = self.prepare_by(runtime.as_ref(), truncates, phases)?;
        self.execute(prepared.as_mut(), phases)?;
        Ok(Held { prepared: Some(prepared), runtime: Some(runtime), ..Held::default() })
    }

    /// Loads the model and makes it executable.
    pub(super) fn reload(&self, truncates: bool, phases: &mut dyn Phases) -> Result<Held, WorkError> {
        Ok(Held { prepared: Some(self.prepare(truncates, phases)?), ..Held::default() })
    }

    /// Loads the model.
    pub(super) fn read(&self, phases: &mut dyn Phases) -> Result<Held, WorkError> {
        phases.enter(Phase::Load);
        Ok(Held { loaded: Some(self.runtime()?.load(&self.path)?), ..Held::default() })
    }

    /// Loads a model that must fail to load.
    pub(super) fn reject(&self, phases: &mut dyn Phases) -> Result<(), WorkError> {
        phases.enter(Phase::Load);
        let Ok(loaded) = self.runtime()?.load(&self.path) else { return Ok(()) };
        phases.enter(Phase::Prepare);
        match loaded.prepare() {
            Ok(_) => Err(WorkError::NotRejected(self.rejects)),
            Err(_) => Ok(()),
        }
    }

    /// Loads and prepares the model after its file was damaged in the way of iteration number `iteration`.
    pub(super) fn mutate(&mut self, iteration: u64, phases: &mut dyn Phases) -> Result<(), WorkError> {
        if let Some(mutant) = &mut self.mutant {
            mutant.write(iteration).map_err(WorkError::Fault)?;
        }
        phases.enter(Phase::Load);
        let Ok(loaded) = self.runtime()?.load(&self.path) else { return Ok(()) };
        phases.enter(Phase::Prepare);
        let is_prepared = loaded.prepare().is_ok();
        if let Some(mutant) = &mut self.mutant {
            mutant.count(is_prepared);
        }
        Ok(())
    }

    /// How many damaged files were taken for a model, where the workload damages files.
    pub(super) fn taken(&self) -> Option<String> {
        self.mutant.as_ref().map(|mutant| format!("{} in {}: {}", self.model.name, self.identity.name, mutant.told()))
    }

    /// Runs a prepared model once; the first one that was run may remark something.
    pub(super) fn run(&self, prepared: &mut dyn Prepared, inputs: &[InputTensor]) -> Result<(), WorkError> {
        execute_once(prepared, inputs)?;
        self.hear(prepared);
        Ok(())
    }

    /// Keeps the remarks on the first prepared model that is heard.
    pub(super) fn hear(&self, prepared: &dyn Prepared) {
        self.remarks.get_or_init(|| self.remarks_on(prepared).collect());
    }

    /// What runtime and model had to say when the model was first executed.
    pub(super) fn remarks(&self) -> impl Iterator<Item = String> {
        self.remarks.get().into_iter().flatten().cloned()
    }

    /// What runtime and model have to say, each with the model's name.
    pub(super) fn remarks_on(&self, prepared: &dyn Prepared) -> impl Iterator<Item = String> {
        let remarks = self.choice.iter().cloned().chain(prepared.remarks());
        remarks.map(|remark| format!("{} in {}: {remark}", self.model.name, self.identity.name))
    }

    /// The inputs of this iteration, made when the first prepared model has told what it declares.
    pub(super) fn inputs(&self, prepared: &dyn Prepared) -> Result<Arc<[InputTensor]>, WorkError> {
        self.tensors.given(|| prepared.inputs())
    }
}

/// Runs a prepared model once and drops its results. A step of the pool is one inference, from its first allocation until
/// then.
pub(super) fn execute_once(prepared: &mut dyn Prepared, inputs: &[InputTensor]) -> Result<(), WorkError> {
    let _step = step_pool::PROCESS.step();
    black_box(prepared.execute(inputs)?);
    Ok(())
}

/// The file at `path` as one to damage, which `runtime` must take for a model before that: otherwise every damaged file would
/// be refused for another reason than its damage.
fn mutant_of(runtime: &dyn Runtime, path: &Path, seed: u64) -> Result<Mutant, WorkError> {
    runtime.load(path).and_then(Loaded::prepare).map_err(WorkError::Undamaged)?;
    Mutant::of(path, seed).map_err(WorkError::Fault)
}
