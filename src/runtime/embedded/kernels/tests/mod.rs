//! Tests of the light kernels, and of the shapes that are inferred for them.

mod errors;
mod heavy;
mod malformed;
mod moved;
mod normalized;
mod pairs;
mod parts;
mod properties;
mod reduced;
mod single;

use super::{is_alias, run, run_in_place, works_in_place};
use crate::runtime::embedded::operator::Operator;
use crate::runtime::embedded::shapes::{Declared, Fact, infer};
use crate::runtime::embedded::tensor::{Buffer, Tensor, View, elements};

/// A tensor of floats.
pub(super) fn floats(shape: &[usize], values: &[f32]) -> Tensor {
    Tensor { shape: shape.to_vec(), buffer: Buffer::F32(values.to_vec()) }
}

/// A tensor of 32-bit integers.
pub(super) fn ints(shape: &[usize], values: &[i32]) -> Tensor {
    Tensor { shape: shape.to_vec(), buffer: Buffer::I32(values.to_vec()) }
}

/// A tensor of 64-bit integers.
pub(super) fn longs(shape: &[usize], values: &[i64]) -> Tensor {
    Tensor { shape: shape.to_vec(), buffer: Buffer::I64(values.to_vec()) }
}

/// A tensor of truth values.
pub(super) fn bools(shape: &[usize], values: &[bool]) -> Tensor {
    Tensor { shape: shape.to_vec(), buffer: Buffer::Bool(values.to_vec()) }
}

/// Infers the only output of a node whose inputs have values.
pub(super) fn declare(operator: &Operator, inputs: &[Option<Tensor>]) -> Result<Declared, String> {
    let facts: Vec<_> = inputs.iter().map(|input| input.as_ref().map(|tensor| Fact::from(tensor.view()))).collect();
    Ok(infer(operator, &facts, 1)?.remove(0))
}

/// Infers and computes the only output of a node; the memory of the output holds something else before.
pub(super) fn compute(operator: &Operator, inputs: &[Option<Tensor>]) -> Result<Tensor, String> {
    let declared = declare(operator, inputs)?;
    let shape = declared.shape.expect("all inputs have values");
    let length = elements(&shape).expect("inferred shapes can be counted");
    let mut output = Tensor { buffer: Buffer::zeros(declared.element, length), shape };
    match &mut output.buffer {
        Buffer::F32(values) => values.fill(f32::NAN),
        Buffer::I32(values) => values.fill(-77),
        Buffer::I64(values) => values.fill(-77),
        Buffer::Bool(values) => values.fill(true),
    }
    run(operator, &views(inputs), &mut [Some(output.view_mut())])?;
    Ok(output)
}

/// Computes a node over its first input.
pub(super) fn compute_in_place(operator: &Operator, inputs: &[Option<Tensor>]) -> Result<Tensor, String> {
    let (first, others) = inputs.split_first().expect("a node with inputs");
    let mut target = first.clone().expect("a first input");
    run_in_place(operator, &mut target.view_mut(), &views(others))?;
    Ok(target)
}

/// The tensors, borrowed.
pub(super) fn views(tensors: &[Option<Tensor>]) -> Vec<Option<View<'_>>> {
    tensors.iter().map(|tensor| tensor.as_ref().map(Tensor::view)).collect()
}

/// Asserts what a node computes, in an output of its own and, where it can, over its first input.
fn case(name: &str, operator: Operator, inputs: &[Option<Tensor>], expected: Tensor) {
    let computed = compute(&operator, inputs).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_close(name, &computed, &expected);
    let first = inputs[0].as_ref().expect("a first input");
    let fits = first.shape == expected.shape && first.view().values.element() == expected.view().values.element();
    if works_in_place(&operator) && fits {
        let computed = compute_in_place(&operator, inputs).unwrap_or_else(|error| panic!("{name} in place: {error}"));
        assert_close(name, &computed, &expected);
    } else if works_in_place(&operator) {
        compute_in_place(&operator, inputs).expect_err(name);
    }
    if is_alias(&operator) {
        assert_eq!(computed.buffer, first.buffer, "{name} moves something");
    }
    assert_partial_facts_agree(name, &operator, inputs, &expected);
}

/// Whatever is left out of what is known, the type stays and a shape that is told is the right one.
fn assert_partial_facts_agree(name: &str, operator: &Operator, inputs: &[Option<Tensor>], expected: &Tensor) {
    for unknown in 0..3_usize.pow(u32::try_from(inputs.len()).expect("a few inputs")) {
        let mut digits = unknown;
        let facts: Vec<_> = inputs
            .iter()
            .map(|input| {
                let digit = digits % 3;
                digits /= 3;
                let fact = Fact::from(input.as_ref()?.view());
                Some(match digit {
                    0 => fact,
                    1 => Fact { values: None, ..fact },
                    _ => Fact { values: None, shape: None, ..fact },
                })
            })
            .collect();
        let declared = infer(operator, &facts, 1).unwrap_or_else(|error| panic!("{name} of {facts:?}: {error}"));
        assert_eq!(declared[0].element, expected.view().values.element(), "{name}");
        assert!(declared[0].shape.iter().all(|shape| *shape == expected.shape), "{name}: {declared:?}");
    }
}

/// Asserts equality, of floats up to rounding.
pub(super) fn assert_close(name: &str, computed: &Tensor, expected: &Tensor) {
    let (Buffer::F32(found), Buffer::F32(wanted)) = (&computed.buffer, &expected.buffer) else {
        return assert_eq!(computed, expected, "{name}");
    };
    assert_eq!(computed.shape, expected.shape, "{name}");
    assert_eq!(found.len(), wanted.len(), "{name}");
    for (found, wanted) in found.iter().zip(wanted) {
        let same = found == wanted || (found.is_nan() && wanted.is_nan());
        let near = (found - wanted).abs() <= 1e-6 + 1e-5 * wanted.abs();
        assert!(same || near, "{name}: {found} instead of {wanted}\n{computed:?}\n{expected:?}");
    }
}
