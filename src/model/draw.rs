//! The values of seeded inputs, made and made anew.

use std::collections::BTreeMap;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::Rng;

use super::inputs::{InputTensor, TensorData};
use super::random::stream;
use crate::suite::{ElementType, InputSpec};

/// As many seeded values: floats uniform in [0, 1), all else 0 or 1.
pub(super) fn drawn(element: ElementType, elements: usize, random: &mut Xoshiro256PlusPlus) -> TensorData {
    let mut data = match element {
        ElementType::F32 => TensorData::F32(vec![0.0; elements]),
        ElementType::I32 => TensorData::I32(vec![0; elements]),
        ElementType::I64 => TensorData::I64(vec![0; elements]),
        ElementType::I8 => TensorData::I8(vec![0; elements]),
        ElementType::U8 => TensorData::U8(vec![0; elements]),
        ElementType::Bool => TensorData::Bool(vec![false; elements]),
    };
    draw(&mut data, random);
    data
}

/// Gives `inputs` the values that they would have been made with from `seed`, in place, but for those that `overrides` fill
/// with one value.
pub fn redraw_inputs(inputs: &mut [InputTensor], overrides: &BTreeMap<String, InputSpec>, seed: u64) {
    for (index, input) in inputs.iter_mut().enumerate() {
        let is_filled = overrides.get(&input.name).is_some_and(|spec| spec.fill.is_some());
        if !is_filled {
            draw(&mut input.data, &mut stream(seed, index));
        }
    }
}

fn draw(data: &mut TensorData, random: &mut Xoshiro256PlusPlus) {
    // The upper 24 bits of a draw are the most a float in [0, 1) can hold; the uppermost is a fair coin.
    let mut coin = || random.next_u64() >> 63;
    match data {
        TensorData::F32(values) => {
            values.iter_mut().for_each(|value| *value = (random.next_u64() >> 40) as f32 / (1 << 24) as f32);
        }
        TensorData::I32(values) => values.iter_mut().for_each(|value| *value = coin() as i32),
        TensorData::I64(values) => values.iter_mut().for_each(|value| *value = coin() as i64),
        TensorData::I8(values) => values.iter_mut().for_each(|value| *value = coin() as i8),
        TensorData::U8(values) => values.iter_mut().for_each(|value| *value = coin() as u8),
        TensorData::Bool(values) => values.iter_mut().for_each(|value| *value = coin() == 1),
    }
}

#[cfg(test)]
mod tests {
    use super::super::inputs::{DeclaredInput, Dimension, make_inputs};
    use super::*;

    #[test]
    fn inputs_that_are_drawn_anew_are_those_of_the_seed_and_fixed_values_stay() {
        let types = [
            ("a", ElementType::F32),
            ("b", ElementType::I32),
            ("c", ElementType::I64),
            ("d", ElementType::I8),
            ("e", ElementType::U8),
            ("f", ElementType::Bool),
            ("rate", ElementType::I64),
        ];
        let declared = types.map(|(name, element)| DeclaredInput {
            name: name.into(),
            element: Some(element),
            shape: Some(vec![Dimension::Fixed(40)]),
        });
        let overrides = BTreeMap::from([("rate".to_owned(), "i64[40]=16000".parse().unwrap())]);
        let first = make_inputs(&declared, &overrides, 1).unwrap();
        let mut inputs = first.clone();
        redraw_inputs(&mut inputs, &overrides, 2);
        assert_eq!(inputs, make_inputs(&declared, &overrides, 2).unwrap());
        assert!(inputs[..6].iter().zip(&first).all(|(new, old)| new.data != old.data), "{inputs:?}");
        assert_eq!(inputs[6].data, TensorData::I64(vec![16000; 40]));
    }
}
