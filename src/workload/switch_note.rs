//! What a model cache did over a run, in one sentence.

use std::fmt::Write;

use super::cache::{Action, CacheEvent, Reading, Statistics};
use crate::suite::BudgetBy;
use crate::units::Bytes;

/// Switches at most whose times are kept. Room for them is taken before the first one, and 65,536 give a median that more would
/// not change.
const MOST_TIMES: u64 = 1 << 16;

/// Readings of what was dropped, and the bytes behind them.
#[derive(Debug, Default)]
pub(super) struct Tally {
    returned: u64,
    fragmentation: u64,
    leak: u64,
    unknown: u64,
    /// Bytes that drops set free, and bytes that left resident memory with them.
    freed: i64,
    left: i64,
    /// How often memory was given back after a drop.
    pub(super) trims: u64,
}

impl Tally {
    /// Counts what was dropped.
    pub(super) fn add(&mut self, event: &CacheEvent) {
        if event.action == Action::Load {
            return;
        }
        match event.reading {
            Some(Reading::Returned) => self.returned += 1,
            Some(Reading::Fragmentation) => self.fragmentation += 1,
            Some(Reading::Leak) => self.leak += 1,
            None => self.unknown += 1,
        }
        let fell = |before: Option<u64>, after: Option<u64>| before.zip(after).map_or(0, |(b, a)| b as i64 - a as i64);
        self.freed = self.freed.saturating_add(fell(event.before.used, event.after.used));
        self.left = self.left.saturating_add(fell(event.before.rss_anon, event.after.rss_anon));
    }

    fn told(&self) -> Option<String> {
        let Tally { returned, fragmentation, leak, unknown, .. } = *self;
        if returned + fragmentation + leak + unknown == 0 {
            return None;
        }
        let mut told = format!("drops: {returned} returned, {fragmentation} fragmentation, {leak} leak");
        if unknown > 0 {
            let _ = write!(told, ", {unknown} not to be told");
        }
        if self.freed > 0 {
            let share = 100.0 * self.left as f64 / self.freed as f64;
            let _ = write!(told, "; resident memory fell by {share:.0} % of what they freed");
        }
        Some(told)
    }
}

/// Times of switches, µs.
#[derive(Debug)]
pub(super) struct Latencies {
    hits: Vec<u32>,
    misses: Vec<u32>,
}

impl Latencies {
    /// Room for the times of `switches`, in memory from the beginning.
    pub(super) fn for_switches(switches: u64) -> Self {
        let room = || {
            let mut room = vec![1; switches.min(MOST_TIMES) as usize];
            room.clear();
            room
        };
        Latencies { hits: room(), misses: room() }
    }

    /// A switch took `us`.
    pub(super) fn add(&mut self, is_hit: bool, us: u64) {
        let times = if is_hit { &mut self.hits } else { &mut self.misses };
        if times.len() < times.capacity() {
            times.push(u32::try_from(us).unwrap_or(u32::MAX));
        }
    }

    fn told(&mut self) -> Option<String> {
        let hit = median(&mut self.hits).map(|ms| format!("a hit {ms:.2} ms"));
        let miss = median(&mut self.misses).map(|ms| format!("a miss {ms:.2} ms"));
        let told: Vec<_> = hit.into_iter().chain(miss).collect();
        (!told.is_empty()).then(|| format!("median time of {}", told.join(", of ")))
    }
}

/// The median in ms.
fn median(times: &mut [u32]) -> Option<f64> {
    if times.is_empty() {
        return None;
    }
    let middle = times.len() / 2;
    let (_, median, _) = times.select_nth_unstable(middle);
    Some(f64::from(*median) / 1e3)
}

