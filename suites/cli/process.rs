//! Commands that are interfered with while they run, and the processes of this machine.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::desk::Desk;
use crate::ended::Ended;

/// How long a condition is waited for. It is far more than anything here takes on a loaded machine: running into it is a
/// failure, not a measurement.
const PATIENCE: Duration = Duration::from_secs(120);

/// Between two looks at a condition.
const PAUSE: Duration = Duration::from_millis(5);

/// A running command; killed when dropped.
pub struct Started {
    child: Child,
    command: String,
    stdout: PathBuf,
    stderr: PathBuf,
}

/// Looks until `condition` gives something.
#[track_caller]
pub fn wait_for<T>(what: &str, mut condition: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = condition() {
            return found;
        }
        assert!(since.elapsed() < PATIENCE, "waited {PATIENCE:?} in vain for {what}");
        thread::sleep(PAUSE);
    }
}

impl Started {
    /// Starts `command`; what it says goes to files in the desk's folder.
    pub fn of(mut command: Command, desk: &Desk) -> Self {
        let told = format!("{command:?}");
        let (stdout, stderr) = (desk.path("stdout.txt"), desk.path("stderr.txt"));
        let file = |path| File::create(path).unwrap_or_else(|error| panic!("cannot keep what {told} says: {error}"));
        command.stdout(file(&stdout)).stderr(file(&stderr));
        let child = command.spawn().unwrap_or_else(|error| panic!("cannot start {told}: {error}"));
        Started { child, command: told, stdout, stderr }
    }

    pub fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    #[track_caller]
    pub fn signal(&self, signal: Signal) {
        send(self.pid(), signal);
    }

    /// The one child process, once `is_meant` is true of it.
    #[track_caller]
    pub fn child(&mut self, what: &str, mut is_meant: impl FnMut(i32) -> bool) -> i32 {
        wait_for(what, || {
            self.must_run(what);
            children(self.pid()).into_iter().find(|pid| is_meant(*pid))
        })
    }

    /// Looks until `condition` is true; the command must not end meanwhile.
    #[track_caller]
    pub fn until(&mut self, what: &str, mut condition: impl FnMut() -> bool) {
        wait_for(what, || {
            self.must_run(what);
            condition().then_some(())
        });
    }

    /// Waits for the end.
    #[track_caller]
    pub fn end(mut self) -> Ended {
        let what = format!("the end of {}", self.command);
        let status = wait_for(&what, || self.try_end());
        self.told(status)
    }

    fn try_end(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap_or_else(|error| panic!("cannot wait for {}: {error}", self.command))
    }

    #[track_caller]
    fn must_run(&mut self, what: &str) {
        if let Some(status) = self.try_end() {
            panic!("it ended before {what}\n{}", self.told(status).all());
        }
    }

    fn told(&self, status: ExitStatus) -> Ended {
        let text = |path| fs::read_to_string(path).unwrap_or_default();
        Ended { command: self.command.clone(), status, stdout: text(&self.stdout), stderr: text(&self.stderr) }
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[track_caller]
pub fn send(pid: i32, signal: Signal) {
    kill(Pid::from_raw(pid), signal).unwrap_or_else(|error| panic!("cannot send {signal} to {pid}: {error}"));
}

/// Processes whose parent is `parent`, zombies left out.
pub fn children(parent: i32) -> Vec<i32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter(|pid| stat(*pid).is_some_and(|(state, its_parent)| its_parent == parent && state != 'Z')).collect()
}

/// Whether the process exists and is no zombie.
pub fn is_alive(pid: i32) -> bool {
    stat(pid).is_some_and(|(state, _)| state != 'Z')
}

/// State and parent of a process.
fn stat(pid: i32) -> Option<(char, i32)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name before it, in parentheses, may hold anything.
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}
