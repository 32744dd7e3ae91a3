//! What happened to a child, with the evidence.

use std::fmt;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde::{Deserialize, Serialize};

use crate::suite::Expectation;
use crate::workload::Phase;

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
    /// It ended by itself before its work was done.
    Exited {
        /// Exit code.
        code: i32,
    },
    /// A time limit ran out and it was killed.
    TimedOut {
        /// The limit.
        limit: Duration,
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

/// How far a child came, and its last words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Last iteration that was sampled.
    pub iteration: u64,
    /// The phase that had begun after it, if any.
    pub phase: Option<Phase>,
    /// Last lines of standard output and error.
    pub output: Vec<String>,
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
            Outcome::TimedOut { .. } => Some(Expectation::TimedOut),
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
            Outcome::TimedOut { .. } => "timed-out",
            Outcome::OutOfMemory { .. } => "out-of-memory",
            Outcome::Failed { .. } => "failed",
            Outcome::Incompatible { .. } => "incompatible",
            Outcome::Skipped { .. } => "skipped",
            Outcome::Interrupted => "interrupted",
        }
    }

    /// What an error means that a child told in order.
    pub(super) fn of_failure(message: String) -> Outcome {
        if OUT_OF_MEMORY_WORDS.iter().any(|words| message.contains(words)) {
            Outcome::OutOfMemory { why: message }
        } else {
            Outcome::Failed { message }
        }
    }

    /// What a child's end means that did not finish its part of the protocol.
    ///
    /// `output` are its last lines, `oom_kills` how many processes the kernel's out-of-memory killer ended meanwhile.
    pub(super) fn of_exit(status: ExitStatus, output: &[String], oom_kills: u64) -> Outcome {
        let said = |pattern: &str| output.iter().find(|line| line.contains(pattern)).cloned();
        let words = OUT_OF_MEMORY_WORDS.iter().find_map(|pattern| said(pattern));
        match (status.signal(), status.code()) {
            (Some(number), _) if number == Signal::SIGKILL as i32 && oom_kills > 0 => {
                Outcome::OutOfMemory { why: "killed by the kernel's out-of-memory killer".into() }
            }
            (Some(number), _) if number == Signal::SIGABRT as i32 && words.is_some() => {
                Outcome::OutOfMemory { why: words.unwrap_or_default() }
            }
            (Some(number), _) => {
                let name =
                    Signal::try_from(number).map_or_else(|_| format!("signal {number}"), |name| name.to_string());
                Outcome::Crashed { signal: name }
            }
            (None, Some(0)) => Outcome::Exited { code: 0 },
            (None, _) if words.is_some() => Outcome::OutOfMemory { why: words.unwrap_or_default() },
            (None, code) => Outcome::Exited { code: code.unwrap_or(-1) },
        }
    }
}

/// What Rust, C++ and C programs say when an allocation fails.
const OUT_OF_MEMORY_WORDS: [&str; 3] = ["memory allocation of", "std::bad_alloc", "Cannot allocate memory"];

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Finished(FinishReason::AllIterations) => write!(formatter, "finished"),
            Outcome::Finished(FinishReason::VerdictFinal) => write!(formatter, "finished early, the verdict was final"),
            Outcome::Finished(FinishReason::TimeOver) => {
                write!(formatter, "finished when the time for the run was over")
            }
            Outcome::Finished(FinishReason::ByItself) => {
                write!(formatter, "finished when the program said that this is the end")
            }
            Outcome::Crashed { signal } => write!(formatter, "crashed by {signal}"),
            Outcome::Exited { code } => write!(formatter, "exited with code {code} before the work was done"),
            Outcome::TimedOut { limit } => {
                write!(formatter, "an iteration took longer than {}", humantime::format_duration(*limit))
            }
            Outcome::OutOfMemory { why } => write!(formatter, "out of memory: {why}"),
            Outcome::Failed { message } => write!(formatter, "{message}"),
            Outcome::Incompatible { why } => write!(formatter, "{why}"),
            Outcome::Skipped { why, remedy } => write!(formatter, "{why}; {remedy}"),
            Outcome::Interrupted => write!(formatter, "interrupted"),
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.phase {
            Some(phase) => write!(formatter, "in iteration {}, phase {phase}", self.iteration + 1),
            None if self.iteration == 0 => write!(formatter, "before the first iteration"),
            None => write!(formatter, "after iteration {}", self.iteration),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exit(raw: i32, output: &[&str], oom_kills: u64) -> Outcome {
        let output: Vec<_> = output.iter().map(|line| (*line).to_owned()).collect();
        Outcome::of_exit(ExitStatus::from_raw(raw), &output, oom_kills)
    }

    #[test]
    fn an_exit_is_read_with_its_evidence() {
        assert_eq!(exit(11, &[], 0), Outcome::Crashed { signal: "SIGSEGV".into() });
        assert_eq!(exit(6, &["free(): invalid pointer"], 0), Outcome::Crashed { signal: "SIGABRT".into() });
        assert!(matches!(exit(6, &["memory allocation of 8388608 bytes failed"], 0), Outcome::OutOfMemory { .. }));
        assert!(matches!(
            exit(6, &["terminate called after throwing 'std::bad_alloc'"], 0),
            Outcome::OutOfMemory { .. }
        ));
        assert!(matches!(exit(9, &[], 1), Outcome::OutOfMemory { .. }));
        assert_eq!(exit(9, &[], 0), Outcome::Crashed { signal: "SIGKILL".into() });
        assert!(matches!(
            Outcome::of_failure("map: Cannot allocate memory (os error 12)".into()),
            Outcome::OutOfMemory { .. }
        ));
        assert!(matches!(Outcome::of_failure("no such operator".into()), Outcome::Failed { .. }));
        assert_eq!(exit(17 << 8, &[], 0), Outcome::Exited { code: 17 });
        assert_eq!(exit(0, &["memory allocation of doom"], 0), Outcome::Exited { code: 0 });
    }
}
