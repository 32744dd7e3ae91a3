//! The inputs that executions are given: made once for every shape, changed in place.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::error::WorkError;
use super::turns::Turns;
use crate::model::{DeclaredInput, Dimension, InputTensor, make_inputs, redraw_inputs};
use crate::suite::{Case, InputSpec, ModelSpec, ReshapeSpec, Vary};

/// The inputs of one model.
pub(super) struct Tensors {
    /// What is known about the model's inputs beside what it declares.
    known: BTreeMap<String, InputSpec>,
    seed: u64,
    vary: Vary,
    reshape: Option<(ReshapeSpec, Turns)>,
    /// The shape whose turn it is.
    shape: usize,
    /// The inputs in every shape; none until a prepared model has told what it declares.
    made: Mutex<Vec<Arc<[InputTensor]>>>,
}

impl Tensors {
    /// The inputs that `model` of `case` will be given.
    pub(super) fn new(case: &Case, model: &ModelSpec) -> Tensors {
        let turns = |spec: &ReshapeSpec| Turns::new(spec.order, spec.batches.len(), case.seed);
        Tensors {
            known: model.inputs.clone(),
            seed: case.seed,
            vary: case.workload.vary,
            reshape: case.workload.reshape.as_ref().map(|spec| (spec.clone(), turns(spec))),
            shape: 0,
            made: Mutex::new(Vec::new()),
        }
    }

    /// Chooses the shape, and where they vary the values, of iteration number `iteration`, which is this model's turn number
    /// `round`, counted from 0. Nothing is allocated. The first values that a model is given are those of the seed itself.
    pub(super) fn begin(&mut self, iteration: u64, round: u64) {
        if let Some((spec, turns)) = &mut self.reshape {
            self.shape = turns.at((round % spec.batches.len() as u64) as usize);
        }
        let made = self.made.get_mut().unwrap_or_else(PoisonError::into_inner);
        if self.vary == Vary::Content
            && let Some(inputs) = made.get_mut(self.shape)
        {
            let seed = self.seed.wrapping_add(iteration.rotate_left(32));
            redraw_inputs(Arc::make_mut(inputs), &self.known, seed);
        }
    }

    /// The inputs of this iteration for a model that declares `declared`. Those of all shapes are made when it is asked for
    /// the first time.
    ///
    /// # Errors
    /// If something about them is left open, or where all of them have to be reshaped and none can be.
    pub(super) fn given(&self, declared: impl FnOnce() -> Vec<DeclaredInput>) -> Result<Arc<[InputTensor]>, WorkError> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if made.is_empty() {
            *made = self.make(&declared())?;
        }
        Ok(Arc::clone(&made[self.shape]))
    }

    /// All that is known about the inputs of this iteration: their shapes among it, once they are made.
    pub(super) fn known(&self) -> BTreeMap<String, InputSpec> {
        let made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        let mut known = self.known.clone();
        for input in made.get(self.shape).iter().flat_map(|inputs| inputs.iter()) {
            let fill = known.get(&input.name).and_then(|spec| spec.fill);
            let spec = InputSpec { element: input.element, shape: input.shape.clone(), fill };
            known.insert(input.name.clone(), spec);
        }
        known
    }

    fn make(&self, declared: &[DeclaredInput]) -> Result<Vec<Arc<[InputTensor]>>, WorkError> {
        let Some((spec, _)) = &self.reshape else {
            return Ok(vec![make_inputs(declared, &self.known, self.seed)?.into()]);
        };
        let shaped = |batch: &u32| {
            let known = reshaped(declared, &self.known, spec.dimension, *batch);
            let known = known.ok_or(WorkError::NothingToReshape(spec.dimension))?;
            Ok(make_inputs(declared, &known, self.seed)?.into())
        };
        spec.batches.iter().map(shaped).collect()
    }
}

/// What is known about the inputs where `dimension` of each that leaves it open has this size; `None` where none does.
fn reshaped(
    declared: &[DeclaredInput],
    known: &BTreeMap<String, InputSpec>,
    dimension: u32,
    size: u32,
) -> Option<BTreeMap<String, InputSpec>> {
    let dimension = dimension as usize;
    let mut shaped = known.clone();
    let mut is_reshaped = false;
    for input in declared {
        // Without a declared shape everything is open, and what is known about the input tells how many dimensions it has.
        let is_open = match &input.shape {
            Some(shape) => matches!(shape.get(dimension), Some(Dimension::Open(_))),
            None => known.get(&input.name).is_none_or(|spec| spec.shape.len() > dimension),
        };
        if !is_open {
            continue;
        }
        is_reshaped = true;
        let spec = known.get(&input.name).cloned().or_else(|| fixed(input, dimension, size as usize));
        // Where something else is open too, whoever makes the inputs says so.
        if let Some(mut spec) = spec {
            if let Some(place) = spec.shape.get_mut(dimension) {
                *place = size as usize;
            }
            shaped.insert(input.name.clone(), spec);
        }
    }
    is_reshaped.then_some(shaped)
}

/// A declaration as a specification, where nothing is open but `dimension`, which is to have this size.
fn fixed(input: &DeclaredInput, dimension: usize, size: usize) -> Option<InputSpec> {
    let sizes = input.shape.as_ref()?.iter().enumerate().map(|(place, declared)| match declared {
        Dimension::Fixed(size) => Some(*size),
        Dimension::Open(_) => (place == dimension).then_some(size),
    });
    Some(InputSpec { element: input.element?, shape: sizes.collect::<Option<_>>()?, fill: None })
}
