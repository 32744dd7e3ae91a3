//! What the settings do about creep and retention: every work that has one of them under one arm, beside its other arms.
//!
//! Made from rows and samples alone, so that a recorded run tells it again.

use std::borrow::Cow;

use super::chart::median;
use super::console::word;
use super::documented::documented_row;
use super::samples_file::Runs;
use super::settings_words::judgement;
use super::verdict_row::{Role, VerdictRow};
use crate::analysis::{ArmDifference, ArmEffect, arm_difference, level_at_peak, level_at_rest};
use crate::sample::Series;

documented_row! {
    /// One row of `settings.csv`: one arm beside the arm that creeps or retains. Without numbers where one of them did not
    /// finish.
    SettingRow {
        /// The work: model, runtime, workload, threads.
        work: String,
        /// The arm that creeps or retains memory.
        base_arm: String,
        /// The arm beside it.
        arm: String,
        /// Processes of the first that were compared.
        base_processes: u32,
        /// Processes of the second that were compared.
        processes: u32,
        /// Iterations of each process that were compared: as many as all of them have.
        iterations: u64,
        /// Verdicts on the first; several where its processes differ.
        base_verdict: String,
        /// Verdicts on the second, or what happened to it.
        verdict: String,
        /// What the second removes of the level at rest (RssAnon and what was swapped out), bytes; negative if it adds.
        removes_at_rest_bytes: Option<f64>,
        /// Lower 99 % limit of it.
        removes_at_rest_low_bytes: Option<f64>,
        /// Upper 99 % limit of it.
        removes_at_rest_high_bytes: Option<f64>,
        /// Whether a difference at rest is proven: its interval does not hold 0.
        at_rest_proven: bool,
        /// What the second removes of the peak inside each iteration, bytes; negative if it adds.
        removes_peak_bytes: Option<f64>,
        /// Lower 99 % limit of it.
        removes_peak_low_bytes: Option<f64>,
        /// Upper 99 % limit of it.
        removes_peak_high_bytes: Option<f64>,
        /// Whether a difference of the peak is proven.
        peak_proven: bool,
        /// Mean level at rest of the first in its second half, bytes.
        base_at_rest_bytes: Option<f64>,
        /// Mean level at rest of the second, bytes.
        at_rest_bytes: Option<f64>,
        /// Mean peak of the first in its second half, bytes.
        base_peak_bytes: Option<f64>,
        /// Mean peak of the second, bytes.
        peak_bytes: Option<f64>,
        /// Median time of an iteration of the first, ms.
        base_iteration_ms: Option<f64>,
        /// Median time of an iteration of the second, ms.
        iteration_ms: Option<f64>,
        /// The second time over the first.
        time_ratio: Option<f64>,
        /// Median minor page faults of an iteration of the first.
        base_minor_faults: Option<f64>,
        /// Median minor page faults of an iteration of the second.
        minor_faults: Option<f64>,
        /// All of it in one sentence.
        judgement: String,
    }
}

impl SettingRow {
    /// What the arm does to the level at rest.
    pub fn at_rest(&self) -> Option<(ArmEffect, [f64; 3])> {
        told(self.removes_at_rest_bytes, self.removes_at_rest_low_bytes, self.removes_at_rest_high_bytes)
    }

    /// What the arm does to the peak.
    pub fn peak(&self) -> Option<(ArmEffect, [f64; 3])> {
        told(self.removes_peak_bytes, self.removes_peak_low_bytes, self.removes_peak_high_bytes)
    }
}

fn told(removes: Option<f64>, low: Option<f64>, high: Option<f64>) -> Option<(ArmEffect, [f64; 3])> {
    let limits = [removes?, low?, high?];
    Some((ArmEffect::of(limits[1], limits[2]), limits))
}

/// The processes of one work under one arm.
struct Arm<'a> {
    name: &'a str,
    rows: Vec<&'a VerdictRow>,
    finished: Vec<(&'a VerdictRow, &'a Series)>,
}

/// The case that the settings of a work are compared with, out of the work's rows: one that creeps or retains memory, under
/// glibc as it comes if it does so there, otherwise the first in row order, the arm of the exact-live probe last. None
/// where live bytes leak under that arm: what the allocator does is not its trouble.
pub fn comparison_base<'a>(rows: &[&'a VerdictRow]) -> Option<&'a VerdictRow> {
    let candidates = rows.iter().filter(|row| row.role == Role::Case && row.wants_comparison());
    let base = candidates.min_by_key(|row| (row.arm != "glibc", row.arm == "exact-live"))?;
    rows.iter().all(|row| row.arm != base.arm || !leaks(row)).then_some(base)
}

