//! Functions of several values: expected values from ONNX Runtime 1.31 and the reference evaluator of onnx 1.23.

use super::{bools, case, floats, ints, longs};
use crate::runtime::embedded::operator::{Binary, Operator};

#[test]
fn arithmetic() {
    case(
        "add of equal shapes",
        Operator::Binary(Binary::Add),
        &[
            Some(floats(&[2, 3], &[0.0, 0.6, -0.55, -1.78, -0.91, -1.98])),
            Some(floats(&[2, 3], &[0.12, 2.68, -0.98, -1.24, 0.98, 0.71])),
        ],
        floats(&[2, 3], &[0.12, 3.28, -1.53, -3.02, 0.07, -1.27]),
    );
    case(
        "add of integers",
        Operator::Binary(Binary::Add),
        &[Some(longs(&[3], &[7, -7, 9])), Some(longs(&[3], &[2, 2, -4]))],
        longs(&[3], &[9, -5, 5]),
    );
    case(
        "sub of equal shapes",
        Operator::Binary(Binary::Sub),
        &[
            Some(floats(&[2, 3], &[0.0, 0.6, -0.55, -1.78, -0.91, -1.98])),
            Some(floats(&[2, 3], &[0.12, 2.68, -0.98, -1.24, 0.98, 0.71])),
        ],
        floats(&[2, 3], &[-0.12, -2.08, 0.43, -0.54, -1.89, -2.69]),
    );
    case(
        "sub of integers",
        Operator::Binary(Binary::Sub),
        &[Some(longs(&[3], &[7, -7, 9])), Some(longs(&[3], &[2, 2, -4]))],
        longs(&[3], &[5, -9, 13]),
    );
    case(
        "mul of equal shapes",
        Operator::Binary(Binary::Mul),
        &[
            Some(floats(&[2, 3], &[0.0, 0.6, -0.55, -1.78, -0.91, -1.98])),
            Some(floats(&[2, 3], &[0.12, 2.68, -0.98, -1.24, 0.98, 0.71])),
        ],
        floats(&[2, 3], &[0.0, 1.608, 0.539, 2.2072, -0.8918, -1.4058]),
    );
    case(
        "mul of integers",
        Operator::Binary(Binary::Mul),
        &[Some(longs(&[3], &[7, -7, 9])), Some(longs(&[3], &[2, 2, -4]))],
        longs(&[3], &[14, -14, -36]),
    );
    case(
        "div of equal shapes",
        Operator::Binary(Binary::Div),
        &[
            Some(floats(&[2, 3], &[0.0, 0.6, -0.55, -1.78, -0.91, -1.98])),
            Some(floats(&[2, 3], &[0.12, 2.68, -0.98, -1.24, 0.98, 0.71])),
        ],
        floats(&[2, 3], &[0.0, 0.223881, 0.561225, 1.43548, -0.928571, -2.78873]),
    );
    case(
        "div of integers",
        Operator::Binary(Binary::Div),
        &[Some(longs(&[3], &[7, -7, 9])), Some(longs(&[3], &[2, 2, -4]))],
        longs(&[3], &[3, -3, -2]),
    );
    case(
        "div of small integers",
        Operator::Binary(Binary::Div),
        &[Some(ints(&[3], &[7, -7, 9])), Some(ints(&[3], &[-2, 2, 4]))],
        ints(&[3], &[-3, -3, 2]),
    );
    case(
        "add of a row",
        Operator::Binary(Binary::Add),
        &[
            Some(floats(&[2, 2, 3], &[0.21, -1.86, -0.06, 1.39, -2.69, -0.92, -3.8, -2.58, -3.68, -0.47, -2.53, 0.54])),
            Some(floats(&[3], &[0.31, -0.37, -5.03])),
        ],
        floats(&[2, 2, 3], &[0.52, -2.23, -5.09, 1.7, -3.06, -5.95, -3.49, -2.95, -8.71, -0.16, -2.9, -4.49]),
    );
    case(
        "mul by a factor per channel",
        Operator::Binary(Binary::Mul),
        &[
            Some(floats(&[1, 2, 2, 2], &[-1.08, -0.1, 0.23, -3.06, -0.96, -1.96, -1.62, 2.12])),
            Some(floats(&[2, 1, 1], &[-1.62, -0.07])),
        ],
        floats(&[1, 2, 2, 2], &[1.7496, 0.162, -0.3726, 4.9572, 0.0672, 0.1372, 0.1134, -0.1484]),
    );
    case(
        "sub from a scalar",
        Operator::Binary(Binary::Sub),
        &[Some(floats(&[], &[1.0])), Some(floats(&[2, 2], &[1.77, -1.17, -0.22, 0.22]))],
        floats(&[2, 2], &[-0.77, 2.17, 1.22, 0.78]),
    );
    case(
        "sub of a scalar",
        Operator::Binary(Binary::Sub),
        &[Some(floats(&[2, 2], &[0.13, -2.45, 0.15, 2.72])), Some(floats(&[], &[1.0]))],
        floats(&[2, 2], &[-0.87, -3.45, -0.85, 1.72]),
    );
    case(
        "mul of a column and a row",
        Operator::Binary(Binary::Mul),
        &[Some(floats(&[3, 1], &[-3.09, 1.72, 0.24])), Some(floats(&[1, 2], &[-1.28, 4.0]))],
        floats(&[3, 2], &[3.9552, -12.36, -2.2016, 6.88, -0.3072, 0.96]),
    );
    case(
        "add of dimensions repeated in turn",
        Operator::Binary(Binary::Add),
        &[
            Some(floats(&[2, 1, 2, 1], &[1.52, -2.4, 0.15, 1.15])),
            Some(floats(&[1, 3, 1, 2], &[-0.38, 1.37, -0.13, 1.33, 2.88, -1.35])),
        ],
        floats(
            &[2, 3, 2, 2],
            &[
                1.14, 2.89, -2.78, -1.03, 1.39, 2.85, -2.53, -1.07, 4.4, 0.17, 0.48, -3.75, -0.23, 1.52, 0.77, 2.52,
                0.02, 1.48, 1.02, 2.48, 3.03, -1.2, 4.03, -0.2,
            ],
        ),
    );
    case(
        "add of scalars",
        Operator::Binary(Binary::Add),
        &[Some(floats(&[], &[1.5])), Some(floats(&[], &[2.0]))],
        floats(&[], &[3.5]),
    );
    case(
        "add of nothing",
        Operator::Binary(Binary::Add),
        &[Some(floats(&[0, 2], &[])), Some(floats(&[2], &[1.0, 2.0]))],
        floats(&[0, 2], &[]),
    );
}

