//! Whether bytes can be a protobuf message at all.
//!
//! The parser of rten-onnx 0.27 does not return for some bytes that are none (a run of `0xff` is enough). An outer walk over
//! the fields of the model message costs next to nothing and turns such files into an error. What is wrong deeper inside is
//! left to the engine, and to the time limit of the child.

/// Longest encoding of a 64-bit number.
const LONGEST_VARINT: usize = 10;

/// Whether `bytes` are the fields of a protobuf message, one after the other up to the end, and not none at all.
pub(super) fn is_message(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while !rest.is_empty() {
        match after_field(rest) {
            Some(after) => rest = after,
            None => return false,
        }
    }
    !bytes.is_empty()
}

/// What follows the first field of `bytes`.
fn after_field(bytes: &[u8]) -> Option<&[u8]> {
    let (tag, rest) = varint(bytes)?;
    if tag >> 3 == 0 {
        return None;
    }
    match tag & 7 {
        0 => varint(rest).map(|(_, rest)| rest),
        1 => rest.get(8..),
        2 => {
            let (length, rest) = varint(rest)?;
            rest.get(usize::try_from(length).ok()?..)
        }
        5 => rest.get(4..),
        _ => None,
    }
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(LONGEST_VARINT).enumerate() {
        value |= u64::from(byte & 0x7f).checked_shl(7 * index as u32).unwrap_or(0);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[index + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_messages() {
        for model in crate::model::BUNDLED {
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
