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
    /// Stable or plateau, and the allocator keeps much more than is in use.
    Retention,
    /// Live bytes grow.
    Leak,
    /// Threads, descriptors or mappings grow.
    ResourceLeak,
    /// Resident memory grows while live bytes stand still: any of the three that follow.
    Creep,
    /// It grows and does not slow down.
    CreepLinear,
    /// It grows, slower and slower.
    CreepDecelerating,
    /// What is left after giving everything back grows, hidden in the noise of the peaks.
    CreepCore,
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
    pub const WORDS: [(&'static str, Expectation); 18] = [
        ("stable", Expectation::Stable),
        ("plateau", Expectation::Plateau),
        ("retention", Expectation::Retention),
        ("leak", Expectation::Leak),
        ("resource-leak", Expectation::ResourceLeak),
        ("creep", Expectation::Creep),
        ("creep-linear", Expectation::CreepLinear),
        ("creep-decelerating", Expectation::CreepDecelerating),
        ("creep-core", Expectation::CreepCore),
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

    /// Whether a case that came to `word`, and whose allocator `retains` much more than is in use, is as expected. A wide
    /// word is met by the narrow ones that it stands for; stable and plateau are met with retention and without.
    pub fn is_met_by(self, word: Expectation, retains: bool) -> bool {
        use Expectation::{Creep, CreepCore, CreepDecelerating, CreepLinear, Plateau, Retention, Stable};
        match self {
            Creep => matches!(word, CreepLinear | CreepDecelerating | CreepCore),
            Retention => retains && matches!(word, Stable | Plateau),
            _ => word == self,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// The words that meet an expectation, without retention and with it.
    fn met(expected: &str) -> [Vec<&'static str>; 2] {
        let expected: Expectation = expected.parse().unwrap();
        [false, true].map(|retains| {
            let words = Expectation::WORDS.iter();
            words.filter(|(_, word)| expected.is_met_by(*word, retains)).map(|(word, _)| *word).collect()
        })
    }

    #[test]
    fn wide_words_are_met_by_narrow_ones_and_narrow_ones_by_themselves() {
        let creeps = vec!["creep-linear", "creep-decelerating", "creep-core"];
        assert_eq!(met("creep"), [creeps.clone(), creeps]);
        assert_eq!(met("creep-core"), [["creep-core"], ["creep-core"]]);
        assert_eq!(met("stable"), [["stable"], ["stable"]]);
        assert_eq!(met("retention"), [vec![], vec!["stable", "plateau"]]);
        assert_eq!(met("crashed"), [["crashed"], ["crashed"]]);
    }
}
