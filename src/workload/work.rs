//! The honest part of an iteration.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::fault::Planted;
use super::phase::{Phase, Phases};
use super::switch::Switch;
use super::target::Target;
use crate::model::{InputError, InputTensor};
use crate::runtime::{Identity, Prepared, RuntimeError};
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
    /// A profile is of one model.
    #[error("a profile is of one model, and the case has {0}")]
    NotOneModel(usize),
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
    /// A model of a sequence could not be worked on.
    #[error("model `{name}`")]
    Member {
        /// Its name.
        name: String,
        /// Why.
        #[source]
        source: Box<WorkError>,
    },
}

impl WorkError {
    /// Whether the runtime and the work do not go together: an outcome that says nothing about either.
    pub fn is_incompatible(&self) -> bool {
        match self {
            WorkError::Runtime(error) => error.is_incompatible(),
            WorkError::Member { source, .. } => source.is_incompatible(),
            _ => false,
        }
    }
}

/// The work of one case.
pub struct Work {
    base: BaseWork,
    planted: Option<Planted>,
    targets: Vec<Target>,
    /// For each target the model that [`BaseWork::Infer`] has prepared.
    prepared: Vec<Option<Box<dyn Prepared>>>,
    /// The cache that [`BaseWork::Switch`] takes its models out of.
    switch: Option<Switch>,
    threads: u32,
}

