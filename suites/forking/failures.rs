//! Children that never answer, by a handler for forks such as libraries register.
#![expect(unsafe_code, reason = "handlers of forks have no safe wrapper")]

use std::sync::Once;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use highwater::sample::{CoreError, Sample};
use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, waitpid};

use crate::{LIMIT, alone, probe};

/// What the handler does in a child.
static MISCHIEF: AtomicU8 = AtomicU8::new(NONE);
const NONE: u8 = 0;
const HANG: u8 = 1;
const ABORT: u8 = 2;

/// Has children misbehave until it is dropped.
struct Mischief;

impl Mischief {
    fn plant(kind: u8) -> Mischief {
        static REGISTERED: Once = Once::new();
        // SAFETY: the handler takes nothing and touches no memory of the parent.
        REGISTERED.call_once(|| assert_eq!(unsafe { libc::pthread_atfork(None, None, Some(misbehave)) }, 0));
        MISCHIEF.store(kind, Ordering::Relaxed);
        Mischief
    }
}

impl Drop for Mischief {
    fn drop(&mut self) {
        MISCHIEF.store(NONE, Ordering::Relaxed);
    }
}

unsafe extern "C" fn misbehave() {
    match MISCHIEF.load(Ordering::Relaxed) {
        HANG => loop {
            nix::unistd::pause();
        },
        ABORT => std::process::abort(),
        _ => {}
    }
}

/// Neither a running child nor a zombie.
fn assert_childless() {
    assert_eq!(waitpid(None, Some(WaitPidFlag::WNOHANG)), Err(Errno::ECHILD));
}

#[test]
fn a_child_that_hangs_is_killed_and_reaped() {
    let _alone = alone();
    let limit = Duration::from_millis(300);
    let mut probe = probe(limit);
    let mischief = Mischief::plant(HANG);
    let mut sample = Sample::default();
    assert_eq!(probe.take(&mut sample), Err(CoreError::TimedOut(limit)));
    assert_eq!(sample, Sample::default(), "a failed probe leaves half a reading");
    assert_childless();
    drop(mischief);
}

#[test]
fn a_child_that_dies_is_told_by_its_signal_and_the_next_one_answers() {
    let _alone = alone();
    let mut probe = probe(LIMIT);
    let mischief = Mischief::plant(ABORT);
    assert_eq!(probe.read(), Err(CoreError::Killed(Signal::SIGABRT)));
    assert_childless();
    drop(mischief);
    assert!(probe.read().is_ok());
    assert_childless();
}
