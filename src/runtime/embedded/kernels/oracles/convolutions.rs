//! Convolutions.

use proptest::prelude::*;
use rten_tensor::NdTensorView;
use rten_tensor::prelude::*;

use super::super::conv::{PackedConv, conv, conv_shape};
use super::{assert_close, blank, naive, noise, random, values, window};
use crate::runtime::embedded::operator::{Activation, Normalization, Padding, Window};
use crate::runtime::embedded::tensor::Tensor;

/// A convolution and what it works on.
#[derive(Debug)]
struct Case {
    window: Window,
    groups: usize,
    input: Tensor,
    weights: Tensor,
    bias: Option<Vec<f32>>,
}

fn paddings() -> impl Strategy<Value = Padding> {
    prop_oneof![
        4 => prop::array::uniform4(0_usize..4).prop_map(Padding::Explicit),
        1 => Just(Padding::SameUpper),
        1 => Just(Padding::SameLower),
    ]
}

fn sizes() -> impl Strategy<Value = usize> {
    prop_oneof![3 => 1_usize..12, 1 => 30_usize..50]
}

prop_compose! {
    fn windows()(
        kernel in prop::array::uniform2(1_usize..5),
        strides in prop::array::uniform2(1_usize..4),
        dilations in prop::array::uniform2(1_usize..3),
        padding in paddings(),
        rank in 1_usize..3,
    ) -> Window {
        if rank == 2 {
            return Window { rank, kernel, strides, dilations, padding, ceil: false };
        }
        let padding = match padding {
            Padding::Explicit([_, left, _, right]) => Padding::Explicit([0, left, 0, right]),
            same => same,
        };
        let flat = |[_, width]: [usize; 2]| [1, width];
        Window { rank, kernel: flat(kernel), strides: flat(strides), dilations: flat(dilations), padding, ceil: false }
    }
}

prop_compose! {
    fn cases()(
        window in windows(),
        size in (sizes(), sizes()),
        channels in (1_usize..4, 1_usize..4, prop_oneof![Just(1_usize), 2_usize..5]),
        batch in 1_usize..3,
        has_bias: bool,
        seed: u64,
    ) -> Case {
        let (inputs, outputs, groups) = channels;
        let picture = [size.0, size.1];
        let last = 2 - window.rank;
        let input = random(seed, &[&[batch, groups * inputs], &picture[last..]].concat());
        let weights = random(seed ^ 1, &[&[groups * outputs, inputs], &window.kernel[last..]].concat());
        let bias = has_bias.then(|| noise(seed ^ 2, groups * outputs));
        Case { window, groups, input, weights, bias }
    }
}

/// What the packed convolution computes.
fn packed(
    case: &Case,
    normalization: Option<Normalization<'_>>,
    activation: Activation,
    packs: bool,
) -> Result<Tensor, String> {
    let Case { window, groups, input, weights, bias } = case;
    let conv = PackedConv::pack(*window, *groups, weights.view(), bias.as_deref(), normalization, activation, packs)?;
    let borrowed = conv.borrows_weights().then(|| weights.view());
    assert_eq!(borrowed.is_some(), !packs && normalization.is_none());
    let mut output = blank(conv.output_shape(&input.shape)?);
    conv.run(input.view(), borrowed, &mut output.view_mut())?;
    Ok(output)
}

