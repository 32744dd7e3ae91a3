//! `[[case]]` tables become cases: models × runtimes × workloads × arms × threads, in this order, the last fastest.

use std::collections::{BTreeMap, HashMap};

use toml::Spanned;

use super::case::{ArmSpec, Case, ModelSource, ModelSpec, RuntimeSpec, case_id};
use super::catalogue::{Catalogue, Entry};
use super::error::{SuiteError, hint};
use super::fault::Fault;
use super::file::{CaseFile, Names, SuiteFile};
use super::program::check_program;
use super::settings::Settings;
use super::source::{Flaw, Source};
use super::switch::check_switch;
use super::value::{Item, OneOrMany, is_name};
use super::workload::{BaseWork, WorkloadSpec};

/// Cases at most: a night has 43,200 seconds, and a product of long arrays must not exhaust memory.
pub const MAX_CASES: usize = 10_000;

/// Text at most that the cases of a suite may hold together; short files can name a long entry very often.
const MAX_TEXT_BYTES: usize = 64 << 20;

/// What a `[[case]]` table names, looked up.
struct Product<'a> {
    models: Vec<(Item<()>, &'a ModelSpec)>,
    runtimes: Vec<&'a RuntimeSpec>,
    workloads: Vec<&'a WorkloadSpec>,
    arms: Vec<&'a ArmSpec>,
    settings: Settings,
}

/// All cases of a file, in the order of its tables.
pub(super) fn expand(file: &SuiteFile, catalogue: &Catalogue, source: Source) -> Result<Vec<Case>, SuiteError> {
    if file.case.is_empty() {
        return Err(source.locate(Flaw::new(0, "case", "no `[[case]]` table: there is nothing to run")));
    }
    let defaults = Settings::from(file);
    let mut cases: Vec<Case> = Vec::new();
    let mut tables: HashMap<String, usize> = HashMap::new();
    let mut text = 0;
    for (index, table) in file.case.iter().enumerate() {
        let key = format!("case[{index}]");
        let flaw = |flaw: Flaw| source.locate(flaw.inside(&key));
        let start = table.span().start;
        let product = Product::of(table, catalogue, &defaults).map_err(flaw)?;
        text += product.check_size(cases.len(), text).map_err(|problem| flaw(Flaw::new(start, "", problem)))?;
        for case in product.cases() {
            if let Some(first) = tables.insert(case.id.clone(), index) {
                let line = source.line(file.case[first].span().start);
                let problem = match first == index {
                    true => format!("makes the case `{}` twice", case.id),
                    false => format!("makes the case `{}`, which case[{first}] at line {line} makes already", case.id),
                };
                return Err(flaw(Flaw::new(start, "", problem)));
            }
            cases.push(case);
        }
    }
    Ok(cases)
}

impl<'a> Product<'a> {
    fn of(table: &Spanned<CaseFile>, catalogue: &'a Catalogue, defaults: &Settings) -> Result<Self, Flaw> {
        let start = table.span().start;
        let file = table.get_ref();
        let workloads = look_up(&file.workload, "workload", start, &catalogue.workloads, None)?;
        let demanding = workloads.iter().map(|(_, workload)| *workload).find(|workload| needs_model(workload));
        let models = match demanding {
            Some(workload) if file.model.is_none() => {
                let problem = format!("missing: the workload `{}` needs a model", workload.name);
                return Err(Flaw::new(start, "model", problem));
            }
            _ => look_up(&file.model, "model", start, &catalogue.models, Some("none"))?,
        };
        if let Some(workload) = demanding
            && let Some((item, model)) = models.iter().find(|(_, model)| model.source == ModelSource::None)
        {
            let problem = format!("the workload `{}` needs a model, and `{}` is none", workload.name, model.name);
            return Err(Flaw::new(item.offset, item.key.clone(), problem));
        }
        for (_, workload) in &workloads {
            let problem = |model| check_switch(workload.base, &workload.name, model);
            if let Some((item, problem)) = models.iter().find_map(|(item, model)| Some((item, problem(model)?))) {
                return Err(Flaw::new(item.offset, item.key.clone(), problem));
            }
        }
        let runtimes = look_up(&file.runtime, "runtime", start, &catalogue.runtimes, Some("auto"))?;
        let arms = look_up(&file.arm, "arm", start, &catalogue.arms, Some("glibc"))?;
        for (item, runtime) in &runtimes {
            let pairs =
                workloads.iter().flat_map(|(_, workload)| models.iter().map(move |(_, model)| (workload, model)));
            if let Some(problem) =
                pairs.into_iter().find_map(|(workload, model)| check_program(runtime, workload, model))
            {
                return Err(Flaw::new(item.offset, item.key.clone(), problem));
            }
        }
        let settings = Settings::from(file).over(defaults.clone());
        let workloads: Vec<_> = workloads.into_iter().map(|(_, workload)| workload).collect();
        check_plant(&settings, &workloads).map_err(|(key, problem)| Flaw::new(start, key, problem))?;
        Ok(Product {
            models,
            runtimes: runtimes.into_iter().map(|(_, runtime)| runtime).collect(),
            workloads,
            arms: arms.into_iter().map(|(_, arm)| arm).collect(),
            settings,
        })
    }

