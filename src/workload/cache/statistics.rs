//! What a cache has done so far.

use super::event::Action;
use super::model_cache::Size;

/// Counts since the cache was made. Every miss ends in a load or a failure, and every load in a model that is in the cache or
/// was dropped for one of three reasons.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in super::super) struct Statistics {
    /// Models that were asked for and found.
    pub(in super::super) hits: u64,
    /// Models that had to be loaded.
    pub(in super::super) misses: u64,
    /// Loads that failed; they leave nothing behind.
    pub(in super::super) failures: u64,
    /// Models dropped to make room.
    pub(in super::super) evictions: u64,
    /// Models dropped since nobody asked for them.
    pub(in super::super) expired: u64,
    /// Models dropped on demand, after an error or at the end.
    pub(in super::super) dropped: u64,
    /// Loads after which the cache held more than its budget, since what it held was in use or one model is larger.
    pub(in super::super) over_budget: u64,
    /// Bytes of all models that were evicted, as the budget counts them.
    pub(in super::super) cleared: u64,
    /// Bytes in the cache.
    pub(in super::super) cached: Size,
    /// The most that they were; each kind for itself.
    pub(in super::super) high_water: Size,
    /// Models in the cache.
    pub(in super::super) models: u64,
}

impl Statistics {
    /// A model came in.
    pub(super) fn add(&mut self, size: Size) {
        self.models += 1;
        self.cached.declared = self.cached.declared.saturating_add(size.declared);
        self.cached.measured = self.cached.measured.saturating_add(size.measured);
        self.high_water.declared = self.high_water.declared.max(self.cached.declared);
        self.high_water.measured = self.high_water.measured.max(self.cached.measured);
    }

    /// A model went that counted `bytes` under the budget.
    pub(super) fn remove(&mut self, action: Action, size: Size, bytes: u64) {
        self.models = self.models.saturating_sub(1);
        self.cached.declared = self.cached.declared.saturating_sub(size.declared);
        self.cached.measured = self.cached.measured.saturating_sub(size.measured);
        match action {
            Action::Evict => {
                self.evictions += 1;
                self.cleared = self.cleared.saturating_add(bytes);
            }
            Action::Expire => self.expired += 1,
            Action::Drop | Action::Load => self.dropped += 1,
        }
    }
}
