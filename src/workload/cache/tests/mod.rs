//! The cache on fake models in a fake memory.

mod behaviour;
mod properties;

use std::cell::Cell;
use std::rc::Rc;

use super::event::{CacheEvent, Watcher};
use super::guard::Guard;
use super::model_cache::{Allowance, ModelCache};
use super::snapshot::Snapshot;

pub(super) const MIB: u64 = 1 << 20;

/// A memory whose allocator keeps what is freed, or gives it back.
#[derive(Clone, Default)]
pub(super) struct Memory {
    used: Rc<Cell<u64>>,
    resident: Rc<Cell<u64>>,
    keeps: Rc<Cell<bool>>,
}

impl Memory {
    pub(super) fn take(&self, bytes: u64) {
        self.used.set(self.used.get() + bytes);
        self.resident.set(self.resident.get().max(self.used.get()));
    }

    pub(super) fn keep_what_is_freed(&self) {
        self.keeps.set(true);
    }

    fn free(&self, bytes: u64) {
        self.used.set(self.used.get() - bytes);
        if !self.keeps.get() {
            self.trim();
        }
    }

    fn trim(&self) {
        self.resident.set(self.used.get());
    }
}

/// A model that frees all it took when it is dropped, but for what it leaks.
pub(super) struct Fake {
    memory: Memory,
    bytes: u64,
}

impl Fake {
    pub(super) fn load(memory: &Memory, bytes: u64, leaks: u64) -> Fake {
        memory.take(bytes);
        Fake { memory: memory.clone(), bytes: bytes - leaks }
    }

    /// Makes of its first use what it needs beyond its load, and frees that with all else but for what it leaks.
    pub(super) fn use_first(&mut self, bytes: u64, leaks: u64) {
        self.memory.take(bytes);
        self.bytes += bytes - leaks;
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.memory.free(self.bytes);
    }
}

/// Looks at the fake memory and keeps what it is told.
#[derive(Default)]
pub(super) struct Watching {
    pub(super) memory: Memory,
    pub(super) trims: bool,
    pub(super) told: Vec<CacheEvent>,
}

impl Watching {
    /// What was told since the last call, in short: `+2` for a load of model 2, `-2` for its eviction, `~2` for its expiry,
    /// `!2` for its drop.
    pub(super) fn short(&mut self) -> String {
        use super::event::Action;
        let sign = |action| match action {
            Action::Load => '+',
            Action::Evict => '-',
            Action::Expire => '~',
            Action::Drop => '!',
        };
        let told = self.told.drain(..).map(|event| format!("{}{}", sign(event.action), event.model));
        told.collect::<Vec<_>>().join(" ")
    }
}

impl Watcher for Watching {
    fn snapshot(&mut self) -> Snapshot {
        let (used, resident) = (self.memory.used.get(), self.memory.resident.get());
        Snapshot { rss_anon: Some(resident), used: Some(used), free: Some(resident - used), ..Snapshot::default() }
    }

    fn dropped(&mut self) {
        if self.trims {
            self.memory.trim();
        }
    }

    fn tell(&mut self, event: &CacheEvent) {
        self.told.push(*event);
    }
}

/// A cache of fakes whose budget counts declared mebibytes.
pub(super) fn cache(mebibytes: u64) -> ModelCache<Fake> {
    ModelCache::new(Allowance { bytes: mebibytes * MIB, by_measured: false, keep_alive: 0 }, 8)
}

/// Asks for a model that declares `mebibytes` and takes as much.
pub(super) fn get<'a>(
    cache: &'a ModelCache<Fake>,
    watching: &mut Watching,
    number: usize,
    mebibytes: u64,
) -> Guard<'a, Fake> {
    let loaded = cache.get(number, mebibytes * MIB, watching, |watching| {
        Ok::<_, ()>(Fake::load(&watching.memory, mebibytes * MIB, 0))
    });
    loaded.expect("this load cannot fail")
}

/// Asks for a model and uses it.
pub(super) fn switch(cache: &ModelCache<Fake>, watching: &mut Watching, number: usize, mebibytes: u64) {
    get(cache, watching, number, mebibytes).release(watching);
}
