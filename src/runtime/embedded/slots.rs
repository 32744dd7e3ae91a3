//! Where the values of a running model are at the moment.

use std::ops::Range;

use super::arena::Arena;
use super::error::EmbeddedError;
use super::graph::{Constant, Graph, ValueId};
use super::tensor::{Element, Tensor, Values, ValuesMut, View, ViewMut};
use super::weights::WeightStore;

/// Where one value is.
#[derive(Debug, Default)]
pub(super) enum Slot<'a> {
    /// Nowhere: not computed yet, or freed.
    #[default]
    Empty,
    /// With the caller, or with the constants.
    Borrowed(Vec<usize>, Values<'a>),
    /// In memory of its own.
    Heap(Tensor),
    /// In the arena.
    Planned(Vec<usize>, Range<usize>),
}

/// Where all values are: those that were computed, and constants.
pub(super) struct Slots<'a> {
    graph: &'a Graph,
    store: &'a WeightStore,
    slots: Vec<Slot<'a>>,
}

impl<'a> Slots<'a> {
    /// No value is computed yet.
    pub(super) fn new(graph: &'a Graph, store: &'a WeightStore) -> Slots<'a> {
        let slots = std::iter::repeat_with(Slot::default).take(graph.constants.len()).collect();
        Slots { graph, store, slots }
    }

    /// Says where a value is now.
    pub(super) fn set(&mut self, value: ValueId, slot: Slot<'a>) {
        if let Some(place) = self.slots.get_mut(value) {
            *place = slot;
        }
    }

    /// Takes a value out.
    pub(super) fn take(&mut self, value: ValueId) -> Slot<'a> {
        self.slots.get_mut(value).map(std::mem::take).unwrap_or_default()
    }

    /// Where a computed value is.
    pub(super) fn slot(&self, value: ValueId) -> Option<&Slot<'a>> {
        self.slots.get(value)
    }

    /// The place of a value in the arena, if it has one.
    pub(super) fn place(&self, value: ValueId) -> Option<&Range<usize>> {
        match self.slots.get(value) {
            Some(Slot::Planned(_, range)) => Some(range),
            _ => None,
        }
    }

    /// A value that is not in the arena.
    pub(super) fn outside(&self, value: ValueId) -> Result<View<'_>, EmbeddedError> {
        match self.slots.get(value) {
            Some(Slot::Borrowed(shape, values)) => Ok(View { shape, values: *values }),
            Some(Slot::Heap(tensor)) => Ok(tensor.view()),
            _ => self.constant(value),
        }
    }

    /// A value, wherever it is.
    pub(super) fn view<'s>(&'s self, value: ValueId, arena: &'s Arena) -> Result<View<'s>, EmbeddedError> {
        match self.slots.get(value) {
            Some(Slot::Planned(shape, range)) => match arena.read(range) {
                Some(values) => Ok(View { shape, values: Values::F32(values) }),
                None => Err(misplaced()),
            },
            _ => self.outside(value),
        }
    }

    /// A value of which a part of the arena is at hand.
    pub(super) fn part<'s>(&'s self, value: ValueId, part: &'s [f32]) -> Option<View<'s>> {
        match self.slots.get(value) {
            Some(Slot::Planned(shape, _)) => Some(View { shape, values: Values::F32(part) }),
            _ => None,
        }
    }

    fn constant(&self, value: ValueId) -> Result<View<'a>, EmbeddedError> {
        let graph: &'a Graph = self.graph;
        match graph.constant(value) {
            Some(Constant::Tensor(tensor)) => Ok(tensor.view()),
            Some(Constant::Weight { id, shape, .. }) => {
                let values = self.store.kept_values(*id)?;
                match super::tensor::elements(shape) == Some(values.len()) {
                    true => Ok(View { shape, values }),
                    false => Err(EmbeddedError::Invalid(format!("{} values for the shape {shape:?}", values.len()))),
                }
            }
            None => Err(EmbeddedError::Invalid("a node reads what was not computed".into())),
        }
    }
}

/// The error that planned memory is not as planned.
pub(super) fn misplaced() -> EmbeddedError {
    EmbeddedError::Invalid("planned intermediate results overlap".into())
}

/// Where a result is written to.
pub(super) enum Target {
    /// Memory of its own.
    Heap(Tensor),
    /// A place in the arena.
    Planned(Vec<usize>, Range<usize>),
}

impl Target {
    /// A place for a result: the planned one where it has exactly the size, else memory of its own.
    pub(super) fn new(
        element: Element,
        shape: Vec<usize>,
        place: Option<&Range<usize>>,
    ) -> Result<Target, EmbeddedError> {
        let fits =
            |place: &&Range<usize>| element == Element::F32 && super::tensor::elements(&shape) == Some(place.len());
        match place.filter(fits) {
            Some(place) => Ok(Target::Planned(shape, place.clone())),
            None => Tensor::try_zeros(element, shape).map(Target::Heap),
        }
    }

    /// The place in the arena.
    pub(super) fn place(&self) -> Option<&Range<usize>> {
        match self {
            Target::Planned(_, range) => Some(range),
            Target::Heap(_) => None,
        }
    }

    /// The result, to be written. `part` gives the next part of the arena, for those that lie there.
    pub(super) fn view_mut<'t>(&'t mut self, part: impl FnOnce() -> Option<&'t mut [f32]>) -> Option<ViewMut<'t>> {
        match self {
            Target::Heap(tensor) => Some(tensor.view_mut()),
            Target::Planned(shape, _) => Some(ViewMut { shape, values: ValuesMut::F32(part()?) }),
        }
    }

    /// Where the result is when it is written.
    pub(super) fn into_slot<'a>(self) -> Slot<'a> {
        match self {
            Target::Heap(tensor) => Slot::Heap(tensor),
            Target::Planned(shape, range) => Slot::Planned(shape, range),
        }
    }
}
