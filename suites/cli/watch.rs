//! `watch` on programs whose truth is planted: one that grows, one that does not, one that settles, one that loses descriptors.
//!
//! Where a verdict is waited for, the watch goes on until it is decided: a busy machine takes longer, and says the same.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use nix::sys::signal::Signal;

use crate::desk::{Desk, HIGHWATER, Row};
use crate::ended::Ended;
use crate::process::{Started, is_alive, wait_for};

/// Watches until there is a verdict.
const DECIDED: &[&str] = &["watch", "--every", "10ms", "--until-decided", "--out"];

/// A user who is not root and owns no process here.
const NOBODY: u32 = 65_534;

/// The program that is watched, compiled once.
fn program() -> &'static str {
    static PROGRAM: OnceLock<&str> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let path = concat!(env!("CARGO_TARGET_TMPDIR"), "/watched");
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/suites/cli/watched.c");
        // It takes its place at once: another run of these tests may be starting it.
        let fresh = format!("{path}-{}", std::process::id());
        let status = Command::new("cc").args(["-O1", "-pthread", "-o", &fresh, source]).status();
        assert!(status.as_ref().is_ok_and(|status| status.success()), "cc: {status:?}");
        std::fs::rename(&fresh, path).expect("both lie in one folder");
        path
    })
}

/// The program at work, started by somebody else than highwater; killed when dropped.
struct Planted(Child);

impl Planted {
    fn start(words: &[&str]) -> Planted {
        Planted(Command::new(program()).args(words).stdin(Stdio::null()).spawn().expect("it was compiled"))
    }

    fn pid(&self) -> String {
        self.0.id().to_string()
    }

    fn end(&mut self) {
        self.0.kill().expect("it runs");
        self.0.wait().expect("it is ours");
    }
}

impl Drop for Planted {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Watches the program until there is a verdict; it warms up for a second.
fn decided(desk: &Desk, options: &[&str], words: &[&str]) -> Ended {
    let settle: &[&str] = if options.contains(&"--settle") { &[] } else { &["--settle", "1s"] };
    desk.run(&[DECIDED, &["out"], settle, options, &["--", program()], words].concat())
}

fn start(desk: &Desk, options: &[&str]) -> Started {
    let mut command = desk.highwater();
    command.args(["watch", "--every", "10ms", "--settle", "100ms", "--out", "out"]).args(options);
    Started::of(command, desk)
}

fn rows(desk: &Desk) -> Vec<Row> {
    desk.rows("out/watch.csv")
}

/// Samples of a segment that are on disk.
fn samples(desk: &Desk, segment: &str) -> usize {
    let text = std::fs::read_to_string(desk.path("out/samples.csv")).unwrap_or_default();
    text.lines().filter(|line| line.split(',').nth(1) == Some(segment)).count()
}

/// Program and arguments of a process.
fn command_line(pid: i32) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default().replace('\0', " ")
}

/// Whether a segment has enough on disk to be judged: 200 samples, and so many that the longest time in which a busy machine took
/// none is lost among them.
fn is_judgeable(desk: &Desk, segment: &str) -> bool {
    let text = std::fs::read_to_string(desk.path("out/samples.csv")).unwrap_or_default();
    let rows = text.lines().map(|line| line.split(',').collect::<Vec<_>>()).filter(|row| row.get(1) == Some(&segment));
    let times: Vec<u64> = rows.filter_map(|row| row.get(3)?.parse().ok()).collect();
    let longest = times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(u64::MAX);
    times.len() >= 200 && (times[times.len() - 1] - times[0]) / 80 >= longest
}

