//! A suite as it will run, from a file, from text or from the binary itself.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::case::Case;
use super::catalogue::{Catalogue, catalogue};
use super::claim::{Claim, claims};
use super::error::{SuiteError, hint};
use super::expand::expand;
use super::source::Source;
use super::value::to_name;

/// Suites that are compiled in, by name.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("quick", include_str!("../../suites/quick.toml")),
    ("recompile", include_str!("../../suites/recompile.toml")),
    ("creep", include_str!("../../suites/creep.toml")),
    ("switch", include_str!("../../suites/switch.toml")),
    ("selfcheck", include_str!("../../suites/selfcheck.toml")),
    ("seeds", include_str!("../../suites/seeds.toml")),
    ("mutate", include_str!("../../suites/mutate.toml")),
    ("runtimes", include_str!("../../suites/runtimes.toml")),
    ("openvino", include_str!("../../suites/openvino.toml")),
    ("onnxruntime", include_str!("../../suites/onnxruntime.toml")),
    ("litert", include_str!("../../suites/litert.toml")),
];

/// Bytes at most of a suite file. The largest real ones have a few thousand.
pub const MAX_FILE_BYTES: u64 = 1 << 20;

/// What to run, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Suite {
    /// The name of a built-in suite, the stem of a file, or the model's name.
    pub name: String,
    /// What the suite is for, in its own words.
    pub description: String,
    /// The file, where it is one.
    pub path: Option<PathBuf>,
    /// At least one case; identifiers are unique.
    pub cases: Vec<Case>,
    /// Fresh children for each case.
    pub replicates: u32,
    /// What the suite's names mean: the compiled-in catalogue under the suite's own sections.
    pub catalogue: Catalogue,
    /// What documents claim about these cases.
    pub claims: Vec<Claim>,
}

/// The suite that the command line names: a built-in one (`quick`), or a file (`./quick`).
pub fn open(name_or_path: &str) -> Result<Suite, SuiteError> {
    if let Some((name, text)) = BUILT_IN.iter().find(|(name, _)| *name == name_or_path) {
        // Models and libraries of a built-in suite are looked for where the command was called.
        return parse(name, text, Path::new(""));
    }
    match load(Path::new(name_or_path)) {
        Err(SuiteError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
            Err(SuiteError::UnknownSuite {
                name: name_or_path.into(),
                hint: hint(name_or_path, BUILT_IN.iter().map(|(name, _)| *name)),
            })
        }
        result => result,
    }
}

/// Reads a suite file; its paths are relative to the file.
pub fn load(path: &Path) -> Result<Suite, SuiteError> {
    let error = |source| SuiteError::Read { path: path.into(), source };
    let mut bytes = Vec::new();
    // One byte more than allowed is read, so that devices and pipes without an end come to one.
    let file = File::open(path).map_err(error)?;
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(error)?;
    let text = String::from_utf8(bytes).map_err(|_| error(io::Error::other("it is not UTF-8 text")))?;
    let name = to_name(&path.file_stem().unwrap_or_default().to_string_lossy());
    let base = path.parent().unwrap_or(Path::new(""));
    let suite = read(name, Source { origin: &path.display().to_string(), text: &text }, base)?;
    Ok(Suite { path: Some(path.into()), ..suite })
}

/// Reads a suite from text; `name` stands in errors where a file's path would, and `base` is where its paths start.
pub fn parse(name: &str, text: &str, base: &Path) -> Result<Suite, SuiteError> {
    read(to_name(name), Source { origin: name, text }, base)
}

fn read(name: String, source: Source, base: &Path) -> Result<Suite, SuiteError> {
    if source.text.len() as u64 > MAX_FILE_BYTES {
        return Err(SuiteError::TooLong { origin: source.origin.into(), limit: MAX_FILE_BYTES });
    }
    let mut file = source.read()?;
    let mut catalogue = catalogue().clone();
    catalogue.overlay(&mut file, base, source)?;
    let cases = expand(&file, &catalogue, source)?;
    let claims = claims(std::mem::take(&mut file.claim), &cases).map_err(|flaw| source.locate(flaw))?;
    Ok(Suite {
        name,
        path: None,
        cases,
        claims,
        // Bounded by MAX_REPLICATES.
        replicates: file.replicates.map_or(1, |number| number.0 as u32),
        description: file.description.unwrap_or_default(),
        catalogue,
    })
}
