//! Truth that was planted must be found, and what cannot be decided must be said.

use crate::analysis::*;
use crate::arm::LiveKind;

const MB: f64 = 1e6;

fn series(n: usize, value: impl Fn(f64) -> f64) -> Vec<f64> {
    (1..=n).map(|i| value(i as f64)).collect()
}

/// The same pseudo-random numbers in [-1, 1) everywhere.
fn noise(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

fn noisy(n: usize, amplitude: f64, seed: u64, value: impl Fn(f64) -> f64) -> Vec<f64> {
    let mut noise = noise(seed);
    series(n, |i| i).into_iter().map(|i| value(i) + amplitude * noise()).collect()
}

fn exact(bytes: &[f64]) -> LiveSeries<'_> {
    LiveSeries { bytes, kind: LiveKind::Exact, threads: None }
}

fn assess_live(bytes: &[f64], settings: &Settings) -> Assessment {
    assess(&Evidence { live: Some(exact(bytes)), ..Evidence::default() }, settings)
}

fn live_of(bytes: &[f64], settings: &Settings) -> LiveFinding {
    assess_live(bytes, settings).live.unwrap()
}

fn at_the_end() -> Settings {
    Settings { early_stop: false, ..Settings::default() }
}

/// Verdict with live bytes that stand still.
fn with_flat_live(anon: &[f64], peak: Option<&[f64]>, core: Option<CoreSeries>) -> Assessment {
    let live = vec![8.0 * MB; 28];
    let live = Some(exact(&live));
    assess(&Evidence { live, anon: Some(anon), peak, core, ..Evidence::default() }, &Settings::default())
}

#[test]
fn a_leak_is_found_at_112_with_its_rate() {
    let finding = live_of(&series(300, |i| 5.0 * MB + 64.0 * i), &Settings::default());
    assert_eq!((finding.verdict, finding.state, finding.n), (LiveVerdict::Leak, State::Linear, 112));
    assert_eq!((finding.rate, finding.low, finding.high, finding.beta), (64.0, 64.0, 64.0, 1.0));
    assert_eq!((finding.judged_from, finding.looks), (57, 5));
    assert_eq!((finding.windows[0].start, finding.windows[0].end), (1, 8));
    assert_eq!((finding.windows[13].start, finding.windows[13].end), (105, 112));
}

#[test]
fn standing_still_is_stable_at_28_with_the_leak_it_would_have_shown() {
    let finding = live_of(&series(300, |_| 5.0 * MB), &Settings::default());
    assert_eq!((finding.verdict, finding.n, finding.longest_period_seen), (LiveVerdict::Stable, 28, 12));
    assert_eq!(finding.minimum_detectable, 16.0);
    assert!(finding.minimum_detectable_raw < 1.0);
}

#[test]
fn a_late_leak_is_found_by_the_single_look_at_the_end() {
    let late = series(300, |i| 5.0 * MB + 1000.0 * (i - 140.0).max(0.0));
    assert_eq!(live_of(&late, &Settings::default()).verdict, LiveVerdict::Stable);
    assert_eq!(live_of(&late, &at_the_end()).verdict, LiveVerdict::Leak);
}

#[test]
fn a_cache_that_filled_is_a_plateau() {
    let cache = series(300, |i| 5.0 * MB + 65_536.0 * i.min(50.0));
    let finding = live_of(&cache, &Settings::default());
    assert_eq!(finding.verdict, LiveVerdict::Plateau);
}

#[test]
fn a_periodic_leak_is_found_and_a_rarer_one_is_not_called_flat() {
    let every_tenth = series(300, |i| 5.0 * MB + 4096.0 * (i / 10.0).floor());
    assert_eq!(live_of(&every_tenth, &Settings::default()).verdict, LiveVerdict::Leak);
    for period in 1..=12 {
        for phase in 0..period {
            let leak = series(28, |i| ((i + f64::from(phase)) / f64::from(period)).floor() * 48.0);
            let look = live_is_final(&exact(&leak), &Settings::default());
            assert!(look.is_none(), "period {period} phase {phase}");
        }
    }
}

#[test]
fn logarithmic_growth_is_decelerating_not_a_leak() {
    let finding = live_of(&series(300, |i| 5.0 * MB + 1e5 * i.ln()), &at_the_end());
    assert_eq!((finding.verdict, finding.state), (LiveVerdict::Inconclusive, State::Decelerating));
}

