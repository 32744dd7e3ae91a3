//! A small leak that glibc counts is counted once more, by jemalloc: longer chunks are no leak.

use std::rc::Rc;

use super::measure::{Executed, longest_run};
use super::recorder::assess;
use super::session::{Session, named_arm};
use crate::analysis::{LiveFinding, Verdict, wants_cross_check};
use crate::arm::LiveKind;
use crate::error::Error;
use crate::report::{CaseReport, LiveSource, Role, SecondCount};
use crate::sample::Series;
use crate::suite::{Allocator, Beside, Case, Judging};

/// The arm of the second count.
pub(super) const JEMALLOC_EXACT: &str = "jemalloc-exact";

/// Iterations of the second count for each one after which the first said leak, as far as the case has them.
const LONGER: u64 = 4;

/// The second count of a work.
pub(super) struct CountedTwice {
    case: String,
    counted: Result<Series, String>,
}

impl CountedTwice {
    pub(super) fn told(&self) -> SecondCount<'_> {
        SecondCount { case: &self.case, counted: self.counted.as_ref().map_err(String::as_str) }
    }
}

/// Whether a leak that a run of `case` shows may be no more than longer chunks of glibc's.
pub(super) fn is_contestable(case: &Case, found: &LiveFinding) -> bool {
    case.arm.allocator == Allocator::Glibc && wants_cross_check(found)
}

impl Session<'_> {
    /// jemalloc's count of the work of `case`, if glibc's exact count `accused`, the case's own or its probe's, says that it
    /// leaks a little.
    pub(super) fn cross_check(
        &mut self,
        case: &Case,
        replicate: u32,
        role: Role,
        accused: LiveSource<'_>,
    ) -> Result<Option<Rc<CountedTwice>>, Error> {
        let is_glibc = accused.case != case.id || case.arm.allocator == Allocator::Glibc;
        if role == Role::Control || accused.kind != LiveKind::Exact || !is_glibc {
            return Ok(None);
        }
        let live_alone = Judging { resident: false, ..case.judging.clone() };
        let leak = assess(case, &live_alone, accused.series, Some(accused)).live.filter(wants_cross_check);
        let (Some(leak), Some(arm)) = (leak, named_arm(JEMALLOC_EXACT)) else { return Ok(None) };
        // A further process of a comparison is checked by the first one's.
        let first = (case.work(), if role == Role::Counterfactual { 1 } else { replicate });
        let key = (case.work(), replicate);
        if let Some(known) = self.cross_checks.get(&key).or_else(|| self.cross_checks.get(&first)) {
            return Ok(Some(known.clone()));
        }
        let mut second = case.under(&arm);
        second.id = format!("{}.cross", second.id);
        second.limits.iterations = longest_run(case).min(LONGER * leak.n as u64).max(leak.n as u64);
        second.limits.time = case.limits.time.map(|time| time * 2);
        second.limits.until_decided = false;
        second.beside = Beside { core: false, counterfactual: 0 };
        second.expect = Vec::new();
        // A run whose resident memory is asked for ends early for a leak alone: a count that stands still takes all of it.
        second.judging = Judging { resident: true, ..live_alone };
        let counted = if self.is_interrupted() {
            CountedTwice { case: second.id, counted: Err("interrupted".into()) }
        } else {
            self.console.begin(&format!("cross-check of {}", case.work()), second.limits.iterations);
            let Executed { run, looks } = self.execute(&second, replicate, None, None)?;
            second.judging = Judging { resident: false, early_stop: false, ..second.judging };
            let kind = run.hello.as_ref().and_then(|hello| hello.live);
            let count = kind.map(|kind| LiveSource { case: &second.id, series: &run.series, kind, second: None });
            let mut report = CaseReport::new(&second, replicate, &run, count, None, looks, self.command_of(case));
            report.row.role = Role::CrossCheck;
            let leaks = report.assessment.as_ref().is_some_and(|found| found.verdict == Verdict::Leak);
            let mut counted = if run.outcome.is_finished() {
                comparable(&run.series, kind, accused.series)
            } else {
                Err(report.row.outcome_detail.clone())
            };
            if counted.is_ok() && !leaks {
                counted = self.try_second_count()?.and(counted);
            }
            let told = match &counted {
                Ok(_) => format!(", by jemalloc's count: {}", report.row.sentence.trim_start_matches("live: ")),
                Err(reason) => format!(" is not possible, and glibc's count stands: {reason}"),
            };
            self.console.side_run(&format!("cross-check of {}{told}", case.work()));
            self.verdicts.append(&report.row)?;
            self.rows.push(report.row);
            CountedTwice { case: second.id, counted }
        };
        let counted = Rc::new(counted);
        self.cross_checks.insert(key, counted.clone());
        Ok(Some(counted))
    }
}

/// The samples of the second count, if it counts what the first one does: a program that asks glibc whatever allocator it has
/// reads nothing but zeros, or what little glibc holds by itself.
fn comparable(second: &Series, kind: Option<LiveKind>, first: &Series) -> Result<Series, String> {
    // Of the same iteration, since the first one grows.
    let index = second.len().min(first.len()).checked_sub(1);
    let level = |series: &Series| series.column("live_bytes")?.get(index?).copied();
    let both = level(second).zip(level(first));
    match (kind, both) {
        (Some(LiveKind::Exact), Some((second_level, first))) if second_level >= first / 2.0 => Ok(second.clone()),
        (Some(LiveKind::Exact), _) => Err("the live bytes under jemalloc are not those of the program".to_owned()),
        _ => Err("live bytes are not exact under jemalloc".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Sample;

    fn counting(start: u64, rate: u64, iterations: u64) -> Series {
        let mut series = Series::default();
        let live = |iteration| Some(start + rate * iteration);
        (1..=iterations)
            .for_each(|iteration| series.push(&Sample { iteration, live_bytes: live(iteration), ..Sample::default() }));
        series
    }

    /// The first count goes on for a thousand iterations, by the end of which it has grown to four times its level.
    #[test]
    fn a_count_of_something_else_is_none() {
        let first = counting(300_000, 1000, 1000);
        let counted = |live, kind| comparable(&counting(live, 900, 112), kind, &first);
        assert!(counted(300_000, Some(LiveKind::Exact)).is_ok());
        for live in [0, 100_000] {
            let reason = counted(live, Some(LiveKind::Exact)).unwrap_err();
            assert_eq!(reason, "the live bytes under jemalloc are not those of the program");
        }
        for kind in [None, Some(LiveKind::Noisy)] {
            assert_eq!(counted(300_000, kind).unwrap_err(), "live bytes are not exact under jemalloc");
        }
    }
}
