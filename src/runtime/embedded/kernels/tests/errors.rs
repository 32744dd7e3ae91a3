//! Inputs that an operator cannot work on, each with what the error says.

use super::{bools, compute, compute_in_place, declare, floats, ints, longs, views};
use crate::runtime::embedded::kernels::{is_alias, run, run_in_place};
use crate::runtime::embedded::operator::{Binary, Direction, Lstm, Operator, PadMode, Reduction, Unary};
use crate::runtime::embedded::shapes::{Fact, infer};
use crate::runtime::embedded::tensor::{Element, Tensor, Values, View};

/// Asserts the error of a node.
#[track_caller]
fn refused(operator: Operator, inputs: &[Option<Tensor>], message: &str) {
    assert_eq!(compute(&operator, inputs).expect_err(message), message);
}

fn picture() -> Option<Tensor> {
    Some(floats(&[1, 2, 2, 2], &[0.0; 8]))
}

fn matrix() -> Option<Tensor> {
    Some(floats(&[2, 3], &[1.0; 6]))
}

fn row(length: usize) -> Option<Tensor> {
    Some(floats(&[length], &vec![1.0; length]))
}

fn list(values: &[i64]) -> Option<Tensor> {
    Some(longs(&[values.len()], values))
}

const SUM: Operator = Operator::Reduce { kind: Reduction::Sum, keeps: true, empty_is_none: false };
const MEAN: Operator = Operator::Reduce { kind: Reduction::Mean, keeps: true, empty_is_none: false };
const BATCH: Operator = Operator::BatchNormalization { epsilon: 0.0 };
const LAYER: Operator = Operator::LayerNormalization { axis: -1, epsilon: 0.0 };

#[test]
fn inputs_that_are_missing_or_too_many() {
    refused(Operator::Identity, &[], "no input");
    refused(Operator::Binary(Binary::Add), &[matrix(), None], "no second input");
    refused(Operator::Binary(Binary::Add), &[None, matrix()], "no first input");
    refused(Operator::Where, &[Some(bools(&[], &[true])), row(1)], "no third input");
    refused(Operator::Concat { axis: 0 }, &[], "no first input");
    refused(Operator::Concat { axis: 0 }, &[row(1), None], "no input 2");
    refused(Operator::Slice, &[matrix(), list(&[0])], "no ends");
    refused(BATCH, &[picture(), row(2), row(2), row(2)], "no variance");
    refused(Operator::Size, &[row(1), row(1)], "2 inputs where there are at most 1");
    refused(Operator::If, &[Some(bools(&[], &[true]))], "`If` has the outputs of its graphs");
    let facts = [Some(Fact { element: Element::F32, shape: None, values: None })];
    assert_eq!(
        infer(&Operator::Identity, &facts, 2),
        Err("output 2 of an operator that is supported with 1".to_owned())
    );
    assert_eq!(infer(&Operator::Identity, &facts, 0), Ok(Vec::new()));
}

