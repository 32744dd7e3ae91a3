//! One process that was watched as a row of `watch.csv`.

use crate::analysis::{Growth, History, LiveVerdict, Resource, WatchFinding, WatchRules, assess_watch};
use crate::report::documented::documented_row;

/// Seconds of an hour.
pub(super) const HOUR: f64 = 3600.0;

documented_row! {
    /// One row of `watch.csv`. An empty cell is a value that does not exist.
    WatchRow {
        /// Name of the program, which `case` is in `samples.csv`.
        case: String,
        /// Number of the segment, from 1, which `replicate` is in `samples.csv`: each process that was watched is one.
        segment: u32,
        /// Process number.
        pid: i32,
        /// Its command line.
        command: String,
        /// Whether its descendants were counted too.
        tree: bool,
        /// Time between samples, s.
        every_s: f64,
        /// When its first sample was taken, after the watch began, s.
        began_s: f64,
        /// Time from its first sample to its last, s.
        duration_s: f64,
        /// Its age at the first sample; empty where it was started for the watch, s.
        age_s: Option<f64>,
        /// Time after the first sample by which it had warmed up, s.
        settle_s: f64,
        /// Samples taken.
        samples: u64,
        /// How its watch ended: `process-ended`, `time-over`, `interrupted`, `decided`, `failed` (highwater could not go on).
        ended: String,
        /// More of it: how the process ended, or that it goes on.
        ended_detail: String,
        /// What could not be seen, and why.
        not_seen: String,
        /// Most of its descendants that were seen twice, which are not counted; empty where there were none, and with `--tree`.
        descendants_not_counted: Option<u64>,
        /// The verdict.
        verdict: String,
        /// Why, in words.
        reason: String,
        /// Everything in one sentence.
        sentence: String,
        /// Looks taken.
        looks: u32,
        /// Declared probability that anything was called growing that is not, over all tests and looks.
        error_rate: Option<f64>,
        /// Time of a window, s.
        window_s: Option<f64>,
        /// Resident memory by time: what the judged half does.
        memory_verdict: String,
        /// What it rests on: `peak` between samples, or the level `at-rest` where there are no peaks.
        memory_source: String,
        /// Growth per hour, bytes.
        bytes_per_hour: Option<f64>,
        /// Its lower 99.5 % limit, bytes.
        bytes_per_hour_low: Option<f64>,
        /// Its upper 99.5 % limit, bytes.
        bytes_per_hour_high: Option<f64>,
        /// Smallest growth per hour that this record would have shown, bytes.
        bytes_per_hour_detectable: Option<f64>,
        /// Highest level of the judged half, bytes.
        ceiling_bytes: Option<f64>,
        /// Anonymous memory, with what was swapped out and hugetlb pages, at the first sample, bytes.
        first_bytes: Option<f64>,
        /// The same at the last sample, bytes.
        last_bytes: Option<f64>,
        /// Requests served, where a counter told.
        requests: Option<f64>,
        /// Share of the time without requests.
        idle_share: Option<f64>,
        /// Resident memory by requests: what the judged half does; empty where too few were counted.
        memory_by_requests_verdict: String,
        /// Growth per request, bytes.
        bytes_per_request: Option<f64>,
        /// Its lower 99.5 % limit, bytes.
        bytes_per_request_low: Option<f64>,
        /// Its upper 99.5 % limit, bytes.
        bytes_per_request_high: Option<f64>,
        /// How often the counter command failed, and why at last; a command that has never answered counts. Empty where it did not.
        counter_failures: String,
        /// Threads at the first sample.
        threads_first: Option<f64>,
        /// Threads at the last sample.
        threads_last: Option<f64>,
        /// Descriptors at the first sample.
        descriptors_first: Option<f64>,
        /// Descriptors at the last sample.
        descriptors_last: Option<f64>,
        /// Mappings at the first sample.
        mappings_first: Option<f64>,
        /// Mappings at the last sample.
        mappings_last: Option<f64>,
        /// Which of them grow, and by how much an hour.
        resource_leaks: String,
    }
}

impl WatchRow {
    /// The rules that the row was judged by.
    pub fn rules(&self) -> WatchRules {
        WatchRules { settle: self.settle_s, looks: self.looks }
    }

    /// Fills in what `history` comes to.
    pub fn judge(&mut self, history: &History) -> WatchFinding {
        let found = assess_watch(history, &self.rules());
        self.measure(history);
        self.verdict = found.verdict.to_string();
        self.reason.clone_from(&found.reason);
        self.error_rate = Some(found.error_rate);
        self.window_s = Some(found.window);
        self.idle_share = found.idle;
        let growth = &found.by_time;
        let [rate, low, high] = growth.rate().map(|rate| number(rate * HOUR));
        (self.bytes_per_hour, self.bytes_per_hour_low, self.bytes_per_hour_high) = (rate, low, high);
        self.bytes_per_hour_detectable = number(growth.minimum_detectable() * HOUR);
        self.ceiling_bytes = number(growth.found.ceiling);
        self.memory_verdict = word(growth);
        self.memory_source = super::sentence::source(growth).into();
        if let Some(growth) = &found.by_requests {
            let [rate, low, high] = growth.rate().map(number);
            (self.bytes_per_request, self.bytes_per_request_low, self.bytes_per_request_high) = (rate, low, high);
            self.memory_by_requests_verdict = word(growth);
        }
        let growing = found.resources.iter().filter(|(_, found)| found.verdict == LiveVerdict::Leak);
        let told: Vec<_> =
            growing.map(|(resource, leak)| format!("{resource} {:+.1}", leak.rate / found.window * HOUR)).collect();
        self.resource_leaks = told.join(" ");
        self.sentence = super::sentence::sentence(&found, self);
        found
    }

    /// First and last value of a resource.
    pub(super) fn ends_of(&self, resource: Resource) -> (Option<f64>, Option<f64>) {
        match resource {
            Resource::Threads => (self.threads_first, self.threads_last),
            Resource::Descriptors => (self.descriptors_first, self.descriptors_last),
            Resource::Mappings => (self.mappings_first, self.mappings_last),
        }
    }

    fn measure(&mut self, history: &History) {
        self.samples = history.samples();
        self.duration_s = history.duration();
        self.requests = history.requests();
        if let (Some(first), Some(last)) = (history.first(), history.last()) {
            (self.first_bytes, self.last_bytes) = (number(first.level), number(last.level));
            (self.threads_first, self.threads_last) = (number(first.threads), number(last.threads));
            (self.descriptors_first, self.descriptors_last) = (number(first.descriptors), number(last.descriptors));
            (self.mappings_first, self.mappings_last) = (number(first.mappings), number(last.mappings));
        }
    }
}

fn word(growth: &Growth) -> String {
    growth.verdict.to_string()
}

fn number(value: f64) -> Option<f64> {
    Some(value).filter(|value| !value.is_nan())
}
