//! Models by number, with an order of use and a budget.

use std::cell::RefCell;
use std::rc::Rc;

use super::event::{Action, CacheEvent, Watcher};
use super::guard::Guard;
use super::reading::Reading;
use super::snapshot::{Difference, change};
use super::statistics::Statistics;

/// Bytes of a model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in super::super) struct Size {
    /// Of its files.
    pub(in super::super) declared: u64,
    /// What loading it took; its declared bytes where nobody tells.
    pub(in super::super) measured: u64,
}

/// What a cache may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Allowance {
    /// Bytes at most, unless more is in use or one model alone is larger.
    pub(in super::super) bytes: u64,
    /// Whether models count what loading them took instead of what their files declare.
    pub(in super::super) by_measured: bool,
    /// A model that this many requests have passed over is dropped; 0 for never.
    pub(in super::super) keep_alive: u64,
}

impl Allowance {
    fn count(&self, size: Size) -> u64 {
        if self.by_measured { size.measured } else { size.declared }
    }
}

/// A cache of models `M`, which are known by numbers.
pub(in super::super) struct ModelCache<M> {
    allowance: Allowance,
    state: RefCell<State<M>>,
}

struct State<M> {
    entries: Vec<Entry<M>>,
    /// What models took when they were last loaded, by number: a budget of measured bytes makes room for as much.
    learned: Vec<(usize, u64)>,
    statistics: Statistics,
    /// Requests so far, the clock that entries are ordered by.
    requests: u64,
    /// Entries that have come and gone.
    changes: u64,
    /// Loads so far, from which entries have their identity: a stale model and its successor have the same number.
    loads: u64,
}

struct Entry<M> {
    identity: u64,
    number: usize,
    model: Rc<RefCell<M>>,
    size: Size,
    /// Whether `size.measured` was measured.
    is_measured: bool,
    loading: Difference,
    /// Until the first lock ends: bytes in use after loading, and [`State::changes`] at that time.
    unused: Option<(Option<u64>, u64)>,
    /// By how much the first use has raised the bytes in use: models make a part of what they need only then.
    first_use: i64,
    used_at: u64,
    locks: u32,
    is_stale: bool,
}

impl<M> ModelCache<M> {
    /// An empty cache that has room for the entries of `models` different models, so that it does not grow while it is watched.
    pub(in super::super) fn new(allowance: Allowance, models: usize) -> Self {
        let state = State {
            entries: Vec::with_capacity(models + 1),
            learned: Vec::with_capacity(models),
            statistics: Statistics::default(),
            requests: 0,
            changes: 0,
            loads: 0,
        };
        ModelCache { allowance, state: RefCell::new(state) }
    }

    /// Counts so far.
    pub(in super::super) fn statistics(&self) -> Statistics {
        self.state.borrow().statistics
    }

    /// Bytes in use that loading the models in the cache and using them once took; `None` where the allocator does not count
    /// them. Later uses do not count: what they add would be a leak.
    pub(in super::super) fn used_bytes(&self) -> Option<u64> {
        let state = self.state.borrow();
        let total = state.entries.iter().try_fold(0i64, |total, entry| Some(total.saturating_add(entry.made().used?)));
        total.map(|total| u64::try_from(total).unwrap_or(0))
    }

    /// What each model took when it was last loaded, by number.
    pub(in super::super) fn learned(&self) -> Vec<(usize, u64)> {
        self.state.borrow().learned.clone()
    }

