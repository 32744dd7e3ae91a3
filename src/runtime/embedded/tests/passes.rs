//! What becomes of a graph between file and execution.

use super::small::{Attribute, Written, branch, node};
use super::*;
use crate::runtime::embedded::fold::fold;
use crate::runtime::embedded::fuse::{fuse, make_layers};
use crate::runtime::embedded::graph::{Block, Graph};
use crate::runtime::embedded::import::import;
use crate::runtime::embedded::prune::{mark_last_uses, prune};
use crate::runtime::embedded::weights;

fn graph(model: &Written) -> Graph {
    let loaded = weights::load(&model.path, usual().weights).unwrap();
    import(&loaded.model, &loaded.store).unwrap()
}

fn optimised(model: Small) -> Graph {
    let mut graph = graph(&model.write());
    fold(&mut graph).unwrap();
    make_layers(&mut graph);
    fuse(&mut graph);
    prune(&mut graph);
    mark_last_uses(&mut graph);
    graph
}

fn operators(block: &Block) -> Vec<&'static str> {
    block.nodes.iter().map(|node| node.operator).collect()
}

fn constants(graph: &Graph) -> usize {
    graph.constants.iter().flatten().count()
}

#[test]
fn layers_take_in_what_follows_them() {
    let graph = optimised(small::network());
    assert_eq!(
        operators(&graph.block),
        [
            "Conv",
            "Conv",
            "Add",
            "Conv",
            "Conv",
            "Sigmoid",
            "Mul",
            "MaxPool",
            "GlobalAveragePool",
            "Flatten",
            "MatMul",
            "Gemm",
            "Softmax"
        ]
    );
}

/// What somebody else reads, or what comes out, cannot be left out.
#[test]
fn what_is_read_elsewhere_stays() {
    let model = || {
        let model = Small::new(13).input("x", &[1, 2, 4, 4]).noise("w", &[2, 2, 1, 1]);
        model.node("Conv", &["x", "w"], &["c"]).node("Relu", &["c"], &["r"])
    };
    assert_eq!(operators(&optimised(model().output("r")).block), ["Conv"]);
    assert_eq!(operators(&optimised(model().output("r").output("c")).block), ["Conv", "Relu"]);
    let read = model().node("Add", &["c", "r"], &["s"]).output("s");
    assert_eq!(operators(&optimised(read).block), ["Conv", "Relu", "Add"]);
    let twice = model().node("Relu", &["r"], &["s"]).output("s");
    assert_eq!(operators(&optimised(twice).block), ["Conv", "Relu"]);
}

#[test]
fn computations_with_fixed_shapes_are_done_in_advance() {
    let reshape = |sizes: &[i64]| {
        Small::new(13)
            .input("x", sizes)
            .integers("first", &[0])
            .integers("rest", &[-1])
            .node("Shape", &["x"], &["shape"])
            .node("Gather", &["shape", "first"], &["size"])
            .node_with("Concat", &["size", "rest"], &["target"], vec![("axis", Attribute::Integer(0))])
            .node("Reshape", &["x", "target"], &["y"])
            .output("y")
    };
    let graph = optimised(reshape(&[2, 3, 4]));
    assert_eq!(operators(&graph.block), ["Reshape"]);
    assert_eq!(constants(&graph), 1);
    assert_eq!(operators(&optimised(reshape(&[-1, 3, 4])).block), ["Shape", "Gather", "Concat", "Reshape"]);
}

#[test]
fn what_nobody_needs_is_dropped() {
    let model = Small::new(13).input("x", &[4]).noise("w", &[400]).noise("v", &[4]).node("Relu", &["w"], &["unread"]);
    let graph = optimised(model.node("Mul", &["x", "v"], &["y"]).output("y"));
    assert_eq!(operators(&graph.block), ["Mul"]);
    assert_eq!(constants(&graph), 1);
}

/// A condition that is known leaves one branch, in the place of the node.
#[test]
fn known_conditions_are_replaced_by_their_branch() {
    let model = |sizes: &[i64]| {
        let branches = vec![
            ("then_branch", branch(vec![node("Relu", &["x"], &["t"], Vec::new())], &["t"])),
            ("else_branch", branch(vec![node("Neg", &["x"], &["e"], Vec::new())], &["e"])),
        ];
        Small::new(13)
            .input("x", sizes)
            .integers("one", &[2])
            .node("Size", &["x"], &["size"])
            .node("Equal", &["size", "one"], &["same"])
            .node("Squeeze", &["same"], &["condition"])
            .node_with("If", &["condition"], &["y"], branches)
            .output("y")
    };
    assert_eq!(operators(&optimised(model(&[2])).block), ["Relu", "Identity"]);
    assert_eq!(operators(&optimised(model(&[3])).block), ["Neg", "Identity"]);
    assert_eq!(operators(&optimised(model(&[-1])).block).last(), Some(&"If"));
    let values = |sizes: &[i64], given: usize| {
        let input = InputSpec { element: ElementType::F32, shape: vec![given], fill: Some(-1.0) };
        let inputs = BTreeMap::from([("x".to_owned(), input)]);
        run(&usual(), &model(sizes).write().path, &inputs).unwrap().remove(0).values
    };
    for sizes in [[2], [-1]] {
        assert_eq!(values(&sizes, 2), [0.0, 0.0]);
    }
    for sizes in [[3], [-1]] {
        assert_eq!(values(&sizes, 3), [1.0, 1.0, 1.0]);
    }
}

/// Every value is freed once, after its last reader; what comes out is not.
#[test]
fn values_are_freed_after_their_last_reader() {
    let graph = optimised(small::network());
    let mut freed: Vec<usize> = graph.block.nodes.iter().flat_map(|node| node.frees.iter().copied()).collect();
    let count = freed.len();
    freed.sort_unstable();
    freed.dedup();
    assert_eq!((freed.len(), count), (graph.block.nodes.len() - 1, count));
    assert!(!freed.contains(&graph.block.outputs[0]));
}
