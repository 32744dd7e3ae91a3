//! What happened to a child.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::suite::Expectation;

/// What became of a child. What its numbers mean is the verdict's to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It did its work.
    Finished(FinishReason),
    /// It was killed by a signal of its own making.
    Crashed {
        /// Name of the signal.
        signal: String,
    },
    /// It ended by itself before its work was done, or with another code than 0 after it.
    Exited {
        /// Exit code.
        code: i32,
        /// How far the conversation had come.
        said: Said,
    },
    /// A time limit ran out and it was killed.
    TimedOut {
        /// The limit.
        limit: Duration,
        /// How far the conversation had come.
        said: Said,
    },
    /// It had no more to say, did not exit and was killed.
    Lingered {
        /// Whether it had said that its work was done; otherwise it had only closed its socket.
        after_end: bool,
        /// How long it was waited for.
        grace: Duration,
    },
    /// It ran into the memory limit, or the kernel's.
    OutOfMemory {
        /// How that is known.
        why: String,
    },
    /// It reported an error of the work.
    Failed {
        /// The error.
        message: String,
    },
    /// It does not speak the protocol, or runs under another allocator than asked for.
    Incompatible {
        /// What was expected and what was found.
        why: String,
    },
    /// It was not started, since something is missing here.
    Skipped {
        /// What is missing.
        why: String,
        /// How to get it.
        remedy: String,
    },
    /// The user ended the run.
    Interrupted,
}

/// How far the conversation with a child had come when the child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Said {
    /// It had not said hello.
    Nothing {
        /// Whether it is a program, which may not know the protocol at all.
        is_program: bool,
    },
    /// It had said hello.
    Hello,
    /// It had said that its work was done.
    End,
}

impl Said {
    /// What to do about a program that may not know the protocol; empty for all others.
    fn remedy(self) -> &'static str {
        match self {
            Said::Nothing { is_program: true } => {
                ", and it never spoke the protocol (no hello on HIGHWATER_FD; scripts/PROTOCOL.md): for a program that does \
                 not, there is `highwater watch -- …`"
            }
            _ => "",
        }
    }
}

/// Why a run that did its work came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FinishReason {
    /// All iterations were done.
    AllIterations,
    /// The verdict was final before that.
    VerdictFinal,
    /// The time for the run was over.
    TimeOver,
    /// The program had no more to do.
    ByItself,
}

impl Outcome {
    /// Whether the work was done, so that the series can be judged.
    pub fn is_finished(&self) -> bool {
        matches!(self, Outcome::Finished(_))
    }

    /// The word that a suite uses for this outcome; `None` for finished, skipped and interrupted runs.
    pub fn expectation(&self) -> Option<Expectation> {
        match self {
            Outcome::Crashed { .. } => Some(Expectation::Crashed),
            Outcome::Exited { .. } => Some(Expectation::Exited),
            Outcome::TimedOut { .. } | Outcome::Lingered { .. } => Some(Expectation::TimedOut),
            Outcome::OutOfMemory { .. } => Some(Expectation::OutOfMemory),
            Outcome::Failed { .. } => Some(Expectation::Failed),
            Outcome::Incompatible { .. } => Some(Expectation::Incompatible),
            Outcome::Finished(_) | Outcome::Skipped { .. } | Outcome::Interrupted => None,
        }
    }

    /// The outcome as one word.
    pub fn word(&self) -> &'static str {
        match self {
            Outcome::Finished(_) => "finished",
            Outcome::Crashed { .. } => "crashed",
            Outcome::Exited { .. } => "exited",
            Outcome::TimedOut { .. } | Outcome::Lingered { .. } => "timed-out",
            Outcome::OutOfMemory { .. } => "out-of-memory",
            Outcome::Failed { .. } => "failed",
            Outcome::Incompatible { .. } => "incompatible",
            Outcome::Skipped { .. } => "skipped",
            Outcome::Interrupted => "interrupted",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Finished(FinishReason::AllIterations) => write!(formatter, "finished"),
            Outcome::Finished(FinishReason::VerdictFinal) => write!(formatter, "finished early, the verdict was final"),
            Outcome::Finished(FinishReason::TimeOver) => {
                write!(formatter, "finished when the time for the run was over")
            }
            Outcome::Finished(FinishReason::ByItself) => {
                write!(formatter, "finished when the program ended by itself")
            }
            Outcome::Crashed { signal } => write!(formatter, "crashed by {signal}"),
            Outcome::Exited { code: 0, said } => write!(formatter, "exited with code 0{}", said.remedy()),
            Outcome::Exited { code, said: Said::End } => write!(formatter, "exited with code {code} after its end"),
            Outcome::Exited { code, .. } => write!(formatter, "exited with code {code}"),
            Outcome::TimedOut { limit, said } => {
                let what = if matches!(said, Said::Nothing { .. }) { "the start" } else { "an iteration" };
                let limit = humantime::format_duration(*limit);
                write!(formatter, "{what} took longer than {limit} (--iteration-time){}", said.remedy())
            }
            Outcome::Lingered { after_end, grace } => {
                let since = if *after_end { "its end" } else { "closing its socket" };
                write!(formatter, "did not exit within {} of {since}", humantime::format_duration(*grace))
            }
            Outcome::OutOfMemory { why } => write!(formatter, "out of memory: {why}"),
            Outcome::Failed { message } => write!(formatter, "{message}"),
            Outcome::Incompatible { why } => write!(formatter, "{why}"),
            Outcome::Skipped { why, remedy } => write!(formatter, "{why}; {remedy}"),
            Outcome::Interrupted => write!(formatter, "interrupted"),
        }
    }
}
