//! The strategies: how weights come into memory.

use std::ops::Range;
use std::sync::{Arc, Mutex};

use super::heap::{HeapBytes, read_whole};
use super::mapping::{Manner, Mapping, page_size};
use super::places::{Place, Places};
use super::source::Source;
use crate::runtime::embedded::error::EmbeddedError;
use crate::suite::{Release, Weights, WeightsStrategy};

/// The model's own file in memory, to read its structure.
#[derive(Debug)]
pub(super) enum Structure {
    /// Read.
    Heap(Vec<u8>),
    /// Mapped.
    Mapped(Mapping),
}

/// What one weight is held by.
#[derive(Debug)]
pub(super) enum Held {
    /// A copy, until it is released.
    Heap(Mutex<Option<Arc<HeapBytes>>>),
    /// A part of a mapping.
    Mapped {
        /// Number of the mapping.
        mapping: usize,
        /// The bytes in it.
        range: Range<usize>,
    },
}

/// All weights in memory.
#[derive(Debug, Default)]
pub(super) struct Holdings {
    /// What each weight is held by.
    pub(super) weights: Vec<Held>,
    /// The mappings.
    pub(super) mappings: Vec<Mapping>,
}

/// Brings the weights into memory. Refuses to make more than half as many mappings as a process may have
/// (`mapping_limit`): the other half belongs to everybody else.
pub(super) fn hold(
    structure: Structure,
    places: &Places,
    options: Weights,
    mapping_limit: u64,
) -> Result<Holdings, EmbeddedError> {
    match (options.strategy, structure) {
        (WeightsStrategy::Copy | WeightsStrategy::CopyEager, Structure::Heap(structure)) => copy(structure, places),
        (WeightsStrategy::Copy | WeightsStrategy::CopyEager, Structure::Mapped(structure)) => {
            copy_eagerly(structure, places)
        }
        (WeightsStrategy::Map, structure) => map(structure, places, options.prefault),
        (WeightsStrategy::MapTensor, structure) => {
            drop(structure);
            map_tensors(places, options.prefault, mapping_limit)
        }
    }
}

/// Every file is read, every weight copied, then the files are freed: twice the weights at the end of loading, on purpose.
fn copy(structure: Vec<u8>, places: &Places) -> Result<Holdings, EmbeddedError> {
    let mut files = vec![structure];
    for (source, file) in places.files.iter().skip(1) {
        files.push(read_whole(file, source)?);
    }
    let copied = places.weights.iter().map(|place| {
        let range = range(*place, 0)?;
        let bytes = files.get(place.file).and_then(|file| file.get(range)).ok_or_else(|| too_large(*place))?;
        Ok(Held::heap(HeapBytes::copy_of(bytes)?))
    });
    Ok(Holdings { weights: copied.collect::<Result<_, EmbeddedError>>()?, mappings: Vec::new() })
}

/// Every weight is copied out of a mapping, in the order of the file, and its pages are given back at once.
fn copy_eagerly(structure: Mapping, places: &Places) -> Result<Holdings, EmbeddedError> {
    let mapped = map(Structure::Mapped(structure), places, false)?;
    let mut order: Vec<usize> = (0..places.weights.len()).collect();
    order.sort_by_key(|index| places.weights.get(*index).map(|place| (place.file, place.offset)));
    let mut copied: Vec<Option<Held>> = mapped.weights.iter().map(|_| None).collect();
    for index in order {
        let (Some(held), Some(place), Some(slot)) =
            (mapped.weights.get(index), places.weights.get(index), copied.get_mut(index))
        else {
            continue;
        };
        *slot = Some(Held::heap(match held {
            Held::Mapped { mapping, range } => copy_out(&mapped, *mapping, range, places, *place)?,
            Held::Heap(_) => HeapBytes::copy_of(&[])?,
        }));
    }
    Ok(Holdings { weights: copied.into_iter().flatten().collect(), mappings: Vec::new() })
}

/// Copies a weight out of its mapping, and gives back the pages that no other still needs.
fn copy_out(
    mapped: &Holdings,
    mapping: usize,
    range: &Range<usize>,
    places: &Places,
    place: Place,
) -> Result<HeapBytes, EmbeddedError> {
    let mapping = mapped.mappings.get(mapping);
    let copy = mapping.and_then(|mapping| mapping.read(range.clone(), HeapBytes::copy_of));
    let copy = copy.expect("pages stay mapped until the last weight that touches them was copied")?;
    let manner = Manner { release: Release::Dontneed, strict: false };
    let released = mapping.map_or(Ok(()), |mapping| mapping.release(range.clone(), manner));
    released.map_err(|error| source_of(places, place, error))?;
    Ok(copy)
}

