//! Memory of another process, read from outside, without its cooperation.
//!
//! `/proc/PID` is opened once and everything else is found from there: the kernel ties an open `/proc/PID` to that very process,
//! so that a number that is given out again never leads to a stranger. What the process's owner does not let us see (its
//! mappings, descriptors and marks are readable to its own user and to root) is absent, and [`Outside::missing`] says so.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd};
use std::os::unix::fs::{FileExt, OpenOptionsExt};

use nix::fcntl::{OFlag, openat};
use nix::sys::stat::Mode;

use super::columns::Sample;
use super::count;
use super::files::{self, BUFFER};
use super::stat::Stat;
use super::status::{Rollup, Status};

/// One process for ever: numbers are given out again, start times are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identity {
    /// Process number.
    pub pid: i32,
    /// Start, in clock ticks since the machine's.
    pub start: u64,
}

/// Why a process cannot be watched.
#[derive(Debug, thiserror::Error)]
pub enum OutsideError {
    /// There is none, or no more.
    #[error("no process {pid}")]
    Gone {
        /// Its number.
        pid: i32,
    },
    /// It has ended, and its parent has not yet asked how.
    #[error("process {pid} has ended already: it is a zombie that its parent has not reaped")]
    Zombie {
        /// Its number.
        pid: i32,
    },
    /// It belongs to the kernel.
    #[error("process {pid} is a thread of the kernel and has no memory of its own")]
    KernelThread {
        /// Its number.
        pid: i32,
    },
    /// It is a thread.
    #[error("{pid} is a thread of process {process}: watch that")]
    Thread {
        /// Its number.
        pid: i32,
        /// The process.
        process: u64,
    },
    /// The kernel does not let us.
    #[error("cannot read {what} of process {pid}")]
    Unreadable {
        /// The file under `/proc/PID`.
        what: &'static str,
        /// Its number.
        pid: i32,
        /// Why.
        #[source]
        source: io::Error,
    },
}

/// Something that cannot be seen of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missing {
    /// What: `peaks between samples`, `descriptors`, `mappings`, `shared memory in parts`.
    pub what: &'static str,
    /// Why.
    pub reason: String,
}

/// A process seen from outside.
#[derive(Debug)]
pub struct Outside {
    identity: Identity,
    directory: File,
    stat: File,
    status: File,
    descriptors: Option<File>,
    clear_refs: Option<File>,
    sees_mappings: bool,
    missing: Vec<Missing>,
    /// Becomes readable when the process ends (pidfd, Linux 5.3).
    end: Option<OwnedFd>,
    faults: (u64, u64),
    buffer: Box<[u8; BUFFER]>,
}

impl Outside {
    /// Looks at process `pid`. With `resets`, its high-water mark is reset at every sample, so that what lies between two samples
    /// has a peak of its own; whoever else reads VmHWM of the process then sees these marks.
    ///
    /// # Errors
    /// If there is no such process, or it has no memory to look at.
    pub fn open(pid: i32, resets: bool) -> Result<Outside, OutsideError> {
        let path = format!("/proc/{pid}");
        let directory = OpenOptions::new()
            .read(true)
            .custom_flags(OFlag::O_DIRECTORY.bits())
            .open(&path)
            .map_err(|source| failed(pid, "its directory", source))?;
        let stat = open_at(&directory, "stat", OFlag::O_RDONLY).map_err(|source| failed(pid, "stat", source))?;
        let status = open_at(&directory, "status", OFlag::O_RDONLY).map_err(|source| failed(pid, "status", source))?;
        let mut outside = Outside {
            identity: Identity { pid, start: 0 },
            directory,
            stat,
            status,
            descriptors: None,
            clear_refs: None,
            sees_mappings: false,
            missing: Vec::new(),
            // Before the first look at it: if the process is there afterwards, this is its end and not that of a stranger.
            end: pidfd(pid),
            faults: (0, 0),
            buffer: Box::new([0; BUFFER]),
        };
        let stat = outside.stat()?;
        outside.identity.start = stat.start;
        outside.faults = (stat.minor_faults, stat.major_faults);
        outside.check(&stat)?;
        outside.find_readable(resets);
        Ok(outside)
    }

    /// Looks at the process that `identity` names.
    ///
    /// # Errors
    /// As [`Outside::open`]; a stranger that has got its number counts as no such process.
    pub fn open_identity(identity: Identity, resets: bool) -> Result<Outside, OutsideError> {
        let outside = Outside::open(identity.pid, resets)?;
        if outside.identity == identity { Ok(outside) } else { Err(OutsideError::Gone { pid: identity.pid }) }
    }

    /// Which process it is.
    pub fn identity(&self) -> Identity {
        self.identity
    }