/// Compares, for every work that creeps or retains memory, the arm of its [`comparison_base`] with each of the others.
pub fn compare_settings(rows: &[VerdictRow], runs: &Runs) -> Vec<SettingRow> {
    let compared = |row: &&VerdictRow| matches!(row.role, Role::Case | Role::Counterfactual);
    let mut works: Vec<(String, Vec<&VerdictRow>)> = Vec::new();
    for row in rows.iter().filter(compared) {
        match works.iter_mut().find(|(work, _)| *work == row.work()) {
            Some((_, rows)) => rows.push(row),
            None => works.push((row.work(), vec![row])),
        }
    }
    let mut told = Vec::new();
    for (work, rows) in &works {
        let arms = arms(rows, runs);
        let Some(base) = comparison_base(rows) else { continue };
        let Some(base) = arms.iter().find(|arm| arm.name == base.arm) else { continue };
        told.extend(arms.iter().filter(|arm| arm.name != base.name).map(|arm| compare(work, base, arm)));
    }
    told
}

fn creeps(row: &VerdictRow) -> bool {
    row.resident_verdict.starts_with("creep-")
}

impl VerdictRow {
    /// Whether another setting may do better: memory creeps or is retained, and live bytes do not leak.
    pub fn wants_comparison(&self) -> bool {
        (creeps(self) || self.resident_retention == Some(true)) && !leaks(self)
    }
}

fn leaks(row: &VerdictRow) -> bool {
    row.live_verdict == "leak"
}

/// The arms of one work in row order.
fn arms<'a>(rows: &[&'a VerdictRow], runs: &'a Runs) -> Vec<Arm<'a>> {
    let mut arms: Vec<Arm<'_>> = Vec::new();
    for row in rows {
        let index = arms.iter().position(|arm| arm.name == row.arm).unwrap_or_else(|| {
            arms.push(Arm { name: &row.arm, rows: Vec::new(), finished: Vec::new() });
            arms.len() - 1
        });
        arms[index].rows.push(row);
        let run = runs.get(&(row.case.clone(), row.replicate)).filter(|_| row.is_judged());
        arms[index].finished.extend(run.map(|run| (*row, &run.series)));
    }
    arms
}

fn compare(work: &str, base: &Arm<'_>, arm: &Arm<'_>) -> SettingRow {
    let mut told = SettingRow {
        work: work.to_owned(),
        base_arm: base.name.to_owned(),
        arm: arm.name.to_owned(),
        base_processes: base.finished.len() as u32,
        processes: arm.finished.len() as u32,
        base_verdict: verdicts(base),
        verdict: verdicts(arm),
        ..SettingRow::default()
    };
    let lengths = base.finished.iter().chain(&arm.finished).map(|(_, series)| series.len());
    let n = lengths.min().unwrap_or(0);
    if !base.finished.is_empty() && !arm.finished.is_empty() {
        told.iterations = n as u64;
        if let Some(found) = difference(base, arm, n, level_at_rest) {
            told.removes_at_rest_bytes = Some(found.difference);
            told.removes_at_rest_low_bytes = Some(found.low);
            told.removes_at_rest_high_bytes = Some(found.high);
            told.at_rest_proven = found.effect() != ArmEffect::NotProven;
            (told.base_at_rest_bytes, told.at_rest_bytes) = (Some(found.means.0), Some(found.means.1));
        }
        if let Some(found) = difference(base, arm, n, level_at_peak) {
            told.removes_peak_bytes = Some(found.difference);
            told.removes_peak_low_bytes = Some(found.low);
            told.removes_peak_high_bytes = Some(found.high);
            told.peak_proven = found.effect() != ArmEffect::NotProven;
            (told.base_peak_bytes, told.peak_bytes) = (Some(found.means.0), Some(found.means.1));
        }
        told.base_iteration_ms = middle(base, |row| row.iteration_ms);
        told.iteration_ms = middle(arm, |row| row.iteration_ms);
        told.time_ratio = told.iteration_ms.zip(told.base_iteration_ms).map(|(after, before)| after / before);
        told.base_minor_faults = middle(base, |row| row.minor_faults);
        told.minor_faults = middle(arm, |row| row.minor_faults);
    }
    let unfinished = arm.rows.iter().chain(&base.rows).find(|row| !row.is_judged());
    told.judgement = judgement(&told, unfinished.map(|row| row.outcome_detail.as_str()));
    told
}

