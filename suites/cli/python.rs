//! Programs in Python, with `scripts/highwater.py`: whose objects count, and how they end.

use std::process::Command;

use crate::desk::Desk;
use crate::programs::{python, repository, skipped, suite, words, written_in_python};

#[test]
fn a_program_in_python_leaks_only_where_it_loses_memory() {
    if python().is_none() {
        return;
    }
    let desk = Desk::new();
    let suite = repository("suites/programs/python.toml");
    desk.run(&["run", &suite.to_string_lossy(), "--out", "out"]).code(0);
    for (name, verdict) in [("sound", "stable"), ("loses-bytes", "leak"), ("keeps-objects", "leak")] {
        let row = desk.verdict(&format!("none.{name}.program.exact-live.t1"));
        assert_eq!((&row["verdict"], &row["live_kind"]), (verdict, "exact"), "{row:#?}");
    }
    let samples = desk.samples("none.sound.program.exact-live.t1");
    let live: Vec<_> = samples.iter().filter_map(|sample| sample.number("live_bytes")).collect();
    let is_flat = live[live.len() / 2..].windows(2).all(|pair| pair[1] <= pair[0]);
    assert!(live.len() >= 28 && is_flat, "the module leaks: {live:?}");
}

#[test]
fn a_service_on_onnxruntime_runs_under_any_allocator() {
    let Some(python) = python() else { return };
    if !Command::new(&python).args(["-c", "import onnxruntime"]).output().is_ok_and(|ended| ended.status.success()) {
        return skipped("the Python package onnxruntime is not here");
    }
    let desk = Desk::new();
    let script = repository("suites/programs/onnxruntime_service.py");
    let command = format!("{python} {}", script.display());
    let model = repository("suites/models/ppocr_cls.onnx");
    let model = model.to_string_lossy();
    let arguments =
        ["--iterations", "30", "--arm", "glibc", "--arm", "jemalloc", "--no-counterfactual", "--out", "out"];
    desk.run(&[&["run", "--exec", &command, "--model", &model], &arguments[..]].concat());
    for arm in ["glibc", "jemalloc"] {
        let row = desk.verdict(&format!("ppocr_cls.onnxruntime_service.program.{arm}.t1"));
        assert_eq!(row["outcome"], *"finished", "{row:#?}");
        assert!(row["runtime_version"].starts_with("onnxruntime 1.") && row["allocator"].starts_with(arm), "{row:#?}");
    }
}

/// Planted: a thread that never stops making remarks.
#[test]
fn any_thread_of_a_python_program_may_have_remarks() {
    let Some(python) = python() else { return };
    let desk = Desk::new();
    let script = "import threading, time\n\ndef remark():\n    while True:\n        time.sleep(0.0005)\n        highwater.note('busy')\n\n\
                  threading.Thread(target=remark, daemon=True).start()\n\
                  for i in highwater.iterations():\n    sum(range(10000))\n";
    let program = written_in_python(&desk, &python, script);
    let settings = "iterations = 60\nresident = false\nearly_stop = false";
    desk.suite(&suite(&[("remarks", program)], "exact-live", settings), &[]);
    let row = desk.verdict("none.remarks.program.exact-live.t1");
    assert_eq!((&row["outcome"], &row["iterations"]), ("finished", "60"), "{row:#?}");
}

/// Planted: a list that gets strings in every iteration, out of pools that no allocator counts, and nobody who says so.
#[test]
fn the_exact_live_probe_decides_although_python_has_pools() {
    let Some(python) = python() else { return };
    let desk = Desk::new();
    let script = repository("suites/programs/leak.py");
    let command = |more: &[&str]| words(&[&[&python, &*script.to_string_lossy()], more].concat());
    let programs = [("sound", command(&[])), ("keeps", command(&["--objects", "40"]))];
    desk.suite(&suite(&programs, "glibc", "resident = false"), &[]);
    for (name, verdict) in [("sound", "stable"), ("keeps", "leak")] {
        let row = desk.verdict(&format!("none.{name}.program.glibc.t1"));
        assert_eq!((&row["verdict"], &row["live_kind"]), (verdict, "exact"), "{row:#?}");
        assert_eq!(row["live_case"], *format!("none.{name}.program.exact-live.t1"), "{row:#?}");
        let samples = desk.samples(&format!("none.{name}.program.glibc.t1"));
        assert!(samples.iter().all(|sample| sample["live_bytes"] == *""), "pools are in force: {:?}", samples[0]);
    }
}

