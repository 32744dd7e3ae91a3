//! Files that are no models, or contradict themselves: an error each, no panic, and no parser that does not return.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use super::super::structure;
use super::*;

fn message(planted: &Planted, strategy: WeightsStrategy) -> String {
    let result = planted.load(options(strategy, Release::Dontneed, ReleaseWhen::End));
    match result.map(|_| ()).unwrap_err() {
        EmbeddedError::Invalid(message) => message.replace(planted.folder.path().to_str().unwrap(), ""),
        other => panic!("{other:?}"),
    }
}

#[test]
fn garbage_is_an_error() {
    let planted = Planted::new();
    let cut = &BUNDLED[0].1[..1000];
    for garbage in [&b""[..], &[0xff; 1000], &[0; 1000], b"\x08", b"no model at all", cut, b"\x08\x09"] {
        fs::write(planted.path(), garbage).unwrap();
        for strategy in STRATEGIES {
            let message = message(&planted, strategy);
            assert!(message.starts_with("/model.onnx"), "{message}");
        }
    }
    fs::write(planted.path(), b"").unwrap();
    let expected = "/model.onnx is no ONNX file, or not a whole one: it is empty (byte 0)";
    assert_eq!(message(&planted, WeightsStrategy::Map), expected);
}

#[test]
fn files_that_are_none_are_errors() {
    let planted = Planted::new();
    let options = options(WeightsStrategy::Map, Release::Keep, ReleaseWhen::End);
    assert!(matches!(planted.load(options).map(|_| ()), Err(EmbeddedError::File { .. })));
    fs::create_dir(planted.path()).unwrap();
    assert_eq!(message(&planted, WeightsStrategy::Copy), "/model.onnx is no regular file");
    let planted = Planted::new().external("weight", 0..8).write_model();
    let error = planted.load(options).map(|_| ()).unwrap_err();
    assert!(error.to_string().ends_with("model.data"), "{error}");
    nix::unistd::mkfifo(&planted.data(), nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert_eq!(message(&planted, WeightsStrategy::Copy), "/model.data is no regular file");
}

/// Planted: a short file whose tensors all show the same bytes, so that copies of them would exhaust memory.
#[test]
fn tensors_that_overlap_many_times_are_refused() {
    let overlapping = |count: u64| {
        let shifted = |planted: Planted, index| planted.external(&format!("w{index}"), 4 * index..4 * index + 1000);
        (0..count).fold(Planted::new(), shifted).write(&bytes(1400))
    };
    for strategy in STRATEGIES {
        let told = message(&overlapping(20), strategy);
        assert_eq!(told, "/model.data has 1400 bytes; its tensors overlap and take 6000 and more");
        overlapping(5).load(options(strategy, Release::Dontneed, ReleaseWhen::End)).map(|_| ()).unwrap();
    }
}

/// What is done to a tensor.
type Change = Box<dyn FnOnce(&mut TensorProto)>;

/// What is said of a model whose only tensor was changed.
fn message_of(change: impl FnOnce(&mut TensorProto)) -> String {
    let mut planted = Planted::new().external("weight", 16..48);
    change(&mut planted.graph.initializer[0]);
    message(&planted.write(&bytes(48)), WeightsStrategy::Map)
}

fn set(key: usize, value: &str) -> impl FnOnce(&mut TensorProto) {
    move |tensor| tensor.external_data[key].value = Some(value.into())
}

#[test]
fn contradictions_name_the_tensor() {
    let cases: [(Change, &str); 12] = [
        (Box::new(set(1, "20")), "tensor `weight` has 32 bytes from byte 20 on; /model.data has 48"),
        (Box::new(set(1, "18446744073709551615")), "tensor `weight` has 32 bytes from byte 18446744073709551615 on"),
        (Box::new(set(1, "-1")), "tensor `weight` has an external offset that is no number"),
        (Box::new(set(2, "many")), "tensor `weight` has an external length that is no number"),
        (Box::new(set(2, "28")), "tensor `weight` has 28 bytes; its shape and type make 32"),
        (Box::new(set(0, "../model.data")), "tensor `weight` lies outside of the model's folder: `../model.data`"),
        (Box::new(set(0, "/etc/passwd")), "tensor `weight` lies outside of the model's folder: `/etc/passwd`"),
        (Box::new(|tensor| tensor.external_data.clear()), "tensor `weight` is external, and does not say where"),
        (Box::new(|tensor| tensor.dims = vec![-8, -1]), "tensor `weight` has a shape that no tensor has"),
        (Box::new(|tensor| tensor.dims = vec![1 << 40, 1 << 40]), "tensor `weight` has a shape that no tensor has"),
        (
            Box::new(|tensor| tensor.raw_data = Some(RefCell::new(vec![0; 32]))),
            "tensor `weight` has values inline, and says that they are external",
        ),
        (Box::new(|tensor| tensor.dims = vec![]), "tensor `weight` has 32 bytes; its shape and type make 4"),
    ];
    for (change, expected) in cases {
        let message = message_of(change);
        assert!(message.contains(expected), "{message}");
    }
    let twice = Planted::new().external("weight", 0..8).external("weight", 8..16).write(&bytes(16));
    assert_eq!(message(&twice, WeightsStrategy::Copy), "/model.onnx: two tensors are called `weight`");
    let mut short = Planted::new().inline("weight", &bytes(2000));
    short.graph.initializer[0].dims = vec![501];
    let expected = "/model.onnx: tensor `weight` has 2000 bytes; its shape and type make 2004";
    assert_eq!(message(&short.write(b""), WeightsStrategy::Copy), expected);
}

#[test]
fn types_that_the_runtime_does_not_have_stay_in_the_message() {
    let mut planted = Planted::new().inline("half", &bytes(4000)).external("external", 0..8);
    for tensor in &mut planted.graph.initializer {
        tensor.data_type = Some(DataType::FLOAT16);
    }
    let Loaded { model, store } =
        planted.write(b"").load(options(WeightsStrategy::Map, Release::Keep, ReleaseWhen::End)).unwrap();
    assert_eq!(store.count(), 0);
    let tensors = model.graph.unwrap().initializer;
    assert_eq!(tensors[0].raw_data.as_ref().unwrap().borrow().len(), 4000);
}

#[test]
fn an_absent_length_is_what_the_shape_says() {
    let mut planted = Planted::new().external("weight", 8..40);
    planted.graph.initializer[0].external_data.truncate(2);
    let mut store =
        planted.write(&bytes(48)).load(options(WeightsStrategy::Map, Release::Keep, ReleaseWhen::End)).unwrap().store;
    let weight = store.find("weight").unwrap();
    store.announce(weight, 1, true).unwrap();
    assert_eq!(store.take(weight).unwrap().bytes(), &bytes(48)[8..40]);
}

/// One of the ways in which files are damaged.
fn damage(file: &mut Vec<u8>, random: &mut Xoshiro256PlusPlus) {
    let mut below = |limit: usize| (random.next_u64() % limit.max(1) as u64) as usize;
    let at = below(file.len());
    match below(6) {
        0 => file.truncate(at),
        1 => file[at] ^= 1 << below(8),
        2 => file[at] = below(256) as u8,
        3 => drop(file.splice(at..(at + 12).min(file.len()), [0xff; 12])),
        4 => drop(file.drain(at..(at + 1 + below(20)).min(file.len()))),
        _ => {
            let length = 1 + below(20);
            let inserted: Vec<u8> = (0..length).map(|_| below(256) as u8).collect();
            drop(file.splice(at..at, inserted));
        }
    }
}

/// Reads and parses; whether it is a model does not matter, that this returns does.
fn try_out(file: &[u8]) -> bool {
    match structure::read(file) {
        Ok(structure) => ModelProto::parse_buf(&structure.message).is_ok(),
        Err(_) => false,
    }
}

#[test]
fn damaged_models_are_read_or_refused() {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(2077);
    let (mut read, mut refused) = (0, 0);
    for (_, file) in BUNDLED {
        // Without its weights: damage there would go unnoticed, and most of the file is weights.
        let structure = structure::read(file).unwrap().message;
        let rounds = 1_000_000_000 / structure.len().max(250_000);
        for round in 0..rounds {
            let mut damaged = structure.clone();
            (0..=round % 3).for_each(|_| damage(&mut damaged, &mut random));
            match try_out(&damaged) {
                true => read += 1,
                false => refused += 1,
            }
        }
    }
    assert!(read > 100 && refused > 100, "{read} {refused}");
}

#[test]
fn damaged_models_with_external_weights_are_loaded_or_refused() {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(2580);
    let planted = Planted::new()
        .external("first", 0..64)
        .inline("inline", &bytes(1100))
        .external("second", 64..128)
        .inline("short", &bytes(20))
        .write(&bytes(128));
    let file = fs::read(planted.path()).unwrap();
    for round in 0..600 {
        let mut damaged = file.clone();
        (0..=round % 2).for_each(|_| damage(&mut damaged, &mut random));
        // A file that is cut to nothing and written again goes to the disk at once on ext4; a new one does not.
        fs::remove_file(planted.path()).unwrap();
        fs::write(planted.path(), damaged).unwrap();
        let strategy = STRATEGIES[round % 4];
        let Ok(Loaded { mut store, .. }) = planted.load(options(strategy, Release::Unmap, ReleaseWhen::Tensor)) else {
            continue;
        };
        for name in ["first", "inline", "second", "short"] {
            if let Some(weight) = store.find(name) {
                store.announce(weight, 1, true).unwrap();
                assert!(store.take(weight).unwrap().bytes().len() <= 1100);
            }
        }
        store.finish().unwrap();
    }
    assert_eq!(planted.mappings(), 0);
}

#[test]
fn random_bytes_are_read_or_refused() {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(42);
    for round in 0..20_000 {
        let mut file = vec![0; round % 200];
        random.fill_bytes(&mut file);
        // Mostly a graph, so that something is read at all.
        if let Some(first) = file.first_mut() {
            *first = [0x3a, 0x08, 0x42, 0x0a][round % 4];
        }
        try_out(&file);
    }
}
