//! The command line's choices over a suite, and a suite out of nothing but a model.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use regex::Regex;

use super::case::{ArmSpec, Case, Engine, ModelSource, ModelSpec, RuntimeSpec, case_id};
use super::catalogue::{Catalogue, Entry, catalogue};
use super::error::SuiteError;
use super::expand::{MAX_CASES, natural_cycle, needs_model, new_case, unknown};
use super::input::InputSpec;
use super::plan::Suite;
use super::program::{check_program, runtime_of, words};
use super::settings::{MAX_REPLICATES, Settings};
use super::switch::check_switch;
use super::value::{is_name, to_name};

/// Arms of a model on the command line: the default, the two remedies that cost least, and two other allocators.
pub const DEFAULT_ARMS: [&str; 5] = ["glibc", "mmap-threshold-1m", "trim", "jemalloc", "mimalloc"];

/// Name of the model in the controls that every run begins with.
pub const RESERVED_MODEL: &str = "control";

/// What names of model files end in: such a name is no name of the catalogue.
const MODEL_ENDINGS: [&str; 5] = [".onnx", ".ort", ".xml", ".tflite", ".circle"];

/// Identifiers that are offered when a filter matches none.
const NEAREST: usize = 3;

/// An arm of the command line.
#[derive(Debug, Clone, PartialEq)]
pub enum ArmChoice {
    /// An arm of the suite or of the catalogue.
    Named(String),
    /// An arm that the caller has put together, from a path or from tunables.
    Explicit(ArmSpec),
}

/// What the command line says, in plain values. What it does not say stays as the suite has it.
#[derive(Debug, Clone, Default)]
pub struct Overrides {
    /// Runtimes under which all cases run, by name, instead of their own.
    pub runtimes: Vec<String>,
    /// Library of the runtimes that are loaded at run time.
    pub library: Option<PathBuf>,
    /// Options of those runtimes, over their own.
    pub options: Vec<(String, String)>,
    /// Workload of all cases, by name. Expectations stay as they are, unless they are given too.
    pub workload: Option<String>,
    /// Arms under which all cases run, instead of their own.
    pub arms: Vec<ArmChoice>,
    /// Fresh children for each case.
    pub replicates: Option<u32>,
    /// Inputs by name, over those of each model.
    pub inputs: Vec<(String, InputSpec)>,
    /// Cases whose identifier does not match are left out.
    pub filter: Option<Regex>,
    /// Iterations, times, threads and all else that a suite can set.
    pub settings: Settings,
}

/// A suite of one model under several arms: `model` is a file, or the name of a model in the catalogue.
///
/// Without other choices it is recompiled by `auto`, 120 times, under each of [`DEFAULT_ARMS`].
pub fn from_model(model: &Path, overrides: &Overrides) -> Result<Suite, SuiteError> {
    let mut catalogue = catalogue().clone();
    let spec = find_model(model, &catalogue)?;
    let runtime = look_up("--runtime", "runtime", "auto", &catalogue.runtimes)?;
    let workload = look_up("--workload", "workload", "recompile", &catalogue.workloads)?;
    let arm = look_up("--arm", "arm", "glibc", &catalogue.arms)?;
    let case = new_case((&spec, runtime, workload, arm), 1, &Settings::default());
    let name = spec.name.clone();
    catalogue.models.insert(name.clone(), Entry { spec, why: String::new() });
    single(name, case, catalogue, overrides)
}

/// A suite of one program under several arms: `command` is its command line, `model` what it gets in `HIGHWATER_MODEL`.
///
/// Without other choices it does 120 iterations under each of [`DEFAULT_ARMS`].
pub fn from_program(command: &str, model: Option<&Path>, overrides: &Overrides) -> Result<Suite, SuiteError> {
    let mut catalogue = catalogue().clone();
    let words = words(command)
        .map_err(|problem| SuiteError::Override { option: "--exec", problem: format!("`{command}` {problem}") })?;
    let spec = find_model(model.unwrap_or(Path::new("none")), &catalogue)?;
    let runtime = runtime_of(words);
    let workload = look_up("--workload", "workload", "program", &catalogue.workloads)?;
    let arm = look_up("--arm", "arm", "glibc", &catalogue.arms)?;
    let case = new_case((&spec, &runtime, workload, arm), 1, &Settings::default());
    let name = runtime.name.clone();
    catalogue.models.insert(spec.name.clone(), Entry { spec, why: String::new() });
    catalogue.runtimes.insert(name.clone(), Entry { spec: runtime, why: String::new() });
    single(name, case, catalogue, overrides)
}