/// Sums up: the case with the budget of its cache and what counts there, what the cache did, what became of the memory, how
/// long switches took, and for each model its name with what it declares and what it took.
pub(super) fn note<'a>(
    (case, budget, by): (&str, u64, BudgetBy),
    statistics: &Statistics,
    tally: &Tally,
    latencies: &mut Latencies,
    models: impl Iterator<Item = (&'a str, u64, u64)>,
) -> String {
    let Statistics { hits, misses, failures, evictions, expired, over_budget, high_water, .. } = *statistics;
    let (most, other, kind) = match by {
        BudgetBy::Declared => (high_water.declared, high_water.measured, ["declared", "measured"]),
        BudgetBy::Measured => (high_water.measured, high_water.declared, ["measured", "declared"]),
    };
    let mut told = format!(
        "model cache of {case}: {} switches, {hits} hits, {misses} misses, {evictions} evictions",
        hits + misses
    );
    let further = [(expired, "expired"), (failures, "loads that failed"), (over_budget, "loads over the budget")];
    for (count, what) in further.into_iter().filter(|(count, _)| *count > 0) {
        let _ = write!(told, ", {count} {what}");
    }
    let (most, budget, other) = (Bytes(most), Bytes(budget), Bytes(other));
    let _ = write!(told, "; at most {most} of {budget} cached ({}) and {other} ({})", kind[0], kind[1]);
    let trims = (tally.trims > 0).then(|| format!("{} trims", tally.trims));
    for part in [tally.told(), trims, latencies.told()].into_iter().flatten() {
        let _ = write!(told, "; {part}");
    }
    for (place, (name, declared, measured)) in models.enumerate() {
        let start = if place == 0 { "; declared and measured: " } else { ", " };
        let off = 100.0 * (measured as f64 - declared as f64) / declared.max(1) as f64;
        let _ = write!(told, "{start}{name} {} and {} ({off:+.0} %)", Bytes(declared), Bytes(measured));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::super::cache::{Size, Snapshot};
    use super::*;

    fn event(action: Action, reading: Option<Reading>, left: u64) -> CacheEvent {
        let memory = |bytes| Snapshot { rss_anon: Some(bytes), used: Some(bytes), ..Snapshot::default() };
        let (before, after) = (memory(100), Snapshot { rss_anon: Some(100 - left), ..memory(0) });
        CacheEvent { action, model: 0, declared: 100, measured: Some(100), before, after, reading }
    }

    #[test]
    fn a_run_is_summed_up_in_one_sentence() {
        let statistics = Statistics {
            hits: 180,
            misses: 320,
            evictions: 316,
            over_budget: 3,
            high_water: Size { declared: 61_200_000, measured: 79_000_000 },
            ..Statistics::default()
        };
        let mut tally = Tally::default();
        for (reading, left) in [(Reading::Returned, 100), (Reading::Fragmentation, 0), (Reading::Leak, 20)] {
            tally.add(&event(Action::Evict, Some(reading), left));
        }
        tally.add(&event(Action::Load, None, 0));
        let mut latencies = Latencies::for_switches(10);
        for (is_hit, us) in [(true, 1_000), (false, 9_000), (false, 70_000), (false, 8_000)] {
            latencies.add(is_hit, us);
        }
        let models = [("a", 1_000_000, 1_100_000), ("b", 60_000_000, 30_000_000)].into_iter();
        let about = ("a+b.rten.switch.glibc.t1", 64_000_000, BudgetBy::Declared);
        let told = note(about, &statistics, &tally, &mut latencies, models);
        insta::assert_snapshot!(told.replace("; ", ";\n"), @r"
        model cache of a+b.rten.switch.glibc.t1: 500 switches, 180 hits, 320 misses, 316 evictions, 3 loads over the budget;
        at most 61.2 MB of 64.0 MB cached (declared) and 79.0 MB (measured);
        drops: 1 returned, 1 fragmentation, 1 leak;
        resident memory fell by 40 % of what they freed;
        median time of a hit 1.00 ms, of a miss 9.00 ms;
        declared and measured: a 1.00 MB and 1.10 MB (+10 %), b 60.0 MB and 30.0 MB (-50 %)
        ");
        let told =
            note(about, &Statistics::default(), &Tally::default(), &mut Latencies::for_switches(1), [].into_iter());
        insta::assert_snapshot!(told, @"model cache of a+b.rten.switch.glibc.t1: 0 switches, 0 hits, 0 misses, 0 evictions; at most 0 B of 64.0 MB cached (declared) and 0 B (measured)");
    }

    #[test]
    fn the_room_for_times_never_grows() {
        let mut latencies = Latencies::for_switches(3);
        let room = latencies.hits.capacity();
        (0..100).for_each(|us| latencies.add(true, us));
        assert_eq!((latencies.hits.len(), latencies.hits.capacity()), (room, room));
    }
}