#[test]
fn growth_within_tcache_is_not_called_a_leak() {
    let bytes = series(300, |i| 5.0 * MB + 64.0 * i);
    let threads = vec![2.0; 300];
    let live = LiveSeries { bytes: &bytes, kind: LiveKind::Tcache, threads: Some(&threads) };
    let settings = Settings { tolerance: 10.0, ..Settings::default() };
    let finding = assess(&Evidence { live: Some(live), ..Evidence::default() }, &settings).live.unwrap();
    assert_eq!((finding.verdict, finding.state, finding.slack), (LiveVerdict::Inconclusive, State::Slack, 524_288.0));
    assert!(finding.minimum_detectable > 1000.0);
}

#[test]
fn a_leak_is_worse_than_the_creep_it_explains() {
    let live = series(300, |i| 5.0 * MB + 1e5 * i);
    let anon = noisy(300, MB, 1, |i| 50.0 * MB + 1.1e5 * i);
    let evidence = Evidence { live: Some(exact(&live)), anon: Some(&anon), ..Evidence::default() };
    let assessment = assess(&evidence, &Settings::default());
    assert_eq!(assessment.verdict, Verdict::Leak);
    let resident = assessment.resident.unwrap();
    assert!(resident.explained_by_live);
    assert_eq!(resident.category, ResidentCategory::Inconclusive);
}

#[test]
fn resident_growth_with_flat_live_bytes_is_creep_and_without_them_unattributed() {
    let anon = noisy(200, 2.0 * MB, 2, |i| 50.0 * MB + 3e5 * i);
    let peak: Vec<f64> = anon.iter().map(|bytes| bytes + 10.0 * MB).collect();
    let found = with_flat_live(&anon, Some(&peak), None);
    assert_eq!(found.verdict, Verdict::CreepLinear);
    let resident = found.resident.unwrap();
    assert!(resident.low < 3e5 && 3e5 < resident.high);
    assert_eq!(resident.minimum_detectable, resident.rate + 2f64.powi(-12), "its own growth has shown");
    let projected = resident.projection.unwrap();
    assert_eq!(projected.iterations, 10_000);
    assert!(projected.low < 3e9 && 3e9 < projected.high, "{projected:?}");
    assert_eq!((resident.judged_from, resident.source), (101, ResidentSource::Peak));
    assert_eq!((resident.windows[9].start, resident.windows[9].end), (191, 200));
    let alone = assess(&Evidence { anon: Some(&anon), ..Evidence::default() }, &Settings::default());
    assert_eq!(alone.verdict, Verdict::GrowthUnattributed);
    assert_eq!(alone.resident.unwrap().source, ResidentSource::AtRest);
    let unread = vec![f64::NAN; 200];
    let evidence = Evidence { live: Some(exact(&unread)), anon: Some(&anon), ..Evidence::default() };
    assert_eq!(assess(&evidence, &Settings::default()).verdict, Verdict::GrowthUnattributed);
}

#[test]
fn slowing_growth_is_decelerating_creep() {
    let anon = noisy(400, 0.1 * MB, 3, |i| 50.0 * MB + 40.0 * MB * i.ln());
    let found = with_flat_live(&anon, None, None);
    assert_eq!(found.verdict, Verdict::CreepDecelerating);
    // 40 MB ln(10,400 / 400) are still to come; at today's pace it would be 2.7 GB.
    let projected = found.resident.unwrap().projection.unwrap();
    let truth = 40.0 * MB * (10_400.0_f64 / 400.0).ln();
    assert!(projected.low > 0.5 * truth && projected.high < 5.0 * truth, "{projected:?} of {truth}");
}

#[test]
fn jumps_are_not_a_trend() {
    for jumps in [[150.0, 1e9], [130.0, 170.0]] {
        let anon = noisy(200, 0.02 * MB, 4, |i| {
            50.0 * MB + 0.01 * MB * i + jumps.iter().map(|jump| if i > *jump { 20.0 * MB } else { 0.0 }).sum::<f64>()
        });
        let found = with_flat_live(&anon, None, None);
        assert_eq!((found.verdict, found.resident.unwrap().state), (Verdict::Inconclusive, TrendState::Steps));
    }
}

