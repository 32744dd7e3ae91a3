//! The work of one case, iteration by iteration.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::WorkError;
use super::fault::Planted;
use super::held::Held;
use super::phase::{Phase, Phases};
use super::switch::Switch;
use super::target::{Open, Target};
use crate::model::InputTensor;
use crate::runtime::{self, Identity, Prepared};
use crate::suite::{BaseWork, Case, Fault};

/// The work of one case.
pub struct Work {
    base: BaseWork,
    planted: Vec<Planted>,
    /// For each target what the workload keeps of it; it goes before the runtimes do.
    kept: Vec<Held>,
    /// The cache that [`BaseWork::Switch`] takes its models out of.
    switch: Option<Switch>,
    targets: Vec<Target>,
    threads: u32,
}

impl Work {
    /// Prepares the work of `case` on the models at `models`, one for each member of its model; copies and files go to
    /// `scratch`. Loads nothing yet.
    pub fn set_up(case: &Case, models: &[PathBuf], scratch: &Path) -> Result<Work, WorkError> {
        let open: Open =
            Arc::new(|spec, path, inputs: &BTreeMap<_, _>, threads| runtime::open(spec, path, inputs, threads));
        Work::with(case, models, scratch, &open)
    }

    /// The same with runtimes that `open` opens.
    pub(super) fn with(case: &Case, models: &[PathBuf], scratch: &Path, open: &Open) -> Result<Work, WorkError> {
        let faults = case.workload.fault.clone().into_iter().chain(case.workload.plant.map(Fault::from));
        if matches!(case.workload.fault, Some(Fault::OutOfMemory { .. })) && case.limits.memory_bytes.is_none() {
            return Err(WorkError::NoMemoryLimit);
        }
        let base = case.workload.base;
        let targets: Vec<Target> = match base {
            BaseWork::Nothing | BaseWork::Program => Vec::new(),
            _ if models.is_empty() || models.len() != case.model.members().len() => {
                return Err(WorkError::NoModel(case.workload.name.clone()));
            }
            _ => {
                let members = case.model.members().iter().zip(models).enumerate();
                let target = |(index, (model, path)): (usize, (_, &PathBuf))| {
                    Target::new(case, model, path, &scratch.join(index.to_string()), open)
                };
                members.map(target).collect::<Result<_, _>>()?
            }
        };
        let planted = faults.map(|fault| Planted::new(fault, case.seed, scratch)).collect::<Result<_, _>>();
        let kept = targets.iter().map(|_| Held::default()).collect();
        let switch = (base == BaseWork::Switch).then(|| Switch::new(case, models));
        Ok(Work { base, planted: planted.map_err(WorkError::Fault)?, kept, switch, targets, threads: case.threads })
    }

    /// Who does the work; nobody where there is no model.
    pub fn identity(&self) -> Option<Identity> {
        self.targets.first().map(Target::identity)
    }

    /// What runtimes and models had to say, as far as the models have been executed.
    pub fn remarks(&self) -> Vec<String> {
        self.targets.iter().flat_map(Target::remarks).collect()
    }

    /// What the runtime of a profile and the model that [`Work::prepare`] gave have to say.
    pub fn remarks_on(&self, prepared: &dyn Prepared) -> Vec<String> {
        self.only_target().map_or_else(|_| Vec::new(), |target| target.remarks_on(prepared).collect())
    }

    /// Number of iterations after which every model has had its turn.
    pub fn cycle(&self) -> u64 {
        self.targets.len() as u64
    }

    /// Loads the one model of a profile and makes it executable; `phases` hears of both. A model of a sequence, or none, has
    /// no profile.
    pub fn prepare(&self, phases: &mut dyn Phases) -> Result<Box<dyn Prepared>, WorkError> {
        self.only_target()?.prepare(false, phases)
    }

    /// The inputs of the model that [`Work::prepare`] gave.
    pub fn inputs(&self, prepared: &dyn Prepared) -> Result<Arc<[InputTensor]>, WorkError> {
        self.only_target()?.inputs(prepared)
    }

    fn only_target(&self) -> Result<&Target, WorkError> {
        match self.targets.as_slice() {
            [target] => Ok(target),
            others => Err(WorkError::NotOneModel(others.len())),
        }
    }

