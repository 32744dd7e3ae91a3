//! What all processes of one runtime and thread count came to: of every figure the median.

use super::row::PhaseRow;
use crate::analysis::Spread;
use crate::sample::ProfiledPhase;

/// A process that did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellFailure {
    /// Number of the process.
    pub process: u32,
    /// The phase in which it ended.
    pub phase: ProfiledPhase,
    /// How, as one word.
    pub outcome: String,
    /// Why.
    pub detail: String,
}

/// One runtime under one thread count.
#[derive(Debug, Clone, PartialEq)]
pub struct PhaseCell {
    /// Name of the runtime.
    pub runtime: String,
    /// Its threads.
    pub threads: u32,
    /// Processes that ran, whether they came to their end or not.
    pub processes: usize,
    /// Those that did not.
    pub failures: Vec<CellFailure>,
    rows: Vec<PhaseRow>,
}

/// The cells of `rows`, in the order in which they first come.
pub fn cells(rows: &[PhaseRow]) -> Vec<PhaseCell> {
    let mut cells: Vec<PhaseCell> = Vec::new();
    for row in rows {
        let is_its = |cell: &PhaseCell| (&cell.runtime, cell.threads) == (&row.runtime, row.threads);
        match cells.iter_mut().find(|cell| is_its(cell)) {
            Some(cell) => cell.rows.push(row.clone()),
            None => cells.push(PhaseCell {
                runtime: row.runtime.clone(),
                threads: row.threads,
                processes: 0,
                failures: Vec::new(),
                rows: vec![row.clone()],
            }),
        }
    }
    cells.iter_mut().for_each(PhaseCell::sum_up);
    cells
}

/// Processes that came to their end, of the cell where the most did: what its figures are medians of.
pub(super) fn measured_processes(cells: &[PhaseCell]) -> usize {
    cells.iter().map(|cell| cell.processes.saturating_sub(cell.failures.len())).max().unwrap_or(0)
}

impl PhaseCell {
    fn sum_up(&mut self) {
        let mut processes: Vec<u32> = self.rows.iter().map(|row| row.process).collect();
        processes.sort_unstable();
        processes.dedup();
        self.processes = processes.len();
        let failure = |row: &PhaseRow| CellFailure {
            process: row.process,
            phase: row.phase,
            outcome: row.outcome.clone(),
            detail: row.outcome_detail.clone(),
        };
        self.failures = self.rows.iter().filter(|row| !row.is_finished()).map(failure).collect();
        // What a process had measured of the phase in which it ended is nothing.
        self.rows.retain(PhaseRow::is_finished);
    }

    /// A figure of one phase over all processes.
    pub fn spread(&self, phase: ProfiledPhase, figure: impl Fn(&PhaseRow) -> Option<u64>) -> Option<Spread> {
        let rows = self.rows.iter().filter(|row| row.phase == phase);
        Spread::of(rows.map(|row| figure(row).map(|value| value as f64)))
    }

    /// The median of a figure of one phase.
    pub fn median(&self, phase: ProfiledPhase, figure: impl Fn(&PhaseRow) -> Option<u64>) -> Option<f64> {
        self.spread(phase, figure).map(|spread| spread.median)
    }

    /// The median over processes of a figure that several phases make up together: their sum (`join` is addition) or the
    /// largest of them. Absent where any of them is.
    pub fn over(
        &self,
        phases: &[ProfiledPhase],
        figure: impl Fn(&PhaseRow) -> Option<u64>,
        join: fn(u64, u64) -> u64,
    ) -> Option<f64> {
        let of_process = |process: u32| {
            let values = phases.iter().map(|phase| {
                let row = self.rows.iter().find(|row| row.process == process && row.phase == *phase)?;
                figure(row)
            });
            let all: Option<Vec<u64>> = values.collect();
            all?.into_iter().reduce(join).map(|value| value as f64)
        };
        let mut processes: Vec<u32> = self.rows.iter().map(|row| row.process).collect();
        processes.dedup();
        Spread::of(processes.into_iter().map(of_process)).map(|spread| spread.median)
    }

    /// Executions in a phase.
    pub fn runs(&self, phase: ProfiledPhase) -> Option<u64> {
        self.rows.iter().find(|row| row.phase == phase).map(|row| row.runs)
    }

    /// Whether any process came to its end.
    pub fn is_measured(&self) -> bool {
        self.rows.iter().any(|row| row.phase == ProfiledPhase::Steady)
    }

    /// The rows of phases that were measured.
    pub(super) fn rows(&self) -> &[PhaseRow] {
        &self.rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(process: u32, phase: ProfiledPhase, rss: u64) -> PhaseRow {
        let base = PhaseRow { runtime: "rten".into(), threads: 1, process, ..PhaseRow::default() };
        PhaseRow { phase, rss_bytes: Some(rss), outcome: "finished".into(), ..base }
    }

    #[test]
    fn a_cell_is_the_median_of_its_processes_and_keeps_their_failures() {
        use ProfiledPhase::{First, Load, Steady};
        let mut rows = vec![row(1, Load, 10), row(1, First, 5), row(1, Steady, 7), row(2, Load, 30), row(2, First, 90)];
        rows.push(row(2, Steady, 0).ended(Steady, "crashed", "crashed by SIGSEGV"));
        rows.push(PhaseRow { threads: 2, ..row(1, Load, 99) });
        let cells = cells(&rows);
        assert_eq!(cells.len(), 2, "a cell a runtime and thread count");
        let cell = &cells[0];
        assert_eq!((cell.processes, cell.failures.len()), (2, 1));
        assert_eq!((cell.failures[0].process, cell.failures[0].phase), (2, Steady));
        assert_eq!(cell.spread(Load, |row| row.rss_bytes).unwrap(), Spread { low: 10.0, median: 20.0, high: 30.0 });
        assert_eq!(cell.over(&[Load, First], |row| row.rss_bytes, u64::max), Some(50.0));
        assert_eq!(cell.over(&[First, Steady], |row| row.rss_bytes, u64::saturating_add), Some(12.0));
        assert_eq!(cell.median(ProfiledPhase::Prepare, |row| row.rss_bytes), None);
        assert!(cell.is_measured() && !cells[1].is_measured());
        assert_eq!(measured_processes(&cells), 1, "figures are of processes that came to their end");
    }
}
