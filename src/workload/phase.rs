//! The phases of an iteration, and who is told when one begins.

use serde::{Deserialize, Serialize};

use super::cache::{CacheEvent, Snapshot};
use crate::runtime::Prepared;

/// The phases of an iteration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// The model's files are opened, mapped or read.
    Load,
    /// The model is made executable.
    Prepare,
    /// It runs.
    Execute,
    /// It is dropped.
    Drop,
}

impl std::fmt::Display for Phase {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Phase::Load => "load",
            Phase::Prepare => "prepare",
            Phase::Execute => "execute",
            Phase::Drop => "drop",
        })
    }
}

/// Is told when a phase begins; the one before it ends there.
pub trait Phases {
    /// `phase` begins.
    fn enter(&mut self, phase: Phase);

    /// Memory now. Looking takes no time of the present phase.
    fn snapshot(&mut self) -> Snapshot {
        Snapshot::default()
    }

    /// Whether a snapshot counts the bytes in use with noise.
    fn is_noisy(&self) -> bool {
        false
    }

    /// The model cache did something.
    fn cached(&mut self, _event: &CacheEvent) {}

    /// What the runtime's own allocator holds while its model is alive. Looking takes no time of the present phase.
    fn own_memory(&mut self, _prepared: &dyn Prepared) {}

    /// Time of all phases of this iteration so far, µs.
    fn spent_us(&self) -> u64 {
        0
    }
}
