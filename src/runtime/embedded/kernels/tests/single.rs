//! Functions of one value: expected values from ONNX Runtime 1.31 and the reference evaluator of onnx 1.23.

use super::{bools, case, floats, ints, longs};
use crate::runtime::embedded::operator::{Operator, Unary};
use crate::runtime::embedded::tensor::Element;

#[test]
fn functions_of_one_value() {
    case(
        "relu",
        Operator::Unary(Unary::Relu),
        &[Some(floats(&[2, 3], &[-3.0, -0.5, 0.0, 0.25, 1.0, 4.0]))],
        floats(&[2, 3], &[0.0, 0.0, 0.0, 0.25, 1.0, 4.0]),
    );
    case(
        "sigmoid",
        Operator::Unary(Unary::Sigmoid),
        &[Some(floats(&[2, 3], &[-3.0, -0.5, 0.0, 0.25, 1.0, 4.0]))],
        floats(&[2, 3], &[0.0474259, 0.377541, 0.5, 0.562177, 0.731059, 0.982014]),
    );
    case(
        "tanh",
        Operator::Unary(Unary::Tanh),
        &[Some(floats(&[2, 3], &[-3.0, -0.5, 0.0, 0.25, 1.0, 4.0]))],
        floats(&[2, 3], &[-0.995055, -0.462117, 0.0, 0.244919, 0.761594, 0.999329]),
    );
    case(
        "erf",
        Operator::Unary(Unary::Erf),
        &[Some(floats(&[2, 3], &[-3.0, -0.5, 0.0, 0.25, 1.0, 4.0]))],
        floats(&[2, 3], &[-0.999978, -0.5205, 0.0, 0.276326, 0.842701, 1.0]),
    );
    case(
        "exp",
        Operator::Unary(Unary::Exp),
        &[Some(floats(&[2, 3], &[-3.0, -0.5, 0.0, 0.25, 1.5, 4.0]))],
        floats(&[2, 3], &[0.0497871, 0.606531, 1.0, 1.28403, 4.481689, 54.5981]),
    );
    case(
        "neg",
        Operator::Unary(Unary::Neg),
        &[Some(floats(&[2, 3], &[-3.0, -0.5, 0.0, 0.25, 1.0, 4.0]))],
        floats(&[2, 3], &[3.0, 0.5, -0.0, -0.25, -1.0, -4.0]),
    );
    case(
        "square root",
        Operator::Unary(Unary::Sqrt),
        &[Some(floats(&[4], &[0.0, 0.25, 6.25, 9.0]))],
        floats(&[4], &[0.0, 0.5, 2.5, 3.0]),
    );
    case(
        "hard sigmoid",
        Operator::Unary(Unary::HardSigmoid { alpha: 0.25, beta: 0.5 }),
        &[Some(floats(&[2, 3], &[-3.0, -0.5, 0.0, 0.25, 1.0, 4.0]))],
        floats(&[2, 3], &[0.0, 0.375, 0.5, 0.5625, 0.75, 1.0]),
    );
    case("not", Operator::Unary(Unary::Not), &[Some(bools(&[2], &[true, false]))], bools(&[2], &[false, true]));
    case("negated integers", Operator::Unary(Unary::Neg), &[Some(longs(&[3], &[3, -4, 0]))], longs(&[3], &[-3, 4, 0]));
    case(
        "negated small integers",
        Operator::Unary(Unary::Neg),
        &[Some(ints(&[3], &[3, -4, 0]))],
        ints(&[3], &[-3, 4, 0]),
    );
}

#[test]
fn limits() {
    case(
        "clip",
        Operator::Clip,
        &[
            Some(floats(&[2, 3], &[-3.0, -0.5, 0.0, 0.25, 1.0, 4.0])),
            Some(floats(&[], &[-1.0])),
            Some(floats(&[], &[1.0])),
        ],
        floats(&[2, 3], &[-1.0, -0.5, 0.0, 0.25, 1.0, 1.0]),
    );
    case(
        "clip from below",
        Operator::Clip,
        &[Some(floats(&[2, 3], &[-3.0, -0.5, 0.0, 0.25, 1.0, 4.0])), Some(floats(&[], &[0.0]))],
        floats(&[2, 3], &[0.0, 0.0, 0.0, 0.25, 1.0, 4.0]),
    );
    case(
        "clip from above",
        Operator::Clip,
        &[Some(floats(&[2, 3], &[-3.0, -0.5, 0.0, 0.25, 1.0, 4.0])), None, Some(floats(&[], &[0.5]))],
        floats(&[2, 3], &[-3.0, -0.5, 0.0, 0.25, 0.5, 0.5]),
    );
    case(
        "clip nothing",
        Operator::Clip,
        &[Some(floats(&[2, 3], &[-3.0, -0.5, 0.0, 0.25, 1.0, 4.0]))],
        floats(&[2, 3], &[-3.0, -0.5, 0.0, 0.25, 1.0, 4.0]),
    );
    case(
        "clip integers",
        Operator::Clip,
        &[Some(longs(&[3], &[-5, 2, 9])), Some(longs(&[], &[-1])), Some(longs(&[], &[6]))],
        longs(&[3], &[-1, 2, 6]),
    );
    case(
        "clip small integers",
        Operator::Clip,
        &[Some(ints(&[3], &[-5, 2, 9])), Some(ints(&[], &[-1])), Some(ints(&[], &[6]))],
        ints(&[3], &[-1, 2, 6]),
    );
}

