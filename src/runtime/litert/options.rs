//! Options of a compilation, by the names that LiteRT's own options have.
//!
//! LiteRT takes the options of its processor accelerator as lines `key = value` of text and passes over keys that it does not
//! know. So the keys that version 2.3 was seen to heed are listed here, and others are refused.

use std::collections::BTreeMap;
use std::ffi::{CStr, CString, c_char};
use std::path::Path;

use tempfile::TempDir;

use super::ENGINE;
use super::api::{Api, NO_MEMORY, PROCESSOR, Pointer, Status};
use super::objects::{Environment, Owned, check, rejected};
use crate::runtime::RuntimeError;

/// Option that has packed weights kept in a file: a path, or `true` for a file that goes with the runtime.
const WEIGHT_CACHE: &str = "xnnpack_weight_cache";

/// What is written in an option's text.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// A whole number.
    Number,
    /// One of these words.
    Word(&'static [&'static str]),
}

/// Options of the processor accelerator. `flags` are the bits of XNNPACK's delegate.
const OPTIONS: [(&str, Kind); 3] = [
    ("num_threads", Kind::Number),
    ("flags", Kind::Number),
    ("kernel_mode", Kind::Word(&["xnnpack", "builtin", "reference"])),
];

/// How models are compiled.
#[derive(Debug)]
pub(super) struct Settings {
    /// The lines for the accelerator.
    lines: CString,
    /// Where packed weights lie that nobody gave a place for.
    _weight_cache: Option<TempDir>,
}

impl Settings {
    /// The settings that `options` ask for, with `threads` unless they say otherwise.
    pub(super) fn new(options: &BTreeMap<String, String>, threads: u32) -> Result<Settings, RuntimeError> {
        let mut lines = BTreeMap::from([("num_threads", threads.to_string())]);
        let mut weight_cache = None;
        for (name, value) in options {
            if name == WEIGHT_CACHE {
                let (path, folder) = weight_cache_file(value)?;
                lines.insert("weight_cache_file_path", quoted(name, &path)?);
                weight_cache = folder;
            } else if let Some((key, kind)) = OPTIONS.iter().find(|(key, _)| key == name) {
                lines.insert(key, checked(name, value, *kind)?);
            } else {
                return Err(unsupported(format!("no option is called `{name}`: there are {}", known())));
            }
        }
        let text: String = lines.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
        let lines = CString::new(text).map_err(|_| unsupported("an option holds a zero byte".into()))?;
        Ok(Settings { lines, _weight_cache: weight_cache })
    }

    /// The settings as an object of LiteRT's.
    #[expect(unsafe_code, reason = "C functions are called")]
    pub(super) fn options(&self, environment: &Environment) -> Result<Owned, RuntimeError> {
        let api = &environment.api;
        let refused = || rejected("the options cannot be made");
        // SAFETY: the call writes an object to the place that it is given.
        let create = |out| unsafe { (api.create_options)(out) };
        let options = Owned::create(api.destroy_options, create).map_err(refused())?;
        // SAFETY: the options are whole.
        check(unsafe { (api.set_accelerators)(options.pointer(), PROCESSOR) }).map_err(refused())?;
        let opaque = opaque(api, &self.lines).map_err(refused())?;
        // SAFETY: both are whole; the options own what is added to them.
        check(unsafe { (api.add_opaque_options)(options.pointer(), opaque.pointer()) }).map_err(refused())?;
        opaque.release();
        Ok(options)
    }
}

/// LiteRT's name for the options of its processor accelerator.
const ACCELERATOR: &CStr = c"xnnpack";

/// Lines for the processor accelerator, as an object that owns a copy of them.
#[expect(unsafe_code, reason = "C functions are called")]
fn opaque(api: &Api, lines: &CStr) -> Result<Owned, Status> {
    // SAFETY: the text ends with a zero.
    let copy = unsafe { libc::strdup(lines.as_ptr()) };
    if copy.is_null() {
        return Err(NO_MEMORY);
    }
    // SAFETY: the identifier is copied before the call returns; the copy of the lines can be freed by `free_text`.
    let create = |out| unsafe { (api.create_opaque_options)(ACCELERATOR.as_ptr(), copy.cast(), free_text, out) };
    Owned::create(api.destroy_opaque_options, create).inspect_err(|_| {
        // SAFETY: the call has failed, so nobody has the copy.
        unsafe { free_text(copy.cast()) }
    })
}

