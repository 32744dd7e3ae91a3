//! Options of a session, by the names that onert gives them, in upper or lower case.
//!
//! The number of threads is not among them: onert takes it from the environment of its process, which the parent makes.

use std::collections::BTreeMap;
use std::ffi::CString;

use super::ENGINE;
use crate::runtime::RuntimeError;

/// Option with the backends to use, separated by semicolons.
const BACKENDS: &str = "BACKENDS";

/// The option whose value onert takes for a whole number without a look: another text ends the process.
const NUMBER: &str = "GRAPH_DOT_DUMP";

/// How a session is configured.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// The backends.
    pub(super) backends: CString,
    /// What else there is, as onert calls it.
    pub(super) entries: Vec<(CString, CString)>,
}

impl Settings {
    /// The settings that `options` ask for, with the backend for processors unless they say otherwise.
    pub(super) fn new(options: &BTreeMap<String, String>) -> Result<Settings, RuntimeError> {
        let mut entries: BTreeMap<String, &String> =
            options.iter().map(|(name, value)| (name.to_ascii_uppercase(), value)).collect();
        let backends = text(entries.remove(BACKENDS).map_or("cpu", String::as_str))?;
        if let Some(value) = entries.get(NUMBER).filter(|value| value.parse::<i32>().is_err()) {
            let message = format!("option `{NUMBER}` must be a whole number, not `{value}`");
            return Err(RuntimeError::Unsupported { engine: ENGINE, message });
        }
        let entries = entries.iter().map(|(name, value)| Ok((text(name)?, text(value)?))).collect::<Result<_, _>>()?;
        Ok(Settings { backends, entries })
    }
}

fn text(text: &str) -> Result<CString, RuntimeError> {
    CString::new(text)
        .map_err(|_| RuntimeError::Unsupported { engine: ENGINE, message: "an option holds a zero byte".into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(options: &[(&str, &str)]) -> Result<Settings, RuntimeError> {
        let options = options.iter().map(|(name, value)| (String::from(*name), String::from(*value))).collect();
        Settings::new(&options)
    }

    fn entries(settings: &Settings) -> Vec<(&str, &str)> {
        settings.entries.iter().map(|(name, value)| (name.to_str().unwrap(), value.to_str().unwrap())).collect()
    }

    #[test]
    fn options_have_onerts_names_in_either_case() {
        let plain = settings(&[]).unwrap();
        assert_eq!((plain.backends.as_c_str(), entries(&plain)), (c"cpu", vec![]));
        let told = settings(&[("backends", "ruy;cpu"), ("executor", "Linear"), ("GRAPH_DOT_DUMP", "0")]).unwrap();
        assert_eq!(told.backends.as_c_str(), c"ruy;cpu");
        assert_eq!(entries(&told), [("EXECUTOR", "Linear"), ("GRAPH_DOT_DUMP", "0")]);
    }

    #[test]
    fn a_number_that_would_end_the_process_is_refused() {
        let error = settings(&[("graph_dot_dump", "two")]).unwrap_err();
        assert!(error.is_incompatible());
        assert!(error.to_string().ends_with("option `GRAPH_DOT_DUMP` must be a whole number, not `two`"), "{error}");
        assert!(settings(&[("executor", "Li\0near")]).unwrap_err().is_incompatible());
    }
}
