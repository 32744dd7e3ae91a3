//! Whatever a file asks for, a node gives a result or an error: no panic, no endless loop, no memory beyond the limit.

use proptest::prelude::*;

use super::views;
use crate::runtime::embedded::kernels::{run, run_in_place, works_in_place};
use crate::runtime::embedded::operator::{
    Binary, Direction, Gemm, Lstm, Operator, PadMode, PaddedMean, Padding, Reduction, Unary, Window,
};
use crate::runtime::embedded::shapes::{Declared, Fact, infer};
use crate::runtime::embedded::tensor::{Buffer, Element, Tensor, elements};

/// Nodes that are tried; a few seconds' worth.
const CASES: u32 = 2_000;

/// A number that a file could hold where it counts elements or names axes.
fn numbers() -> impl Strategy<Value = i64> {
    prop_oneof![6 => -3_i64..4, 1 => Just(i64::MIN), 1 => Just(i64::MAX), 1 => Just(1 << 31), 1 => any::<i64>()]
}

fn sizes() -> impl Strategy<Value = usize> {
    prop_oneof![20 => 0_usize..4, 1 => Just(usize::MAX), 1 => Just(1 << 31)]
}

/// Strategies of large values are boxed: on the stack of a test's thread these would not always find room.
fn tensors() -> BoxedStrategy<Tensor> {
    let values = prop::collection::vec(numbers(), 64);
    (prop::collection::vec(0_usize..4, 0..4), 0..4, values)
        .prop_map(|(shape, kind, mut values)| {
            values.truncate(shape.iter().product());
            let buffer = match kind {
                0 => Buffer::F32(values.iter().map(|value| *value as f32).collect()),
                1 => Buffer::I32(values.iter().map(|value| *value as i32).collect()),
                2 => Buffer::I64(values),
                _ => Buffer::Bool(values.iter().map(|value| *value > 0).collect()),
            };
            Tensor { shape, buffer }
        })
        .boxed()
}

/// Inputs of which many are what operators expect: a tensor of floats, then lists of integers or floats.
fn inputs() -> impl Strategy<Value = Vec<Option<Tensor>>> {
    let floats = || tensors().prop_map(|tensor| tensor_of_floats(tensor.shape));
    let lists = prop::collection::vec(numbers(), 0..4)
        .prop_map(|numbers| Tensor { shape: vec![numbers.len()], buffer: Buffer::I64(numbers) });
    let first = prop_oneof![2 => floats(), 1 => tensors()];
    let others = prop_oneof![2 => lists, 2 => floats(), 1 => tensors()];
    let others = prop::collection::vec(prop::option::weighted(0.9, others), 0..5);
    (prop::option::weighted(0.95, first), others).prop_map(|(first, others)| [vec![first], others].concat())
}

fn tensor_of_floats(shape: Vec<usize>) -> Tensor {
    let length = shape.iter().product();
    Tensor { shape, buffer: Buffer::F32((0..length).map(|index: usize| index as f32 - 1.5).collect()) }
}

fn windows() -> BoxedStrategy<Window> {
    let pair = || prop::array::uniform2(sizes());
    let padding = prop_oneof![
        prop::array::uniform4(sizes()).prop_map(Padding::Explicit),
        Just(Padding::SameUpper),
        Just(Padding::SameLower)
    ];
    (1_usize..3, pair(), pair(), pair(), padding, any::<bool>())
        .prop_map(|(rank, kernel, strides, dilations, padding, ceil)| Window {
            rank,
            kernel,
            strides,
            dilations,
            padding,
            ceil,
        })
        .boxed()
}

fn heavy() -> BoxedStrategy<Operator> {
    let flags = (any::<bool>(), any::<bool>());
    prop_oneof![
        (windows(), sizes()).prop_map(|(window, groups)| Operator::Conv(window, groups)),
        windows().prop_map(Operator::MaxPool),
        windows().prop_map(|window| Operator::AveragePool(window, PaddedMean::IncludesPadding)),
        Just(Operator::GlobalAveragePool),
        Just(Operator::MatMul),
        flags.prop_map(|(transposes_a, transposes_b)| {
            Operator::Gemm(Gemm { alpha: 1.0, beta: 1.0, transposes_a, transposes_b })
        }),
        sizes().prop_map(|hidden| Operator::Lstm(Lstm { hidden, direction: Direction::Both })),
    ]
    .boxed()
}

