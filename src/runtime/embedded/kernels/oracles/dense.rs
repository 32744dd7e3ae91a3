//! Dense layers with prepared weights.

use proptest::prelude::*;

use super::super::dense::PackedDense;
use super::super::matmul::{gemm, gemm_shape, matmul, matmul_shape};
use super::{assert_close, blank, random, values};
use crate::runtime::embedded::operator::{Activation, Gemm};
use crate::runtime::embedded::tensor::Tensor;

/// What a prepared layer computes.
fn run(layer: &PackedDense, input: &Tensor, weights: &Tensor) -> Result<Tensor, String> {
    let mut output = blank(layer.output_shape(&input.shape)?);
    let weights = layer.borrows_weights().then(|| weights.view());
    layer.run(input.view(), weights, &mut output.view_mut())?;
    Ok(output)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_prepared_gemm_is_a_gemm(
        sizes in prop::array::uniform3(1_usize..40),
        transposes in any::<(bool, bool)>(),
        factors in (-2.0_f32..2.0, -2.0_f32..2.0),
        summand in prop::option::of(0_usize..6),
        packs: bool,
        seed: u64,
    ) {
        let [rows, depth, columns] = sizes;
        let attributes =
            Gemm { alpha: factors.0, beta: factors.1, transposes_a: transposes.0, transposes_b: transposes.1 };
        let a = random(seed, &if transposes.0 { [depth, rows] } else { [rows, depth] });
        let b = random(seed ^ 1, &if transposes.1 { [columns, depth] } else { [depth, columns] });
        let shapes = [vec![], vec![1], vec![columns], vec![1, columns], vec![rows, 1], vec![rows, columns]];
        let c = summand.map(|index| random(seed ^ 2, &shapes[index]));
        let c = c.as_ref().map(Tensor::view);
        let mut expected = blank(gemm_shape(attributes, &a.shape, &b.shape).unwrap());
        gemm(attributes, a.view(), b.view(), c, &mut expected.view_mut()).unwrap();
        let layer = PackedDense::pack_gemm(attributes, b.view(), c, Activation::None, packs).unwrap();
        prop_assert_eq!(layer.borrows_weights(), !packs);
        assert_close(values(&run(&layer, &a, &b).unwrap()), values(&expected));
        let layer = PackedDense::pack_gemm(attributes, b.view(), c, Activation::Relu, packs).unwrap();
        let relued: Vec<f32> = values(&expected).iter().map(|value| value.max(0.0)).collect();
        assert_close(values(&run(&layer, &a, &b).unwrap()), &relued);
    }

    #[test]
    fn a_prepared_matmul_is_a_matmul(
        stack in prop::collection::vec(0_usize..4, 0..4),
        sizes in prop::array::uniform2(1_usize..400),
        packs: bool,
        seed: u64,
    ) {
        let a = random(seed, &[&stack[..], &[sizes[0]]].concat());
        let b = random(seed ^ 1, &sizes);
        let mut expected = blank(matmul_shape(&a.shape, &b.shape).unwrap());
        matmul(a.view(), b.view(), &mut expected.view_mut()).unwrap();
        let clip = Activation::Clip { low: -1.0, high: 1.0 };
        let layer = PackedDense::pack_matmul(b.view(), clip, packs).unwrap();
        let output = run(&layer, &a, &b).unwrap();
        prop_assert_eq!(&output.shape, &expected.shape);
        let clipped: Vec<f32> = values(&expected).iter().map(|value| value.clamp(-1.0, 1.0)).collect();
        assert_close(values(&output), &clipped);
    }
}

#[test]
fn a_matrix_without_elements_is_not_packed() {
    let weights = random(1, &[0, 3]);
    let layer = PackedDense::pack_matmul(weights.view(), Activation::None, true).unwrap();
    assert!(layer.borrows_weights());
    let output = run(&layer, &random(2, &[2, 0]), &weights).unwrap();
    assert_eq!(values(&output), [0.0; 6]);
}

#[test]
fn what_is_kept_of_the_weights_is_counted() {
    let (weights, bias) = (random(1, &[640, 256]), random(2, &[256]));
    let attributes = Gemm { alpha: 1.0, beta: 1.0, transposes_a: false, transposes_b: false };
    let bytes = |packs| {
        let bias = Some(bias.view());
        PackedDense::pack_gemm(attributes, weights.view(), bias, Activation::None, packs).unwrap().packed_bytes()
    };
    assert_eq!(bytes(false), 4 * 256);
    assert_eq!(bytes(true), 4 * (640 * 256 + 256));
}
