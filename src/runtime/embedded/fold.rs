//! What can be computed before the model runs is computed once: constant folding, and conditions that are known.
//!
//! Only what holds for every execution counts: shapes that the model itself declares as fixed, not those of today's inputs.

use std::collections::BTreeMap;

use super::error::EmbeddedError;
use super::facts::{Effort, facts, truth};
use super::graph::{Block, Constant, Extent, Graph, Input, Node, Work};
use super::operator::Operator;

/// Results above 1 MiB of floats are computed each time, so that folding never makes a model much larger than its file.
const EFFORT: Effort = Effort { most_elements: 1 << 18, most_bytes: 64 << 20 };

/// Turns values that do not depend on the inputs into constants, and replaces conditions that are known by their branch.
pub(super) fn fold(graph: &mut Graph) -> Result<(), EmbeddedError> {
    let shapes: Vec<_> = graph.inputs.iter().map(declared_shape).collect();
    let computed: Vec<_> = facts(graph, &shapes, EFFORT)?.into_values().collect();
    for (value, tensor) in computed {
        if let Some(constant) = graph.constants.get_mut(value) {
            *constant = Some(Constant::Tensor(tensor));
        }
    }
    inline(&mut graph.block, &graph.constants);
    Ok(())
}

/// The shape of an input of which no dimension is open.
pub(super) fn declared_shape(input: &Input) -> Option<Vec<usize>> {
    let size = |extent: &Extent| match extent {
        Extent::Fixed(size) => Some(*size),
        Extent::Open(_) => None,
    };
    input.shape.as_ref()?.iter().map(size).collect()
}

/// The shape that an input of open dimensions was given; none where it does not fit what the model declares, which whoever
/// makes the inputs says better.
pub(super) fn given_shape(input: &Input, given: &BTreeMap<String, Vec<usize>>) -> Option<Vec<usize>> {
    let shape = given.get(&input.name)?;
    let agrees = |(extent, size): (&Extent, &usize)| !matches!(extent, Extent::Fixed(fixed) if fixed != size);
    let fits = input
        .shape
        .as_ref()
        .is_none_or(|declared| declared.len() == shape.len() && declared.iter().zip(shape).all(agrees));
    fits.then(|| shape.clone())
}

/// Puts the branch of each `If` whose condition is a constant in its place.
fn inline(block: &mut Block, constants: &[Option<Constant>]) {
    let mut nodes = Vec::with_capacity(block.nodes.len());
    for mut node in block.nodes.drain(..) {
        node.branches.iter_mut().for_each(|branch| inline(branch, constants));
        let condition = match (&node.work, node.inputs.as_slice()) {
            (Work::Operator(Operator::If), [Some(value)]) => constants.get(*value).and_then(Option::as_ref),
            _ => None,
        };
        match condition.and_then(Constant::tensor).and_then(|tensor| truth(tensor.view())) {
            Some(is_true) if node.branches.len() == 2 => {
                let branch = node.branches.swap_remove(usize::from(!is_true));
                nodes.extend(branch.nodes);
                for (inner, output) in branch.outputs.into_iter().zip(node.outputs) {
                    nodes.push(Node {
                        name: node.name.clone(),
                        operator: "Identity",
                        work: Work::Operator(Operator::Identity),
                        inputs: vec![Some(inner)],
                        outputs: vec![output],
                        branches: Vec::new(),
                        frees: Vec::new(),
                    });
                }
            }
            _ => nodes.push(node),
        }
    }
    block.nodes = nodes;
}
