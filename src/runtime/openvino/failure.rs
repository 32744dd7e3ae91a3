//! What OpenVINO says when a call fails, in words that a person can read.

use std::ffi::{CStr, c_char};

use super::ENGINE;
use super::api::{Functions, INVALID_ARGUMENT, NOT_IMPLEMENTED, SUCCESS, Status};
use crate::runtime::RuntimeError;

/// What is told of an error at most, in characters. OpenVINO lists every operation that it could not convert.
const LONGEST: usize = 600;

/// Begins the line in which a frontend names the operations that OpenVINO does not have.
const NO_OPERATION: &str = "-- No conversion rule found for operations: ";

/// Lines that say where in OpenVINO's sources an error was noticed, and not which.
const PLACES: [&str; 3] = ["Exception from ", "Check '", "FrontEnd API failed with "];

/// A call that failed.
#[derive(Debug)]
pub(super) struct Failure {
    status: Status,
    text: String,
}

impl Functions {
    /// What the call that ended with `status` has to say.
    pub(super) fn check(&self, status: Status) -> Result<(), Failure> {
        match status {
            SUCCESS => Ok(()),
            _ => Err(Failure { status, text: self.error_text(status) }),
        }
    }

    #[expect(unsafe_code, reason = "texts come from a C library")]
    fn error_text(&self, status: Status) -> String {
        if status > INVALID_ARGUMENT {
            // SAFETY: takes nothing; what it returns is null or a text that is ours to free.
            let text = self.take_text(unsafe { (self.last_error)() });
            if let Some(text) = text.filter(|text| !text.trim().is_empty()) {
                return text;
            }
        }
        // SAFETY: takes any number; what it returns is null or a constant of the library.
        copied(unsafe { (self.status_name)(status) }).unwrap_or_else(|| format!("status {status}"))
    }

    /// Copies a text that OpenVINO gave, and frees it. `None` for null.
    #[expect(unsafe_code, reason = "texts come from a C library")]
    pub(super) fn take_text(&self, text: *const c_char) -> Option<String> {
        let copy = copied(text)?;
        // SAFETY: the text is OpenVINO's, it was given to us to free, and nothing reads it afterwards.
        unsafe { (self.text_free)(text) };
        Some(copy)
    }
}

/// A copy of a text; `None` for null.
#[expect(unsafe_code, reason = "texts come from a C library")]
pub(super) fn copied(text: *const c_char) -> Option<String> {
    // SAFETY: OpenVINO gives null or text that ends with a zero, and it is alive while it is copied.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}

impl Failure {
    /// A failure that OpenVINO was not asked about.
    pub(super) fn own(text: impl Into<String>) -> Failure {
        Failure { status: SUCCESS, text: text.into() }
    }

    /// While a model was read or compiled.
    pub(super) fn of_model(self) -> RuntimeError {
        let lacking = self.text.lines().find_map(|line| line.trim().strip_prefix(NO_OPERATION));
        let message = match lacking {
            Some(operations) => format!("the operations {}", shortened(operations)),
            None => readable(&self.text),
        };
        match lacking.is_some() || self.status == NOT_IMPLEMENTED {
            true => RuntimeError::Unsupported { engine: ENGINE, message },
            false => RuntimeError::Rejected { engine: ENGINE, message },
        }
    }

    /// While a model was executed.
    pub(super) fn of_execution(self) -> RuntimeError {
        RuntimeError::Execution { engine: ENGINE, message: readable(&self.text) }
    }

    /// While the library was made ready.
    pub(super) fn of_library(self) -> RuntimeError {
        RuntimeError::Unusable { engine: ENGINE, message: readable(&self.text) }
    }

    /// While the option `name` was set to `value`.
    pub(super) fn of_option(self, name: &str, value: &str) -> RuntimeError {
        let message = format!("option {name}={value}: {}", readable(&self.text));
        RuntimeError::Unsupported { engine: ENGINE, message }
    }
}

/// An error without the places in the sources, in one line.
fn readable(text: &str) -> String {
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let is_place = |line: &str| PLACES.iter().any(|place| line.starts_with(place));
    let told: Vec<&str> = lines().filter(|line| !is_place(line)).collect();
    match told.is_empty() {
        true => shortened(&lines().collect::<Vec<_>>().join("; ")),
        false => shortened(&told.join("; ")),
    }
}

/// At most [`LONGEST`] characters.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(status: Status, text: &str) -> Failure {
        Failure { status, text: text.into() }
    }

    #[test]
    fn places_in_the_sources_are_left_out() {
        let text = "Exception from src/inference/src/cpp/core.cpp:84:\nCheck 'm_model->ParseFromIstream(&model_file)' \
                    failed at src/frontends/onnx/graph_iterator_proto.cpp:563:\nFrontEnd API failed with \
                    GeneralFailure:\nModel can't be parsed\n\n";
        let error = failure(-1, text).of_model();
        assert_eq!(error.to_string(), "openvino rejects the model: Model can't be parsed");
        let error = failure(-1, "Exception from src/core.cpp:1:\n\n").of_model();
        assert_eq!(error.to_string(), "openvino rejects the model: Exception from src/core.cpp:1:");
        let error = failure(-1, "Exception from a:1:\nfirst\n  second\n").of_execution();
        assert_eq!(error.to_string(), "openvino failed to execute: first; second");
    }

    #[test]
    fn operations_that_openvino_lacks_are_named_and_say_nothing_about_the_model() {
        let text = "FrontEnd API failed with OpConversionFailure:\nModel wasn't fully converted.\nSummary:\n\
                    -- No conversion rule found for operations: Zoftmax-11\n-- Conversion is failed for: Conv-11\n";
        let error = failure(-1, text).of_model();
        assert!(error.is_incompatible());
        assert_eq!(error.to_string(), "openvino does not have this: the operations Zoftmax-11");
        assert!(failure(NOT_IMPLEMENTED, "later").of_model().is_incompatible());
        assert!(!failure(-1, "-- Conversion is failed for: Conv-11").of_model().is_incompatible());
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let error = failure(-1, &"ä".repeat(LONGEST + 1)).of_option("NAME", "1");
        let told = error.to_string();
        assert!(told.starts_with("openvino does not have this: option NAME=1: ää") && told.ends_with("ä…"), "{told}");
        assert_eq!(told.matches('ä').count(), LONGEST);
        assert_eq!(readable(&"a".repeat(LONGEST)).len(), LONGEST);
    }
}