#[test]
fn jumps_are_not_a_trend_in_a_long_run_either() {
    for (n, jump) in [(9_000, 7_000.0), (100_003, 71_000.0)] {
        let stepped =
            noisy(n, 0.02 * MB, 5, |i| 50.0 * MB + 2.0 * MB * i / n as f64 + if i > jump { 20.0 * MB } else { 0.0 });
        assert_eq!(with_flat_live(&stepped, None, None).resident.unwrap().state, TrendState::Steps);
        let sloped = noisy(n, 0.5 * MB, 6, |i| 50.0 * MB + 40.0 * MB * i / n as f64);
        assert_eq!(with_flat_live(&sloped, None, None).resident.unwrap().state, TrendState::Growth);
    }
}

#[test]
fn a_growing_peak_over_a_level_that_stands_still_is_peak_growth() {
    let anon = noisy(200, 0.2 * MB, 7, |_| 30.0 * MB);
    let peak = noisy(200, 0.2 * MB, 8, |i| 50.0 * MB + 2e5 * i);
    assert_eq!(with_flat_live(&anon, Some(&peak), None).verdict, Verdict::PeakGrowth);
}

#[test]
fn a_slow_creep_hidden_in_noise_is_found_in_the_core() {
    let anon = noisy(300, 20.0 * MB, 9, |i| 80.0 * MB + 8192.0 * i);
    let core: Vec<f64> =
        (1..=300).map(|i| if i % 7 == 0 { 11.0 * MB + 8192.0 * f64::from(i) } else { f64::NAN }).collect();
    let complete = CoreSeries::new(&core, true);
    let found = with_flat_live(&anon, None, Some(complete));
    assert_eq!(found.verdict, Verdict::CreepCore);
    let resident = found.resident.unwrap();
    let core = resident.core.unwrap();
    assert!((core.rate - 8192.0).abs() < 1e-6 && core.low <= core.rate && core.rate <= core.high);
    let projected = resident.projection.unwrap();
    assert_eq!((projected.low, projected.high), (core.low * 10_000.0, core.high * 10_000.0));
    let incomplete = CoreSeries { complete: false, ..complete };
    let level = with_flat_live(&anon, None, Some(incomplete));
    assert_ne!(level.verdict, Verdict::CreepCore);
    let core = level.resident.unwrap().core.unwrap();
    assert_eq!((core.state, core.rate.is_nan(), core.reason.is_empty()), (CoreState::LevelOnly, true, false));
    let mut few = vec![f64::NAN; 300];
    few[..27].fill(11.0 * MB);
    let few = with_flat_live(&anon, None, Some(CoreSeries::new(&few, true)));
    let core = few.resident.unwrap().core.unwrap();
    assert_eq!((core.state, core.probes), (CoreState::Short, 27));
    assert_eq!(core.reason, "27 probes are too few to judge it, 28 are needed");
}

#[test]
fn memory_kept_at_rest_is_retention() {
    let anon = noisy(200, 0.2 * MB, 10, |_| 60.0 * MB);
    let core = vec![11.0 * MB; 200];
    let found = with_flat_live(&anon, None, Some(CoreSeries::new(&core, true)));
    let resident = found.resident.unwrap();
    assert_eq!((found.verdict, resident.retention), (Verdict::Stable, true));
    let core = resident.core.unwrap();
    assert!((core.reclaimable.unwrap().median - 49.0 * MB).abs() < 0.2 * MB);
    assert_eq!((core.level, core.live, core.pinned), (11.0 * MB, Some(8.0 * MB), Some(3.0 * MB)));
    assert_eq!(core.beyond_trim(), None, "nobody knows what a trim alone leaves");
    for (trimmed, beyond) in [(15.0, None), (45.0, Some(34.0 * MB))] {
        let trimmed = vec![trimmed * MB; 200];
        let core = vec![11.0 * MB; 200];
        let series = CoreSeries { trimmed: Some(&trimmed), ..CoreSeries::new(&core, true) };
        let found = with_flat_live(&anon, None, Some(series)).resident.unwrap();
        assert_eq!(found.core.unwrap().beyond_trim(), beyond);
    }
    assert_eq!(resident.projection, None, "what is bounded is never extrapolated");
    assert_eq!(resident.reached_at, 1);
}

