//! What does not fit is told, and nothing overflows.

use super::super::conv::{PackedConv, conv, conv_shape};
use super::super::dense::PackedDense;
use super::super::matmul::{gemm_shape, matmul, matmul_shape};
use super::super::pool::{average_pool, global_average_pool, max_pool, pool_shape};
use super::{blank, random, window};
use crate::runtime::embedded::operator::{Activation, Gemm, Normalization, PaddedMean, Padding, Window};
use crate::runtime::embedded::tensor::{Buffer, Tensor, Values, View};

const HUGE: usize = usize::MAX;

fn shape_error(window: Window, input: &[usize]) -> String {
    let error = pool_shape(window, input).unwrap_err();
    assert_eq!(conv_shape(Window { ceil: false, ..window }, 1, input).is_err(), !window.ceil);
    error
}

#[test]
fn windows_that_cannot_be_are_told() {
    let input = [1, 1, 5, 5];
    let plain = window([3, 3]);
    let message = |window| shape_error(window, &input);
    assert_eq!(message(window([6, 3])), "height: a window of 6 does not fit in 5");
    assert_eq!(message(window([3, 0])), "a width of 0 (window) is not possible");
    assert_eq!(message(Window { strides: [0, 1], ..plain }), "a height of 0 (stride) is not possible");
    assert_eq!(
        message(Window { dilations: [1, HUGE], ..plain }),
        format!("a width of {HUGE} (dilation) is not possible")
    );
    let dilations = [i32::MAX as usize, 1];
    assert_eq!(message(Window { dilations, ..plain }), "the window's height is too large");
    let padding = Padding::Explicit([HUGE, 0, 1, 0]);
    assert_eq!(message(Window { padding, ..plain }), format!("height: padding of {HUGE} and 1 is too large"));
    let padding = Padding::SameLower;
    let dilations = [1, (i32::MAX as usize) / 2];
    assert_eq!(message(Window { padding, dilations, ..plain }), "the padded width of 2147483651 is too large");
    assert_eq!(shape_error(plain, &[1, 1, 0, 5]), "a height of 0 (picture) is not possible");
    assert_eq!(shape_error(plain, &[1, 1, 5]), "an input of the shape [1, 1, 5] does not have 4 dimensions");
    assert_eq!(message(Window { rank: 3, ..plain }), "windows over 3 dimensions are not supported");
    let flat = Window { rank: 1, padding: Padding::Explicit([1, 0, 1, 0]), ..window([1, 3]) };
    assert_eq!(shape_error(flat, &[1, 1, 5]), "a window over one dimension gives 3 rows");
    let many = [HUGE, 2, 5, 5];
    assert!(shape_error(plain, &many).ends_with("is too large"));
}

#[test]
fn windows_that_need_too_much_memory_are_told() {
    let far = i32::MAX as usize - 16;
    let input = random(1, &[1, 1, 5, 5]);
    let pool = |window: Window| {
        let mut output = blank(pool_shape(window, &input.shape)?);
        max_pool(window, input.view(), &mut output.view_mut())
    };
    let padding = Padding::Explicit([far, 0, 0, 0]);
    let dilated = Window { dilations: [far, 1], padding, ..window([2, 1]) };
    assert!(pool(dilated).unwrap_err().ends_with("are too large"));
    let wide = window([1, far]);
    let padding = Padding::Explicit([0, far, 0, 0]);
    assert!(pool(Window { padding, strides: [1, far], ..wide }).unwrap_err().ends_with("are too large"));
    // Huge steps over huge padding need no memory: nothing is in between.
    let padding = Padding::Explicit([0, far, 0, 0]);
    pool(Window { padding, strides: [5, far], ..window([1, 1]) }).unwrap();
    let weights = random(2, &[1, 1, 1, 1]);
    let window = Window { padding, strides: [5, far], ..window([1, 1]) };
    let mut output = blank(conv_shape(window, 1, &input.shape).unwrap());
    let result = conv(window, 1, input.view(), weights.view(), None, &mut output.view_mut());
    assert!(result.is_ok() || result.unwrap_err().ends_with("are too large"));
}

fn pack(groups: usize, weights: &Tensor, bias: Option<&[f32]>) -> Result<PackedConv, String> {
    PackedConv::pack(window([3, 3]), groups, weights.view(), bias, None, Activation::None, false)
}

/// The message of what has to fail; a packed convolution cannot be printed.
fn refusal<T>(result: Result<T, String>) -> String {
    result.err().unwrap()
}

#[test]
fn weights_that_do_not_fit_are_told() {
    let weights = random(1, &[6, 2, 3, 3]);
    assert_eq!(refusal(pack(4, &weights, None)), "6 channels cannot be put into 4 groups");
    assert_eq!(refusal(pack(0, &weights, None)), "6 channels cannot be put into 0 groups");
    assert_eq!(refusal(pack(1, &weights, Some(&[0.0; 5]))), "a bias of 5 values does not fit 6 channels");
    assert_eq!(refusal(pack(1, &random(1, &[6, 0, 3, 3]), None)), "weights of the shape [6, 0, 3, 3] are empty");
    let message = refusal(pack(1, &random(1, &[6, 2, 3, 2]), None));
    assert_eq!(message, "weights of the shape [6, 2, 3, 2] are no windows of [3, 3]");
    let message = refusal(pack(1, &random(1, &[6, 2, 3]), None));
    assert_eq!(message, "weights of the shape [6, 2, 3] are no windows over 2 dimensions");
    let four = [1.0; 4];
    let normalization = Normalization { scale: &four, bias: &four, mean: &four, variance: &four, epsilon: 0.0 };
    let folded = PackedConv::pack(window([3, 3]), 1, weights.view(), None, Some(normalization), Activation::None, true);
    assert_eq!(refusal(folded), "a scale of 4 values does not fit 6 channels");
    let integers = Tensor { shape: weights.shape.clone(), buffer: Buffer::I64(vec![0; 108]) };
    assert_eq!(refusal(pack(1, &integers, None)), "the elements of the weights are of type I64 instead of F32");
}

