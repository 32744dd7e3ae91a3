//! Bad usage and bad suite files: exit code 2, what is wrong and what was perhaps meant, before anything runs.

use std::fs;

use crate::desk::Desk;

/// Runs with `arguments` and checks that it is refused in one line with all `parts`, and that nothing was made.
#[track_caller]
fn refused(desk: &Desk, arguments: &[&str], parts: &[&str]) {
    let mut ended = desk.run(&[arguments, &["--out", "refused"]].concat()).code(2).quietly();
    for part in parts {
        ended = ended.complains(part);
    }
    assert_eq!(desk.names("refused"), [""; 0], "nothing was written\n{}", ended.all());
    assert!(!ended.stderr.contains("what was measured"), "nothing was measured\n{}", ended.all());
}

/// The same for a suite file.
#[track_caller]
fn refused_suite(text: &str, parts: &[&str]) {
    let desk = Desk::new();
    desk.write("wrong.toml", text);
    refused(&desk, &["run", "wrong.toml"], parts);
}

#[test]
fn a_wrong_suite_file_is_told_by_line_and_key() {
    let case = "[[case]]\nworkload = \"nothing\"\n";
    let unknown_key = "iterations = 10\n[[case]]\nworkload = \"nothing\"\narms = \"glibc\"\n";
    refused_suite(unknown_key, &["wrong.toml:4: case[0].arms: unknown key `arms`; did you mean `arm`?"]);
    let unknown_setting = format!("iteratons = 10\n{case}");
    refused_suite(&unknown_setting, &["wrong.toml:1: iteratons: unknown key `iteratons`; did you mean `iterations`?"]);
    let second = format!("{case}{}", case.replace("nothing", "notthing"));
    refused_suite(&second, &["wrong.toml:4: case[1].workload: unknown workload `notthing`; did you mean `nothing`?"]);
    refused_suite(&format!("{case}arm = \"jemaloc\"\n"), &["case[0].arm", "did you mean `jemalloc`?"]);
    refused_suite(&format!("{case}expect = \"leek\"\n"), &["wrong.toml:3: case[0].expect", "did you mean `leak`?"]);
    refused_suite(&format!("iterations = \"many\"\n{case}"), &["wrong.toml:1: iterations"]);
    refused_suite(&format!("iterations = 0\n{case}"), &["wrong.toml:1: iterations", "from 1"]);
    refused_suite("iterations = 10\n[[case]\n", &["wrong.toml:2: ", "[[case]\n"]);
    refused_suite("", &["wrong.toml:1: ", "nothing to run"]);
}

#[test]
fn an_unknown_tunable_in_a_suite_is_refused() {
    let suite = "[arms.mine]\ntunables = { arena_mx = 1 }\n[[case]]\nworkload = \"nothing\"\narm = \"mine\"\n";
    refused_suite(suite, &["glibc.malloc.arena_mx", "did you mean `glibc.malloc.arena_max`?"]);
}

#[test]
fn unknown_flags_and_names_are_refused_with_what_was_meant() {
    let desk = Desk::new();
    let model = ["run", "--model", "mlp-small"];
    refused(&desk, &["run", "--itertions", "3"], &["--itertions", "--iterations"]);
    refused(&desk, &["run", "recompil"], &["no suite file `recompil`", "did you mean `recompile`?"]);
    refused(&desk, &["quik"], &["did you mean `quick`?"]);
    refused(&desk, &["run", "nosuch.toml"], &["no suite file `nosuch.toml`"]);
    refused(&desk, &[&model[..], &["--arm", "jemaloc"]].concat(), &["--arm", "did you mean `jemalloc`?"]);
    refused(&desk, &[&model[..], &["--runtime", "rtn"]].concat(), &["--runtime", "did you mean `rten`?"]);
    refused(&desk, &[&model[..], &["--workload", "recompil"]].concat(), &["--workload", "did you mean `recompile`?"]);
    refused(&desk, &[&model[..], &["quick"]].concat(), &["--model", "cannot be used with"]);
    refused(&desk, &[&model[..], &["--input", "x"]].concat(), &["`x` is not NAME=TYPE[SHAPE]"]);
    refused(&desk, &["run", "--iterations", "0"], &["--iterations", "from 1"]);
    refused(&desk, &["run", "--threads", "0"], &["--threads", "from 1"]);
    refused(&desk, &["run", "--replicates", "0"], &["--replicates", "from 1"]);
    refused(&desk, &["run", "--time", "soon"], &["--time", "soon"]);
    refused(&desk, &["run", "--filter", "("], &["--filter", "unclosed group"]);
}

#[test]
fn a_filter_that_leaves_nothing_tells_the_nearest() {
    let nearest = [
        "no case matches the filter `ppocr-cls.embedded.recompile.jemaloc`",
        "ppocr-cls.embedded.recompile.jemalloc.t1",
    ];
    refused(&Desk::new(), &["run", "--filter", "ppocr-cls.embedded.recompile.jemaloc"], &nearest);
}

/// glibc would ignore the name without a word, and the arm would be another one than its name says.
#[test]
fn a_mistyped_tunable_is_refused_before_any_child_starts() {
    let meant = "glibc knows no tunable `glibc.malloc.arena_mx`; did you mean `glibc.malloc.arena_max`?";
    refused(&Desk::new(), &["run", "--model", "mlp-small", "--arm", "glibc.malloc.arena_mx=1"], &[meant]);
}

