//! Verdicts on what was planted.

use super::*;
use crate::analysis::{LiveVerdict, Resource, TrendState, Verdict};

const RULES: WatchRules = WatchRules { settle: 30.0, looks: 1 };

fn judged(history: &History) -> WatchFinding {
    assess_watch(history, &RULES)
}

/// Planted: 100 kB a second under noise of 2 MB.
#[test]
fn growth_is_found_with_its_rate() {
    let found = judged(&watched(1000, |index, quiet| Observed {
        peak: 60e6 + 1e5 * index as f64 + 2e6 * noise(index),
        level: 50e6 + 1e5 * index as f64 + 2e6 * noise(index),
        ..quiet
    }));
    assert_eq!(found.verdict, Verdict::GrowthUnattributed, "{}", found.reason);
    assert!(found.reason.contains("live bytes cannot be read from outside"), "{}", found.reason);
    let growth = &found.by_time;
    let [rate, low, high] = growth.rate();
    assert!(low < 1e5 && 1e5 < high && (rate / 1e5 - 1.0).abs() < 0.02, "{rate} [{low}, {high}]");
    assert!((450.0..=500.0).contains(&growth.judged()), "{} s were judged", growth.judged());
    let resources: Vec<_> = found.resources.iter().map(|(resource, _)| *resource).collect();
    assert_eq!(resources, [Resource::Threads, Resource::Descriptors], "more memory lies in more mappings");
    assert!((found.error_rate - (0.0025 + 2.0 * 4.0 / 5040.0)).abs() < 1e-12, "{}", found.error_rate);
}

#[test]
fn what_stands_still_is_stable_and_what_settled_a_plateau() {
    let stable = judged(&watched(600, |index, quiet| Observed { peak: 60e6 + 2e6 * noise(index), ..quiet }));
    assert_eq!(stable.verdict, Verdict::Stable, "{}", stable.reason);
    assert!(stable.by_time.minimum_detectable() < 1e5);
    let grown = |index: usize| 20e6 + 30e6 * (1.0 - (-(index as f64) / 40.0).exp());
    let plateau = judged(&watched(600, |index, quiet| Observed { peak: grown(index), level: grown(index), ..quiet }));
    assert_eq!(plateau.verdict, Verdict::Plateau, "{}", plateau.reason);
}

/// Planted: the work needs more and more, and gives all of it back.
#[test]
fn a_growing_peak_is_told_from_a_growing_level() {
    let found = judged(&watched(600, |index, quiet| Observed { peak: 60e6 + 1e5 * index as f64, ..quiet }));
    assert_eq!(found.verdict, Verdict::PeakGrowth, "{}", found.reason);
}

#[test]
fn growth_inside_the_settling_time_is_no_verdict() {
    let history = watched(300, |index, quiet| Observed { peak: f64::NAN, level: 50e6 + 1e5 * index as f64, ..quiet });
    let found = assess_watch(&history, &WatchRules { settle: 151.0, looks: 1 });
    assert_eq!(found.verdict, Verdict::Inconclusive, "{}", found.reason);
    assert!(found.reason.contains("settling") && !found.is_short(), "{}", found.reason);
    let found = assess_watch(&history, &WatchRules { settle: 149.0, looks: 3 });
    assert_eq!(found.verdict, Verdict::GrowthUnattributed);
    assert!((found.error_rate - 3.0 * (0.0025 + 2.0 * 4.0 / 5040.0)).abs() < 1e-12, "each look has its own chance");
}

/// Planted: one descriptor in every second, one mapping in every second.
#[test]
fn resources_are_judged_one_by_one() {
    let found = judged(&watched(300, |index, quiet| Observed { descriptors: 10.0 + index as f64, ..quiet }));
    assert_eq!(found.verdict, Verdict::ResourceLeak, "{}", found.reason);
    let leaking: Vec<_> = found
        .resources
        .iter()
        .filter(|(_, found)| found.verdict == LiveVerdict::Leak)
        .map(|(which, _)| *which)
        .collect();
    assert_eq!(leaking, [Resource::Descriptors]);
    assert!(found.reason.starts_with("descriptors: "), "{}", found.reason);
    let found = judged(&watched(300, |index, quiet| Observed { mappings: 80.0 + index as f64, ..quiet }));
    assert_eq!((found.verdict, found.reason.split(':').next()), (Verdict::ResourceLeak, Some("mappings")));
    // Connections that come and go are none.
    let found = judged(&watched(300, |index, quiet| Observed { descriptors: 10.0 + (index * 7 % 13) as f64, ..quiet }));
    assert_eq!(found.verdict, Verdict::Stable, "{}", found.reason);
}