#[test]
fn runs_that_do_not_fit_are_told() {
    let weights = random(1, &[6, 2, 3, 3]);
    let conv = pack(1, &weights, None).unwrap();
    let input = random(2, &[1, 2, 5, 5]);
    let mut output = blank(vec![1, 6, 3, 3]);
    assert_eq!(refusal(conv.run(input.view(), None, &mut output.view_mut())), "the weights are gone");
    let other = random(1, &[6, 2, 3, 4]);
    let message = refusal(conv.run(input.view(), Some(other.view()), &mut output.view_mut()));
    assert_eq!(message, "the shape of the weights is [6, 2, 3, 4] instead of [6, 2, 3, 3]");
    let deep = random(2, &[1, 3, 5, 5]);
    let message = refusal(conv.run(deep.view(), Some(weights.view()), &mut output.view_mut()));
    assert_eq!(message, "an input of 3 channels does not fit 1 groups of 2");
    let mut small = blank(vec![1, 6, 3, 2]);
    let message = refusal(conv.run(input.view(), Some(weights.view()), &mut small.view_mut()));
    assert_eq!(message, "the shape of the output is [1, 6, 3, 2] instead of [1, 6, 3, 3]");
    let short = View { shape: &input.shape, values: Values::F32(&[0.0; 3]) };
    let message = refusal(conv.run(short, Some(weights.view()), &mut output.view_mut()));
    assert_eq!(message, "3 values do not make the input of the shape [1, 2, 5, 5]");
    let integers = Tensor { shape: vec![1, 6, 3, 3], buffer: Buffer::I32(vec![0; 54]) };
    let message = refusal(conv.run(input.view(), Some(weights.view()), &mut integers.clone().view_mut()));
    assert_eq!(message, "the elements of the output are not of type F32");
}

#[test]
fn pooling_that_does_not_fit_is_told() {
    let input = random(1, &[1, 2, 4, 4]);
    let mut output = blank(vec![1, 2, 2, 2]);
    let mean = PaddedMean::IncludesPadding;
    let message = refusal(average_pool(window([2, 2]), mean, input.view(), &mut output.view_mut()));
    assert_eq!(message, "the shape of the output is [1, 2, 2, 2] instead of [1, 2, 3, 3]");
    let empty = random(1, &[1, 2, 0]);
    let message = refusal(global_average_pool(empty.view(), &mut blank(vec![1, 2, 1]).view_mut()));
    assert_eq!(message, "an input of the shape [1, 2, 0] has no values to take means of");
    let message = refusal(global_average_pool(random(1, &[2]).view(), &mut output.view_mut()));
    assert_eq!(message, "an input of the shape [2] has no channels");
}

#[test]
fn products_that_do_not_fit_are_told() {
    let misfit = "inputs of the shapes [2, 3] and [2, 3] do not fit each other";
    assert_eq!(refusal(matmul_shape(&[2, 3], &[2, 3])), misfit);
    assert!(matmul_shape(&[], &[3]).is_err());
    assert!(matmul_shape(&[2, 1, 3], &[3, 3, 2]).is_err());
    assert!(matmul_shape(&[HUGE, 3], &[3, 2]).is_err());
    assert!(matmul_shape(&[0, HUGE, 1], &[1, 1, HUGE]).is_ok());
    assert!(matmul(random(1, &[2, 3]).view(), random(2, &[3, 2]).view(), &mut blank(vec![2, 3]).view_mut()).is_err());
    let attributes = Gemm { alpha: 1.0, beta: 1.0, transposes_a: false, transposes_b: true };
    assert_eq!(gemm_shape(attributes, &[2, 3], &[4, 3]), Ok(vec![2, 4]));
    assert!(gemm_shape(attributes, &[2, 3], &[3, 4]).is_err());
    assert!(gemm_shape(attributes, &[2, 3, 1], &[3, 4]).is_err());
    let weights = random(1, &[4, 3]);
    let bias = random(2, &[3]);
    let packed = PackedDense::pack_gemm(attributes, weights.view(), Some(bias.view()), Activation::None, true);
    assert_eq!(refusal(packed), "a summand of the shape [3] does not fit a matrix of [1, 4]");
    let cube = random(2, &[1, 1, 4]);
    let packed = PackedDense::pack_gemm(attributes, weights.view(), Some(cube.view()), Activation::None, true);
    assert_eq!(refusal(packed), "a summand of the shape [1, 1, 4] is no matrix");
    assert!(PackedDense::pack_matmul(random(1, &[4]).view(), Activation::None, true).is_err());
    let layer = PackedDense::pack_matmul(weights.view(), Activation::None, false).unwrap();
    let mut output = blank(vec![2, 3]);
    assert_eq!(refusal(layer.run(random(1, &[2, 4]).view(), None, &mut output.view_mut())), "the weights are gone");
    assert_eq!(refusal(layer.output_shape(&[2, 3])), "an input of the shape [2, 3] does not fit a matrix of [4, 3]");
    assert!(layer.output_shape(&[]).is_err());
}
