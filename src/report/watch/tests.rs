//! Sentences on planted watches, as a person reads them.

use super::*;
use crate::analysis::{History, Observed, WatchRules};

const MB: f64 = 1e6;

/// A watch of `count` samples a second apart with a level in MB, and of what else `planted` makes of it.
fn watched(count: usize, planted: impl Fn(f64, Observed) -> Observed) -> History {
    let mut history = History::new(1.0);
    for index in 0..count {
        let at = index as f64;
        let wave = (at * 7.0 % 3.0 - 1.0) * 0.2;
        let quiet = Observed {
            at,
            level: (50.0 + wave) * MB,
            peak: (60.0 + wave) * MB,
            threads: 4.0,
            descriptors: 12.0,
            mappings: 80.0,
            counter: f64::NAN,
        };
        history.push(&planted(at, quiet));
    }
    history
}

fn row() -> WatchRow {
    WatchRow {
        case: "server".into(),
        segment: 1,
        pid: 4711,
        every_s: 1.0,
        settle_s: 60.0,
        looks: 1,
        ..WatchRow::default()
    }
}

/// 3 kB lost in every second.
fn slow(at: f64, quiet: Observed) -> Observed {
    Observed { level: quiet.level + 3e3 * at, peak: quiet.peak + 3e3 * at, ..quiet }
}

fn told(history: &History) -> String {
    let mut row = row();
    row.judge(history);
    format!("{}: {}", row.verdict, row.sentence)
}

#[test]
fn growth_is_told_by_the_hour_and_by_the_request() {
    let leak = |at: f64, quiet: Observed| Observed {
        level: quiet.level + 0.1 * MB * at,
        peak: quiet.peak + 0.1 * MB * at,
        counter: if at % 10.0 == 0.0 { 25.0 * at } else { f64::NAN },
        ..quiet
    };
    let sentences = [
        told(&watched(600, leak)),
        told(&watched(600, |at, quiet| Observed { peak: quiet.peak + 0.1 * MB * at, ..quiet })),
        told(&watched(110, leak)),
        told(&watched(600, |at, quiet| Observed { counter: 10.0 * at, ..slow(at, quiet) })),
    ];
    insta::assert_snapshot!(sentences.join("\n"));
}

#[test]
fn what_was_not_counted_or_cannot_be_judged_by_it_is_told() {
    let counter = |count: usize, reading: fn(f64) -> f64| {
        told(&watched(count, |at, quiet| Observed {
            counter: if at % 5.0 == 0.0 { reading(at) } else { f64::NAN },
            ..quiet
        }))
    };
    let children = |descendants: u64| {
        let mut row = WatchRow { descendants_not_counted: Some(descendants), ..row() };
        row.judge(&watched(600, |_, quiet| quiet));
        row.sentence
    };
    let sentences = [
        counter(60, |at| at / 15.0),
        counter(600, |at| if at < 5.0 { 1e6 } else { f64::NAN }),
        counter(600, |_| 1e6),
        counter(600, |at| at % 500.0),
        counter(600, |at| at % 250.0),
        counter(2, |_| 7.0),
        children(1),
        children(3),
    ];
    insta::assert_snapshot!(sentences.join("\n"));
}

#[test]
fn what_does_not_grow_is_told_with_what_would_have_shown() {
    let mut blind = row();
    blind.not_seen = "descriptors (Permission denied (os error 13))".into();
    blind.counter_failures = "3 of 12 times, at last: the command was killed after 5s".into();
    blind.looks = 3;
    blind.judge(&watched(600, |_, quiet| Observed { peak: f64::NAN, descriptors: f64::NAN, ..quiet }));
    let sentences = [
        told(&watched(7200, |_, quiet| quiet)),
        told(&watched(600, |at, quiet| Observed { peak: quiet.peak.min((1.0 + at) * MB), ..quiet })),
        blind.sentence,
    ];
    insta::assert_snapshot!(sentences.join("\n"));
}

/// The last of them: nothing was seen for 100 seconds of the judged half, as of a machine that slept.
#[test]
fn resources_and_what_cannot_be_judged_are_told() {
    let wild =
        |at: f64, quiet: Observed| Observed { peak: (60.0 + 160.0 * (at * at * 97.0 % 41.0) / 41.0) * MB, ..quiet };
    let sentences = [
        told(&watched(600, |at, quiet| Observed { descriptors: quiet.descriptors + at, ..quiet })),
        told(&watched(100, wild)),
        told(&watched(20, |_, quiet| quiet)),
        told(&History::new(1.0)),
        told(&watched(500, |at, quiet| {
            let at = if at < 400.0 { at } else { at + 100.0 };
            Observed { at, counter: if at % 10.0 == 0.0 { 25.0 * at } else { f64::NAN }, ..quiet }
        })),
    ];
    insta::assert_snapshot!(sentences.join("\n"));
}

#[test]
fn progress_tells_levels_and_no_verdict() {
    let rules = WatchRules { settle: 60.0, looks: 1 };
    let counted = |at: f64, quiet: Observed| Observed { counter: 3.0 * at, ..quiet };
    let lines = [progress(&watched(600, counted), &rules), progress(&watched(5, |_, quiet| quiet), &rules)];
    insta::assert_snapshot!(lines.join("\n"));
    assert_eq!(progress(&History::new(1.0), &rules), "no sample yet");
}

#[test]
fn times_have_two_units_at_most() {
    let told = [0.0, 0.45, 0.9999, 4.005, 9.5, 9.96, 31.4, 3599.6, 7512.0, 200_000.0].map(duration);
    assert_eq!(told, ["0s", "450ms", "1s", "4s", "9.5s", "10s", "31s", "1h", "2h 5m", "2days 7h 33m"]);
}
