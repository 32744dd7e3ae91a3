//! Options of a session, by the names that onert gives them, in upper or lower case.

use std::collections::BTreeMap;
use std::ffi::CString;

use super::ENGINE;
use crate::runtime::RuntimeError;

/// Option with the backends to use, separated by semicolons.
const BACKENDS: &str = "BACKENDS";

/// onert's name for the number of threads.
const THREADS: &str = "NUM_THREADS";

/// Options whose value onert takes for a whole number without a look: another text ends the process.
const NUMBERS: [&str; 2] = [THREADS, "GRAPH_DOT_DUMP"];

/// How a session is configured.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// The backends.
    pub(super) backends: CString,
    /// What else there is, as onert calls it.
    pub(super) entries: Vec<(CString, CString)>,
}

impl Settings {
    /// The settings that `options` ask for, with `threads` and the backend for processors unless they say otherwise.
    pub(super) fn new(options: &BTreeMap<String, String>, threads: u32) -> Result<Settings, RuntimeError> {
        let mut entries = BTreeMap::from([(THREADS.to_owned(), threads.to_string())]);
        entries.extend(options.iter().map(|(name, value)| (name.to_ascii_uppercase(), value.clone())));
        let backends = text(&entries.remove(BACKENDS).unwrap_or_else(|| "cpu".into()))?;
        for (name, value) in &entries {
            if NUMBERS.contains(&name.as_str()) && value.parse::<i32>().is_err() {
                let message = format!("option `{name}` must be a whole number, not `{value}`");
                return Err(RuntimeError::Unsupported { engine: ENGINE, message });
            }
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
        Settings::new(&options, 2)
    }

    fn entries(settings: &Settings) -> Vec<(&str, &str)> {
        settings.entries.iter().map(|(name, value)| (name.to_str().unwrap(), value.to_str().unwrap())).collect()
    }

    #[test]
    fn options_have_onerts_names_in_either_case() {
        let plain = settings(&[]).unwrap();
        assert_eq!((plain.backends.as_c_str(), entries(&plain)), (c"cpu", vec![("NUM_THREADS", "2")]));
        let told = settings(&[("backends", "ruy;cpu"), ("executor", "Linear"), ("NUM_THREADS", "4")]).unwrap();
        assert_eq!(told.backends.as_c_str(), c"ruy;cpu");
        assert_eq!(entries(&told), [("EXECUTOR", "Linear"), ("NUM_THREADS", "4")]);
    }

    #[test]
    fn a_number_that_would_end_the_process_is_refused() {
        let error = settings(&[("num_threads", "two")]).unwrap_err();
        assert!(error.is_incompatible());
        assert!(error.to_string().ends_with("option `NUM_THREADS` must be a whole number, not `two`"), "{error}");
        assert!(settings(&[("executor", "Li\0near")]).unwrap_err().is_incompatible());
    }
}
