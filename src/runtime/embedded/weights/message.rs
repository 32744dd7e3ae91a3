//! Whether the parser of rten-onnx can be given a message: it does not return, or panics, for some bytes that are none.
//!
//! In `rten-onnx` 0.27, `protobuf/varint.rs`, `read_varint` ends its loop with
//!
//! ```text
//! let buf_len = buf.len().min(MAX_VARINT_LEN - index);
//! …
//! src.consume(buf_len);
//! if index > MAX_VARINT_LEN {
//!     break;
//! }
//! ```
//!
//! After ten bytes that all say "more follows", `index` is `MAX_VARINT_LEN` and not greater: from then on `buf_len` is 0,
//! nothing is consumed, and the loop never ends. Ten such bytes (a run of `0xff`) wherever the parser expects a number are
//! enough, at any depth. Other bytes that lead it astray: a length past the end of the message (`position + length`
//! overflows, or a buffer of that length is allocated), packed floats that are no multiple of their size (what remains is
//! taken for the next field), a number across the end of its message (which is read to its end), and graphs within graphs
//! (a recursion without bound).
//!
//! So every message that the parser reads is walked here, down to the fields it reads; what it skips is skipped. A message
//! that passes has no number that is too long where the parser reads one. What remains (text that is no UTF-8, values of
//! another type than the field's) are errors of the parser.

use crate::runtime::wire::{Malformed, Message, Value};

/// Messages that may lie within each other. An `If` takes three (graph, node, attribute), a sequence type two.
const DEEPEST: usize = 64;

/// Kinds of messages that the parser reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `ModelProto`.
    Model,
    /// `GraphProto`.
    Graph,
    /// `NodeProto`.
    Node,
    /// `AttributeProto`.
    Attribute,
    /// `TensorProto`.
    Tensor,
    /// `ValueInfoProto`.
    ValueInfo,
    /// `TypeProto`.
    Type,
    /// `TypeProto.Tensor`.
    TensorType,
    /// `TypeProto.Sequence`.
    SequenceType,
    /// `TensorShapeProto`.
    Shape,
    /// A message whose fields are text and numbers only.
    Plain,
}

/// What the bytes of a field are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Content {
    /// A message.
    Message(Kind),
    /// Numbers of variable length.
    Numbers,
    /// Values of so many bytes.
    Fixed(usize),
    /// Nothing that is read as more than bytes.
    Opaque,
}

/// Whether the parser reads `model` as a model, and returns.
pub(super) fn check(model: Message<'_>) -> Result<(), Malformed> {
    check_message(Kind::Model, model, 0)
}

fn check_message(kind: Kind, message: Message<'_>, depth: usize) -> Result<(), Malformed> {
    if depth > DEEPEST {
        return Err(message.malformed("messages lie too deep within each other"));
    }
    for field in message.fields() {
        let field = field?;
        if let Value::Bytes(bytes) = field.value {
            check_content(content(kind, field.number), bytes, depth)?;
        }
    }
    Ok(())
}

fn check_content(content: Content, bytes: Message<'_>, depth: usize) -> Result<(), Malformed> {
    match content {
        Content::Message(kind) => check_message(kind, bytes, depth + 1),
        Content::Numbers => bytes.check_numbers(),
        Content::Fixed(size) if !bytes.bytes.len().is_multiple_of(size) => {
            Err(bytes.malformed("the last of several values is cut off"))
        }
        Content::Fixed(_) | Content::Opaque => Ok(()),
    }
}

