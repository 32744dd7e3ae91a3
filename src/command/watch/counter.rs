//! How many requests a process has served, as a shell command of the user's tells. It runs beside the sampling, which never waits
//! for it.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::worker::die_with_parent;

/// Between two looks at the clock while the command runs.
const TICK: Duration = Duration::from_millis(20);

/// Bytes of what the command prints that are kept: more than any number has.
const KEPT: usize = 256;

/// What the command told, or why it did not.
pub(super) type Reading = Result<u64, String>;

/// The command and the thread that runs it. Dropped, it is killed.
pub(super) struct Counter {
    ask: Option<Sender<()>>,
    answers: Receiver<Reading>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
    is_busy: bool,
    asked: u64,
    answered: u64,
    failed: u64,
    last_failure: String,
}

impl Counter {
    /// A counter that runs `command` in a shell, for at most `limit` at a time.
    ///
    /// # Errors
    /// If the thread cannot be started.
    pub(super) fn new(command: String, limit: Duration) -> io::Result<Counter> {
        let (ask, asked) = channel();
        let (answer, answers) = channel();
        let stop = Arc::new(AtomicBool::new(false));
        let is_over = Arc::clone(&stop);
        let serve = move || {
            for () in asked {
                if answer.send(run(&command, limit, &is_over)).is_err() {
                    return;
                }
            }
        };
        let thread = thread::Builder::new().name("counter".into()).spawn(serve)?;
        let thread = Some(thread);
        let (ask, last_failure) = (Some(ask), String::new());
        Ok(Counter { ask, answers, stop, thread, is_busy: false, asked: 0, answered: 0, failed: 0, last_failure })
    }

    /// Has the command run, unless it still does.
    pub(super) fn ask(&mut self) {
        if !self.is_busy && self.ask.as_ref().is_some_and(|ask| ask.send(()).is_ok()) {
            self.is_busy = true;
            self.asked += 1;
        }
    }

    /// What the command told since the last call.
    pub(super) fn take(&mut self) -> Option<Reading> {
        let reading = self.answers.try_recv().ok()?;
        self.is_busy = false;
        self.answered += 1;
        if let Err(problem) = &reading {
            self.failed += 1;
            self.last_failure.clone_from(problem);
        }
        Some(reading)
    }

    /// Ends it: how often it failed, and why at last; empty where it did not. A command that has never answered counts: nobody else
    /// tells why no request was counted.
    pub(super) fn finish(mut self) -> String {
        let _ = self.take();
        if self.asked > 0 && self.answered == 0 {
            self.failed += 1;
            self.last_failure = "the command had not answered when the watch ended".into();
        }
        match self.failed {
            0 => String::new(),
            failed => format!("{failed} of {} times, at last: {}", self.asked, self.last_failure),
        }
    }
}

