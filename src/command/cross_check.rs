//! A small leak that glibc counts is counted once more, by jemalloc: longer chunks are no leak.

use std::rc::Rc;

use super::measure::Executed;
use super::recorder::assess;
use super::session::{Session, named_arm};
use crate::analysis::{LiveFinding, wants_cross_check};
use crate::arm::LiveKind;
use crate::error::Error;
use crate::report::{CaseReport, LiveSource, Role, SecondCount};
use crate::sample::Series;
use crate::suite::{Allocator, Beside, Case, Judging};

/// The arm of the second count.
const SECOND: &str = "jemalloc-exact";

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
    /// jemalloc's count of the work of `case`, if glibc's exact one, `own`, says that it leaks a little.
    pub(super) fn cross_check(
        &mut self,
        case: &Case,
        replicate: u32,
        own: LiveSource<'_>,
    ) -> Result<Option<Rc<CountedTwice>>, Error> {
        let live_alone = Judging { resident: false, ..case.judging.clone() };
        let leak = assess(case, &live_alone, own.series, Some(own)).live.filter(|found| is_contestable(case, found));
        let (Some(leak), LiveKind::Exact) = (leak, own.kind) else { return Ok(None) };
        let key = (case.work(), replicate);
        if let Some(known) = self.cross_checks.get(&key) {
            return Ok(Some(known.clone()));
        }
        let Some(arm) = named_arm(SECOND) else { return Ok(None) };
        let mut second = case.under(&arm);
        second.id = format!("{}.cross", second.id);
        second.limits.iterations = case.limits.iterations.min(LONGER * leak.n as u64);
        second.limits.until_decided = false;
        second.judging = Judging { early_stop: false, ..live_alone };
        second.beside = Beside { core: false, counterfactual: 0 };
        second.expect = Vec::new();
        self.console.begin(&format!("cross-check of {}", case.work()), second.limits.iterations);
        let Executed { run, looks } = self.execute(&second, replicate, None, None)?;
        let hello = run.hello.as_ref();
        let kind = hello.and_then(|hello| hello.live);
        let count = kind.map(|kind| LiveSource { case: &second.id, series: &run.series, kind, second: None });
        let mut report = CaseReport::new(&second, replicate, &run, count, None, looks, self.command_of(case));
        report.row.role = Role::CrossCheck;
        let counted = match kind {
            _ if !run.outcome.is_finished() => Err(report.row.outcome_detail.clone()),
            Some(LiveKind::Exact) if run.series.len() >= leak.n => Ok(run.series.clone()),
            Some(LiveKind::Exact) => Err(format!("jemalloc counted {} of {} iterations", run.series.len(), leak.n)),
            _ => Err("jemalloc does not count exactly there".to_owned()),
        };
        let told = match &counted {
            Ok(_) => format!(", by jemalloc's count: {}", report.row.sentence.trim_start_matches("live: ")),
            Err(reason) => format!(" is not possible, and glibc's count stands: {reason}"),
        };
        self.console.side_run(&format!("cross-check of {}{told}", case.work()));
        self.verdicts.append(&report.row)?;
        self.rows.push(report.row);
        let counted = Rc::new(CountedTwice { case: second.id, counted });
        self.cross_checks.insert(key, counted.clone());
        Ok(Some(counted))
    }
}
