//! Every strategy gives the bytes of the file, and leaves nothing behind.

use rten_onnx::onnx::{AttributeProto, NodeProto};

use super::super::load::load_within;
use super::super::structure;
use super::*;

#[test]
fn every_strategy_gives_the_bytes_of_the_file() {
    let data = bytes(40_000);
    let inline = bytes(5_000);
    let planted = Planted::new()
        .inline("inline", &inline)
        .external("first", 0..4_000)
        .external("odd", 4_002..10_002)
        .external("tied", 0..4_000)
        .external("none", 40_000..40_000)
        .external("last", 20_000..40_000)
        .inline("short", &inline[..1024])
        .write(&data);
    let expected: [(&str, &[u8]); 6] = [
        ("inline", &inline),
        ("first", &data[..4_000]),
        ("tied", &data[..4_000]),
        ("odd", &data[4_002..10_002]),
        ("none", b""),
        ("last", &data[20_000..]),
    ];
    for strategy in STRATEGIES {
        let Loaded { model, mut store } =
            planted.load(options(strategy, Release::Dontneed, ReleaseWhen::Tensor)).unwrap();
        assert_eq!(store.find("short"), None, "{strategy:?}");
        assert_eq!(store.find("tied"), store.find("first"));
        assert_eq!((store.count(), store.bytes_total()), (5, 35_000));
        for (name, _) in expected {
            store.announce(store.find(name).unwrap(), 1, false).unwrap();
        }
        for (name, bytes) in expected {
            let taken = store.take(store.find(name).unwrap()).unwrap();
            assert_eq!(taken.bytes(), bytes, "{strategy:?} {name}");
            assert_eq!(bytemuck::cast_slice::<f32, u8>(&taken.floats()), bytes, "{strategy:?} {name}");
        }
        store.finish().unwrap();
        let tensors = model.graph.unwrap().initializer;
        let has_data = |tensor: &TensorProto| tensor.raw_data.is_some();
        assert_eq!(tensors.iter().map(has_data).collect::<Vec<_>>(), [false, false, false, false, false, false, true]);
    }
}

#[test]
fn a_store_leaves_nothing_behind() {
    let planted = Planted::new()
        .inline("inline", &bytes(30_000))
        .external("first", 0..pages(3))
        .external("second", pages(3)..pages(5))
        .write(&bytes(pages(5) as usize));
    for strategy in STRATEGIES {
        for release in RELEASES {
            for release_when in [ReleaseWhen::End, ReleaseWhen::Tensor] {
                let mut store = planted.load(options(strategy, release, release_when)).unwrap().store;
                let expected = match strategy {
                    WeightsStrategy::Copy | WeightsStrategy::CopyEager => 0,
                    WeightsStrategy::Map => 2,
                    WeightsStrategy::MapTensor => 3,
                };
                assert_eq!((planted.mappings(), store.report().mappings), (expected, expected), "{strategy:?}");
                assert_eq!(planted.descriptors(), 0, "{strategy:?}");
                store.announce(store.find("second").unwrap(), 1, true).unwrap();
                drop(store.take(store.find("second").unwrap()));
                store.finish().unwrap();
                drop(store);
                assert_eq!(planted.mappings(), 0, "{strategy:?} {release:?} {release_when:?}");
            }
        }
    }
}

#[test]
fn pages_are_brought_in_where_asked_for() {
    let planted = Planted::new().external("weight", pages(1) + 8..pages(9)).write(&bytes(pages(10) as usize));
    for strategy in [WeightsStrategy::Map, WeightsStrategy::MapTensor] {
        for prefault in [false, true] {
            let options = Weights { prefault, ..options(strategy, Release::Keep, ReleaseWhen::End) };
            let mut store = planted.load(options).unwrap().store;
            let weight = store.find("weight").unwrap();
            store.announce(weight, 1, false).unwrap();
            let taken = store.take(weight).unwrap();
            let address = taken.bytes().as_ptr().addr();
            assert_eq!(present(address, taken.bytes().len()), [prefault; 8], "{strategy:?}");
        }
    }
}

#[test]
fn too_many_mappings_are_refused() {
    let planted = (0..10_u64)
        .fold(Planted::new(), |model, index| model.external(&format!("weight {index}"), index * 8..index * 8 + 8));
    let planted = planted.external("nothing", 0..0).external("tied", 0..8).write(&bytes(80));
    let options = options(WeightsStrategy::MapTensor, Release::Keep, ReleaseWhen::End);
    assert!(load_within(&planted.path(), options, 20).is_ok());
    let refused = load_within(&planted.path(), options, 19).map(|_| ()).unwrap_err();
    assert!(matches!(refused, EmbeddedError::Refused(_)));
    let message = "`map-tensor` would make 10 mappings; half of vm.max_map_count (19) is as many as it takes";
    assert_eq!(refused.to_string(), message);
    assert!(load_within(&planted.path(), Weights { strategy: WeightsStrategy::Map, ..options }, 19).is_ok());
}