#[test]
fn a_level_that_rose_and_stopped_is_a_plateau_with_its_warm_up() {
    let anon = noisy(200, 0.2 * MB, 11, |i| 20.0 * MB + MB * i.min(40.0));
    let found = with_flat_live(&anon, None, None);
    assert_eq!(found.verdict, Verdict::Plateau);
    assert!((36..=40).contains(&found.resident.unwrap().reached_at));
}

#[test]
fn two_models_in_turn_are_judged_by_cycles() {
    let anon = noisy(160, 0.1 * MB, 12, |i| if i % 2.0 == 0.0 { 150.0 * MB } else { 40.0 * MB });
    let evidence = Evidence { anon: Some(&anon), ..Evidence::default() };
    let found = assess(&evidence, &Settings { cycle: 2, ..Settings::default() });
    let resident = found.resident.unwrap();
    assert_eq!((found.verdict, resident.judged_from), (Verdict::Stable, 81));
    assert!(resident.minimum_detectable.is_finite());
}

#[test]
fn oscillation_tells_how_many_iterations_would_decide() {
    let anon = noisy(100, 40.0 * MB, 13, |_| 80.0 * MB);
    let found = with_flat_live(&anon, None, None);
    assert_eq!(found.verdict, Verdict::Inconclusive);
    assert!(found.resident.unwrap().needed > 100);
}

#[test]
fn threads_that_accumulate_are_a_resource_leak() {
    let threads = series(120, |i| 3.0 + i);
    let live = vec![5.0 * MB; 120];
    let counts: Vec<(Resource, &[f64])> = vec![(Resource::Threads, &threads), (Resource::Descriptors, &live)];
    let found = assess(&Evidence { live: Some(exact(&live)), counts, ..Evidence::default() }, &Settings::default());
    assert_eq!(found.verdict, Verdict::ResourceLeak);
    assert_eq!(found.reason, "threads: floors rise through the second half, no slower than before");
    assert_eq!(found.resources[1].1.verdict, LiveVerdict::Stable);
}

#[test]
fn nothing_recorded_is_inconclusive() {
    assert_eq!(assess(&Evidence::default(), &Settings::default()).verdict, Verdict::Inconclusive);
    for n in [0, 1, 13, 14, 27, 200] {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0] {
            let all = vec![value; n];
            for early_stop in [true, false] {
                let evidence = Evidence {
                    live: Some(exact(&all)),
                    anon: Some(&all),
                    peak: Some(&all),
                    core: Some(CoreSeries::new(&all, true)),
                    counts: vec![(Resource::Mappings, &all)],
                    ..Evidence::default()
                };
                for cycle in [0, 1, 3, 500] {
                    let found = assess(&evidence, &Settings { early_stop, cycle, ..Settings::default() });
                    assert!(found.verdict >= Verdict::Inconclusive, "{n} of {value}: {found:?}");
                }
            }
        }
    }
}

#[test]
fn a_counter_stuck_at_zero_is_no_evidence() {
    let found = assess_live(&vec![0.0; 200], &Settings::default());
    assert_eq!((found.verdict, found.live), (Verdict::Inconclusive, None));
}

#[test]
fn missing_runs_are_survived_up_to_half_a_window() {
    let gap = |from: f64, to: f64| move |i: f64| if (from..to).contains(&i) { f64::NAN } else { 5.0 * MB + 64.0 * i };
    assert_eq!(live_of(&series(280, gap(200.0, 209.0)), &at_the_end()).verdict, LiveVerdict::Leak);
    let lost = live_of(&series(280, gap(200.0, 240.0)), &at_the_end());
    assert_eq!((lost.verdict, lost.state), (LiveVerdict::Inconclusive, State::Missing));
    assert!(lost.rate.is_nan() && lost.windows.is_empty());
    let mut anon = noisy(200, 0.2 * MB, 14, |_| 60.0 * MB);
    anon[150..154].fill(f64::NAN);
    assert_eq!(with_flat_live(&anon, None, None).verdict, Verdict::Stable);
    anon[150..170].fill(f64::NAN);
    assert_eq!(with_flat_live(&anon, None, None).resident.unwrap().state, TrendState::Missing);
}