#[test]
fn growth_is_found_and_not_attributed() {
    let desk = Desk::new();
    let ended = decided(&desk, &[], &["grow", "65536", "10"]).code(1);
    let ended = ended.says("growth-unattributed").says("memory: grows by").says("a leak cannot be told from");
    let row = &rows(&desk)[0];
    assert_eq!((&row["ended"], &row["ended_detail"]), ("decided", "ended by highwater"));
    assert!(row.number("bytes_per_hour_low").is_some_and(|low| low > 0.0), "{row:#?}");
    assert!(row.number("last_bytes") > row.number("first_bytes"), "{row:#?}");
    assert!(row.number("looks").is_some_and(|looks| looks >= 1.0) && row.number("error_rate") > Some(0.0), "{row:#?}");
    assert_eq!(desk.samples(&row["case"]).len() as f64, row.number("samples").unwrap());
    let record = desk.record();
    assert_eq!((&record["exit_code"], &record["cases"]), (&1.into(), &1.into()));
    assert_eq!(desk.names("out"), ["charts", "run.json", "samples.csv", "watch.csv"]);
    assert_eq!(desk.names("out/charts"), ["watch.png", "watch.svg"]);
    // The files alone say the same again.
    let again = desk.run(&["report", "out"]).code(0);
    assert!(again.stdout.contains(&row["sentence"]) && ended.stdout.contains(&row["sentence"]), "{}", again.all());
    desk.run(&["watch", "--out", "out", "--for", "1s", "--", "touch", "started"]).code(2).complains("--out");
    desk.run(&["watch", "--out", "/proc/nope", "--for", "1s", "--", "touch", "started"])
        .code(2)
        .complains("/proc/nope");
    assert!(!desk.path("started").exists(), "nothing is started for a directory that is taken or cannot be made");
}

#[test]
fn what_does_not_grow_is_stable() {
    let desk = Desk::new();
    decided(&desk, &[], &["flat", "0", "10"]).code(0).says("memory: stable").says("would have shown");
    assert_eq!(&rows(&desk)[0]["verdict"], "stable");
    let tree = Desk::new();
    let shell =
        ["--settle", "1s", "--tree", "--", "sh", "-c", &format!("{} flat 0 10; true", program())].map(str::to_owned);
    let shell: Vec<_> = shell.iter().map(String::as_str).collect();
    tree.run(&[DECIDED, &["out"], &shell[..]].concat()).code(0).says("at rest");
    assert!(rows(&tree)[0]["descendants_not_counted"].is_empty());
    let last = tree.samples("sh").pop().expect("a sample");
    assert_eq!((last.number("processes"), last.number("peak_anon_bytes")), (Some(2.0), None));
    assert!(last.number("pss_anon_bytes").is_some_and(|bytes| bytes > 20e6), "both are counted: {last:#?}");
}

/// Planted: a shell that starts the program and waits for it. What stands still is the shell; that there is more is said once.
/// Then a shell that becomes the program, once a child of its own has ended.
#[test]
fn children_that_are_not_counted_are_told() {
    let desk = Desk::new();
    let script = format!("{} grow 65536 10; true", program());
    let ended = desk.run(&[DECIDED, &["out", "--settle", "1s", "--", "sh", "-c", &script]].concat()).code(0);
    let told = "1 child process, which is not counted: --tree counts it";
    assert_eq!(ended.stderr.matches(told).count(), 1, "{}", ended.all());
    let row = &rows(&desk)[0];
    assert!(&row["descendants_not_counted"] == "1" && row["sentence"].contains(told), "{row:#?}");
    let alone = Desk::new();
    let script = format!("sleep 1.2; exec {} flat 0 10", program());
    alone.run(&[DECIDED, &["out", "--settle", "3s", "--", "sh", "-c", &script]].concat());
    let row = &rows(&alone)[0];
    assert!(row["descendants_not_counted"].is_empty() && !row["sentence"].contains("not counted"), "{row:#?}");
}

/// Without resets there are no peaks between samples, and the mark stays what it was.
#[test]
fn a_mark_that_is_not_to_be_reset_is_left_alone() {
    let desk = Desk::new();
    // A watcher of somebody else's sees the mark of 20 MiB, however often samples are taken.
    let planted = Planted::start(&["shrink", "0", "10"]);
    let status = format!("/proc/{}/status", planted.pid());
    let kilobytes = |name: &str| {
        let text = std::fs::read_to_string(&status).expect("it runs");
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number of kB")
    };
    let (mark, resident) = (|| kilobytes("VmHWM:"), || kilobytes("VmRSS:"));
    wait_for("memory that was given back", || (mark() > resident() + 16_000).then_some(()));
    let words = |out| ["watch", "--every", "10ms", "--for", "1s", "--settle", "100ms", "--out", out];
    let pid = planted.pid();
    desk.run(&[&words("out")[..], &["--no-reset", "--pid", &pid]].concat());
    assert!(mark() > resident() + 16_000, "the mark was reset");
    let row = &rows(&desk)[0];
    assert_eq!((&row["memory_source"], &row["not_seen"]), ("at-rest", ""), "{row:#?}");
    assert!(desk.samples(&row["case"]).iter().all(|sample| sample["peak_anon_bytes"].is_empty()));
    assert!(row.number("age_s").is_some_and(|age| age > 0.0) && row.number("settle_s") < Some(0.1), "{row:#?}");
    desk.run(&[&words("reset")[..], &["--pid", &pid]].concat());
    assert!(mark() < resident() + 16_000, "without the option it is reset");
}

