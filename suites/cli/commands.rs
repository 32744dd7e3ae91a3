//! `doctor`, `model`, `--list`, `--help` and the hidden `worker`.

use std::fs;

use crate::desk::Desk;

#[test]
fn doctor_tells_of_every_allocator_and_of_this_machine() {
    let told = Desk::new().run(&["doctor"]).code(0);
    for allocator in ["glibc", "jemalloc", "mimalloc", "tcmalloc"] {
        let line = told.stdout.lines().find(|line| line.trim_start().starts_with(allocator));
        let line = line.unwrap_or_else(|| panic!("nothing is said of {allocator}\n{}", told.all()));
        assert!(line.contains(": ok: ") || line.contains(": missing: "), "{line}");
    }
    told.says("jemalloc 5")
        .says("inside this binary")
        .says("glibc.malloc.arena_max")
        .says("cache: ")
        .says("clear_refs");
}

#[test]
fn a_generated_model_is_written_and_runs() {
    let desk = Desk::new();
    desk.run(&["model", "mlp:layers=2,width=64,batch=1", "--out", "x.onnx"]).code(0).says("x.onnx (");
    let arguments = ["run", "--model", "x.onnx", "--arm", "exact-live", "--iterations", "45", "--out", "out"];
    desk.run(&arguments);
    let row = desk.verdict("x.auto.recompile.exact-live.t1");
    assert_eq!((&row["outcome"], &row["live_verdict"]), ("finished", "stable"), "{row:#?}");
}

#[test]
fn a_model_is_the_same_for_the_same_seed() {
    let desk = Desk::new();
    let mlp = "mlp:layers=2,width=64,batch=1";
    for (file, seed) in [("a.onnx", "1"), ("b.onnx", "1"), ("c.onnx", "2")] {
        desk.run(&["model", mlp, "--seed", seed, "--out", file]).code(0);
    }
    let [a, b, c] = ["a.onnx", "b.onnx", "c.onnx"].map(|file| fs::read(desk.path(file)).unwrap());
    assert!(a == b && a != c);
    desk.run(&["model", mlp, "--external", "--out", "e.onnx"]).code(0);
    assert_eq!(desk.names("").iter().filter(|name| name.starts_with("e.")).count(), 2, "{:?}", desk.names(""));
}

#[test]
fn a_model_that_cannot_be_made_is_refused() {
    let desk = Desk::new();
    desk.run(&["model", "mobilnet"]).code(2).quietly().complains("did you mean `mobilenet_v2`?");
    desk.run(&["model", "mlp:layers=x"]).code(2).quietly().complains("`layers=x`").complains("mlp:layers=4");
    desk.run(&["model"]).code(2).quietly().complains("<NAME>");
    desk.run(&["model", "mlp:layers=2,width=64,batch=1", "--out", "absent/x.onnx"])
        .complains("`absent/x.onnx`")
        .code(3);
}

#[test]
fn a_list_runs_nothing() {
    let desk = Desk::new();
    let told = desk.run(&["--list"]).code(0);
    assert_eq!(told.stdout, desk.run(&["run", "quick", "--list"]).code(0).stdout, "quick is the default");
    let cases = told.stdout.lines().filter(|line| !line.starts_with(' ')).count();
    assert_eq!(cases, 16, "{}", told.all());
    desk.run(&["run", "recompile", "--list", "--out", "out"]).code(0);
    desk.run(&["run", "selfcheck", "--list"]).code(0).says("expected: crashed");
    assert_eq!(desk.names(""), ["tmp"], "nothing was made");
    let filtered = desk.run(&["--list", "--filter", "^silero.*jemalloc"]).code(0);
    assert!(filtered.stdout.starts_with("silero-vad.embedded.recompile.jemalloc.t1\n"), "{}", filtered.all());
    assert_eq!(filtered.stdout.lines().count(), 2, "{}", filtered.all());
}

#[test]
fn every_command_has_help() {
    let desk = Desk::new();
    for command in ["run", "phases", "watch", "report", "judge", "doctor", "model"] {
        let told = desk.run(&[command, "--help"]).code(0).says("Usage: highwater");
        assert!(told.stderr.is_empty(), "{}", told.all());
    }
    let told = desk.run(&["--help"]).code(0).says("Examples:").says("Exit codes:");
    for command in ["run", "phases", "watch", "report", "judge", "doctor", "model"] {
        assert!(told.stdout.contains(&format!("\n  {command} ")), "{command}\n{}", told.all());
    }
    assert!(!told.stdout.contains("worker"), "it is hidden\n{}", told.all());
    for command in ["run", "phases", "watch", "judge", "model"] {
        desk.run(&[command, "--help"])
            .says(&format!("Examples:\n  highwater {}", if command == "run" { "" } else { command }));
    }
    let version = desk.run(&["--version"]).code(0);
    assert_eq!(version.stdout, format!("highwater {}\n", env!("CARGO_PKG_VERSION")));
}

/// An example that is broken over two lines cannot be copied.
#[test]
fn examples_in_help_are_whole_lines() {
    let desk = Desk::new();
    for command in [None, Some("run"), Some("phases"), Some("watch"), Some("judge"), Some("model")] {
        let arguments: Vec<&str> = command.into_iter().chain(["--help"]).collect();
        let told = desk.run(&arguments).code(0);
        let examples = told.stdout.split("Examples:\n").nth(1).unwrap_or_default();
        let broken = examples.lines().take_while(|line| !line.is_empty()).find(|line| !line.starts_with("  highwater"));
        assert_eq!(broken, None, "{}", told.all());
    }
}

/// The counter of the example is run by a shell: what stands in its quotes must come to `awk` as it is meant.
#[test]
fn the_counter_of_the_example_prints_one_number() {
    let told = Desk::new().run(&["watch", "--help"]).code(0);
    let line = told.stdout.lines().find(|line| line.contains("--counter 'curl")).unwrap_or_default();
    let filter = line.split(" | ").nth(1).and_then(|rest| rest.strip_suffix('\'')).unwrap_or_else(|| panic!("{line}"));
    let script = format!("printf 'other 7\\nserved_total 42\\n' | {filter}");
    let output = std::process::Command::new("/bin/sh").args(["-c", &script]).output().expect("a shell");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "42\n", "{line}");
}

#[test]
fn the_worker_explains_itself_without_a_protocol() {
    let desk = Desk::new();
    let told = desk.run(&["worker"]).code(2).quietly();
    told.complains("HIGHWATER_FD is not set").complains("highwater's own children");
    for (number, problem) in [("seven", "HIGHWATER_FD=seven is not a descriptor"), ("77", "HIGHWATER_FD=77")] {
        let mut command = desk.highwater();
        command.arg("worker").env("HIGHWATER_FD", number);
        crate::ended::Ended::of(command).quietly().complains(problem).code(2);
    }
}
