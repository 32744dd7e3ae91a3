//! A child process with its socket and its last words.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{Signal, killpg};
use nix::sys::socket::{MsgFlags, recv};
use nix::sys::wait::{Id, WaitPidFlag, WaitStatus, waitid};
use nix::unistd::Pid;

use super::tail::Tail;
use crate::arm::ChildEnvironment;
use crate::runtime::worker_variables;
use crate::suite::{Case, Engine, Limits, ProgramSpec};
use crate::worker::protocol::{Answer, Job};
use crate::worker::{
    DESCRIPTOR_VARIABLE, PARENT_VARIABLE, TEMPORARY_VARIABLE, WORKER_COMMAND, die_with_parent, name_parent,
};

/// Environment variable from which rten takes the size of its thread pool.
const RTEN_THREADS_VARIABLE: &str = "RTEN_NUM_THREADS";

/// Environment variables of a program: the file of its model, and the threads that it may use.
const MODEL_VARIABLE: &str = "HIGHWATER_MODEL";
const THREADS_VARIABLE: &str = "HIGHWATER_THREADS";

/// Environment variable from which onert takes its number of threads.
const ONERT_THREADS_VARIABLE: &str = "NUM_THREADS";

/// How long a child that has closed its socket, or said its last word, may take to exit.
pub(super) const EXIT_GRACE: Duration = Duration::from_secs(10);

/// A running child. Dropped, it is killed with everything in its process group, and reaped.
pub(super) struct Running {
    child: Child,
    /// The protocol's socket; reading gives what the child says.
    socket: UnixStream,
    tail: Option<Tail>,
    is_reaped: bool,
}

impl Running {
    /// Starts `program` as a worker in `environment`, for `case`. Its temporary files lie in `scratch`, so that those of a
    /// worker that is killed go with that folder.
    ///
    /// The socket is the child's standard input: so it is inherited by this child alone, without a window in which another
    /// thread's child could inherit it too. The child runs in a process group of its own: Ctrl-C reaches the parent only,
    /// which then ends the child in order.
    pub(super) fn start(
        program: &Path,
        environment: &ChildEnvironment,
        case: &Case,
        scratch: &Path,
    ) -> io::Result<Running> {
        let (socket, theirs) = UnixStream::pair()?;
        let mut command = Command::new(program);
        command.arg0("highwater-worker").arg(WORKER_COMMAND).stdin(Stdio::from(OwnedFd::from(theirs)));
        surround(&mut command, environment, case, scratch);
        name_parent(&mut command);
        Running::spawn(command, socket)
    }

    /// Starts a program that speaks the protocol by itself.
    ///
    /// Its standard input stays its own, and is empty. The socket keeps the number that it has in this process, and only in
    /// the child, between fork and exec, it becomes one that is inherited.
    pub(super) fn start_program(start: &ProgramStart<'_>) -> io::Result<Running> {
        let (socket, theirs) = UnixStream::pair()?;
        let mut command = Command::new(start.file);
        let mut words = start.program.command.iter();
        // Python finds its environment by the path that it was called by.
        let name = words.next().filter(|name| !name.contains('/'));
        command.arg0(name.map_or(start.file.as_os_str(), OsStr::new)).args(words).stdin(Stdio::null());
        if !start.program.folder.as_os_str().is_empty() {
            command.current_dir(&start.program.folder);
        }
        command.envs(&start.program.environment);
        // Above these, an arm may say otherwise.
        start.environment.apply(&mut command);
        command.env_remove(PARENT_VARIABLE).env_remove(MODEL_VARIABLE);
        if let Some(model) = start.model {
            command.env(MODEL_VARIABLE, std::path::absolute(model)?);
        }
        command.env(THREADS_VARIABLE, start.threads.to_string());
        command.env(DESCRIPTOR_VARIABLE, theirs.as_raw_fd().to_string());
        limit(&mut command, start.limits.memory_bytes);
        hand_down(&mut command, theirs);
        Running::spawn(command, socket)
    }

    fn spawn(mut command: Command, socket: UnixStream) -> io::Result<Running> {
        let (reader, writer) = io::pipe()?;
        command
            .stdout(Stdio::from(OwnedFd::from(writer.try_clone()?)))
            .stderr(Stdio::from(OwnedFd::from(writer)))
            .process_group(0);
        die_with_parent(&mut command);
        let child = command.spawn()?;
        drop(command);
        Ok(Running { child, socket, tail: Some(Tail::of(reader)), is_reaped: false })
    }

    /// Number of the process that was started. It leads the process group of all that it starts.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends the job.
    pub(super) fn send(&mut self, job: &Job) -> io::Result<()> {
        let mut line = serde_json::to_vec(job)?;
        line.push(b'\n');
        self.socket.write_all(&line)
    }

    /// Answers a program that waits.
    pub(super) fn answer(&mut self, answer: Answer) -> io::Result<()> {
        let mut line = serde_json::to_vec(&answer)?;
        line.push(b'\n');
        self.socket.write_all(&line)
    }

    /// Whether the child has sent something that is not read yet.
    pub(super) fn has_said_more(&self) -> bool {
        let flags = MsgFlags::MSG_PEEK | MsgFlags::MSG_DONTWAIT;
        matches!(recv(self.socket.as_raw_fd(), &mut [0], flags), Ok(length) if length > 0)
    }

