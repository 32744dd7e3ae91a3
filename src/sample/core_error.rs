//! Why a fork probe has no reading.

use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::Signal;

/// Why a fork probe has no reading. The measured process goes on as if there had been no probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CoreError {
    /// A library is loaded with which a process must not fork. It was not tried.
    #[error("{0} is loaded, with which a process must not fork")]
    Forbidden(&'static str),
    /// Its pipe cannot be made or read.
    #[error("the pipe of the forked child failed: {0}")]
    Pipe(Errno),
    /// The kernel refuses.
    #[error("the kernel refuses to fork: {errno}{}", if *.strict_overcommit { STRICT_OVERCOMMIT } else { "" })]
    Fork {
        /// Its reason.
        errno: Errno,
        /// Whether `vm.overcommit_memory` is 2, under which a large process may not be able to fork.
        strict_overcommit: bool,
    },
    /// The child had to be killed.
    #[error("the forked child did not answer within {}", humantime::format_duration(*.0))]
    TimedOut(Duration),
    /// The child died.
    #[error("the forked child was killed by {0}")]
    Killed(Signal),
    /// The child ended without a word.
    #[error("the forked child ended without an answer")]
    Silent,
    /// `/proc/self` cannot be read.
    #[error("/proc/self cannot be read")]
    Unreadable,
    /// Something free was left behind, so what remained says nothing.
    #[error("the forked child could not give everything back: it needs a thread for each arena")]
    Incomplete,
}

const STRICT_OVERCOMMIT: &str = " (vm.overcommit_memory is 2: the kernel reserves as much again for the child)";
