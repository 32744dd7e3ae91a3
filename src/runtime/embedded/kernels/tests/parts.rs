//! Parts and borders: expected values from ONNX Runtime 1.31 and the reference evaluator of onnx 1.23.

use super::{bools, case, floats, ints, longs};
use crate::runtime::embedded::operator::{Operator, PadMode};

#[test]
fn slices() {
    case(
        "slice of a range",
        Operator::Slice,
        &[
            Some(longs(
                &[2, 3, 4],
                &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23],
            )),
            Some(longs(&[2], &[0, 1])),
            Some(longs(&[2], &[2, 3])),
            Some(longs(&[2], &[0, 2])),
        ],
        longs(&[2, 3, 2], &[1, 2, 5, 6, 9, 10, 13, 14, 17, 18, 21, 22]),
    );
    case(
        "slice with steps",
        Operator::Slice,
        &[
            Some(longs(
                &[2, 3, 4],
                &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23],
            )),
            Some(longs(&[2], &[0, 3])),
            Some(longs(&[2], &[2, -5])),
            Some(longs(&[2], &[1, 2])),
            Some(longs(&[2], &[2, -1])),
        ],
        longs(&[2, 1, 4], &[3, 2, 1, 0, 15, 14, 13, 12]),
    );
    case(
        "slice from the end",
        Operator::Slice,
        &[
            Some(longs(
                &[2, 3, 4],
                &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23],
            )),
            Some(longs(&[1], &[-1])),
            Some(longs(&[1], &[9223372036854775807])),
            Some(longs(&[1], &[1])),
        ],
        longs(&[2, 1, 4], &[8, 9, 10, 11, 20, 21, 22, 23]),
    );
    case(
        "slice backwards",
        Operator::Slice,
        &[
            Some(longs(
                &[2, 3, 4],
                &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23],
            )),
            Some(longs(&[1], &[-1])),
            Some(longs(&[1], &[-9223372036854775808])),
            Some(longs(&[1], &[2])),
            Some(longs(&[1], &[-2])),
        ],
        longs(&[2, 3, 2], &[3, 1, 7, 5, 11, 9, 15, 13, 19, 17, 23, 21]),
    );
    case(
        "slice clamped",
        Operator::Slice,
        &[
            Some(longs(
                &[2, 3, 4],
                &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23],
            )),
            Some(longs(&[1], &[-100])),
            Some(longs(&[1], &[100])),
            Some(longs(&[1], &[-1])),
            Some(longs(&[1], &[3])),
        ],
        longs(&[2, 3, 2], &[0, 3, 4, 7, 8, 11, 12, 15, 16, 19, 20, 23]),
    );
    case(
        "slice of nothing",
        Operator::Slice,
        &[
            Some(longs(
                &[2, 3, 4],
                &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23],
            )),
            Some(longs(&[1], &[2])),
            Some(longs(&[1], &[1])),
            Some(longs(&[1], &[2])),
        ],
        longs(&[2, 3, 0], &[]),
    );
    case(
        "slice without axes",
        Operator::Slice,
        &[
            Some(longs(
                &[2, 3, 4],
                &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23],
            )),
            Some(longs(&[2], &[1, 0])),
            Some(longs(&[2], &[2, 2])),
        ],
        longs(&[1, 2, 4], &[12, 13, 14, 15, 16, 17, 18, 19]),
    );
    case(
        "slice from before the start backwards",
        Operator::Slice,
        &[
            Some(longs(&[3], &[1, 2, 3])),
            Some(longs(&[1], &[-9])),
            Some(longs(&[1], &[-9223372036854775808])),
            Some(longs(&[1], &[0])),
            Some(longs(&[1], &[-1])),
        ],
        longs(&[1], &[1]),
    );
    case(
        "slice by small integers",
        Operator::Slice,
        &[
            Some(floats(&[2, 3], &[-3.29, -4.22, 0.52, 0.09, -0.49, 0.08])),
            Some(ints(&[1], &[1])),
            Some(ints(&[1], &[3])),
            Some(ints(&[1], &[1])),
            Some(ints(&[1], &[1])),
        ],
        floats(&[2, 2], &[-4.22, 0.52, -0.49, 0.08]),
    );
    case(
        "slice with a large step",
        Operator::Slice,
        &[
            Some(longs(&[3], &[1, 2, 3])),
            Some(longs(&[1], &[0])),
            Some(longs(&[1], &[9223372036854775807])),
            Some(longs(&[1], &[0])),
            Some(longs(&[1], &[9223372036854775807])),
        ],
        longs(&[1], &[1]),
    );
    case(
        "slice of an empty dimension",
        Operator::Slice,
        &[
            Some(longs(&[0], &[])),
            Some(longs(&[1], &[-1])),
            Some(longs(&[1], &[-9223372036854775808])),
            Some(longs(&[1], &[0])),
            Some(longs(&[1], &[-1])),
        ],
        longs(&[0], &[]),
    );
}

