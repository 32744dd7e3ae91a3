//! What is known of every value before the model runs: types, shapes, and the values of small tensors.
//!
//! Exported models compute with shapes: `Shape` of an input, a `Gather` of its first size, a `Concat` that makes a `Reshape`.
//! Where the shapes of the inputs are known, all of that can be computed in advance, and so can the shape of everything else.

use super::error::EmbeddedError;
use super::graph::{Block, Constant, Graph, Node, PackedKernel, ValueId, Work};
use super::kernels;
use super::operator::Operator;
use super::shapes::{self, Declared, Fact};
use super::tensor::{Element, Tensor, View, elements};

/// How much is computed in advance.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effort {
    /// Results with more elements are left to the execution.
    pub(super) most_elements: usize,
    /// So many bytes in all, since a short file can ask for very many results.
    pub(super) most_bytes: usize,
}

/// What is known of one value.
#[derive(Debug)]
pub(super) struct Known {
    /// Its element type.
    pub(super) element: Element,
    /// Its shape, where it does not depend on what is not known yet.
    pub(super) shape: Option<Vec<usize>>,
    /// The value itself, where it was computed.
    pub(super) values: Option<Tensor>,
}

/// What is known of the values of a graph.
pub(super) struct Facts<'a> {
    graph: &'a Graph,
    known: Vec<Option<Known>>,
    effort: Effort,
}

/// Goes through the graph once, as far as the shapes of its inputs lead. `inputs` are those of the graph's inputs, in order.
pub(super) fn facts<'a>(
    graph: &'a Graph,
    inputs: &[Option<Vec<usize>>],
    effort: Effort,
) -> Result<Facts<'a>, EmbeddedError> {
    let known = std::iter::repeat_with(|| None).take(graph.constants.len()).collect();
    let mut facts = Facts { graph, known, effort };
    for (input, shape) in graph.inputs.iter().zip(inputs) {
        facts.learn(input.value, Known { element: input.element, shape: shape.clone(), values: None });
    }
    facts.block(&graph.block)?;
    Ok(facts)
}

