//! Engines against each other: the same generated model, the same inputs, through the same doors.

mod loaded;

use std::collections::BTreeMap;
use std::path::Path;

use rten_onnx::onnx::{
    DataType, Dimension, GraphProto, ModelProto, NodeProto, OperatorSetIdProto, TensorShapeProto, TypeProto,
    TypeProtoTensor, ValueInfoProto,
};

pub(crate) use self::loaded::available;
pub(in crate::runtime) use self::loaded::{assert_close, by_dlopen, c_library, fixture, library};
use super::{Output, declared_bytes, open};
use crate::model::{make_inputs, parse_architecture, write};
use crate::suite::{Engine, Recipe, Release, RuntimeSpec, Weights, WeightsPlacement, WeightsStrategy};

/// A runtime as it comes, with these weights where it is inside the binary.
pub(super) fn spec(engine: Engine, strategy: WeightsStrategy, release: Release) -> RuntimeSpec {
    let plain = RuntimeSpec::as_it_comes("test", engine);
    RuntimeSpec { weights: Weights { strategy, release, ..plain.weights }, ..plain }
}

fn outputs(spec: &RuntimeSpec, path: &Path) -> Vec<Output> {
    let mut prepared = open(spec, path, &BTreeMap::new(), 1).unwrap().load(path).unwrap().prepare().unwrap();
    let inputs = make_inputs(&prepared.inputs(), &BTreeMap::new(), 3).unwrap();
    prepared.execute(&inputs).unwrap()
}

/// `embedded` must give what rten gives, from copies and from a mapping that is gone when it executes.
fn engines_agree(architecture: &str, placement: WeightsPlacement) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    let recipe = Recipe { architecture: parse_architecture(architecture).unwrap(), weights: placement, seed: 1 };
    write(&recipe, &path).unwrap();
    let expected = outputs(&spec(Engine::Rten, WeightsStrategy::Copy, Release::Keep), &path);
    let copied = outputs(&spec(Engine::Embedded, WeightsStrategy::Copy, Release::Dontneed), &path);
    let mapped = outputs(&spec(Engine::Embedded, WeightsStrategy::Map, Release::Unmap), &path);
    assert_eq!(copied, mapped);
    assert_close(&copied, &expected);
}

#[test]
fn on_dense_layers() {
    engines_agree("mlp:layers=3,width=128,batch=1", WeightsPlacement::Inline);
    engines_agree("mlp:layers=3,width=128,batch=16", WeightsPlacement::External);
}

#[test]
fn on_a_transformer() {
    engines_agree("transformer:layers=2,hidden=128,tokens=16", WeightsPlacement::Inline);
    engines_agree("transformer:layers=2,hidden=128,tokens=16", WeightsPlacement::External);
}

#[test]
fn on_mobilenet_v2() {
    engines_agree("mobilenet_v2", WeightsPlacement::External);
}

#[test]
fn on_inception_v3() {
    engines_agree("inception_v3", WeightsPlacement::Inline);
}

/// A model with one operator, of four elements.
pub(super) fn foreign(folder: &Path, operator: &str) -> std::path::PathBuf {
    let value = |name: &str| {
        let shape = TensorShapeProto { dim: vec![Dimension { dim_value: Some(4), dim_param: None }] };
        let tensor_type = Some(TypeProtoTensor { elem_type: Some(DataType::FLOAT), shape: Some(shape) });
        ValueInfoProto { name: Some(name.into()), r#type: Some(TypeProto { tensor_type, sequence: None }) }
    };
    let node = NodeProto {
        name: Some("soft".into()),
        op_type: Some(operator.into()),
        input: vec!["x".into()],
        output: vec!["y".into()],
        ..Default::default()
    };
    let graph =
        GraphProto { node: vec![node], input: vec![value("x")], output: vec![value("y")], ..Default::default() };
    let opset_import = vec![OperatorSetIdProto { domain: None, version: Some(13) }];
    let model = ModelProto { graph: Some(graph), ir_version: Some(8), opset_import, ..Default::default() };
    let path = folder.join("foreign.onnx");
    std::fs::write(&path, model.write_buf().unwrap()).unwrap();
    path
}

#[test]
fn rten_stands_in_where_an_operator_is_lacking_and_says_so() {
    let folder = tempfile::tempdir().unwrap();
    // Only rten has it.
    let path = foreign(folder.path(), "Softplus");
    let auto = spec(Engine::Auto, WeightsStrategy::Copy, Release::Dontneed);
    let runtime = open(&auto, &path, &BTreeMap::new(), 1).unwrap();
    assert_eq!(runtime.identity().name, "rten");
    let told = runtime.remarks().join(" ");
    assert!(told.starts_with("it stands in for embedded: ") && told.contains("`Softplus`"), "{told}");
    assert_eq!(outputs(&auto, &path)[0].shape, [4]);
    let refused =
        open(&spec(Engine::Embedded, WeightsStrategy::Copy, Release::Dontneed), &path, &BTreeMap::new(), 1).unwrap();
    let error = refused.load(&path).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("`Softplus`") && error.contains("`--runtime rten` runs it"), "{error}");
}

#[test]
fn embedded_runs_what_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.onnx");
    let architecture = parse_architecture("mlp:layers=1,width=64,batch=1").unwrap();
    write(&Recipe { architecture, weights: WeightsPlacement::Inline, seed: 1 }, &path).unwrap();
    let auto = spec(Engine::Auto, WeightsStrategy::Copy, Release::Dontneed);
    let runtime = open(&auto, &path, &BTreeMap::new(), 1).unwrap();
    assert_eq!((runtime.identity().name, runtime.remarks().len()), ("embedded", 0));
}

#[test]
fn a_model_declares_the_bytes_of_all_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: usize| {
        let path = folder.path().join(name);
        std::fs::write(&path, vec![0; bytes]).unwrap();
        path
    };
    let (model, alone) = (file("net.xml", 30), file("alone.XML", 5));
    file("net.bin", 4000);
    let other = file("net.tflite", 7);
    let bytes = [&model, &alone, &other, &folder.path().join("absent.xml")].map(|path| declared_bytes(path));
    assert_eq!(bytes, [4030, 5, 7, 0]);
    let recipe = |weights| Recipe {
        architecture: parse_architecture("mlp:layers=1,width=64,batch=1").unwrap(),
        weights,
        seed: 1,
    };
    let path = folder.path().join("model.onnx");
    write(&recipe(WeightsPlacement::External), &path).unwrap();
    let files = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap());
    let ours = files.filter(|entry| entry.file_name().to_str().unwrap().starts_with("model.onnx"));
    let lengths: Vec<u64> = ours.map(|entry| entry.metadata().unwrap().len()).collect();
    assert!(lengths.len() == 2 && declared_bytes(&path) == lengths.iter().sum::<u64>(), "{lengths:?}");
}