#[test]
fn series_of_one_process_may_be_shorter_than_those_of_the_other() {
    let live = series(112, |i| 5.0 * MB + 64.0 * i);
    let anon = vec![60.0 * MB; 400];
    let threads = vec![2.0; 50];
    let evidence = Evidence {
        live: Some(LiveSeries { bytes: &live, kind: LiveKind::Tcache, threads: Some(&threads) }),
        second: Some(exact(&threads)),
        anon: Some(&anon),
        peak: Some(&anon[..300]),
        core: Some(CoreSeries::new(&anon[..100], true)),
        counts: Vec::new(),
    };
    assert!(assess(&evidence, &Settings::default()).live.is_some());
}

#[test]
fn a_million_samples_are_judged() {
    let live = series(1_000_000, |i| 5.0 * MB + 16.0 * i);
    let anon = noisy(1_000_000, 20.0 * MB, 15, |_| 80.0 * MB);
    let evidence = Evidence { live: Some(exact(&live)), anon: Some(&anon), peak: Some(&anon), ..Evidence::default() };
    let found = assess(&evidence, &at_the_end());
    assert_eq!((found.verdict, found.resident.unwrap().category), (Verdict::Leak, ResidentCategory::Stable));
}

#[test]
fn the_words_are_the_same_in_files_and_on_the_console() {
    for verdict in Verdict::ALL {
        assert_eq!(serde_json::to_value(verdict).unwrap(), verdict.to_string());
    }
    assert!(Verdict::ALL.is_sorted());
}

/// Planted: growth that is not called so, since it is too little or fits into what the thread cache holds. The same record
/// with a little less than its own growth would not have shown it either.
#[test]
fn what_a_record_would_have_shown_is_more_than_what_it_has_not() {
    let level = noisy(200, 0.1 * MB, 21, |i| 100.0 * MB + 2e4 * i);
    let found = with_flat_live(&level, None, None).resident.unwrap();
    let added = minimum_detectable_trend(&level, 1, 50);
    assert_eq!((found.category, found.state), (ResidentCategory::Stable, TrendState::Bounded));
    assert!(added < 4e4 && found.minimum_detectable == added + found.rate, "{} and {added}", found.minimum_detectable);
    // 5 % of 104 MB in 100 iterations.
    assert!((5e4..5.6e4).contains(&found.minimum_detectable), "{}", found.minimum_detectable);

    let cached = series(300, |i| 5.0 * MB + 1000.0 * i);
    let live = LiveSeries { bytes: &cached, kind: LiveKind::Tcache, threads: None };
    let evidence = Evidence { live: Some(live), ..Evidence::default() };
    let found = assess(&evidence, &at_the_end()).live.unwrap();
    assert_eq!((found.verdict, found.rate), (LiveVerdict::Plateau, 1000.0));
    // 256 KiB between the first and the last of seven floors of 21 iterations.
    assert!((found.minimum_detectable - 262_144.0 / 126.0).abs() < 1.0, "{}", found.minimum_detectable);
    assert!((found.minimum_detectable - found.minimum_detectable_raw - 1000.0).abs() < 1e-9);
}

/// Planted: 2 % of the level in the judged half, under noise; the same in jumps, which a line does not explain.
#[test]
fn a_rise_that_is_not_material_is_told_and_changes_no_verdict() {
    let rising = noisy(200, 0.1 * MB, 22, |i| 100.0 * MB + 2e4 * i);
    let found = with_flat_live(&rising, None, None);
    assert_eq!(found.verdict, Verdict::Stable);
    let rise = found.resident.unwrap().rise.unwrap();
    assert!((rise.percent - 1.92).abs() < 0.1 && (rise.material_percent - 5.0).abs() < 1e-9, "{rise:?}");
    // 5 % of 100 MB and 20 kB an iteration, in half of the iterations.
    assert!((545..570).contains(&rise.needed), "{rise:?}");
    let longer = noisy(rise.needed as usize + 20, 0.1 * MB, 22, |i| 100.0 * MB + 2e4 * i);
    assert_eq!(with_flat_live(&longer, None, None).verdict, Verdict::CreepLinear);
    let jumps = noisy(200, 0.1 * MB, 22, |i| if i < 150.0 { 100.0 * MB } else { 102.0 * MB });
    let flat = noisy(200, 0.1 * MB, 22, |_| 100.0 * MB);
    for level in [jumps, flat] {
        let found = with_flat_live(&level, None, None);
        assert_eq!((found.verdict, found.resident.unwrap().rise), (Verdict::Stable, None));
    }
}