/// The processes of an arm whose verdicts count. Retention and creep of the core are known only with a fork probe, so where
/// some had one, those.
pub(super) fn telling<'a>(processes: &[&'a VerdictRow]) -> Vec<&'a VerdictRow> {
    let probed: Vec<_> = processes.iter().copied().filter(|row| !row.core_case.is_empty()).collect();
    if probed.is_empty() { processes.to_vec() } else { probed }
}

/// The words of an arm, each once; where no process was probed, a bounded level says so.
fn verdicts(arm: &Arm<'_>) -> String {
    let mut words: Vec<String> = Vec::new();
    for row in telling(&arm.rows) {
        let bounded = matches!(row.verdict.as_str(), "stable" | "plateau");
        let note = if bounded && row.core_case.is_empty() { " (not probed)" } else { "" };
        let told = format!("{}{note}", word(row));
        if !words.contains(&told) {
            words.push(told);
        }
    }
    words.join(", ")
}

/// The difference of a level over the first `n` iterations: while the base creeps it depends on their number.
fn difference(
    base: &Arm<'_>,
    arm: &Arm<'_>,
    n: usize,
    level: fn(&Series) -> Option<Cow<'_, [f64]>>,
) -> Option<ArmDifference> {
    let levels = |arm: &Arm<'_>| -> Option<Vec<Vec<f64>>> {
        arm.finished.iter().map(|(_, series)| Some(level(series)?[..n].to_vec())).collect()
    };
    let (base, arm) = (levels(base)?, levels(arm)?);
    let (base, arm): (Vec<_>, Vec<_>) =
        (base.iter().map(Vec::as_slice).collect(), arm.iter().map(Vec::as_slice).collect());
    arm_difference(&base, &arm)
}

