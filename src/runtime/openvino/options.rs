//! Options of a suite as properties of OpenVINO.
//!
//! All are set on the core for the device, before anything is read or compiled: the core picks out its own
//! (`ENABLE_MMAP`, `CACHE_DIR`…), and compiles every model with the others. A property that the device does not have is
//! refused there only once its plugin is loaded; before that it is kept without a word, and whatever is compiled fails.

use std::collections::BTreeMap;
use std::ffi::CString;

use super::failure::Failure;
use super::objects::{Core, DEVICE};
use crate::runtime::RuntimeError;

/// Threads that execute; OpenVINO would take every processor.
const THREADS: &str = "INFERENCE_NUM_THREADS";

/// Sets the options, and the number of threads where they leave it open. Gives the names of what was set.
///
/// There is no number of threads that compile: `COMPILATION_NUM_THREADS` is for other devices, and the processor's plugin
/// compiles with those that execute.
pub(super) fn set(core: &Core, options: &BTreeMap<String, String>, threads: u32) -> Result<Vec<CString>, RuntimeError> {
    // Loads the plugin.
    core.property(DEVICE, c"SUPPORTED_PROPERTIES").map_err(Failure::of_library)?;
    let mut properties = BTreeMap::from([(THREADS.to_owned(), threads.to_string())]);
    properties.extend(properties_of(options)?);
    let mut names = Vec::new();
    for (name, value) in &properties {
        let failed = |failure: Failure| failure.of_option(name, value);
        let text = |text: &str| CString::new(text).map_err(|_| failed(Failure::own("a zero byte is no text")));
        let property = text(name)?;
        core.set_property(&property, &text(value)?).map_err(failed)?;
        names.push(property);
    }
    Ok(names)
}

/// Options by OpenVINO's names, which are in upper case, with booleans in its words.
fn properties_of(options: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>, RuntimeError> {
    let mut properties = BTreeMap::new();
    for (name, value) in options {
        let value = match value.as_str() {
            "true" => "YES",
            "false" => "NO",
            other => other,
        };
        let name = name.to_ascii_uppercase();
        if properties.insert(name.clone(), value.to_owned()).is_some() {
            return Err(Failure::own("it is given twice, in upper and in lower case").of_option(&name, value));
        }
    }
    Ok(properties)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(given: &[(&str, &str)]) -> BTreeMap<String, String> {
        given.iter().map(|(name, value)| (String::from(*name), String::from(*value))).collect()
    }

    #[test]
    fn names_become_openvinos_and_booleans_its_words() {
        let properties =
            properties_of(&options(&[("enable_mmap", "false"), ("NUM_STREAMS", "2"), ("cache_dir", "true-x")]));
        let expected = options(&[("CACHE_DIR", "true-x"), ("ENABLE_MMAP", "NO"), ("NUM_STREAMS", "2")]);
        assert_eq!(properties.unwrap(), expected);
    }

    #[test]
    fn an_option_in_both_spellings_is_refused() {
        let error = properties_of(&options(&[("enable_mmap", "true"), ("ENABLE_MMAP", "NO")])).unwrap_err();
        assert!(error.is_incompatible());
        assert!(error.to_string().contains("option ENABLE_MMAP=YES: it is given twice"), "{error}");
    }
}
