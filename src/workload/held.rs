//! What is alive of a model, and in which order it goes.

use std::sync::Arc;

use super::team::Team;
use crate::runtime::{Loaded, Prepared, Runtime};

/// What is alive of a model: made by an iteration and dropped at its end, or kept from one to the next. The fields go in
/// this order, the runtime last.
#[derive(Default)]
pub(super) struct Held {
    /// Threads with a prepared model each.
    pub(super) team: Option<Team>,
    /// The prepared model.
    pub(super) prepared: Option<Box<dyn Prepared>>,
    /// The loaded one.
    pub(super) loaded: Option<Box<dyn Loaded>>,
    /// The runtime, where it is this model's alone.
    pub(super) runtime: Option<Arc<dyn Runtime>>,
}

impl Held {
    /// Whether there is anything to drop.
    pub(super) fn is_something(&self) -> bool {
        self.team.is_some() || self.prepared.is_some() || self.loaded.is_some() || self.runtime.is_some()
    }
}
