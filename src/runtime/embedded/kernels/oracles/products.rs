//! `MatMul` and `Gemm` of values that are computed.

use proptest::prelude::*;
use rten_tensor::prelude::*;

use super::super::matmul::{gemm, gemm_shape, matmul, matmul_shape};
use super::{assert_close, blank, random, values};
use crate::runtime::embedded::operator::Gemm;
use crate::runtime::embedded::tensor::Tensor;

fn product(a: &Tensor, b: &Tensor) -> Result<Tensor, String> {
    let mut output = blank(matmul_shape(&a.shape, &b.shape)?);
    matmul(a.view(), b.view(), &mut output.view_mut())?;
    Ok(output)
}

/// What a product is, for each of its elements.
fn naive(a: &Tensor, b: &Tensor, stack: &[usize], sizes: [usize; 3]) -> Vec<f32> {
    let [rows, depth, columns] = sizes;
    let (a, b) = ((&a.shape[..a.shape.len() - 2], values(a)), (&b.shape[..b.shape.len() - 2], values(b)));
    let mut results = Vec::new();
    for index in 0..stack.iter().product() {
        let source = |own: &[usize]| {
            let mut place = 0;
            let mut rest = index;
            let mut step = own.iter().product::<usize>();
            let mut sizes = stack.iter().product::<usize>();
            for (axis, size) in stack.iter().enumerate() {
                sizes /= size;
                let coordinate = rest / sizes;
                rest %= sizes;
                if let Some(own) = (axis + own.len()).checked_sub(stack.len()).map(|axis| own[axis]) {
                    step /= own;
                    place += if own == 1 { 0 } else { coordinate * step };
                }
            }
            place
        };
        let (left, right) = (&a.1[source(a.0) * rows * depth..], &b.1[source(b.0) * depth * columns..]);
        for cell in 0..rows * columns {
            let (row, column) = (cell / columns, cell % columns);
            results.push((0..depth).map(|k| left[row * depth + k] * right[k * columns + column]).sum());
        }
    }
    results
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn stacks_are_broadcast(
        stack in prop::collection::vec(1_usize..4, 0..4),
        kept in prop::array::uniform2(0_usize..4),
        shrunk in prop::array::uniform2(prop::collection::vec(any::<bool>(), 4)),
        sizes in prop::array::uniform3(1_usize..9),
        seed: u64,
    ) {
        let [rows, depth, columns] = sizes;
        // One side has all dimensions; each may have ones where the other has more.
        let own = |side: usize, kept: usize| -> Vec<usize> {
            let sizes = stack.iter().zip(&shrunk[side]).map(|(size, shrinks)| if *shrinks { 1 } else { *size });
            sizes.skip(stack.len().saturating_sub(kept)).collect()
        };
        let (left, right) = (own(0, stack.len()), own(1, kept[1]));
        let a = random(seed, &[&left[..], &[rows, depth]].concat());
        let b = random(seed ^ 1, &[&right[..], &[depth, columns]].concat());
        let output = product(&a, &b).unwrap();
        let stack = &output.shape[..output.shape.len() - 2];
        assert_close(values(&output), &naive(&a, &b, stack, sizes));
        let pool = rten::BufferPool::new();
        let tensor = |tensor: &Tensor| rten_tensor::Tensor::from_data(&tensor.shape, values(tensor).to_vec());
        let expected = rten::ops::matmul::<f32, f32, f32>(&pool, tensor(&a).view(), tensor(&b).view(), None).unwrap();
        prop_assert_eq!(expected.shape(), &output.shape[..]);
        assert_close(values(&output), &expected.to_vec());
    }

    #[test]
    fn sums_of_products_are_what_rten_computes(
        sizes in prop::array::uniform3(1_usize..20),
        transposes in any::<(bool, bool)>(),
        factors in (-2.0_f32..2.0, -2.0_f32..2.0),
        summand in prop::option::of(0_usize..6),
        seed: u64,
    ) {
        let [rows, depth, columns] = sizes;
        let attributes =
            Gemm { alpha: factors.0, beta: factors.1, transposes_a: transposes.0, transposes_b: transposes.1 };
        let a = random(seed, &if transposes.0 { [depth, rows] } else { [rows, depth] });
        let b = random(seed ^ 1, &if transposes.1 { [columns, depth] } else { [depth, columns] });
        let shapes = [vec![], vec![1], vec![columns], vec![1, columns], vec![rows, 1], vec![rows, columns]];
        let c = summand.map(|index| random(seed ^ 2, &shapes[index]));
        let mut output = blank(gemm_shape(attributes, &a.shape, &b.shape).unwrap());
        gemm(attributes, a.view(), b.view(), c.as_ref().map(Tensor::view), &mut output.view_mut()).unwrap();
        let pool = rten::BufferPool::new();
        let tensor = |tensor: &Tensor| rten_tensor::Tensor::from_data(&tensor.shape, values(tensor).to_vec());
        let c = c.as_ref().map(tensor);
        let c = c.as_ref().map(|c| c.view());
        let (a, b) = (tensor(&a), tensor(&b));
        let expected = rten::ops::gemm::<f32, f32, f32>(
            &pool, a.view(), b.view(), c, factors.0, factors.1, transposes.0, transposes.1,
        );
        assert_close(values(&output), &expected.unwrap().to_vec());
    }
}

#[test]
fn vectors_lose_the_dimension_that_they_got() {
    let (matrix, vector, stack) = (random(1, &[3, 4]), random(2, &[4]), random(3, &[2, 4, 5]));
    let dot = |left: &[f32], right: &[f32]| left.iter().zip(right).map(|(a, b)| a * b).sum::<f32>();
    let column = product(&matrix, &vector).unwrap();
    assert_eq!(column.shape, [3]);
    let expected: Vec<f32> = values(&matrix).chunks(4).map(|row| dot(row, values(&vector))).collect();
    assert_close(values(&column), &expected);
    assert_eq!(product(&vector, &stack).unwrap().shape, [2, 5]);
    let scalar = product(&vector, &vector).unwrap();
    assert_eq!(scalar.shape, [0_usize; 0]);
    assert_close(values(&scalar), &[dot(values(&vector), values(&vector))]);
}

#[test]
fn nothing_multiplied_is_zero() {
    let output = product(&random(1, &[2, 0]), &random(2, &[0, 3])).unwrap();
    assert_eq!((&output.shape[..], values(&output)), (&[2, 3][..], &[0.0; 6][..]));
    assert_eq!(product(&random(1, &[0, 2]), &random(2, &[2, 3])).unwrap().shape, [0, 3]);
    assert_eq!(product(&random(1, &[0, 3, 2]), &random(2, &[1, 2, 3])).unwrap().shape, [0, 3, 3]);
}
