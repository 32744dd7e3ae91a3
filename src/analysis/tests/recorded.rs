//! Every number on recorded traces equals that of the reference procedures, to a relative 1e-9.

use serde_json::Value;

use super::reference::{Comparison, Trace, compare_floors, compare_levels};
use crate::analysis::*;
use crate::arm::LiveKind;

macro_rules! fixture {
    ($name:literal) => {
        ($name, include_str!(concat!("../../../suites/fixtures/traces/", $name)))
    };
}

const REFERENCE: &str = include_str!("../../../suites/fixtures/traces/reference.json");

const FLOORS: [(&str, &str); 8] = [
    fixture!("ort_mobilenet_v2_notcache_leak64_n300.csv"),
    fixture!("rten_mobilenet_v2_notcache_plateau64k50_n300.csv"),
    fixture!("ort_mobilenet_v2_default_leak1k_n300.csv"),
    fixture!("rten_mobilenet_v2_default_leak64kper10_n300.csv"),
    fixture!("ort_mobilenet_v2_jemalloc_leak4k_n300.csv"),
    fixture!("ov_mobilenet_v2_tcmalloc_n200.csv"),
    fixture!("ort_mobilenet_v2_mimalloc_n300.csv"),
    fixture!("ort_mobilenet_v2+inception_v3_default_n120.csv"),
];

const LEVELS: [(&str, &str); 5] = [
    fixture!("ort_m_default.csv"),
    fixture!("ort_m_default_pin20.csv"),
    fixture!("tract_m_default_pin100.csv"),
    fixture!("ort_m_default_pinpool3000.csv"),
    fixture!("ort_m_mimalloc.csv"),
];

/// Compares all `fixtures` and tells how many numbers agreed.
fn compare_all(fixtures: &[(&str, &str)], compare: fn(&Trace, &Value, &mut Comparison)) -> usize {
    let reference: Value = serde_json::from_str(REFERENCE).unwrap();
    let mut equal = 0;
    for (name, text) in fixtures {
        let expected = reference["traces"].as_array().unwrap().iter().find(|trace| trace["file"] == **name).unwrap();
        let mut comparison = Comparison::default();
        compare(&Trace::parse(text), expected, &mut comparison);
        assert!(comparison.different.is_empty(), "{name}: {:#?}", comparison.different);
        equal += comparison.equal;
    }
    equal
}

#[test]
fn floors_equal_the_reference() {
    assert!(compare_all(&FLOORS, compare_floors) > 2000);
}

#[test]
fn levels_equal_the_reference() {
    assert!(compare_all(&LEVELS, compare_levels) > 800);
}

#[test]
fn evidence_of_wins_equals_the_reference() {
    let reference: Value = serde_json::from_str(REFERENCE).unwrap();
    let mut evidence = SignEvidence::default();
    let wins = [1, 1, 0, -1, 1, 1, 1, 1, 1, 1, 1];
    for (k, win) in wins.iter().enumerate() {
        let value = evidence.add((*win != 0).then_some(*win > 0));
        let expected = reference["sign"][k].as_f64().unwrap();
        assert!((value - expected).abs() < 1e-9 * expected, "{value} not {expected}");
    }
}

#[test]
fn recorded_runs_get_the_verdict_that_was_published() {
    let found: Vec<(Verdict, bool)> = LEVELS
        .iter()
        .map(|(name, text)| {
            let trace = Trace::parse(text);
            let (live, anon) = (trace.get("live_bytes"), trace.get("rss_anon_bytes"));
            let (peak, core) = (trace.get("peak_anon_bytes"), trace.get("core_bytes"));
            let threads = trace.get("threads");
            let complete = !name.contains("mimalloc");
            let live = LiveSeries { bytes: &live, kind: LiveKind::Tcache, threads: Some(&threads) };
            let assessment = assess(
                &Evidence {
                    live: Some(live),
                    anon: Some(&anon),
                    peak: Some(&peak),
                    core: Some(CoreSeries::new(&core, complete)),
                    counts: vec![(Resource::Threads, &threads)],
                    ..Evidence::default()
                },
                &Settings::default(),
            );
            (assessment.verdict, assessment.resident.unwrap().retention)
        })
        .collect();
    let expected = [
        (Verdict::Stable, true),
        (Verdict::CreepCore, false),
        (Verdict::CreepLinear, false),
        (Verdict::Plateau, true),
        (Verdict::Inconclusive, false),
    ];
    assert_eq!(found, expected);
}
