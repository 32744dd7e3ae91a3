//! Options on their way to the compiled model, and libraries that are not what they should be.

use super::*;
use crate::runtime::tests::c_library;

#[test]
fn options_reach_the_compiled_model_and_are_told() {
    let options = [
        ("performance_hint", "THROUGHPUT"),
        ("INFERENCE_PRECISION_HINT", "f32"),
        ("enable_mmap", "false"),
        ("EXECUTION_MODE_HINT", "ACCURACY"),
    ];
    let Some(runtime) = opened(&options, &[]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = mobilenet(folder.path(), WeightsPlacement::Inline);
    let told = prepared(&runtime, &path).remarks().join(" ");
    for part in [
        "in force are INFERENCE_NUM_THREADS=1, NUM_STREAMS=",
        "INFERENCE_PRECISION_HINT=f32",
        "ENABLE_MMAP=NO",
        "PERFORMANCE_HINT=THROUGHPUT",
        "EXECUTION_MODE_HINT=ACCURACY",
    ] {
        assert_eq!(told.matches(part).count(), 1, "{part}: {told}");
    }
    let Some(runtime) = opened(&[], &[]) else { return };
    let told = prepared(&runtime, &path).remarks().join(" ");
    assert!(told.contains("ENABLE_MMAP=YES") && !told.contains("THROUGHPUT"), "a core has settings of its own: {told}");
}

#[test]
fn the_threads_of_the_case_are_taken_where_the_options_leave_them_open() {
    let Some(library) = library() else { return };
    let folder = tempfile::tempdir().unwrap();
    let path = mobilenet(folder.path(), WeightsPlacement::Inline);
    let threads = |options: &[(&str, &str)], threads| {
        let runtime = Openvino::open(&spec(library.clone(), options), &BTreeMap::new(), threads).unwrap();
        prepared(&runtime, &path).remarks().join(" ")
    };
    assert!(threads(&[("inference_num_threads", "1")], 2).contains("INFERENCE_NUM_THREADS=1"));
    let processors = std::thread::available_parallelism().unwrap().get().min(2);
    let told = threads(&[], 2);
    assert!(told.contains(&format!("INFERENCE_NUM_THREADS={processors}")), "{told}");
}

#[test]
fn an_option_that_openvino_does_not_know_is_named() {
    for (name, value, word) in [
        ("NO_SUCH_OPTION", "1", "NO_SUCH_OPTION"),
        ("COMPILATION_NUM_THREADS", "2", "COMPILATION_NUM_THREADS"),
        ("ENABLE_MMAP", "perhaps", "perhaps"),
        ("NUM_STREAMS", "many", "many"),
        ("PERFORMANCE_HINT", "FAST", "FAST"),
        ("CACHE_MODE\0", "1", "zero byte"),
    ] {
        let Some(opened) = try_open(&[(name, value)], &[]) else { return };
        let error = opened.map(|_| ()).unwrap_err();
        let told = error.to_string();
        assert!(error.is_incompatible(), "{error}");
        let begin = format!("openvino does not have this: option {name}={value}: ");
        assert!(told.starts_with(&begin) && told[begin.len()..].contains(word), "{told}");
        assert!(!told.contains("Exception from") && !told.contains(".cpp"), "{told}");
    }
}

#[test]
fn who_it_is() {
    let Some(runtime) = opened(&[], &[]) else { return };
    let Identity { name, version, library } = runtime.identity();
    assert_eq!(name, "openvino");
    assert!(version.starts_with("20") && version.contains('-'), "{version}");
    assert_eq!(library, self::library());
}

#[test]
fn another_library_is_refused_with_what_it_lacks() {
    let foreign = spec(c_library(), &[]);
    let error = Openvino::open(&foreign, &BTreeMap::new(), 1).map(|_| ()).unwrap_err();
    assert!(error.is_incompatible());
    assert!(error.to_string().contains("libc.so.6 has no function `ov_get_openvino_version`"), "{error}");
    let absent = spec("/nowhere/libopenvino_c.so".into(), &[]);
    let error = Openvino::open(&absent, &BTreeMap::new(), 1).map(|_| ()).unwrap_err();
    assert!(error.is_incompatible() && error.to_string().contains("openvino is not here"), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("libopenvino_c.so");
    std::fs::write(&text, "no library").unwrap();
    let error = Openvino::open(&spec(text, &[]), &BTreeMap::new(), 1).map(|_| ()).unwrap_err();
    assert!(error.is_incompatible() && error.to_string().contains("does not load ("), "{error}");
}
