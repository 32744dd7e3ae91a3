//! The words of a report.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a case came to, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Live bytes grow and do not slow down.
    Leak,
    /// Threads, descriptors or mappings grow.
    ResourceLeak,
    /// Resident memory grows and live bytes cannot be read.
    GrowthUnattributed,
    /// Resident memory grows while live bytes do not.
    CreepLinear,
    /// Resident memory grows, slower and slower, while live bytes do not.
    CreepDecelerating,
    /// What is left after giving everything back grows, hidden in the noise of the peaks.
    CreepCore,
    /// The work itself needs more each time; nothing is kept.
    PeakGrowth,
    /// The record cannot decide.
    Inconclusive,
    /// Grew and stopped.
    Plateau,
    /// Did not grow.
    Stable,
}

impl Verdict {
    /// Every verdict, the worst first.
    pub const ALL: [Verdict; 10] = [
        Verdict::Leak,
        Verdict::ResourceLeak,
        Verdict::GrowthUnattributed,
        Verdict::CreepLinear,
        Verdict::CreepDecelerating,
        Verdict::CreepCore,
        Verdict::PeakGrowth,
        Verdict::Inconclusive,
        Verdict::Plateau,
        Verdict::Stable,
    ];

    /// The word as files and tables spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Leak => "leak",
            Verdict::ResourceLeak => "resource-leak",
            Verdict::GrowthUnattributed => "growth-unattributed",
            Verdict::CreepLinear => "creep-linear",
            Verdict::CreepDecelerating => "creep-decelerating",
            Verdict::CreepCore => "creep-core",
            Verdict::PeakGrowth => "peak-growth",
            Verdict::Inconclusive => "inconclusive",
            Verdict::Plateau => "plateau",
            Verdict::Stable => "stable",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// What one series judged by its floors came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LiveVerdict {
    /// Grows and does not slow down.
    Leak,
    /// Did not grow.
    Stable,
    /// Grew and stopped.
    Plateau,
    /// The record cannot decide.
    Inconclusive,
}

impl From<LiveVerdict> for Verdict {
    fn from(verdict: LiveVerdict) -> Self {
        match verdict {
            LiveVerdict::Leak => Verdict::Leak,
            LiveVerdict::Stable => Verdict::Stable,
            LiveVerdict::Plateau => Verdict::Plateau,
            LiveVerdict::Inconclusive => Verdict::Inconclusive,
        }
    }
}

impl fmt::Display for LiveVerdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        Verdict::from(*self).fmt(formatter)
    }
}

/// What resident memory came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ResidentCategory {
    /// Growth over the judged half is within the tolerance.
    Stable,
    /// The same, after a rise of more than a tenth since the beginning.
    Plateau,
    /// The peak grows while live bytes do not.
    CreepLinear,
    /// The same, slower and slower.
    CreepDecelerating,
    /// What is left after giving everything back grows.
    CreepCore,
    /// The peak grows and nothing is kept at rest.
    PeakGrowth,
    /// The record cannot decide.
    Inconclusive,
}

impl From<ResidentCategory> for Verdict {
    fn from(category: ResidentCategory) -> Self {
        match category {
            ResidentCategory::Stable => Verdict::Stable,
            ResidentCategory::Plateau => Verdict::Plateau,
            ResidentCategory::CreepLinear => Verdict::CreepLinear,
            ResidentCategory::CreepDecelerating => Verdict::CreepDecelerating,
            ResidentCategory::CreepCore => Verdict::CreepCore,
            ResidentCategory::PeakGrowth => Verdict::PeakGrowth,
            ResidentCategory::Inconclusive => Verdict::Inconclusive,
        }
    }
}

impl fmt::Display for ResidentCategory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        Verdict::from(*self).fmt(formatter)
    }
}

/// What else a process can hold on to, counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resource {
    /// Threads alive.
    Threads,
    /// Open file descriptors.
    Descriptors,
    /// Memory mappings.
    Mappings,
}

impl fmt::Display for Resource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(match self {
            Resource::Threads => "threads",
            Resource::Descriptors => "descriptors",
            Resource::Mappings => "mappings",
        })
    }
}
