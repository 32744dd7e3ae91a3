//! Which weights there are, and in which files: names that mean the same bytes are one weight.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::path::{Component, Path, PathBuf};

use super::source::Source;
use super::store::WeightId;
use super::structure::{Declared, DeclaredPlace};
use crate::runtime::embedded::error::EmbeddedError;
use crate::runtime::embedded::tensor::Element;

/// How many times its file's bytes the weights of a file may have together.
const MOST_SHARING: u64 = 4;

/// Where a weight lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// Number of the file.
    pub(super) file: usize,
    /// First byte.
    pub(super) offset: u64,
    /// Number of bytes; all of them lie within the file.
    pub(super) length: u64,
    /// Type of the elements.
    pub(super) element: Element,
}

/// The weights of a model, and the files that they lie in. The first file is the model's own.
#[derive(Debug)]
pub(super) struct Places {
    /// The files.
    pub(super) files: Vec<(Source, File)>,
    /// The weights.
    pub(super) weights: Vec<Place>,
    /// What each is called; weights that are tied have several names.
    pub(super) names: HashMap<String, WeightId>,
}

impl Places {
    /// Finds the places of what the model's file declares.
    pub(super) fn find(model: (Source, File), path: &Path, declared: Vec<Declared>) -> Result<Places, EmbeddedError> {
        let mut places = Places { files: vec![model], weights: Vec::new(), names: HashMap::new() };
        let (mut known, mut taken) = (HashMap::new(), HashMap::new());
        let mut locations = HashMap::new();
        for weight in declared {
            let (file, offset) = match &weight.place {
                DeclaredPlace::Inline(offset) => (0, *offset),
                DeclaredPlace::External { location, offset } => {
                    (places.external_file(path, &weight.name, location, &mut locations)?, *offset)
                }
            };
            let place = Place { file, offset, length: weight.length, element: weight.element };
            places.check_bounds(place, &weight.name)?;
            let key = (file, offset, weight.length, weight.element as u8);
            if let Some(known) = known.get(&key) {
                places.name(path, weight.name, *known)?;
                continue;
            }
            let taken: &mut u64 = taken.entry(file).or_default();
            *taken = taken.saturating_add(weight.length);
            places.check_overlap(file, *taken)?;
            places.weights.push(place);
            let id = WeightId::new(places.weights.len() - 1);
            known.insert(key, id);
            places.name(path, weight.name, id)?;
        }
        Ok(places)
    }

    fn name(&mut self, path: &Path, name: String, id: WeightId) -> Result<(), EmbeddedError> {
        match self.names.entry(name) {
            Entry::Vacant(entry) => {
                entry.insert(id);
                Ok(())
            }
            Entry::Occupied(entry) => {
                let (path, name) = (path.display(), entry.key());
                Err(EmbeddedError::Invalid(format!("{path}: two tensors are called `{name}`")))
            }
        }
    }

    /// Weights may share bytes. Where copies of all of them would take many times their file, it is made to exhaust memory.
    fn check_overlap(&self, file: usize, taken: u64) -> Result<(), EmbeddedError> {
        let Some((source, _)) = self.files.get(file) else { return Ok(()) };
        if taken <= source.size().saturating_mul(MOST_SHARING) {
            return Ok(());
        }
        let (name, size) = (source.name(), source.size());
        Err(EmbeddedError::Invalid(format!("{name} has {size} bytes; its tensors overlap and take {taken} and more")))
    }

    /// Number of the file that `location` names, opened where this is the first time.
    fn external_file(
        &mut self,
        model: &Path,
        tensor: &str,
        location: &str,
        locations: &mut HashMap<String, usize>,
    ) -> Result<usize, EmbeddedError> {
        if let Some(known) = locations.get(location) {
            return Ok(*known);
        }
        let path = beside(model, location).ok_or_else(|| {
            let model = model.display();
            EmbeddedError::Invalid(format!(
                "{model}: tensor `{tensor}` lies outside of the model's folder: `{location}`"
            ))
        })?;
        let (source, file) = Source::open(&path)?;
        let same = self.files.iter().position(|(other, _)| other.is_same_as(&source));
        let number = same.unwrap_or_else(|| {
            self.files.push((source, file));
            self.files.len() - 1
        });
        locations.insert(location.to_owned(), number);
        Ok(number)
    }

    fn check_bounds(&self, place: Place, tensor: &str) -> Result<(), EmbeddedError> {
        let Some((source, _)) = self.files.get(place.file) else { return Ok(()) };
        let Place { offset, length, .. } = place;
        if offset.checked_add(length).is_some_and(|end| end <= source.size()) {
            return Ok(());
        }
        let (name, size) = (source.name(), source.size());
        let message = format!("tensor `{tensor}` has {length} bytes from byte {offset} on; {name} has {size}");
        Err(EmbeddedError::Invalid(message))
    }
}

/// The path of a file in the model's folder; none for names that lead out of it.
fn beside(model: &Path, location: &str) -> Option<PathBuf> {
    let parts = Path::new(location).components();
    let stays =
        !location.is_empty() && parts.into_iter().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    stays.then(|| model.with_file_name("").join(location))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_out_of_the_folder_are_refused() {
        let model = Path::new("/models/x.onnx");
        assert_eq!(beside(model, "weights.data").unwrap(), Path::new("/models/weights.data"));
        assert_eq!(beside(model, "./parts/1").unwrap(), Path::new("/models/parts/1"));
        assert_eq!(beside(Path::new("x.onnx"), "x.data").unwrap(), Path::new("x.data"));
        for location in ["../x", "a/../../x", "/etc/passwd", ""] {
            assert_eq!(beside(model, location), None, "{location}");
        }
    }
}