#[test]
fn element_types() {
    let truth = || Some(bools(&[1], &[true]));
    let number = || Some(longs(&[1], &[1]));
    refused(Operator::Unary(Unary::Relu), &[number()], "input of type i64 instead of f32");
    refused(Operator::Unary(Unary::Not), &[number()], "input of type i64 instead of bool");
    refused(Operator::Unary(Unary::Neg), &[truth()], "input of type bool instead of a number");
    refused(Operator::Binary(Binary::Add), &[row(1), number()], "second input of type i64 instead of f32");
    refused(Operator::Binary(Binary::Mul), &[truth(), truth()], "first input of type bool instead of a number");
    refused(Operator::Binary(Binary::Pow), &[row(1), truth()], "second input of type bool instead of a number");
    refused(Operator::Binary(Binary::Equal), &[row(1), truth()], "second input of type bool instead of f32");
    refused(Operator::Clip, &[truth()], "input of type bool instead of a number");
    refused(Operator::Clip, &[row(1), number()], "lower limit of type i64 instead of f32");
    refused(Operator::Where, &[row(1), row(1), row(1)], "condition of type f32 instead of bool");
    refused(Operator::Where, &[truth(), row(1), number()], "third input of type i64 instead of f32");
    refused(Operator::Softmax { axis: 0, flattens: false }, &[number()], "input of type i64 instead of f32");
    refused(SUM, &[truth()], "input of type bool instead of a number");
    refused(MEAN, &[number()], "input of type i64 instead of f32");
    refused(SUM, &[matrix(), row(1)], "axes of type f32 instead of i64");
    refused(Operator::Gather { axis: 0 }, &[row(1), row(1)], "indices of type f32");
    refused(Operator::Expand, &[row(1), row(1)], "target shape of type f32 instead of i64");
    refused(Operator::Concat { axis: 0 }, &[row(1), number()], "input 2 of type i64 instead of f32");
    refused(
        Operator::Pad(PadMode::Constant),
        &[row(1), list(&[0, 0]), number()],
        "constant of type i64 instead of f32",
    );
    refused(LAYER, &[row(1), row(1), number()], "bias of type i64 instead of f32");
}

#[test]
fn shapes_that_do_not_fit() {
    refused(Operator::Binary(Binary::Add), &[matrix(), row(2)], "shapes [2, 3] and [2] do not broadcast");
    refused(Operator::Clip, &[matrix(), row(2)], "lower limit of shape [2] where one number is expected");
    refused(Operator::Expand, &[matrix(), list(&[4])], "shapes [2, 3] and [4] do not broadcast");
    refused(Operator::Expand, &[matrix(), list(&[-1])], "a size of -1");
    refused(
        Operator::Expand,
        &[matrix(), Some(longs(&[1, 1], &[3]))],
        "target shape of shape [1, 1] where a list is expected",
    );
    refused(BATCH, &[row(2), row(2), row(2), row(2), row(2)], "an input of shape [2] without channels");
    refused(BATCH, &[picture(), row(2), row(3), row(2), row(2)], "bias of shape [3] for 2 channels");
    refused(LAYER, &[matrix(), row(2)], "scale of shape [2] for dimensions [3]");
    refused(LAYER, &[matrix(), row(3), row(1)], "bias of shape [1] for dimensions [3]");
    refused(Operator::GlobalAveragePool, &[matrix()], "an input of shape [2, 3] without picture");
    refused(Operator::Concat { axis: 0 }, &[matrix(), row(3)], "shapes [2, 3] and [3] differ in more than dimension 0");
    refused(Operator::Squeeze, &[matrix(), list(&[1])], "dimension 1 of size 3 cannot be squeezed");
    refused(Operator::Transpose(vec![0, 0]), &[matrix()], "order [0, 0] of a tensor with 2 dimensions");
    refused(Operator::Transpose(vec![0]), &[matrix()], "order [0] of a tensor with 2 dimensions");
    refused(Operator::ConstantOfShape(longs(&[0], &[])), &[list(&[1])], "a value of 0 elements where one is expected");
    refused(Operator::ConstantOfShape(longs(&[1], &[3])), &[list(&[-2])], "a size of -2");
}

