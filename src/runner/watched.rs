//! A program of the user's own, started to be watched: it knows nothing of highwater.

use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::ending::signal_name;
use crate::worker::die_with_parent;

/// How long a program may take to end after SIGTERM.
const GRACE: Duration = Duration::from_secs(10);

/// Between two looks at whether it has ended.
const PAUSE: Duration = Duration::from_millis(5);

/// A running program. Dropped, it is killed with everything in its process group, which may go on when the program has ended.
#[derive(Debug)]
pub struct Program {
    child: Child,
}

impl Program {
    /// Starts `words`, a program and its arguments. It prints where highwater prints, reads nothing, and runs in a process group of
    /// its own, so that Ctrl-C ends the watch first and the program in order after it. It does not outlive highwater.
    ///
    /// # Errors
    /// If it cannot be started.
    pub fn start(words: &[String]) -> io::Result<Program> {
        let (program, arguments) = words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).process_group(0);
        die_with_parent(&mut command);
        Ok(Program { child: command.spawn()? })
    }

    /// Its process number.
    pub fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    /// How it ended; `None` while it runs.
    ///
    /// # Errors
    /// If the kernel does not say.
    pub fn status(&mut self) -> io::Result<Option<ExitStatus>> {
        self.child.try_wait()
    }

    /// Ends it: asks with SIGTERM, and kills it if it takes longer than ten seconds. Whether it had to be killed. What it leaves
    /// behind in its process group is killed.
    ///
    /// # Errors
    /// If the kernel does not say how it ended.
    pub fn end(mut self) -> io::Result<bool> {
        self.signal(Signal::SIGTERM);
        let since = Instant::now();
        while since.elapsed() < GRACE {
            if self.child.try_wait()?.is_some() {
                return Ok(false);
            }
            thread::sleep(PAUSE);
        }
        self.kill()?;
        Ok(true)
    }

    fn kill(&mut self) -> io::Result<()> {
        self.signal(Signal::SIGKILL);
        self.child.kill()?;
        self.child.wait().map(drop)
    }

    /// Signals the program and what it has started.
    fn signal(&self, signal: Signal) {
        let _ = killpg(Pid::from_raw(self.pid()), signal);
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        match self.child.try_wait() {
            Ok(None) => _ = self.kill(),
            // The number of a group is not given out again while anybody is in it.
            _ => self.signal(Signal::SIGKILL),
        }
    }
}

/// How a program ended, in words: `exited with 0`, `killed by SIGKILL`.
pub fn told(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with {code}"),
        (None, Some(number)) => format!("killed by {}", signal_name(number)),
        (None, None) => "ended".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sleepers::wait_for_sleepers;
    use super::*;

    fn start(script: &str) -> Program {
        Program::start(&["sh".to_owned(), "-c".into(), script.into()]).unwrap()
    }

    fn wait(program: &mut Program) -> String {
        loop {
            if let Some(status) = program.status().unwrap() {
                return told(status);
            }
            thread::sleep(PAUSE);
        }
    }

    #[test]
    fn an_end_is_told_in_words() {
        assert_eq!(wait(&mut start("exit 7")), "exited with 7");
        assert_eq!(wait(&mut start("kill -SEGV $$")), "killed by SIGSEGV");
        assert_eq!(wait(&mut start("kill -40 $$")), "killed by signal 40");
    }

    #[test]
    fn what_does_not_exist_is_not_started() {
        let error = Program::start(&["/no/such/program".to_owned()]).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert_eq!(Program::start(&[]).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }

    /// Planted: a program whose child goes on without it.
    #[test]
    fn a_program_ends_with_what_it_has_started() {
        let program = start("sleep 86393.5 & sleep 86393.5");
        wait_for_sleepers("86393.5", 2);
        assert!(!program.end().unwrap(), "asked, not killed");
        wait_for_sleepers("86393.5", 0);
    }

    /// Planted: a child that does not mind being asked to end, and a program that does.
    #[test]
    fn what_is_left_when_a_program_was_asked_to_end_is_killed() {
        let program = start("(trap '' TERM; exec sleep 86393.25) & sleep 86393.25");
        wait_for_sleepers("86393.25", 2);
        assert!(!program.end().unwrap(), "asked, not killed");
        wait_for_sleepers("86393.25", 0);
    }

    /// Planted: a program that ends by itself and leaves a child behind.
    #[test]
    fn what_a_program_left_when_it_ended_is_killed() {
        let mut program = start("sleep 86393.75 & exit 3");
        assert_eq!(wait(&mut program), "exited with 3");
        wait_for_sleepers("86393.75", 1);
        drop(program);
        wait_for_sleepers("86393.75", 0);
    }
}