    /// The model with this `number`, locked. If it is not here, room is made for its `declared` bytes and it is loaded.
    ///
    /// # Errors
    /// That of `load`; the cache is then as if only room had been made.
    pub(in super::super) fn get<W: Watcher, E>(
        &self,
        number: usize,
        declared: u64,
        watcher: &mut W,
        load: impl FnOnce(&mut W) -> Result<M, E>,
    ) -> Result<Guard<'_, M>, E> {
        let found = self.state.borrow_mut().find(number);
        self.expire(watcher);
        if let Some((identity, model)) = found {
            return Ok(Guard::new(self, identity, model));
        }
        let expected = self.expected(number, declared);
        self.make_room(expected, watcher);
        let before = watcher.snapshot();
        let loaded = load(watcher).inspect_err(|_| self.state.borrow_mut().statistics.failures += 1)?;
        // Whatever goes with the model belongs between the two snapshots, so that its drop frees as much as its load took.
        let model = Rc::new(RefCell::new(loaded));
        let after = watcher.snapshot();
        let loading = after.since(&before);
        let measured = loading.taken();
        let size = Size { declared, measured: measured.unwrap_or(declared) };
        let identity = self.state.borrow_mut().insert(number, Rc::clone(&model), size, (loading, after.used));
        watcher.tell(&CacheEvent {
            action: Action::Load,
            model: number,
            declared,
            measured,
            before,
            after,
            reading: None,
        });
        // Only now is known what the model takes; it is locked, so it makes room by the others.
        self.make_room(0, watcher);
        let mut state = self.state.borrow_mut();
        if state.count(&self.allowance) > self.allowance.bytes {
            state.statistics.over_budget += 1;
        }
        Ok(Guard::new(self, identity, model))
    }

    /// Drops unlocked models, the least recently used first, until `bytes` fit or no more can be dropped.
    pub(in super::super) fn make_room<W: Watcher>(&self, bytes: u64, watcher: &mut W) {
        loop {
            let oldest = {
                let state = self.state.borrow();
                if state.count(&self.allowance).saturating_add(bytes) <= self.allowance.bytes {
                    return;
                }
                state.oldest()
            };
            let Some(oldest) = oldest else { return };
            self.discard(oldest, Action::Evict, watcher);
        }
    }

    /// Drops the model with this `number`; one that is locked as soon as its last lock ends.
    #[cfg(test)]
    pub(super) fn drop_model<W: Watcher>(&self, number: usize, watcher: &mut W) {
        self.drop_all(watcher, |entry| entry == number);
    }

    /// Drops all models; those that are locked as soon as their last lock ends.
    pub(in super::super) fn clear<W: Watcher>(&self, watcher: &mut W) {
        self.drop_all(watcher, |_| true);
    }

    fn drop_all<W: Watcher>(&self, watcher: &mut W, is_meant: impl Fn(usize) -> bool) {
        for entry in self.state.borrow_mut().entries.iter_mut().filter(|entry| is_meant(entry.number)) {
            entry.is_stale = true;
        }
        loop {
            let free = self.state.borrow().first(|entry| entry.is_stale && entry.locks == 0);
            let Some(identity) = free else { return };
            self.discard(identity, Action::Drop, watcher);
        }
    }

    /// Drops what nobody has asked for.
    fn expire<W: Watcher>(&self, watcher: &mut W) {
        let keep_alive = self.allowance.keep_alive;
        if keep_alive == 0 {
            return;
        }
        loop {
            let passed_over = {
                let state = self.state.borrow();
                state.first(|entry| entry.locks == 0 && state.requests - entry.used_at > keep_alive)
            };
            let Some(identity) = passed_over else { return };
            self.discard(identity, Action::Expire, watcher);
        }
    }

    /// What the budget will count for a model that is not here.
    fn expected(&self, number: usize, declared: u64) -> u64 {
        let state = self.state.borrow();
        let learned = state.learned.iter().find(|(known, _)| *known == number).map(|(_, measured)| *measured);
        let measured = learned.unwrap_or(declared);
        self.allowance.count(Size { declared, measured })
    }

    /// Has an entry dropped when its last lock ends.
    pub(super) fn make_stale(&self, identity: u64) {
        let mut state = self.state.borrow_mut();
        state.entries.iter_mut().filter(|entry| entry.identity == identity).for_each(|entry| entry.is_stale = true);
    }

    /// A lock on an entry ends.
    pub(super) fn unlock<W: Watcher>(&self, identity: u64, watcher: &mut W) {
        let is_first_use = self.state.borrow().first(|entry| entry.identity == identity && entry.unused.is_some());
        if is_first_use.is_some() {
            let used = watcher.snapshot().used;
            self.state.borrow_mut().end_first_use(identity, used);
        }
        let is_over = {
            let mut state = self.state.borrow_mut();
            let entry = state.entries.iter_mut().find(|entry| entry.identity == identity);
            entry.is_some_and(|entry| {
                entry.locks = entry.locks.saturating_sub(1);
                entry.is_stale && entry.locks == 0
            })
        };
        if is_over {
            self.discard(identity, Action::Drop, watcher);
        }
    }

    /// Drops an entry that nobody has locked, and tells what became of its memory.
    fn discard<W: Watcher>(&self, identity: u64, action: Action, watcher: &mut W) {
        watcher.dropping();
        let before = watcher.snapshot();
        let removed = self.state.borrow_mut().remove(identity, action, &self.allowance);
        let Some(entry) = removed else { return };
        let made = entry.made();
        let Entry { number, model, size, is_measured, .. } = entry;
        drop(model);
        watcher.dropped();
        let after = watcher.snapshot();
        let reading = Reading::of(&made, &after.since(&before), watcher.is_noisy());
        let measured = is_measured.then_some(size.measured);
        watcher.tell(&CacheEvent { action, model: number, declared: size.declared, measured, before, after, reading });
    }
}