#[test]
fn values_that_glibc_would_ignore_are_refused() {
    let desk = Desk::new();
    let arms = [
        ("glibc.malloc.arena_max=0", "is outside"),
        ("glibc.malloc.arena_max", "is not a tunable such as"),
        ("glibc.malloc.mmap_threshold=64k", "plain number"),
    ];
    for (arm, problem) in arms {
        refused(&desk, &["run", "--model", "mlp-small", "--arm", arm], &[problem]);
    }
}

#[test]
fn a_missing_model_is_refused() {
    let desk = Desk::new();
    refused(&desk, &["run", "--model", "nofile.onnx"], &["--model", "`nofile.onnx` is not a file"]);
    refused(&desk, &["run", "--model", "mlp-smal"], &["did you mean `mlp-small`?"]);
}

/// Engines take an empty file for a model without inputs and outputs, which never leaks.
#[test]
fn an_empty_model_is_refused() {
    let desk = Desk::new();
    desk.write("empty.onnx", "");
    let arguments = ["run", "--model", "empty.onnx", "--arm", "exact-live", "--iterations", "5", "--out", "out"];
    desk.run(&arguments).code(2).complains("the model `empty.onnx` is empty (0 bytes)");
}

/// In a suite it is a row among others.
#[test]
fn an_empty_model_does_not_take_the_other_cases_along() {
    let desk = Desk::new();
    desk.write("empty.onnx", "");
    let suite = r#"
        iterations = 30
        [models.empty]
        file = "empty.onnx"
        [[case]]
        model = ["empty", "mlp-small"]
        workload = "recompile"
        arm = "exact-live"
        resident = false
    "#;
    let ended = desk.suite(suite, &[]).code(1).says("empty.auto.recompile.exact-live.t1: failed");
    assert_eq!(desk.verdicts().len(), 2, "a row each\n{}", ended.all());
    let row = desk.verdict("empty.auto.recompile.exact-live.t1");
    assert_eq!(row["outcome"], *"failed");
    assert!(row["outcome_detail"].contains("the model `empty.onnx` is empty (0 bytes)"), "{row:#?}");
    assert_eq!(desk.verdict("mlp-small.auto.recompile.exact-live.t1")["outcome"], *"finished");
}

#[test]
fn a_model_that_auto_does_not_read_is_refused_with_the_runtimes_that_do() {
    let desk = Desk::new();
    desk.write("net.tflite", "no matter what");
    let told = ["--model: the model is a file in the format TFLite", "--runtime litert, onert or openvino"];
    refused(&desk, &["run", "--model", "net.tflite"], &told);
}

#[test]
fn a_directory_that_is_taken_refuses_all_suites_before_the_first_runs() {
    let desk = Desk::new();
    let suite = "[[case]]\nworkload = \"nothing\"\narm = \"exact-live\"\nresident = false\n";
    desk.write("a.toml", suite);
    desk.write("b.toml", suite);
    fs::create_dir_all(desk.path("out/b")).unwrap();
    desk.write("out/b/samples.csv", "measured long ago\n");
    let ended = desk.run(&["run", "a.toml", "b.toml", "--out", "out"]);
    ended.code(2).quietly().complains("out/b holds a run already");
    assert_eq!(desk.names("out"), ["b"], "nothing was made");
}

/// Planted: the rows of the first suite cannot be made.
#[test]
fn an_error_in_one_suite_does_not_keep_the_next_from_running() {
    let desk = Desk::new();
    let suite = "[[case]]\nworkload = \"nothing\"\narm = \"exact-live\"\nresident = false\n";
    desk.write("a.toml", suite);
    desk.write("b.toml", suite);
    fs::create_dir_all(desk.path("out/a")).unwrap();
    std::os::unix::fs::symlink("nowhere", desk.path("out/a/verdicts.csv")).unwrap();
    let ended = desk.run(&["run", "a.toml", "b.toml", "--out", "out"]).code(3).complains("out/a/verdicts.csv");
    assert!(!ended.stderr.contains("could not be"), "nothing was measured: {}", ended.all());
    assert_eq!(desk.rows("out/b/verdicts.csv").iter().filter(|row| row["role"] == *"case").count(), 1);
}

#[test]
fn limits_of_a_suite_can_be_given_on_the_command_line() {
    let desk = Desk::new();
    refused(&desk, &["run", "--iteration-time", "0s"], &["--iteration-time", "must be more than zero"]);
    refused(&desk, &["run", "--memory", "much"], &["--memory"]);
    refused(&desk, &["run", "--memory", "2"], &["--memory", "give a unit, as in 300MB"]);
    refused(&desk, &["run", "--arm", "./liballoc.so"], &["--arm: there is no file ./liballoc.so"]);
    let hang = "[[case]]\nworkload = \"hang\"\narm = \"exact-live\"\nresident = false\n";
    desk.suite(hang, &["--iteration-time", "1s", "--memory", "2GB"]).code(1).says("(--iteration-time)");
    let row = desk.verdict("none.auto.hang.exact-live.t1");
    assert_eq!(row["outcome"], *"timed-out");
    assert!(row["reproduce"].contains("--iteration-time 1s --memory 2000000000"), "{row:#?}");
}

#[test]
fn nothing_recorded_is_overwritten() {
    let desk = Desk::new();
    fs::create_dir(desk.path("out")).unwrap();
    desk.write("out/samples.csv", "measured long ago\n");
    let ended = desk.run(&["run", "--model", "mlp-small", "--out", "out"]);
    ended.code(2).quietly().complains("out holds a run already").complains("--out");
    assert_eq!(desk.read("out/samples.csv"), "measured long ago\n");
    assert_eq!(desk.names("out"), ["samples.csv"]);
}
