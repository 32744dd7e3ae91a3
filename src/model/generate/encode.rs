//! A graph as ONNX protobuf, written tensor by tensor.
//!
//! `rten_onnx`'s own `ModelProto` holds every weight in memory; the messages here borrow the graph instead and make a
//! tensor's values when its turn comes. Lengths, which protobuf wants before contents, follow from shapes alone, so the
//! exact size of a file is known without making a single weight. Field numbers are those of `onnx.proto3`,
//! <https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3>.

use std::io::{self, Write};

use rten_onnx::onnx::{DataLocation, OperatorSetIdProto, StringStringEntryProto, TensorProto};
use rten_onnx::protobuf::varint::varint_len;
use rten_onnx::protobuf::{EncodeMessage, MessageWriter, ProtobufError, ValueWriter, WriteValue};

use super::graph::{Graph, Tensor};

/// Alignment of every tensor in a weights file: the page size of x86-64, so that each can be mapped and released alone.
pub(super) const ALIGNMENT: u64 = 4096;

/// ONNX IR version 8 belongs to operator sets 15 to 17 and is read by every current runtime.
const IR_VERSION: i64 = 8;

/// Where the weights of a model are to lie.
#[derive(Debug, Clone, Copy)]
pub(super) enum Location<'a> {
    /// In the protobuf.
    Inline,
    /// In the file of this name, in the model's folder.
    Beside(&'a str),
}

/// A model ready to be written: a graph, the seed of its values and the place of its weights.
#[derive(Debug)]
pub(super) struct Encoding<'a> {
    graph: &'a Graph,
    seed: u64,
    location: Location<'a>,
    /// Offset of each tensor in the weights file; `None` for tensors in the protobuf.
    offsets: Vec<Option<u64>>,
    weights_bytes: u64,
}

impl<'a> Encoding<'a> {
    /// Lays the tensors out.
    pub(super) fn new(graph: &'a Graph, seed: u64, location: Location<'a>) -> Encoding<'a> {
        let mut end = 0u64;
        let mut place = |tensor: &Tensor| {
            let offset = end.next_multiple_of(ALIGNMENT);
            end = offset + tensor.bytes();
            offset
        };
        let is_beside = matches!(location, Location::Beside(_));
        let offsets = graph.tensors.iter().map(|tensor| (is_beside && tensor.is_weight).then(|| place(tensor)));
        let offsets = offsets.collect();
        Encoding { graph, seed, location, offsets, weights_bytes: end }
    }

    /// Exact size of the protobuf, in bytes.
    pub(super) fn model_bytes(&self) -> u64 {
        self.encoded_len().expect("counting bytes does no I/O and cannot fail")
    }

    /// Exact size of the weights file, in bytes; 0 when the weights are in the protobuf.
    pub(super) fn weights_bytes(&self) -> u64 {
        self.weights_bytes
    }

    /// Writes the protobuf.
    pub(super) fn write_model(&self, sink: impl Write) -> Result<(), ProtobufError> {
        self.encode(ValueWriter::new(sink))
    }

    /// Writes the weights file: tensors at their offsets, zeros between them.
    pub(super) fn write_weights(&self, sink: &mut impl Write) -> io::Result<()> {
        let mut end = 0u64;
        for (index, (tensor, offset)) in self.graph.tensors.iter().zip(&self.offsets).enumerate() {
            let Some(offset) = offset else { continue };
            io::copy(&mut io::Read::take(io::repeat(0), offset - end), sink)?;
            tensor.values.write(tensor.elements(), self.seed, index, sink)?;
            end = offset + tensor.bytes();
        }
        Ok(())
    }

    /// Everything about a tensor but its values.
    fn header(&self, index: usize) -> TensorProto {
        let tensor = &self.graph.tensors[index];
        let mut header = TensorProto {
            dims: tensor.shape.iter().map(|size| *size as i64).collect(),
            data_type: Some(tensor.data_type()),
            name: Some(tensor.name.clone()),
            ..Default::default()
        };
        if let (Location::Beside(name), Some(offset)) = (self.location, self.offsets[index]) {
            let entry = |key: &str, value: String| StringStringEntryProto { key: Some(key.into()), value: Some(value) };
            header.data_location = Some(DataLocation::EXTERNAL);
            header.external_data = vec![
                entry("location", name.into()),
                entry("offset", offset.to_string()),
                entry("length", tensor.bytes().to_string()),
            ];
        }
        header
    }
}

/// `ModelProto`.
impl EncodeMessage for Encoding<'_> {
    fn encode_fields<W: WriteValue>(&self, fields: &mut MessageWriter<W>) -> Result<(), ProtobufError> {
        fields.write_int64(1, IR_VERSION)?;
        fields.write_string(2, "highwater")?;
        fields.write_message(7, &GraphMessage(self))?;
        let version = Some(self.graph.operator_set);
        fields.write_message(8, &OperatorSetIdProto { domain: Some(String::new()), version })
    }
}