#[test]
fn powers() {
    case(
        "square",
        Operator::Binary(Binary::Pow),
        &[Some(floats(&[3], &[-3.0, 0.5, 2.0])), Some(floats(&[], &[2.0]))],
        floats(&[3], &[9.0, 0.25, 4.0]),
    );
    case(
        "cube",
        Operator::Binary(Binary::Pow),
        &[Some(floats(&[3], &[-3.0, 0.5, 2.0])), Some(floats(&[1], &[3.0]))],
        floats(&[3], &[-27.0, 0.125, 8.0]),
    );
    case(
        "power",
        Operator::Binary(Binary::Pow),
        &[Some(floats(&[3], &[0.5, 2.0, 9.0])), Some(floats(&[3], &[2.0, -1.0, 0.5]))],
        floats(&[3], &[0.25, 0.5, 3.0]),
    );
    case(
        "power by integers",
        Operator::Binary(Binary::Pow),
        &[Some(floats(&[3], &[-3.0, 0.5, 2.0])), Some(longs(&[3], &[3, -2, 0]))],
        floats(&[3], &[-27.0, 4.0, 1.0]),
    );
    case(
        "power by small integers",
        Operator::Binary(Binary::Pow),
        &[Some(floats(&[3], &[-3.0, 0.5, 2.0])), Some(ints(&[], &[2]))],
        floats(&[3], &[9.0, 0.25, 4.0]),
    );
    case(
        "power of integers",
        Operator::Binary(Binary::Pow),
        &[Some(longs(&[3], &[-3, 5, 2])), Some(longs(&[3], &[3, 0, 10]))],
        longs(&[3], &[-27, 1, 1024]),
    );
    case(
        "power of integers by floats",
        Operator::Binary(Binary::Pow),
        &[Some(ints(&[3], &[3, 16, 2])), Some(floats(&[3], &[2.0, 0.5, 3.0]))],
        ints(&[3], &[9, 4, 8]),
    );
}

#[test]
fn equality() {
    case(
        "equality of floats",
        Operator::Binary(Binary::Equal),
        &[Some(floats(&[3], &[1.0, f32::NAN, -0.0])), Some(floats(&[3], &[1.0, f32::NAN, 0.0]))],
        bools(&[3], &[true, false, true]),
    );
    case(
        "equality of integers",
        Operator::Binary(Binary::Equal),
        &[Some(longs(&[2], &[1, 2])), Some(longs(&[2], &[1, 3]))],
        bools(&[2], &[true, false]),
    );
    case(
        "equality of small integers",
        Operator::Binary(Binary::Equal),
        &[Some(ints(&[2], &[1, 2])), Some(ints(&[2, 1], &[1, 2]))],
        bools(&[2, 2], &[true, false, false, true]),
    );
    case(
        "equality of truth values",
        Operator::Binary(Binary::Equal),
        &[Some(bools(&[2], &[true, false])), Some(bools(&[2], &[true, true]))],
        bools(&[2], &[true, false]),
    );
}

#[test]
fn choices() {
    case(
        "choice",
        Operator::Where,
        &[
            Some(bools(&[2, 1], &[true, false])),
            Some(floats(&[2, 3], &[0.41, -0.93, 0.25, -2.37, -1.16, -0.39])),
            Some(floats(&[], &[0.5])),
        ],
        floats(&[2, 3], &[0.41, -0.93, 0.25, 0.5, 0.5, 0.5]),
    );
    case(
        "choice of integers",
        Operator::Where,
        &[Some(bools(&[3], &[true, false, true])), Some(longs(&[2, 1], &[1, 2])), Some(longs(&[3], &[7, 8, 9]))],
        longs(&[2, 3], &[1, 8, 1, 2, 8, 2]),
    );
    case(
        "choice of small integers",
        Operator::Where,
        &[Some(bools(&[], &[true])), Some(ints(&[2], &[1, 2])), Some(ints(&[2], &[7, 8]))],
        ints(&[2], &[1, 2]),
    );
    case(
        "choice of truth values",
        Operator::Where,
        &[Some(bools(&[2], &[true, false])), Some(bools(&[2], &[false, false])), Some(bools(&[2], &[true, true]))],
        bools(&[2], &[false, true]),
    );
}
