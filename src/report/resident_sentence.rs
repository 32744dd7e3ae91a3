//! The part of a sentence that tells of resident memory: what it does, what can be given back, what stays.

use super::words::{bytes_in, iterations, percent, thousands};
use crate::analysis::{CoreFinding, CoreState, ResidentCategory, ResidentFinding, ResidentSource, TrendState};
use crate::units::signed_bytes;

/// Part of the growth found in the core from which it is called pinned.
const PINNED: f64 = 0.5;

/// `resident: …`; `absence` says why nothing was probed where that was meant to be.
pub(super) fn resident_part(found: &ResidentFinding, absence: &str) -> String {
    let judged = format!("resident{}: {}", at_rest(found), behaviour(found));
    match &found.core {
        Some(core) => format!("{judged}; {}", given_back(core)),
        None if absence.is_empty() => judged,
        None => format!("{judged}; what could be given back is not known: {absence}"),
    }
}

fn at_rest(found: &ResidentFinding) -> &'static str {
    if found.source == ResidentSource::AtRest { " at rest" } else { "" }
}

/// What it does, with limits.
fn behaviour(found: &ResidentFinding) -> String {
    let level = format!("{} ({})", signed_bytes(found.ceiling), reached(found));
    let limit = format!(
        "at most {} ({}) in {} iterations",
        signed_bytes(found.growth_limit.max(0.0)),
        percent(found.percent_high.max(0.0)),
        found.n + 1 - found.judged_from
    );
    let rate = format!("{} on {}", per_iteration(found.rate, found.low, found.high), signed_bytes(found.ceiling));
    match found.category {
        ResidentCategory::Stable => format!("stable at {level}, {limit}{}{}", doubling(found), rise(found)),
        ResidentCategory::Plateau => format!("plateau at {level}, {limit}{}{}", doubling(found), rise(found)),
        ResidentCategory::CreepLinear => {
            format!("creep of {rate}, not slowing down, {}{}", cause(found), outlook(found))
        }
        ResidentCategory::CreepDecelerating => {
            format!("creep of {rate}, slowing down, {}{}", cause(found), outlook(found))
        }
        ResidentCategory::CreepCore => {
            let rate = found.core.as_ref().map_or_else(String::new, |core| {
                format!(" by {} on {}", per_iteration(core.rate, core.low, core.high), signed_bytes(core.level))
            });
            let outlook = outlook(found);
            format!(
                "creep: what is left after everything is given back grows{rate}, hidden under peaks of {level}{outlook}"
            )
        }
        ResidentCategory::PeakGrowth => format!("the work's own peak grows by {rate}, and all of that is given back"),
        ResidentCategory::Inconclusive if found.state == TrendState::Short => {
            let are = if found.n == 1 { "is" } else { "are" };
            format!("not judged, {} {are} too few ({} needed)", iterations(found.n), found.needed)
        }
        ResidentCategory::Inconclusive if found.explained_by_live => {
            format!("grows by {rate}, which live bytes explain")
        }
        ResidentCategory::Inconclusive if found.needed > found.n as u64 => {
            format!("undecided, {limit}; {} iterations would decide", found.needed)
        }
        ResidentCategory::Inconclusive => format!("undecided, {limit} ({})", found.reason),
    }
}

fn reached(found: &ResidentFinding) -> String {
    match found.reached_at {
        0 | 1 => "95 % of it from the first iteration on".into(),
        iteration => format!("95 % of it by iteration {iteration}"),
    }
}

fn per_iteration(rate: f64, low: f64, high: f64) -> String {
    format!("{} an iteration", bytes_in(rate, low, high))
}

/// Up to this, what can be given back is the rounding of a few pages: the helper threads of the probe keep their stacks.
const NOTHING_BYTES: f64 = 65_536.0;

/// Whose the growing memory is.
fn cause(found: &ResidentFinding) -> &'static str {
    match found.core.as_ref().and_then(|core| core.share) {
        None => "cause not probed",
        Some(share) if share >= PINNED => "pinned or outside the allocator, which cannot be given back",
        Some(_) => "kept by the allocator, which can give it back",
    }
}

/// The earliest that a bounded level could have doubled, from the upper limit of its growth.
fn doubling(found: &ResidentFinding) -> String {
    if found.doubles_after.is_finite() {
        format!(", no doubling within {} more", thousands(found.doubles_after))
    } else {
        String::new()
    }
}

/// That a bounded level rises all the same.
fn rise(found: &ResidentFinding) -> String {
    found.rise.map_or_else(String::new, |rise| {
        format!(
            "; it rises by {}, {} of its level in the judged half, which is called growth from {} on",
            per_iteration(found.rate, found.low, found.high),
            percent(rise.percent),
            percent(rise.material_percent)
        )
    })
}

fn outlook(found: &ResidentFinding) -> String {
    found.projection.map_or_else(String::new, |growth| {
        let (low, high) = (signed_bytes(growth.low), signed_bytes(growth.high));
        let range = if low == high { low } else { format!("{low} to {high}") };
        let pace =
            if found.category == ResidentCategory::CreepDecelerating { "if it goes on so" } else { "at this pace" };
        format!("; 10,000 more iterations would add {range} {pace}")
    })
}