#[test]
fn growth_that_ends_is_none() {
    let desk = Desk::new();
    decided(&desk, &["--settle", "4s"], &["settle", "300000", "10"]).code(0);
    let row = &rows(&desk)[0];
    assert!(["plateau", "stable"].contains(&&row["memory_verdict"]), "{row:#?}");
    assert!(row.number("ceiling_bytes").is_some_and(|bytes| bytes > 38e6), "{row:#?}");
}

#[test]
fn lost_descriptors_are_a_leak_of_their_own() {
    let desk = Desk::new();
    decided(&desk, &[], &["descriptors", "0", "10"]).code(1).says("resource-leak").says("descriptors: +");
    let row = &rows(&desk)[0];
    assert!(row["resource_leaks"].starts_with("descriptors +"), "{row:#?}");
    assert!(row.number("descriptors_last") > row.number("descriptors_first"), "{row:#?}");
}

#[test]
fn requests_are_counted_and_a_counter_that_fails_is_told() {
    let desk = Desk::new();
    // Each run of the command finds ten requests more.
    let counter = "n=$(cat n 2>/dev/null || echo 0); n=$((n+10)); echo $n > n; echo $n";
    decided(&desk, &["--counter", counter, "--counter-every", "1"], &["grow", "65536", "10"]).code(1).says(" requests");
    let row = &rows(&desk)[0];
    assert!(row.number("requests") > Some(0.0) && row["counter_failures"].is_empty(), "{row:#?}");
    assert!(row.number("bytes_per_request_low") > Some(0.0), "{row:#?}");
    for (counter, problem) in [
        ("exit 7", "the command was unsuccessful: exited with 7"),
        ("echo many", "the command printed `many`, which is not one number"),
        ("sleep 86399", "the command was killed after 100ms"),
    ] {
        let desk = Desk::new();
        let options = ["--counter", counter, "--counter-every", "5", "--counter-timeout", "100ms"];
        decided(&desk, &options, &["flat", "0", "10"]).code(0).complains(problem);
        let row = &rows(&desk)[0];
        assert!(
            row["counter_failures"].ends_with(problem) && row["sentence"].contains("the counter failed"),
            "{row:#?}"
        );
        assert_eq!(&row["verdict"], "stable");
    }
}

#[test]
fn what_is_not_there_cannot_be_watched() {
    let desk = Desk::new();
    let refused = |arguments: &[&str], problem: &str| {
        desk.run(&[&["watch", "--out", "out"], arguments].concat()).code(2).quietly().complains(problem);
        assert!(!desk.path("out").exists(), "nothing was watched");
    };
    let mut gone = Planted::start(&["flat", "0", "10"]);
    let pid = gone.pid();
    gone.end();
    refused(&["--pid", &pid], &format!("no process {pid}"));
    refused(&["--name", "^no process is called this$"], "no process has a command line that matches");
    refused(&["--", "./no-such-program"], "no program `./no-such-program`");
    desk.write("data", "not a program");
    refused(&["--", "./data"], "`./data` may not be executed");
    refused(&[], "--pid");
    if std::fs::read_to_string("/proc/2/comm").is_ok_and(|name| name.trim() == "kthreadd") {
        refused(&["--pid", "2"], "thread of the kernel");
    } else {
        println!("skipped: no kernel thread can be seen from here");
    }
    let zombie = Command::new("true").spawn().expect("true is everywhere");
    let stat = format!("/proc/{}/stat", zombie.id());
    wait_for("a zombie", || std::fs::read_to_string(&stat).ok().filter(|text| text.contains(") Z ")));
    refused(&["--pid", &zombie.id().to_string()], "zombie");
    zombie.wait_with_output().expect("it is ours");
}

#[test]
fn a_program_that_ends_at_once_is_a_row() {
    let desk = Desk::new();
    desk.run(&["watch", "--out", "out", "--", "sh", "-c", "exit 5"]).code(4).says("exited with 5");
    let row = &rows(&desk)[0];
    assert_eq!((&row["ended"], &row["verdict"]), ("process-ended", "inconclusive"), "{row:#?}");
    let report = desk.run(&["report", "out"]).code(0);
    // It may have been seen once.
    let is_seen = row.number("samples") > Some(0.0);
    assert_eq!((report.stdout.contains("chart: "), desk.path("out/charts").exists()), (is_seen, is_seen), "{row:#?}");
}

