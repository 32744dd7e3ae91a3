//! Generated files: sizes, alignment, determinism, and that an engine runs them.

use std::collections::BTreeMap;
use std::fs::{self, File};

use rten_onnx::onnx::{DataLocation, DataType, ModelProto, TensorProto};
use tempfile::tempdir;

use super::engine::run;
use super::recipe;
use crate::model::{ModelError, write};
use crate::suite::{Recipe, WeightsPlacement};
use crate::units::Bytes;

const SMALL_MLP: &str = "mlp:layers=3,width=48,batch=2";
const SMALL_TRANSFORMER: &str = "transformer:layers=2,hidden=64,tokens=8";

#[test]
fn rten_runs_inline_and_external_models_alike() {
    let folder = tempdir().unwrap();
    for (text, shape) in [(SMALL_MLP, vec![2, 48]), (SMALL_TRANSFORMER, vec![1, 8, 64])] {
        let [inline, external] = [WeightsPlacement::Inline, WeightsPlacement::External].map(|placement| {
            let path = folder.path().join(format!("{placement:?}.onnx"));
            write(&recipe(text, placement), &path).unwrap();
            run(&path, &BTreeMap::new())
        });
        assert_eq!(inline.0, shape, "{text}");
        assert_eq!(inline, external, "{text}");
        assert_alive(&inline.1);
    }
}

#[test]
fn rten_runs_convolution_networks() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("net.onnx");
    for text in ["mobilenet_v2", "resnet50"] {
        write(&recipe(text, WeightsPlacement::External), &path).unwrap();
        let (shape, logits) = run(&path, &BTreeMap::new());
        assert_eq!(shape, [1, 1000], "{text}");
        assert_alive(&logits);
    }
}

/// Activations have neither overflowed nor faded on their way through the layers.
fn assert_alive(values: &[f32]) {
    let largest = values.iter().fold(0.0f32, |largest, value| largest.max(value.abs()));
    assert!(values.iter().all(|value| value.is_finite()) && (0.01..100.0).contains(&largest), "{:?}", &values[..8]);
}

#[test]
fn what_is_told_about_the_files_is_true() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("net.onnx");
    let written = write(&recipe("mobilenet_v2", WeightsPlacement::Inline), &path).unwrap();
    assert_eq!(Bytes(fs::metadata(&path).unwrap().len()), written.bytes);
    // The size of the same network as the onnx package writes it.
    assert!(written.bytes.0.abs_diff(14_177_919) < 141_779, "{}", written.bytes);
    assert_eq!(written.weights, None);

    let written = write(&recipe(SMALL_MLP, WeightsPlacement::External), &path).unwrap();
    let (weights, bytes) = written.weights.unwrap();
    assert_eq!(weights, folder.path().join("net.onnx.data"));
    assert_eq!(Bytes(fs::metadata(&weights).unwrap().len()), bytes);
    assert_eq!(Bytes(fs::metadata(&path).unwrap().len()), written.bytes);
    assert_eq!(super::names(folder.path()), ["net.onnx", "net.onnx.data"]);
}

#[test]
fn external_weights_are_the_inline_ones_aligned_to_pages() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("net.onnx");
    let initializers = |text, placement| {
        let written = write(&recipe(text, placement), &path).unwrap();
        let model = ModelProto::parse_file(File::open(&path).unwrap()).unwrap();
        (written, model.graph.unwrap().initializer)
    };
    for text in ["mobilenet_v2", SMALL_TRANSFORMER, SMALL_MLP] {
        let (_, inline) = initializers(text, WeightsPlacement::Inline);
        let (written, external) = initializers(text, WeightsPlacement::External);
        let weights = fs::read(written.weights.unwrap().0).unwrap();
        let mut end = 0;
        for (inline, tensor) in inline.iter().zip(&external) {
            if tensor.data_location != Some(DataLocation::EXTERNAL) {
                assert!(tensor.dims.is_empty() || tensor.data_type == Some(DataType::INT64), "{tensor:?} is inline");
                continue;
            }
            let (location, offset, length) = place(tensor);
            assert_eq!(location, "net.onnx.data");
            assert!(offset % 4096 == 0 && offset >= end, "{tensor:?} begins at {offset}, after {end}");
            end = offset + length;
            assert!(weights[offset..end] == **inline.raw_data.as_ref().unwrap().borrow(), "{tensor:?} differs");
        }
        assert_eq!((end, inline.len()), (weights.len(), external.len()), "{text}");
    }
}

fn place(tensor: &TensorProto) -> (String, usize, usize) {
    let entry = |key: &str| {
        let found = tensor.external_data.iter().find(|entry| entry.key.as_deref() == Some(key));
        found.unwrap().value.clone().unwrap()
    };
    (entry("location"), entry("offset").parse().unwrap(), entry("length").parse().unwrap())
}

#[test]
fn the_recipe_alone_decides_the_bytes() {
    let folder = tempdir().unwrap();
    for text in [SMALL_MLP, SMALL_TRANSFORMER] {
        let bytes = |seed| {
            let path = folder.path().join("net.onnx");
            write(&Recipe { seed, ..recipe(text, WeightsPlacement::Inline) }, &path).unwrap();
            fs::read(path).unwrap()
        };
        assert!(bytes(1) == bytes(1), "{text}: the same seed gives other bytes");
        let (one, two) = (bytes(1), bytes(2));
        assert!(one != two && one.len() == two.len(), "{text}: another seed gives the same bytes");
    }
}

#[test]
fn what_cannot_be_written_says_why() {
    let folder = tempdir().unwrap();
    let error = |text, placement, path: &str| {
        let path = folder.path().join(path);
        let error = write(&recipe(text, placement), &path).unwrap_err();
        error.to_string().replace(folder.path().to_str().unwrap(), "DIR")
    };
    assert_eq!(
        error("mlp:layers=40,width=4096", WeightsPlacement::Inline, "net.onnx"),
        "`DIR/net.onnx` would have 2.68 GB, but ONNX files end at 2 GiB: place the weights outside with \
         `--weights external`"
    );
    assert_eq!(error(SMALL_MLP, WeightsPlacement::Inline, "no/net.onnx"), "cannot write `DIR/no/net.onnx`");
    assert_eq!(
        error(SMALL_MLP, WeightsPlacement::External, ".."),
        "`DIR/..` does not end in a file name to write a model to"
    );
    assert_eq!(super::names(folder.path()), [""; 0]);
}

#[test]
fn a_folder_in_the_way_leaves_no_temporary_file() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("net.onnx");
    fs::create_dir(&path).unwrap();
    let error = write(&recipe(SMALL_MLP, WeightsPlacement::Inline), &path).unwrap_err();
    assert!(matches!(error, ModelError::Write { .. }), "{error}");
    assert_eq!(super::names(folder.path()), ["net.onnx"]);
}
