//! Inputs of every kind that ONNX Runtime has, as the session declares them.

use super::*;
use crate::model::{DeclaredInput, Dimension};
use crate::suite::ElementType;

/// A field of a message with a number.
fn number(field: u8, value: u8) -> Vec<u8> {
    vec![field << 3, value]
}

/// A field of a message with bytes.
fn bytes(field: u8, content: &[u8]) -> Vec<u8> {
    let mut written = vec![field << 3 | 2];
    let length = content.len();
    if length > 0x7f {
        written.push((length & 0x7f) as u8 | 0x80);
        written.push((length >> 7) as u8);
    } else {
        written.push(length as u8);
    }
    written.extend_from_slice(content);
    written
}

/// The type of a tensor, with ONNX's number of its elements' type.
fn tensor(element: u8, shape: Option<&[u8]>) -> Vec<u8> {
    let sizes =
        shape.map(|sizes| bytes(2, &sizes.iter().flat_map(|size| bytes(1, &number(1, *size))).collect::<Vec<_>>()));
    bytes(1, &[number(1, element), sizes.unwrap_or_default()].concat())
}

/// A model that copies an input of one float and has others, `a`, `b`…, that nobody reads.
fn model(others: &[Vec<u8>]) -> Model {
    let value = |name: &[u8], kind: &[u8]| [bytes(1, name), bytes(2, kind)].concat();
    let float = tensor(1, Some(&[1]));
    let node = [bytes(1, b"x"), bytes(2, b"y"), bytes(3, b"n"), bytes(4, b"Identity")].concat();
    let mut graph =
        [bytes(1, &node), bytes(2, b"g"), bytes(11, &value(b"x", &float)), bytes(12, &value(b"y", &float))].concat();
    for (index, kind) in others.iter().enumerate() {
        graph.extend(bytes(11, &value(&[b'a' + index as u8], kind)));
    }
    let opset = [bytes(1, b""), number(2, 16)].concat();
    Model::of_bytes(&[number(1, 8), bytes(7, &graph), bytes(8, &opset)].concat())
}

#[test]
fn inputs_are_told_with_what_is_known_about_them() {
    if library().is_none() {
        return;
    }
    let named = bytes(1, &[number(1, 7), bytes(2, &bytes(1, &bytes(2, b"batch")))].concat());
    let float = tensor(1, Some(&[4]));
    let kinds = [
        named,
        tensor(9, Some(&[])),
        tensor(1, None),
        tensor(10, Some(&[2])),
        tensor(8, Some(&[2])),
        bytes(4, &bytes(1, &float)),
        bytes(5, &[number(1, 7), bytes(2, &float)].concat()),
        bytes(8, &[number(1, 1), bytes(2, &bytes(1, &number(1, 4)))].concat()),
        bytes(9, &bytes(1, &float)),
    ];
    let model = model(&kinds);
    let runtime = runtime(&[], &model.path).unwrap();
    let prepared = runtime.load(&model.path).unwrap().prepare().unwrap();
    let input =
        |name: &str, element, shape: Option<Vec<Dimension>>| DeclaredInput { name: name.into(), element, shape };
    let fixed = |size| Some(vec![Dimension::Fixed(size)]);
    let expected = [
        input("x", Some(ElementType::F32), fixed(1)),
        input("a", Some(ElementType::I64), Some(vec![Dimension::Open("batch".into())])),
        input("b", Some(ElementType::Bool), Some(Vec::new())),
        input("c", Some(ElementType::F32), None),
        input("d", None, fixed(2)),
        input("e", None, fixed(2)),
        input("f", None, None),
        input("g", None, None),
        input("h", Some(ElementType::F32), fixed(4)),
        input("i", None, None),
    ];
    for (told, expected) in prepared.inputs().iter().zip(&expected) {
        assert_eq!(told, expected);
    }
    assert_eq!(prepared.inputs().len(), expected.len());
}