/// `GraphProto`.
struct GraphMessage<'a>(&'a Encoding<'a>);

impl EncodeMessage for GraphMessage<'_> {
    fn encode_fields<W: WriteValue>(&self, fields: &mut MessageWriter<W>) -> Result<(), ProtobufError> {
        let graph = self.0.graph;
        fields.write_repeated_message(1, &graph.nodes)?;
        fields.write_string(2, graph.name)?;
        for index in 0..graph.tensors.len() {
            fields.write_message(5, &TensorMessage { encoding: self.0, index })?;
        }
        fields.write_repeated_message(11, &graph.inputs)?;
        fields.write_repeated_message(12, &graph.outputs)
    }
}

/// `TensorProto`, its values made while it is written.
struct TensorMessage<'a> {
    encoding: &'a Encoding<'a>,
    index: usize,
}

/// Field `raw_data` of `TensorProto`.
const RAW_DATA: u64 = 9;

/// Bytes of the tag of `RAW_DATA`, which is below 16.
const RAW_DATA_TAG: u64 = 1;

impl EncodeMessage for TensorMessage<'_> {
    fn encode_fields<W: WriteValue>(&self, fields: &mut MessageWriter<W>) -> Result<(), ProtobufError> {
        self.encoding.header(self.index).encode_fields(fields)?;
        if self.encoding.offsets[self.index].is_some() {
            return Ok(());
        }
        let tensor = &self.encoding.graph.tensors[self.index];
        let mut bytes = Vec::with_capacity(tensor.bytes() as usize);
        tensor.values.write(tensor.elements(), self.encoding.seed, self.index, &mut bytes)?;
        fields.write_bytes(RAW_DATA, &bytes)
    }

    fn encoded_len(&self) -> Result<u64, ProtobufError> {
        let header = self.encoding.header(self.index).encoded_len()?;
        if self.encoding.offsets[self.index].is_some() {
            return Ok(header);
        }
        let bytes = self.encoding.graph.tensors[self.index].bytes();
        Ok(header + RAW_DATA_TAG + varint_len(bytes) as u64 + bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{inception_v3, mlp, mobilenet_v2, resnet50};
    use super::*;

    fn inline_bytes(graph: &Graph) -> u64 {
        Encoding::new(graph, 1, Location::Inline).model_bytes()
    }

    #[test]
    fn networks_have_the_sizes_of_the_real_ones() {
        // Measured on files that the onnx package wrote from the same layers; a byte more is for the producer's name.
        assert_eq!(inline_bytes(&mobilenet_v2::graph()), 14_177_919 + 1);
        assert_eq!(inline_bytes(&inception_v3::graph()), 95_518_588 + 1);
        assert_eq!(inline_bytes(&resnet50::graph()), 102_463_649 + 1);
        let mlp = mlp::graph(6, 2048, 16);
        assert_eq!(Encoding::new(&mlp, 1, Location::Beside("mlp.data")).weights_bytes(), 6 * 2048 * 2048 * 4);
    }

    /// How many nodes there are of each kind.
    fn layers(graph: Graph) -> String {
        let mut layers = BTreeMap::new();
        for node in graph.nodes {
            *layers.entry(node.op_type.unwrap()).or_insert(0) += 1;
        }
        let counts: Vec<_> = layers.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
        counts.join(", ")
    }

    #[test]
    fn networks_have_the_layers_of_the_real_ones() {
        assert_eq!(
            layers(inception_v3::graph()),
            "AveragePool 9, BatchNormalization 94, Concat 15, Conv 94, Flatten 1, Gemm 1, GlobalAveragePool 1, \
             Identity 1, MaxPool 4, Relu 94"
        );
        assert_eq!(
            layers(resnet50::graph()),
            "Add 16, BatchNormalization 53, Conv 53, Flatten 1, Gemm 1, GlobalAveragePool 1, Identity 1, MaxPool 1, \
             Relu 49"
        );
    }

    #[test]
    fn the_size_is_known_before_anything_is_written() {
        let graph = mlp::graph(2, 40, 1);
        for location in [Location::Inline, Location::Beside("mlp.onnx.data")] {
            let encoding = Encoding::new(&graph, 1, location);
            let (mut model, mut weights) = (Vec::new(), Vec::new());
            encoding.write_model(&mut model).unwrap();
            encoding.write_weights(&mut weights).unwrap();
            assert_eq!(model.len() as u64, encoding.model_bytes());
            assert_eq!(weights.len() as u64, encoding.weights_bytes());
        }
    }
}
