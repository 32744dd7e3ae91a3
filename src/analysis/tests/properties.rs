//! Laws that hold for every series.

use proptest::prelude::*;

use super::case::{CaseSeries, Question, judge_case};
use crate::analysis::*;
use crate::arm::LiveKind;

fn exact(bytes: &[f64]) -> LiveSeries<'_> {
    LiveSeries { bytes, kind: LiveKind::Exact, threads: None }
}

fn live(bytes: &[f64], settings: &Settings) -> LiveFinding {
    assess(&Evidence { live: Some(exact(bytes)), ..Evidence::default() }, settings).live.unwrap()
}

fn rules(early_stop: bool) -> Rules<'static> {
    Rules { slack: Slack::Constant(0.0), exact: false, tolerant: false, settle: 50, tolerance: 1024.0, early_stop }
}

/// Whole bytes, so that shifting and doubling are exact.
fn levels(length: std::ops::Range<usize>) -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec((1u32..1_000_000).prop_map(f64::from), length)
}

/// Levels with holes and infinities.
fn rough(length: std::ops::Range<usize>) -> impl Strategy<Value = Vec<f64>> {
    let value = prop_oneof![
        8 => (0u32..1_000_000).prop_map(f64::from),
        2 => Just(f64::NAN),
        1 => prop_oneof![Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(f64::MAX), Just(-1e300), Just(0.0)],
    ];
    prop::collection::vec(value, length)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_shift_changes_no_live_verdict(samples in levels(14..200), shift in 0u32..1_000_000_000) {
        let shifted: Vec<f64> = samples.iter().map(|x| x + f64::from(shift)).collect();
        let (a, b) = (judge(&samples, &rules(true)), judge(&shifted, &rules(true)));
        prop_assert_eq!((a.verdict, a.state, a.looks), (b.verdict, b.state, b.looks));
        prop_assert_eq!(a.look.shape.map(|s| (s.rate, s.low, s.high)), b.look.shape.map(|s| (s.rate, s.low, s.high)));
    }

    #[test]
    fn rates_scale_with_the_series_and_exponents_do_not(samples in levels(14..200), power in 1i32..12) {
        let factor = 2f64.powi(power);
        let scaled: Vec<f64> = samples.iter().map(|x| x * factor).collect();
        let shape = |samples: &[f64]| look(&Record::new(samples), samples.len(), 0.0).shape.unwrap();
        let (a, b) = (shape(&samples), shape(&scaled));
        prop_assert_eq!((a.rate * factor, a.low * factor, a.high * factor), (b.rate, b.low, b.high));
        prop_assert_eq!((a.p, a.beta, a.rising, a.sure), (b.p, b.beta, b.rising, b.sure));
    }

    #[test]
    fn what_never_rises_is_no_leak_and_no_creep(mut samples in levels(28..300)) {
        samples.sort_by(|a, b| b.total_cmp(a));
        let evidence = Evidence { live: Some(exact(&samples)), anon: Some(&samples), ..Evidence::default() };
        let found = assess(&evidence, &Settings { early_stop: false, ..Settings::default() });
        prop_assert!(found.verdict >= Verdict::Inconclusive);
        let live = found.live.unwrap();
        prop_assert!(matches!(live.verdict, LiveVerdict::Stable | LiveVerdict::Plateau));
    }

    #[test]
    fn a_linear_exact_leak_is_a_leak_at_112(rate in 1u32..1_000_000, start in 0u32..100_000_000, n in 112usize..400) {
        let samples: Vec<f64> = (1..=n).map(|i| f64::from(start) + f64::from(rate) * i as f64).collect();
        let finding = live(&samples, &Settings::default());
        prop_assert_eq!((finding.verdict, finding.n), (LiveVerdict::Leak, 112));
        prop_assert_eq!(finding.rate, f64::from(rate));
    }

    #[test]
    fn the_detectable_leak_is_detected_and_slack_hides_more(samples in levels(100..200)) {
        let n = samples.len();
        let found = minimum_detectable(&samples, n, Slack::Constant(0.0), 50, 1);
        // Where six steps happen to shrink strictly (1 in 720), no linear growth is told from growth that slows down.
        let largest = look(&Record::new(&samples).with_leak(1_073_741_824.0, 1), n, 0.0).shape.unwrap();
        prop_assert_eq!(found.is_finite(), !largest.decelerating);
        prop_assume!(found.is_finite());
        let leaking: Vec<f64> = samples.iter().zip(1..).map(|(x, i)| x + found * f64::from(i)).collect();
        prop_assert_eq!(judge(&leaking, &rules(false)).verdict, LiveVerdict::Leak);
        prop_assert!(minimum_detectable(&samples, n, Slack::Constant(1e9), 50, 1) >= found);
    }

    #[test]
    fn a_clean_record_shows_every_leak_above_what_it_claims(
        level in 1u32..1_000_000,
        n in 100usize..300,
        extra in 1.0..1e6,
    ) {
        let samples = vec![f64::from(level); n];
        let least = minimum_detectable(&samples, n, Slack::Constant(0.0), 50, 1);
        let leaking: Vec<f64> = samples.iter().zip(1..).map(|(x, i)| x + least * extra * f64::from(i)).collect();
        prop_assert_eq!(judge(&leaking, &rules(false)).state, State::Linear);
    }

    #[test]
    fn nothing_panics_and_limits_are_in_order(samples in rough(0..260), other in rough(0..260), cycle in 0usize..5) {
        let evidence = Evidence {
            live: Some(LiveSeries { bytes: &samples, kind: LiveKind::Tcache, threads: Some(&other) }),
            second: Some(exact(&other)),
            anon: Some(&samples),
            peak: Some(&other),
            core: Some(CoreSeries { trimmed: Some(&samples), ..CoreSeries::new(&other, cycle != 3) }),
            counts: vec![(Resource::Threads, &other)],
        };
        let settings = Settings { cycle, early_stop: cycle % 2 == 0, settle: 20 * cycle, ..Settings::default() };
        let found = assess(&evidence, &settings);
        for (low, rate, high) in [
            found.resident.map(|finding| (finding.low, finding.rate, finding.high)),
            found.live.map(|finding| (finding.low, finding.rate, finding.high)),
        ]
        .into_iter()
        .flatten()
        {
            // Sums of the largest floats overflow.
            let finite = low.is_finite() && rate.is_finite() && high.is_finite();
            prop_assert!(!finite || low <= high, "{low} {rate} {high}");
        }
        let case = CaseSeries { live: evidence.live, anon: evidence.anon, counts: evidence.counts };
        judge_case(&case, Question::Creep, 20, 1024.0, true);
        arm_difference(&[&samples], &[&other]);
        arm_difference(&[&samples, &other], &[&other, &samples, &samples]);
        seasonal_kendall(&[&samples[..samples.len().min(12)], &other[..other.len().min(12)]]);
    }

    #[test]
    fn stopping_early_and_judging_what_was_recorded_agree(
        samples in levels(28..250),
        rate in prop_oneof![Just(0u32), 1u32..100_000],
    ) {
        let leaking = samples.iter().zip(1u32..).map(|(x, i)| (x / 5e5).floor() + f64::from(rate * i));
        let samples: Vec<f64> = leaking.collect();
        let settings = Settings::default();
        let stop = |n: usize| Some((n, live_is_final(&exact(&samples[..n]), &settings)?));
        if let Some((n, found)) = (1..=samples.len()).find_map(stop) {
            prop_assert!(is_look(n));
            prop_assert_eq!(&live(&samples[..n], &settings), &found);
            prop_assert_eq!(&live(&samples, &settings), &found);
        }
    }

    #[test]
    fn the_ladder_is_what_is_look_says(budget in 1usize..5000) {
        let looks = ladder(budget);
        let expected: Vec<usize> = (0..budget).filter(|n| is_look(*n)).chain([budget]).collect();
        prop_assert_eq!(looks, expected);
    }
}

