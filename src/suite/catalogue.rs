//! Everything that has a name: the compiled-in catalogue, and a suite's own sections over it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::LazyLock;

use toml::Spanned;

use super::case::{ArmSpec, ModelSource, ModelSpec, RuntimeSpec};
use super::error::SuiteError;
use super::file::{Section, SuiteFile};
use super::models::ModelFile;
use super::source::{Flaw, Source};
use super::workload::WorkloadSpec;
use super::workloads::workload;

/// A named thing, and in one sentence what it is for.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry<T> {
    /// The thing.
    pub spec: T,
    /// What it is for; empty where a suite does not say.
    pub why: String,
}

/// Models, runtimes, workloads and arms by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Catalogue {
    /// What can be loaded.
    pub models: BTreeMap<String, Entry<ModelSpec>>,
    /// What can load it.
    pub runtimes: BTreeMap<String, Entry<RuntimeSpec>>,
    /// What an iteration can do.
    pub workloads: BTreeMap<String, Entry<WorkloadSpec>>,
    /// Allocators and their settings.
    pub arms: BTreeMap<String, Entry<ArmSpec>>,
}

/// The text of the catalogue and its name in errors.
pub(super) const CATALOGUE: Source =
    Source { origin: "src/suite/catalogue.toml", text: include_str!("catalogue.toml") };

/// The catalogue that is compiled in.
pub fn catalogue() -> &'static Catalogue {
    static BUILT_IN: LazyLock<Catalogue> = LazyLock::new(|| {
        let mut catalogue = Catalogue::default();
        let read = CATALOGUE.read().and_then(|mut file| catalogue.overlay(&mut file, Path::new(""), CATALOGUE));
        read.expect("the catalogue is compiled in and a test reads it");
        catalogue
    });
    &BUILT_IN
}

impl Catalogue {
    /// Moves a file's sections over what is here: the same name is replaced as a whole.
    pub(super) fn overlay(&mut self, file: &mut SuiteFile, base: &Path, source: Source) -> Result<(), SuiteError> {
        self.overlay_models(std::mem::take(&mut file.models), base, source)?;
        lay(&mut self.runtimes, &mut file.runtimes, "runtimes", source, |name, offset, mut table| {
            let why = table.why.take();
            Ok((table.into_spec(name, offset, base)?, why))
        })?;
        lay(&mut self.workloads, &mut file.workloads, "workloads", source, |name, offset, mut table| {
            let why = table.why.take();
            Ok((workload(name, offset, table)?, why))
        })?;
        lay(&mut self.arms, &mut file.arms, "arms", source, |name, _, table| {
            let why = table.why.clone();
            Ok((table.into_spec(name, base)?, why))
        })
    }

    /// A sequence names models wherever they stand in the file, so it comes after them.
    fn overlay_models(&mut self, section: Section<ModelFile>, base: &Path, source: Source) -> Result<(), SuiteError> {
        let (sequences, models): (Section<_>, Section<_>) =
            section.into_iter().partition(|(_, table)| table.get_ref().is_sequence());
        // What a sequence must not name is known as a sequence before it is read.
        let unread = sequences.keys().map(|name| (name.0.clone(), unread_sequence(&name.0))).collect::<Vec<_>>();
        for mut section in [models, sequences] {
            let mut known = self.models.clone();
            known.extend(unread.iter().cloned());
            lay(&mut self.models, &mut section, "models", source, |name, offset, table| {
                let why = table.why.clone();
                Ok((table.into_spec(name, offset, base, &known)?, why))
            })?;
        }
        Ok(())
    }
}

fn unread_sequence(name: &str) -> Entry<ModelSpec> {
    let source = ModelSource::Sequence(Vec::new());
    Entry { spec: ModelSpec { name: name.into(), source, inputs: BTreeMap::new() }, why: String::new() }
}

/// Moves one section.
fn lay<F, T>(
    entries: &mut BTreeMap<String, Entry<T>>,
    section: &mut Section<F>,
    title: &str,
    source: Source,
    convert: impl Fn(&str, usize, F) -> Result<(T, Option<super::value::Text>), Flaw>,
) -> Result<(), SuiteError> {
    for (name, table) in std::mem::take(section) {
        let offset = table.span().start;
        let converted = convert(&name.0, offset, Spanned::into_inner(table));
        let (spec, why) = converted.map_err(|flaw| source.locate(flaw.inside(&format!("{title}.{}", name.0))))?;
        entries.insert(name.0, Entry { spec, why: why.map(|why| why.0).unwrap_or_default() });
    }
    Ok(())
}