impl Drop for Counter {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        self.ask = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Runs the command once. It is killed, with what it has started, when it takes too long or `stop` is set.
fn run(command: &str, limit: Duration, stop: &AtomicBool) -> Reading {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", command]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
    die_with_parent(&mut shell);
    let mut child = shell.spawn().map_err(|error| format!("the shell cannot be started: {error}"))?;
    let printed = child.stdout.take();
    let ended = printed.ok_or(None).and_then(|mut out| listen(&mut child, &mut out, limit, stop));
    let _ = killpg(Pid::from_raw(child.id() as i32), Signal::SIGKILL);
    let _ = child.wait();
    match ended {
        Ok((status, text)) if status.success() => number(&text),
        Ok((status, _)) => Err(format!("the command was unsuccessful: {}", crate::runner::told(status))),
        Err(Some(error)) => Err(format!("the command cannot be listened to: {error}")),
        Err(None) => Err(format!("the command was killed after {}", humantime::format_duration(limit))),
    }
}

/// Collects what the command prints until it has ended; `Err(None)` if it takes too long.
fn listen(
    child: &mut Child,
    out: &mut ChildStdout,
    limit: Duration,
    stop: &AtomicBool,
) -> Result<(ExitStatus, Vec<u8>), Option<io::Error>> {
    let since = Instant::now();
    let mut text = Vec::new();
    let mut is_open = true;
    loop {
        if since.elapsed() > limit || stop.load(Ordering::Relaxed) {
            return Err(None);
        }
        // First whether it has ended: all that it has printed before can be read afterwards.
        let ended = child.try_wait().map_err(Some)?;
        let patience = if ended.is_some() { Duration::ZERO } else { TICK };
        if is_open && is_readable(out, patience).map_err(Some)? {
            let mut bytes = [0; 4096];
            let length = out.read(&mut bytes).map_err(Some)?;
            is_open = length > 0;
            let room = (KEPT - text.len()).min(length);
            text.extend_from_slice(&bytes[..room]);
            continue;
        }
        if let Some(status) = ended {
            return Ok((status, text));
        }
        if !is_open {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Whether something, if only the end, can be read within `patience`.
fn is_readable(out: &ChildStdout, patience: Duration) -> io::Result<bool> {
    let patience = PollTimeout::try_from(patience).unwrap_or(PollTimeout::ZERO);
    loop {
        match poll(&mut [PollFd::new(out.as_fd(), PollFlags::POLLIN)], patience) {
            Ok(ready) => return Ok(ready > 0),
            Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// The one number in `text`, without a fraction.
fn number(text: &[u8]) -> Reading {
    let text = String::from_utf8_lossy(text);
    let text = text.trim();
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() && (0.0..1e18).contains(&value) => Ok(value as u64),
        _ if text.is_empty() => Err("the command printed nothing, where one number was expected".into()),
        _ => Err(format!("the command printed `{}`, which is not one number", text.escape_debug())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn once(command: &str, limit: Duration) -> (Reading, String) {
        let mut counter = Counter::new(command.into(), limit).unwrap();
        counter.ask();
        counter.ask();
        let reading = loop {
            if let Some(reading) = counter.take() {
                break reading;
            }
            thread::sleep(Duration::from_millis(1));
        };
        assert_eq!(counter.asked, 1, "it is not asked again while it runs");
        (reading, counter.finish())
    }

    const LONG: Duration = Duration::from_secs(600);

    #[test]
    fn one_number_is_read_however_it_is_written() {
        for (text, expected) in [("42", 42), ("1.5e6", 1_500_000), ("  7.9\\n\\n", 7), ("0", 0)] {
            assert_eq!(once(&format!("printf '{text}'"), LONG), (Ok(expected), String::new()));
        }
    }

    #[test]
    fn whatever_else_it_does_is_a_failure_that_is_told() {
        let problem = |command: &str| once(command, LONG).0.unwrap_err();
        assert_eq!(problem("exit 7"), "the command was unsuccessful: exited with 7");
        assert_eq!(problem("kill -9 $$"), "the command was unsuccessful: killed by SIGKILL");
        assert_eq!(problem("echo 1 2"), "the command printed `1 2`, which is not one number");
        assert_eq!(problem("true"), "the command printed nothing, where one number was expected");
        assert!(
            problem("echo -5").contains("`-5`")
                && problem("echo NaN").contains("NaN")
                && problem("echo inf").contains("inf")
        );
        assert_eq!(problem("no-such-command-at-all"), "the command was unsuccessful: exited with 127");
        let (reading, failures) = once("yes", Duration::from_millis(200));
        assert_eq!(reading.unwrap_err(), "the command was killed after 200ms");
        assert_eq!(failures, "1 of 1 times, at last: the command was killed after 200ms");
    }

    /// Planted: the command ends in the moment in which it prints, again and again. What is still in the pipe when its end is seen
    /// is not lost.
    #[test]
    fn a_number_that_is_printed_at_the_very_end_is_read() {
        for _ in 0..50 {
            assert_eq!(once("sleep 0.019; echo 42", LONG).0, Ok(42));
        }
        let mut child = Command::new("sh").args(["-c", "echo 42"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut out = child.stdout.take().unwrap();
        child.wait().unwrap();
        let (status, text) = listen(&mut child, &mut out, LONG, &AtomicBool::new(false)).unwrap();
        assert!(status.success() && text == b"42\n", "{text:?}");
    }

    #[test]
    fn a_command_that_never_answers_is_told() {
        let mut counter = Counter::new("exec sleep 86390.5".into(), LONG).unwrap();
        counter.ask();
        assert_eq!(counter.finish(), "1 of 1 times, at last: the command had not answered when the watch ended");
        let never_asked = Counter::new("echo 1".into(), LONG).unwrap();
        assert_eq!(never_asked.finish(), "");
    }

    /// Planted: it hangs, and so does what it has started. Nothing of it is left, and nobody waits for it.
    #[test]
    fn a_command_that_hangs_is_killed_with_what_it_has_started() {
        let pattern = regex::Regex::new(r"^sleep 86391\.5$").unwrap();
        let command = "sleep 86391.5 & sleep 86391.5";
        assert!(once(command, Duration::from_millis(300)).0.is_err());
        let is_gone = || while crate::sample::oldest_named(&pattern).unwrap().is_some() {};
        is_gone();
        let mut counter = Counter::new(command.into(), LONG).unwrap();
        counter.ask();
        while crate::sample::oldest_named(&pattern).unwrap().is_none() {}
        drop(counter);
        is_gone();
    }
}
