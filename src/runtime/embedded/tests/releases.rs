//! The ways in which other runtimes have read weights that were gone, each under `strict`, where a
//! stale read ends the process.

use super::small::Attribute;
use super::*;

/// Mapped, given back tensor by tensor, and inaccessible afterwards.
fn strict() -> RuntimeSpec {
    let (strategy, release_when) = (WeightsStrategy::Map, ReleaseWhen::Tensor);
    let weights = Weights { strategy, release: Release::Dontneed, release_when, strict: true, prefault: false };
    RuntimeSpec { weights, ..usual() }
}

fn dense(batch: i64) -> small::Written {
    Small::new(13)
        .input("x", &[batch, 64])
        .noise("w", &[64, 64])
        .node("MatMul", &["x", "w"], &["hidden"])
        .node("MatMul", &["hidden", "w"], &["y"])
        .output("y")
        .write()
}

/// Each inference in a thread of its own: what was packed is the session's, not the first thread's.
#[test]
fn every_inference_may_come_from_another_thread() {
    let (_folder, path) = bundled("ppocr_cls.onnx");
    let inputs = open_inputs("ppocr_cls.onnx");
    let expected = bits(&run(&strict(), &path, &inputs).unwrap());
    for _ in 0..3 {
        let outputs = std::thread::scope(|scope| scope.spawn(|| run(&strict(), &path, &inputs)).join().unwrap());
        assert_eq!(bits(&outputs.unwrap()), expected);
    }
}

/// A first input of zeros must not leave the packing for later.
#[test]
fn an_input_of_zeros_is_an_input() {
    let model = dense(1);
    let mut prepared = prepare(&strict(), &model.path, &BTreeMap::new()).unwrap();
    let mut given = tensors(prepared.as_ref(), &BTreeMap::new(), 7);
    let expected = run(&strict(), &model.path, &BTreeMap::new()).unwrap();
    let noise = std::mem::replace(&mut given[0].data, TensorData::F32(vec![0.0; 64]));
    assert_eq!(prepared.execute(&given).unwrap()[0].values, [0.0; 64]);
    given[0].data = noise;
    assert_eq!(bits(&prepared.execute(&given).unwrap()), bits(&expected));
}

/// One constant for 2, 4 and 8 nodes: it goes with the last of them.
#[test]
fn a_constant_may_have_many_readers() {
    for readers in [2, 4, 8] {
        let mut model = Small::new(13).input("x", &[1, 64]).noise("w", &[64, 64]);
        let names: Vec<String> = (0..=readers).map(|index| format!("v{index}")).collect();
        model = model.node("MatMul", &["x", "w"], &["v0"]);
        for pair in names.windows(2) {
            model = model.node("MatMul", &[&pair[0], "w"], &[&pair[1]]);
        }
        let model = model.output(&names[readers]).write();
        for compile_threads in [1, 4] {
            let spec = RuntimeSpec { compile_threads: Some(compile_threads), ..strict() };
            assert!(
                run(&spec, &model.path, &BTreeMap::new()).is_ok(),
                "{readers} readers, {compile_threads} compilers"
            );
        }
    }
}

/// A weight that is packed by one node and read by another while the model runs stays.
#[test]
fn a_constant_may_be_packed_and_read() {
    let model = Small::new(13)
        .input("x", &[64, 64])
        .noise("w", &[64, 64])
        .node("MatMul", &["x", "w"], &["hidden"])
        .node("Add", &["hidden", "w"], &["y"])
        .output("y")
        .write();
    let expected = run(&usual(), &model.path, &BTreeMap::new()).unwrap();
    assert_eq!(bits(&run(&strict(), &model.path, &BTreeMap::new()).unwrap()), bits(&expected));
}

/// Kernels for one row and for many read the same packed weights: nobody falls back on the original.
#[test]
fn one_row_and_many_rows_need_no_original() {
    let model = Small::new(13)
        .input("x", &[-1, 64])
        .noise("w", &[64, 64])
        .noise("g", &[64, 64])
        .node("MatMul", &["x", "w"], &["hidden"])
        .node_with("Gemm", &["hidden", "g"], &["y"], vec![("transB", Attribute::Integer(1))])
        .output("y")
        .write();
    let mut prepared = prepare(&strict(), &model.path, &BTreeMap::new()).unwrap();
    for rows in [1, 2, 16, 1] {
        let input = InputSpec { element: ElementType::F32, shape: vec![rows, 64], fill: None };
        let given = tensors(prepared.as_ref(), &BTreeMap::from([("x".to_owned(), input)]), 7);
        assert_eq!(prepared.execute(&given).unwrap()[0].shape, [rows, 64]);
    }
}

/// What a file becomes after it was loaded is told, not computed with.
#[test]
fn a_file_that_changes_is_told() {
    let model = Small::new(13).input("x", &[1, 64]).noise("w", &[64]).noise("v", &[64, 64]);
    let model = model.node("MatMul", &["x", "v"], &["h"]).node("Mul", &["h", "w"], &["y"]).output("y").write();
    let spec = RuntimeSpec { prepack: false, ..strict() };
    let mut prepared = prepare(&spec, &model.path, &BTreeMap::new()).unwrap();
    let given = tensors(prepared.as_ref(), &BTreeMap::new(), 7);
    prepared.execute(&given).unwrap();
    let bytes = std::fs::read(&model.path).unwrap();
    std::fs::write(&model.path, &bytes[..bytes.len() / 2]).unwrap();
    let error = prepared.execute(&given).unwrap_err().to_string();
    assert!(error.contains("was changed while the model was in use"), "{error}");
}
