//! Sums and means: expected values from ONNX Runtime 1.31 and the reference evaluator of onnx 1.23.

use super::{case, floats, ints, longs};
use crate::runtime::embedded::operator::{Operator, Reduction};

#[test]
fn means() {
    case(
        "mean of rows",
        Operator::Reduce { kind: Reduction::Mean, keeps: true, empty_is_none: false },
        &[
            Some(floats(
                &[2, 3, 4],
                &[
                    1.8, 2.29, -2.65, -1.59, 1.29, -3.98, -0.93, -0.19, 2.51, 1.38, -0.65, -0.74, -0.5, 3.05, -0.86,
                    -0.61, 0.71, -0.24, -0.39, -2.23, -0.02, -0.89, 2.33, 1.31,
                ],
            )),
            Some(longs(&[1], &[-1])),
        ],
        floats(&[2, 3, 1], &[-0.0375, -0.9525, 0.625, 0.27, -0.5375, 0.6825]),
    );
    case(
        "mean of columns",
        Operator::Reduce { kind: Reduction::Mean, keeps: false, empty_is_none: false },
        &[
            Some(floats(
                &[2, 3, 4],
                &[
                    1.8, 2.29, -2.65, -1.59, 1.29, -3.98, -0.93, -0.19, 2.51, 1.38, -0.65, -0.74, -0.5, 3.05, -0.86,
                    -0.61, 0.71, -0.24, -0.39, -2.23, -0.02, -0.89, 2.33, 1.31,
                ],
            )),
            Some(longs(&[1], &[1])),
        ],
        floats(&[2, 4], &[1.86667, -0.103333, -1.41, -0.84, 0.0633333, 0.64, 0.36, -0.51]),
    );
    case(
        "mean of pictures",
        Operator::Reduce { kind: Reduction::Mean, keeps: true, empty_is_none: false },
        &[
            Some(floats(&[1, 2, 2, 2], &[2.67, -1.01, 0.58, -0.07, -0.88, -1.02, 1.26, -0.6])),
            Some(longs(&[2], &[2, 3])),
        ],
        floats(&[1, 2, 1, 1], &[0.5425, -0.31]),
    );
    case(
        "mean over the first and the last dimension",
        Operator::Reduce { kind: Reduction::Mean, keeps: false, empty_is_none: false },
        &[
            Some(floats(
                &[2, 3, 4],
                &[
                    1.8, 2.29, -2.65, -1.59, 1.29, -3.98, -0.93, -0.19, 2.51, 1.38, -0.65, -0.74, -0.5, 3.05, -0.86,
                    -0.61, 0.71, -0.24, -0.39, -2.23, -0.02, -0.89, 2.33, 1.31,
                ],
            )),
            Some(longs(&[2], &[0, -1])),
        ],
        floats(&[3], &[0.11625, -0.745, 0.65375]),
    );
    case(
        "mean of everything",
        Operator::Reduce { kind: Reduction::Mean, keeps: false, empty_is_none: false },
        &[Some(floats(
            &[2, 3, 4],
            &[
                1.8, 2.29, -2.65, -1.59, 1.29, -3.98, -0.93, -0.19, 2.51, 1.38, -0.65, -0.74, -0.5, 3.05, -0.86, -0.61,
                0.71, -0.24, -0.39, -2.23, -0.02, -0.89, 2.33, 1.31,
            ],
        ))],
        floats(&[], &[0.00833332]),
    );
    case(
        "mean with an empty list",
        Operator::Reduce { kind: Reduction::Mean, keeps: true, empty_is_none: false },
        &[Some(floats(&[2, 2], &[-0.3, 0.04, 2.35, 1.36])), Some(longs(&[0], &[]))],
        floats(&[1, 1], &[0.8625]),
    );
    case(
        "mean of nothing",
        Operator::Reduce { kind: Reduction::Mean, keeps: true, empty_is_none: true },
        &[Some(floats(&[2, 2], &[0.77, -1.13, -2.76, 1.9])), Some(longs(&[0], &[]))],
        floats(&[2, 2], &[0.77, -1.13, -2.76, 1.9]),
    );
}

