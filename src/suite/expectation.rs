//! The words a suite may expect of a case: verdicts, and outcomes of cases that are meant to go wrong.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What a case may come out as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Expectation {
    /// Nothing grew.
    Stable,
    /// Something grew and stopped.
    Plateau,
    /// Live bytes grow.
    Leak,
    /// Threads, descriptors or mappings grow.
    ResourceLeak,
    /// Resident memory grows while live bytes stand still, at whatever pace.
    Creep,
    /// The work itself needs more each time; nothing is kept.
    PeakGrowth,
    /// Resident memory grows and live bytes cannot be read.
    GrowthUnattributed,
    /// The run could not decide.
    Inconclusive,
    /// Killed by a signal of its own making.
    Crashed,
    /// Ended by itself before its work was done.
    Exited,
    /// Killed by a time limit.
    TimedOut,
    /// Ran into the memory limit.
    OutOfMemory,
    /// Reported an error of the runtime.
    Failed,
    /// Said something that is not the protocol, or runs under another allocator than asked for.
    Incompatible,
}

impl Expectation {
    /// Every word with its meaning.
    pub const WORDS: [(&'static str, Expectation); 14] = [
        ("stable", Expectation::Stable),
        ("plateau", Expectation::Plateau),
        ("leak", Expectation::Leak),
        ("resource-leak", Expectation::ResourceLeak),
        ("creep", Expectation::Creep),
        ("peak-growth", Expectation::PeakGrowth),
        ("growth-unattributed", Expectation::GrowthUnattributed),
        ("inconclusive", Expectation::Inconclusive),
        ("crashed", Expectation::Crashed),
        ("exited", Expectation::Exited),
        ("timed-out", Expectation::TimedOut),
        ("out-of-memory", Expectation::OutOfMemory),
        ("failed", Expectation::Failed),
        ("incompatible", Expectation::Incompatible),
    ];
}

impl fmt::Display for Expectation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = Self::WORDS.iter().find(|(_, meaning)| meaning == self).map_or("?", |(word, _)| word);
        formatter.pad(word)
    }
}

impl FromStr for Expectation {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::WORDS.iter().find(|(word, _)| *word == text).map(|(_, meaning)| *meaning).ok_or_else(|| {
            let words: Vec<_> = Self::WORDS.iter().map(|(word, _)| *word).collect();
            format!("unknown expectation `{text}`: use one of {}", words.join(", "))
        })
    }
}

impl TryFrom<String> for Expectation {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Expectation> for String {
    fn from(expectation: Expectation) -> String {
        expectation.to_string()
    }
}
