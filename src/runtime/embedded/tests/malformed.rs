//! Files that somebody has damaged: an error or a result, never a panic. The damages are the same in every run, so none of
//! them asks for more time or memory today than it did yesterday.

use super::small::bytes;
use super::*;

/// How many damaged copies of each model are tried; thousands more were, once.
const COPIES: u64 = 150;

fn try_all(model: Vec<u8>, inputs: &BTreeMap<String, InputSpec>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.onnx");
    for seed in 1..=COPIES {
        let mut noise = Noise(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut damaged = model.clone();
        for _ in 0..=noise.bits() % 4 {
            let position = noise.bits() as usize % damaged.len();
            damaged[position] = noise.bits() as u8;
        }
        std::fs::write(&path, &damaged).unwrap();
        let _ = run(&usual(), &path, inputs);
    }
}

#[test]
fn damaged_small_models_are_survived() {
    let written = small::network().write();
    let model = rten_onnx::onnx::ModelProto::parse_buf(&std::fs::read(&written.path).unwrap()).unwrap();
    let mut graph = model.graph.unwrap();
    // Weights without bytes of their own leave the structure, where damage means something.
    for tensor in &mut graph.initializer {
        if tensor.dims.len() > 1 {
            tensor.raw_data = None;
            tensor.dims = vec![0; tensor.dims.len()];
        }
    }
    try_all(bytes(&rten_onnx::onnx::ModelProto { graph: Some(graph), ..model }), &BTreeMap::new());
    try_all(std::fs::read(&written.path).unwrap(), &BTreeMap::new());
}

#[test]
fn damaged_bundled_models_are_survived() {
    for model in crate::model::BUNDLED {
        try_all(model.bytes.to_vec(), &open_inputs(model.name));
    }
}

#[test]
fn files_cut_short_are_survived() {
    let model = std::fs::read(small::network().write().path).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("short.onnx");
    for length in (0..model.len()).step_by(61) {
        std::fs::write(&path, &model[..length]).unwrap();
        assert!(run(&usual(), &path, &BTreeMap::new()).is_err(), "the first {length} bytes");
    }
}