/// Planted: 1,000 bytes lost in every request; requests come in bursts with long pauses, which by time look like jumps.
#[test]
fn growth_per_request_is_found_where_growth_by_time_is_not() {
    let served = |index: usize| {
        let (turn, step) = (index / 700, index % 700);
        (turn * 300 + step.min(300)) as f64 * 50.0
    };
    let history = watched(2100, |index, quiet| {
        let counter = if index % 5 == 0 { served(index) } else { f64::NAN };
        Observed { peak: f64::NAN, level: 20e6 + 1000.0 * served(index) + 1e4 * noise(index), counter, ..quiet }
    });
    let found = judged(&history);
    let by_requests = found.by_requests.as_ref().unwrap();
    let [rate, low, high] = by_requests.rate();
    assert!(low < 1000.0 && 1000.0 < high && (rate / 1000.0 - 1.0).abs() < 0.05, "{rate} [{low}, {high}]");
    assert_eq!(found.verdict, Verdict::GrowthUnattributed, "{}", found.reason);
    assert!(found.reason.starts_with("resident memory by request"), "{}", found.reason);
    assert!(found.idle.is_some_and(|idle| (0.5..0.62).contains(&idle)), "{:?}", found.idle);
}

/// Planted: 1,000 bytes lost in every request, of which none come for most of the settling time; then the same while most of them
/// come in the settling time.
#[test]
fn settling_by_requests_is_the_settling_time() {
    let leak = |served: fn(usize) -> f64, count: usize, settle: f64| {
        let history = watched(count, |index, quiet| Observed {
            peak: f64::NAN,
            level: 20e6 + 1000.0 * served(index) + 1e4 * noise(index),
            counter: served(index),
            ..quiet
        });
        let found = assess_watch(&history, &WatchRules { settle, looks: 1 });
        found.by_requests.unwrap().verdict
    };
    let late: fn(usize) -> f64 = |index| 50.0 * index.saturating_sub(350) as f64;
    assert_eq!(leak(late, 1000, 400.0), Verdict::GrowthUnattributed, "2,500 requests of 32,450 were served until then");
    assert_eq!(leak(late, 750, 400.0), Verdict::Inconclusive, "twice the settling time is not over");
    let early: fn(usize) -> f64 = |index| 50.0 * index.min(300) as f64 + 10.0 * index.saturating_sub(300) as f64;
    assert_eq!(leak(early, 1000, 300.0), Verdict::Inconclusive, "15,000 of 21,990 were served until then");
}

/// Planted: descriptors that grow by leaps, too few for a verdict, and others that came down again.
#[test]
fn a_watch_does_not_end_while_a_count_stands_higher_than_ever() {
    let leaps = |index: usize| 10.0 + (index / 90) as f64;
    let found = judged(&watched(300, |index, quiet| Observed { descriptors: leaps(index), ..quiet }));
    assert_eq!((found.verdict, found.is_final()), (Verdict::Stable, false), "{:?}", found.resources);
    let back = judged(&watched(300, |index, quiet| Observed {
        descriptors: leaps(index.min(200)) - leaps(index.saturating_sub(80)),
        ..quiet
    }));
    assert_eq!((back.verdict, back.is_final()), (Verdict::Stable, true), "{:?}", back.resources);
    assert!(judged(&watched(300, |index, quiet| Observed { descriptors: index as f64, ..quiet })).is_final());
    assert!(!judged(&watched(20, |_, quiet| quiet)).is_final());
}

#[test]
fn too_little_is_told_as_such() {
    let short = judged(&watched(39, |_, quiet| quiet));
    assert!(short.is_short() && short.reason.contains("40 windows"), "{}", short.reason);
    let nothing = judged(&History::new(1.0));
    assert!(nothing.is_short() && nothing.by_time.found.n == 0, "{}", nothing.reason);
}

