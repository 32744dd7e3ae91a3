//! What nobody needs goes: nodes without readers, and constants that no node is left to read. A weight that is not read is
//! never announced to the store, so its pages are never touched.

use super::graph::{Block, Graph, Node};

/// Removes nodes whose results nobody reads or which are constants, then constants that nobody reads.
pub(super) fn prune(graph: &mut Graph) {
    let mut needed = vec![false; graph.constants.len()];
    let is_constant: Vec<bool> = graph.constants.iter().map(Option::is_some).collect();
    sweep(&mut graph.block, &mut needed, &is_constant);
    drop_unread(graph);
}

/// From the last node to the first, since a node can only be read by those after it.
fn sweep(block: &mut Block, needed: &mut [bool], is_constant: &[bool]) {
    let mut mark = |value: usize| needed.get_mut(value).into_iter().for_each(|needed| *needed = true);
    block.outputs.iter().for_each(|value| mark(*value));
    let mut kept: Vec<Node> = Vec::with_capacity(block.nodes.len());
    for mut node in block.nodes.drain(..).rev() {
        let is_live = |value: &usize| needed.get(*value) == Some(&true) && is_constant.get(*value) == Some(&false);
        if !node.outputs.iter().flatten().any(is_live) {
            continue;
        }
        for branch in &mut node.branches {
            sweep(branch, needed, is_constant);
        }
        node.reads(&mut |value| needed.get_mut(value).into_iter().for_each(|needed| *needed = true));
        kept.push(node);
    }
    kept.reverse();
    block.nodes = kept;
}

/// Drops constants that nobody reads (any more: after packing, those that were packed).
pub(super) fn drop_unread(graph: &mut Graph) {
    let mut is_read = vec![false; graph.constants.len()];
    graph.block.reads(&mut |value| is_read.get_mut(value).into_iter().for_each(|read| *read = true));
    for (constant, is_read) in graph.constants.iter_mut().zip(is_read) {
        if !is_read {
            *constant = None;
        }
    }
}

/// Writes down at each node which values nobody reads after it, so that their memory can be freed there. What a block gives
/// out is not freed by it, and neither is what was computed outside of it.
pub(super) fn mark_last_uses(graph: &mut Graph) {
    mark(&mut graph.block, &mut vec![false; graph.constants.len()]);
}

/// `is_pending` says which values of the blocks at hand have no reader yet. One table serves all blocks: each value is
/// computed in one of them, and what a branch reads from around it the node of the branch has read before.
fn mark(block: &mut Block, is_pending: &mut [bool]) {
    let mut set = |value: usize, is: bool| is_pending.get_mut(value).into_iter().for_each(|pending| *pending = is);
    block.nodes.iter().flat_map(|node| node.outputs.iter().flatten()).for_each(|value| set(*value, true));
    block.outputs.iter().for_each(|value| set(*value, false));
    for node in block.nodes.iter_mut().rev() {
        let mut frees = Vec::new();
        let mut last = |value: usize| {
            if let Some(pending @ true) = is_pending.get_mut(value) {
                *pending = false;
                frees.push(value);
            }
        };
        node.reads(&mut last);
        node.outputs.iter().flatten().for_each(|value| last(*value));
        node.frees = frees;
        node.branches.iter_mut().for_each(|branch| mark(branch, is_pending));
    }
}
