//! Waiting for the next sample, without missing a signal or the end of the process.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::command::run::watch_signals;

/// Wakes up for signals.
pub(super) struct Wake {
    interrupted: Arc<AtomicBool>,
    signals: UnixStream,
}

impl Wake {
    /// Listens for Ctrl-C, SIGTERM and SIGHUP. The second one ends highwater at once.
    pub(super) fn new() -> io::Result<Wake> {
        let interrupted = watch_signals()?;
        let (signals, theirs) = UnixStream::pair()?;
        signals.set_nonblocking(true)?;
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::low_level::pipe::register(signal, theirs.try_clone()?)?;
        }
        Ok(Wake { interrupted, signals })
    }

    /// Whether the user wants to end the watch.
    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Waits until `until`, a signal, or the end of the process that `end` tells.
    pub(super) fn wait(&mut self, until: Instant, end: Option<BorrowedFd<'_>>) {
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() || self.is_interrupted() {
                return;
            }
            // Rounded up, so that the last wait is not one of 0 ms again and again.
            let wait = PollTimeout::try_from(left + Duration::from_micros(999)).unwrap_or(PollTimeout::MAX);
            let mut descriptors = vec![PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
            descriptors.extend(end.map(|end| PollFd::new(end, PollFlags::POLLIN)));
            match poll(&mut descriptors, wait) {
                Ok(0) | Err(Errno::EINTR) => {}
                Ok(_) if descriptors[0].any() == Some(true) => _ = self.signals.read(&mut [0; 64]),
                _ => return,
            }
        }
    }
}