/// Frees what `strdup` has made.
#[expect(unsafe_code, reason = "LiteRT calls it to free what it was given")]
unsafe extern "C" fn free_text(text: Pointer) {
    // SAFETY: the only texts that this is given with were made by `strdup`.
    unsafe { libc::free(text.cast::<c_char>().cast()) }
}

fn known() -> String {
    OPTIONS.iter().map(|(key, _)| *key).chain([WEIGHT_CACHE]).collect::<Vec<_>>().join(", ")
}

/// The value as it stands in a line.
fn checked(name: &str, value: &str, kind: Kind) -> Result<String, RuntimeError> {
    let (fits, wanted) = match kind {
        Kind::Number => (value.parse::<i32>().is_ok(), "a whole number".to_owned()),
        Kind::Word(words) => (words.contains(&value), format!("one of {}", words.join(", "))),
    };
    if !fits {
        return Err(unsupported(format!("option `{name}` must be {wanted}, not `{value}`")));
    }
    match kind {
        Kind::Word(_) => quoted(name, Path::new(value)),
        Kind::Number => Ok(value.to_owned()),
    }
}

/// Text between quotation marks; LiteRT has no way to write one inside of them.
fn quoted(name: &str, text: &Path) -> Result<String, RuntimeError> {
    match text.to_str().filter(|text| !text.contains(['"', '\n', '\0'])) {
        Some(text) => Ok(format!("\"{text}\"")),
        None => Err(unsupported(format!("option `{name}` cannot be `{}`", text.display()))),
    }
}

/// The file of the weight cache, and the folder that holds it where it has one of its own.
fn weight_cache_file(value: &str) -> Result<(std::path::PathBuf, Option<TempDir>), RuntimeError> {
    if value != "true" {
        return Ok((value.into(), None));
    }
    let folder = tempfile::Builder::new()
        .prefix("highwater-")
        .tempdir()
        .map_err(|source| RuntimeError::File { path: std::env::temp_dir().display().to_string(), source })?;
    Ok((folder.path().join("weights.xnnpack"), Some(folder)))
}

fn unsupported(message: String) -> RuntimeError {
    RuntimeError::Unsupported { engine: ENGINE, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(options: &[(&str, &str)]) -> Result<Settings, RuntimeError> {
        let options = options.iter().map(|(name, value)| (String::from(*name), String::from(*value))).collect();
        Settings::new(&options, 2)
    }

    #[test]
    fn options_become_lines() {
        assert_eq!(settings(&[]).unwrap().lines.as_c_str(), c"num_threads = 2\n");
        let all = settings(&[("num_threads", "4"), ("kernel_mode", "builtin"), ("xnnpack_weight_cache", "here.cache")])
            .unwrap();
        let expected = c"kernel_mode = \"builtin\"\nnum_threads = 4\nweight_cache_file_path = \"here.cache\"\n";
        assert_eq!(all.lines.as_c_str(), expected);
    }

    #[test]
    fn a_weight_cache_without_a_place_goes_with_the_settings() {
        let settings = settings(&[("xnnpack_weight_cache", "true")]).unwrap();
        let folder = settings._weight_cache.as_ref().unwrap().path().to_owned();
        assert!(settings.lines.to_str().unwrap().contains(folder.to_str().unwrap()));
        drop(settings);
        assert!(!folder.exists());
    }

    #[test]
    fn what_litert_would_pass_over_is_refused_by_name() {
        let error = |name, value| {
            let error = settings(&[(name, value)]).unwrap_err();
            assert!(error.is_incompatible(), "{error}");
            error.to_string()
        };
        let unknown = error("threads", "2");
        assert!(unknown.contains("no option is called `threads`: there are num_threads, flags, "), "{unknown}");
        assert!(error("num_threads", "two").ends_with("option `num_threads` must be a whole number, not `two`"));
        assert!(error("kernel_mode", "fast").ends_with("must be one of xnnpack, builtin, reference, not `fast`"));
        assert!(error("xnnpack_weight_cache", "a\"b").ends_with("option `xnnpack_weight_cache` cannot be `a\"b`"));
    }
}
