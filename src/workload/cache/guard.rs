//! The lock on a model in use.

use std::cell::{RefCell, RefMut};
use std::rc::Rc;

use super::event::{Unwatched, Watcher};
use super::model_cache::ModelCache;

/// A model in use: it is not dropped before the lock ends. Where a lock just goes out of scope, nobody is told what its end
/// drops; [`Guard::release`] is the way that is watched.
pub(in super::super) struct Guard<'a, M> {
    cache: &'a ModelCache<M>,
    entry: u64,
    /// Absent once the lock has ended.
    model: Option<Rc<RefCell<M>>>,
}

impl<'a, M> Guard<'a, M> {
    /// The lock on `entry` of `cache`, which counts it already.
    pub(super) fn new(cache: &'a ModelCache<M>, entry: u64, model: Rc<RefCell<M>>) -> Self {
        Guard { cache, entry, model: Some(model) }
    }

    /// The model. Two locks on one model must not use it at the same time.
    pub(in super::super) fn model(&self) -> RefMut<'_, M> {
        self.model.as_ref().expect("a lock holds its model until it ends").borrow_mut()
    }

    /// Has the model dropped when its last lock ends, as after an error.
    pub(in super::super) fn spoil(&self) {
        self.cache.make_stale(self.entry);
    }

    /// Ends the lock.
    pub(in super::super) fn release<W: Watcher>(mut self, watcher: &mut W) {
        self.end(watcher);
    }

    fn end<W: Watcher>(&mut self, watcher: &mut W) {
        if self.model.take().is_some() {
            self.cache.unlock(self.entry, watcher);
        }
    }
}

impl<M> Drop for Guard<'_, M> {
    fn drop(&mut self) {
        self.end(&mut Unwatched);
    }
}