/// What of the memory at rest can be given back, and what stays.
fn given_back(core: &CoreFinding) -> String {
    if core.probes == 0 {
        return format!("what could be given back is not known: {}", core.reason);
    }
    let stays = signed_bytes(core.level);
    let kept = match core.reclaimable {
        Some(kept) if kept.high < NOTHING_BYTES => {
            format!(
                "of {} at rest nothing to speak of can be given back, {stays} stay",
                signed_bytes(core.level + kept.median)
            )
        }
        Some(kept) => {
            let least = if core.state == CoreState::LevelOnly { "at least " } else { "" };
            format!(
                "of {} at rest {least}{} are kept by the allocator and can be given back{}, {stays} stay",
                signed_bytes(core.level + kept.median),
                bytes_in(kept.median, kept.low, kept.high),
                beyond_trim(core)
            )
        }
        None => format!("{stays} stay when everything is given back"),
    };
    let parts = match (core.live, core.pinned) {
        (Some(live), Some(pinned)) => {
            format!(": {} live, {} pinned or outside the allocator", signed_bytes(live), signed_bytes(pinned))
        }
        _ => String::new(),
    };
    let reason = if core.reason.is_empty() { String::new() } else { format!(" ({})", core.reason) };
    format!("{kept}{parts}{reason}")
}

fn beyond_trim(core: &CoreFinding) -> String {
    core.beyond_trim().map_or_else(String::new, |beyond| {
        format!(" ({} of it not by malloc_trim: the tops of thread arenas)", signed_bytes(beyond))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{CoreSeries, Evidence, LiveSeries, Settings, assess};
    use crate::arm::LiveKind;

    const MB: f64 = 1e6;

    /// The sentence on `n` iterations with a peak and a level at rest of so many MB, probed every fifth time.
    fn told(
        n: usize,
        peak: fn(f64) -> f64,
        rest: fn(f64) -> f64,
        core: fn(f64) -> f64,
        trimmed: Option<f64>,
    ) -> String {
        let series = |level: fn(f64) -> f64| -> Vec<f64> { (1..=n).map(|i| MB * level(i as f64)).collect() };
        let (peak, rest) = (series(peak), series(rest));
        let mut core = series(core);
        core.iter_mut().enumerate().filter(|(i, _)| i % 5 != 0).for_each(|(_, bytes)| *bytes = f64::NAN);
        let trimmed = trimmed.map(|level| vec![level * MB; n]);
        let live = vec![1.1 * MB; n];
        let core = CoreSeries { trimmed: trimmed.as_deref(), ..CoreSeries::new(&core, true) };
        let evidence = Evidence {
            live: Some(LiveSeries { bytes: &live, kind: LiveKind::Exact, threads: None }),
            anon: Some(&rest),
            peak: Some(&peak),
            core: Some(core),
            ..Evidence::default()
        };
        resident_part(&assess(&evidence, &Settings::default()).resident.unwrap(), "")
    }

    /// Repeats -1, 0, 1 in an order without a trend.
    fn wave(i: f64) -> f64 {
        i * 7.0 % 3.0 - 1.0
    }

    #[test]
    fn what_is_kept_and_what_stays_is_told() {
        let rest = |i: f64| 61.0 + 0.01 * wave(i);
        let sentences = [
            told(200, |_| 62.0, rest, |_| 12.1, Some(12.1)),
            told(200, |i| (30.0 + i).min(62.0), rest, |_| 12.1, Some(52.0)),
            told(200, |i| 62.0 + 0.01 * i, rest, |_| 12.1, Some(12.1)),
            told(200, |i| 2.0 + 0.002 * i, |_| 2.0, |_| 1.2, Some(1.2)),
        ];
        insta::assert_snapshot!(sentences.join("\n"));
    }

    #[test]
    fn a_creep_is_told_with_its_cause_and_its_outlook() {
        let linear = |i: f64| 90.0 + 4.0 * i + wave(i);
        let hidden = |i: f64| 80.0 + 10.0 * wave(i) + 0.008 * i;
        let sentences = [
            told(200, linear, linear, |_| 38.0, None),
            told(200, linear, linear, |i| 38.0 + 4.0 * i, None),
            told(200, |i| 80.0 + 60.0 * i.ln() + wave(i), |i| 80.0 + 60.0 * i.ln(), |_| 38.0, None),
            told(200, hidden, hidden, |i| 11.0 + 0.008 * i, None),
            told(200, |i| 50.0 + 0.4 * i, |i| 30.0 + 0.01 * wave(i), |_| 11.0, None),
        ];
        insta::assert_snapshot!(sentences.join("\n"));
    }

    #[test]
    fn what_cannot_be_decided_is_told() {
        let wild = |i: f64| 80.0 + 25.0 * (i * 97.0 % 41.0) / 41.0;
        let sentences = [told(60, wild, wild, |_| 11.0, None), told(20, |_| 62.0, |_| 61.0, |_| 11.0, None)];
        insta::assert_snapshot!(sentences.join("\n"));
    }

    #[test]
    fn a_core_that_is_missing_is_told() {
        let level = vec![60.0 * MB; 200];
        let found = |core| {
            let evidence = Evidence { anon: Some(&level), core, ..Evidence::default() };
            assess(&evidence, &Settings::default()).resident.unwrap()
        };
        let sentences = [
            resident_part(&found(None), "libcuda.so is loaded, and a fork is not safe"),
            resident_part(&found(Some(CoreSeries::new(&[], true))), ""),
            resident_part(&found(Some(CoreSeries::new(&vec![11.0 * MB; 200], false))), ""),
        ];
        insta::assert_snapshot!(sentences.join("\n"));
    }
}