/// Every file that weights lie in is mapped as a whole.
fn map(structure: Structure, places: &Places, prefault: bool) -> Result<Holdings, EmbeddedError> {
    let mut structure = match structure {
        Structure::Mapped(mapping) => Some(mapping),
        Structure::Heap(_) => None,
    };
    let mut holdings = Holdings::default();
    let mut numbers: Vec<Option<usize>> = vec![None; places.files.len()];
    for place in &places.weights {
        let (Some((source, file)), Some(number)) = (places.files.get(place.file), numbers.get_mut(place.file)) else {
            continue;
        };
        if number.is_none() && place.length > 0 {
            let length = usize::try_from(source.size()).map_err(|_| too_large(*place))?;
            let mapping = match structure.take_if(|_| place.file == 0) {
                Some(mapping) => mapping,
                None => Mapping::new(file, 0, length).map_err(|error| source.unreadable(error))?,
            };
            if prefault {
                mapping.bring_in().map_err(|error| source.unreadable(error))?;
            } else {
                mapping.evict();
            }
            *number = Some(holdings.mappings.len());
            holdings.mappings.push(mapping);
        }
        holdings.enter(*number, range(*place, 0)?)?;
    }
    Ok(holdings)
}

/// Every weight has a mapping of its own, from the start of the page that its first byte lies in.
fn map_tensors(places: &Places, prefault: bool, mapping_limit: u64) -> Result<Holdings, EmbeddedError> {
    let count = places.weights.iter().filter(|place| place.length > 0).count();
    if count as u64 > mapping_limit / 2 {
        return Err(EmbeddedError::Refused(format!(
            "`map-tensor` would make {count} mappings; half of vm.max_map_count ({mapping_limit}) is as many as it takes"
        )));
    }
    let mut holdings = Holdings::default();
    for place in &places.weights {
        let Some((source, file)) = places.files.get(place.file) else { continue };
        let start = place.offset - place.offset % page_size() as u64;
        let range = range(*place, start)?;
        if range.is_empty() {
            holdings.enter(None, range)?;
            continue;
        }
        let mapping = Mapping::new(file, start, range.end).map_err(|error| source.unreadable(error))?;
        if prefault {
            mapping.bring_in().map_err(|error| source.unreadable(error))?;
        }
        holdings.mappings.push(mapping);
        holdings.enter(Some(holdings.mappings.len() - 1), range)?;
    }
    Ok(holdings)
}

impl Holdings {
    /// Notes the next weight: where it lies, or that there is nothing of it.
    fn enter(&mut self, number: Option<usize>, range: Range<usize>) -> Result<(), EmbeddedError> {
        let held = match number.and_then(|number| Some((number, self.mappings.get(number)?))) {
            Some((number, mapping)) if !range.is_empty() => {
                mapping.enter(range.clone());
                Held::Mapped { mapping: number, range }
            }
            _ => Held::heap(HeapBytes::copy_of(&[])?),
        };
        self.weights.push(held);
        Ok(())
    }
}

impl Held {
    fn heap(bytes: HeapBytes) -> Held {
        Held::Heap(Mutex::new(Some(Arc::new(bytes))))
    }
}

/// The bytes of a weight, counted from `start` of its file.
fn range(place: Place, start: u64) -> Result<Range<usize>, EmbeddedError> {
    let first = usize::try_from(place.offset - start).map_err(|_| too_large(place))?;
    let length = usize::try_from(place.length).map_err(|_| too_large(place))?;
    Ok(first..first.checked_add(length).ok_or_else(|| too_large(place))?)
}

/// More than this machine can address.
fn too_large(place: Place) -> EmbeddedError {
    EmbeddedError::OutOfMemory(place.offset.saturating_add(place.length))
}

fn source_of(places: &Places, place: Place, error: std::io::Error) -> EmbeddedError {
    match places.files.get(place.file) {
        Some((source, _)) => Source::unreadable(source, error),
        None => too_large(place),
    }
}
