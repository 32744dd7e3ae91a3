//! A few numbers from a forked child: the child never returns, the parent never waits longer than its limit, and no child
//! stays behind.
#![expect(unsafe_code, reason = "fork and timers have no safe wrapper")]

use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, pipe2, read, write};

use super::core_error::CoreError;

/// Numbers that a child tells.
pub(super) type Numbers = [u64; 9];

/// Their bytes on the pipe, few enough to be written at once.
const BYTES: usize = size_of::<Numbers>();

/// Longest time after which the child ends itself, should the parent be unable to end it.
const LONGEST_ALARM: Duration = Duration::from_secs(5);

/// What a child told.
#[derive(Debug)]
pub(super) struct Answer {
    /// Its numbers.
    pub(super) numbers: Numbers,
    /// How long it took until `fork` had returned in the parent.
    pub(super) fork: Duration,
}

/// Calls `child` in a fork of this process and gives back what it returns. The child that takes longer than `limit` is
/// killed.
///
/// `child` runs in a process that has one thread: it must not wait for another one, nor take a lock of this library or of
/// Rust's. The C library's own fork takes and releases the locks of malloc, so that it may allocate.
pub(super) fn ask(limit: Duration, child: impl FnOnce() -> Numbers) -> Result<Answer, CoreError> {
    let (reader, writer) = pipe2(OFlag::O_CLOEXEC).map_err(CoreError::Pipe)?;
    let began = Instant::now();
    // SAFETY: the child leaves by `_exit` or a signal, in every path, and does what `child` is allowed to do.
    let pid = match unsafe { libc::fork() } {
        -1 => return Err(CoreError::Fork { errno: Errno::last(), strict_overcommit: overcommit_is_strict() }),
        0 => answer(&writer, limit, child),
        pid => Pid::from_raw(pid),
    };
    let fork = began.elapsed();
    drop(writer);
    let mut bytes = [0; BYTES];
    match receive(&reader, &mut bytes, began + limit) {
        Ok(BYTES) => {
            reap(pid);
            Ok(Answer { numbers: decode(&bytes), fork })
        }
        Ok(_) => Err(match reap(pid) {
            // The child's own alarm.
            Some(WaitStatus::Signaled(_, Signal::SIGALRM, _)) => CoreError::TimedOut(limit),
            Some(WaitStatus::Signaled(_, signal, _)) => CoreError::Killed(signal),
            _ => CoreError::Silent,
        }),
        Err(error) => {
            // It fails only for a child that has ended, and that one is reaped below.
            let _ = kill(pid, Signal::SIGKILL);
            reap(pid);
            Err(error.map_or(CoreError::TimedOut(limit), CoreError::Pipe))
        }
    }
}

/// The child's side.
fn answer(writer: &OwnedFd, limit: Duration, child: impl FnOnce() -> Numbers) -> ! {
    /// A panic must not unwind into the parent's program, of which this process is a copy.
    struct Abort;
    impl Drop for Abort {
        fn drop(&mut self) {
            std::process::abort();
        }
    }
    let _abort = Abort;
    // Should the parent die, or the work have blocked or caught the alarm, this process still ends.
    let _ = nix::sys::prctl::set_pdeathsig(Signal::SIGKILL);
    set_alarm((limit / 2).min(LONGEST_ALARM));
    let numbers = child();
    let mut bytes = [0; BYTES];
    for (place, number) in bytes.chunks_exact_mut(8).zip(numbers) {
        place.copy_from_slice(&number.to_ne_bytes());
    }
    // A pipe takes this many bytes at once. Should it fail, the parent sees that nothing came.
    let _ = write(writer, &bytes);
    // SAFETY: `_exit` runs no destructor and flushes no buffer, which are the parent's to run and to flush.
    unsafe { libc::_exit(0) }
}

/// Has SIGALRM kill this process after `time`, whatever the program has made of that signal.
fn set_alarm(time: Duration) {
    let value = libc::timeval { tv_sec: time.as_secs() as i64, tv_usec: time.subsec_micros().max(1).into() };
    let timer = libc::itimerval { it_interval: libc::timeval { tv_sec: 0, tv_usec: 0 }, it_value: value };
    let mut alarm = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: the set is initialised by sigemptyset, the timer is valid, and null asks for no old value.
    unsafe {
        libc::signal(libc::SIGALRM, libc::SIG_DFL);
        libc::sigemptyset(alarm.as_mut_ptr());
        libc::sigaddset(alarm.as_mut_ptr(), libc::SIGALRM);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, alarm.as_ptr(), std::ptr::null_mut());
        libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut());
    }
}

