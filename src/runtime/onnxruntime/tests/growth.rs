//! Nothing is left behind, by sessions that run and by models that are refused. Live bytes are those of the whole process,
//! so each test has one of its own, without thread caches, in which they are flat to the byte.

use super::*;
use crate::arm::{LiveCounter, LiveKind, in_force};

/// Rounds after which the environment and the C library have what they keep.
const WARM_UP: usize = 10;

/// Rounds in which nothing may grow.
const ROUNDS: usize = 20;

#[test]
fn nothing_is_left_behind() {
    if library().is_none() {
        return;
    }
    let program = std::env::current_exe().unwrap();
    let home = tempfile::tempdir().unwrap();
    for test in ["models_that_are_refused_leave_nothing", "sessions_leave_nothing"] {
        let name = format!("runtime::onnxruntime::tests::growth::{test}");
        let alone = std::process::Command::new(&program)
            .env("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0")
            .env("HOME", home.path())
            .env_remove("XDG_CACHE_HOME")
            .args(["--exact", &name, "--ignored"])
            .output()
            .unwrap();
        let told = String::from_utf8_lossy(&alone.stdout);
        assert!(alone.status.success() && told.contains("1 passed"), "{told}");
    }
    let written: Vec<_> = std::fs::read_dir(home.path()).unwrap().collect();
    assert!(written.is_empty(), "identifiers and reports: {written:?}");
}

/// Entries of a folder of `/proc/self`.
fn count(folder: &str) -> usize {
    std::fs::read_dir(Path::new("/proc/self").join(folder)).unwrap().count()
}

/// Does `round` until nothing should grow any more, and then sees to it that nothing does.
fn assert_flat(what: &str, mut round: impl FnMut()) {
    let counter = LiveCounter::detect(&in_force());
    if counter.kind() != Some(LiveKind::Exact) {
        println!("skipped: live bytes are not exact here");
        return;
    }
    (0..WARM_UP).for_each(|_| round());
    let before = (counter.read().live.unwrap(), count("fd"), count("task"));
    (0..ROUNDS).for_each(|_| round());
    let after = (counter.read().live.unwrap(), count("fd"), count("task"));
    assert_eq!(after, before, "{what}: bytes, descriptors and threads");
}

#[test]
#[ignore = "`nothing_is_left_behind` runs it in a process of its own"]
fn models_that_are_refused_leave_nothing() {
    if library().is_none() {
        return;
    }
    let whole = bundled("ppocr_cls.onnx").unwrap();
    let models = [
        ("garbage", Model::of_bytes(&[0xff; 1000])),
        ("half", Model::of_bytes(&whole[..whole.len() / 2])),
        ("almost whole", Model::of_bytes(&whole[..whole.len() - 1])),
        ("empty", Model::of_bytes(b"")),
    ];
    for (what, model) in &models {
        let runtime = runtime(&[], &model.path).unwrap();
        assert_flat(what, || assert!(runtime.load(&model.path).unwrap().prepare().is_err()));
    }
    let absent = models[0].1.path.with_file_name("absent.onnx");
    let runtime = runtime(&[], &absent).unwrap();
    assert_flat("absent", || assert!(runtime.load(&absent).is_err()));
}

#[test]
#[ignore = "`nothing_is_left_behind` runs it in a process of its own"]
fn sessions_leave_nothing() {
    if library().is_none() {
        return;
    }
    let model = Model::bundled("ppocr_cls.onnx");
    for options in [&[][..], &[("reload_optimized", "true")], &[("initial_chunk_size_bytes", "1048576")]] {
        let runtime = runtime(options, &model.path).unwrap();
        let mut inputs = None;
        assert_flat(&format!("{options:?}"), || {
            let mut prepared = runtime.load(&model.path).unwrap().prepare().unwrap();
            let inputs = inputs.get_or_insert_with(|| model.tensors(prepared.as_ref()));
            prepared.execute(inputs).unwrap();
            prepared.execute(&inputs[..0]).unwrap_err();
            prepared.set_inputs(inputs).unwrap();
            prepared.renew_request().unwrap();
            prepared.execute(inputs).unwrap();
            prepared.own_memory().unwrap();
        });
    }
    assert_flat("runtimes with options", || {
        drop(runtime(&[("max_mem", "1000000"), ("reload_optimized", "true")], &model.path).unwrap());
        assert!(runtime(&[("max_mem", "much")], &model.path).is_err());
    });
}