/// What the bytes of a field are; numbers as in `onnx.proto`.
fn content(kind: Kind, field: u64) -> Content {
    match (kind, field) {
        (Kind::Model, 7) | (Kind::Attribute, 6) => Content::Message(Kind::Graph),
        (Kind::Model, 8 | 14) | (Kind::Tensor, 13) | (Kind::Shape, 1) => Content::Message(Kind::Plain),
        (Kind::Graph, 1) => Content::Message(Kind::Node),
        (Kind::Graph, 5) | (Kind::Attribute, 5) => Content::Message(Kind::Tensor),
        (Kind::Graph, 11..=13) => Content::Message(Kind::ValueInfo),
        (Kind::Node, 5) => Content::Message(Kind::Attribute),
        (Kind::Tensor, 4) => Content::Fixed(4),
        (Kind::Tensor, 5 | 7) => Content::Numbers,
        (Kind::Tensor, 10) => Content::Fixed(8),
        (Kind::ValueInfo, 2) | (Kind::SequenceType, 1) => Content::Message(Kind::Type),
        (Kind::Type, 1) => Content::Message(Kind::TensorType),
        (Kind::Type, 4) => Content::Message(Kind::SequenceType),
        (Kind::TensorType, 2) => Content::Message(Kind::Shape),
        _ => Content::Opaque,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::wire::write_bytes;

    fn check_bytes(bytes: &[u8]) -> Result<(), Malformed> {
        check(Message { bytes, start: 0 })
    }

    fn nested(numbers: &[u64], innermost: &[u8]) -> Vec<u8> {
        numbers.iter().rev().fold(innermost.to_vec(), |inner, number| {
            let mut outer = Vec::new();
            write_bytes(*number, &inner, &mut outer);
            outer
        })
    }

    /// Ten bytes that all say "more follows", and one more: what rten-onnx does not return from.
    const ENDLESS: [u8; 11] = [0xff; 11];

    #[test]
    fn endless_numbers_are_found_wherever_the_parser_reads_one() {
        let to_messages: &[&[u64]] = &[
            &[],
            &[7],
            &[8],
            &[14],
            &[7, 1],
            &[7, 1, 5],
            &[7, 1, 5, 5],
            &[7, 1, 5, 6],
            &[7, 5],
            &[7, 5, 13],
            &[7, 11],
        ];
        let to_types: &[&[u64]] =
            &[&[7, 12, 2], &[7, 13, 2, 1], &[7, 11, 2, 1, 2], &[7, 11, 2, 1, 2, 1], &[7, 11, 2, 4, 1]];
        let to_numbers: &[&[u64]] = &[&[7, 5, 5], &[7, 5, 7], &[7, 1, 5, 5, 7]];
        for path in to_messages.iter().chain(to_types).chain(to_numbers) {
            assert!(check_bytes(&nested(path, &ENDLESS)).is_err(), "{path:?}");
        }
    }

    #[test]
    fn what_the_parser_skips_is_skipped() {
        for path in [&[6][..], &[7, 10], &[7, 5, 9], &[7, 5, 12], &[7, 1, 6], &[7, 1, 5, 4], &[20], &[7, 14]] {
            let bytes = nested(path, &ENDLESS);
            assert_eq!(check_bytes(&bytes), Ok(()), "{path:?}");
            // The parser returns: text that is no UTF-8 would be an error, data is none.
            assert!(rten_onnx::onnx::ModelProto::parse_buf(&bytes).is_ok() || path == [7, 1, 5, 4], "{path:?}");
        }
    }

    #[test]
    fn packed_values_are_whole() {
        assert!(check_bytes(&nested(&[7, 5, 4], &[0; 8])).is_ok());
        assert!(check_bytes(&nested(&[7, 5, 4], &[0; 9])).is_err());
        assert!(check_bytes(&nested(&[7, 5, 10], &[0; 12])).is_err());
    }

    #[test]
    fn graphs_within_graphs_have_an_end() {
        let path = |graphs: usize| [&[7][..], &[1, 5, 6].repeat(graphs)].concat();
        assert!(check_bytes(&nested(&path(20), b"")).is_ok());
        assert!(check_bytes(&nested(&path(22), b"")).is_err());
        assert!(check_bytes(&nested(&path(5000), b"")).is_err());
    }
}
