//! Models that cannot be read: what is told, and that nothing of it stays.

use std::env;
use std::process::Command;

use super::*;
use crate::arm::{LiveCounter, LiveKind, in_force};
use crate::runtime::tests::foreign;

/// Set for the process that counts: it has no other tests, whose memory it would count.
const ALONE: &str = "HIGHWATER_OPENVINO_TEST_ALONE";

/// How often each model is refused.
const ROUNDS: usize = 20;

/// Bytes that may come and go between rounds. The shortest error is longer than a hundred bytes, and kept it would be so in
/// each round.
const WOBBLE: u64 = 1000;

/// Files that are no models, each with a part of what OpenVINO says about it.
fn damaged(folder: &Path) -> Vec<(PathBuf, &'static str)> {
    let file = |name: &str, bytes: &[u8]| {
        std::fs::write(folder.join(name), bytes).unwrap();
        folder.join(name)
    };
    let whole = std::fs::read(bundled(folder, "ppocr_cls.onnx")).unwrap();
    vec![
        (file("garbage.onnx", b"garbage garbage garbage"), "Unable to read the model"),
        (file("garbage.xml", b"garbage garbage garbage"), "Unable to read the model"),
        (file("garbage.tflite", b"garbage garbage garbage"), "Unable to read the model"),
        (file("truncated.onnx", &whole[..whole.len() / 2]), "can't be parsed"),
        (file("empty.onnx", b""), "Unable to read the model"),
        (folder.join("missing.onnx"), "Could not open the file"),
    ]
}

#[test]
fn a_model_that_cannot_be_read_is_rejected_in_openvinos_words() {
    let Some(runtime) = opened(&[], &[]) else { return };
    let folder = tempfile::tempdir().unwrap();
    for (path, words) in damaged(folder.path()) {
        let error = refusal(&runtime, &path);
        assert!(matches!(error, RuntimeError::Rejected { .. }), "{}: {error}", path.display());
        let told = error.to_string();
        assert!(told.starts_with("openvino rejects the model: ") && told.contains(words), "{told}");
        assert!(!told.contains("Exception from") && !told.contains('\n'), "{told}");
    }
    let path = Path::new("a\0b.onnx");
    assert_eq!(refusal(&runtime, path).to_string(), "openvino rejects the model: the path has a zero byte");
}

#[test]
fn an_operation_that_openvino_lacks_says_nothing_about_the_model() {
    let Some(runtime) = opened(&[], &[]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let error = refusal(&runtime, &foreign(folder.path(), "Highwaterplus"));
    assert!(error.is_incompatible(), "{error}");
    assert!(error.to_string().starts_with("openvino does not have this: the operations Highwaterplus"), "{error}");
    prepared(&runtime, &foreign(folder.path(), "Softplus"));
}

#[test]
fn errors_leave_nothing_behind() {
    if env::var_os(ALONE).is_some() {
        return refuse_and_count();
    }
    if library().is_none() {
        return;
    }
    let test = module_path!().split_once("::").unwrap().1.to_owned() + "::errors_leave_nothing_behind";
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([&test, "--exact", "--nocapture", "--test-threads=1"]).env(ALONE, "1");
    // Freed blocks must not wait in caches of threads, where they count as live.
    let output = command.env("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0").output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("1 passed"), "{told}");
}

/// Refuses each model again and again, and looks at live bytes after each refusal.
fn refuse_and_count() {
    let counter = LiveCounter::detect(&in_force());
    if counter.kind() != Some(LiveKind::Exact) {
        return eprintln!("not tested: live bytes are not counted exactly here");
    }
    let runtime = opened(&[], &[]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let lacking = (foreign(folder.path(), "Highwaterplus"), "");
    for (path, _) in damaged(folder.path()).into_iter().chain([lacking]) {
        stays_flat(&counter, &path.display().to_string(), || drop(refusal(&runtime, &path)));
    }
    stays_flat(&counter, "a core whose option is refused", || {
        assert!(try_open(&[("NO_SUCH_OPTION", "1")], &[]).unwrap().is_err());
    });
}

/// Does the same again and again. The first two rounds may bring in what stays for good.
fn stays_flat(counter: &LiveCounter, what: &str, act: impl Fn()) {
    let mut series = [0; ROUNDS];
    for live in &mut series {
        act();
        *live = counter.read().live.unwrap();
    }
    assert!(series[ROUNDS - 1].saturating_sub(series[1]) < WOBBLE, "{what}: {series:?}");
}
