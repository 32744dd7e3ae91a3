//! A child process with its socket and its last words.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::net::Shutdown;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{Signal, killpg};
use nix::sys::socket::{MsgFlags, recv};
use nix::unistd::Pid;

use super::tail::Tail;
use crate::arm::ChildEnvironment;
use crate::runtime::worker_variables;
use crate::suite::{Case, Engine, Limits, ProgramSpec};
use crate::worker::protocol::{Answer, Job};
use crate::worker::{DESCRIPTOR_VARIABLE, PARENT_VARIABLE, TEMPORARY_VARIABLE, WORKER_COMMAND, die_with_parent};

/// Environment variable from which rten takes the size of its thread pool.
const RTEN_THREADS_VARIABLE: &str = "RTEN_NUM_THREADS";

/// Environment variables of a program: the file of its model, and the threads that it may use.
const MODEL_VARIABLE: &str = "HIGHWATER_MODEL";
const THREADS_VARIABLE: &str = "HIGHWATER_THREADS";

/// Environment variable from which onert takes its number of threads.
const ONERT_THREADS_VARIABLE: &str = "NUM_THREADS";

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
        Ok(Running { child, socket, tail: Some(Tail::of(reader)) })
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
        if matches!(self.child.try_wait(), Ok(None)) {
            self.kill();
            let _ = self.child.wait();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::ffi::OsString;

    use super::*;
    use crate::arm::ExpectedOwner;

    /// What a worker finds in its environment beside what it inherits, under an arm with these variables.
    fn surroundings(runtime: &str, arm: &[(&str, &str)]) -> BTreeMap<String, OsString> {
        let text =
            format!("[[case]]\nmodel = \"mlp-small\"\nruntime = \"{runtime}\"\nworkload = \"infer\"\nthreads = 3\n");
        let case = crate::suite::parse("suite.toml", &text, Path::new("")).unwrap().cases.remove(0);
        let variables = arm.iter().map(|(name, value)| (String::from(*name), value.into())).collect();
        let expected = ExpectedOwner::CLibrary;
        let environment = ChildEnvironment { variables, removed: Vec::new(), expected, unverified: None };
        let mut command = Command::new("worker");
        surround(&mut command, &environment, &case, Path::new("/scratch"));
        let name = |name: &OsStr| name.to_str().unwrap().to_owned();
        command.get_envs().map(|(known, value)| (name(known), value.unwrap().to_owned())).collect()
    }

    #[test]
    fn temporary_files_of_a_worker_lie_in_the_folder_of_its_run() {
        for runtime in ["rten", "litert"] {
            assert_eq!(surroundings(runtime, &[])["TMPDIR"], "/scratch", "{runtime}");
        }
        assert_eq!(surroundings("rten", &[("TMPDIR", "/elsewhere")])["TMPDIR"], "/elsewhere", "an arm says otherwise");
    }

    #[test]
    fn runtimes_lie_for_a_worker_where_they_lie_for_its_parent() {
        assert_eq!(surroundings("onert", &[])["HIGHWATER_RUNTIMES"], crate::runtime::runtimes_folder());
        assert!(!surroundings("rten", &[]).contains_key("HIGHWATER_RUNTIMES"));
    }

    #[test]
    fn each_runtime_has_the_variables_that_it_reads() {
        let quiet = ["ORT_DISABLE_TELEMETRY", "ORT_TELEMETRY_DISABLED"];
        for name in quiet {
            assert_eq!(surroundings("onnxruntime", &[])[name], "1");
            assert_eq!(surroundings("onnxruntime", &[(name, "0")])[name], "0", "an arm says otherwise");
            assert!(!surroundings("openvino", &[]).contains_key(name));
        }
        assert_eq!(surroundings("onert", &[])["NUM_THREADS"], "3");
        assert!(!surroundings("litert", &[]).contains_key("NUM_THREADS"));
        assert_eq!(surroundings("rten", &[])["RTEN_NUM_THREADS"], "3");
    }
}