/// Names and bytes of the tensors that a graph has as initializers or `Constant` nodes.
fn tensors(graph: &GraphProto) -> Vec<(String, Option<Vec<u8>>)> {
    let floats = |tensor: &TensorProto| bytemuck::cast_slice(&tensor.float_data).to_vec();
    let raw = |tensor: &TensorProto| tensor.raw_data.clone().map(RefCell::into_inner);
    let data = |tensor: &TensorProto| raw(tensor).or(Some(floats(tensor)).filter(|floats| !floats.is_empty()));
    let initializers = graph.initializer.iter().map(|tensor| (tensor.name.clone().unwrap(), data(tensor)));
    let constants = graph.node.iter().filter(|node| node.op_type.as_deref() == Some("Constant"));
    let values = constants.filter_map(|node| Some((node.output[0].clone(), data(node.attribute[0].t.as_ref()?))));
    let mut tensors: Vec<_> = initializers.chain(values).collect();
    tensors.sort();
    tensors
}

#[test]
fn bundled_models_keep_their_structure() {
    for ((name, file), count) in BUNDLED.into_iter().zip([40, 9]) {
        let whole = ModelProto::parse_buf(file).unwrap().graph.unwrap();
        let structure::Structure { message, weights } = structure::read(file).unwrap();
        let stripped = ModelProto::parse_buf(&message).unwrap().graph.unwrap();
        assert_eq!(weights.len(), count, "{name}");
        assert!(message.len() < 120_000, "{name}: {}", message.len());
        let operators = |graph: &GraphProto| {
            let operators = graph.node.iter().filter(|node| node.op_type.as_deref() != Some("Constant"));
            operators.map(|node| format!("{node:?}")).collect::<Vec<_>>()
        };
        assert_eq!(operators(&stripped), operators(&whole), "{name}");
        assert_eq!(tensors(&stripped).len(), tensors(&whole).len());
        for ((stripped, left), (whole, data)) in tensors(&stripped).into_iter().zip(tensors(&whole)) {
            assert_eq!(stripped, whole);
            let place = weights.iter().find(|weight| weight.name == whole).map(|weight| match weight.place {
                structure::DeclaredPlace::Inline(offset) => offset as usize..(offset + weight.length) as usize,
                structure::DeclaredPlace::External { .. } => panic!("{whole} is not external"),
            });
            assert!(left.is_none() || place.is_none(), "{whole}");
            assert_eq!(left.as_deref().or(place.and_then(|place| file.get(place))), data.as_deref(), "{whole}");
        }
    }
}

#[test]
fn constant_nodes_are_weights_under_the_name_of_their_output() {
    let value = |bytes: usize| TensorProto {
        raw_data: Some(RefCell::new(super::bytes(bytes))),
        ..tensor("any name", bytes as u64)
    };
    let node = |output: &str, operator: &str, attribute: &str, bytes: usize| NodeProto {
        output: vec![output.into()],
        op_type: Some(operator.into()),
        attribute: vec![AttributeProto { name: Some(attribute.into()), t: Some(value(bytes)), ..Default::default() }],
        ..Default::default()
    };
    let mut planted = Planted::new().inline("initializer", &bytes(2000));
    planted.graph.node = vec![
        node("long", "Constant", "value", 4000),
        node("short", "Constant", "value", 1000),
        node("filled", "ConstantOfShape", "value", 4000),
        node("other", "Constant", "sparse_value", 4000),
    ];
    let options = options(WeightsStrategy::Map, Release::Keep, ReleaseWhen::End);
    let Loaded { model, mut store } = planted.write(b"").load(options).unwrap();
    let graph = model.graph.unwrap();
    let left: Vec<&str> = graph.node.iter().map(|node| node.output[0].as_str()).collect();
    assert_eq!(left, ["short", "filled", "other"]);
    let mut names: Vec<_> = graph.initializer.iter().map(|tensor| tensor.name.clone().unwrap()).collect();
    names.sort();
    assert_eq!((names, store.count()), (vec!["initializer".to_owned(), "long".to_owned()], 2));
    let long = store.find("long").unwrap();
    store.announce(long, 1, false).unwrap();
    assert_eq!(store.take(long).unwrap().bytes(), bytes(4000));
}

#[test]
fn packed_floats_are_used_where_they_lie() {
    let values: Vec<f32> = (0..500).map(|value| value as f32).collect();
    let mut planted = Planted::new();
    planted.graph.initializer.push(TensorProto { float_data: values.clone(), ..tensor("floats", 2000) });
    let planted = planted.write(b"");
    for strategy in STRATEGIES {
        let options = options(strategy, Release::Dontneed, ReleaseWhen::End);
        let Loaded { model, mut store } = planted.load(options).unwrap();
        assert!(model.graph.unwrap().initializer[0].float_data.is_empty());
        let floats = store.find("floats").unwrap();
        store.announce(floats, 1, true).unwrap();
        assert_eq!(store.take(floats).unwrap().floats(), values);
        store.finish().unwrap();
        assert_eq!(store.kept_floats(floats).unwrap(), values);
    }
}
