//! Who needs which weight, and what is released when nobody does any more.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::guard::{Bytes, Taken};
use super::heap::HeapBytes;
use super::hold::{Held, Holdings};
use super::mapping::{Manner, Mapping};
use super::places::Places;
use super::source::Source;
use crate::runtime::embedded::error::EmbeddedError;
use crate::runtime::embedded::tensor::Element;
use crate::suite::{Release, ReleaseWhen, Weights};

/// A weight of one store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::runtime::embedded) struct WeightId(usize);

impl WeightId {
    pub(super) fn new(index: usize) -> WeightId {
        WeightId(index)
    }
}

/// The weights of a loaded model.
#[derive(Debug)]
pub(in crate::runtime::embedded) struct WeightStore {
    weights: Vec<Weight>,
    names: HashMap<String, WeightId>,
    mappings: Vec<Mapping>,
    sources: Vec<Source>,
    options: Weights,
    /// The first release that failed: a guard that is dropped cannot say so itself.
    failure: Mutex<Option<io::Error>>,
}

/// One weight, and who needs it.
#[derive(Debug)]
pub(super) struct Weight {
    held: Held,
    element: Element,
    length: u64,
    /// Consumers that take it once each.
    packs: u32,
    /// Whether it is read while the model runs.
    is_kept: bool,
    /// What it is read from then, where it is not the mapping.
    kept_copy: Option<Arc<HeapBytes>>,
    taken: AtomicU32,
    acknowledged: AtomicU32,
    is_released: AtomicBool,
}

/// What a store holds at the moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::runtime::embedded) struct WeightReport {
    /// Bytes of copies in the heap.
    pub(in crate::runtime::embedded) heap_bytes: u64,
    /// Bytes of mapped pages that were not released; as many can be resident.
    pub(in crate::runtime::embedded) mapped_bytes: u64,
    /// Bytes that were released: pages of mappings, or copies.
    pub(in crate::runtime::embedded) released_bytes: u64,
    /// Number of mappings.
    pub(in crate::runtime::embedded) mappings: usize,
    /// Mapped weights that were copied to be kept, since their place in the file is not aligned to their elements.
    pub(in crate::runtime::embedded) unaligned_copies: usize,
}

impl WeightStore {
    /// A store of these weights; the files are as they were when they were opened.
    pub(super) fn new(places: Places, holdings: Holdings, options: Weights) -> Result<WeightStore, EmbeddedError> {
        let weights = holdings.weights.into_iter().zip(&places.weights).map(|(held, place)| Weight {
            held,
            element: place.element,
            length: place.length,
            packs: 0,
            is_kept: false,
            kept_copy: None,
            taken: AtomicU32::new(0),
            acknowledged: AtomicU32::new(0),
            is_released: AtomicBool::new(false),
        });
        let mut store = WeightStore {
            weights: weights.collect(),
            names: places.names,
            mappings: holdings.mappings,
            sources: places.files.into_iter().map(|(source, _)| source).collect(),
            options,
            failure: Mutex::new(None),
        };
        store.check_unchanged()?;
        store.forget_unmapped_files();
        Ok(store)
    }

    /// The weight of that name. Names that mean the same bytes of the same file give the same weight.
    pub(in crate::runtime::embedded) fn find(&self, name: &str) -> Option<WeightId> {
        self.names.get(name).copied()
    }

    /// Number of weights.
    pub(in crate::runtime::embedded) fn count(&self) -> usize {
        self.weights.len()
    }

    /// Bytes of all weights, released ones included.
    pub(in crate::runtime::embedded) fn bytes_total(&self) -> u64 {
        self.weights.iter().fold(0, |total, weight| total.saturating_add(weight.length))
    }

    /// Type of a weight's elements.
    pub(in crate::runtime::embedded) fn element(&self, id: WeightId) -> Option<Element> {
        self.weights.get(id.0).map(|weight| weight.element)
    }

