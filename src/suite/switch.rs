//! `base = "switch"`: how a workload switches between the models of a sequence, and what its model cache may hold.

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::case::ModelSpec;
use super::file::WorkloadFile;
use super::value::Whole;
use super::workload::BaseWork;

/// Requests at most that may pass over a model before it is dropped: more is never.
pub(super) const MAX_KEEP_ALIVE: u64 = 1_000_000;

/// What the model cache of a [`Switch`](BaseWork::Switch) workload may hold when nothing else is said: half of all models, so
/// that every switch has to load, and most have to evict.
const DEFAULT_BUDGET: CacheBudget = CacheBudget::Percent(50);

/// How a workload switches between models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwitchSpec {
    /// Whose turn it is.
    pub order: SwitchOrder,
    /// What the cache may hold.
    pub budget: CacheBudget,
    /// What of a model counts.
    pub budget_by: BudgetBy,
    /// A model that this many switches have passed over is dropped; 0 for never.
    pub keep_alive: u64,
    /// What happens after an eviction.
    pub on_evict: OnEvict,
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SwitchOrder {
    /// One after the other. Under a budget too small for all, the next one is always the one that was evicted.
    RoundRobin,
    /// In every cycle each of them once, in an order of its own.
    Random,
}

/// What a cache may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CacheBudget {
    /// So many bytes.
    Bytes(u64),
    /// A share of what the files of all models take together, in percent.
    Percent(u32),
}

/// What of a model counts under the budget.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BudgetBy {
    /// The bytes of its files.
    Declared,
    /// What loading it took.
    Measured,
}

/// What happens after an eviction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnEvict {
    /// Nothing.
    None,
    /// `malloc_trim(0)`, where glibc is in force.
    MallocTrim,
}

impl Default for SwitchSpec {
    fn default() -> Self {
        SwitchSpec {
            order: SwitchOrder::RoundRobin,
            budget: DEFAULT_BUDGET,
            budget_by: BudgetBy::Declared,
            keep_alive: 0,
            on_evict: OnEvict::None,
        }
    }
}

/// The keys of a `[workloads.NAME]` table that belong to `switch`; absent for other bases.
pub(super) fn switch(base: BaseWork, table: &WorkloadFile) -> Option<SwitchSpec> {
    if base != BaseWork::Switch {
        return None;
    }
    let default = SwitchSpec::default();
    let whole = |value: &Spanned<Whole<0, MAX_KEEP_ALIVE>>| value.get_ref().0;
    Some(SwitchSpec {
        order: value(&table.order, default.order),
        budget: table.budget.as_ref().map_or(default.budget, |budget| budget.get_ref().0),
        budget_by: value(&table.budget_by, default.budget_by),
        keep_alive: table.keep_alive.as_ref().map_or(default.keep_alive, whole),
        on_evict: value(&table.on_evict, default.on_evict),
    })
}

fn value<T: Copy>(given: &Option<Spanned<T>>, default: T) -> T {
    given.as_ref().map_or(default, |given| *given.get_ref())
}

/// What is wrong with `model` for a workload of this base: there is nothing to switch between where all turns are one model's.
pub(super) fn check_switch(base: BaseWork, workload: &str, model: &ModelSpec) -> Option<String> {
    let members = model.members();
    let is_one = members.iter().all(|member| *member == members[0]);
    (base == BaseWork::Switch && is_one).then(|| {
        let name = &model.name;
        format!("the workload `{workload}` switches between models, and `{name}` is one: use a sequence of two or more")
    })
}
