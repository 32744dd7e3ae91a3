//! What is moved as a whole, and what is made of shapes: expected values from ONNX Runtime 1.31 and the reference
//! evaluator of onnx 1.23.

use super::{bools, case, floats, longs};
use crate::runtime::embedded::operator::Operator;

#[test]
fn transpositions() {
    case(
        "transpose",
        Operator::Transpose(Vec::new()),
        &[Some(floats(&[2, 3], &[-3.29, -4.22, 0.52, 0.09, -0.49, 0.08]))],
        floats(&[3, 2], &[-3.29, 0.09, -4.22, -0.49, 0.52, 0.08]),
    );
    case(
        "transpose of three dimensions",
        Operator::Transpose(vec![1, 2, 0]),
        &[Some(longs(
            &[2, 3, 4],
            &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23],
        ))],
        longs(&[3, 4, 2], &[0, 12, 1, 13, 2, 14, 3, 15, 4, 16, 5, 17, 6, 18, 7, 19, 8, 20, 9, 21, 10, 22, 11, 23]),
    );
    case(
        "transpose that keeps rows",
        Operator::Transpose(vec![1, 0, 2]),
        &[Some(longs(
            &[2, 3, 4],
            &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23],
        ))],
        longs(&[3, 2, 4], &[0, 1, 2, 3, 12, 13, 14, 15, 4, 5, 6, 7, 16, 17, 18, 19, 8, 9, 10, 11, 20, 21, 22, 23]),
    );
    case(
        "transpose that moves nothing",
        Operator::Transpose(vec![1, 0]),
        &[Some(floats(&[1, 3], &[-1.72, -3.03, -0.33]))],
        floats(&[3, 1], &[-1.72, -3.03, -0.33]),
    );
    case("transpose of a scalar", Operator::Transpose(Vec::new()), &[Some(floats(&[], &[3.0]))], floats(&[], &[3.0]));
}

#[test]
fn joined_tensors() {
    case(
        "concat of rows",
        Operator::Concat { axis: 0 },
        &[Some(floats(&[1, 2], &[-1.94, -3.29])), Some(floats(&[2, 2], &[1.01, -0.12, 0.81, -1.98]))],
        floats(&[3, 2], &[-1.94, -3.29, 1.01, -0.12, 0.81, -1.98]),
    );
    case(
        "concat of columns",
        Operator::Concat { axis: -1 },
        &[Some(longs(&[2, 2], &[1, 2, 3, 4])), Some(longs(&[2, 1], &[5, 6])), Some(longs(&[2, 0], &[]))],
        longs(&[2, 3], &[1, 2, 5, 3, 4, 6]),
    );
    case("concat of one", Operator::Concat { axis: 0 }, &[Some(bools(&[1], &[true]))], bools(&[1], &[true]));
}

#[test]
fn expanded_tensors() {
    case(
        "expand",
        Operator::Expand,
        &[Some(floats(&[2, 1], &[-0.18, -0.03])), Some(longs(&[3], &[2, 1, 3]))],
        floats(&[2, 2, 3], &[-0.18, -0.18, -0.18, -0.03, -0.03, -0.03, -0.18, -0.18, -0.18, -0.03, -0.03, -0.03]),
    );
    case(
        "expand to a smaller shape",
        Operator::Expand,
        &[Some(floats(&[2, 2], &[-2.9, -0.92, 1.49, -0.16])), Some(longs(&[1], &[1]))],
        floats(&[2, 2], &[-2.9, -0.92, 1.49, -0.16]),
    );
    case(
        "expand of a scalar",
        Operator::Expand,
        &[Some(longs(&[], &[4])), Some(longs(&[2], &[2, 2]))],
        longs(&[2, 2], &[4, 4, 4, 4]),
    );
    case(
        "expand of a row",
        Operator::Expand,
        &[Some(bools(&[2], &[true, false])), Some(longs(&[2], &[2, 2]))],
        bools(&[2, 2], &[true, false, true, false]),
    );
}