impl<M> Entry<M> {
    /// What loading the model and using it once changed: all that its drop sets free.
    fn made(&self) -> Difference {
        Difference { used: self.loading.used.map(|used| used.saturating_add(self.first_use)), ..self.loading }
    }
}

impl<M> State<M> {
    /// Counts a request for `number`, and locks its entry if there is one. A stale entry is not given out again.
    fn find(&mut self, number: usize) -> Option<(u64, Rc<RefCell<M>>)> {
        self.requests += 1;
        let Some(entry) = self.entries.iter_mut().find(|entry| entry.number == number && !entry.is_stale) else {
            self.statistics.misses += 1;
            return None;
        };
        self.statistics.hits += 1;
        entry.locks += 1;
        entry.used_at = self.requests;
        Some((entry.identity, Rc::clone(&entry.model)))
    }

    /// Puts a model in, locked once, and gives its identity. `loading` is what changed when it was loaded, and the bytes in use
    /// afterwards.
    fn insert(
        &mut self,
        number: usize,
        model: Rc<RefCell<M>>,
        size: Size,
        (loading, used): (Difference, Option<u64>),
    ) -> u64 {
        self.loads += 1;
        self.changes += 1;
        let identity = self.loads;
        match self.learned.iter_mut().find(|(known, _)| *known == number) {
            Some((_, measured)) => *measured = size.measured,
            None => self.learned.push((number, size.measured)),
        }
        let is_measured = loading.taken().is_some();
        self.entries.push(Entry {
            identity,
            number,
            model,
            size,
            is_measured,
            loading,
            unused: Some((used, self.changes)),
            first_use: 0,
            used_at: self.requests,
            locks: 1,
            is_stale: false,
        });
        self.statistics.add(size);
        identity
    }

    /// The first lock on an entry ends with so many bytes in use. The change belongs to this model unless others came or went.
    fn end_first_use(&mut self, identity: u64, used: Option<u64>) {
        let changes = self.changes;
        let Some(entry) = self.entries.iter_mut().find(|entry| entry.identity == identity) else { return };
        if let Some((before, at)) = entry.unused.take()
            && at == changes
        {
            entry.first_use = change(before, used).unwrap_or(0);
        }
    }

    fn remove(&mut self, identity: u64, action: Action, allowance: &Allowance) -> Option<Entry<M>> {
        let place = self.entries.iter().position(|entry| entry.identity == identity)?;
        let entry = self.entries.remove(place);
        self.changes += 1;
        self.statistics.remove(action, entry.size, allowance.count(entry.size));
        Some(entry)
    }

    /// Bytes in the cache, as the budget counts them.
    fn count(&self, allowance: &Allowance) -> u64 {
        allowance.count(self.statistics.cached)
    }

    /// The unlocked entry that was used the longest time ago.
    fn oldest(&self) -> Option<u64> {
        let unlocked = self.entries.iter().filter(|entry| entry.locks == 0);
        unlocked.min_by_key(|entry| entry.used_at).map(|entry| entry.identity)
    }

    fn first(&self, is_meant: impl Fn(&Entry<M>) -> bool) -> Option<u64> {
        self.entries.iter().find(|entry| is_meant(entry)).map(|entry| entry.identity)
    }
}
