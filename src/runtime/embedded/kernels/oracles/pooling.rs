//! Pooling.

use proptest::prelude::*;
use rten_tensor::prelude::*;

use super::super::pool::{average_pool, global_average_pool, max_pool, pool_shape};
use super::{assert_close, blank, naive, random, values, window};
use crate::runtime::embedded::operator::{PaddedMean, Padding, Window};
use crate::runtime::embedded::tensor::Tensor;

/// What is computed of each window; the largest value where there is no mean.
fn pool(window: Window, mean: Option<PaddedMean>, input: &Tensor) -> Result<Tensor, String> {
    let mut output = blank(pool_shape(window, &input.shape)?);
    match mean {
        None => max_pool(window, input.view(), &mut output.view_mut())?,
        Some(mean) => average_pool(window, mean, input.view(), &mut output.view_mut())?,
    }
    Ok(output)
}

/// What rten computes; nothing where it cannot.
fn rten(window: Window, mean: Option<PaddedMean>, input: &Tensor) -> Option<Vec<f32>> {
    let Padding::Explicit(padding) = window.padding else { return None };
    if window.dilations != [1, 1] || window.ceil || window.rank == 1 {
        return None;
    }
    let buffers = rten::BufferPool::new();
    let tensor = rten_tensor::Tensor::from_data(&input.shape, values(input).to_vec());
    let padding = rten::ops::Padding::Fixed(padding.as_slice().into());
    let (view, kernel, strides) = (tensor.view(), &window.kernel, &window.strides);
    let output = match mean {
        None => rten::ops::max_pool(&buffers, view, kernel, strides, padding, Default::default()),
        Some(mean) => {
            let counts = mean == PaddedMean::IncludesPadding;
            rten::ops::average_pool(&buffers, view, kernel, strides, padding, counts, Default::default())
        }
    };
    output.ok().map(|output| output.to_vec())
}

prop_compose! {
    fn windows()(
        kernel in prop::array::uniform2(1_usize..5),
        strides in prop::array::uniform2(1_usize..5),
        dilations in prop::array::uniform2(1_usize..3),
        padding in prop_oneof![
            4 => prop::array::uniform4(0_usize..3).prop_map(Padding::Explicit),
            1 => Just(Padding::SameUpper),
            1 => Just(Padding::SameLower),
        ],
        ceil: bool,
    ) -> Window {
        Window { rank: 2, kernel, strides, dilations, padding, ceil }
    }
}

fn means() -> impl Strategy<Value = Option<PaddedMean>> {
    prop_oneof![Just(None), Just(Some(PaddedMean::IncludesPadding)), Just(Some(PaddedMean::ExcludesPadding))]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn pooling_is_what_loops_and_rten_compute(
        window in windows(),
        mean in means(),
        batch in 1_usize..3,
        size in prop::array::uniform2(prop_oneof![3 => 1_usize..12, 1 => 30_usize..50]),
        seed: u64,
    ) {
        let input = random(seed, &[batch, 3, size[0], size[1]]);
        let Ok(output) = pool(window, mean, &input) else {
            prop_assert_eq!(rten(window, mean, &input), None);
            return Ok(());
        };
        assert_close(values(&output), &naive::pool(&window, mean, &input, &output));
        let is_empty = |value: &f32| value.is_nan();
        if let Some(expected) = rten(window, mean, &input).filter(|values| !values.iter().any(is_empty)) {
            assert_close(values(&output), &expected);
        }
    }
}

#[test]
fn a_last_window_counts_if_it_starts_in_the_picture() {
    // Four columns in pairs that overlap by none: a window of 3 with stride 2 fits once, and a second starts at column 2.
    let shape = |window| pool_shape(window, &[1, 1, 1, 4]).unwrap();
    let narrow = Window { strides: [1, 2], ..window([1, 3]) };
    assert_eq!(shape(narrow), [1, 1, 1, 1]);
    assert_eq!(shape(Window { ceil: true, ..narrow }), [1, 1, 1, 2]);
    // With a stride of 4 the second would start behind the picture.
    let far = Window { strides: [1, 4], ceil: true, ..window([1, 3]) };
    assert_eq!(pool_shape(far, &[1, 1, 1, 4]).unwrap(), [1, 1, 1, 1]);
    let input = random(1, &[1, 1, 1, 4]);
    let means = pool(Window { ceil: true, ..narrow }, Some(PaddedMean::IncludesPadding), &input).unwrap();
    let values = values(&input);
    assert_close(super::values(&means), &[(values[0] + values[1] + values[2]) / 3.0, (values[2] + values[3]) / 2.0]);
}

#[test]
fn one_dimension_is_pooled_as_one_row() {
    let window = Window { rank: 1, strides: [1, 2], ..window([1, 2]) };
    let input = random(2, &[2, 3, 20]);
    let output = pool(window, None, &input).unwrap();
    assert_eq!(output.shape, [2, 3, 10]);
    let expected: Vec<f32> = values(&input).chunks(2).map(|pair| pair[0].max(pair[1])).collect();
    assert_close(values(&output), &expected);
}

#[test]
fn tall_pictures_are_pooled_in_bands() {
    for strides in [[1, 1], [2, 2], [3, 3]] {
        let window = Window { strides, padding: Padding::Explicit([1; 4]), ..window([3, 3]) };
        let input = random(3, &[1, 2, 600, 33]);
        for mean in [None, Some(PaddedMean::ExcludesPadding)] {
            let output = pool(window, mean, &input).unwrap();
            assert_close(values(&output), &naive::pool(&window, mean, &input, &output));
        }
    }
}

#[test]
fn global_means_keep_the_number_of_dimensions() {
    let input = random(4, &[2, 3, 5, 7]);
    let mut output = blank(vec![2, 3, 1, 1]);
    global_average_pool(input.view(), &mut output.view_mut()).unwrap();
    let expected: Vec<f32> = values(&input).chunks(35).map(|channel| channel.iter().sum::<f32>() / 35.0).collect();
    assert_close(values(&output), &expected);
}