impl Facts<'_> {
    /// Element type and shape of a value, as far as they are known.
    pub(super) fn of(&self, value: ValueId) -> Option<(Element, Option<&[usize]>)> {
        match (self.graph.constant(value), self.known.get(value)) {
            (Some(constant), _) => Some((constant.element(), Some(constant.shape()))),
            (None, Some(Some(known))) => Some((known.element, known.shape.as_deref())),
            _ => None,
        }
    }

    /// The values that were computed, with their numbers.
    pub(super) fn into_values(self) -> impl Iterator<Item = (ValueId, Tensor)> {
        let numbered = self.known.into_iter().enumerate();
        numbered.filter_map(|(value, known)| Some((value, known?.values?)))
    }

    fn learn(&mut self, value: ValueId, known: Known) {
        if let Some(place) = self.known.get_mut(value) {
            *place = Some(known);
        }
    }

    fn fact(&self, value: ValueId) -> Option<Fact<'_>> {
        let (element, shape) = self.of(value)?;
        Some(Fact { element, shape, values: self.values(value) })
    }

    fn values(&self, value: ValueId) -> Option<View<'_>> {
        match (self.graph.constant(value), self.known.get(value)) {
            (Some(Constant::Tensor(tensor)), _) => Some(tensor.view()),
            (None, Some(Some(known))) => known.values.as_ref().map(Tensor::view),
            _ => None,
        }
    }

    fn block(&mut self, block: &Block) -> Result<(), EmbeddedError> {
        block.nodes.iter().try_for_each(|node| self.node(node))
    }

    fn node(&mut self, node: &Node) -> Result<(), EmbeddedError> {
        let declared = match &node.work {
            Work::Operator(Operator::If) => {
                self.condition(node);
                return Ok(());
            }
            Work::Operator(operator) => {
                let facts: Option<Vec<Option<Fact<'_>>>> = node
                    .inputs
                    .iter()
                    .map(|input| input.map_or(Some(None), |value| self.fact(value).map(Some)))
                    .collect();
                // An input of unknown type says nothing about the result.
                let Some(facts) = facts else { return Ok(()) };
                shapes::infer(operator, &facts, node.outputs.len()).map_err(|message| node.error(message))?
            }
            Work::Layer(_) => vec![Declared { element: Element::F32, shape: None }],
            Work::Packed(layer) => {
                let input = node.inputs.first().copied().flatten().and_then(|value| self.of(value)?.1);
                let shape = input.map(|shape| layer.kernel.output_shape(shape)).transpose();
                vec![Declared { element: Element::F32, shape: shape.map_err(|message| node.error(message))? }]
            }
        };
        let mut computed = self.compute(node, &declared);
        for (index, (output, declared)) in node.outputs.iter().zip(declared).enumerate() {
            let values = computed.as_mut().and_then(|tensors| tensors.get_mut(index)?.take());
            if let Some(value) = output {
                self.learn(*value, Known { element: declared.element, shape: declared.shape, values });
            }
        }
        Ok(())
    }

    /// The results of a node, where all it reads is known and they are small. An error is left to the execution, which may
    /// never come to this node.
    fn compute(&mut self, node: &Node, declared: &[Declared]) -> Option<Vec<Option<Tensor>>> {
        let Work::Operator(operator) = &node.work else { return None };
        let shapes: Vec<Vec<usize>> = declared.iter().map(|declared| declared.shape.clone()).collect::<Option<_>>()?;
        let lengths: Vec<usize> = shapes.iter().map(|shape| elements(shape)).collect::<Option<_>>()?;
        let bytes: usize =
            lengths.iter().zip(declared).map(|(length, known)| length.saturating_mul(known.element.bytes())).sum();
        let is_small =
            lengths.iter().all(|length| *length <= self.effort.most_elements) && bytes <= self.effort.most_bytes;
        if !is_small {
            return None;
        }
        // The shape of a value can be known without the value.
        if let (Operator::Shape { .. } | Operator::Size, Some(input)) =
            (operator, node.inputs.first().copied().flatten())
        {
            let sizes = shapes::values_of_shape(operator, self.of(input)?.1?);
            self.effort.most_bytes -= bytes;
            return Some(vec![sizes]);
        }
        let views: Vec<Option<View<'_>>> = node
            .inputs
            .iter()
            .map(|input| input.map_or(Some(None), |value| self.values(value).map(Some)))
            .collect::<Option<_>>()?;
        let tensors = evaluate(operator, &views, node, declared, shapes).ok()?;
        self.effort.most_bytes -= bytes;
        Some(tensors)
    }

    /// An `If`: what comes out is what its branch gives, or what both agree on where it is not known which.
    fn condition(&mut self, node: &Node) {
        let condition = node.inputs.first().copied().flatten().and_then(|value| truth(self.values(value)?));
        let [then, otherwise] = node.branches.as_slice() else { return };
        match condition {
            Some(truth) => {
                let branch = if truth { then } else { otherwise };
                // What is wrong with a branch is told by the execution.
                if self.block(branch).is_ok() {
                    for (output, inner) in node.outputs.iter().zip(&branch.outputs) {
                        if let (Some(output), Some(known)) = (output, self.copy(*inner)) {
                            self.learn(*output, known);
                        }
                    }
                }
            }
            None => {
                if self.block(then).is_err() || self.block(otherwise).is_err() {
                    return;
                }
                for (output, pair) in node.outputs.iter().zip(then.outputs.iter().zip(&otherwise.outputs)) {
                    if let (Some(output), Some(known)) = (output, self.agreed(*pair.0, *pair.1)) {
                        self.learn(*output, known);
                    }
                }
            }
        }
    }

    fn copy(&mut self, value: ValueId) -> Option<Known> {
        let (element, shape) = self.of(value)?;
        let shape = shape.map(<[usize]>::to_vec);
        let cost = |view: &View<'_>| view.values.len().saturating_mul(element.bytes());
        let small =
            |view: &View<'_>| view.values.len() <= self.effort.most_elements && cost(view) <= self.effort.most_bytes;
        let values = self.values(value).filter(small).and_then(|view| Some((cost(&view), view.try_to_tensor().ok()?)));
        let (cost, values) = values.unzip();
        self.effort.most_bytes -= cost.unwrap_or(0);
        Some(Known { element, shape, values })
    }

    fn agreed(&self, then: ValueId, otherwise: ValueId) -> Option<Known> {
        let ((element, shape), (other_element, other_shape)) = (self.of(then)?, self.of(otherwise)?);
        let shape = shape.filter(|_| shape == other_shape).map(<[usize]>::to_vec);
        (element == other_element).then_some(Known { element, shape, values: None })
    }
}

impl PackedKernel {
    /// Shape of the result for an input of that shape.
    pub(super) fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>, String> {
        match self {
            PackedKernel::Convolution(kernel) => kernel.output_shape(input),
            PackedKernel::Dense(kernel) => kernel.output_shape(input),
        }
    }
}

impl Node {
    /// The error that something is wrong with this node.
    pub(super) fn error(&self, message: String) -> EmbeddedError {
        EmbeddedError::Node { node: self.name.clone(), operator: self.operator, message }
    }
}

/// The truth value of a condition, which must be one value.
pub(super) fn truth(condition: View<'_>) -> Option<bool> {
    match condition.values {
        super::tensor::Values::Bool([truth]) => Some(*truth),
        _ => None,
    }
}

/// Computes a node into memory of its own.
fn evaluate(
    operator: &Operator,
    inputs: &[Option<View<'_>>],
    node: &Node,
    declared: &[Declared],
    shapes: Vec<Vec<usize>>,
) -> Result<Vec<Option<Tensor>>, EmbeddedError> {
    let mut tensors = Vec::with_capacity(shapes.len());
    for ((output, declared), shape) in node.outputs.iter().zip(declared).zip(shapes) {
        tensors.push(output.map(|_| Tensor::try_zeros(declared.element, shape)).transpose()?);
    }
    let mut views: Vec<_> = tensors.iter_mut().map(|tensor| tensor.as_mut().map(Tensor::view_mut)).collect();
    kernels::run(operator, inputs, &mut views).map_err(|message| node.error(message))?;
    drop(views);
    Ok(tensors)
}
