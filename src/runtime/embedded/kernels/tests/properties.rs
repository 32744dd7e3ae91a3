//! Broadcasting, slices, transpositions, sums and gathered slices against implementations that go element by element.

use proptest::prelude::*;

use super::{assert_close, compute, compute_in_place, floats, longs};
use crate::runtime::embedded::operator::{Binary, Operator, Reduction, Unary};
use crate::runtime::embedded::tensor::{Buffer, Tensor};

/// All positions of a shape, the last dimension fastest.
fn positions(shape: &[usize]) -> Vec<Vec<usize>> {
    shape.iter().fold(vec![Vec::new()], |positions, size| {
        let longer = |position: &Vec<usize>| {
            let position = position.clone();
            (0..*size).map(move |index| [position.clone(), vec![index]].concat()).collect::<Vec<_>>()
        };
        positions.iter().flat_map(longer).collect()
    })
}

/// The number of a position among those of a shape.
fn offset(shape: &[usize], position: &[usize]) -> usize {
    shape.iter().zip(position).fold(0, |offset, (size, index)| offset * size + index)
}

/// Numbers that all differ.
fn counted(shape: &[usize]) -> Tensor {
    let length: usize = shape.iter().product();
    floats(shape, &(0..length).map(|index| index as f32 + 1.0).collect::<Vec<_>>())
}

fn floats_of(tensor: &Tensor) -> &[f32] {
    let Buffer::F32(values) = &tensor.buffer else { panic!("{tensor:?} has no floats") };
    values
}

/// The value of a tensor at a position of a shape that it broadcasts to.
fn repeated(tensor: &Tensor, position: &[usize]) -> f32 {
    let behind = &position[position.len() - tensor.shape.len()..];
    let own: Vec<_> =
        behind.iter().zip(&tensor.shape).map(|(index, size)| if *size == 1 { 0 } else { *index }).collect();
    floats_of(tensor)[offset(&tensor.shape, &own)]
}

/// A shape, and another one that broadcasts to it.
fn broadcasting_shapes() -> impl Strategy<Value = (Vec<usize>, Vec<usize>)> {
    prop::collection::vec((0_usize..5, any::<bool>()), 0..6).prop_flat_map(|dimensions| {
        let whole: Vec<_> = dimensions.iter().map(|(size, _)| *size).collect();
        let part: Vec<_> = dimensions.iter().map(|(size, repeated)| if *repeated { 1 } else { *size }).collect();
        (0..=part.len()).prop_map(move |skipped| (whole.clone(), part[skipped..].to_vec()))
    })
}

/// A shape and an order of its dimensions.
fn orders() -> impl Strategy<Value = (Vec<usize>, Vec<usize>)> {
    prop::collection::vec(prop_oneof![0_usize..4, Just(1), Just(19)], 1..5).prop_flat_map(|shape| {
        let order: Vec<_> = (0..shape.len()).collect();
        (Just(shape), Just(order).prop_shuffle())
    })
}

/// A shape, and for each dimension start, end and step of a slice.
fn slices() -> impl Strategy<Value = (Vec<usize>, Vec<(i64, i64, i64)>)> {
    let step = prop_oneof![-3_i64..0, 1_i64..4];
    prop::collection::vec((0_usize..6, (-8_i64..8, -8_i64..8, step)), 0..5).prop_map(|all| all.into_iter().unzip())
}

/// The positions that a slice takes of a dimension, as the operator's definition says.
fn taken(size: usize, (start, end, step): (i64, i64, i64)) -> Vec<usize> {
    let size = i64::try_from(size).expect("a small size");
    let (highest_start, lowest_end) = if step > 0 { (size, 0) } else { (size - 1, -1) };
    let counted = |bound: i64| if bound < 0 { bound + size } else { bound };
    let mut position = counted(start).min(highest_start).max(0);
    let end = counted(end).min(size).max(lowest_end);
    let mut taken = Vec::new();
    while (step > 0 && position < end) || (step < 0 && position > end && position < size) {
        taken.push(usize::try_from(position).expect("a position"));
        position += step;
    }
    taken
}

