//! Tensors for a model's inputs: what the model declares, what the user says about it, and a seed.
//!
//! Pure: no file is read here and no engine is asked. Floats are uniform in [0, 1), as normalised pictures and audio are;
//! integers and booleans are 0 or 1, which every table and every mask accepts.

use std::collections::BTreeMap;

use rand_xoshiro::Xoshiro256PlusPlus;

use super::draw::drawn;
use super::error::closest;
use super::input_error::{InputError, UndecidedInput};
use super::random::stream;
use crate::suite::{ElementType, InputSpec};

/// An input with more elements than this is a mistake; the limit of `InputSpec`.
const MOST_ELEMENTS: usize = 1 << 30;

/// An input as the model declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredInput {
    /// Its name.
    pub name: String,
    /// Its element type, where the model tells it.
    pub element: Option<ElementType>,
    /// Its dimensions, where the model tells how many there are.
    pub shape: Option<Vec<Dimension>>,
}

/// A dimension as the model declares it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dimension {
    /// Always of this size.
    Fixed(usize),
    /// Of any size; with the name that the model gives it, which may be empty.
    Open(String),
}

/// An input ready to be given to an engine.
#[derive(Debug, Clone, PartialEq)]
pub struct InputTensor {
    /// Its name.
    pub name: String,
    /// Its element type.
    pub element: ElementType,
    /// Sizes of its dimensions; empty for a scalar.
    pub shape: Vec<usize>,
    /// Its elements in row-major order.
    pub data: TensorData,
}

/// Elements of a tensor.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "each variant is the type that its name says")]
pub enum TensorData {
    F32(Vec<f32>),
    I32(Vec<i32>),
    I64(Vec<i64>),
    I8(Vec<i8>),
    U8(Vec<u8>),
    Bool(Vec<bool>),
}

/// Makes a tensor for each declared input, in the order of declaration.
///
/// An override decides type, shape and fill of the input that it names, and must agree with what the model declares.
/// Overrides of an integer type fit declarations of another one and of booleans: some engines narrow `i64` to `i32` and
/// declare that. Each input has a random stream of its own, so an override leaves the values of the others alone.
pub fn make_inputs(
    declared: &[DeclaredInput],
    overrides: &BTreeMap<String, InputSpec>,
    seed: u64,
) -> Result<Vec<InputTensor>, InputError> {
    if let Some(name) = overrides.keys().find(|name| declared.iter().all(|input| input.name != **name)) {
        return Err(unknown(name, declared));
    }
    let mut specs = Vec::new();
    let mut undecided = Vec::new();
    for input in declared {
        match overrides.get(&input.name) {
            Some(spec) => {
                check(input, spec)?;
                specs.push(spec.clone());
            }
            None => match decided(input) {
                Some(spec) => specs.push(spec),
                None => undecided.push(UndecidedInput::of(input)),
            },
        }
    }
    if !undecided.is_empty() {
        return Err(InputError::Undecided { inputs: undecided });
    }
    let numbered = declared.iter().zip(specs).enumerate();
    numbered.map(|(index, (input, spec))| tensor(&input.name, spec, &mut stream(seed, index))).collect()
}

fn unknown(name: &str, declared: &[DeclaredInput]) -> InputError {
    let names = || declared.iter().map(|input| input.name.as_str());
    InputError::Unknown {
        name: name.into(),
        suggestion: closest(name, names()).map(Into::into),
        declared: names().map(Into::into).collect(),
    }
}

/// The declaration as a specification, where it leaves nothing open.
fn decided(input: &DeclaredInput) -> Option<InputSpec> {
    let sizes = input.shape.as_ref()?.iter().map(|dimension| match dimension {
        Dimension::Fixed(size) => Some(*size),
        Dimension::Open(_) => None,
    });
    Some(InputSpec { element: input.element?, shape: sizes.collect::<Option<_>>()?, fill: None })
}

