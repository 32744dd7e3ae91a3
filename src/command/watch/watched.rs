//! All processes that were watched, counted; those that a chart shows, kept.

use crate::analysis::{History, Verdict, WatchFinding, worst_of};
use crate::report::{MOST_DRAWN, WatchRow};

/// One process that was watched: its row, what was seen, what it came to.
pub(super) type Watched = (WatchRow, History, WatchFinding);

/// Processes that followed each other. A watch that starts a program again for months keeps no more of them than it draws: the
/// last ones, and the one that tells what all come to.
#[derive(Default)]
pub(super) struct AllWatched {
    kept: Vec<Watched>,
    count: usize,
    short: usize,
    error_rate: f64,
}

impl AllWatched {
    /// Takes in the next one.
    pub(super) fn push(&mut self, watched: Watched) {
        self.count += 1;
        if watched.2.is_short() {
            self.short += 1;
        } else {
            self.error_rate = (self.error_rate + watched.2.error_rate).min(1.0);
        }
        self.kept.push(watched);
        if self.kept.len() > MOST_DRAWN {
            let oldest = if self.told() == 0 { 1 } else { 0 };
            self.kept.remove(oldest);
        }
    }

    /// Those that are kept, oldest first.
    pub(super) fn kept(&self) -> &[Watched] {
        &self.kept
    }

    /// Which of those tells what all come to.
    pub(super) fn told(&self) -> usize {
        worst_of(self.kept.iter().map(|(.., found)| found)).unwrap_or(0)
    }

    /// What all come to.
    pub(super) fn verdict(&self) -> Verdict {
        self.kept.get(self.told()).map_or(Verdict::Inconclusive, |(.., found)| found.verdict)
    }

    /// Number of all.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Number of those that were too short to judge.
    pub(super) fn short(&self) -> usize {
        self.short
    }

    /// Declared probability that anything is called growing that is not, in any of those that were judged.
    pub(super) fn error_rate(&self) -> f64 {
        self.error_rate
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Observed;

    /// A process that was seen for so many seconds and grew by so many bytes in each.
    fn watched(segment: u32, seconds: usize, growth: f64) -> Watched {
        let mut row = WatchRow { segment, every_s: 1.0, looks: 1, ..WatchRow::default() };
        let mut history = History::new(1.0);
        for second in 0..seconds {
            history.push(&Observed {
                at: second as f64,
                level: 50e6 + growth * second as f64,
                peak: f64::NAN,
                threads: 1.0,
                descriptors: 3.0,
                mappings: 20.0,
                counter: f64::NAN,
            });
        }
        let found = row.judge(&history);
        (row, history, found)
    }

    fn segments(all: &AllWatched) -> Vec<u32> {
        all.kept().iter().map(|(row, ..)| row.segment).collect()
    }

    #[test]
    fn the_worst_is_kept_among_the_last() {
        let mut all = AllWatched::default();
        assert_eq!((all.verdict(), all.count()), (Verdict::Inconclusive, 0));
        for segment in 1..=40 {
            all.push(watched(segment, 100, if segment == 3 || segment == 7 { 1e6 } else { 0.0 }));
        }
        let last = 30..=40;
        assert_eq!(segments(&all), [7].into_iter().chain(last).collect::<Vec<u32>>());
        assert_eq!((all.told(), all.verdict()), (0, Verdict::GrowthUnattributed));
        assert_eq!((all.count(), all.short()), (40, 0));
    }

    #[test]
    fn chances_of_an_error_add_up_over_those_that_were_judged() {
        let mut all = AllWatched::default();
        [watched(1, 10, 0.0), watched(2, 100, 0.0), watched(3, 100, 1e6)].into_iter().for_each(|one| all.push(one));
        let rates: f64 = all.kept()[1..].iter().map(|(.., found)| found.error_rate).sum();
        assert!((all.error_rate() - rates).abs() < 1e-12 && rates > 0.0, "{rates}");
        assert_eq!(all.short(), 1);
        (0..250).for_each(|segment| all.push(watched(segment, 45, 0.0)));
        assert_eq!(all.error_rate(), 1.0, "a probability");
    }

    #[test]
    fn short_ones_tell_only_where_there_is_no_other() {
        let mut all = AllWatched::default();
        all.push(watched(1, 100, 0.0));
        (2..=30).for_each(|segment| all.push(watched(segment, 5, 0.0)));
        assert_eq!((all.verdict(), all.told(), segments(&all)[..2].to_vec()), (Verdict::Stable, 0, vec![1, 20]));
    }
}