/// Reads until `bytes` is full or the child is gone, and tells how much came. `Err(None)` is the deadline.
fn receive(reader: &OwnedFd, bytes: &mut [u8], deadline: Instant) -> Result<usize, Option<Errno>> {
    let mut filled = 0;
    while filled < bytes.len() {
        let left = deadline.saturating_duration_since(Instant::now());
        // Rounded up, so that the last wait is not one of 0 ms again and again.
        let wait = PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX);
        match poll(&mut [PollFd::new(reader.as_fd(), PollFlags::POLLIN)], wait) {
            Ok(0) if left.is_zero() => return Err(None),
            Ok(0) | Err(Errno::EINTR) => continue,
            Ok(_) => {}
            Err(error) => return Err(Some(error)),
        }
        match read(reader, &mut bytes[filled..]) {
            Ok(0) => break,
            Ok(length) => filled += length,
            Err(Errno::EINTR) => {}
            Err(error) => return Err(Some(error)),
        }
    }
    Ok(filled)
}

/// Waits for this one child and no other; `None` where somebody else has, as the kernel does if SIGCHLD is ignored.
fn reap(pid: Pid) -> Option<WaitStatus> {
    loop {
        match waitpid(pid, None) {
            Err(Errno::EINTR) => {}
            status => return status.ok(),
        }
    }
}

fn decode(bytes: &[u8; BYTES]) -> Numbers {
    let mut numbers = Numbers::default();
    for (number, bytes) in numbers.iter_mut().zip(bytes.as_chunks().0) {
        *number = u64::from_ne_bytes(*bytes);
    }
    numbers
}

/// Whether the kernel counts a forked child as if it would write to all of its copy (`vm.overcommit_memory = 2`).
fn overcommit_is_strict() -> bool {
    std::fs::read("/proc/sys/vm/overcommit_memory").is_ok_and(|text| text.trim_ascii() == b"2")
}

#[cfg(test)]
mod tests {
    use nix::sys::signal::SigSet;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(60);

    #[test]
    fn numbers_come_back_as_they_are() {
        let numbers = [0, 1, u64::MAX, 3, 4, 5, 1 << 40, 7, 8];
        assert_eq!(ask(LIMIT, || numbers).unwrap().numbers, numbers);
    }

    #[test]
    fn a_child_that_dies_is_told_by_its_signal() {
        let crash = || {
            // SAFETY: the signal is meant to kill the child.
            unsafe { libc::raise(libc::SIGKILL) };
            Numbers::default()
        };
        assert_eq!(ask(LIMIT, crash).unwrap_err(), CoreError::Killed(Signal::SIGKILL));
    }

    #[test]
    fn a_child_that_panics_does_not_return_to_the_program() {
        // The hook would write to standard error, whose lock another test may hold in the moment of the fork.
        let panics = || std::panic::resume_unwind(Box::new(()));
        assert_eq!(ask(LIMIT, panics).unwrap_err(), CoreError::Killed(Signal::SIGABRT));
    }

    #[test]
    fn a_child_that_leaves_without_a_word_is_silent() {
        // SAFETY: the child is to end.
        let leaves = || unsafe { libc::_exit(0) };
        assert_eq!(ask(LIMIT, leaves).unwrap_err(), CoreError::Silent);
    }

    /// Planted: a thread that holds off the alarm.
    #[test]
    fn the_alarm_of_a_child_is_on_and_reaches_it() {
        let mut alarm = SigSet::empty();
        alarm.add(Signal::SIGALRM);
        alarm.thread_block().unwrap();
        let look = || {
            let is_blocked = SigSet::thread_get_mask().unwrap().contains(Signal::SIGALRM);
            // SAFETY: both structures may be zero, and are filled by the calls.
            let (action, timer) = unsafe {
                let (mut action, mut timer): (libc::sigaction, libc::itimerval) =
                    (std::mem::zeroed(), std::mem::zeroed());
                libc::sigaction(libc::SIGALRM, std::ptr::null(), &raw mut action);
                libc::getitimer(libc::ITIMER_REAL, &raw mut timer);
                (action, timer)
            };
            let is_default = action.sa_sigaction == libc::SIG_DFL;
            let left = timer.it_value.tv_sec as u64;
            [is_blocked.into(), is_default.into(), left, 0, 0, 0, 0, 0, 0]
        };
        let [is_blocked, is_default, left, ..] = ask(LIMIT, look).unwrap().numbers;
        assert_eq!((is_blocked, is_default), (0, 1));
        assert!((1..=LONGEST_ALARM.as_secs()).contains(&left), "{left} s left");
        assert!(SigSet::thread_get_mask().unwrap().contains(Signal::SIGALRM), "the parent's mask has changed");
    }

    #[test]
    fn a_child_that_hangs_ends_itself() {
        let limit = Duration::from_millis(200);
        let hangs = || {
            loop {
                std::thread::sleep(LIMIT);
            }
        };
        assert_eq!(ask(limit, hangs).unwrap_err(), CoreError::TimedOut(limit));
    }

    #[test]
    fn a_child_that_holds_off_its_alarm_is_killed() {
        let limit = Duration::from_millis(200);
        let hangs = || {
            // SAFETY: ignoring a signal is always allowed.
            unsafe { libc::signal(libc::SIGALRM, libc::SIG_IGN) };
            loop {
                std::thread::sleep(LIMIT);
            }
        };
        assert_eq!(ask(limit, hangs).unwrap_err(), CoreError::TimedOut(limit));
    }
}