/// Planted: the main thread has ended, another goes on. The kernel tells nothing of such a process, and no end.
#[test]
fn a_program_without_its_main_thread_is_ended_when_the_time_is_over() {
    let desk = Desk::new();
    let words =
        ["watch", "--every", "10ms", "--for", "500ms", "--out", "out", "--", program(), "leaderless", "0", "10"];
    desk.run(&words).code(4);
    let row = &rows(&desk)[0];
    assert_eq!((&row["ended"], &row["ended_detail"]), ("time-over", "ended by highwater"), "{row:#?}");
}

/// Planted: the file of samples may not grow beyond 16 KiB, which is written like a full disk.
#[test]
fn what_was_seen_before_a_sample_could_not_be_written_is_judged() {
    let desk = Desk::new();
    let mut command = desk.command("sh");
    let script = "trap '' XFSZ; ulimit -f 32; exec \"$@\"";
    command
        .args(["-c", script, "sh", HIGHWATER, "watch", "--every", "10ms", "--settle", "100ms", "--out", "out", "--"]);
    command.args([program(), "flat", "0", "10"]);
    let ended = Ended::of(command).code(3).says("segment 1, watched, ").complains("samples.csv");
    ended.complains("what was seen before this error lies in out");
    let row = &rows(&desk)[0];
    assert_eq!((&row["ended"], &row["ended_detail"]), ("failed", "ended by highwater"), "{row:#?}");
    assert!(!row["verdict"].is_empty() && row.number("samples") > Some(40.0), "{row:#?}");
    assert_eq!((&desk.record()["cases"], &desk.record()["exit_code"]), (&1.into(), &3.into()));
    assert_eq!(desk.samples("watched").len() as f64, row.number("samples").unwrap());
}

#[test]
fn the_watch_of_a_process_ends_with_it() {
    let desk = Desk::new();
    let mut planted = Planted::start(&["flat", "0", "10"]);
    let mut started = start(&desk, &["--pid", &planted.pid()]);
    started.until("samples to judge", || is_judgeable(&desk, "1"));
    planted.end();
    started.end().code(0).says("(ended): stable");
    assert_eq!(&rows(&desk)[0]["ended"], "process-ended");
}

#[test]
fn a_program_that_comes_again_is_another_segment() {
    let desk = Desk::new();
    // A command line that no other test has.
    let mine = format!("7{}", std::process::id());
    let words = ["flat", &mine, "10"];
    let mut first = Planted::start(&words);
    let pid = first.pid();
    let mut started = start(&desk, &["--name", &format!("flat {mine} 10$")]);
    started.until("samples to judge", || is_judgeable(&desk, "1"));
    first.end();
    started.until("the end of the first", || !desk.read("out/watch.csv").is_empty());
    let second = Planted::start(&words);
    started.until("samples of the second", || samples(&desk, "2") >= 3);
    started.signal(Signal::SIGINT);
    started.end().code(0).says("2 segments").says("wrongly called growing is at most");
    let rows = rows(&desk);
    let told: Vec<_> = rows.iter().map(|row| (&row["segment"], &row["pid"], &row["ended"])).collect();
    assert_eq!(told, [("1", pid.as_str(), "process-ended"), ("2", second.pid().as_str(), "interrupted")]);
    assert!(is_alive(second.0.id() as i32), "what others started goes on");
}

#[test]
fn a_program_is_started_again() {
    let desk = Desk::new();
    let mut started = start(&desk, &["--restart", "--", program(), "flat", "0", "10", "3"]);
    started.until("two ends", || {
        std::fs::read_to_string(desk.path("out/watch.csv")).is_ok_and(|text| text.lines().count() > 2)
    });
    started.signal(Signal::SIGINT);
    let ended = started.end().code(130);
    assert!(ended.stdout.contains("exited with 3"), "{}", ended.all());
    let rows = rows(&desk);
    assert!(rows.len() >= 2 && rows[..2].iter().all(|row| &row["ended_detail"] == "exited with 3"), "{rows:#?}");
    assert_ne!(&rows[0]["pid"], &rows[1]["pid"]);
}