#[test]
fn aliases() {
    case(
        "reshape",
        Operator::Reshape { allows_zero: false },
        &[
            Some(longs(
                &[2, 3, 4],
                &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23],
            )),
            Some(longs(&[3], &[0, -1, 2])),
        ],
        longs(&[2, 6, 2], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]),
    );
    case(
        "reshape to a scalar",
        Operator::Reshape { allows_zero: false },
        &[Some(floats(&[1, 1], &[0.16])), Some(longs(&[0], &[]))],
        floats(&[], &[0.16]),
    );
    case(
        "reshape of nothing",
        Operator::Reshape { allows_zero: true },
        &[Some(floats(&[0, 3], &[])), Some(longs(&[2], &[3, 0]))],
        floats(&[3, 0], &[]),
    );
    case(
        "flatten at 0",
        Operator::Flatten { axis: 0 },
        &[Some(longs(
            &[2, 3, 4],
            &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23],
        ))],
        longs(&[1, 24], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]),
    );
    case(
        "flatten at 1",
        Operator::Flatten { axis: 1 },
        &[Some(longs(
            &[2, 3, 4],
            &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23],
        ))],
        longs(&[2, 12], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]),
    );
    case(
        "flatten at -1",
        Operator::Flatten { axis: -1 },
        &[Some(longs(
            &[2, 3, 4],
            &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23],
        ))],
        longs(&[6, 4], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]),
    );
    case(
        "flatten at 3",
        Operator::Flatten { axis: 3 },
        &[Some(longs(
            &[2, 3, 4],
            &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23],
        ))],
        longs(&[24, 1], &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23]),
    );
    case(
        "squeeze",
        Operator::Squeeze,
        &[Some(floats(&[1, 2, 1], &[-0.58, 2.31])), Some(longs(&[1], &[-1]))],
        floats(&[1, 2], &[-0.58, 2.31]),
    );
    case(
        "squeeze of all",
        Operator::Squeeze,
        &[Some(floats(&[1, 2, 1], &[-0.04, -4.4]))],
        floats(&[2], &[-0.04, -4.4]),
    );
    case(
        "unsqueeze",
        Operator::Unsqueeze,
        &[Some(floats(&[2, 2], &[-1.38, -3.94, -6.5, -1.06])), Some(longs(&[2], &[0, -1]))],
        floats(&[1, 2, 2, 1], &[-1.38, -3.94, -6.5, -1.06]),
    );
    case("identity", Operator::Identity, &[Some(bools(&[2], &[true, false]))], bools(&[2], &[true, false]));
}

#[test]
fn values_of_shapes() {
    case(
        "shape",
        Operator::Shape { start: 0, end: None },
        &[Some(longs(
            &[2, 3, 4],
            &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23],
        ))],
        longs(&[3], &[2, 3, 4]),
    );
    case(
        "shape of a part",
        Operator::Shape { start: -2, end: Some(-1) },
        &[Some(longs(
            &[2, 3, 4],
            &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23],
        ))],
        longs(&[1], &[3]),
    );
    case(
        "shape of no part",
        Operator::Shape { start: 2, end: Some(1) },
        &[Some(longs(
            &[2, 3, 4],
            &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23],
        ))],
        longs(&[0], &[]),
    );
    case(
        "size",
        Operator::Size,
        &[Some(longs(
            &[2, 3, 4],
            &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23],
        ))],
        longs(&[], &[24]),
    );
    case(
        "constant of a shape",
        Operator::ConstantOfShape(longs(&[1], &[7])),
        &[Some(longs(&[2], &[2, 2]))],
        longs(&[2, 2], &[7, 7, 7, 7]),
    );
    case(
        "constant of no shape",
        Operator::ConstantOfShape(floats(&[1], &[0.5])),
        &[Some(longs(&[0], &[]))],
        floats(&[], &[0.5]),
    );
}