#[test]
fn casts() {
    case(
        "floats cast to F32",
        Operator::Cast(Element::F32),
        &[Some(floats(&[4], &[-1.7, 0.0, 0.3, 2.9]))],
        floats(&[4], &[-1.7, 0.0, 0.3, 2.9]),
    );
    case(
        "floats cast to I32",
        Operator::Cast(Element::I32),
        &[Some(floats(&[4], &[-1.7, 0.0, 0.3, 2.9]))],
        ints(&[4], &[-1, 0, 0, 2]),
    );
    case(
        "floats cast to I64",
        Operator::Cast(Element::I64),
        &[Some(floats(&[4], &[-1.7, 0.0, 0.3, 2.9]))],
        longs(&[4], &[-1, 0, 0, 2]),
    );
    case(
        "floats cast to Bool",
        Operator::Cast(Element::Bool),
        &[Some(floats(&[4], &[-1.7, 0.0, 0.3, 2.9]))],
        bools(&[4], &[true, false, true, true]),
    );
    case(
        "small integers cast to F32",
        Operator::Cast(Element::F32),
        &[Some(ints(&[4], &[-7, 0, 1, 300]))],
        floats(&[4], &[-7.0, 0.0, 1.0, 300.0]),
    );
    case(
        "small integers cast to I32",
        Operator::Cast(Element::I32),
        &[Some(ints(&[4], &[-7, 0, 1, 300]))],
        ints(&[4], &[-7, 0, 1, 300]),
    );
    case(
        "small integers cast to I64",
        Operator::Cast(Element::I64),
        &[Some(ints(&[4], &[-7, 0, 1, 300]))],
        longs(&[4], &[-7, 0, 1, 300]),
    );
    case(
        "small integers cast to Bool",
        Operator::Cast(Element::Bool),
        &[Some(ints(&[4], &[-7, 0, 1, 300]))],
        bools(&[4], &[true, false, true, true]),
    );
    case(
        "integers cast to F32",
        Operator::Cast(Element::F32),
        &[Some(longs(&[4], &[-7, 0, 1, 300]))],
        floats(&[4], &[-7.0, 0.0, 1.0, 300.0]),
    );
    case(
        "integers cast to I32",
        Operator::Cast(Element::I32),
        &[Some(longs(&[4], &[-7, 0, 1, 300]))],
        ints(&[4], &[-7, 0, 1, 300]),
    );
    case(
        "integers cast to I64",
        Operator::Cast(Element::I64),
        &[Some(longs(&[4], &[-7, 0, 1, 300]))],
        longs(&[4], &[-7, 0, 1, 300]),
    );
    case(
        "integers cast to Bool",
        Operator::Cast(Element::Bool),
        &[Some(longs(&[4], &[-7, 0, 1, 300]))],
        bools(&[4], &[true, false, true, true]),
    );
    case(
        "truth values cast to F32",
        Operator::Cast(Element::F32),
        &[Some(bools(&[2], &[true, false]))],
        floats(&[2], &[1.0, 0.0]),
    );
    case(
        "truth values cast to I32",
        Operator::Cast(Element::I32),
        &[Some(bools(&[2], &[true, false]))],
        ints(&[2], &[1, 0]),
    );
    case(
        "truth values cast to I64",
        Operator::Cast(Element::I64),
        &[Some(bools(&[2], &[true, false]))],
        longs(&[2], &[1, 0]),
    );
    case(
        "truth values cast to Bool",
        Operator::Cast(Element::Bool),
        &[Some(bools(&[2], &[true, false]))],
        bools(&[2], &[true, false]),
    );
}
