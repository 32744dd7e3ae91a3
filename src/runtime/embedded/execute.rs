//! Execution: one node after the other, each result where the plan says or in memory of its own.

use super::arena::Arena;
use super::error::EmbeddedError;
use super::facts::truth;
use super::graph::{Block, Graph, Node, PackedKernel, PackedLayer, ValueId, Work};
use super::kernels;
use super::layout::Layout;
use super::operator::Operator;
use super::shapes::{self, Declared, Fact};
use super::slots::{Slot, Slots, Target, misplaced};
use super::tensor::{Element, Tensor, View, ViewMut, elements};
use super::weights::WeightStore;

/// A model that runs.
pub(super) struct Execution<'a> {
    slots: Slots<'a>,
    layout: &'a Layout,
    arena: &'a mut Arena,
}

impl<'a> Execution<'a> {
    /// An execution whose inputs are given by [`bind`](Self::bind).
    pub(super) fn new(
        graph: &'a Graph,
        store: &'a WeightStore,
        layout: &'a Layout,
        arena: &'a mut Arena,
    ) -> Execution<'a> {
        Execution { slots: Slots::new(graph, store), layout, arena }
    }

    /// Gives an input.
    pub(super) fn bind(&mut self, value: ValueId, slot: Slot<'a>) {
        self.slots.set(value, slot);
    }

    /// Runs the whole graph.
    pub(super) fn run(&mut self, graph: &'a Graph) -> Result<(), EmbeddedError> {
        for (position, node) in graph.block.nodes.iter().enumerate() {
            self.node(node, Some(position))?;
        }
        Ok(())
    }

    /// A value that was computed, or that is there from the start.
    pub(super) fn value(&self, value: ValueId) -> Result<View<'_>, EmbeddedError> {
        self.slots.view(value, self.arena)
    }

    /// Runs a branch, in which nothing is planned.
    fn branch(&mut self, block: &'a Block) -> Result<(), EmbeddedError> {
        block.nodes.iter().try_for_each(|node| self.node(node, None))
    }

    /// Runs a node; `position` is its place in the main block.
    fn node(&mut self, node: &'a Node, position: Option<usize>) -> Result<(), EmbeddedError> {
        match &node.work {
            Work::Operator(Operator::If) => self.condition(node)?,
            Work::Operator(operator) if kernels::is_alias(operator) => self.alias(node, position)?,
            _ => self.compute(node, position)?,
        }
        for value in &node.frees {
            self.slots.set(*value, Slot::Empty);
        }
        Ok(())
    }

    /// What is known of the outputs when the inputs are there.
    fn declare(&self, node: &Node) -> Result<Vec<Declared>, EmbeddedError> {
        let view = |input: &Option<ValueId>| input.map(|value| self.slots.view(value, self.arena)).transpose();
        let views: Vec<Option<View<'_>>> = node.inputs.iter().map(view).collect::<Result<_, _>>()?;
        let declared = match &node.work {
            Work::Operator(operator) => {
                let facts: Vec<Option<Fact<'_>>> = views.iter().map(|view| view.map(Fact::from)).collect();
                shapes::infer(operator, &facts, node.outputs.len())
            }
            Work::Packed(layer) => match views.as_slice() {
                [Some(input)] => {
                    let shape = layer.kernel.output_shape(input.shape);
                    shape.map(|shape| vec![Declared { element: Element::F32, shape: Some(shape) }])
                }
                _ => Err("a layer has one input".into()),
            },
            Work::Layer(_) => Err("the layer is not packed".into()),
        };
        declared.map_err(|message| node.error(message))
    }

    /// Where the outputs are written to, which are those that somebody named.
    fn targets(&self, node: &Node, is_planned: bool) -> Result<Vec<Option<Target>>, EmbeddedError> {
        let target = |(output, declared): (&Option<ValueId>, Declared)| {
            let Some(value) = output else { return Ok(None) };
            let shape = declared.shape.ok_or_else(|| node.error("the shape of its result is not known".into()))?;
            let place = if is_planned { self.layout.place(*value) } else { None };
            Target::new(declared.element, shape, place).map(Some)
        };
        node.outputs.iter().zip(self.declare(node)?).map(target).collect()
    }

    fn compute(&mut self, node: &'a Node, position: Option<usize>) -> Result<(), EmbeddedError> {
        let mut targets = self.targets(node, position.is_some())?;
        let is_shared = position.is_some_and(|position| self.layout.shares(position));
        if is_shared && self.can_write_over(node, &targets) {
            self.run_over(node, &mut targets)?;
        } else {
            self.run_beside(node, &mut targets)?;
        }
        for (output, target) in node.outputs.iter().zip(targets) {
            if let (Some(value), Some(target)) = (output, target) {
                self.slots.set(*value, target.into_slot());
            }
        }
        Ok(())
    }

    /// Whether the output lies where the first input does, and nothing else that is read.
    fn can_write_over(&self, node: &Node, targets: &[Option<Target>]) -> bool {
        let [Some(target)] = targets else { return false };
        let (Some(place), Some(first)) = (target.place(), node.inputs.first().copied().flatten()) else { return false };
        let is_same_shape = match (self.slots.slot(first), target) {
            (Some(Slot::Planned(shape, _)), Target::Planned(result, _)) => shape == result,
            _ => false,
        };
        let apart = |value: &ValueId| self.slots.place(*value).is_none_or(|other| other != place);
        is_same_shape && self.slots.place(first) == Some(place) && node.inputs.iter().skip(1).flatten().all(apart)
    }

    /// Runs a node that writes its result over its first input.
    fn run_over(&mut self, node: &Node, targets: &mut [Option<Target>]) -> Result<(), EmbeddedError> {
        let others = node.inputs.get(1..).unwrap_or(&[]);
        self.with_views(others, targets, |others, outputs| match (&node.work, outputs) {
            (Work::Operator(operator), [Some(target)]) => {
                kernels::run_in_place(operator, target, others).map_err(|message| node.error(message))
            }
            _ => Err(misplaced()),
        })
    }

    /// Runs a node that writes its results elsewhere than its inputs.
    fn run_beside(&mut self, node: &Node, targets: &mut [Option<Target>]) -> Result<(), EmbeddedError> {
        let borrowed = match &node.work {
            Work::Packed(layer) => layer.borrowed,
            _ => None,
        };
        let inputs: Vec<Option<ValueId>> = node.inputs.iter().copied().chain(borrowed.map(Some)).collect();
        self.with_views(&inputs, targets, |inputs, outputs| {
            let result = match &node.work {
                Work::Operator(operator) => kernels::run(operator, inputs, outputs),
                Work::Packed(layer) => layer.run(inputs, outputs),
                Work::Layer(_) => Err("the layer is not packed".into()),
            };
            result.map_err(|message| node.error(message))
        })
    }

    /// Calls `run` with inputs to be read and outputs to be written, wherever they lie.
    fn with_views(
        &mut self,
        inputs: &[Option<ValueId>],
        targets: &mut [Option<Target>],
        run: impl FnOnce(&[Option<View<'_>>], &mut [Option<ViewMut<'_>>]) -> Result<(), EmbeddedError>,
    ) -> Result<(), EmbeddedError> {
        let slots = &self.slots;
        let reads: Vec<_> = inputs.iter().flatten().filter_map(|value| slots.place(*value).cloned()).collect();
        let writes: Vec<_> = targets.iter().flatten().filter_map(|target| target.place().cloned()).collect();
        let parts = self.arena.parts(&reads, &writes).ok_or_else(misplaced)?;
        let mut reads = parts.reads.into_iter();
        let view = |input: &Option<ValueId>| {
            let Some(value) = input else { return Ok(None) };
            match slots.place(*value) {
                Some(_) => reads.next().and_then(|part| slots.part(*value, part)).map(Some).ok_or_else(misplaced),
                None => slots.outside(*value).map(Some),
            }
        };
        let inputs: Vec<Option<View<'_>>> = inputs.iter().map(view).collect::<Result<_, _>>()?;
        let mut writes = parts.writes.into_iter();
        let mut outputs = Vec::with_capacity(targets.len());
        for target in targets {
            outputs.push(match target {
                Some(target) => Some(target.view_mut(|| writes.next()).ok_or_else(misplaced)?),
                None => None,
            });
        }
        run(&inputs, &mut outputs)
    }

    /// A node whose output is its input under another shape: nothing is moved where the input needs not stay as it is.
    fn alias(&mut self, node: &'a Node, position: Option<usize>) -> Result<(), EmbeddedError> {
        let (Some(input), [Some(output)]) = (node.inputs.first().copied().flatten(), node.outputs.as_slice()) else {
            return self.compute(node, position);
        };
        let shape = match self.declare(node)?.pop() {
            Some(Declared { shape: Some(shape), .. }) => shape,
            _ => return Err(node.error("the shape of its result is not known".into())),
        };
        let is_shared = position.is_some_and(|position| self.layout.shares(position));
        let slot = match self.slots.slot(input) {
            Some(Slot::Planned(_, range)) if is_shared && self.layout.place(*output) == Some(range) => {
                Some(Slot::Planned(shape, range.clone()))
            }
            Some(Slot::Borrowed(_, values)) => Some(Slot::Borrowed(shape, *values)),
            Some(Slot::Heap(_)) if node.frees.contains(&input) => match self.slots.take(input) {
                Slot::Heap(tensor) => Some(Slot::Heap(Tensor { shape, buffer: tensor.buffer })),
                _ => None,
            },
            _ => None,
        };
        let Some(slot) = slot else { return self.compute(node, position) };
        if !slot.is_whole() {
            return Err(node.error(format!("{} does not keep the number of elements", node.operator)));
        }
        self.slots.set(*output, slot);
        Ok(())
    }

    /// Runs the branch that the condition selects; what comes out of it is moved where it can be, else copied.
    fn condition(&mut self, node: &'a Node) -> Result<(), EmbeddedError> {
        let input = node.inputs.first().copied().flatten();
        let condition = input.map(|value| self.value(value)).transpose()?.and_then(truth);
        let is_true = condition.ok_or_else(|| node.error("its condition is not one truth value".into()))?;
        let branch = node.branches.get(usize::from(!is_true));
        let branch = branch.ok_or_else(|| node.error("it has no such branch".into()))?;
        self.branch(branch)?;
        for (position, (inner, output)) in branch.outputs.iter().zip(&node.outputs).enumerate() {
            let is_last = branch.outputs.iter().skip(position + 1).all(|later| later != inner);
            let is_own = || branch.nodes.iter().any(|node| node.outputs.contains(&Some(*inner)));
            let slot = match self.slots.slot(*inner) {
                Some(Slot::Heap(_)) if is_last && is_own() => self.slots.take(*inner),
                _ => Slot::Heap(self.value(*inner)?.try_to_tensor()?),
            };
            if let Some(output) = output {
                self.slots.set(*output, slot);
            }
        }
        Ok(())
    }
}

impl Slot<'_> {
    /// Whether there are as many values as the shape says.
    fn is_whole(&self) -> bool {
        match self {
            Slot::Empty => false,
            Slot::Borrowed(shape, values) => elements(shape) == Some(values.len()),
            Slot::Heap(tensor) => elements(&tensor.shape) == Some(tensor.view().values.len()),
            Slot::Planned(shape, range) => elements(shape) == Some(range.len()),
        }
    }
}

impl PackedLayer {
    /// Runs the layer on its input, followed by its weights where they are borrowed.
    fn run(&self, inputs: &[Option<View<'_>>], outputs: &mut [Option<ViewMut<'_>>]) -> Result<(), String> {
        let (Some(Some(input)), [Some(output)]) = (inputs.first(), outputs) else {
            return Err("a layer has one input and one output".into());
        };
        let weights = inputs.get(1).copied().flatten();
        match &self.kernel {
            PackedKernel::Convolution(kernel) => kernel.run(*input, weights, output),
            PackedKernel::Dense(kernel) => kernel.run(*input, weights, output),
        }
    }
}