    /// The text that the cases will hold, unless there are too many of them or it is too much.
    fn check_size(&self, cases_before: usize, text_before: usize) -> Result<usize, String> {
        // The lengths are bounded by the file's, so five factors of at most 2^20 each are multiplied in 128 bits.
        let factors = [
            self.models.len(),
            self.runtimes.len(),
            self.workloads.len(),
            self.arms.len(),
            self.settings.threads().len(),
        ];
        let count: u128 = factors.iter().map(|length| *length as u128).product();
        if count > (MAX_CASES - cases_before) as u128 {
            return Err(format!("makes {count} cases, and the limit of a suite is {MAX_CASES}"));
        }
        let models: usize = self.models.iter().map(|(_, model)| model_text(model)).sum();
        let arms: usize = self.arms.iter().map(|arm| arm_text(arm)).sum();
        let others = self.settings.expect().len();
        // Each model stands in `count / models` cases, and each arm likewise.
        let count = count as usize;
        let text = models * (count / self.models.len()) + arms * (count / self.arms.len()) + others * count;
        if text > MAX_TEXT_BYTES - text_before {
            return Err(format!("makes cases of more than {MAX_TEXT_BYTES} bytes together with those before"));
        }
        Ok(text)
    }

    fn cases(&self) -> Vec<Case> {
        let threads = self.settings.threads();
        let mut cases = Vec::new();
        for (_, model) in &self.models {
            for runtime in &self.runtimes {
                for workload in &self.workloads {
                    for arm in &self.arms {
                        cases.extend(threads.iter().map(|threads| self.case(model, runtime, workload, arm, *threads)));
                    }
                }
            }
        }
        cases
    }

    fn case(
        &self,
        model: &ModelSpec,
        runtime: &RuntimeSpec,
        workload: &WorkloadSpec,
        arm: &ArmSpec,
        threads: u32,
    ) -> Case {
        new_case((model, runtime, workload, arm), threads, &self.settings)
    }
}

/// Whether what the settings plant can be planted beside each of the workloads. The error is the key and what is wrong.
fn check_plant(settings: &Settings, workloads: &[&WorkloadSpec]) -> Result<(), (&'static str, String)> {
    let Some(plant) = settings.plant() else {
        return match settings.plant_every {
            Some(_) => Err(("plant_every", "needs `plant_bytes`: there is nothing to plant".into())),
            None => Ok(()),
        };
    };
    if workloads.iter().any(|workload| workload.base == BaseWork::Program) {
        return Err(("plant_bytes", "is planted in highwater's own work: a program has its own".into()));
    }
    match workloads.iter().map(|workload| workload.planted(plant).name).find(|name| !is_name(name)) {
        Some(name) => Err(("plant_bytes", format!("makes the name `{name}`, which is too long"))),
        None => Ok(()),
    }
}

/// Iterations after which work on a model repeats: each model of a sequence has been executed with each shape.
pub(super) fn natural_cycle(model: &ModelSpec, workload: &WorkloadSpec) -> u64 {
    model.members().len() as u64 * workload.shapes()
}

/// A case of four named things, with the settings' values and the defaults where they are silent.
pub(super) fn new_case(
    (model, runtime, workload, arm): (&ModelSpec, &RuntimeSpec, &WorkloadSpec, &ArmSpec),
    threads: u32,
    settings: &Settings,
) -> Case {
    let mut judging = settings.judging();
    if settings.cycle.is_none() {
        judging.cycle = natural_cycle(model, workload);
    }
    let workload = settings.plant().map_or_else(|| workload.clone(), |plant| workload.planted(plant));
    Case {
        id: case_id(&model.name, &runtime.name, &workload.name, &arm.name, threads),
        model: model.clone(),
        runtime: runtime.clone(),
        workload,
        arm: arm.clone(),
        threads,
        limits: settings.limits(),
        judging,
        beside: settings.beside(),
        expect: settings.expect(),
        seed: settings.seed(),
    }
}

/// Whether a workload cannot run without a model.
pub(super) fn needs_model(workload: &WorkloadSpec) -> bool {
    !matches!(workload.base, BaseWork::Nothing | BaseWork::Program)
        || matches!(workload.fault, Some(Fault::Truncate { .. }))
}

/// Looks up what a key of a table at `start` names; where the key is missing, the default.
fn look_up<'a, T>(
    names: &Names,
    key: &str,
    start: usize,
    known: &'a BTreeMap<String, Entry<T>>,
    default: Option<&str>,
) -> Result<Vec<(Item<()>, &'a T)>, Flaw> {
    let items = match (names, default) {
        (Some(names), _) => OneOrMany::items(names, key),
        (None, Some(default)) => {
            vec![Item { value: super::value::Text(default.into()), offset: start, key: key.into() }]
        }
        (None, None) => return Err(Flaw::new(start, key, format!("missing: a case needs a {key}"))),
    };
    items
        .into_iter()
        .map(|item| match known.get(&item.value.0) {
            Some(entry) => Ok((Item { value: (), offset: item.offset, key: item.key }, &entry.spec)),
            None => Err(Flaw::new(item.offset, item.key, unknown(key, &item.value.0, known))),
        })
        .collect()
}

/// What is wrong with a name that is in no catalogue.
pub(super) fn unknown<T>(what: &str, name: &str, known: &BTreeMap<String, Entry<T>>) -> String {
    format!("unknown {what} `{name}`{}", hint(name, known.keys().map(String::as_str)))
}

fn model_text(model: &ModelSpec) -> usize {
    let source = match &model.source {
        ModelSource::File(path) => path.as_os_str().len(),
        ModelSource::Fetched(name) => name.len(),
        ModelSource::Sequence(members) => members.iter().map(model_text).sum(),
        _ => 0,
    };
    source
        + model.name.len()
        + model.inputs.iter().map(|(name, input)| name.len() + 8 * input.shape.len()).sum::<usize>()
}

fn arm_text(arm: &ArmSpec) -> usize {
    let settings = arm.tunables.iter().chain(&arm.environment);
    arm.why.len() + settings.map(|(name, value)| name.len() + value.len()).sum::<usize>()
}
