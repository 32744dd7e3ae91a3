//! Companions: further processes that do the same honest work at the same time, unsampled.
//!
//! A companion is a worker whose job says so. It says hello when it is ready, works until its socket is closed, and speaks
//! again only to say why it cannot go on. The kernel kills it when the measured process dies, whatever of.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::lineage::{WORKER_COMMAND, die_with_parent, name_parent};
use super::protocol::{Job, LONGEST_LINE, Message};
use super::session::{DESCRIPTOR_VARIABLE, TEMPORARY_VARIABLE};

/// What is wrong with a companion.
#[derive(Debug, thiserror::Error)]
pub(super) enum CompanionError {
    /// It could not be started.
    #[error("cannot start companion {number}")]
    Start {
        /// Its number, from 1.
        number: u32,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It ended before the measured process did.
    #[error("companion {number} ended early: {how}")]
    Ended {
        /// Its number, from 1.
        number: u32,
        /// Its exit status.
        how: String,
    },
    /// It says that its work failed.
    #[error("companion {number} failed in iteration {iteration}: {message}")]
    Failed {
        /// Its number, from 1.
        number: u32,
        /// Its own iteration; 0 before the first.
        iteration: u64,
        /// In its own words.
        message: String,
    },
    /// It says that runtime and work do not go together.
    #[error("companion {number}: {message}")]
    Incompatible {
        /// Its number, from 1.
        number: u32,
        /// In its own words.
        message: String,
    },
    /// It says something else, or nothing that can be read.
    #[error("companion {number} is not understood: {what}")]
    Alien {
        /// Its number, from 1.
        number: u32,
        /// What it said.
        what: String,
    },
}

impl CompanionError {
    /// Whether runtime and work do not go together.
    pub(super) fn is_incompatible(&self) -> bool {
        matches!(self, CompanionError::Incompatible { .. })
    }
}

/// The companions of a measured process; dropped, they are killed and reaped.
pub(super) struct Companions {
    all: Vec<Companion>,
}

struct Companion {
    number: u32,
    child: Child,
    socket: BufReader<UnixStream>,
}

impl Companions {
    /// Starts as many as the job asks for, in the same environment.
    pub(super) fn start(job: &Job) -> Result<Companions, CompanionError> {
        Companions::start_with(job, || {
            // The name in /proc is the binary that runs, also when its file has been replaced meanwhile.
            let mut command = Command::new("/proc/self/exe");
            command.arg0("highwater-companion").arg(WORKER_COMMAND);
            command
        })
    }

    fn start_with(job: &Job, command: impl Fn() -> Command) -> Result<Companions, CompanionError> {
        let mut companions = Companions { all: Vec::new() };
        for number in 1..=job.case.workload.companions {
            let started = Companion::start(number, &job_of(job, number), command());
            companions.all.push(started.map_err(|source| CompanionError::Start { number, source })?);
        }
        Ok(companions)
    }

    /// Waits until each of them is ready to work.
    ///
    /// # Errors
    /// If one of them cannot.
    pub(super) fn wait_until_ready(&mut self) -> Result<(), CompanionError> {
        for companion in &mut self.all {
            match companion.listen()? {
                Message::Hello(_) => {}
                other => return Err(companion.alien(format!("{other:?}"))),
            }
        }
        Ok(())
    }

    /// Looks whether all of them are still at work. Nothing is allocated while they are.
    ///
    /// # Errors
    /// If one of them is not.
    pub(super) fn check(&mut self) -> Result<(), CompanionError> {
        for companion in &mut self.all {
            let mut waiting = [PollFd::new(companion.socket.get_ref().as_fd(), PollFlags::POLLIN)];
            if matches!(poll(&mut waiting, PollTimeout::ZERO), Ok(ready) if ready > 0) {
                let said = companion.listen()?;
                return Err(companion.alien(format!("{said:?}")));
            }
        }
        Ok(())
    }
}

impl Companion {
    fn start(number: u32, job: &Job, mut command: Command) -> io::Result<Companion> {
        std::fs::create_dir_all(&job.scratch)?;
        let (mut socket, theirs) = UnixStream::pair()?;
        die_with_parent(&mut command);
        name_parent(&mut command);
        command.env(TEMPORARY_VARIABLE, &job.scratch).env(DESCRIPTOR_VARIABLE, "0");
        command.stdin(Stdio::from(OwnedFd::from(theirs)));
        let mut line = serde_json::to_vec(job)?;
        line.push(b'\n');
        let child = command.spawn()?;
        // It holds the companion's end of the socket open here as well, so that its death would not be seen.
        drop(command);
        // A companion that dies before it reads its job is told of by its exit status.
        let _ = socket.write_all(&line);
        Ok(Companion { number, child, socket: BufReader::new(socket) })
    }

    /// The next thing that it says, unless that is why it cannot go on.
    fn listen(&mut self) -> Result<Message, CompanionError> {
        let number = self.number;
        let mut line = Vec::new();
        let read = (&mut self.socket).take(LONGEST_LINE as u64).read_until(b'\n', &mut line);
        if read.is_err() || line.is_empty() {
            let status = self.child.wait();
            let how = status.map_or_else(|error| error.to_string(), |status| status.to_string());
            return Err(CompanionError::Ended { number, how });
        }
        match serde_json::from_slice(&line) {
            Ok(Message::Failed { iteration, message }) => Err(CompanionError::Failed { number, iteration, message }),
            Ok(Message::Incompatible { message }) => Err(CompanionError::Incompatible { number, message }),
            Ok(message) => Ok(message),
            Err(_) => Err(self.alien(String::from_utf8_lossy(&line).trim_end().to_owned())),
        }
    }

    fn alien(&self, what: String) -> CompanionError {
        CompanionError::Alien { number: self.number, what: what.chars().take(120).collect() }
    }
}

impl Drop for Companion {
    fn drop(&mut self) {
        // It may be dead already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The job of companion number `number`: the honest work of the same case, in a folder of its own.
fn job_of(job: &Job, number: u32) -> Job {
    let mut own = job.clone();
    own.companion = true;
    own.scratch = job.scratch.join(format!("companion-{number}"));
    own.core_every = None;
    own.profile = None;
    own.case.workload.companions = 0;
    own.case.workload.fault = None;
    own.case.workload.plant = None;
    own
}

#[cfg(test)]
mod tests;