/// Twenty samples at most are fewer than any verdict needs.
#[test]
fn a_watch_ends_when_its_time_is_over() {
    let desk = Desk::new();
    let words = ["watch", "--every", "10ms", "--for", "200ms", "--out", "out", "--", program(), "flat", "0", "10"];
    let advice =
        "a watch of 200ms every 10ms cannot be decided: 40 samples are needed at least: --every 5ms or --for 400ms";
    desk.run(&words).code(4).says("too few (40 needed)").complains(advice);
    let row = &rows(&desk)[0];
    assert_eq!((&row["ended"], &row["ended_detail"]), ("time-over", "ended by highwater"), "{row:#?}");
}

/// Ctrl-C is an orderly end: what was seen is judged, and the program that was started is ended.
#[test]
fn an_interrupted_watch_is_judged() {
    let desk = Desk::new();
    // A time that no clock can tell is none.
    let mut started = start(&desk, &["--for", "500000000000years", "--", program(), "flat", "0", "10"]);
    started.until("samples to judge", || is_judgeable(&desk, "1"));
    let child = started.child("the program", |_| true);
    started.signal(Signal::SIGINT);
    started.end().code(0).says("(ended by highwater): stable");
    assert!(!is_alive(child), "the program is still there");
    assert_eq!((&rows(&desk)[0]["ended"], &desk.record()["exit_code"]), ("interrupted", &0.into()));
}

#[test]
fn samples_outlive_a_watch_that_is_killed_and_program_and_counter_do_not() {
    let desk = Desk::new();
    let options = ["--counter", "exec sleep 86398", "--counter-timeout", "1day", "--", program(), "flat", "0", "10"];
    let mut started = start(&desk, &options);
    started.until("20 samples", || samples(&desk, "1") >= 20);
    let is_program = |pid: i32| command_line(pid).starts_with(program());
    let child = started.child("the program", is_program);
    let counter = started.child("the counter", |pid| command_line(pid).starts_with("sleep"));
    started.signal(Signal::SIGKILL);
    started.end();
    wait_for("the program's end", || (!is_alive(child)).then_some(()));
    wait_for("the counter's end", || (!is_alive(counter)).then_some(()));
    let report = desk.run(&["report", "out"]).code(0).complains("samples and no verdict");
    assert!(!report.stdout.contains("chart") && !desk.path("out/charts").exists(), "no process was judged");
}

/// Planted: highwater runs as nobody, the process belongs to another. What only its owner may see is told, the rest is judged.
#[test]
fn a_process_of_another_user_is_seen_in_part() {
    if std::fs::metadata("/proc/self").map_or(0, |own| own.uid()) != 0 {
        println!("skipped: only root can be somebody else");
        return;
    }
    let desk = Desk::new();
    for folder in ["", "out", "tmp"] {
        std::fs::create_dir_all(desk.path(folder)).expect("a folder");
        std::fs::set_permissions(desk.path(folder), PermissionsExt::from_mode(0o777)).expect("it is ours");
    }
    let planted = Planted::start(&["flat", "0", "10"]);
    let mut command = desk.highwater();
    command.args(DECIDED).args(["out", "--settle", "1s", "--pid", &planted.pid()]).uid(NOBODY).gid(NOBODY);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let output = match command.output() {
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => {
            println!("skipped: nobody may not execute the binary where it lies");
            return;
        }
        output => output.expect("it can be started"),
    };
    let ended = Ended::from_output("watch as nobody".into(), &output).code(0).says("at rest");
    for what in ["peaks between samples", "descriptors", "mappings"] {
        ended.stderr.find(&format!("{what} of process")).unwrap_or_else(|| panic!("{what}: {}", ended.all()));
    }
    let row = &rows(&desk)[0];
    assert!(row["not_seen"].contains("Permission denied") && row["descriptors_last"].is_empty(), "{row:#?}");
    assert_eq!((row.number("threads_last"), &row["memory_source"]), (Some(1.0), "at-rest"));
    let mut command = desk.highwater();
    command.args([
        "watch",
        "--tree",
        "--every",
        "10ms",
        "--for",
        "200ms",
        "--out",
        "tmp/tree",
        "--pid",
        &planted.pid(),
    ]);
    command.uid(NOBODY).gid(NOBODY);
    Ended::of(command).code(4).complains("shared memory in parts of process");
    let row = &desk.rows("tmp/tree/watch.csv")[0];
    assert!(row["not_seen"].contains("shared memory in parts (Permission denied"), "{row:#?}");
}
