//! Loading: the structure is read and parsed, the weights are brought into memory.

use std::fs;
use std::path::Path;

use rten_onnx::onnx::ModelProto;

use super::heap::read_whole;
use super::hold::{Structure, hold};
use super::mapping::Mapping;
use super::places::Places;
use super::source::Source;
use super::store::WeightStore;
use super::structure;
use crate::runtime::embedded::error::EmbeddedError;
use crate::suite::{Weights, WeightsStrategy};

/// Mappings that a process may have where the system does not tell: Linux's own default.
const DEFAULT_MAPPING_LIMIT: u64 = 65_530;

/// A model that was loaded.
pub(in crate::runtime::embedded) struct Loaded {
    /// Its structure. Initializers that are weights have no `raw_data`; `Constant` nodes that are weights became initializers.
    pub(in crate::runtime::embedded) model: ModelProto,
    /// Its weights.
    pub(in crate::runtime::embedded) store: WeightStore,
}

/// Loads the model at `path`.
pub(in crate::runtime::embedded) fn load(path: &Path, options: Weights) -> Result<Loaded, EmbeddedError> {
    load_within(path, options, mapping_limit())
}

/// Loads the model at `path` in a process that may have `mapping_limit` mappings.
pub(super) fn load_within(path: &Path, options: Weights, mapping_limit: u64) -> Result<Loaded, EmbeddedError> {
    let (source, file) = Source::open(path)?;
    let name = source.name();
    let invalid = |flaw: structure::Flaw| flaw.into_error(&name);
    let (bytes, read) = if source.size() == 0 {
        (Structure::Heap(Vec::new()), structure::read(&[]))
    } else if options.strategy == WeightsStrategy::Copy {
        let bytes = read_whole(&file, &source)?;
        let read = structure::read(&bytes);
        (Structure::Heap(bytes), read)
    } else {
        let length = usize::try_from(source.size()).map_err(|_| EmbeddedError::OutOfMemory(source.size()))?;
        let mapping = Mapping::new(&file, 0, length).map_err(|error| source.unreadable(error))?;
        let read = mapping.read(0..length, structure::read).expect("nothing of a new mapping was released");
        (Structure::Mapped(mapping), read)
    };
    let structure::Structure { message, weights } = read.map_err(invalid)?;
    let parsed = ModelProto::parse_buf(&message);
    let model = parsed.map_err(|error| EmbeddedError::Invalid(format!("{name} is no ONNX model: {error}")))?;
    drop(message);
    let places = Places::find((source, file), path, weights)?;
    let holdings = hold(bytes, &places, options, mapping_limit)?;
    let store = WeightStore::new(places, holdings, options)?;
    Ok(Loaded { model, store })
}

/// Mappings that this process may have.
fn mapping_limit() -> u64 {
    let text = fs::read_to_string("/proc/sys/vm/max_map_count").ok();
    text.and_then(|text| text.trim().parse().ok()).unwrap_or(DEFAULT_MAPPING_LIMIT)
}
