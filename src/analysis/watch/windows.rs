//! Windows that take the place of iterations: equal spans of time, or equal numbers of requests.

use super::history::{Bucket, History};

/// Windows at most: judging is quadratic in them, and a window of a four-hundredth of the watch shows every trend.
const MOST: usize = 400;
/// Windows by requests at least: fewer are not judged.
const FEWEST: usize = 40;

/// Windows of one process in the order of time. A value that is not known is `NaN`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Windows {
    /// How long a window is: seconds, or requests.
    pub(super) length: f64,
    /// Place of the first window's beginning: seconds, or requests, since the first sample or reading.
    pub(super) start: f64,
    /// Lowest level of each.
    pub(super) level: Vec<f64>,
    /// Highest peak of each; `None` where no peaks could be seen.
    pub(super) peak: Option<Vec<f64>>,
    /// Fewest threads of each.
    pub(super) threads: Vec<f64>,
    /// Fewest descriptors of each.
    pub(super) descriptors: Vec<f64>,
    /// Fewest mappings of each.
    pub(super) mappings: Vec<f64>,
}

impl Windows {
    /// Takes windows apart into columns.
    fn of(windows: &[Bucket], length: f64, start: f64) -> Windows {
        let column = |value: fn(&Bucket) -> f64| -> Vec<f64> { windows.iter().map(value).collect() };
        let peak = column(|window| window.peak);
        Windows {
            length,
            start,
            level: column(|window| window.level),
            peak: peak.iter().any(|peak| !peak.is_nan()).then_some(peak),
            threads: column(|window| window.threads),
            descriptors: column(|window| window.descriptors),
            mappings: column(|window| window.mappings),
        }
    }

    /// Number of windows.
    pub(super) fn len(&self) -> usize {
        self.level.len()
    }
}

/// Why growth by requests is not judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FewRequests {
    /// The counter was read less than twice.
    Readings,
    /// The counter never rose.
    NeverRose,
    /// Requests were served in so few samples between two readings; [`FewRequests::NEEDED`] are needed.
    Samples(usize),
}

impl FewRequests {
    /// Samples in which requests were served, two for each window.
    pub const NEEDED: usize = 2 * FEWEST;
}

/// Windows of an equal number of requests.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ByRequests {
    /// The windows.
    pub(super) windows: Windows,
    /// Share of the time without requests.
    pub(super) idle: f64,
    /// Requests that were served in the settling time.
    pub(super) settling: f64,
}

/// Windows of equal time: a bucket each while there are few buckets, several later. Where samples are missing (a machine too
/// busy to take them in time), windows are long enough to have more than one each. The first buckets that fill no window are left
/// out.
pub(super) fn by_time(history: &History) -> Windows {
    let buckets = history.buckets();
    let present = buckets.iter().filter(|bucket| bucket.samples > 0).count();
    let absent = buckets.len() - present;
    let for_gaps = 1 + (2 * absent).div_ceil(present.max(1));
    let width = buckets.len().div_ceil(MOST).max(for_gaps);
    let first = buckets.len() % width;
    let windows: Vec<Bucket> = buckets[first..].chunks(width).map(merged).collect();
    Windows::of(&windows, history.width() * width as f64, history.width() * first as f64)
}

/// Windows of an equal number of requests, in which time without requests does not count. Between two
/// readings of the counter requests are taken to come evenly. The settling time is that of the first `settle` seconds.
///
/// # Errors
/// If there were too few.
pub(super) fn by_requests(history: &History, settle: f64) -> Result<ByRequests, FewRequests> {
    let served = served(history.buckets());
    let known = served.iter().flatten().count();
    let active: Vec<(f64, &Bucket)> = served
        .iter()
        .zip(history.buckets())
        .filter_map(|(served, bucket)| {
            served.filter(|(_, more)| *more > 0.0).map(|(before, more)| (before + more / 2.0, bucket))
        })
        .collect();
    let count = (active.len() / 2).min(MOST);
    let total = history.requests().unwrap_or(0.0);
    if history.readings() < 2 {
        return Err(FewRequests::Readings);
    } else if total <= 0.0 {
        return Err(FewRequests::NeverRose);
    } else if count < FEWEST {
        return Err(FewRequests::Samples(active.len()));
    }
    let length = total / count as f64;
    let mut windows: Vec<Option<Bucket>> = vec![None; count];
    for (place, bucket) in &active {
        let window = &mut windows[((place / length) as usize).min(count - 1)];
        *window = Some(window.map_or(**bucket, |so_far| merged(&[so_far, **bucket])));
    }
    let windows: Vec<Bucket> = windows.into_iter().map(|window| window.unwrap_or_else(|| merged(&[]))).collect();
    let idle = 1.0 - active.len() as f64 / known.max(1) as f64;
    let settling = served.iter().take(history.place(settle.min(history.duration())) + 1).flatten().last();
    let settling = settling.map_or(0.0, |(before, more)| before + more);
    Ok(ByRequests { windows: Windows::of(&windows, length, 0.0), idle, settling })
}

/// Requests before and in each bucket, where two readings of the counter lie around it.
fn served(buckets: &[Bucket]) -> Vec<Option<(f64, f64)>> {
    let readings: Vec<(usize, f64)> = buckets
        .iter()
        .enumerate()
        .filter(|(_, bucket)| !bucket.requests.is_nan())
        .map(|(index, bucket)| (index, bucket.requests))
        .collect();
    let mut served = vec![None; buckets.len()];
    for pair in readings.windows(2) {
        let [(from, before), (to, after)] = [pair[0], pair[1]];
        let each = (after - before) / (to - from) as f64;
        for (step, place) in served[from + 1..=to].iter_mut().enumerate() {
            *place = Some((before + each * step as f64, each));
        }
    }
    served
}

fn merged(buckets: &[Bucket]) -> Bucket {
    buckets.iter().fold(Bucket::EMPTY, |sum, bucket| sum.with(bucket))
}
