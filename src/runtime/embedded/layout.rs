//! Where intermediate results lie, for inputs of certain shapes.
//!
//! Results that are floats of a known shape are planned; all others (shapes and indices, what branches compute) are small
//! or not known in advance, and are allocated when they are computed.

use std::ops::Range;

use super::arena::ALIGNMENT;
use super::error::EmbeddedError;
use super::facts::{Effort, Facts, facts};
use super::graph::{Graph, Node, ValueId, Work};
use super::kernels;
use super::plan::{self, Claim, Lifetime, PlanError, Sharing, Step, Value};
use super::tensor::{Element, elements};
use crate::suite::Planner;
use crate::units::Bytes;

/// Enough to follow computations with shapes.
const EFFORT: Effort = Effort { most_elements: 1 << 10, most_bytes: 4 << 20 };

/// Where the intermediate results of the main block lie.
#[derive(Debug)]
pub(super) struct Layout {
    /// For each value its place in the arena, in floats, if it has one.
    places: Vec<Option<Range<usize>>>,
    /// For each node whether its first output lies where its first input does.
    shares: Vec<bool>,
    /// Size of the arena in floats.
    pub(super) floats: usize,
    /// What was planned, for those who ask what other planners would have made of it.
    claims: Vec<Claim>,
}

impl Layout {
    /// Plans for inputs of these shapes, in the order of the graph's inputs. Without a planner nothing has a place.
    pub(super) fn plan(
        graph: &Graph,
        shapes: &[Option<Vec<usize>>],
        planner: Planner,
    ) -> Result<Layout, EmbeddedError> {
        let facts = facts(graph, shapes, EFFORT)?;
        let values: Vec<Value> = (0..graph.constants.len()).map(|value| planned(value, graph, &facts)).collect();
        let steps: Vec<Step> = graph.block.nodes.iter().map(|node| step(node, planner)).collect();
        let mut values = values;
        keep_outputs(graph, &mut values);
        let shared = plan::share(&steps, &values).map_err(refused)?;
        if planner == Planner::None {
            let places = vec![None; values.len()];
            return Ok(Layout { places, shares: vec![false; steps.len()], floats: 0, claims: shared.claims });
        }
        let placement = plan::place(planner, &shared.claims, ALIGNMENT).map_err(refused)?;
        let place = |(claim, value): (&Option<usize>, &Value)| {
            let start = floats(*placement.offsets.get((*claim)?)?)?;
            Some(start..start.checked_add(floats(value.bytes)?)?)
        };
        let places = shared.claim_of.iter().zip(&values).map(place).collect();
        let capacity = floats(placement.capacity).ok_or(EmbeddedError::OutOfMemory(placement.capacity))?;
        Ok(Layout { places, shares: shared.shares, floats: capacity, claims: shared.claims })
    }

    /// The place of a value.
    pub(super) fn place(&self, value: ValueId) -> Option<&Range<usize>> {
        self.places.get(value)?.as_ref()
    }

    /// Whether the first output of the node at that position lies where its first input does.
    pub(super) fn shares(&self, node: usize) -> bool {
        self.shares.get(node) == Some(&true)
    }

    /// What the planner made of it, what the others would have, and what none could go below.
    pub(super) fn remark(&self, planner: Planner) -> Option<String> {
        let bound = plan::lower_bound(&self.claims, ALIGNMENT).ok()?;
        let mut others = Vec::new();
        let mut own = None;
        for (name, candidate) in PLANNERS {
            let capacity = plan::place(candidate, &self.claims, ALIGNMENT).ok()?.capacity;
            match candidate == planner {
                true => own = Some((name, capacity)),
                false => others.push(format!("{name} {}", Bytes(capacity))),
            }
        }
        let others = others.join(", ");
        let bound_text = Bytes(bound);
        Some(match own {
            Some((name, capacity)) => {
                let ratio = capacity as f64 / (bound.max(1)) as f64;
                let capacity = Bytes(capacity);
                format!("intermediate results: {capacity} by {name}, lower bound {bound_text} ({ratio:.2}); {others}")
            }
            None => format!("intermediate results: one by one, at least {bound_text} at once; {others}"),
        })
    }
}

/// All planners, by the names that suites use.
const PLANNERS: [(&str, Planner); 4] =
    [("bump", Planner::Bump), ("first-fit", Planner::FirstFit), ("wic", Planner::Wic), ("best-fit", Planner::BestFit)];

fn refused(error: PlanError) -> EmbeddedError {
    EmbeddedError::Invalid(error.to_string())
}

/// Bytes as floats; offsets and sizes of planned values are whole ones.
fn floats(bytes: u64) -> Option<usize> {
    usize::try_from(bytes / size_of::<f32>() as u64).ok()
}

/// What the plan has to know of a value: floats of a known shape that a node of the main block computes are its concern.
fn planned(value: ValueId, graph: &Graph, facts: &Facts<'_>) -> Value {
    let elsewhere = Value { bytes: 0, element: Element::F32, lifetime: Lifetime::Elsewhere };
    if graph.constant(value).is_some() {
        return elsewhere;
    }
    match facts.of(value) {
        Some((Element::F32, Some(shape))) => {
            let bytes = elements(shape).and_then(|count| (count as u64).checked_mul(size_of::<f32>() as u64));
            bytes.map_or(elsewhere, |bytes| Value { bytes, lifetime: Lifetime::Planned, ..elsewhere })
        }
        Some((element, _)) => Value { element, ..elsewhere },
        None => elsewhere,
    }
}

/// Inputs lie with the caller, what branches compute is theirs, and what comes out is read after the last node.
fn keep_outputs(graph: &Graph, values: &mut [Value]) {
    let mut is_result = vec![false; values.len()];
    for node in graph.block.nodes.iter().filter(|node| node.branches.is_empty()) {
        for value in node.outputs.iter().flatten() {
            is_result.get_mut(*value).into_iter().for_each(|result| *result = true);
        }
    }
    for (value, is_result) in values.iter_mut().zip(is_result) {
        if !is_result {
            value.lifetime = Lifetime::Elsewhere;
        }
    }
    for value in &graph.block.outputs {
        if let Some(value) = values.get_mut(*value).filter(|value| value.lifetime == Lifetime::Planned) {
            value.lifetime = Lifetime::Kept;
        }
    }
}

fn step(node: &Node, planner: Planner) -> Step {
    let mut inputs = Vec::new();
    node.reads(&mut |value| inputs.push(value));
    let first = node.inputs.first().copied().flatten();
    let sharing = match &node.work {
        _ if planner == Planner::None || first.is_none() || inputs.first().copied() != first => Sharing::Never,
        Work::Operator(operator) if kernels::is_alias(operator) => Sharing::Alias,
        Work::Operator(operator) if kernels::works_in_place(operator) => Sharing::InPlace,
        _ => Sharing::Never,
    };
    Step { inputs, outputs: node.outputs.iter().flatten().copied().collect(), sharing }
}