#[test]
fn sums() {
    case(
        "sum of rows",
        Operator::Reduce { kind: Reduction::Sum, keeps: true, empty_is_none: false },
        &[
            Some(floats(
                &[2, 3, 4],
                &[
                    1.8, 2.29, -2.65, -1.59, 1.29, -3.98, -0.93, -0.19, 2.51, 1.38, -0.65, -0.74, -0.5, 3.05, -0.86,
                    -0.61, 0.71, -0.24, -0.39, -2.23, -0.02, -0.89, 2.33, 1.31,
                ],
            )),
            Some(longs(&[1], &[-1])),
        ],
        floats(&[2, 3, 1], &[-0.15, -3.81, 2.5, 1.08, -2.15, 2.73]),
    );
    case(
        "sum of columns",
        Operator::Reduce { kind: Reduction::Sum, keeps: false, empty_is_none: false },
        &[
            Some(floats(
                &[2, 3, 4],
                &[
                    1.8, 2.29, -2.65, -1.59, 1.29, -3.98, -0.93, -0.19, 2.51, 1.38, -0.65, -0.74, -0.5, 3.05, -0.86,
                    -0.61, 0.71, -0.24, -0.39, -2.23, -0.02, -0.89, 2.33, 1.31,
                ],
            )),
            Some(longs(&[1], &[1])),
        ],
        floats(&[2, 4], &[5.6, -0.31, -4.23, -2.52, 0.19, 1.92, 1.08, -1.53]),
    );
    case(
        "sum of pictures",
        Operator::Reduce { kind: Reduction::Sum, keeps: true, empty_is_none: false },
        &[Some(floats(&[1, 2, 2, 2], &[1.93, -0.28, 1.08, 1.56, 1.66, 1.84, -0.91, 3.03])), Some(longs(&[2], &[2, 3]))],
        floats(&[1, 2, 1, 1], &[4.29, 5.62]),
    );
    case(
        "sum over the first and the last dimension",
        Operator::Reduce { kind: Reduction::Sum, keeps: false, empty_is_none: false },
        &[
            Some(floats(
                &[2, 3, 4],
                &[
                    1.8, 2.29, -2.65, -1.59, 1.29, -3.98, -0.93, -0.19, 2.51, 1.38, -0.65, -0.74, -0.5, 3.05, -0.86,
                    -0.61, 0.71, -0.24, -0.39, -2.23, -0.02, -0.89, 2.33, 1.31,
                ],
            )),
            Some(longs(&[2], &[0, -1])),
        ],
        floats(&[3], &[0.93, -5.96, 5.23]),
    );
    case(
        "sum of everything",
        Operator::Reduce { kind: Reduction::Sum, keeps: false, empty_is_none: false },
        &[Some(floats(
            &[2, 3, 4],
            &[
                1.8, 2.29, -2.65, -1.59, 1.29, -3.98, -0.93, -0.19, 2.51, 1.38, -0.65, -0.74, -0.5, 3.05, -0.86, -0.61,
                0.71, -0.24, -0.39, -2.23, -0.02, -0.89, 2.33, 1.31,
            ],
        ))],
        floats(&[], &[0.2]),
    );
    case(
        "sum with an empty list",
        Operator::Reduce { kind: Reduction::Sum, keeps: true, empty_is_none: false },
        &[Some(floats(&[2, 2], &[-2.49, 1.72, 0.99, 1.75])), Some(longs(&[0], &[]))],
        floats(&[1, 1], &[1.97]),
    );
    case(
        "sum of nothing",
        Operator::Reduce { kind: Reduction::Sum, keeps: true, empty_is_none: true },
        &[Some(floats(&[2, 2], &[3.76, 2.97, -2.29, -3.38])), Some(longs(&[0], &[]))],
        floats(&[2, 2], &[3.76, 2.97, -2.29, -3.38]),
    );
    case(
        "sum without axes that leaves",
        Operator::Reduce { kind: Reduction::Sum, keeps: true, empty_is_none: true },
        &[Some(floats(&[2, 2], &[1.63, -2.03, -0.02, 1.68]))],
        floats(&[2, 2], &[1.63, -2.03, -0.02, 1.68]),
    );
    case(
        "sum of integers",
        Operator::Reduce { kind: Reduction::Sum, keeps: false, empty_is_none: false },
        &[Some(longs(&[2, 2], &[1, 2, 3, 4])), Some(longs(&[1], &[0]))],
        longs(&[2], &[4, 6]),
    );
    case(
        "sum of small integers",
        Operator::Reduce { kind: Reduction::Sum, keeps: false, empty_is_none: false },
        &[Some(ints(&[2, 2], &[1, 2, 3, 4])), Some(longs(&[1], &[1]))],
        ints(&[2], &[3, 7]),
    );
    case(
        "sum of an empty dimension",
        Operator::Reduce { kind: Reduction::Sum, keeps: false, empty_is_none: false },
        &[Some(floats(&[2, 0], &[])), Some(longs(&[1], &[1]))],
        floats(&[2], &[0.0, 0.0]),
    );
}