/// What rten computes; nothing where it cannot.
fn rten(case: &Case) -> Option<Vec<f32>> {
    let Case { window, groups, input, weights, bias } = case;
    let skipped = 2 - window.rank;
    let padding = match window.padding {
        Padding::Explicit([top, left, bottom, right]) if window.rank == 2 => {
            rten::ops::Padding::Fixed([top, left, bottom, right].as_slice().into())
        }
        Padding::Explicit([_, left, _, right]) => rten::ops::Padding::Fixed([left, right].as_slice().into()),
        Padding::SameUpper => rten::ops::Padding::Same,
        Padding::SameLower => return None,
    };
    let tensor = |tensor: &Tensor| rten_tensor::Tensor::from_data(&tensor.shape, values(tensor).to_vec());
    let bias = bias.as_ref().map(|bias| NdTensorView::from_data([bias.len()], &bias[..]));
    let pool = rten::BufferPool::new();
    let (strides, dilations) = (&window.strides[skipped..], &window.dilations[skipped..]);
    let (input, weights) = (tensor(input), tensor(weights));
    let output = rten::ops::conv(&pool, input.view(), weights.view(), bias, padding, *groups, strides, dilations);
    output.ok().map(|output| output.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn convolutions_are_what_loops_and_rten_compute(case in cases(), packs: bool) {
        let shape = conv_shape(case.window, case.weights.shape[0], &case.input.shape);
        let Ok(output) = packed(&case, None, Activation::None, packs) else {
            prop_assert!(shape.is_err() && rten(&case).is_none(), "{:?}", shape);
            return Ok(());
        };
        prop_assert_eq!(Ok(output.shape.clone()), shape);
        let bias = case.bias.as_deref().unwrap_or(&[]);
        assert_close(values(&output), &naive::conv(&case.window, case.groups, &case.input, &case.weights, bias, &output));
        if let Some(expected) = rten(&case) {
            assert_close(values(&output), &expected);
        }
        let mut unprepared = blank(output.shape.clone());
        let bias = case.bias.as_ref().map(|bias| naive::tensor(vec![bias.len()], bias.clone()));
        let bias = bias.as_ref().map(Tensor::view);
        conv(case.window, case.groups, case.input.view(), case.weights.view(), bias, &mut unprepared.view_mut()).unwrap();
        assert_close(values(&unprepared), values(&output));
    }

    #[test]
    fn what_follows_a_convolution_can_be_folded_into_it(case in cases(), packs: bool, low in -0.5_f32..0.0, seed: u64) {
        let Ok(plain) = packed(&case, None, Activation::None, true) else { return Ok(()) };
        let channels = case.weights.shape[0];
        let [scale, bias, mean] = [3, 4, 5].map(|salt| noise(seed ^ salt, channels));
        let variance: Vec<f32> = noise(seed ^ 6, channels).into_iter().map(|value| value.abs() + 0.5).collect();
        let normalization =
            Normalization { scale: &scale, bias: &bias, mean: &mean, variance: &variance, epsilon: 0.01 };
        let positions: usize = plain.shape[2..].iter().product();
        let normalized = values(&plain).iter().enumerate().map(|(index, value)| {
            let channel = index / positions % channels;
            scale[channel] * (value - mean[channel]) / (variance[channel] + 0.01).sqrt() + bias[channel]
        });
        let (relu, clip) = (Activation::Relu, Activation::Clip { low, high: 0.4 });
        let relued: Vec<f32> = normalized.clone().map(|value| value.max(0.0)).collect();
        let clipped: Vec<f32> = normalized.map(|value| value.clamp(low, 0.4)).collect();
        assert_close(values(&packed(&case, Some(normalization), relu, packs).unwrap()), &relued);
        assert_close(values(&packed(&case, Some(normalization), clip, packs).unwrap()), &clipped);
        let clipped: Vec<f32> = values(&plain).iter().map(|value| value.clamp(low, 0.4)).collect();
        assert_close(values(&packed(&case, None, clip, packs).unwrap()), &clipped);
    }
}

#[test]
fn tall_pictures_are_convolved_in_bands() {
    for strides in [[1, 1], [2, 2], [3, 1], [1, 3]] {
        let padding = Padding::Explicit([1, 2, 3, 0]);
        let window = Window { strides, dilations: [2, 1], padding, ..window([3, 3]) };
        let input = random(8, &[1, 2, 700, 37]);
        let case = Case { window, groups: 2, input, weights: random(9, &[4, 1, 3, 3]), bias: None };
        let output = packed(&case, None, Activation::None, true).unwrap();
        assert_close(values(&output), &naive::conv(&window, 2, &case.input, &case.weights, &[], &output));
    }
}

#[test]
fn threads_do_not_change_what_is_computed() {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    for (groups, weights) in [(1, [48, 32, 3, 3]), (2, [48, 16, 3, 3]), (32, [64, 1, 3, 3])] {
        let window = Window { padding: Padding::SameUpper, ..window([3, 3]) };
        let (input, weights) = (random(1, &[3, 32, 40, 40]), random(2, &weights));
        let case = Case { window, groups, input, weights, bias: Some(noise(3, 64)) };
        let case = Case { bias: case.bias.map(|bias| bias[..case.weights.shape[0]].to_vec()), ..case };
        let alone = packed(&case, None, Activation::Relu, true).unwrap();
        let together = pool.install(|| packed(&case, None, Activation::Relu, true)).unwrap();
        assert_close(values(&together), values(&alone));
    }
}

#[test]
fn an_empty_batch_gives_an_empty_output() {
    for weights in [[4, 2, 3, 3], [2, 1, 3, 3]] {
        let groups = 2 / weights[1];
        let input = random(1, &[0, 2, 5, 5]);
        let case = Case { window: window([3, 3]), groups, input, weights: random(2, &weights), bias: None };
        assert_eq!(packed(&case, None, Activation::Relu, true).unwrap().shape, [0, weights[0], 3, 3]);
    }
}

#[test]
fn what_is_kept_of_the_weights_is_counted() {
    let pack = |groups, shape: &[usize], packs| {
        let bias = noise(2, shape[0]);
        let window = window([shape[2], shape[3]]);
        PackedConv::pack(window, groups, random(1, shape).view(), Some(&bias), None, Activation::None, packs)
    };
    let copied = pack(8, &[8, 1, 3, 3], true).unwrap();
    assert_eq!(copied.packed_bytes(), 4 * (8 * 9 + 8));
    let borrowed = pack(1, &[64, 64, 3, 3], false).unwrap();
    assert_eq!(borrowed.packed_bytes(), 4 * 64);
    // Rows are padded to what the kernel computes at once, which differs from processor to processor.
    let packed = pack(1, &[64, 64, 3, 3], true).unwrap().packed_bytes();
    let exact = 4 * (64 * 64 * 9 + 64);
    assert!((exact..exact * 9 / 8).contains(&packed), "{packed}");
}