/// A suite of one case, under [`DEFAULT_ARMS`] where none are chosen.
fn single(name: String, case: Case, catalogue: Catalogue, overrides: &Overrides) -> Result<Suite, SuiteError> {
    let suite = Suite {
        name,
        description: String::new(),
        path: None,
        cases: vec![case],
        replicates: 1,
        catalogue,
        claims: Vec::new(),
    };
    let mut overrides = overrides.clone();
    if overrides.arms.is_empty() {
        overrides.arms = DEFAULT_ARMS.map(|name| ArmChoice::Named(name.into())).into();
    }
    apply(suite, &overrides)
}

/// The suite with the command line's choices in it.
///
/// Arms and threads replace those of each case; where two cases become the same one, the first stays.
pub fn apply(suite: Suite, overrides: &Overrides) -> Result<Suite, SuiteError> {
    overrides.settings.check().map_err(|(option, problem)| SuiteError::Override { option, problem })?;
    let replicates = overrides.replicates.unwrap_or(suite.replicates);
    if !(1..=MAX_REPLICATES).contains(&u64::from(replicates)) {
        let problem = format!("must be a whole number from 1 to {MAX_REPLICATES}, not {replicates}");
        return Err(SuiteError::Override { option: "--replicates", problem });
    }
    let arms = choose_arms(&overrides.arms, &suite.catalogue)?;
    let runtimes = overrides
        .runtimes
        .iter()
        .map(|name| look_up("--runtime", "runtime", name, &suite.catalogue.runtimes).cloned())
        .collect::<Result<Vec<_>, _>>()?;
    let runtimes = loaded_with(runtimes, &suite, overrides)?;
    let mut cases = Vec::new();
    let mut seen = HashSet::new();
    for case in &suite.cases {
        let case = override_work(case, overrides, &suite.catalogue)?;
        for variant in variants(&case, &runtimes, &arms, overrides.settings.threads.as_deref()) {
            if let Some(problem) = check_program(&variant.runtime, &variant.workload, &variant.model) {
                let option = if overrides.runtimes.is_empty() { "--workload" } else { "--runtime" };
                return Err(SuiteError::Override { option, problem });
            }
            if seen.insert(variant.id.clone()) {
                cases.push(variant);
            }
            if cases.len() > MAX_CASES {
                let problem = format!("more than {MAX_CASES} cases, the limit of a suite");
                return Err(SuiteError::Override { option: "--arm", problem });
            }
        }
    }
    if let Some(filter) = &overrides.filter {
        cases = select(cases, filter)?;
    }
    Ok(Suite { cases, replicates, ..suite })
}

/// The runtimes with the library and the options of the command line, which only those have that are loaded at run time.
fn loaded_with(
    mut runtimes: Vec<RuntimeSpec>,
    suite: &Suite,
    overrides: &Overrides,
) -> Result<Vec<RuntimeSpec>, SuiteError> {
    let option = match overrides {
        Overrides { library: Some(_), .. } => "--library",
        Overrides { options, .. } if !options.is_empty() => "--option",
        _ => return Ok(runtimes),
    };
    if runtimes.is_empty() {
        runtimes.extend(suite.cases.iter().map(|case| case.runtime.clone()));
        let mut seen = HashSet::new();
        runtimes.retain(|runtime| seen.insert(runtime.name.clone()));
    }
    match runtimes.as_mut_slice() {
        [runtime] if runtime.engine == Engine::Program => {
            let problem = format!("`{}` is a program: give it arguments of its own", runtime.name);
            Err(SuiteError::Override { option, problem })
        }
        [runtime] if !runtime.engine.is_built_in() => {
            runtime.library = overrides.library.clone().or(runtime.library.take());
            runtime.options.extend(overrides.options.iter().cloned());
            Ok(runtimes)
        }
        [runtime] => {
            let problem = format!("`{}` is inside highwater: name another with --runtime", runtime.name);
            Err(SuiteError::Override { option, problem })
        }
        _ => {
            let problem = "is for one runtime: name it with --runtime".into();
            Err(SuiteError::Override { option, problem })
        }
    }
}

fn find_model(model: &Path, catalogue: &Catalogue) -> Result<ModelSpec, SuiteError> {
    let text = model.to_string_lossy();
    if let Some(entry) = catalogue.models.get(text.as_ref()) {
        return Ok(entry.spec.clone());
    }
    let is_path = text.contains('/') || MODEL_ENDINGS.iter().any(|ending| text.ends_with(ending));
    if !model.is_file() && is_path {
        let problem = format!("`{text}` is not a file");
        return Err(SuiteError::Override { option: "--model", problem });
    }
    if !model.is_file() {
        let help = unknown("model", &text, &catalogue.models);
        let problem = format!("`{text}` is not a file, and as a name it is an {help}");
        return Err(SuiteError::Override { option: "--model", problem });
    }
    let mut name = to_name(&model.file_stem().unwrap_or_default().to_string_lossy());
    if name == RESERVED_MODEL {
        name.push_str("-model");
    }
    Ok(ModelSpec { name, source: ModelSource::File(model.into()), inputs: Default::default() })
}

