//! How the conversation with a child ended, and what that means together with the way in which the child itself did.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::child::EXIT_GRACE;
use super::evidence::Evidence;
use super::memory_words;
use super::outcome::{FinishReason, Outcome, Said};
use super::told::cleaned;

/// How the conversation with the child ended.
#[derive(Debug)]
pub(super) enum Ending {
    /// The child closed its socket, or was gone, without a last word.
    Closed,
    /// The child said that its work is done.
    Done,
    /// The child said that its work failed.
    Failed(String),
    /// The child said that it cannot do this work.
    Refused(String),
    /// A time limit ran out.
    TimedOut(Duration),
    /// The child said something that is not the protocol, or is not what was asked for.
    Alien(String),
    /// The user wants to end the run.
    Interrupted,
}

/// What is known besides of a child that has ended.
pub(super) struct Known<'a> {
    /// How far it came.
    pub(super) evidence: &'a Evidence,
    /// Why it was asked to stop, if it was.
    pub(super) stop: Option<FinishReason>,
    /// Processes that the kernel's out-of-memory killer ended meanwhile.
    pub(super) oom_kills: u64,
    /// Whether it is a program, and not highwater's own worker.
    pub(super) is_program: bool,
    /// Whether it has said hello.
    pub(super) has_said_hello: bool,
}

impl Known<'_> {
    /// How far the conversation had come, short of an end.
    fn said(&self) -> Said {
        match self.has_said_hello {
            true => Said::Hello,
            false => Said::Nothing { is_program: self.is_program },
        }
    }
}

impl Ending {
    /// Whether the child ends by itself now, and is waited for.
    pub(super) fn is_orderly(&self) -> bool {
        matches!(self, Ending::Closed | Ending::Done | Ending::Failed(_))
    }

    /// What became of a child whose conversation ended like this, and itself with `status`; `None` if it had to be killed.
    pub(super) fn outcome(self, status: Option<ExitStatus>, known: &Known<'_>) -> Outcome {
        match (self, status) {
            (Ending::Done, Some(status)) => match status.code() {
                Some(0) => Outcome::Finished(known.stop.unwrap_or(FinishReason::AllIterations)),
                // What has not done all of its work may have failed at it.
                Some(code) if known.stop != Some(FinishReason::ByItself) => Outcome::Exited { code, said: Said::End },
                _ => of_exit(status, Said::End, known),
            },
            (Ending::Closed, Some(status)) => of_exit(status, known.said(), known),
            (Ending::Done, None) => Outcome::Lingered { after_end: true, grace: EXIT_GRACE },
            (Ending::Closed, None) => Outcome::Lingered { after_end: false, grace: EXIT_GRACE },
            (Ending::Failed(message), _) => match memory_words::speak_in(&message) {
                true => Outcome::OutOfMemory { why: cleaned(&message) },
                false => Outcome::Failed { message: cleaned(&message) },
            },
            // A program knows why it refuses; the worker passes on what a runtime says.
            (Ending::Refused(why), _) if !known.is_program && memory_words::speak_in(&why) => {
                Outcome::OutOfMemory { why: cleaned(&why) }
            }
            (Ending::Refused(why) | Ending::Alien(why), _) => Outcome::Incompatible { why: cleaned(&why) },
            (Ending::TimedOut(limit), _) => Outcome::TimedOut { limit, said: known.said() },
            (Ending::Interrupted, _) => Outcome::Interrupted,
        }
    }
}

/// What a child's end means that did not finish its part of the protocol, or its work.
///
/// Whatever it printed before it was aborted may be the reason. A child that exits says why in its last words, and may have
/// warned of much before.
fn of_exit(status: ExitStatus, said: Said, known: &Known<'_>) -> Outcome {
    let Known { evidence, oom_kills, .. } = *known;
    let warned = || evidence.output.iter().find(|line| memory_words::speak_in(line)).cloned();
    let last = || evidence.last_words().filter(|words| memory_words::speak_in(words)).map(str::to_owned);
    match (status.signal(), status.code()) {
        (Some(number), _) if number == Signal::SIGKILL as i32 && oom_kills > 0 => {
            Outcome::OutOfMemory { why: "killed by the kernel's out-of-memory killer".into() }
        }
        (Some(number), _) => match warned().filter(|_| number == Signal::SIGABRT as i32) {
            Some(why) => Outcome::OutOfMemory { why },
            None => Outcome::Crashed { signal: signal_name(number) },
        },
        (None, Some(0)) => Outcome::Exited { code: 0, said },
        (None, code) => match last() {
            Some(why) => Outcome::OutOfMemory { why },
            None => Outcome::Exited { code: code.unwrap_or(-1), said },
        },
    }
}

/// A signal as people call it; not every number has a name.
pub(super) fn signal_name(number: i32) -> String {
    Signal::try_from(number).map_or_else(|_| format!("signal {number}"), |signal| signal.to_string())
}

/// Processes that the kernel's out-of-memory killer has ended since boot; 0 where the kernel does not tell.
pub(super) fn kernel_oom_kills() -> u64 {
    procfs::vmstat().ok().and_then(|values| values.get("oom_kill").copied()).map_or(0, |kills| kills.max(0) as u64)
}

#[cfg(test)]
mod tests;