proptest! {
    #[test]
    fn broadcast_pairs((whole, part) in broadcasting_shapes(), swaps: bool) {
        let (large, small) = (counted(&whole), counted(&part));
        let (first, second) = if swaps { (&small, &large) } else { (&large, &small) };
        let pairs = positions(&whole).into_iter().map(|at| repeated(first, &at) - 3.0 * repeated(second, &at));
        let expected = floats(&whole, &pairs.collect::<Vec<_>>());
        let tripled = compute(&Operator::Binary(Binary::Mul), &[Some(second.clone()), Some(floats(&[], &[3.0]))]);
        let inputs = [Some(first.clone()), Some(tripled.unwrap())];
        let operator = Operator::Binary(Binary::Sub);
        prop_assert_eq!(&compute(&operator, &inputs).unwrap(), &expected);
        if first.shape == whole {
            prop_assert_eq!(&compute_in_place(&operator, &inputs).unwrap(), &expected);
        }
    }

    #[test]
    fn expanded((whole, part) in broadcasting_shapes()) {
        let input = counted(&part);
        let expected: Vec<_> = positions(&whole).into_iter().map(|at| repeated(&input, &at)).collect();
        let target: Vec<_> = whole.iter().map(|size| i64::try_from(*size).unwrap()).collect();
        let computed = compute(&Operator::Expand, &[Some(input), Some(longs(&[whole.len()], &target))]).unwrap();
        prop_assert_eq!(computed, floats(&whole, &expected));
    }

    #[test]
    fn chosen((whole, part) in broadcasting_shapes(), seed: u64) {
        let (large, small) = (counted(&whole), counted(&part));
        let length: usize = whole.iter().product();
        let flags: Vec<_> = (0..length).map(|index| seed.rotate_left(index as u32) & 1 == 1).collect();
        let expected = positions(&whole).into_iter().zip(&flags);
        let expected: Vec<_> = expected.map(|(at, flag)| repeated(if *flag { &small } else { &large }, &at)).collect();
        let condition = Some(super::bools(&whole, &flags));
        let computed = compute(&Operator::Where, &[condition, Some(small.clone()), Some(large.clone())]).unwrap();
        prop_assert_eq!(computed, floats(&whole, &expected));
    }

    #[test]
    fn transposed((shape, order) in orders()) {
        let input = counted(&shape);
        let target: Vec<_> = order.iter().map(|dimension| shape[*dimension]).collect();
        let mut expected = vec![0.0; floats_of(&input).len()];
        for (value, position) in floats_of(&input).iter().zip(positions(&shape)) {
            let moved: Vec<_> = order.iter().map(|dimension| position[*dimension]).collect();
            expected[offset(&target, &moved)] = *value;
        }
        let computed = compute(&Operator::Transpose(order), &[Some(input)]).unwrap();
        prop_assert_eq!(computed, floats(&target, &expected));
    }

    #[test]
    fn sliced((shape, parts) in slices()) {
        let input = counted(&shape);
        let taken: Vec<_> = shape.iter().zip(&parts).map(|(size, part)| taken(*size, *part)).collect();
        let target: Vec<_> = taken.iter().map(Vec::len).collect();
        let source = |position: Vec<usize>| {
            position.iter().zip(&taken).map(|(index, taken)| taken[*index]).collect::<Vec<_>>()
        };
        let expected: Vec<_> =
            positions(&target).into_iter().map(|at| floats_of(&input)[offset(&shape, &source(at))]).collect();
        let list = |of: fn(&(i64, i64, i64)) -> i64| {
            Some(longs(&[parts.len()], &parts.iter().map(of).collect::<Vec<_>>()))
        };
        let lists = [list(|part| part.0), list(|part| part.1), list(|part| part.2)];
        let [starts, ends, steps] = lists;
        let computed = compute(&Operator::Slice, &[Some(input), starts, ends, None, steps]).unwrap();
        prop_assert_eq!(computed, floats(&target, &expected));
    }

    #[test]
    fn gathered(
        shape in prop::collection::vec(1_usize..5, 1..4),
        axis in 0_usize..3,
        indices in prop::collection::vec(0_i64..60, 0..6),
    ) {
        let axis = axis % shape.len();
        let size = i64::try_from(shape[axis]).unwrap();
        // From -size to size - 1.
        let indices: Vec<_> = indices.into_iter().map(|index| index % (2 * size) - size).collect();
        let input = counted(&shape);
        let mut target = shape.clone();
        target[axis] = indices.len();
        let expected: Vec<_> = positions(&target).into_iter().map(|mut position| {
            position[axis] = usize::try_from(indices[position[axis]].rem_euclid(size)).unwrap();
            floats_of(&input)[offset(&shape, &position)]
        }).collect();
        let operator = Operator::Gather { axis: i64::try_from(axis).unwrap() };
        let computed = compute(&operator, &[Some(input), Some(longs(&[indices.len()], &indices))]).unwrap();
        prop_assert_eq!(computed, floats(&target, &expected));
    }

    #[test]
    fn summed(dimensions in prop::collection::vec((0_usize..5, any::<bool>()), 0..6)) {
        let shape: Vec<_> = dimensions.iter().map(|(size, _)| *size).collect();
        let target: Vec<_> = dimensions.iter().map(|(size, reduced)| if *reduced { 1 } else { *size }).collect();
        let named = (0_i64..).zip(&dimensions).filter(|(_, (_, reduced))| *reduced);
        let axes: Vec<_> = named.map(|(axis, _)| axis).collect();
        let input = counted(&shape);
        let mut sums = vec![0.0; target.iter().product()];
        for (value, position) in floats_of(&input).iter().zip(positions(&shape)) {
            let kept: Vec<_> = position.iter().zip(&target).map(|(index, size)| (*index).min(size - 1)).collect();
            sums[offset(&target, &kept)] += value;
        }
        let operator = Operator::Reduce { kind: Reduction::Sum, keeps: true, empty_is_none: true };
        let computed = compute(&operator, &[Some(input), Some(longs(&[axes.len()], &axes))]).unwrap();
        assert_close("sum", &computed, &floats(&target, &sums));
    }
}

/// Large enough for several threads and for blocks that end within a row.
#[test]
fn blocks_of_large_tensors_line_up() {
    let shape = [37, 1000];
    let ramp = |scale: f32| (0..37_000).map(|index| (index % 1013) as f32 * scale).collect::<Vec<_>>();
    let values = ramp(0.01);
    let input = floats(&shape, &values);
    let sigmoid = Operator::Unary(Unary::Sigmoid);
    let expected: Vec<_> = values.iter().map(|value| 1.0 / (1.0 + (-value).exp())).collect();
    let softmax = Operator::Softmax { axis: -1, flattens: false };
    let row = |row: &[f32]| {
        let sum: f32 = row.iter().map(|value| value.exp()).sum();
        row.iter().map(|value| value.exp() / sum).collect::<Vec<_>>()
    };
    let rows: Vec<_> = values.chunks(1000).flat_map(row).collect();
    for (operator, expected) in [(sigmoid, expected), (softmax, rows)] {
        let inputs = [Some(input.clone())];
        assert_close("large", &compute(&operator, &inputs).unwrap(), &floats(&shape, &expected));
        assert_close("large in place", &compute_in_place(&operator, &inputs).unwrap(), &floats(&shape, &expected));
    }
}
