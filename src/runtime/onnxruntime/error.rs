//! What ONNX Runtime says, as errors of a runtime.

use ort::ErrorCode;

use super::ENGINE;
use crate::runtime::RuntimeError;

/// Characters of a message that are told: ONNX Runtime prints whole nodes with all their inputs.
const LONGEST_MESSAGE: usize = 400;

/// Words of messages about what the model needs and ONNX Runtime does not have, some of which come with a code that says
/// nothing but that the graph is invalid.
const LACKS: [&str; 3] = ["is not a registered function/op", "No Op registered for", "Unsupported model IR version"];

/// That no session can be made of the model.
pub(super) fn rejected<R>(error: &ort::Error<R>) -> RuntimeError {
    judged(error.code(), error.message())
}

fn judged(code: ErrorCode, words: &str) -> RuntimeError {
    let message = shortened(words);
    match code == ErrorCode::NotImplemented || LACKS.iter().any(|lack| words.contains(lack)) {
        true => RuntimeError::Unsupported { engine: ENGINE, message },
        false => RuntimeError::Rejected { engine: ENGINE, message },
    }
}

/// That an execution fails.
pub(super) fn execution<R>(error: &ort::Error<R>) -> RuntimeError {
    RuntimeError::Execution { engine: ENGINE, message: shortened(error.message()) }
}

/// That the library cannot be used.
pub(super) fn unusable(message: impl Into<String>) -> RuntimeError {
    RuntimeError::Unusable { engine: ENGINE, message: message.into() }
}

/// That an option asks for what there is not.
pub(super) fn unsupported(message: impl Into<String>) -> RuntimeError {
    RuntimeError::Unsupported { engine: ENGINE, message: message.into() }
}

/// A message on one line; the middle of a long one is left out, since the cause stands at its end.
fn shortened(words: &str) -> String {
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    let length = line.chars().count();
    if length <= LONGEST_MESSAGE {
        return line;
    }
    let half = LONGEST_MESSAGE / 2;
    let start: String = line.chars().take(half).collect();
    let end: String = line.chars().skip(length - half).collect();
    format!("{start} … {end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_engine_does_not_have_is_told_from_what_is_wrong_with_the_model() {
        let unsupported = [
            (ErrorCode::NotImplemented, "Could not find an implementation for Softplus(1)"),
            (ErrorCode::GenericFailure, "Fatal error: foo:Bar(-1) is not a registered function/op"),
            (
                ErrorCode::InvalidGraph,
                "This is an invalid model. Error No Op registered for Convv with domain_version of 11",
            ),
            (ErrorCode::GenericFailure, "Unsupported model IR version: 99, max supported IR version: 13"),
        ];
        for (code, words) in unsupported {
            assert!(matches!(judged(code, words), RuntimeError::Unsupported { .. }), "{words}");
        }
        let rejected = judged(ErrorCode::InvalidProtobuf, "Protobuf parsing failed.");
        assert_eq!(rejected.to_string(), "onnxruntime rejects the model: Protobuf parsing failed.");
    }

    #[test]
    fn a_long_message_keeps_its_two_ends_and_stays_on_a_line() {
        assert_eq!(shortened("one\n  two"), "one two");
        let long = format!("begin {} end", "ä ".repeat(1000));
        let told = shortened(&long);
        assert!(told.starts_with("begin ä") && told.ends_with("ä end") && told.contains(" … "), "{told}");
        assert_eq!(told.chars().count(), LONGEST_MESSAGE + 3);
    }
}
