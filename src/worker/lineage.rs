//! Processes that are gone when the one that started them is.

use std::env;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

use nix::sys::signal::Signal;
use nix::unistd::getppid;

/// Argument of the hidden subcommand that serves the protocol.
pub const WORKER_COMMAND: &str = "worker";

/// Environment variable with the process number of a worker's parent: one whose parent has died before the death signal was set
/// finds another one.
pub const PARENT_VARIABLE: &str = "HIGHWATER_PARENT";

/// Has the kernel kill the child when the thread that starts it dies, from before the child's first instruction on: a
/// library that is preloaded may hang before `main`.
#[expect(unsafe_code, reason = "the death signal must be set between fork and exec")]
pub(crate) fn die_with_parent(command: &mut Command) {
    // SAFETY: prctl is async-signal-safe, and the closure touches no memory of the parent.
    unsafe { command.pre_exec(|| Ok(nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?)) };
}

/// Has a worker check that its parent was still there when it started.
pub(crate) fn name_parent(command: &mut Command) {
    command.env(PARENT_VARIABLE, std::process::id().to_string());
}

/// Dies with the parent: by signal, and at once if the parent has died before the signal was set.
pub(super) fn tie_to_parent() -> io::Result<()> {
    nix::sys::prctl::set_pdeathsig(Signal::SIGKILL)?;
    let parent = env::var(PARENT_VARIABLE).ok().and_then(|number| number.parse::<i32>().ok());
    if parent.is_some_and(|parent| getppid().as_raw() != parent) {
        return Err(io::Error::other("the parent has died"));
    }
    Ok(())
}