#[test]
fn axes_and_indices() {
    refused(Operator::Softmax { axis: 2, flattens: false }, &[matrix()], "axis 2 of a tensor with 2 dimensions");
    refused(Operator::Flatten { axis: -3 }, &[matrix()], "axis -3 of a tensor with 2 dimensions");
    refused(SUM, &[matrix(), list(&[i64::MIN])], "axis -9223372036854775808 of a tensor with 2 dimensions");
    refused(SUM, &[matrix(), list(&[0, -2])], "axis -2 is named twice");
    refused(Operator::Unsqueeze, &[matrix(), list(&[0, 0])], "axis 0 is named twice");
    refused(Operator::Gather { axis: 0 }, &[matrix(), list(&[2])], "index 2 along a dimension of size 2");
    refused(Operator::Gather { axis: 1 }, &[matrix(), Some(ints(&[1], &[-4]))], "index -4 along a dimension of size 3");
    refused(
        Operator::Gather { axis: 0 },
        &[Some(floats(&[], &[1.0])), list(&[0])],
        "axis 0 of a tensor with 0 dimensions",
    );
    let slice = |lists: [&[i64]; 4], message| {
        let [starts, ends, axes, steps] = lists.map(list);
        refused(Operator::Slice, &[matrix(), starts, ends, axes, steps], message);
    };
    slice([&[0], &[1], &[0], &[0]], "a slice with steps of 0");
    slice([&[0], &[1, 2], &[0], &[1]], "starts, ends, axes and steps of different lengths");
    slice([&[0, 0], &[1, 2], &[1, -1], &[1, 1]], "axis -1 is named twice");
    refused(Operator::Slice, &[matrix(), list(&[0; 3]), list(&[1; 3])], "3 axes of 2");
}

#[test]
fn targets_of_reshape() {
    let reshape =
        |target: &[i64], message| refused(Operator::Reshape { allows_zero: false }, &[matrix(), list(target)], message);
    reshape(&[-1, -1], "target shape [-1, -1] leaves more than one size open");
    reshape(&[4, -1], "shape [2, 3] cannot become [4, -1]");
    reshape(&[7], "shape [2, 3] cannot become [7]");
    reshape(&[-2, 3], "a size of -2");
    reshape(&[1, 1, 0], "target shape [1, 1, 0] keeps a size that shape [2, 3] does not have");
    let zero = Operator::Reshape { allows_zero: true };
    refused(zero.clone(), &[matrix(), list(&[0, -1])], "target shape [0, -1] leaves more than one size open");
    refused(zero, &[matrix(), list(&[0, 6])], "shape [2, 3] cannot become [0, 6]");
    let empty = Some(floats(&[0, 3], &[]));
    refused(Operator::Reshape { allows_zero: false }, &[empty, list(&[0, -1])], "shape [0, 3] cannot become [0, -1]");
}

#[test]
fn borders() {
    let pad = |mode, pads: &[i64], message| refused(Operator::Pad(mode), &[matrix(), list(pads)], message);
    pad(PadMode::Constant, &[0, -1, 0, 0], "a padding of -1, which is not supported");
    pad(PadMode::Constant, &[0, 1], "2 paddings for 2 dimensions");
    pad(PadMode::Reflect, &[0, 3, 0, 0], "a dimension of size 3 has no 3 elements to pad with");
    pad(PadMode::Constant, &[0, i64::MAX, 0, i64::MAX], "a padding of 9223372036854775807");
    pad(PadMode::Constant, &[0, i64::MAX, 0, 0], "a tensor of 18446744073709551620 elements");
    let empty = Some(floats(&[0], &[]));
    refused(
        Operator::Pad(PadMode::Edge),
        &[empty, list(&[1, 0])],
        "a dimension of size 0 has no 1 elements to pad with",
    );
    let constants = Some(floats(&[2], &[0.0; 2]));
    refused(
        Operator::Pad(PadMode::Constant),
        &[matrix(), list(&[0; 4]), constants],
        "a constant of shape [2] where one value is expected",
    );
}

#[test]
fn tensors_that_are_too_large() {
    let large = 1 << 31;
    refused(
        Operator::ConstantOfShape(floats(&[1], &[0.0])),
        &[list(&[large, 0, large])],
        "a tensor of 4611686018427387904 elements",
    );
    let huge = 1 << 40;
    refused(
        Operator::Expand,
        &[row(1), list(&[huge, huge, huge, huge])],
        &format!("a tensor of {} elements", u128::MAX),
    );
    let facts = [Some(Fact { element: Element::F32, shape: Some(&[1 << 16, (1 << 15) + 1]), values: None })];
    assert_eq!(infer(&Operator::Identity, &facts, 1), Err("a tensor of 2147549184 elements".to_owned()));
    let declared = declare(&Operator::ConstantOfShape(bools(&[1], &[true])), &[list(&[large])]).unwrap();
    assert_eq!(declared.shape, Some(vec![1 << 31]));
}