    /// Becomes readable when it ends; `None` where the kernel has no such thing.
    pub fn end(&self) -> Option<BorrowedFd<'_>> {
        self.end.as_ref().map(AsFd::as_fd)
    }

    /// What cannot be seen of it, and why.
    pub fn missing(&self) -> &[Missing] {
        &self.missing
    }

    /// Fills what `/proc` tells of the process into `sample`; page faults are those since the last call, the peak is that since
    /// the last call too.
    ///
    /// # Errors
    /// If the process has ended, before or meanwhile: a sample of which a part is missing for that is none.
    pub fn fill(&mut self, sample: &mut Sample) -> Result<(), OutsideError> {
        let status = self.status()?;
        // At once: what comes while the rest is read belongs to the next sample.
        self.reset();
        let mark = status.vm_hwm.filter(|_| self.clear_refs.is_some());
        status.fill(sample, mark);
        sample.descriptors = self.descriptors.as_ref().and_then(|file| count::descriptors(file, &mut self.buffer[..]));
        sample.mappings = self.mappings();
        let stat = self.stat()?;
        if stat.has_ended() || stat.start != self.identity.start {
            return Err(self.gone());
        }
        sample.minor_faults = stat.minor_faults.checked_sub(self.faults.0);
        sample.major_faults = stat.major_faults.checked_sub(self.faults.1);
        self.faults = (stat.minor_faults, stat.major_faults);
        Ok(())
    }

    /// What tells of shared memory in parts.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(super) fn rollup(&mut self) -> io::Result<Rollup> {
        let file = open_at(&self.directory, "smaps_rollup", OFlag::O_RDONLY)?;
        files::rollup(&file, &mut self.buffer[..])
    }

    /// Notes something that cannot be seen.
    pub(super) fn miss(&mut self, what: &'static str, reason: String) {
        self.missing.push(Missing { what, reason });
    }

    /// Finds out what may be read beyond `stat` and `status`.
    fn find_readable(&mut self, resets: bool) {
        let mut miss = |what, error: io::Error| self.missing.push(Missing { what, reason: error.to_string() });
        match open_at(&self.directory, "fd", OFlag::O_RDONLY | OFlag::O_DIRECTORY) {
            Ok(file) => self.descriptors = Some(file),
            Err(error) => miss("descriptors", error),
        }
        match open_at(&self.directory, "maps", OFlag::O_RDONLY) {
            Ok(_) => self.sees_mappings = true,
            Err(error) => miss("mappings", error),
        }
        if resets {
            let opened = open_at(&self.directory, "clear_refs", OFlag::O_WRONLY)
                .and_then(|file| files::reset_high_water_mark(&file).map(|()| file));
            match opened {
                Ok(file) => self.clear_refs = Some(file),
                Err(error) => miss("peaks between samples", error),
            }
        }
    }

    fn reset(&self) {
        if let Some(file) = &self.clear_refs {
            // A process that ends at this moment is found to have ended at the next sample.
            let _ = files::reset_high_water_mark(file);
        }
    }

    /// Number of mappings. The file is opened anew: an open one stays with the memory that the process had before `exec`.
    fn mappings(&mut self) -> Option<u64> {
        if !self.sees_mappings {
            return None;
        }
        let maps = open_at(&self.directory, "maps", OFlag::O_RDONLY).ok()?;
        count::mappings(&maps, &mut self.buffer[..]).filter(|count| *count > 0)
    }

    fn stat(&mut self) -> Result<Stat, OutsideError> {
        let pid = self.identity.pid;
        let length = self.stat.read_at(&mut self.buffer[..], 0).map_err(|source| failed(pid, "stat", source))?;
        Stat::parse(&self.buffer[..length]).ok_or(OutsideError::Gone { pid })
    }

    /// What the kernel tells of memory. A process that is ending has none left.
    fn status(&mut self) -> Result<Status, OutsideError> {
        let pid = self.identity.pid;
        let read = files::status(&self.status, &mut self.buffer[..]);
        let status = read.map_err(|source| failed(pid, "status", source))?;
        if status.vm_rss.is_some() { Ok(status) } else { Err(self.gone()) }
    }

    /// Refuses what has no memory to look at.
    fn check(&mut self, stat: &Stat) -> Result<(), OutsideError> {
        let pid = self.identity.pid;
        if stat.is_kernel_thread {
            return Err(OutsideError::KernelThread { pid });
        }
        if stat.has_ended() {
            return Err(OutsideError::Zombie { pid });
        }
        let status = self.status()?;
        match status.thread_group {
            Some(process) if process != pid as u64 => Err(OutsideError::Thread { pid, process }),
            _ => Ok(()),
        }
    }

    fn gone(&self) -> OutsideError {
        OutsideError::Gone { pid: self.identity.pid }
    }
}

/// A descriptor for the process's end.
#[expect(unsafe_code, reason = "neither libc nor nix wraps pidfd_open")]
fn pidfd(pid: i32) -> Option<OwnedFd> {
    // SAFETY: the call takes two numbers and touches no memory of this process.
    let number = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    let number = i32::try_from(number).ok().filter(|number| *number >= 0)?;
    // SAFETY: the kernel has just given out this descriptor to nobody else; it closes on exec by itself.
    Some(unsafe { OwnedFd::from_raw_fd(number) })
}

fn open_at(directory: &File, name: &str, flags: OFlag) -> io::Result<File> {
    Ok(openat(directory, name, flags | OFlag::O_CLOEXEC, Mode::empty())?.into())
}

/// A file of a process that has ended is not found, or its reading fails with ESRCH.
fn failed(pid: i32, what: &'static str, source: io::Error) -> OutsideError {
    match source.raw_os_error() {
        Some(libc::ENOENT | libc::ESRCH) => OutsideError::Gone { pid },
        _ => OutsideError::Unreadable { what, pid, source },
    }
}

#[cfg(test)]
#[path = "tests/outside.rs"]
mod tests;
