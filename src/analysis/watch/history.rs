//! Everything that was seen of a process, in a bounded number of buckets of equal length.
//!
//! A watch may last for months. When the buckets are used up, neighbours become one and each is twice as long: minima, maxima and
//! the last reading of a counter are those of the samples all the same.

use super::observed::Observed;

/// Buckets that are kept at most: ten for each of the windows that are judged.
const MOST: usize = 4096;

/// What was seen in one span of time; `NaN` where nothing was.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// Samples.
    pub samples: u32,
    /// Lowest level, in bytes.
    pub level: f64,
    /// Highest peak, in bytes.
    pub peak: f64,
    /// Fewest threads.
    pub threads: f64,
    /// Fewest descriptors.
    pub descriptors: f64,
    /// Fewest mappings.
    pub mappings: f64,
    /// Requests from the first reading of the counter up to the last one in this bucket.
    pub requests: f64,
}

impl Bucket {
    /// Nothing seen.
    pub(super) const EMPTY: Bucket = Bucket {
        samples: 0,
        level: f64::NAN,
        peak: f64::NAN,
        threads: f64::NAN,
        descriptors: f64::NAN,
        mappings: f64::NAN,
        requests: f64::NAN,
    };

    /// This bucket and the `later` one as one. `min` and `max` take the number where the other is `NaN`.
    pub(super) fn with(&self, later: &Bucket) -> Bucket {
        Bucket {
            samples: self.samples.saturating_add(later.samples),
            level: self.level.min(later.level),
            peak: self.peak.max(later.peak),
            threads: self.threads.min(later.threads),
            descriptors: self.descriptors.min(later.descriptors),
            mappings: self.mappings.min(later.mappings),
            requests: if later.requests.is_nan() { self.requests } else { later.requests },
        }
    }
}

/// The buckets of one process, oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    width: f64,
    /// How long before the first look the first bucket begins, in seconds.
    early: f64,
    buckets: Vec<Bucket>,
    first: Option<Observed>,
    last: Option<Observed>,
    samples: u64,
    counter: f64,
    requests: f64,
    readings: u64,
    falls: u64,
}

impl History {
    /// No samples yet, of which there will be one `every` so many seconds.
    pub fn new(every: f64) -> History {
        History {
            width: every,
            early: every / 2.0,
            buckets: Vec::new(),
            first: None,
            last: None,
            samples: 0,
            counter: f64::NAN,
            requests: f64::NAN,
            readings: 0,
            falls: 0,
        }
    }

    /// Takes in one look. Looks come in the order of time.
    pub fn push(&mut self, observed: &Observed) {
        while self.place(observed.at) >= MOST {
            self.merge_neighbours();
        }
        let index = self.place(observed.at);
        if self.buckets.len() <= index {
            self.buckets.resize(index + 1, Bucket::EMPTY);
        }
        self.count(observed.counter);
        let requests = if observed.counter.is_nan() { f64::NAN } else { self.requests };
        let seen = Bucket {
            samples: 1,
            level: observed.level,
            peak: observed.peak,
            threads: observed.threads,
            descriptors: observed.descriptors,
            mappings: observed.mappings,
            requests,
        };
        self.buckets[index] = self.buckets[index].with(&seen);
        self.samples += 1;
        self.first.get_or_insert(*observed);
        self.last = Some(*observed);
    }

    /// Length of a bucket, in seconds.
    pub fn width(&self) -> f64 {
        self.width
    }

    /// The buckets, oldest first; the last one may still be filling.
    pub fn buckets(&self) -> &[Bucket] {
        &self.buckets
    }

    /// The first look.
    pub fn first(&self) -> Option<&Observed> {
        self.first.as_ref()
    }

    /// The last look.
    pub fn last(&self) -> Option<&Observed> {
        self.last.as_ref()
    }

    /// Number of looks.
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// Time from the first look to the last, in seconds.
    pub fn duration(&self) -> f64 {
        self.last.map_or(0.0, |last| last.at)
    }

    /// Requests from the first reading of the counter to the last; `None` without a reading.
    pub fn requests(&self) -> Option<f64> {
        Some(self.requests).filter(|requests| !requests.is_nan())
    }

    /// Number of readings of the counter.
    pub(super) fn readings(&self) -> u64 {
        self.readings
    }

    /// How often the counter was lower than before.
    pub(super) fn falls(&self) -> u64 {
        self.falls
    }

    /// The bucket of a look at a time. Looks are taken a little late, now more and now less; half of their distance keeps each in
    /// a bucket of its own.
    pub(super) fn place(&self, at: f64) -> usize {
        ((at + self.early) / self.width) as usize
    }

    /// Adds a reading of the counter. One that is lower than the one before has begun anew at 0.
    fn count(&mut self, reading: f64) {
        if reading.is_nan() {
            return;
        }
        self.readings += 1;
        self.falls += u64::from(reading < self.counter);
        let more = if reading >= self.counter { reading - self.counter } else { reading };
        self.requests = if self.counter.is_nan() { 0.0 } else { self.requests + more };
        self.counter = reading;
    }

    fn merge_neighbours(&mut self) {
        let merged = self.buckets.chunks(2).map(|pair| match pair {
            [one, other] => one.with(other),
            _ => pair[0],
        });
        self.buckets = merged.collect();
        self.width *= 2.0;
    }
}
