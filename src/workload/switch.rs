//! Switching between models out of a cache: `base = "switch"`.

use std::path::PathBuf;

use super::cache::{Allowance, CacheEvent, ModelCache, Snapshot, Watcher};
use super::error::WorkError;
use super::phase::{Phase, Phases};
use super::switch_note::{Latencies, Tally, note};
use super::target::Target;
use super::turns::Turns;
use crate::arm;
use crate::runtime::{self, Prepared};
use crate::suite::{BudgetBy, CacheBudget, Case, OnEvict, SwitchSpec};

/// A cache of prepared models, and whose turn it is.
pub(super) struct Switch {
    case: String,
    spec: SwitchSpec,
    cache: ModelCache<Box<dyn Prepared>>,
    members: Vec<Member>,
    turns: Turns,
    budget: u64,
    tally: Tally,
    latencies: Latencies,
}

/// A member of the sequence, as the cache knows it.
struct Member {
    /// Place of the first member that is the same model: a model that is named twice is in the cache once.
    number: usize,
    /// Bytes of its files.
    declared: u64,
}

impl Switch {
    /// An empty cache for the models of `case` at `models`. Its budget is that of the workload; a share is one of what all
    /// different models declare together.
    pub(super) fn new(case: &Case, models: &[PathBuf]) -> Switch {
        let spec = case.workload.switch.unwrap_or_default();
        let specs = case.model.members();
        let first = |spec| specs.iter().position(|known| known == spec).unwrap_or(0);
        let members: Vec<Member> = specs
            .iter()
            .zip(models)
            .map(|(spec, path)| Member { number: first(spec), declared: runtime::declared_bytes(path) })
            .collect();
        let once = members.iter().enumerate().filter(|(place, member)| member.number == *place);
        let total = once.fold(0u64, |total, (_, member)| total.saturating_add(member.declared));
        let budget = budget(spec.budget, total);
        let allowance =
            Allowance { bytes: budget, by_measured: spec.budget_by == BudgetBy::Measured, keep_alive: spec.keep_alive };
        Switch {
            case: case.id.clone(),
            spec,
            cache: ModelCache::new(allowance, members.len()),
            turns: Turns::new(spec.order, members.len(), case.seed),
            members,
            budget,
            tally: Tally::default(),
            latencies: Latencies::for_switches(case.limits.iterations),
        }
    }

    /// The member at place `turn` of the present cycle. At place 0 a cycle begins.
    pub(super) fn member(&mut self, turn: usize) -> usize {
        self.turns.at(turn)
    }

    /// Switches to a member: takes it out of the cache or loads it, executes it, and lets it go. A model that fails to execute
    /// leaves the cache.
    pub(super) fn to(
        &mut self,
        member: usize,
        target: &Target,
        truncates: bool,
        phases: &mut dyn Phases,
    ) -> Result<(), WorkError> {
        let Some(Member { number, declared }) = self.members.get(member) else { return Ok(()) };
        let misses = self.cache.statistics().misses;
        let mut watching = Watching { phases, on_evict: self.spec.on_evict, tally: &mut self.tally };
        let locked = self
            .cache
            .get(*number, *declared, &mut watching, |watching| target.prepare(truncates, &mut *watching.phases))?;
        let executed = target.execute(locked.model().as_mut(), &mut *watching.phases);
        if executed.is_err() {
            locked.spoil();
        }
        locked.release(&mut watching);
        let is_hit = self.cache.statistics().misses == misses;
        self.latencies.add(is_hit, watching.phases.spent_us());
        executed
    }

    /// Bytes in use that the cached models took when they were loaded and first used.
    pub(super) fn used_bytes(&self) -> Option<u64> {
        self.cache.used_bytes()
    }

    /// Drops everything and sums up; `names` are those of the members.
    pub(super) fn finish(&mut self, names: &[&str], phases: &mut dyn Phases) -> String {
        let statistics = self.cache.statistics();
        let mut watching = Watching { phases, on_evict: self.spec.on_evict, tally: &mut self.tally };
        self.cache.clear(&mut watching);
        let learned = self.cache.learned();
        let models = learned.iter().filter_map(|(number, measured)| {
            Some((*names.get(*number)?, self.members.get(*number)?.declared, *measured))
        });
        let about = (self.case.as_str(), self.budget, self.spec.budget_by);
        note(about, &statistics, &self.tally, &mut self.latencies, models)
    }
}

/// Bytes that `budget` stands for where all models declare `total`; never 0, which would be no budget but a mistake.
fn budget(budget: CacheBudget, total: u64) -> u64 {
    match budget {
        CacheBudget::Bytes(bytes) => bytes,
        CacheBudget::Percent(percent) => {
            let share = u128::from(total) * u128::from(percent) / 100;
            u64::try_from(share).unwrap_or(u64::MAX).max(1)
        }
    }
}

/// Looks at memory through the phases of an iteration, and does what the workload does after an eviction.
struct Watching<'a> {
    phases: &'a mut dyn Phases,
    on_evict: OnEvict,
    tally: &'a mut Tally,
}

impl Watcher for Watching<'_> {
    fn snapshot(&mut self) -> Snapshot {
        self.phases.snapshot()
    }

    fn is_noisy(&self) -> bool {
        self.phases.is_noisy()
    }

    fn dropping(&mut self) {
        self.phases.enter(Phase::Drop);
    }

    fn dropped(&mut self) {
        if self.on_evict == OnEvict::MallocTrim {
            self.tally.trims += u64::from(arm::trim());
        }
    }

    fn tell(&mut self, event: &CacheEvent) {
        self.tally.add(event);
        self.phases.cached(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_all_models_is_rounded_down_and_never_nothing() {
        assert_eq!(budget(CacheBudget::Percent(50), 101), 50);
        assert_eq!(budget(CacheBudget::Percent(1), 10), 1);
        assert_eq!(budget(CacheBudget::Percent(1000), u64::MAX), u64::MAX);
        assert_eq!(budget(CacheBudget::Bytes(7), 101), 7);
    }
}
