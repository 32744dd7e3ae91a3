//! Buckets and windows: nothing is lost when they are merged, and gaps and idle time are recognised.

use super::*;
use crate::analysis::watch::windows::{ByRequests, FewRequests, by_requests, by_time};

#[test]
fn a_long_watch_keeps_its_size_and_its_extremes() {
    let history = watched(100_000, |index, quiet| Observed {
        level: if index == 77_777 { 1e6 } else { 50e6 },
        peak: if index == 33_333 { 900e6 } else { 60e6 },
        counter: if index % 10 == 0 { 5.0 * index as f64 } else { f64::NAN },
        ..quiet
    });
    assert_eq!((history.samples(), history.duration()), (100_000, 99_999.0));
    assert!(
        history.buckets().len() <= 4096 && history.width() == 32.0,
        "{} of {}",
        history.buckets().len(),
        history.width()
    );
    assert_eq!(history.buckets().iter().map(|bucket| u64::from(bucket.samples)).sum::<u64>(), 100_000);
    let windows = by_time(&history);
    assert!((200..=400).contains(&windows.len()), "{}", windows.len());
    assert_eq!(windows.level.iter().copied().fold(f64::INFINITY, f64::min), 1e6);
    assert_eq!(windows.peak.unwrap().into_iter().fold(0.0, f64::max), 900e6);
    assert_eq!(history.requests(), Some(5.0 * 99_990.0));
}

#[test]
fn looks_that_come_late_keep_a_bucket_of_their_own() {
    let history = watched(400, |index, quiet| Observed { at: quiet.at + 0.4 * noise(index).abs(), ..quiet });
    assert!(history.buckets().iter().all(|bucket| bucket.samples == 1));
    assert_eq!(by_time(&history).len(), 400);
}

#[test]
fn windows_are_longer_where_samples_are_missing() {
    // Every third sample was taken in time.
    let mut history = History::new(1.0);
    (0..900).step_by(3).for_each(|index| history.push(&at(index as f64)));
    let windows = by_time(&history);
    assert_eq!((windows.len(), windows.length), (179, 5.0));
    assert!(windows.level.iter().all(|level| *level == 50e6), "each has a sample");
}

#[test]
fn what_is_not_seen_is_no_column() {
    let blind = watched(100, |_, quiet| Observed { peak: f64::NAN, descriptors: f64::NAN, ..quiet });
    let windows = by_time(&blind);
    assert!(windows.peak.is_none() && windows.descriptors.iter().all(|count| count.is_nan()));
    assert_eq!(by_requests(&blind, 0.0), Err(FewRequests::Readings), "nobody counted");
}

/// Planted: 20 requests a second for half of the time, none for the other.
#[test]
fn time_without_requests_is_left_out() {
    let history = watched(2000, |index, quiet| {
        let (turn, step) = (index / 100, index % 100);
        let served = turn / 2 * 100 + if turn % 2 == 0 { step } else { 100 };
        let reading = if index % 4 == 0 { 20.0 * served as f64 } else { f64::NAN };
        Observed { counter: reading, level: if turn % 2 == 0 || step == 0 { 50e6 } else { 1.0 }, ..quiet }
    });
    let ByRequests { windows, idle, .. } = by_requests(&history, 0.0).unwrap();
    assert!((0.47..0.5).contains(&idle), "{idle}");
    assert!(windows.level.iter().all(|level| *level == 50e6 || level.is_nan()), "no idle sample is in them");
    assert!((windows.length * windows.len() as f64 - 20.0 * 1000.0).abs() < 100.0);
}

/// Planted: a reading every ten seconds, no request for 50 seconds, then two a second.
#[test]
fn requests_of_the_settling_time_are_those_that_were_served_in_it() {
    let history = watched(200, |index, quiet| {
        let counter = if index % 10 == 0 { 2.0 * index.saturating_sub(50) as f64 } else { f64::NAN };
        Observed { counter, ..quiet }
    });
    let settling = |settle: f64| by_requests(&history, settle).unwrap().settling;
    assert_eq!([0.0, 30.0, 50.0, 65.0, 120.0].map(settling), [0.0, 0.0, 0.0, 30.0, 140.0]);
    assert_eq!(settling(1e9), history.requests().unwrap(), "a settling time that is not over holds them all");
}

#[test]
fn a_counter_that_begins_anew_goes_on() {
    let history = watched(100, |index, quiet| Observed { counter: (index % 50) as f64, ..quiet });
    assert_eq!(history.requests(), Some(98.0));
    let once = watched(100, |index, quiet| Observed { counter: if index == 7 { 5.0 } else { f64::NAN }, ..quiet });
    assert_eq!(once.requests(), Some(0.0));
    assert_eq!(by_requests(&once, 0.0), Err(FewRequests::Readings), "one reading counts nothing");
    let never = watched(100, |_, quiet| Observed { counter: 1e6, ..quiet });
    assert_eq!(by_requests(&never, 0.0), Err(FewRequests::NeverRose));
    assert_eq!((history.falls(), once.falls(), never.falls()), (1, 0, 0));
    let served = |count: usize| watched(count, |index, quiet| Observed { counter: index as f64, ..quiet });
    assert_eq!(by_requests(&served(80), 0.0), Err(FewRequests::Samples(79)), "none before the first reading");
    assert_eq!(by_requests(&served(81), 0.0).map(|requests| requests.windows.len()), Ok(FewRequests::NEEDED / 2));
}

#[test]
fn what_was_recorded_is_the_history_again() {
    use crate::sample::{Sample, Series};
    let mut series = Series::default();
    let mut live = History::new(0.5);
    for iteration in 1..=100 {
        let sample = Sample {
            iteration,
            elapsed_us: Some(7_000_000 + 500_000 * iteration),
            rss_anon_bytes: Some(30 << 20),
            pss_anon_bytes: (iteration > 50).then_some(20 << 20),
            swap_bytes: Some(1 << 20),
            threads: Some(3),
            requests: (iteration % 7 == 0).then_some(iteration),
            ..Sample::default()
        };
        series.push(&sample);
        live.push(&Observed::of(&sample, 7.5));
    }
    let recorded = history_of(&series, 0.5);
    assert_eq!(recorded.buckets().len(), 100);
    for (one, other) in recorded.buckets().iter().zip(live.buckets()) {
        assert_eq!((one.samples, one.level, one.threads), (other.samples, other.level, other.threads));
        assert!(one.peak.is_nan() && one.requests.to_bits() == other.requests.to_bits());
    }
    let first = recorded.first().unwrap();
    assert_eq!((first.at, first.level), (0.0, f64::from(31 << 20)), "what was swapped out is not given back");
    assert_eq!(recorded.last().unwrap().level, f64::from(21 << 20), "a tree counts what is shared in parts");
}