    /// Announces consumers before anything is taken; several calls add up. `packs` of them take the weight once each while
    /// the model is prepared; a weight that is `kept` is also read while the model runs, and never released.
    pub(in crate::runtime::embedded) fn announce(
        &mut self,
        id: WeightId,
        packs: u32,
        kept: bool,
    ) -> Result<(), EmbeddedError> {
        let WeightStore { weights, mappings, names, .. } = self;
        let refused = |what| Err(refusal(names, id, what));
        let Some(weight) = weights.get_mut(id.0) else {
            return refused("is of another store");
        };
        if *weight.is_released.get_mut() {
            return refused("was released before it was announced");
        }
        let Some(packs) = weight.packs.checked_add(packs) else {
            return refused("has too many consumers");
        };
        weight.packs = packs;
        if kept && !weight.is_kept {
            weight.keep(mappings)?;
        }
        Ok(())
    }

    /// The weight for one consumer. The end of the guard acknowledges that the consumer needs it no more; with the last
    /// announced one's it is released, or at [`finish`](Self::finish). An error if more come than were announced.
    pub(in crate::runtime::embedded) fn take(&self, id: WeightId) -> Result<Taken<'_>, EmbeddedError> {
        let weight = self.weight(id)?;
        let next = |taken: u32| (taken < weight.packs).then_some(taken + 1);
        if weight.taken.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_err() {
            return Err(refusal(&self.names, id, "has more consumers than were announced"));
        }
        let bytes = match &weight.held {
            _ if weight.is_released.load(Ordering::Acquire) => None,
            Held::Heap(slot) => lock(slot).clone().map(Bytes::Heap),
            Held::Mapped { mapping, range } => {
                self.mappings.get(*mapping).map(|mapping| Bytes::Mapped { mapping, range: range.clone() })
            }
        };
        match bytes {
            Some(bytes) => Ok(Taken::new(self, id, bytes)),
            None => Err(refusal(&self.names, id, "was released")),
        }
    }

    /// Notes that a consumer needs the weight no more.
    pub(super) fn acknowledge(&self, id: WeightId) {
        let Some(weight) = self.weights.get(id.0) else { return };
        // The one who releases sees everything that the others did with the weight before they acknowledged.
        let acknowledged = weight.acknowledged.fetch_add(1, Ordering::AcqRel) + 1;
        if acknowledged == weight.packs && self.options.release_when == ReleaseWhen::Tensor {
            self.release(weight);
        }
    }

    /// The bytes of a kept weight.
    #[expect(unsafe_code, reason = "weights are used where the file is mapped")]
    pub(in crate::runtime::embedded) fn kept(&self, id: WeightId) -> Result<&[u8], EmbeddedError> {
        let weight = self.weight(id)?;
        if !weight.is_kept {
            return Err(refusal(&self.names, id, "was not announced as kept"));
        }
        if let Some(copy) = &weight.kept_copy {
            return Ok(copy.bytes());
        }
        let mapped = match &weight.held {
            Held::Mapped { mapping, range } => self.mappings.get(*mapping).map(|mapping| (mapping, range.clone())),
            Held::Heap(_) => None,
        };
        let (mapping, range) = mapped.ok_or_else(|| refusal(&self.names, id, "is gone"))?;
        // SAFETY: a weight that is kept without a copy is never released (`Weight::can_go`), and its pages stay as long as a
        // weight that touches them is not released.
        Ok(unsafe { mapping.slice(range) })
    }

    /// End of the preparation: what can go goes, also weights that nobody announced.
    pub(in crate::runtime::embedded) fn finish(&mut self) -> Result<(), EmbeddedError> {
        let manner = self.manner();
        if manner.release != Release::Keep {
            for weight in self.weights.iter().filter(|weight| weight.can_go()) {
                self.let_go(weight, |mapping, range| {
                    mapping.leave(range);
                    Ok(())
                });
            }
            for mapping in &self.mappings {
                self.note(mapping.release_unneeded(manner));
            }
        }
        if let Some(error) = lock(&self.failure).take() {
            return Err(EmbeddedError::Refused(format!("weights cannot be released ({:?}): {error}", manner.release)));
        }
        self.check_unchanged()?;
        self.forget_unmapped_files();
        Ok(())
    }

    /// Files that weights are still read from are what they were when they were opened: with copies that is so up to the end
    /// of loading, with mappings as long as there is one.
    pub(in crate::runtime::embedded) fn check_unchanged(&self) -> Result<(), EmbeddedError> {
        self.sources.iter().try_for_each(Source::check_unchanged)
    }

    /// Whether the running model reads weights where their file is mapped.
    pub(in crate::runtime::embedded) fn is_read_in_place(&self) -> bool {
        let is_mapped = |weight: &Weight| matches!(weight.held, Held::Mapped { .. });
        self.weights.iter().any(|weight| weight.is_kept && weight.kept_copy.is_none() && is_mapped(weight))
    }

    /// What the store holds at the moment.
    pub(in crate::runtime::embedded) fn report(&self) -> WeightReport {
        let mut report = WeightReport::default();
        for weight in &self.weights {
            report.unaligned_copies += usize::from(weight.is_copied_to_be_kept());
            if let Some(copy) = weight.kept_copy.as_ref().filter(|_| weight.is_copied_to_be_kept()) {
                report.heap_bytes += copy.bytes().len() as u64;
            }
            if let Held::Heap(slot) = &weight.held {
                let in_heap = if lock(slot).is_some() { &mut report.heap_bytes } else { &mut report.released_bytes };
                *in_heap += weight.length;
            }
        }
        for mapping in &self.mappings {
            let (mapped, released) = mapping.bytes();
            report.mapped_bytes += mapped;
            report.released_bytes += released;
            report.mappings += usize::from(mapping.is_mapped());
        }
        report
    }

    /// Where nothing is mapped, nobody reads a file any more, and what becomes of it is nobody's concern.
    fn forget_unmapped_files(&mut self) {
        if !self.mappings.iter().any(Mapping::is_mapped) {
            self.sources.clear();
        }
    }

    /// Names of the weights, for messages.
    pub(super) fn names(&self) -> &HashMap<String, WeightId> {
        &self.names
    }

    fn weight(&self, id: WeightId) -> Result<&Weight, EmbeddedError> {
        self.weights.get(id.0).ok_or_else(|| refusal(&self.names, id, "is of another store"))
    }

    fn release(&self, weight: &Weight) {
        let manner = self.manner();
        if manner.release != Release::Keep && weight.can_go() {
            self.let_go(weight, |mapping, range| mapping.release(range, manner));
        }
    }

    /// Frees a copy; a part of a mapping goes as `from_mapping` says.
    fn let_go(&self, weight: &Weight, from_mapping: impl Fn(&Mapping, std::ops::Range<usize>) -> io::Result<()>) {
        if weight.is_released.swap(true, Ordering::AcqRel) {
            return;
        }
        match &weight.held {
            Held::Heap(slot) => drop(lock(slot).take()),
            Held::Mapped { mapping, range } => {
                let mapping = self.mappings.get(*mapping);
                self.note(mapping.map_or(Ok(()), |mapping| from_mapping(mapping, range.clone())));
            }
        }
    }

    fn note(&self, released: io::Result<()>) {
        if let Err(error) = released {
            lock(&self.failure).get_or_insert(error);
        }
    }

    fn manner(&self) -> Manner {
        Manner { release: self.options.release, strict: self.options.strict }
    }
}

