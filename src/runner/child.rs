//! A child process with its socket and its last words.

use std::io::{self, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use super::tail::Tail;
use crate::arm::ChildEnvironment;
use crate::worker::protocol::Job;
use crate::worker::{DESCRIPTOR_VARIABLE, PARENT_VARIABLE};

/// Argument of the hidden subcommand that serves the protocol.
pub(crate) const WORKER_COMMAND: &str = "worker";

/// Environment variable from which rten takes the size of its thread pool.
const RTEN_THREADS_VARIABLE: &str = "RTEN_NUM_THREADS";

/// How long a child that has closed its socket may take to exit.
const EXIT_GRACE: Duration = Duration::from_secs(10);

/// A running child. Dropped, it is killed and reaped.
pub(super) struct Running {
    child: Child,
    /// The protocol's socket; reading gives what the child says.
    pub(super) socket: UnixStream,
    tail: Option<Tail>,
}

impl Running {
    /// Starts `program` as a worker in `environment`.
    ///
    /// The socket is the child's standard input: so it is inherited by this child alone, without a window in which another
    /// thread's child could inherit it too. The child runs in a process group of its own: Ctrl-C reaches the parent only,
    /// which then ends the child in order.
    pub(super) fn start(program: &Path, environment: &ChildEnvironment, threads: u32) -> io::Result<Running> {
        let (socket, theirs) = UnixStream::pair()?;
        let (reader, writer) = io::pipe()?;
        let mut command = Command::new(program);
        command
            .arg0("highwater-worker")
            .arg(WORKER_COMMAND)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::from(OwnedFd::from(writer.try_clone()?)))
            .stderr(Stdio::from(OwnedFd::from(writer)))
            .process_group(0);
        environment.apply(&mut command);
        die_with_parent(&mut command);
        command
            .env(RTEN_THREADS_VARIABLE, threads.to_string())
            .env(DESCRIPTOR_VARIABLE, "0")
            .env(PARENT_VARIABLE, std::process::id().to_string());
        let child = command.spawn()?;
        drop(command);
        Ok(Running { child, socket, tail: Some(Tail::of(reader)) })
    }

    /// Sends the job.
    pub(super) fn send(&mut self, job: &Job) -> io::Result<()> {
        let mut line = serde_json::to_vec(job)?;
        line.push(b'\n');
        self.socket.write_all(&line)
    }

    /// Asks the child to end after the present iteration.
    pub(super) fn ask_to_stop(&self) {
        let _ = self.socket.shutdown(Shutdown::Write);
    }

    /// Kills the child and what it has started: it leads a process group of its own.
    pub(super) fn kill(&mut self) {
        let _ = killpg(Pid::from_raw(self.child.id() as i32), Signal::SIGKILL);
        let _ = self.child.kill();
    }

    /// Waits for the child's end, with some patience, and gives its status and last words. `None` if it had to be killed
    /// because it would not exit.
    pub(super) fn reap(mut self) -> io::Result<(Option<ExitStatus>, Vec<String>)> {
        let since = Instant::now();
        let mut pause = Duration::from_micros(200);
        let status = loop {
            match self.child.try_wait()? {
                Some(status) => break Some(status),
                None if since.elapsed() > EXIT_GRACE => {
                    self.kill();
                    self.child.wait()?;
                    break None;
                }
                None => thread::sleep(pause),
            }
            pause = (pause * 2).min(Duration::from_millis(20));
        };
        let words = self.tail.take().map(Tail::finish).unwrap_or_default();
        Ok((status, words))
    }
}

/// Has the kernel kill the child when this process dies, from before its first instruction on: a library that is preloaded
/// may hang before `main`. The child itself checks that its parent was still there when it started.
#[expect(unsafe_code, reason = "the death signal must be set between fork and exec")]
fn die_with_parent(command: &mut Command) {
    // SAFETY: prctl is async-signal-safe, and the closure touches no memory of the parent.
    unsafe { command.pre_exec(|| Ok(nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?)) };
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.kill();
            let _ = self.child.wait();
        }
    }
}
