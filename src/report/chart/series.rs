//! From a million samples to a line that looks the same.

use super::canvas::Point;
use super::scale::Scale;

/// More bytes or iterations than any machine has; what is larger, or no number, counts as not measured.
const ABSURD: f64 = 1e18;

/// Whether `value` is something that was measured.
pub(super) fn is_measured(value: f64) -> bool {
    value.abs() < ABSURD
}

/// What is known of the samples that fall into one column of pixels.
struct Column {
    index: i64,
    first: Point,
    low: Point,
    high: Point,
    last: Point,
}

impl Column {
    fn new(index: i64, point: Point) -> Self {
        Column { index, first: point, low: point, high: point, last: point }
    }

    fn add(&mut self, point: Point) {
        if point.1 < self.low.1 {
            self.low = point;
        }
        if point.1 > self.high.1 {
            self.high = point;
        }
        self.last = point;
    }

    /// First, lowest, highest and last sample in the order in which they were taken.
    fn points(&self) -> Vec<Point> {
        let (early, late) = if self.low.0 <= self.high.0 { (self.low, self.high) } else { (self.high, self.low) };
        let mut points = vec![self.first, early, late, self.last];
        points.dedup();
        points
    }
}

/// The samples as unbroken runs of (iteration, value), at most four points for each column of pixels.
///
/// Each column keeps its first, lowest, highest and last sample, so no peak of any sample is lost. A missing value (NaN) breaks the
/// line, unless `bridges_gaps` says that the series is sparse by nature. One pass, no copy of the samples.
pub(super) fn reduce(iterations: &[f64], values: &[f64], x: &Scale, bridges_gaps: bool) -> Vec<Vec<Point>> {
    let mut runs: Vec<Vec<Point>> = Vec::new();
    let mut run: Vec<Point> = Vec::new();
    let mut column: Option<Column> = None;
    let mut is_after_gap = false;
    for (iteration, value) in iterations.iter().copied().zip(values.iter().copied()) {
        if !(is_measured(iteration) && is_measured(value)) {
            is_after_gap = true;
            continue;
        }
        let index = x.at(iteration).floor() as i64;
        match &mut column {
            Some(current) if current.index == index => current.add((iteration, value)),
            _ => {
                if let Some(done) = column.take() {
                    run.extend(done.points());
                    if is_after_gap && !bridges_gaps && index.abs_diff(done.index) > 1 {
                        runs.push(std::mem::take(&mut run));
                    }
                }
                column = Some(Column::new(index, (iteration, value)));
            }
        }
        is_after_gap = false;
    }
    run.extend(column.iter().flat_map(Column::points));
    runs.extend((!run.is_empty()).then_some(run));
    runs
}

/// The parts of a run whose values lie between `low` and `high`; lines are cut where they leave.
pub(super) fn clip(run: &[Point], low: f64, high: f64) -> Vec<Vec<Point>> {
    let mut parts: Vec<Vec<Point>> = Vec::new();
    let mut part: Vec<Point> = run.first().copied().filter(|(_, y)| (low..=high).contains(y)).into_iter().collect();
    for pair in run.windows(2) {
        let [from, to] = [pair[0], pair[1]];
        let rise = to.1 - from.1;
        let share = |level: f64| (level - from.1) / rise;
        let (enter, leave) = match rise {
            0.0 => (0.0, 1.0),
            _ => (share(low).min(share(high)).max(0.0), share(low).max(share(high)).min(1.0)),
        };
        if enter > leave || (rise == 0.0 && !(low..=high).contains(&from.1)) {
            continue;
        }
        let at = |share: f64| (from.0 + (to.0 - from.0) * share, (from.1 + rise * share).clamp(low, high));
        if enter > 0.0 || part.is_empty() {
            parts.extend((part.len() > 1).then(|| std::mem::take(&mut part)));
            part = vec![at(enter)];
        }
        part.push(at(leave));
        if leave < 1.0 {
            parts.push(std::mem::take(&mut part));
        }
    }
    parts.extend((!part.is_empty()).then_some(part));
    parts
}

/// The last value that was measured.
pub(super) fn last_measured(values: &[f64]) -> Option<f64> {
    values.iter().rev().copied().find(|value| is_measured(*value))
}

/// The median of the measured `values`; for an even number the mean of the two in the middle.
pub(in crate::report) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().filter(|value| is_measured(*value)).collect();
    values.sort_by(f64::total_cmp);
    let upper = *values.get(values.len() / 2)?;
    Some(if values.len() % 2 == 1 { upper } else { (values[values.len() / 2 - 1] + upper) / 2.0 })
}

/// Smallest and largest of the measured `values`.
pub(super) fn extent(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values.into_iter().filter(|value| is_measured(*value)).fold(None, |extent, value| match extent {
        None => Some((value, value)),
        Some((low, high)) => Some((low.min(value), high.max(value))),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const X: Scale = Scale { low: 0.0, high: 100.0, low_pixel: 0.0, high_pixel: 100.0 };

    #[test]
    fn no_peak_is_lost() {
        let iterations: Vec<f64> = (0..100_000).map(|i| f64::from(i) / 1000.0).collect();
        let mut values = vec![1.0; iterations.len()];
        values[55_555] = 9.0;
        values[77_777] = -9.0;
        let runs = reduce(&iterations, &values, &X, false);
        assert_eq!(runs.len(), 1);
        assert!(runs[0].len() <= 400);
        assert!(runs[0].contains(&(55.555, 9.0)) && runs[0].contains(&(77.777, -9.0)));
        assert!(runs[0].windows(2).all(|pair| pair[0].0 <= pair[1].0));
    }

    #[test]
    fn gaps_break_a_line_unless_it_is_sparse() {
        let iterations = [0.0, 10.0, 20.0, 30.0];
        let values = [1.0, f64::NAN, 2.0, 3.0];
        assert_eq!(reduce(&iterations, &values, &X, false), [vec![(0.0, 1.0)], vec![(20.0, 2.0), (30.0, 3.0)]]);
        assert_eq!(reduce(&iterations, &values, &X, true).len(), 1);
        assert!(reduce(&iterations, &[f64::NAN; 4], &X, false).is_empty());
    }

    #[test]
    fn the_median_passes_over_what_was_not_measured() {
        assert_eq!(median([3.0, f64::NAN, 1.0, 2.0]), Some(2.0));
        assert_eq!(median([4.0, 1.0, f64::INFINITY, 2.0, 9.0]), Some(3.0));
        assert_eq!(median([f64::NAN]), None);
    }

    #[test]
    fn lines_are_cut_at_the_edge() {
        let run = [(0.0, 0.0), (10.0, 10.0), (20.0, 0.0), (30.0, 0.0)];
        assert_eq!(clip(&run, -1.0, 5.0), [vec![(0.0, 0.0), (5.0, 5.0)], vec![(15.0, 5.0), (20.0, 0.0), (30.0, 0.0)]]);
        assert_eq!(clip(&run, 0.0, 10.0), [run.to_vec()]);
        assert!(clip(&run, 20.0, 30.0).is_empty());
        assert_eq!(clip(&[(1.0, 3.0)], 0.0, 5.0), [vec![(1.0, 3.0)]]);
    }
}