#[test]
fn noise_is_rarely_called_a_leak() {
    let mut state = 88_172_645_463_325_252u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 * 1e-3
    };
    let runs = 4000;
    let (mut leaks, mut looks) = (0, 0);
    for _ in 0..runs {
        let samples: Vec<f64> = (0..336).map(|_| random()).collect();
        let judgement = judge(&samples, &rules(true));
        leaks += usize::from(judgement.verdict == LiveVerdict::Leak);
        looks = looks.max(judgement.looks);
    }
    let declared = looks as f64 * 4.0 / 5040.0;
    assert!((leaks as f64) < declared * f64::from(runs), "{leaks} of {runs}");
}

#[test]
fn the_probability_of_a_trend_is_the_exact_one() {
    let ascending: Vec<f64> = (0..200).map(|i| 5e7 + 1e6 * f64::from(i)).collect();
    let evidence = Evidence { anon: Some(&ascending), ..Evidence::default() };
    let found = assess(&evidence, &Settings::default()).resident.unwrap();
    assert!((found.p - 1.0 / 3_628_800.0).abs() < 1e-15, "{}", found.p);
    assert_eq!(seasonal_kendall(&[&[1.0, 2.0, 3.0], &[1.0, 2.0]]), (4, 1.0 / 12.0));
}

#[test]
fn at_most_seven_falling_pairs_are_8504_of_all_orders() {
    let p = crate::analysis::resident_finding::falling_probability(7.0);
    assert!((p - 8504.0 / 3_628_800.0).abs() < 1e-15, "{p}");
}