#[test]
fn gathered_slices() {
    case(
        "gather of rows",
        Operator::Gather { axis: 0 },
        &[Some(floats(&[3, 2], &[-1.32, -2.0, -1.77, 0.39, -1.57, 0.71])), Some(longs(&[2, 2], &[0, 2, -1, 1]))],
        floats(&[2, 2, 2], &[-1.32, -2.0, -1.57, 0.71, -1.57, 0.71, -1.77, 0.39]),
    );
    case(
        "gather of columns",
        Operator::Gather { axis: 1 },
        &[
            Some(longs(
                &[2, 3, 4],
                &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23],
            )),
            Some(ints(&[2], &[0, -1])),
        ],
        longs(&[2, 2, 4], &[0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 14, 15, 20, 21, 22, 23]),
    );
    case(
        "gather of one element",
        Operator::Gather { axis: 0 },
        &[Some(longs(&[3], &[5, 6, 7])), Some(longs(&[], &[1]))],
        longs(&[], &[6]),
    );
    case(
        "gather along the last dimension",
        Operator::Gather { axis: -1 },
        &[Some(bools(&[2, 2], &[true, false, false, false])), Some(longs(&[3], &[1, 0, 0]))],
        bools(&[2, 3], &[false, true, true, false, false, false]),
    );
    case(
        "gather of nothing",
        Operator::Gather { axis: 0 },
        &[Some(floats(&[2, 2], &[0.68, 4.05, -2.79, 1.78])), Some(longs(&[0], &[]))],
        floats(&[0, 2], &[]),
    );
}

#[test]
fn paddings() {
    case(
        "pad",
        Operator::Pad(PadMode::Constant),
        &[Some(floats(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])), Some(longs(&[4], &[1, 0, 0, 2]))],
        floats(&[3, 5], &[0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 3.0, 0.0, 0.0, 4.0, 5.0, 6.0, 0.0, 0.0]),
    );
    case(
        "pad with a constant",
        Operator::Pad(PadMode::Constant),
        &[
            Some(floats(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])),
            Some(longs(&[4], &[0, 1, 1, 0])),
            Some(floats(&[], &[9.0])),
        ],
        floats(&[3, 4], &[9.0, 1.0, 2.0, 3.0, 9.0, 4.0, 5.0, 6.0, 9.0, 9.0, 9.0, 9.0]),
    );
    case(
        "pad of some axes",
        Operator::Pad(PadMode::Constant),
        &[
            Some(floats(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])),
            Some(longs(&[2], &[1, 2])),
            Some(floats(&[], &[9.0])),
            Some(longs(&[1], &[-1])),
        ],
        floats(&[2, 6], &[9.0, 1.0, 2.0, 3.0, 9.0, 9.0, 9.0, 4.0, 5.0, 6.0, 9.0, 9.0]),
    );
    case(
        "pad of integers",
        Operator::Pad(PadMode::Constant),
        &[Some(longs(&[2], &[1, 2])), Some(longs(&[2], &[1, 1])), Some(longs(&[1], &[8]))],
        longs(&[4], &[8, 1, 2, 8]),
    );
    case(
        "pad that reflects",
        Operator::Pad(PadMode::Reflect),
        &[Some(floats(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])), Some(longs(&[4], &[1, 2, 0, 1]))],
        floats(&[3, 6], &[6.0, 5.0, 4.0, 5.0, 6.0, 5.0, 3.0, 2.0, 1.0, 2.0, 3.0, 2.0, 6.0, 5.0, 4.0, 5.0, 6.0, 5.0]),
    );
    case(
        "pad with the edge",
        Operator::Pad(PadMode::Edge),
        &[Some(floats(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0])), Some(longs(&[4], &[1, 2, 1, 1]))],
        floats(
            &[4, 6],
            &[
                1.0, 1.0, 1.0, 2.0, 3.0, 3.0, 1.0, 1.0, 1.0, 2.0, 3.0, 3.0, 4.0, 4.0, 4.0, 5.0, 6.0, 6.0, 4.0, 4.0,
                4.0, 5.0, 6.0, 6.0,
            ],
        ),
    );
    case(
        "pad of nothing",
        Operator::Pad(PadMode::Constant),
        &[Some(floats(&[2, 0], &[])), Some(longs(&[4], &[0, 1, 1, 1])), Some(floats(&[], &[3.0]))],
        floats(&[3, 2], &[3.0, 3.0, 3.0, 3.0, 3.0, 3.0]),
    );
}