fn check(input: &DeclaredInput, spec: &InputSpec) -> Result<(), InputError> {
    let is_integer = |element| matches!(element, ElementType::I32 | ElementType::I64 | ElementType::Bool);
    let name = || input.name.clone();
    match input.element {
        Some(declared) if declared != spec.element && !(is_integer(declared) && is_integer(spec.element)) => {
            return Err(InputError::Element { input: name(), declared, given: spec.element });
        }
        _ => {}
    }
    let Some(shape) = &input.shape else { return Ok(()) };
    if shape.len() != spec.shape.len() {
        return Err(InputError::Rank { input: name(), declared: shape.clone(), given: spec.clone() });
    }
    for (index, (dimension, given)) in shape.iter().zip(&spec.shape).enumerate() {
        match dimension {
            Dimension::Fixed(declared) if declared != given => {
                let (declared, given) = (*declared, *given);
                return Err(InputError::Size { input: name(), dimension: index, declared, given });
            }
            _ => {}
        }
    }
    Ok(())
}

fn tensor(name: &str, spec: InputSpec, random: &mut Xoshiro256PlusPlus) -> Result<InputTensor, InputError> {
    let InputSpec { element, shape, fill } = spec;
    let elements = shape.iter().try_fold(1usize, |product, size| product.checked_mul(*size));
    let elements = elements.filter(|count| *count <= MOST_ELEMENTS);
    let elements = elements.ok_or_else(|| InputError::TooLarge { input: name.into(), shape: shape.clone() })?;
    let data = match fill {
        Some(value) => filled(element, elements, value).ok_or_else(|| InputError::Fill {
            input: name.into(),
            element,
            value: value.to_string(),
        })?,
        None => drawn(element, elements, random),
    };
    Ok(InputTensor { name: name.into(), element, shape, data })
}