fn look_up<'a, T>(
    option: &'static str,
    what: &str,
    name: &str,
    known: &'a std::collections::BTreeMap<String, Entry<T>>,
) -> Result<&'a T, SuiteError> {
    let entry = known.get(name).ok_or_else(|| SuiteError::Override { option, problem: unknown(what, name, known) })?;
    Ok(&entry.spec)
}

fn choose_arms(choices: &[ArmChoice], catalogue: &Catalogue) -> Result<Vec<ArmSpec>, SuiteError> {
    let choose = |choice: &ArmChoice| match choice {
        ArmChoice::Named(name) => look_up("--arm", "arm", name, &catalogue.arms).cloned(),
        ArmChoice::Explicit(arm) if is_name(&arm.name) => Ok(arm.clone()),
        ArmChoice::Explicit(arm) => {
            let problem = format!("`{}` cannot name an arm, since names become file names", arm.name);
            Err(SuiteError::Override { option: "--arm", problem })
        }
    };
    let mut arms: Vec<ArmSpec> = Vec::new();
    for choice in choices {
        let arm = choose(choice)?;
        match arms.iter().find(|other| other.name == arm.name) {
            None => arms.push(arm),
            Some(other) if *other == arm => {}
            Some(_) => {
                let problem = format!("two different arms are called `{}`", arm.name);
                return Err(SuiteError::Override { option: "--arm", problem });
            }
        }
    }
    Ok(arms)
}

/// The case with everything replaced that does not multiply it.
fn override_work(case: &Case, overrides: &Overrides, catalogue: &Catalogue) -> Result<Case, SuiteError> {
    let mut case = case.clone();
    if let Some(name) = &overrides.workload {
        let workload = look_up("--workload", "workload", name, &catalogue.workloads)?;
        if case.judging.cycle == natural_cycle(&case.model, &case.workload) {
            case.judging.cycle = natural_cycle(&case.model, workload);
        }
        // What a case plants stays beside whatever it does.
        case.workload = case.workload.plant.map_or_else(|| workload.clone(), |plant| workload.planted(plant));
        if !is_name(&case.workload.name) {
            let problem = format!("with what is planted the name becomes `{}`, which is too long", case.workload.name);
            return Err(SuiteError::Override { option: "--workload", problem });
        }
    }
    if needs_model(&case.workload) && case.model.source == ModelSource::None {
        let problem = format!("`{}` needs a model, and the case `{}` has none", case.workload.name, case.id);
        return Err(SuiteError::Override { option: "--workload", problem });
    }
    if let Some(problem) = check_switch(case.workload.base, &case.workload.name, &case.model) {
        return Err(SuiteError::Override { option: "--workload", problem });
    }
    match case.model.source {
        ModelSource::None => {}
        ModelSource::Sequence(_) if !overrides.inputs.is_empty() => {
            let problem = format!("the model of `{}` is a sequence: inputs belong to its members", case.id);
            return Err(SuiteError::Override { option: "--input", problem });
        }
        _ => case.model.inputs.extend(overrides.inputs.iter().cloned()),
    }
    overrides.settings.override_case(&mut case);
    Ok(case)
}

/// The case under each of the runtimes, arms and thread counts, or under its own where none are given.
fn variants(case: &Case, runtimes: &[RuntimeSpec], arms: &[ArmSpec], threads: Option<&[u32]>) -> Vec<Case> {
    let own_runtime = std::slice::from_ref(&case.runtime);
    let own_arm = std::slice::from_ref(&case.arm);
    let own_threads = [case.threads];
    let runtimes = if runtimes.is_empty() { own_runtime } else { runtimes };
    let arms = if arms.is_empty() { own_arm } else { arms };
    let threads = threads.filter(|threads| !threads.is_empty()).unwrap_or(&own_threads);
    let mut variants = Vec::new();
    for runtime in runtimes {
        for arm in arms {
            variants.extend(threads.iter().map(|threads| Case {
                id: case_id(&case.model.name, &runtime.name, &case.workload.name, &arm.name, *threads),
                runtime: runtime.clone(),
                arm: arm.clone(),
                threads: *threads,
                ..case.clone()
            }));
        }
    }
    variants
}

fn select(cases: Vec<Case>, filter: &Regex) -> Result<Vec<Case>, SuiteError> {
    let (selected, rest): (Vec<Case>, Vec<Case>) = cases.into_iter().partition(|case| filter.is_match(&case.id));
    if !selected.is_empty() {
        return Ok(selected);
    }
    // Pairs of letters, wherever they stand: a filter is often a piece of an identifier.
    let mut near: Vec<(f64, String)> =
        rest.into_iter().map(|case| (strsim::sorensen_dice(filter.as_str(), &case.id), case.id)).collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let nearest = near.into_iter().take(NEAREST).map(|(_, id)| id).collect();
    Err(SuiteError::NoMatch { filter: filter.as_str().into(), nearest })
}
