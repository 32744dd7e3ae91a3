//! Where the words go: pipes that are closed or full, terminals, colours.

use std::fs::File;
use std::io::pipe;
use std::process::{Command, Stdio};

use crate::desk::Desk;
use crate::ended::Ended;

/// Runs `command` with a standard output that nobody reads, as at the end of `highwater … | head -1`.
fn unread(mut command: Command) -> Ended {
    let told = format!("{command:?}");
    let (reader, writer) = pipe().expect("a pipe");
    drop(reader);
    let child = command.stdout(writer).stderr(Stdio::piped()).spawn();
    let child = child.unwrap_or_else(|error| panic!("cannot start {told}: {error}"));
    let output = child.wait_with_output().unwrap_or_else(|error| panic!("cannot wait for {told}: {error}"));
    Ended::from_output(told, &output)
}

#[track_caller]
fn no_panic(ended: &Ended) {
    assert!(!ended.stderr.contains("panicked") && ended.status.code() != Some(101), "it panicked\n{}", ended.all());
}

#[test]
fn a_run_that_nobody_reads_is_measured_to_its_end() {
    let desk = Desk::new();
    desk.write("suite.toml", "[[case]]\nworkload = [\"nothing\", \"exit\"]\narm = \"exact-live\"\nresident = false\n");
    let mut command = desk.highwater();
    command.args(["run", "suite.toml", "--out", "out"]);
    let ended = unread(command);
    no_panic(&ended);
    assert_eq!(desk.verdicts().len(), 2, "{}", ended.all());
    assert_eq!(desk.record()["exit_code"], 1, "{}", ended.all());
    assert_eq!(ended.status.code(), Some(1), "{}", ended.all());
}

#[test]
fn no_command_panics_when_nobody_reads() {
    let desk = Desk::new();
    desk.write("trace.csv", "live\n1\n2\n");
    let mlp = "mlp:layers=2,width=64,batch=1";
    let commands: [&[&str]; 6] = [
        &["--help"],
        &["--list"],
        &["doctor"],
        &["judge", "trace.csv", "--live", "live"],
        &["judge", "trace.csv", "--live", "live", "--format", "json"],
        &["model", mlp, "--out", "x.onnx"],
    ];
    let mut panicked = Vec::new();
    for arguments in commands {
        let mut command = desk.highwater();
        command.args(arguments);
        let to_nobody = unread(command);
        let mut command = desk.highwater();
        let full = File::options().write(true).open("/dev/full").expect("Linux has /dev/full");
        command.args(arguments).stdout(full).stderr(Stdio::piped());
        let told = format!("{command:?} > /dev/full");
        let output = command.spawn().and_then(|child| child.wait_with_output()).unwrap();
        let to_full = Ended::from_output(told, &output);
        for ended in [to_nobody, to_full] {
            if ended.status.code() == Some(101) {
                panicked.push(ended.all());
            }
        }
    }
    assert!(panicked.is_empty(), "{} panics:\n{}", panicked.len(), panicked.join("\n"));
}

#[test]
fn there_are_no_escape_sequences_without_a_terminal() {
    let desk = Desk::new();
    let suite = "[[case]]\nworkload = [\"nothing\", \"exit\"]\narm = \"exact-live\"\nresident = false\n";
    let ran = desk.suite(suite, &[]).code(1);
    let commands: [&[&str]; 5] =
        [&["report", "out"], &["doctor"], &["--help"], &["run", "--itertions"], &["--list", "--filter", "silero"]];
    for ended in commands.map(|arguments| desk.run(arguments)).into_iter().chain([ran]) {
        assert!(!ended.stdout.contains('\x1b') && !ended.stderr.contains('\x1b'), "{}", ended.all());
        assert!(!ended.stdout.contains('\r') && !ended.stderr.contains('\r'), "{}", ended.all());
    }
}

/// Whether text holds a sequence that sets a colour: `ESC [ numbers m`, where the number is not 0 alone.
fn has_colours(text: &str) -> bool {
    let sequences = text.split("\x1b[").skip(1);
    let mut settings = sequences.filter_map(|rest| rest.split_once('m').map(|(numbers, _)| numbers));
    settings.any(|numbers| numbers != "0" && numbers.chars().all(|c| c.is_ascii_digit() || c == ';'))
}

#[test]
fn a_terminal_has_colours_unless_they_are_unwanted() {
    if Command::new("script").arg("--version").output().is_err() {
        println!("skipped: `script` of util-linux gives this test its terminal");
        return;
    }
    let desk = Desk::new();
    desk.write("suite.toml", "[[case]]\nworkload = \"exit\"\narm = \"exact-live\"\nexpect = \"exited\"\n");
    for (no_color, expected) in [(None, true), (Some(""), true), (Some("1"), false)] {
        let out = format!("out{}", no_color.map_or(9, str::len));
        let mut command = desk.command("script");
        let run = format!("'{}' run suite.toml --out {out}", crate::desk::HIGHWATER);
        command.args(["--quiet", "--return", "--command", &run, "/dev/null"]).env("TERM", "xterm");
        command.envs(no_color.map(|value| ("NO_COLOR", value)));
        let ended = Ended::of(command).code(0).says("exited with code 3");
        assert_eq!(has_colours(&ended.stdout), expected, "NO_COLOR={no_color:?}\n{}", ended.all());
    }
}
