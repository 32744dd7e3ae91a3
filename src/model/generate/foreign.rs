//! A model that is whole and that nobody can run.

use std::io;
use std::path::Path;

use rten_onnx::onnx::DataType;

use super::encode::{Encoding, Location};
use super::graph::Graph;
use super::write::replace;
use crate::model::error::ModelError;

/// An operator that ONNX does not have and no runtime will.
const OPERATOR: &str = "HighwaterNoSuchOperator";

/// Writes a valid ONNX model to `path` whose only node has an operator type that no runtime knows.
///
/// # Errors
/// If the file cannot be written.
pub fn write_foreign(path: &Path) -> Result<(), ModelError> {
    let graph = graph();
    replace(path, |sink| Encoding::new(&graph, 0, Location::Inline).write_model(sink).map_err(io::Error::other))
}

fn graph() -> Graph {
    let mut graph = Graph::new("foreign", 13);
    let input = graph.input("input", DataType::FLOAT, &[1, 4]);
    let output = graph.operator(OPERATOR, &[&input], Vec::new());
    graph.give(&output, &[1, 4]);
    graph
}

#[cfg(test)]
mod tests {
    use rten_onnx::onnx::ModelProto;

    use super::*;

    #[test]
    fn its_only_node_makes_its_only_output_out_of_its_only_input() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("foreign.onnx");
        write_foreign(&path).unwrap();
        let model = ModelProto::parse_file(std::fs::File::open(&path).unwrap()).unwrap();
        let graph = model.graph.unwrap();
        let [node] = graph.node.as_slice() else { panic!("{:?}", graph.node) };
        assert_eq!(node.op_type.as_deref(), Some(OPERATOR));
        assert_eq!(graph.input[0].name.as_deref(), Some(node.input[0].as_str()));
        assert_eq!(graph.output[0].name.as_deref(), Some(node.output[0].as_str()));
        assert_eq!((graph.input.len(), graph.output.len(), model.ir_version), (1, 1, Some(8)));
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(write_foreign(&folder.path().join("a/b.onnx")), Err(ModelError::Write { .. })));
    }
}