/// The same value everywhere, if the type has it.
fn filled(element: ElementType, elements: usize, value: f64) -> Option<TensorData> {
    // Every f64 between -2^63 and 2^63 without a fraction is an i64; the other integer types follow from it.
    let is_whole = value.fract() == 0.0 && (-(2f64.powi(63))..2f64.powi(63)).contains(&value);
    let whole = is_whole.then_some(value as i64);
    Some(match element {
        ElementType::F32 => TensorData::F32(vec![value as f32; elements]),
        ElementType::I32 => TensorData::I32(vec![whole?.try_into().ok()?; elements]),
        ElementType::I64 => TensorData::I64(vec![whole?; elements]),
        ElementType::I8 => TensorData::I8(vec![whole?.try_into().ok()?; elements]),
        ElementType::U8 => TensorData::U8(vec![whole?.try_into().ok()?; elements]),
        ElementType::Bool => TensorData::Bool(vec![whole.filter(|value| (0..=1).contains(value))? == 1; elements]),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(name: &str, element: ElementType, shape: &[Option<usize>]) -> DeclaredInput {
        let open = |index: usize| Dimension::Open(if index == 0 { "batch".into() } else { String::new() });
        let dimension = |(index, size): (usize, &Option<usize>)| size.map_or_else(|| open(index), Dimension::Fixed);
        DeclaredInput {
            name: name.into(),
            element: Some(element),
            shape: Some(shape.iter().enumerate().map(dimension).collect()),
        }
    }

    fn overrides(given: &[(&str, &str)]) -> BTreeMap<String, InputSpec> {
        given.iter().map(|(name, spec)| (String::from(*name), spec.parse().unwrap())).collect()
    }

    fn error(declared: &[DeclaredInput], given: &[(&str, &str)]) -> String {
        make_inputs(declared, &overrides(given), 1).unwrap_err().to_string()
    }

    #[test]
    fn fixed_inputs_need_no_help_and_follow_the_seed() {
        let model = [
            declared("x", ElementType::F32, &[Some(2), Some(3)]),
            declared("ids", ElementType::I64, &[Some(1), Some(64)]),
        ];
        let inputs = make_inputs(&model, &BTreeMap::new(), 1).unwrap();
        assert_eq!(inputs, make_inputs(&model, &BTreeMap::new(), 1).unwrap());
        assert_ne!(inputs, make_inputs(&model, &BTreeMap::new(), 2).unwrap());
        let TensorData::F32(floats) = &inputs[0].data else { panic!("{:?}", inputs[0]) };
        assert!(floats.len() == 6 && floats.iter().all(|value| (0.0..1.0).contains(value)), "{floats:?}");
        let TensorData::I64(ids) = &inputs[1].data else { panic!("{:?}", inputs[1]) };
        assert!(ids.contains(&0) && ids.contains(&1) && ids.iter().all(|id| *id == 0 || *id == 1), "{ids:?}");
    }

    #[test]
    fn an_override_leaves_the_other_inputs_alone() {
        let model = [declared("a", ElementType::F32, &[None]), declared("b", ElementType::F32, &[Some(4)])];
        let short = make_inputs(&model, &overrides(&[("a", "f32[1]")]), 1).unwrap();
        let long = make_inputs(&model, &overrides(&[("a", "f32[99]=0.5")]), 1).unwrap();
        assert_eq!(long[0].data, TensorData::F32(vec![0.5; 99]));
        assert_eq!(short[1], long[1]);
    }

    #[test]
    fn everything_that_is_open_is_told_at_once_with_the_flag_to_give() {
        let no_shape = DeclaredInput { name: "state".into(), element: None, shape: None };
        let model = [
            declared("x", ElementType::F32, &[None, Some(3), None, Some(224)]),
            declared("sr", ElementType::I64, &[]),
            no_shape,
        ];
        assert_eq!(
            error(&model, &[]),
            "2 inputs need a type and shape: `x` leaves dimensions 0 (`batch`) and 2 open, give for example \
             `--input x=f32[1,3,1,224]`; `state` declares no shape, give for example `--input state=f32[1]`"
        );
        assert_eq!(
            error(&model, &[("state", "f32[1]")]),
            "input `x` needs a type and shape: it leaves dimensions 0 (`batch`) and 2 open, give for example \
             `--input x=f32[1,3,1,224]`"
        );
    }

    #[test]
    fn overrides_must_fit_the_declaration() {
        let model = [declared("input", ElementType::F32, &[None, Some(3)]), declared("ids", ElementType::I32, &[None])];
        let x = ("input", "f32[1,3]");
        assert_eq!(
            error(&model, &[("imput", "f32[1]")]),
            "the model has no input `imput` (did you mean `input`?): it has `input`, `ids`"
        );
        assert_eq!(error(&model, &[("input", "i32[1,3]")]), "input `input` is of type f32, not i32");
        assert_eq!(
            error(&model, &[("input", "f32[3]")]),
            "input `input` has 2 dimensions [batch,3], but `f32[3]` has 1"
        );
        assert_eq!(error(&model, &[("input", "f32[1,4]")]), "dimension 1 of input `input` is always 3, not 4");
        assert_eq!(
            error(&model, &[x, ("ids", "i32[1]=0.5")]),
            "input `ids` cannot be filled with 0.5: its type is i32"
        );
        assert!(make_inputs(&model, &overrides(&[x, ("ids", "i64[1]=-1")]), 1).is_ok());
    }

    #[test]
    fn a_fill_must_be_a_value_of_the_type() {
        assert_eq!(filled(ElementType::U8, 2, 255.0), Some(TensorData::U8(vec![255; 2])));
        assert_eq!(filled(ElementType::U8, 2, 256.0), None);
        assert_eq!(filled(ElementType::I64, 1, 1e19), None);
        assert_eq!(filled(ElementType::Bool, 1, 1.0), Some(TensorData::Bool(vec![true])));
        assert_eq!(filled(ElementType::Bool, 1, 2.0), None);
        assert_eq!(filled(ElementType::I32, 1, f64::NAN), None);
    }

    #[test]
    fn sizes_beyond_reason_are_refused() {
        let model = [declared("x", ElementType::F32, &[Some(usize::MAX), Some(2)])];
        assert!(error(&model, &[]).ends_with("has more than 2^30 elements"), "{}", error(&model, &[]));
    }
}