impl Work {
    /// Prepares the work of `case` on the models at `models`, one for each member of its model; copies and files go to
    /// `scratch`. Loads nothing yet.
    pub fn set_up(case: &Case, models: &[PathBuf], scratch: &Path) -> Result<Work, WorkError> {
        let fault = case.workload.fault.clone();
        if matches!(fault, Some(Fault::OutOfMemory { .. })) && case.limits.memory_bytes.is_none() {
            return Err(WorkError::NoMemoryLimit);
        }
        let base = case.workload.base;
        let targets = match base {
            BaseWork::Nothing | BaseWork::Program => Vec::new(),
            _ if models.is_empty() || models.len() != case.model.members().len() => {
                return Err(WorkError::NoModel(case.workload.name.clone()));
            }
            _ => {
                let members = case.model.members().iter().zip(models).enumerate();
                members
                    .map(|(index, (model, path))| Target::new(case, model, path, &scratch.join(index.to_string())))
                    .collect::<Result<_, _>>()?
            }
        };
        let planted =
            fault.map(|fault| Planted::new(fault, case.seed, scratch)).transpose().map_err(WorkError::Fault)?;
        let prepared = targets.iter().map(|_| None).collect();
        let switch = (base == BaseWork::Switch).then(|| Switch::new(case, models));
        Ok(Work { base, planted, targets, prepared, switch, threads: case.threads })
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
    /// iteration made is dropped, but for what a fault keeps and what `infer` has prepared.
    pub fn iterate(&mut self, iteration: u64, phases: &mut dyn Phases) -> Result<(), WorkError> {
        let turn = (iteration - 1) as usize % self.targets.len().max(1);
        let turn = self.switch.as_mut().map_or(turn, |switch| switch.member(turn));
        let prepared = match self.work_on(turn, iteration, phases) {
            Err(source) if self.targets.len() > 1 => {
                let name = self.targets[turn].name().to_owned();
                return Err(WorkError::Member { name, source: Box::new(source) });
            }
            done => done?,
        };
        if let Some(planted) = &mut self.planted {
            planted.strike(iteration).map_err(WorkError::Fault)?;
        }
        if let Some(prepared) = prepared {
            phases.enter(Phase::Drop);
            drop(prepared);
        }
        Ok(())
    }

    /// Bytes in use that the models in the cache took when they were loaded and first used; `None` without a cache, and where the
    /// allocator does not count.
    pub fn cached_bytes(&self) -> Option<u64> {
        self.switch.as_ref().and_then(Switch::used_bytes)
    }

    /// Empties the model cache and sums up what it did; `None` without one.
    pub fn finish(&mut self, phases: &mut dyn Phases) -> Option<String> {
        let names: Vec<&str> = self.targets.iter().map(Target::name).collect();
        self.switch.as_mut().map(|switch| switch.finish(&names, phases))
    }

    /// The honest part; gives the model that is alive while the fault strikes and dropped afterwards.
    fn work_on(
        &mut self,
        turn: usize,
        iteration: u64,
        phases: &mut dyn Phases,
    ) -> Result<Option<Box<dyn Prepared>>, WorkError> {
        let Some(target) = self.targets.get_mut(turn) else {
            phases.enter(Phase::Execute);
            return Ok(None);
        };
        let truncates = self.planted.as_ref().is_some_and(|planted| planted.truncates(iteration));
        match self.base {
            BaseWork::Recompile => {
                let mut prepared = target.prepare(truncates, phases)?;
                target.execute(prepared.as_mut(), phases)?;
                return Ok(Some(prepared));
            }
            BaseWork::Reload => return target.prepare(truncates, phases).map(Some),
            BaseWork::Infer => {
                if self.prepared[turn].is_none() {
                    self.prepared[turn] = Some(target.prepare(false, phases)?);
                }
                if let Some(prepared) = &mut self.prepared[turn] {
                    target.execute(prepared.as_mut(), phases)?;
                }
            }
            BaseWork::Switch => {
                if let Some(switch) = &mut self.switch {
                    switch.to(turn, target, truncates, phases)?;
                }
            }
            BaseWork::Concurrent => target.recompile_at_once(self.threads, phases)?,
            BaseWork::Mutate => target.mutate(iteration, phases)?,
            BaseWork::Nothing | BaseWork::Program | BaseWork::Reject => target.reject(phases)?,
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{resolve, with_known_inputs};
    use crate::workload::{Action, CacheEvent};

    struct Silent;

    impl Phases for Silent {
        fn enter(&mut self, _: Phase) {}
    }

    /// A case that switches between two models, and their files in a folder of their own.
    fn switching(workload: &str, folder: &Path) -> (Case, Vec<PathBuf>) {
        let text = format!("[[case]]\nmodel = \"mlp-small+ppocr-cls\"\nworkload = \"{workload}\"\n");
        let mut case = crate::suite::parse("suite.toml", &text, Path::new("")).unwrap().cases.remove(0);
        case.model = with_known_inputs(&case.model).unwrap();
        let files = resolve(&case.model, folder).unwrap();
        (case, files)
    }

    #[test]
    fn models_take_turns_and_the_one_that_fails_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (case, files) = switching("recompile", folder.path());
        let mut work = Work::set_up(&case, &files, folder.path()).unwrap();
        std::fs::write(&files[1], "no model").unwrap();
        let outcomes = (1..=4).map(|iteration| work.iterate(iteration, &mut Silent));
        let told: Vec<_> = outcomes.map(|outcome| outcome.map_err(|error| crate::error::chain(&error))).collect();
        assert!(told[0].is_ok() && told[2].is_ok(), "{told:?}");
        for error in [&told[1], &told[3]] {
            assert!(
                error.as_ref().is_err_and(|told| told.starts_with("model `ppocr-cls`: embedded rejects")),
                "{told:?}"
            );
        }
    }

    #[test]
    fn each_model_of_a_sequence_is_prepared_once_and_executed_ever_after() {
        let folder = tempfile::tempdir().unwrap();
        let (case, files) = switching("infer", folder.path());
        let mut work = Work::set_up(&case, &files, folder.path()).unwrap();
        work.iterate(1, &mut Silent).unwrap();
        work.iterate(2, &mut Silent).unwrap();
        files.iter().for_each(|file| std::fs::remove_file(file).unwrap());
        work.iterate(3, &mut Silent).unwrap();
        work.iterate(4, &mut Silent).unwrap();
    }

    /// Keeps the phases and what the cache did, in short: `P` for each of prepare, `E` for each of execute, `+0` for a load of
    /// model 0, `-0` when it goes.
    #[derive(Default)]
    struct Told(String);

    impl Phases for Told {
        fn enter(&mut self, phase: Phase) {
            match phase {
                Phase::Prepare => self.0.push('P'),
                Phase::Execute => self.0.push('E'),
                Phase::Load | Phase::Drop => {}
            }
        }

        fn cached(&mut self, event: &CacheEvent) {
            let sign = if event.action == Action::Load { '+' } else { '-' };
            self.0.push_str(&format!("{sign}{}", event.model));
        }
    }

    fn switches(workload: &str, iterations: u64, folder: &Path) -> (String, String) {
        let (mut case, files) = switching("switch", folder);
        let text = format!(
            "[workloads.a]\nbase = \"switch\"\n{workload}\n[[case]]\nmodel = \"mlp-small+ppocr-cls\"\nworkload = \"a\"\n"
        );
        case.workload = crate::suite::parse("suite.toml", &text, Path::new("")).unwrap().cases.remove(0).workload;
        let mut work = Work::set_up(&case, &files, folder).unwrap();
        let mut told = Told::default();
        for iteration in 1..=iterations {
            work.iterate(iteration, &mut told).unwrap();
            told.0.push(' ');
        }
        let note = work.finish(&mut told).unwrap();
        (told.0, note)
    }

    #[test]
    fn a_switch_loads_what_the_cache_has_not_and_empties_it_at_the_end() {
        let folder = tempfile::tempdir().unwrap();
        let (told, note) = switches("budget = \"60%\"", 4, folder.path());
        assert_eq!(told, "P+0E -0P+1E -1P+0E -0P+1E -1");
        assert!(note.contains("4 switches, 0 hits, 4 misses, 3 evictions; at most 586 kB of"), "{note}");
        let (told, note) = switches("budget = \"100%\"", 4, folder.path());
        assert_eq!(told, "P+0E P+1E E E -0-1");
        assert!(note.contains("4 switches, 2 hits, 2 misses, 0 evictions"), "{note}");
        let (told, note) = switches("budget = 1", 2, folder.path());
        assert_eq!(told, "P+0E -0P+1E -1");
        assert!(note.contains("2 loads over the budget"), "{note}");
    }

    #[test]
    fn every_cycle_of_a_random_order_has_each_model_once() {
        let folder = tempfile::tempdir().unwrap();
        let (told, _) = switches("order = \"random\"\nbudget = 1", 40, folder.path());
        let loads: Vec<&str> = told.split('+').skip(1).map(|rest| &rest[..1]).collect();
        assert_eq!(loads.len() as u64, told.matches('P').count() as u64);
        // A model that comes twice in a row, at the end of one cycle and the begin of the next, is a hit.
        assert!((21..40).contains(&loads.len()), "{told}");
        assert_eq!(switches("order = \"random\"\nbudget = 1", 40, folder.path()).0, told, "the order is seeded");
    }

    #[test]
    fn a_model_that_fails_to_load_out_of_a_cache_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (case, files) = switching("switch", folder.path());
        let mut work = Work::set_up(&case, &files, folder.path()).unwrap();
        std::fs::write(&files[1], "no model").unwrap();
        work.iterate(1, &mut Silent).unwrap();
        let error = work.iterate(2, &mut Silent).unwrap_err();
        assert!(crate::error::chain(&error).starts_with("model `ppocr-cls`: embedded rejects"), "{error}");
        work.iterate(3, &mut Silent).unwrap();
        assert!(work.finish(&mut Silent).unwrap().contains("1 loads that failed"));
    }

    #[test]
    fn every_model_of_a_sequence_can_be_damaged_and_none_is_damaged_in_place() {
        let folder = tempfile::tempdir().unwrap();
        let scratch = tempfile::tempdir().unwrap();
        let (case, files) = switching("reject", folder.path());
        let lengths = || files.iter().map(|file| std::fs::metadata(file).unwrap().len()).collect::<Vec<_>>();
        let before = lengths();
        let mut work = Work::set_up(&case, &files, scratch.path()).unwrap();
        (1..=4).for_each(|iteration| work.iterate(iteration, &mut Silent).unwrap());
        assert_eq!(lengths(), before);
    }

    #[test]
    fn a_model_without_its_file_is_no_model() {
        let folder = tempfile::tempdir().unwrap();
        let (case, files) = switching("recompile", folder.path());
        for files in [&files[..1], &[]] {
            assert!(matches!(Work::set_up(&case, files, folder.path()), Err(WorkError::NoModel(_))));
        }
    }
}