    /// Does iteration number `iteration`, counted from 1, on the model whose turn it is. When it returns, everything the
    /// iteration made is dropped, but for what a fault keeps and what the workload itself does.
    pub fn iterate(&mut self, iteration: u64, phases: &mut dyn Phases) -> Result<(), WorkError> {
        let turn = (iteration - 1) as usize % self.targets.len().max(1);
        let turn = self.switch.as_mut().map_or(turn, |switch| switch.member(turn));
        let made = match self.work_on(turn, iteration, phases) {
            Err(source) if self.targets.len() > 1 => {
                let name = self.targets[turn].name().to_owned();
                return Err(WorkError::Member { name, source: Box::new(source) });
            }
            done => done?,
        };
        for planted in &mut self.planted {
            planted.strike(iteration).map_err(WorkError::Fault)?;
        }
        if made.is_something() {
            phases.enter(Phase::Drop);
            drop(made);
        }
        Ok(())
    }

    /// Bytes in use that the models in the cache took when they were loaded and first used; `None` without a cache, and where the
    /// allocator does not count.
    pub fn cached_bytes(&self) -> Option<u64> {
        self.switch.as_ref().and_then(Switch::used_bytes)
    }

    /// Empties the model cache, where there is one, and sums up what it did, and what became of damaged files.
    pub fn finish(&mut self, phases: &mut dyn Phases) -> Vec<String> {
        let names: Vec<&str> = self.targets.iter().map(Target::name).collect();
        let switched = self.switch.as_mut().map(|switch| switch.finish(&names, phases));
        switched.into_iter().chain(self.targets.iter().filter_map(Target::taken)).collect()
    }

    /// The honest part; gives what is alive while the fault strikes and dropped afterwards.
    fn work_on(&mut self, turn: usize, iteration: u64, phases: &mut dyn Phases) -> Result<Held, WorkError> {
        let members = self.targets.len() as u64;
        let (Some(target), Some(kept)) = (self.targets.get_mut(turn), self.kept.get_mut(turn)) else {
            phases.enter(Phase::Execute);
            return Ok(Held::default());
        };
        let mut truncates = self.planted.iter().any(|planted| planted.truncates(iteration));
        if truncates && !cuts_in_between(self.base) {
            target.cut()?;
            truncates = false;
        }
        target.begin(iteration, (iteration - 1) / members);
        match self.base {
            BaseWork::Core | BaseWork::Recompile => return target.recompile(truncates, phases),
            BaseWork::Reload => return target.reload(truncates, phases),
            BaseWork::Read => return target.read(phases),
            BaseWork::Compile => return target.compile(kept, phases),
            BaseWork::RecompileThread => target.recompile_in_thread(truncates, phases)?,
            BaseWork::Concurrent => target.recompile_at_once(self.threads, phases)?,
            BaseWork::Infer => target.infer(kept, phases)?,
            BaseWork::InferThread => target.infer_in_thread(kept, phases)?,
            BaseWork::InferConcurrent => target.infer_at_once(kept, self.threads, phases)?,
            BaseWork::Request => target.infer_by_new_request(kept, phases)?,
            BaseWork::SetInputs => target.set_inputs(kept, phases)?,
            BaseWork::Reshape => target.reshape(kept, phases)?,
            BaseWork::Mutate => target.mutate(iteration, phases)?,
            BaseWork::Reject => target.reject(phases)?,
            BaseWork::Switch => {
                if let Some(switch) = &mut self.switch {
                    switch.to(turn, target, truncates, phases)?;
                }
            }
            // These have no target.
            BaseWork::Nothing | BaseWork::Program => {}
        }
        Ok(Held::default())
    }
}

/// Whether a file that is cut short in an iteration is cut between `load` and `prepare`, where a mapping notices it; other
/// work finds it cut when the iteration begins.
fn cuts_in_between(base: BaseWork) -> bool {
    matches!(
        base,
        BaseWork::Core | BaseWork::Recompile | BaseWork::RecompileThread | BaseWork::Reload | BaseWork::Switch
    )
}
