//! Runtimes that are loaded at run time: what is told where one is missing, and what it says where it is there.

use crate::desk::Desk;

/// A few iterations of one model.
const RUN: [&str; 10] =
    ["run", "--model", "mlp-small", "--arm", "exact-live", "--iterations", "45", "--no-core", "--out", "out"];

#[test]
fn a_runtime_that_is_not_here_is_skipped_with_the_command_that_brings_it() {
    for engine in ["openvino", "onnxruntime"] {
        let desk = Desk::new();
        std::fs::create_dir(desk.path("nowhere")).unwrap();
        let ended = desk.run(&[&RUN[..], &["--runtime", engine, "--library", "nowhere"]].concat());
        ended.code(3).says("is not here: no lib").says("give the path of the library");
        let row = desk.verdict(&format!("mlp-small.{engine}.recompile.exact-live.t1"));
        assert_eq!((&row["outcome"], &row["verdict"]), ("skipped", ""), "{row:#?}");
    }
}

#[test]
fn a_model_in_a_foreign_format_is_no_verdict() {
    let desk = Desk::new();
    desk.write("net.tflite", "no matter what");
    let suite = "[models.net]\nfile = \"net.tflite\"\n[[case]]\nmodel = \"net\"\nruntime = \"rten\"\nworkload = \"recompile\"\narm = \"glibc\"\n";
    desk.suite(suite, &[]).code(1).says("the model is a file in the format TFLite; this runtime reads ONNX");
    let row = desk.verdict("net.rten.recompile.glibc.t1");
    assert_eq!((&row["outcome"], &row["verdict"]), ("incompatible", ""), "{row:#?}");
}

#[test]
fn a_library_is_for_one_runtime_that_has_one() {
    let desk = Desk::new();
    let refused = |more: &[&str], told: &str| {
        desk.run(&[&RUN[..], more].concat()).code(2).complains(told);
    };
    refused(&["--runtime", "openvino", "--library", "lib.so"], "--library: there is no file lib.so");
    desk.write("lib.so", "");
    refused(&["--library", "lib.so"], "`auto` is inside highwater: name another with --runtime");
    refused(&["--runtime", "rten", "--option", "a=b"], "--option: `rten` is inside highwater");
    refused(&["--runtime", "openvino", "--runtime", "onnxruntime", "--option", "a=b"], "is for one runtime");
    refused(&["--runtime", "openvino", "--option", "a"], "`a` is not NAME=VALUE");
}

#[test]
fn doctor_tells_where_each_runtime_was_looked_for() {
    let desk = Desk::new();
    let mut command = desk.highwater();
    let package = desk.path("env/lib/python3.11/site-packages");
    std::fs::create_dir_all(package.join("onnxruntime/capi")).unwrap();
    std::fs::create_dir_all(package.join("onnxruntime-1.31.1.dist-info")).unwrap();
    std::fs::write(package.join("onnxruntime/capi/libonnxruntime.so.1.31.1"), "planted").unwrap();
    command.arg("doctor").env("HIGHWATER_RUNTIMES", desk.path("env"));
    let ended = crate::ended::Ended::of(command).code(0);
    ended
        .says("  onnxruntime 1.31.1: ok: ")
        .says("  openvino: missing: openvino is not here: no libopenvino_c.so in ")
        .says("run scripts/fetch-runtimes");
}