    /// Waits so long for the child to say something or to close its socket, and tells whether it may have.
    pub(super) fn has_said_more_within(&self, patience: Duration) -> io::Result<bool> {
        let mut sockets = [PollFd::new(self.socket.as_fd(), PollFlags::POLLIN)];
        match poll(&mut sockets, PollTimeout::try_from(patience).unwrap_or(PollTimeout::ZERO)) {
            Ok(ready) => Ok(ready > 0),
            Err(Errno::EINTR) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads what the child has said, as far as `piece` has room; 0 bytes if it has closed its socket, `None` if it has said
    /// nothing more.
    pub(super) fn receive(&mut self, piece: &mut [u8]) -> io::Result<Option<usize>> {
        match recv(self.socket.as_raw_fd(), piece, MsgFlags::MSG_DONTWAIT) {
            Ok(length) => Ok(Some(length)),
            Err(Errno::ECONNRESET) => Ok(Some(0)),
            Err(Errno::EAGAIN | Errno::EINTR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Asks the child to end after the present iteration.
    pub(super) fn ask_to_stop(&self) {
        let _ = self.socket.shutdown(Shutdown::Write);
    }

    /// Whether the process that was started has ended. It keeps its number until it is reaped.
    pub(super) fn has_ended(&self) -> io::Result<bool> {
        let flags = WaitPidFlag::WEXITED | WaitPidFlag::WNOHANG | WaitPidFlag::WNOWAIT;
        match waitid(Id::Pid(self.number()), flags) {
            Ok(WaitStatus::StillAlive) | Err(Errno::EINTR) => Ok(false),
            // It was killed by a signal that has no name here.
            Ok(_) | Err(Errno::EINVAL) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }

    /// Kills the child and what it has started: it leads a process group of its own.
    pub(super) fn kill(&mut self) {
        let _ = killpg(self.number(), Signal::SIGKILL);
        let _ = self.child.kill();
    }

    /// Waits for the child's end, with some patience, ends what it has left behind, and gives its status and last words.
    /// No status if it had to be killed because it would not exit.
    pub(super) fn reap(mut self) -> io::Result<(Option<ExitStatus>, Vec<String>)> {
        // A program that asks once more after its last word hears that there is nobody any more.
        self.ask_to_stop();
        let since = Instant::now();
        let mut pause = Duration::from_micros(200);
        let mut is_late = false;
        while !is_late && !self.has_ended()? {
            thread::sleep(pause);
            pause = (pause * 2).min(Duration::from_millis(20));
            is_late = since.elapsed() > EXIT_GRACE;
        }
        let status = self.bury()?;
        let words = self.tail.take().map(Tail::finish).unwrap_or_default();
        Ok(((!is_late).then_some(status), words))
    }

    /// Kills the process group, and only then reaps its leader: until then no other group can have its number.
    fn bury(&mut self) -> io::Result<ExitStatus> {
        self.kill();
        let status = self.child.wait()?;
        self.is_reaped = true;
        Ok(status)
    }

    fn number(&self) -> Pid {
        Pid::from_raw(self.child.id() as i32)
    }
}

/// Gives a worker its environment.
fn surround(command: &mut Command, environment: &ChildEnvironment, case: &Case, scratch: &Path) {
    command.env(TEMPORARY_VARIABLE, scratch).envs(worker_variables(case.runtime.engine));
    // Above these, an arm may say otherwise.
    environment.apply(command);
    command.env(RTEN_THREADS_VARIABLE, case.threads.to_string()).env(DESCRIPTOR_VARIABLE, "0");
    if case.runtime.engine == Engine::Onert {
        command.env(ONERT_THREADS_VARIABLE, case.threads.to_string());
    }
}

/// How a program is started.
pub(super) struct ProgramStart<'a> {
    /// Its command.
    pub(super) program: &'a ProgramSpec,
    /// Its file.
    pub(super) file: &'a Path,
    /// What the arm makes of its environment.
    pub(super) environment: &'a ChildEnvironment,
    /// The file of its model.
    pub(super) model: Option<&'a Path>,
    /// Threads that it may use.
    pub(super) threads: u32,
    /// Its limits.
    pub(super) limits: &'a Limits,
}

/// Lets the child, and no other, inherit `socket` under the number that it has here.
#[expect(unsafe_code, reason = "the descriptor must become inherited between fork and exec")]
fn hand_down(command: &mut Command, socket: UnixStream) {
    // SAFETY: fcntl is async-signal-safe, and the closure, which owns the socket, allocates and frees nothing in the child.
    unsafe {
        command.pre_exec(move || {
            fcntl(&socket, FcntlArg::F_SETFD(FdFlag::empty()))?;
            Ok(())
        });
    }
}

/// Gives the child the limits that highwater's own worker gives itself.
#[expect(unsafe_code, reason = "limits must be set between fork and exec")]
fn limit(command: &mut Command, memory_bytes: Option<u64>) {
    // SAFETY: setrlimit is a plain system call, and the closure touches no memory of the parent.
    unsafe {
        command.pre_exec(move || {
            if let Some(bytes) = memory_bytes {
                setrlimit(Resource::RLIMIT_AS, bytes, bytes)?;
            }
            setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
            Ok(())
        });
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.is_reaped {
            let _ = self.bury();
        }
    }
}

#[cfg(test)]
mod tests;