impl Weight {
    /// Makes sure that the weight can be read, aligned, as long as the store lives.
    fn keep(&mut self, mappings: &[Mapping]) -> Result<(), EmbeddedError> {
        self.kept_copy = match &self.held {
            Held::Heap(slot) => lock(slot).clone(),
            Held::Mapped { mapping, range } => match mappings.get(*mapping) {
                Some(mapping) if !mapping.is_aligned(range.start, self.element.bytes()) => {
                    let copy = mapping.read(range.clone(), HeapBytes::copy_of);
                    Some(Arc::new(copy.expect("the pages of a weight stay until it is released")?))
                }
                _ => None,
            },
        };
        self.is_kept = true;
        Ok(())
    }

    /// Whether the original may be released once it was packed.
    fn can_go(&self) -> bool {
        !self.is_kept || self.is_copied_to_be_kept()
    }

    fn is_copied_to_be_kept(&self) -> bool {
        self.kept_copy.is_some() && matches!(self.held, Held::Mapped { .. })
    }
}

/// What the runtime does with a weight that it may not.
pub(super) fn refusal(names: &HashMap<String, WeightId>, id: WeightId, what: &str) -> EmbeddedError {
    let name = names.iter().find(|(_, other)| **other == id).map_or("", |(name, _)| name);
    EmbeddedError::Invalid(format!("weight `{name}` {what}"))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