#[test]
fn segments_come_to_the_worst_that_was_judged() {
    let short = judged(&watched(10, |_, quiet| quiet));
    let stable = judged(&watched(100, |_, quiet| quiet));
    let growing =
        judged(&watched(300, |index, quiet| Observed { level: 50e6 + 1e6 * index as f64, peak: f64::NAN, ..quiet }));
    let worst =
        |findings: &[&WatchFinding]| worst_of(findings.iter().copied()).map(|place| (place, findings[place].verdict));
    assert_eq!(worst(&[&short, &stable, &short]), Some((1, Verdict::Stable)));
    assert_eq!(worst(&[&stable, &growing, &stable]), Some((1, Verdict::GrowthUnattributed)));
    assert_eq!(worst(&[&growing, &stable, &growing, &stable]), Some((2, Verdict::GrowthUnattributed)), "the last one");
    assert_eq!(worst(&[&short]), Some((0, Verdict::Inconclusive)));
    assert_eq!(worst(&[]), None);
}

/// Planted: 100 MB, and 100 kB a second under noise, 2.8 % of it in the judged half of 30 s.
#[test]
fn a_proven_rise_is_not_decided_before_it_is_material() {
    let rises = |count: usize, rate: f64| {
        let rise = move |index: usize| 100e6 + rate * index as f64 + 1e4 * noise(index);
        let seen = watched(count, |index, quiet| Observed { level: rise(index), peak: f64::NAN, ..quiet });
        assess_watch(&seen, &WatchRules { settle: 7.0, looks: 1 })
    };
    let found = rises(60, 1e5);
    let growth = &found.by_time;
    assert_eq!((found.verdict, growth.found.state), (Verdict::Inconclusive, TrendState::Bounded), "{}", found.reason);
    assert!(!found.is_final() && !found.is_short() && found.reason.contains("too little"), "{}", found.reason);
    let rise = growth.open_rise().unwrap();
    assert!((rise.percent - 2.83).abs() < 0.05 && (rise.material_percent - 5.0).abs() < 1e-9, "{rise:?}");
    // 5 % of 100 MB + 100 kB a second, in half of the time.
    assert_eq!(growth.found.needed, 112);
    assert_eq!(rises(120, 1e5).verdict, Verdict::GrowthUnattributed);
    assert_eq!(rises(100, 1e5).verdict, Verdict::Inconclusive);
    // What is called growth from 256 KiB on, since 5 % of it are less.
    let small = watched(60, |index, quiet| Observed { level: 1e6 + 5e3 * index as f64, peak: f64::NAN, ..quiet });
    let found = judged(&small).by_time;
    assert!(found.open_rise().is_some_and(|rise| rise.material_percent > 19.0), "{:?}", found.open_rise());
    assert_eq!(found.found.needed, 105, "256 KiB in half of the time");
    let settling = assess_watch(&small, &WatchRules { settle: 100.0, looks: 1 });
    assert_eq!(settling.by_time.found.needed, 200, "nothing is called growing before twice the settling time");
}

/// Planted: 100 bytes lost in every request; requests come in bursts with long pauses, which by time look like jumps.
#[test]
fn a_rise_in_one_way_of_cutting_keeps_the_other_from_deciding() {
    let served = |index: usize| ((index / 700 * 300 + (index % 700).min(300)) * 50) as f64;
    let history = watched(2100, |index, quiet| Observed {
        peak: f64::NAN,
        level: 100e6 + 100.0 * served(index) + 1e4 * noise(index),
        counter: served(index),
        ..quiet
    });
    let found = judged(&history);
    let by_requests = found.by_requests.as_ref().unwrap();
    assert_eq!((found.by_time.verdict, by_requests.verdict), (Verdict::Stable, Verdict::Inconclusive));
    assert!(by_requests.open_rise().is_some_and(|rise| (1.5..3.0).contains(&rise.percent)), "{by_requests:?}");
    assert_eq!(found.verdict, Verdict::Inconclusive, "{}", found.reason);
    assert!(found.reason.starts_with("resident memory by request") && !found.is_final(), "{}", found.reason);
}

/// Levels that stand still are called rising no more often than the chance that is told: 0.25 % of them, here of 1,000.
#[test]
fn what_stands_still_is_decided_whatever_its_noise() {
    let random = |seed: usize| {
        let mixed = (seed as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    };
    let is_rising = |trial: &usize| {
        let level = |index: usize| 100e6 + 1e5 * random(60 * trial + index);
        let still = watched(60, |index, quiet| Observed { level: level(index), peak: f64::NAN, ..quiet });
        judged(&still).verdict != Verdict::Stable
    };
    let rising = (0..1000).filter(is_rising).count();
    assert!(rising <= 9, "{rising} of 1,000, where 2.5 are told");
}
