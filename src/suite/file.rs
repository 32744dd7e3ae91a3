//! The shape of a suite file. Every field is optional here, so that what is missing is told in the suite's own words.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use super::arms::ArmFile;
use super::case::{Engine, Planner, Release, ReleaseWhen, WeightsStrategy};
use super::claim::Metric;
use super::faults::FaultFile;
use super::models::ModelFile;
use super::settings::{MAX_COUNTERFACTUAL, MAX_ITERATIONS, MAX_REPLICATES, MAX_THREADS, Settings};
use super::switch::{BudgetBy, MAX_KEEP_ALIVE, OnEvict, SwitchOrder};
use super::value::{Budget, Name, OneOrMany, Period, Plain, Ratio, Setting, Size, Text, Tolerance, Whole, Word};
use super::workload::{BaseWork, RejectKind, Vary};
use super::workloads::{MAX_BATCH, MAX_COMPANIONS, MAX_DIMENSION};

/// A list of names, each of which is looked up in its section or in the catalogue.
pub(super) type Names = Option<Spanned<OneOrMany<Text>>>;

/// A section of named entries.
pub(super) type Section<T> = BTreeMap<Name, Spanned<T>>;

/// Defines a table that takes all settings besides its own keys. Serde's `flatten` would do the same and lose unknown
/// keys, positions and key paths.
macro_rules! with_settings {
    ($(#[$meta:meta])* struct $table:ident { $($(#[$field_meta:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $table {
            $($(#[$field_meta])* pub $field: $type,)*
            iterations: Option<Whole<1, MAX_ITERATIONS>>,
            time: Option<Period>,
            iteration_time: Option<Period>,
            memory: Option<Size>,
            threads: Option<OneOrMany<Whole<1, MAX_THREADS>>>,
            settle: Option<Whole<1, MAX_ITERATIONS>>,
            tolerance: Option<Tolerance>,
            cycle: Option<Whole<1, MAX_ITERATIONS>>,
            resident: Option<bool>,
            early_stop: Option<bool>,
            until_decided: Option<bool>,
            core: Option<bool>,
            counterfactual: Option<Whole<0, MAX_COUNTERFACTUAL>>,
            seed: Option<Whole<0, { u64::MAX }>>,
            plant_bytes: Option<Size>,
            plant_every: Option<Whole<1, MAX_ITERATIONS>>,
            expect: Option<OneOrMany<Word>>,
        }

        impl From<&$table> for Settings {
            fn from(table: &$table) -> Settings {
                let threads = |all: &OneOrMany<Whole<1, MAX_THREADS>>| all.values().iter().map(|n| n.0 as u32).collect();
                Settings {
                    iterations: table.iterations.map(|number| number.0),
                    time: table.time.map(|period| period.0),
                    iteration_time: table.iteration_time.map(|period| period.0),
                    memory_bytes: table.memory.map(|size| size.0),
                    threads: table.threads.as_ref().map(threads),
                    settle: table.settle.map(|number| number.0),
                    tolerance: table.tolerance.map(|tolerance| tolerance.0),
                    cycle: table.cycle.map(|number| number.0),
                    resident: table.resident,
                    early_stop: table.early_stop,
                    until_decided: table.until_decided,
                    core: table.core,
                    counterfactual: table.counterfactual.map(|number| number.0),
                    seed: table.seed.map(|number| number.0),
                    plant_bytes: table.plant_bytes.map(|size| size.0),
                    plant_every: table.plant_every.map(|number| number.0),
                    expect: table.expect.as_ref().map(|all| all.values().iter().map(|word| word.0).collect()),
                }
            }
        }
    };
}

with_settings! {
    /// A whole file.
    struct SuiteFile {
        description: Option<String>,
        replicates: Option<Whole<1, MAX_REPLICATES>>,
        #[serde(default)]
        models: Section<ModelFile>,
        #[serde(default)]
        runtimes: Section<RuntimeFile>,
        #[serde(default)]
        workloads: Section<WorkloadFile>,
        #[serde(default)]
        arms: Section<ArmFile>,
        #[serde(default)]
        case: Vec<Spanned<CaseFile>>,
        #[serde(default)]
        claim: Vec<Spanned<ClaimFile>>,
    }
}

with_settings! {
    /// A `[[case]]` table.
    struct CaseFile {
        model: Names,
        runtime: Names,
        workload: Names,
        arm: Names,
    }
}

/// A `[[claim]]` table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClaimFile {
    pub source: Option<Text>,
    pub why: Option<Text>,
    pub case: Option<Spanned<Text>>,
    pub than: Option<Spanned<Text>>,
    pub metric: Option<Metric>,
    pub at_most: Option<Ratio>,
    pub at_least: Option<Ratio>,
}

/// A `[runtimes.NAME]` table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RuntimeFile {
    pub why: Option<Text>,
    pub engine: Option<Engine>,
    pub weights: Option<Spanned<WeightsStrategy>>,
    pub release: Option<Spanned<Release>>,
    pub release_when: Option<Spanned<ReleaseWhen>>,
    pub strict: Option<Spanned<bool>>,
    pub prefault: Option<Spanned<bool>>,
    pub prepack: Option<Spanned<bool>>,
    pub optimize: Option<Spanned<bool>>,
    pub compile_threads: Option<Spanned<Whole<1, MAX_THREADS>>>,
    pub planner: Option<Spanned<Planner>>,
    pub library: Option<Spanned<Text>>,
    pub options: Option<Spanned<BTreeMap<Text, Plain>>>,
    pub command: Option<Spanned<Vec<Plain>>>,
    pub environment: Option<Spanned<BTreeMap<Text, Spanned<Setting>>>>,
}

/// A `[workloads.NAME]` table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WorkloadFile {
    pub why: Option<Text>,
    pub base: Option<BaseWork>,
    pub order: Option<Spanned<SwitchOrder>>,
    pub budget: Option<Spanned<Budget>>,
    pub budget_by: Option<Spanned<BudgetBy>>,
    pub keep_alive: Option<Spanned<Whole<0, MAX_KEEP_ALIVE>>>,
    pub on_evict: Option<Spanned<OnEvict>>,
    pub batches: Option<Spanned<OneOrMany<Whole<1, MAX_BATCH>>>>,
    pub dimension: Option<Spanned<Whole<0, MAX_DIMENSION>>>,
    pub kind: Option<Spanned<RejectKind>>,
    pub vary: Option<Spanned<Vary>>,
    pub companions: Option<Spanned<Whole<0, MAX_COMPANIONS>>>,
    pub fault: Option<Spanned<FaultFile>>,
}
