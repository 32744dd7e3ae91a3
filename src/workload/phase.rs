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

/// Is told when a phase begins; the one before it ends there. It may be told by a thread that does a whole iteration.
pub trait Phases: Send {
    /// `phase` begins.
    fn enter(&mut self, phase: Phase);

    /// The present phase ends, and what follows belongs to none until the next one begins: what the harness does for the
    /// work.
    fn pause(&mut self) {}

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
