//! Whether bytes can be a protobuf message at all.
//!
//! The parser of rten-onnx 0.27 does not return for some bytes that are none (a run of `0xff` is enough). An outer walk over
//! the fields of the model message costs next to nothing and turns such files into an error. What is wrong deeper inside is
//! left to the engine, and to the time limit of the child.

use super::wire::Message;

/// Whether `bytes` are the fields of a protobuf message, one after the other up to the end, and not none at all.
pub(super) fn is_message(bytes: &[u8]) -> bool {
    !bytes.is_empty() && Message { bytes, start: 0 }.fields().all(|field| field.is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_messages() {
        for model in crate::model::BUNDLED.iter().filter(|model| model.name.ends_with(".onnx")) {
            assert!(is_message(model.bytes), "{}", model.name);
            assert!(!is_message(&model.bytes[..model.bytes.len() / 2]), "half of {}", model.name);
        }
    }

    #[test]
    fn bytes_on_which_the_parser_does_not_return_are_none() {
        assert!(!is_message(&[0xff; 1000]));
        assert!(!is_message(b""));
        assert!(!is_message(b"\x00\x00"));
        assert!(!is_message(b"\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f"));
        assert!(is_message(b"\x08\x08\x12\x02ab"));
    }
}
