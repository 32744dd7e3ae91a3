//! `[workloads.NAME]` tables: which keys each base has, and what they mean.

use toml::Spanned;

use super::error::alternatives;
use super::file::WorkloadFile;
use super::source::Flaw;
use super::switch::{SwitchOrder, switch};
use super::value::{OneOrMany, Whole};
use super::workload::{BaseWork, ReshapeSpec, WorkloadSpec};

/// Shapes at most: their inputs are all made before the first iteration that is judged.
pub(super) const MAX_BATCHES: usize = 64;

/// Largest size of a dimension that is reshaped; an input may not have more than 2³⁰ elements anyway.
pub(super) const MAX_BATCH: u64 = 1 << 20;

/// Last dimension that can be reshaped: no runtime takes tensors of more than sixteen.
pub(super) const MAX_DIMENSION: u64 = 15;

/// Companions at most: each of them is a whole process with a model.
pub(super) const MAX_COMPANIONS: u64 = 64;

/// Shapes where a suite names none.
const DEFAULT_BATCHES: [u32; 4] = [1, 2, 4, 8];

/// The workload that the table at `offset` means.
pub(super) fn workload(name: &str, offset: usize, table: WorkloadFile) -> Result<WorkloadSpec, Flaw> {
    let Some(base) = table.base else {
        let works = BaseWork::NAMES.map(|(name, _)| name);
        return Err(Flaw::new(offset, "base", format!("missing; use {}", alternatives(&works))));
    };
    check_keys(base, &table)?;
    let switch = switch(base, &table);
    let reshape = reshape(base, &table)?;
    let fault = match table.fault {
        Some(fault) => {
            let place = fault.span().start;
            if base == BaseWork::Program {
                return Err(Flaw::new(place, "fault", "is planted in highwater's own work: a program has its own"));
            }
            Some(fault.into_inner().into_fault(place).map_err(|flaw| flaw.inside("fault"))?)
        }
        None => None,
    };
    Ok(WorkloadSpec {
        name: name.into(),
        base,
        switch,
        reshape,
        reject: value(&table.kind),
        vary: value(&table.vary),
        // Bounded by MAX_COMPANIONS.
        companions: table.companions.as_ref().map_or(0, |companions| companions.get_ref().0 as u32),
        fault,
        plant: None,
    })
}

/// Refuses keys that mean nothing to the base.
fn check_keys(base: BaseWork, table: &WorkloadFile) -> Result<(), Flaw> {
    let is_switch = base == BaseWork::Switch;
    let is_reshape = base == BaseWork::Reshape;
    let cache = "only the base `switch` has a model cache";
    let shapes = "only the base `reshape` changes shapes";
    let keys = [
        ("order", place(&table.order), is_switch || is_reshape, "only the bases `switch` and `reshape` have an order"),
        ("budget", place(&table.budget), is_switch, cache),
        ("budget_by", place(&table.budget_by), is_switch, cache),
        ("keep_alive", place(&table.keep_alive), is_switch, cache),
        ("on_evict", place(&table.on_evict), is_switch, cache),
        ("batches", place(&table.batches), is_reshape, shapes),
        ("dimension", place(&table.dimension), is_reshape, shapes),
        ("kind", place(&table.kind), base == BaseWork::Reject, "only the base `reject` has kinds"),
        ("companions", place(&table.companions), base != BaseWork::Program, "a program starts its own companions"),
        ("vary", place(&table.vary), base.takes_inputs(), "this base hands no inputs over that could vary"),
    ];
    match keys.into_iter().find_map(|(key, place, allowed, problem)| Some((key, place.filter(|_| !allowed)?, problem)))
    {
        Some((key, place, problem)) => Err(Flaw::new(place, key, problem)),
        None => Ok(()),
    }
}

/// The keys that belong to `reshape`; absent for other bases.
fn reshape(base: BaseWork, table: &WorkloadFile) -> Result<Option<ReshapeSpec>, Flaw> {
    if base != BaseWork::Reshape {
        return Ok(None);
    }
    let sizes = |sizes: &Spanned<OneOrMany<Whole<1, MAX_BATCH>>>| {
        // Bounded by MAX_BATCH.
        sizes.get_ref().values().iter().map(|size| size.0 as u32).collect::<Vec<_>>()
    };
    let batches = table.batches.as_ref().map_or_else(|| DEFAULT_BATCHES.to_vec(), sizes);
    if let Some(place) = place(&table.batches).filter(|_| batches.len() > MAX_BATCHES) {
        let problem = format!("has {} shapes, and the limit is {MAX_BATCHES}", batches.len());
        return Err(Flaw::new(place, "batches", problem));
    }
    let dimension = table.dimension.as_ref().map_or(0, |dimension| dimension.get_ref().0 as u32);
    let order = table.order.as_ref().map_or(SwitchOrder::RoundRobin, |order| *order.get_ref());
    Ok(Some(ReshapeSpec { batches, dimension, order }))
}

fn place<T>(value: &Option<Spanned<T>>) -> Option<usize> {
    value.as_ref().map(|value| value.span().start)
}

fn value<T: Copy + Default>(given: &Option<Spanned<T>>) -> T {
    given.as_ref().map(|given| *given.get_ref()).unwrap_or_default()
}
