//! What the cache tells, and who listens.

use serde::{Deserialize, Serialize};

use super::reading::Reading;
use super::snapshot::Snapshot;

/// What the cache did with a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It was loaded and prepared.
    Load,
    /// It was dropped to make room for another one.
    Evict,
    /// It was dropped since nobody had asked for it for some time.
    Expire,
    /// It was dropped on demand, after an error or at the end.
    Drop,
}

impl std::fmt::Display for Action {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(match self {
            Action::Load => "load",
            Action::Evict => "evict",
            Action::Expire => "expire",
            Action::Drop => "drop",
        })
    }
}

/// One thing that the cache did, and memory around it. It names no model, so that telling it allocates nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheEvent {
    /// What was done.
    pub action: Action,
    /// The model's place among the [members](crate::suite::ModelSpec::members) of the case, from 0.
    pub model: usize,
    /// Bytes of its files.
    pub declared: u64,
    /// Bytes that loading it took; absent where neither the allocator nor the kernel tells.
    pub measured: Option<u64>,
    /// Memory before.
    pub before: Snapshot,
    /// Memory afterwards.
    pub after: Snapshot,
    /// Where the memory of a dropped model is; absent where that cannot be told.
    pub reading: Option<Reading>,
}

/// Looks at memory for the cache, and is told what it does.
pub(in super::super) trait Watcher {
    /// Memory now.
    fn snapshot(&mut self) -> Snapshot;

    /// Whether the bytes in use are counted with noise.
    fn is_noisy(&self) -> bool {
        false
    }

    /// A model is about to be dropped.
    fn dropping(&mut self) {}

    /// A model has been dropped, and memory is looked at next: what a service does after an eviction belongs here.
    fn dropped(&mut self) {}

    /// Something was done.
    fn tell(&mut self, event: &CacheEvent);
}

/// Nobody looks and nobody is told: for what happens when a lock goes out of scope.
pub(super) struct Unwatched;

impl Watcher for Unwatched {
    fn snapshot(&mut self) -> Snapshot {
        Snapshot::default()
    }

    fn tell(&mut self, _: &CacheEvent) {}
}