/// Median over the processes of an arm.
fn middle(arm: &Arm<'_>, number: fn(&VerdictRow) -> Option<f64>) -> Option<f64> {
    median(arm.finished.iter().filter_map(|(row, _)| number(row)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::settings_words::best;
    use crate::sample::Sample;

    /// Rows and samples of a recorded run that never was.
    #[derive(Default)]
    struct Recorded {
        rows: Vec<VerdictRow>,
        runs: Runs,
    }

    impl Recorded {
        /// Adds a process of `arm` whose level at rest is `rest` MB in iteration i, and whose peak is 5 MB above.
        fn process(mut self, role: Role, arm: &str, verdict: &str, rest: fn(u64) -> f64) -> Self {
            let replicate = self.rows.iter().filter(|row| row.arm == arm).count() as u32 + 1;
            let row = VerdictRow {
                case: format!("m.rten.recompile.{arm}.t1"),
                role,
                replicate,
                model: "m".into(),
                runtime: "rten".into(),
                workload: "recompile".into(),
                arm: arm.into(),
                threads: 1,
                outcome: "finished".into(),
                verdict: verdict.trim_end_matches("+retention").into(),
                resident_verdict: verdict.into(),
                core_case: format!("m.rten.recompile.{arm}.t1.core"),
                resident_retention: Some(verdict.ends_with("+retention")),
                iteration_ms: Some(if arm == "glibc" { 50.0 } else { 51.0 }),
                minor_faults: Some(if arm == "glibc" { 10.0 } else { 5877.0 }),
                ..VerdictRow::default()
            };
            let series = &mut self.runs.entry((row.case.clone(), replicate)).or_default().series;
            for iteration in 1..=200 {
                let bytes = (1e6 * rest(iteration) + 4096.0 * f64::from(replicate)) as u64;
                series.push(&Sample {
                    iteration,
                    rss_anon_bytes: Some(bytes),
                    peak_anon_bytes: Some(bytes + 5_000_000),
                    ..Sample::default()
                });
            }
            self.rows.push(row);
            self
        }

        fn last(mut self, change: impl FnOnce(&mut VerdictRow)) -> Self {
            self.rows.last_mut().map(change).unwrap();
            self
        }

        fn compared(&self) -> Vec<SettingRow> {
            compare_settings(&self.rows, &self.runs)
        }
    }

    fn wave(iteration: u64) -> f64 {
        (iteration * 7 % 3) as f64 / 10.0
    }

    fn creeping() -> Recorded {
        Recorded::default()
            .process(Role::Case, "glibc", "creep-linear", |i| 90.0 + 4.0 * i as f64)
            .process(Role::Counterfactual, "mmap-threshold-1m", "stable+retention", |i| 78.0 + wave(i))
            .process(Role::Counterfactual, "arena-max-1", "creep-linear", |i| 88.0 + 4.0 * i as f64)
    }

    #[test]
    fn what_ends_a_creep_is_told_with_its_cost() {
        let told = creeping().compared();
        assert_eq!(best(&told), told[0].judgement);
        assert_eq!(told.iter().map(|row| row.at_rest_proven).collect::<Vec<_>>(), [true, false]);
        let table = crate::report::tables::settings(&told, false);
        insta::assert_snapshot!([told[0].judgement.as_str(), &told[1].judgement, &table].join("\n"));
    }

    #[test]
    fn three_processes_of_each_measure_the_setting() {
        let mut recorded = Recorded::default();
        for _ in 0..3 {
            recorded = recorded.process(Role::Case, "glibc", "stable+retention", |i| 61.0 + wave(i));
            recorded = recorded.process(Role::Counterfactual, "trim", "stable", |i| 12.0 + wave(i));
        }
        let told = recorded.compared();
        assert_eq!((told.len(), told[0].base_processes, told[0].processes), (1, 3, 3));
        insta::assert_snapshot!(told[0].judgement);
    }

    #[test]
    fn a_setting_that_needs_more_adds_to_the_peak() {
        let told = Recorded::default()
            .process(Role::Case, "glibc", "stable+retention", |i| 61.0 + wave(i))
            .process(Role::Counterfactual, "mimalloc", "stable", |i| 81.0 + wave(i))
            .compared();
        let judgement = &told[0].judgement;
        assert!(judgement.starts_with("mimalloc adds 20.0 MB ") && judgement.contains(" to the peak, "), "{judgement}");
    }

    /// A process that crept to iteration 200 is compared over the 100 iterations that the other arm has.
    #[test]
    fn arms_are_compared_over_as_many_iterations_as_both_have() {
        let mut recorded = Recorded::default()
            .process(Role::Case, "glibc", "creep-linear", |i| 90.0 + 4.0 * i as f64)
            .process(Role::Case, "trim", "stable", |_| 90.0);
        let short = recorded.runs.values_mut().last().unwrap();
        let level: Vec<f64> = short.series.column("rss_anon_bytes").unwrap()[..100].to_vec();
        short.series = Series::from_columns(vec![("rss_anon_bytes", level)]);
        let told = recorded.compared();
        // The mean of 4 i over 51 to 100.
        assert_eq!((told[0].iterations, told[0].removes_at_rest_bytes), (100, Some(302e6)));
        assert_eq!(told[0].removes_peak_bytes, None, "its peaks were not recorded");
    }

    #[test]
    fn an_arm_that_did_not_finish_has_a_row_with_the_reason() {
        let told = creeping()
            .process(Role::Counterfactual, "jemalloc", "", |_| 50.0)
            .last(|row| {
                row.outcome = "crashed".into();
                row.outcome_detail = "crashed by SIGSEGV in iteration 7".into();
            })
            .compared();
        let crashed = &told[2];
        assert_eq!((crashed.verdict.as_str(), crashed.processes, crashed.removes_at_rest_bytes), ("crashed", 0, None));
        assert_eq!(crashed.judgement, "jemalloc cannot be compared: crashed by SIGSEGV in iteration 7");
    }

    #[test]
    fn only_creep_and_retention_have_settings() {
        let stable = Recorded::default().process(Role::Case, "glibc", "stable", |_| 60.0).process(
            Role::Case,
            "trim",
            "stable",
            |_| 12.0,
        );
        assert_eq!(stable.compared(), []);
        let leaking = creeping();
        let mut rows = leaking.rows.clone();
        rows[0].live_verdict = "leak".into();
        assert_eq!(compare_settings(&rows, &leaking.runs), []);
        let other = Recorded::default()
            .process(Role::Case, "jemalloc", "stable", |_| 60.0)
            .process(Role::Case, "glibc", "plateau+retention", |_| 60.0)
            .compared();
        assert_eq!((other[0].base_arm.as_str(), other[0].arm.as_str()), ("glibc", "jemalloc"));
        assert_eq!(best(&other), "not proven: no setting is shown to remove memory at rest");
    }

    #[test]
    fn settings_are_read_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.csv");
        let rows = creeping().compared();
        super::super::rows_file::write_rows(&path, &rows).unwrap();
        super::super::rows_file::write_rows(&path, &rows).unwrap();
        let read: Vec<SettingRow> =
            csv::Reader::from_path(&path).unwrap().into_deserialize().map(Result::unwrap).collect();
        assert_eq!(read, rows);
    }
}
