//! Any program as a target: with and without a planted leak, and every way of breaking the protocol.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use nix::sys::signal::Signal;

use crate::desk::{Desk, Row};
use crate::ended::Ended;
use crate::process::{children, is_alive, wait_for};

/// A file of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The programs in C, compiled once: `leak` and `wrong`.
fn compiled(name: &str) -> String {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("programs-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder for programs");
        for program in ["leak", "wrong"] {
            compile(&repository(&format!("suites/programs/{program}.c")), &folder.join(program));
        }
        folder
    });
    folder.join(name).to_string_lossy().into_owned()
}

fn compile(source: &Path, program: &Path) {
    let mut compiler = Command::new("cc");
    compiler.args(["-std=gnu99", "-Wall", "-Wextra", "-Werror", "-O2", "-I"]).arg(repository("scripts"));
    compiler.arg(source).arg("-o").arg(program);
    Ended::of(compiler).code(0);
}

/// A program in C that only does this.
fn written_in_c(desk: &Desk, main: &str) -> Vec<String> {
    let source = desk.write("own.c", format!("#include \"highwater.h\"\nint main(void) {{ {main} return 0; }}\n"));
    let program = desk.path("own");
    compile(&source, &program);
    words(&[&program.to_string_lossy()])
}

/// A program in Python that only does this, with the helper at hand.
pub fn written_in_python(desk: &Desk, python: &str, script: &str) -> Vec<String> {
    let folder = repository("scripts");
    let script = format!("import sys\nsys.path.insert(0, {folder:?})\nimport highwater\n{script}");
    words(&[python, &desk.write("own.py", script).to_string_lossy()])
}

/// The Python that is here, if it is new enough; says so where it is not.
pub fn python() -> Option<String> {
    let candidates = [
        highwater::runtime::runtimes_folder().join("bin/python3").to_string_lossy().into_owned(),
        "python3".to_owned(),
    ];
    let version = "import sys; sys.exit(sys.version_info < (3, 9))";
    let runs = |python: &String| Command::new(python).args(["-c", version]).status().is_ok_and(|ended| ended.success());
    let found = candidates.into_iter().find(runs);
    if found.is_none() {
        skipped("there is no Python of version 3.9 or later");
    }
    found
}

#[expect(clippy::print_stderr, reason = "a test that does not run says why")]
pub fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}

/// A suite of programs, each called by its name, under `arm`.
pub fn suite(programs: &[(&str, Vec<String>)], arm: &str, settings: &str) -> String {
    let mut text = String::new();
    for (name, command) in programs {
        text.push_str(&format!("[runtimes.\"{name}\"]\nengine = \"program\"\ncommand = {command:?}\n"));
    }
    let names: Vec<_> = programs.iter().map(|(name, _)| *name).collect();
    text.push_str(&format!("[[case]]\nruntime = {names:?}\nworkload = \"program\"\narm = \"{arm}\"\n{settings}\n"));
    text
}

