//! Levels, times and faults of a run, for the columns of its row that no verdict rests on.

use super::verdict_row::VerdictRow;
use crate::sample::Series;

impl VerdictRow {
    /// Levels, times and faults: medians of the second half, where warm-up is over.
    pub(super) fn measure(&mut self, series: &Series) {
        let median = |name: &str| series.column(name).and_then(|values| quantile(values.iter().copied(), 0.5));
        let together = |left: &str, right: &str, join: fn(f64, f64) -> f64| {
            let (left, right) = (series.column(left)?, series.column(right)?);
            quantile(left.iter().zip(right).map(|(a, b)| join(*a, *b)), 0.5)
        };
        self.live_bytes = median("live_bytes");
        self.steady_anon_bytes = median("rss_anon_bytes");
        self.steady_rss_bytes = together("rss_anon_bytes", "rss_file_bytes", |anon, file| anon + file);
        let marks = ["hwm_load_bytes", "hwm_prepare_bytes", "hwm_execute_bytes", "hwm_drop_bytes"];
        let highest =
            marks.iter().filter_map(|name| series.column(name)).flatten().copied().filter(|mark| !mark.is_nan());
        self.peak_rss_bytes = highest.max_by(f64::total_cmp).or_else(|| highest_at_rest(series));
        self.retained_bytes = together("rss_anon_bytes", "live_bytes", |anon, live| (anon - live).max(0.0));
        self.hwm_load_bytes = median("hwm_load_bytes");
        self.hwm_prepare_bytes = median("hwm_prepare_bytes");
        self.hwm_execute_bytes = median("hwm_execute_bytes");
        self.rss_execute_bytes = median("rss_execute_bytes");
        let times = series.iteration_milliseconds();
        self.iteration_ms = quantile(times.iter().copied(), 0.5);
        self.iteration_p5_ms = quantile(times.iter().copied(), 0.05);
        self.iteration_p95_ms = quantile(times.iter().copied(), 0.95);
        let milliseconds = |name: &str| median(name).map(|us| us / 1e3);
        self.load_ms = milliseconds("load_us");
        self.prepare_ms = milliseconds("prepare_us");
        self.execute_ms = milliseconds("execute_us");
        self.minor_faults = median("minor_faults");
        self.major_faults = median("major_faults");
        self.sampling_us = median("sampling_us");
    }
}

/// The `share` quantile of the second half of `values`, without the missing ones.
pub(super) fn quantile(values: impl ExactSizeIterator<Item = f64>, share: f64) -> Option<f64> {
    let warm_up = values.len() / 2;
    let mut second: Vec<f64> = values.skip(warm_up).filter(|value| !value.is_nan()).collect();
    if second.is_empty() {
        return None;
    }
    let index = ((second.len() - 1) as f64 * share).round() as usize;
    let (_, value, _) = second.select_nth_unstable_by(index, f64::total_cmp);
    Some(*value)
}

/// Where the high-water mark cannot be reset: the highest resident memory between two iterations.
fn highest_at_rest(series: &Series) -> Option<f64> {
    let (anon, file) = (series.column("rss_anon_bytes")?, series.column("rss_file_bytes")?);
    anon.iter().zip(file).map(|(anon, file)| anon + file).filter(|level| !level.is_nan()).max_by(f64::total_cmp)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_second_half() {
        assert_eq!(quantile([900.0, 900.0, 900.0, 1.0, f64::NAN, 3.0, 2.0].into_iter(), 0.5), Some(2.0));
        assert_eq!(quantile(std::iter::empty(), 0.5), None);
        assert_eq!(quantile([f64::NAN].into_iter(), 0.5), None);
    }
}
