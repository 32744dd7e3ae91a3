//! A cache of prepared models, as a service has that switches between them: least recently used first, under a budget.
//!
//! After InvokeAI's model cache, whose users saw memory grow with every switch although the cache kept to its limit. It does
//! no I/O and reads no clock: loading is a closure, and memory is looked at through a [`Watcher`], once before and once after
//! everything that the cache loads or drops. From these [`Snapshot`]s comes a [`Reading`] of each drop: whether what a model
//! took is in use no more, and whether it left the process.
//!
//! Files: `model_cache` (entries, budget, order), `guard` (the lock on a model in use), `snapshot`, `reading`, `event` (what is
//! told), `statistics`.

mod event;
mod guard;
mod model_cache;
mod reading;
mod snapshot;
mod statistics;
#[cfg(test)]
mod tests;

pub use event::{Action, CacheEvent};
pub use reading::Reading;
pub use snapshot::Snapshot;

pub(super) use event::Watcher;
#[cfg(test)]
pub(super) use model_cache::Size;
pub(super) use model_cache::{Allowance, ModelCache};
pub(super) use statistics::Statistics;