#[test]
fn divisions_by_zero() {
    let message = "a division of integers by zero";
    refused(Operator::Binary(Binary::Div), &[list(&[1, 2]), list(&[1, 0])], message);
    let divide = Operator::Binary(Binary::Div);
    assert_eq!(compute_in_place(&divide, &[list(&[1, 2]), list(&[0])]), Err(message.to_owned()));
    assert_eq!(compute(&divide, &[list(&[i64::MIN]), list(&[-1])]), Ok(longs(&[1], &[i64::MIN])));
    assert_eq!(compute(&divide, &[row(1), Some(floats(&[], &[0.0]))]), Ok(floats(&[1], &[f32::INFINITY])));
}

#[test]
fn outputs_that_were_not_inferred() {
    let inputs = [matrix()];
    let mut narrow = floats(&[3], &[0.0; 3]);
    let mut whole = longs(&[2, 3], &[0; 6]);
    let mut short = floats(&[2, 3], &[0.0; 5]);
    for (output, message) in [
        (&mut narrow, "an output f32[3] where f32[2, 3] belongs"),
        (&mut whole, "an output i64[2, 3] where f32[2, 3] belongs"),
        (&mut short, "5 values in a tensor of shape [2, 3]"),
    ] {
        let result = run(&Operator::Identity, &views(&inputs), &mut [Some(output.view_mut())]);
        assert_eq!(result, Err(message.to_owned()));
    }
    let input = View { shape: &[2], values: Values::F32(&[1.0]) };
    assert_eq!(
        run(&Operator::Identity, &[Some(input)], &mut [None]),
        Err("1 values in a tensor of shape [2]".to_owned())
    );
    assert_eq!(run(&Operator::Identity, &views(&inputs), &mut [None]), Ok(()));
    assert_eq!(run(&Operator::Identity, &views(&inputs), &mut []), Ok(()));
}

#[test]
fn operators_that_do_not_work_in_place() {
    let refused = |operator: &Operator, mut target: Tensor, others: &[Option<Tensor>], message: &str| {
        let result = run_in_place(operator, &mut target.view_mut(), &views(others));
        assert_eq!(result, Err(message.to_owned()));
    };
    let transpose = Operator::Transpose(Vec::new());
    refused(&transpose, floats(&[1], &[0.0]), &[], "an operator that does not work in place");
    assert!(!is_alias(&transpose));
    let add = Operator::Binary(Binary::Add);
    refused(&add, floats(&[], &[0.0]), &[matrix()], "an output f32[] where f32[2, 3] belongs");
    refused(&Operator::Binary(Binary::Equal), bools(&[1], &[true]), &[], "an operator that does not work in place");
    refused(&add, floats(&[1], &[0.0]), &[], "no second input");
}

#[test]
fn memory_of_a_layer_of_another_size() {
    let lstm = Operator::Lstm(Lstm { hidden: 2, direction: Direction::Forward });
    let input = Fact { element: Element::F32, shape: Some(&[3, 1, 4]), values: None };
    let declared = infer(&lstm, &[Some(input), Some(input), Some(input)], 3).unwrap();
    let shapes: Vec<_> = declared.into_iter().map(|declared| declared.shape.unwrap()).collect();
    assert_eq!(shapes, [vec![3, 1, 1, 2], vec![1, 1, 2], vec![1, 1, 2]]);
    let error = infer(&lstm, &[Some(input)], 3).unwrap_err();
    assert_eq!(error, "no weights");
    let lists = Fact { element: Element::I64, ..input };
    let error = infer(&lstm, &[Some(lists)], 1).unwrap_err();
    assert_eq!(error, "input of type i64 instead of f32");
}