/// Planted: the same under an arm that counts to the byte, so that there is no probe: a false counter must not decide.
#[test]
fn without_a_probe_pools_are_told_with_their_remedy() {
    let Some(python) = python() else { return };
    let desk = Desk::new();
    let script = repository("suites/programs/leak.py");
    let program = words(&[&python, &script.to_string_lossy(), "--objects", "20000"]);
    let settings = "iterations = 60\nsettle = 20\nearly_stop = false";
    desk.suite(&suite(&[("keeps", program)], "quiet-heap", settings), &["--no-core", "--no-counterfactual"]);
    let row = desk.verdict("none.keeps.program.quiet-heap.t1");
    // Pools may grow by mappings that the kernel does not join, which are then counted.
    let (verdict, live) = (&row["verdict"], &row["live_verdict"]);
    assert!(["growth-unattributed", "resource-leak"].contains(&verdict) && live.is_empty(), "{row:#?}");
    assert!(
        row["sentence"].contains("pools of its own") && row["sentence"].contains("set PYTHONMALLOC=malloc"),
        "{row:#?}"
    );
}

/// Way of ending in iteration 10 of 30, outcome, evidence.
const ENDS: [(&str, &str, &str, &str); 6] = [
    (
        "raise",
        "raise ValueError('bad weights')",
        "exited",
        "exited with code 1 in iteration 10; last output: ValueError: bad",
    ),
    ("memory", "raise MemoryError", "out-of-memory", "out of memory: MemoryError (in iteration 10)"),
    ("break", "break", "finished", "finished: the program ended after 9 of 30 iterations"),
    ("return", "sys.exit(0)", "finished", "finished: the program ended after 9 of 30 iterations"),
    ("exit", "sys.exit(3)", "exited", "exited with code 3 after its end (after iteration 9)"),
    ("gone", "os._exit(0)", "exited", "exited with code 0 in iteration 10"),
];

#[test]
fn how_a_loop_in_python_is_left_is_told() {
    let Some(python) = python() else { return };
    let desk = Desk::new();
    let mut programs = Vec::new();
    for (name, end, ..) in ENDS {
        let script = format!("import os\nfor i in highwater.iterations():\n    if i == 10:\n        {end}\n");
        let written = written_in_python(&desk, &python, &script);
        let own = desk.path(format!("{name}.py"));
        std::fs::rename(&written[1], &own).expect("a fresh name");
        programs.push((name, words(&[&python, &own.to_string_lossy()])));
    }
    let settings = "iterations = 30\nresident = false\nearly_stop = false";
    desk.suite(&suite(&programs, "exact-live", settings), &[]);
    for (name, _, outcome, detail) in ENDS {
        let row = desk.verdict(&format!("none.{name}.program.exact-live.t1"));
        assert_eq!(row["outcome"], *outcome, "{row:#?}");
        assert!(row["outcome_detail"].starts_with(detail), "{row:#?}");
    }
}

/// Planted: an exception that the program catches itself, and a process that it forks and that ends before it.
#[test]
fn only_what_nobody_caught_is_no_end() {
    let Some(python) = python() else { return };
    let desk = Desk::new();
    let script = "import os\ntry:\n    for i in highwater.iterations():\n        if i == 5 and os.fork() == 0:\n            \
                  sys.exit(0)\n        if i == 10:\n            raise ValueError\nexcept ValueError:\n    pass\n";
    let program = written_in_python(&desk, &python, script);
    let settings = "iterations = 30\nresident = false\nearly_stop = false";
    desk.suite(&suite(&[("catches", program)], "exact-live", settings), &[]);
    let row = desk.verdict("none.catches.program.exact-live.t1");
    assert_eq!(row["outcome_detail"], *"finished: the program ended after 9 of 30 iterations", "{row:#?}");
}

/// Planted: remarks, which must outlive the terminal.
#[test]
fn remarks_are_kept_and_told_again() {
    let Some(python) = python() else { return };
    let desk = Desk::new();
    let script =
        "for i in highwater.iterations():\n    highwater.note('the cache is off')\n    highwater.note('fp16')\n";
    let program = written_in_python(&desk, &python, script);
    let settings = "iterations = 30\nresident = false\nearly_stop = false";
    desk.suite(&suite(&[("remarks", program)], "exact-live", settings), &[]);
    assert_eq!(desk.verdict("none.remarks.program.exact-live.t1")["notes"], *"the cache is off; fp16");
    desk.run(&["report", "out"]).code(0).says("notes: the cache is off; fp16");
}
