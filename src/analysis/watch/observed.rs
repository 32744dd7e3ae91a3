//! What one sample says of a process that is watched.

use super::history::History;
use crate::sample::{Sample, Series};

/// Where the kernel counts memory that RSS leaves out.
const HIDDEN: [&str; 2] = ["swap_bytes", "hugetlb_bytes"];

/// One look at a process; what was not seen is `NaN`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observed {
    /// Time since the first sample of the process, in seconds.
    pub at: f64,
    /// Anonymous memory with what the kernel counts elsewhere, in bytes.
    pub level: f64,
    /// Highest since the sample before, likewise.
    pub peak: f64,
    /// Threads.
    pub threads: f64,
    /// Open descriptors.
    pub descriptors: f64,
    /// Memory mappings.
    pub mappings: f64,
    /// What the counter of requests shows; `NaN` at samples without a reading.
    pub counter: f64,
}

impl Observed {
    /// What `sample` says, of a process whose first sample was taken `start` seconds after the watch began.
    pub fn of(sample: &Sample, start: f64) -> Observed {
        let value = |name: &str| {
            let place = Sample::COLUMNS.iter().position(|column| *column == name);
            let value = place.and_then(|place| sample.values().nth(place)).flatten();
            value.map_or(f64::NAN, |value| value as f64)
        };
        Observed::from(value, start)
    }

    fn from(value: impl Fn(&str) -> f64, start: f64) -> Observed {
        // `max` takes the number where a kernel does not tell.
        let hidden: f64 = HIDDEN.iter().map(|name| value(name).max(0.0)).sum();
        let proportional = value("pss_anon_bytes");
        let anon = if proportional.is_nan() { value("rss_anon_bytes") } else { proportional };
        Observed {
            at: value("elapsed_us") / 1e6 - start,
            level: anon + hidden,
            peak: value("peak_anon_bytes") + hidden,
            threads: value("threads"),
            descriptors: value("descriptors"),
            mappings: value("mappings"),
            counter: value("requests"),
        }
    }
}

/// The history of a process whose samples were recorded, `every` so many seconds.
pub fn history_of(series: &Series, every: f64) -> History {
    let mut history = History::new(every);
    let at = |index: usize| {
        move |name: &str| series.column(name).and_then(|values| values.get(index)).copied().unwrap_or(f64::NAN)
    };
    let start = if series.is_empty() { 0.0 } else { at(0)("elapsed_us") / 1e6 };
    (0..series.len()).for_each(|index| history.push(&Observed::from(at(index), start)));
    history
}