fn light() -> BoxedStrategy<Operator> {
    let binary = prop::sample::select(vec![Binary::Add, Binary::Div, Binary::Pow, Binary::Equal]);
    let unary = prop::sample::select(vec![Unary::Relu, Unary::Erf, Unary::Neg, Unary::Not]);
    let element = prop::sample::select(vec![Element::F32, Element::I32, Element::I64, Element::Bool]);
    let mode = prop::sample::select(vec![PadMode::Constant, PadMode::Reflect, PadMode::Edge]);
    prop_oneof![
        binary.prop_map(Operator::Binary),
        unary.prop_map(Operator::Unary),
        element.prop_map(Operator::Cast),
        prop::sample::select(vec![Operator::Clip, Operator::Where, Operator::Size, Operator::Identity]),
        numbers().prop_map(|axis| Operator::LayerNormalization { axis, epsilon: 0.0 }),
        Just(Operator::BatchNormalization { epsilon: 0.0 }),
        (numbers(), any::<bool>()).prop_map(|(axis, flattens)| Operator::Softmax { axis, flattens }),
        (any::<bool>(), any::<bool>())
            .prop_map(|(keeps, empty_is_none)| { Operator::Reduce { kind: Reduction::Sum, keeps, empty_is_none } }),
        (numbers(), prop::option::of(numbers())).prop_map(|(start, end)| Operator::Shape { start, end }),
        mode.prop_map(Operator::Pad),
    ]
    .boxed()
}

fn moving() -> BoxedStrategy<Operator> {
    let fixed = vec![Operator::Squeeze, Operator::Unsqueeze, Operator::Slice, Operator::Expand, Operator::If];
    prop_oneof![
        prop::sample::select(fixed),
        any::<bool>().prop_map(|allows_zero| Operator::Reshape { allows_zero }),
        numbers().prop_map(|axis| Operator::Flatten { axis }),
        prop::collection::vec(sizes(), 0..4).prop_map(Operator::Transpose),
        numbers().prop_map(|axis| Operator::Concat { axis }),
        numbers().prop_map(|axis| Operator::Gather { axis }),
        tensors().prop_map(Operator::ConstantOfShape),
    ]
    .boxed()
}

/// A fact with less in it than is known, or with a shape that no tensor could have.
fn less_known<'a>(tensor: &'a Tensor, keep: u8, shape: &'a [usize]) -> Fact<'a> {
    let fact = Fact::from(tensor.view());
    match keep {
        0 => Fact { values: None, ..fact },
        1 => Fact { values: None, shape: None, ..fact },
        2 => Fact { values: None, shape: Some(shape), ..fact },
        _ => fact,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn nodes_give_results_or_errors(
        operator in prop_oneof![heavy(), light(), moving()],
        inputs in inputs(),
        outputs in prop_oneof![8 => Just(1_usize), 1 => 2_usize..4],
    ) {
        // Fewer inputs fit more operators.
        let mut inputs = inputs;
        let declared = loop {
            let facts: Vec<_> = views(&inputs).into_iter().map(|view| view.map(Fact::from)).collect();
            match infer(&operator, &facts, outputs) {
                Ok(declared) => break declared,
                Err(_) if inputs.pop().is_some() => {}
                Err(_) => return Ok(()),
            }
        };
        let known = |declared: Declared| (declared.element, declared.shape.expect("known values"));
        let shapes: Vec<_> = declared.into_iter().map(known).collect();
        prop_assume!(shapes.iter().all(|(_, shape)| elements(shape).expect("a count") < 100_000));
        let mut results: Vec<_> = shapes
            .into_iter()
            .map(|(element, shape)| Tensor { buffer: Buffer::zeros(element, shape.iter().product()), shape })
            .collect();
        let mut views_mut: Vec<_> = results.iter_mut().map(|result| Some(result.view_mut())).collect();
        let result = run(&operator, &views(&inputs), &mut views_mut);
        if works_in_place(&operator) && let Some((Some(first), others)) = inputs.split_first() {
            let mut target = first.clone();
            let in_place = run_in_place(&operator, &mut target.view_mut(), &views(others));
            prop_assert!(in_place.is_err() || result.is_ok());
        }
    }

    #[test]
    fn shapes_are_inferred_or_refused(
        operator in prop_oneof![heavy(), light(), moving()],
        inputs in prop::collection::vec((tensors(), 0_u8..6, prop::collection::vec(sizes(), 0..5)), 0..6),
        outputs in 0_usize..4,
    ) {
        let facts: Vec<_> = inputs.iter().map(|(tensor, keep, shape)| Some(less_known(tensor, *keep, shape))).collect();
        for declared in infer(&operator, &facts, outputs).into_iter().flatten() {
            let count = declared.shape.map(|shape| elements(&shape).expect("a count"));
            prop_assert!(count.is_none_or(|count| count <= 1 << 31));
        }
    }
}