pub fn words(command: &[&str]) -> Vec<String> {
    command.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn a_leak_in_a_program_is_found_and_a_sound_program_is_not_accused() {
    let desk = Desk::new();
    let leak = compiled("leak");
    let programs = [("sound", words(&[&leak])), ("leaks", words(&[&leak, "64"]))];
    // Exact, and large blocks leave the process when they are freed.
    let text = suite(&programs, "quiet-heap", "resident = false\nexpect = [\"stable\", \"leak\"]");
    desk.suite(&text, &[]).code(0);
    let sound = desk.verdict("none.sound.program.quiet-heap.t1");
    // Asked to stop before its last iteration, by an answer and not by a closed socket.
    assert_eq!(sound["outcome_detail"], *"finished early, the verdict was final", "{sound:#?}");
    assert_eq!((&sound["verdict"], &sound["live_kind"]), ("stable", "exact"), "{sound:#?}");
    assert_eq!((&sound["runtime_version"], sound["allocator"].starts_with("glibc 2")), ("leak 1", true), "{sound:#?}");
    let leaks = desk.verdict("none.leaks.program.quiet-heap.t1");
    assert_eq!(&leaks["verdict"], "leak", "{leaks:#?}");
    assert_eq!(leaks.number("live_rate_bytes_per_iteration"), Some(80.0), "64 bytes as a chunk of glibc");
    let samples = desk.samples("none.leaks.program.quiet-heap.t1");
    for sample in &samples[2..] {
        let mark = |column: &str| sample.number(column).unwrap_or_else(|| panic!("no {column}: {sample:?}"));
        // The weights are 4 MiB, and there in `load` and `execute` only.
        assert!(mark("hwm_load_bytes") >= mark("rss_anon_bytes") + 4e6, "{sample:?}");
        assert!(mark("rss_execute_bytes") >= mark("rss_anon_bytes") + 4e6, "{sample:?}");
        assert!(mark("minor_faults") >= 1000.0 && mark("peak_anon_bytes") >= 4e6, "{sample:?}");
        assert!(sample["execute_us"] != *"" && sample["sampling_us"] != *"" && sample["threads"] == *"1");
    }
    assert!(samples[0].number("pss_bytes").is_some() && samples[4].number("pss_bytes").is_none());
}

/// The default arms, all of which the helper's programs can run under.
#[test]
fn a_program_of_the_command_line_runs_under_every_default_arm() {
    let desk = Desk::new();
    let command = format!("{} 64", compiled("leak"));
    let arguments = ["run", "--exec", &command, "--iterations", "45", "--no-counterfactual", "--out", "out"];
    desk.run(&[&arguments[..], &["--list"]].concat())
        .code(0)
        .says("none.leak.program.trim.t1")
        .says(&format!("program: {command}"));
    let ended = desk.run(&arguments);
    let rows = desk.verdicts();
    let told: Vec<_> = rows.iter().map(|row| (&row["arm"], &row["outcome"], &row["allocator"])).collect();
    let allocators = ["glibc", "glibc", "glibc", "jemalloc", "mimalloc"];
    let arms = ["glibc", "mmap-threshold-1m", "trim", "jemalloc", "mimalloc"];
    for ((arm, allocator), row) in arms.iter().zip(allocators).zip(&told) {
        assert!(row.0 == *arm && row.1 == "finished" && row.2.starts_with(allocator), "{row:?}\n{}", ended.all());
    }
    assert!(rows.iter().all(|row| row["reproduce"].contains(&format!("--exec '{command}'"))), "{rows:#?}");
    let glibc = desk.verdict("none.leak.program.glibc.t1");
    assert!(glibc["core_reason"].contains("fork probes belong to"), "{glibc:#?}");
    let mimalloc = desk.verdict("none.leak.program.mimalloc.t1");
    assert!(mimalloc["live_kind"].is_empty() || mimalloc["live_case"].contains("exact-live"), "{mimalloc:#?}");
}

/// Way of being wrong, outcome, evidence, samples.
const WRONG: [(&str, &str, &str, usize); 31] = [
    ("mute", "exited", "exited with code 0, and it never spoke the protocol (no hello on HIGHWATER_FD", 0),
    ("silent", "timed-out", "the start took longer than 2s (--iteration-time), and it never spoke", 0),
    ("version", "incompatible", "it speaks protocol 2, this highwater speaks 1", 0),
    ("twice", "incompatible", "it said hello twice", 0),
    ("stranger", "incompatible", "its hello names process 1, which is not what was started", 0),
    ("garbage", "incompatible", "`[info] loading plugin...` is not a protocol line", 2),
    ("exit", "exited", "exited with code 7 in iteration 3; last output: the licence", 2),
    ("crash", "crashed", "crashed by SIGSEGV in iteration 3", 2),
    ("fork-aborts", "crashed", "crashed by SIGABRT in iteration 3", 2),
    ("hang", "timed-out", "an iteration took longer than 2s (--iteration-time) in iteration 3", 2),
    ("chats", "timed-out", "an iteration took longer than 2s (--iteration-time) in iteration 3", 2),
    ("dribbles", "timed-out", "an iteration took longer than 2s (--iteration-time) in iteration 3", 2),
    (
        "late-live",
        "incompatible",
        "it began to tell them in iteration 2: it must tell `live_bytes` from iteration 1 on",
        1,
    ),
    ("number", "incompatible", "it told iteration 5 where 3 was due", 2),
    ("phase-number", "incompatible", "it told a phase of iteration 2 where 3 was due", 2),
    ("misspelled", "incompatible", "unknown field `livebytes`", 2),
    ("measured", "incompatible", "it told `rss_anon_bytes`, which highwater measures by itself", 2),
    ("worker", "incompatible", "it said what only highwater's own worker says", 2),
    ("impatient", "incompatible", "it went on without waiting for an answer", 2),
    ("fail", "failed", "no such file: net.onnx", 2),
    ("refuse", "incompatible", "built without hooks", 2),
    ("close", "exited", "exited with code 0 in iteration 3", 2),
    ("orphan", "incompatible", "has ended while another one speaks for it", 2),
    ("ends", "finished", "finished: the program ended after 2 of 30 iterations", 2),
    ("deaf", "incompatible", "it went on after it was told to stop", 30),
    ("bad-end", "exited", "exited with code 4 after its end (after iteration 30)", 30),
    ("lingers", "timed-out", "did not exit within 10s of its end (after iteration 30)", 30),
    ("close-lingers", "timed-out", "did not exit within 10s of closing its socket (in iteration 3)", 2),
    ("remarks", "finished", "finished", 30),
    ("halved-remarks", "finished", "finished", 30),
    ("forked", "finished", "finished", 30),
];

#[test]
fn every_breach_of_the_protocol_is_a_row_with_its_evidence() {
    let desk = Desk::new();
    let wrong = compiled("wrong");
    let programs: Vec<_> = WRONG.iter().map(|(way, ..)| (*way, words(&[&wrong, way]))).collect();
    let settings = "iterations = 30\niteration_time = \"2s\"\nresident = false\nearly_stop = false";
    let ended = desk.suite(&suite(&programs, "exact-live", settings), &[]).code(1);
    for (way, outcome, evidence, samples) in WRONG {
        let case = format!("none.{way}.program.exact-live.t1");
        let row = desk.verdict(&case);
        assert_eq!(row["outcome"], *outcome, "{row:#?}\n{}", ended.all());
        assert!(row["outcome_detail"].contains(evidence), "{row:#?}");
        assert_eq!(desk.samples(&case).len(), samples, "{row:#?}");
    }
}

/// `pid` names the program behind a launcher that waits; without it the launcher would be sampled.
#[test]
fn a_program_behind_a_launcher_is_sampled_and_not_its_launcher() {
    let desk = Desk::new();
    let leak = compiled("leak");
    let programs = [
        ("replaced", words(&["sh", "-c", &format!("exec {leak}")])),
        ("waited-for", words(&["sh", "-c", &format!("{leak}; true")])),
        ("environment", words(&["env", "A=1", &leak])),
        ("undone", words(&["env", "-u", "GLIBC_TUNABLES", &leak])),
    ];
    let settings = "iterations = 30\nresident = false\nearly_stop = false\nexpect = [\"stable\", \"inconclusive\"]";
    desk.suite(&suite(&programs, "mmap-threshold-1m", settings), &[]).code(1);
    for name in ["replaced", "waited-for", "environment"] {
        let case = format!("none.{name}.program.mmap-threshold-1m.t1");
        let peaks =
            desk.samples(&case).iter().filter_map(|sample| sample.number("peak_anon_bytes")).collect::<Vec<_>>();
        assert!(peaks.len() == 30 && peaks.iter().all(|peak| *peak > 4e6), "{case}: {peaks:?}");
    }
    let undone = desk.verdict("none.undone.program.mmap-threshold-1m.t1");
    assert_eq!(undone["outcome"], *"incompatible", "{undone:#?}");
    assert!(undone["outcome_detail"].contains("glibc.malloc.mmap_threshold=1048576` is not in force"), "{undone:#?}");
}

#[test]
fn what_a_program_cannot_do_is_told() {
    let desk = Desk::new();
    let (leak, wrong) = (compiled("leak"), compiled("wrong"));
    let mut text =
        suite(&[("plain", words(&[&wrong, ""])), ("absent", words(&["./nowhere"]))], "trim", "iterations = 30");
    text.push_str(&suite(&[("pool", words(&[&leak]))], "step-pool", "iterations = 30"));
    desk.suite(&text, &["--no-counterfactual"]).code(1);
    for (case, outcome, part) in [
        ("none.plain.program.trim.t1", "incompatible", "calls malloc_trim, and this program does not offer to"),
        ("none.absent.program.trim.t1", "skipped", "there is no program"),
        ("none.pool.program.step-pool.t1", "incompatible", "a step pool is part of highwater's own worker"),
    ] {
        let row: Row = desk.verdict(case);
        assert_eq!(row["outcome"], *outcome, "{row:#?}");
        assert!(row["outcome_detail"].contains(part), "{row:#?}");
    }
}

#[test]
fn a_command_that_cannot_be_run_is_refused_at_once() {
    let desk = Desk::new();
    for (command, problem) in [
        ("no-such-program --flag", "--exec: there is no program `no-such-program` in PATH"),
        ("./absent", "--exec: there is no program ./absent"),
        ("python3 'x", "has a quote that is not closed"),
        ("", "names no program"),
    ] {
        desk.run(&["run", "--exec", command, "--out", "out"]).code(2).quietly().complains(problem);
    }
    desk.run(&["run", "--exec", "true", "--workload", "infer"]).code(2).complains("cannot be used with");
    assert!(!desk.path("out").exists());
}

/// The variables that a program is told of, and the folder that it works in.
#[test]
fn a_program_finds_its_model_its_threads_and_its_folder() {
    let desk = Desk::new();
    desk.write("net.onnx", "a model");
    desk.write("beside", "");
    let script = "test -f beside && test \"$(cat $HIGHWATER_MODEL)\" = 'a model' && test $HIGHWATER_THREADS = 3 \
                  && test -z \"$(cat)\" && test -z \"$HIGHWATER_PARENT\" && exec \"$0\" ends";
    let command = words(&["sh", "-c", script, &compiled("wrong")]);
    let text = "[models.net]\nfile = \"net.onnx\"\n".to_owned()
        + &suite(&[("told", command)], "exact-live", "model = \"net\"\nthreads = 3");
    desk.suite(&text, &[]).code(4);
    assert_eq!(desk.verdict("net.told.program.exact-live.t3")["outcome"], *"finished");
}

/// Planted: escape sequences in a name.
#[test]
fn the_name_of_a_program_does_not_rule_the_terminal() {
    let desk = Desk::new();
    let program = words(&[&compiled("wrong"), "colours"]);
    let settings = "iterations = 30\nresident = false\nearly_stop = false";
    desk.suite(&suite(&[("coloured", program)], "exact-live", settings), &[]);
    let row = desk.verdict("none.coloured.program.exact-live.t1");
    assert_eq!((&row["outcome"], &row["runtime_version"]), ("finished", "wrong [31m"), "{row:#?}");
}

/// Planted: highwater is killed, and the program is a shell's child, which no death signal reaches.
#[test]
fn a_program_behind_a_shell_ends_with_highwater() {
    let mut commands = vec![compiled("leak")];
    commands.extend(python().map(|python| format!("{python} {}", repository("suites/programs/leak.py").display())));
    for command in commands {
        let desk = Desk::new();
        let programs = [("behind", words(&["sh", "-c", &format!("{command}; true")]))];
        let settings = "iterations = 1000000\nearly_stop = false";
        let mut started = desk.start_suite(&suite(&programs, "exact-live", settings));
        started.until("samples", || {
            let samples = std::fs::read_to_string(desk.path("out/samples.csv")).unwrap_or_default();
            samples.lines().filter(|line| line.starts_with("none.behind.")).count() >= 5
        });
        let shell = started.child("a shell", |pid| !children(pid).is_empty());
        let program = children(shell)[0];
        started.signal(Signal::SIGKILL);
        started.end();
        wait_for("the program's end", || (!is_alive(program)).then_some(()));
    }
}

/// Planted: a failure before there is an iteration.
#[test]
fn helpers_fail_before_the_first_iteration_too() {
    let desk = Desk::new();
    let mut programs = vec![(
        "in-c",
        written_in_c(&desk, "highwater_fail(\"no such file: net.onnx\"); if (highwater_iteration()) return 3;"),
    )];
    let script = "highwater.fail('no such file: net.onnx')\nsys.exit(1)\n";
    programs.extend(python().map(|python| ("in-python", written_in_python(&desk, &python, script))));
    desk.suite(&suite(&programs, "exact-live", "iterations = 30"), &[]).code(1);
    for (name, _) in programs {
        let row = desk.verdict(&format!("none.{name}.program.exact-live.t1"));
        assert_eq!(row["outcome"], *"failed", "{row:#?}");
        assert_eq!(row["outcome_detail"], *"no such file: net.onnx (before the first iteration)", "{row:#?}");
    }
}

/// Planted: phases without `drop`, under an arm that trims.
#[test]
fn what_a_trim_costs_is_booked_as_drop() {
    let desk = Desk::new();
    let loop_ = "while (highwater_iteration()) { highwater_phase(\"load\"); highwater_phase(\"execute\"); }";
    let program = written_in_c(&desk, loop_);
    let settings = "iterations = 30\nresident = false\nearly_stop = false";
    desk.suite(&suite(&[("trims", program)], "trim", settings), &["--no-counterfactual"]);
    let samples = desk.samples("none.trims.program.trim.t1");
    let dropping = samples.iter().filter(|sample| sample.number("drop_us").is_some()).count();
    assert!(samples.len() == 30 && dropping > 0, "{dropping} of {}", samples.len());
}

/// Planted: a loop that is left early, which only its program can tell.
#[test]
fn a_program_in_c_may_end_before_it_is_told_to() {
    let desk = Desk::new();
    let loop_ = "unsigned long i; while ((i = highwater_iteration())) if (i == 16) { highwater_end(); break; }";
    let program = written_in_c(&desk, loop_);
    let settings = "iterations = 30\nresident = false\nearly_stop = false";
    let ended = desk.suite(&suite(&[("ends", program)], "exact-live", settings), &[]);
    let row = desk.verdict("none.ends.program.exact-live.t1");
    let told = "the program ended after 15 of 30 iterations";
    assert_eq!((&row["outcome"], &row["outcome_detail"]), ("finished", &*format!("finished: {told}")), "{row:#?}");
    assert!(row["sentence"].ends_with(told), "{row:#?}");
    ended.says(told);
}

/// Planted: a file that is no program, and scripts that nothing can run.
#[test]
fn what_cannot_be_started_is_told_alike_by_run_and_watch() {
    let desk = Desk::new();
    desk.write("plain.py", "#!/usr/bin/env python3\n");
    let lost = desk.write("lost.py", "#!/opt/nowhere/python3\n");
    std::fs::set_permissions(lost, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("a file of our own");
    for (program, problem) in [
        ("./plain.py", "plain.py` may not be executed"),
        ("./lost.py", "lost.py` is a script for `/opt/nowhere/python3`, which is not there"),
    ] {
        desk.run(&["run", "--exec", program, "--out", "out"]).code(2).quietly().complains(problem);
        desk.run(&["watch", "--out", "out", "--", program]).code(2).complains(problem);
    }
}
