//! The user's own model on the command line.

use crate::desk::Desk;

/// `run --model FILE` for a few iterations.
const RUN: [&str; 7] = ["run", "--arm", "exact-live", "--iterations", "45", "--out", "out"];

#[test]
fn a_file_that_is_no_model_is_a_failed_case() {
    let desk = Desk::new();
    desk.write("noise.onnx", "this is not what it says it is".repeat(1000));
    desk.run(&[&RUN[..], &["--model", "noise.onnx"]].concat())
        .code(1)
        .says("noise.auto.recompile.exact-live.t1: failed");
    let row = desk.verdict("noise.auto.recompile.exact-live.t1");
    assert_eq!((&row["outcome"], &row["iterations"]), ("failed", "0"), "{row:#?}");
    assert!(row["outcome_detail"].contains("rejects the model"), "{row:#?}");
}

/// What an error proposes must be what helps: the flag it prints is tried as it stands.
#[test]
fn open_dimensions_are_told_with_the_flag_that_closes_them() {
    let desk = Desk::new();
    desk.write("cls.onnx", include_bytes!("../models/ppocr_cls.onnx"));
    let run = [&RUN[..], &["--model", "cls.onnx"]].concat();
    desk.run(&run).code(1);
    let row = desk.verdict("cls.auto.recompile.exact-live.t1");
    assert_eq!(row["outcome"], *"failed");
    let told = &row["outcome_detail"];
    assert!(told.contains("input `x`") && told.contains("`--input x=f32[1,3,1,1]`"), "{told}");

    std::fs::rename(desk.path("out"), desk.path("before")).unwrap();
    desk.run(&[&run[..], &["--input", "x=f32[1,3,48,192]"]].concat());
    let row = desk.verdict("cls.auto.recompile.exact-live.t1");
    assert_eq!((&row["outcome"], &row["live_verdict"]), ("finished", "stable"), "{row:#?}");
}

#[test]
fn every_open_input_is_told_of() {
    let desk = Desk::new();
    desk.write("vad.onnx", include_bytes!("../models/silero_vad.onnx"));
    desk.run(&[&RUN[..], &["--model", "vad.onnx"]].concat()).code(1);
    let row = desk.verdict("vad.auto.recompile.exact-live.t1");
    let told = &row["outcome_detail"];
    for part in ["`input`", "`--input input=f32[1,1]`", "`state`", "`--input state=f32[2,1,128]`"] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn an_input_that_does_not_fit_is_told() {
    for (input, part) in [
        ("y=f32[1,3,48,192]", "no input `y`: it has `x`"),
        ("x=f32[1,3,48]", "input `x` has 4 dimensions"),
        ("x=i64[1,3,48,192]", "input `x` is of type f32, not i64"),
        ("x=f32[1,4,48,192]", "dimension 1 of input `x` is always 3, not 4"),
    ] {
        let desk = Desk::new();
        desk.write("cls.onnx", include_bytes!("../models/ppocr_cls.onnx"));
        desk.run(&[&RUN[..], &["--model", "cls.onnx", "--input", input]].concat()).code(1).says(part);
        assert_eq!(desk.verdict("cls.auto.recompile.exact-live.t1")["outcome"], *"failed");
    }
}
