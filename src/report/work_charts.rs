//! The charts of one work under several arms: memory over iterations as small multiples on one scale, and what each arm
//! costs.

use std::collections::BTreeMap;
use std::path::Path;

use super::chart::{self, ArmPanel, ArmProcess, ArmsChart, ChartError, Milliseconds, median};
use super::console::word;
use super::samples_file::Runs;
use super::settings::telling;
use super::verdict_row::{Role, VerdictRow};
use crate::sample::Series;

/// One arm of a work: all its processes, and the numbers that have to live as long as the chart.
struct Arm<'a> {
    /// The process whose samples are shown: the first that finished.
    shown: &'a VerdictRow,
    series: Option<&'a Series>,
    core: Option<&'a Series>,
    verdict: String,
    iterations: Vec<f64>,
    core_iterations: Vec<f64>,
    processes: Vec<ArmProcess>,
    steady_rss_bytes: Option<f64>,
    peak_rss_bytes: Option<f64>,
    time: Option<Milliseconds>,
    minor_faults: Option<f64>,
    note: Option<String>,
}

/// Draws, for every work that ran under more than one arm, `<work>.arms` and `<work>.cost`; gives the number of charts.
///
/// The cases of the suite come first, then the arms that ran only to show what a setting changes.
///
/// # Errors
/// If a chart cannot be drawn or written.
pub fn draw_works(rows: &[VerdictRow], runs: &Runs, folder: &Path) -> Result<usize, ChartError> {
    let mut drawn = 0;
    for (work, arms) in works(rows).iter().filter(|(_, arms)| arms.len() > 1) {
        let arms: Vec<Arm<'_>> = arms.iter().map(|processes| Arm::new(processes, runs)).collect();
        let sentence = comparison(&arms);
        let mut chart = ArmsChart { title: work, sentence: &sentence, panels: arms.iter().map(Arm::panel).collect() };
        chart::write(&chart::cost_chart(&chart)?, &folder.join(format!("{work}.cost")))?;
        chart.sentence = "Anonymous memory, every arm on the same scale.";
        for (arm, panel) in arms.iter().zip(&mut chart.panels) {
            // The lines are anonymous memory of one process, so the levels told beside them are too.
            panel.steady_rss_bytes = arm.shown.steady_anon_bytes.unwrap_or(f64::NAN);
            panel.peak_bytes = arm.shown.resident_ceiling_bytes.unwrap_or(f64::NAN);
        }
        chart::write(&chart::arms_chart(&chart)?, &folder.join(format!("{work}.arms")))?;
        drawn += 2;
    }
    Ok(drawn)
}

/// The works of a run with their arms, and each arm's processes: of the cases first, of counterfactual arms then.
fn works(rows: &[VerdictRow]) -> BTreeMap<String, Vec<Vec<&VerdictRow>>> {
    let mut works: BTreeMap<String, Vec<Vec<&VerdictRow>>> = BTreeMap::new();
    for role in [Role::Case, Role::Counterfactual] {
        for row in rows.iter().filter(|row| row.role == role) {
            let arms = works.entry(row.work()).or_default();
            match arms.iter_mut().find(|processes| processes[0].case == row.case) {
                Some(processes) => processes.push(row),
                None => arms.push(vec![row]),
            }
        }
    }
    works
}

impl<'a> Arm<'a> {
    fn new(processes: &[&'a VerdictRow], runs: &'a Runs) -> Self {
        let shown = processes.iter().find(|row| row.outcome == "finished").unwrap_or(&processes[0]);
        let series = |case: &str| runs.get(&(case.to_owned(), shown.replicate)).map(|run| &run.series);
        let own = series(&shown.case);
        let core = series(&shown.core_case).filter(|core| core.column("core_bytes").is_some());
        let middle = |value: fn(&VerdictRow) -> Option<f64>| median(processes.iter().filter_map(|row| value(row)));
        let low = middle(|row| row.iteration_p5_ms);
        let high = middle(|row| row.iteration_p95_ms);
        let time = middle(|row| row.iteration_ms).zip(low).zip(high);
        Arm {
            shown,
            series: own,
            core,
            verdict: words(processes),
            iterations: numbers(own),
            core_iterations: numbers(core),
            processes: processes.iter().map(|row| process(row)).collect(),
            steady_rss_bytes: middle(|row| row.steady_rss_bytes),
            peak_rss_bytes: middle(|row| row.peak_rss_bytes),
            time: time.map(|((median, low), high)| Milliseconds { median, low, high }),
            minor_faults: middle(|row| row.minor_faults),
            note: (shown.outcome != "finished").then(|| shown.outcome_detail.clone()),
        }
    }

    fn panel(&self) -> ArmPanel<'_> {
        let column = |name: &str| self.series.and_then(|series| series.column(name)).unwrap_or(&[]);
        ArmPanel {
            arm: &self.shown.arm,
            verdict: &self.verdict,
            iterations: &self.iterations,
            anon: column("rss_anon_bytes"),
            peak: column("peak_anon_bytes"),
            live: column("live_bytes"),
            core_iterations: &self.core_iterations,
            core: self.core.and_then(|core| core.column("core_bytes")).unwrap_or(&[]),
            steady_rss_bytes: self.steady_rss_bytes.unwrap_or(f64::NAN),
            peak_bytes: self.peak_rss_bytes.unwrap_or(f64::NAN),
            time: self.time,
            minor_faults: self.minor_faults,
            processes: &self.processes,
            note: self.note.as_deref(),
        }
    }
}

/// The verdicts of an arm's processes, each once.
fn words(processes: &[&VerdictRow]) -> String {
    let mut words: Vec<&str> = Vec::new();
    for word in telling(processes).into_iter().map(word) {
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(" / ")
}

fn process(row: &VerdictRow) -> ArmProcess {
    ArmProcess {
        steady_rss_bytes: row.steady_rss_bytes,
        peak_bytes: row.peak_rss_bytes,
        milliseconds: row.iteration_ms,
    }
}

fn numbers(series: Option<&Series>) -> Vec<f64> {
    (1..=series.map_or(0, Series::len)).map(|iteration| iteration as f64).collect()
}

/// What the arm with the least memory at rest saves against the first arm, and what it costs.
fn comparison(arms: &[Arm<'_>]) -> String {
    let Some((first, first_steady)) = arms.first().and_then(|arm| Some((arm, arm.steady_rss_bytes?))) else {
        return String::new();
    };
    let steady = arms.iter().filter_map(|arm| Some((arm, arm.steady_rss_bytes?)));
    match steady.min_by(|(_, one), (_, other)| one.total_cmp(other)) {
        Some((arm, level)) if level < first_steady => {
            let less = crate::units::signed_bytes(first_steady - level);
            let cost = match (first.time, arm.time) {
                (Some(before), Some(after)) if before.median > 0.0 => {
                    format!(", at {:.2} times the time per iteration", after.median / before.median)
                }
                _ => String::new(),
            };
            format!("{} keeps {less} less at rest than {}{cost}.", arm.shown.arm, first.shown.arm)
        }
        _ => format!("No arm keeps less at rest than {}.", first.shown.arm),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::Sample;

    fn row(role: Role, arm: &str, replicate: u32, steady: f64) -> VerdictRow {
        VerdictRow {
            case: format!("net.rten.recompile.{arm}.t1"),
            role,
            replicate,
            model: "net".into(),
            runtime: "rten".into(),
            workload: "recompile".into(),
            arm: arm.into(),
            threads: 1,
            outcome: "finished".into(),
            verdict: "stable".into(),
            steady_rss_bytes: Some(steady),
            peak_rss_bytes: Some(2.0 * steady),
            iteration_ms: Some(50.0),
            iteration_p5_ms: Some(40.0),
            iteration_p95_ms: Some(60.0),
            ..VerdictRow::default()
        }
    }

    fn arms_of<'a>(rows: &'a [VerdictRow], runs: &'a Runs) -> Vec<Arm<'a>> {
        works(rows)["net.rten.recompile.t1"].iter().map(|processes| Arm::new(processes, runs)).collect()
    }

    #[test]
    fn cases_come_before_arms_that_only_show_a_setting() {
        let rows = [
            row(Role::Probe, "exact-live", 1, 1e6),
            row(Role::Case, "glibc", 1, 50e6),
            row(Role::Core, "glibc", 1, 50e6),
            row(Role::Counterfactual, "trim", 1, 10e6),
            row(Role::Case, "jemalloc", 1, 40e6),
            row(Role::Counterfactual, "glibc", 2, 54e6),
            row(Role::Counterfactual, "trim", 2, 14e6),
            row(Role::Counterfactual, "glibc", 3, 51e6),
        ];
        let runs = Runs::new();
        let arms = arms_of(&rows, &runs);
        let told: Vec<_> = arms.iter().map(|arm| (arm.shown.arm.as_str(), arm.processes.len())).collect();
        assert_eq!(told, [("glibc", 3), ("jemalloc", 1), ("trim", 2)]);
        let levels: Vec<_> = arms.iter().map(|arm| arm.steady_rss_bytes).collect();
        assert_eq!(levels, [Some(51e6), Some(40e6), Some(12e6)]);
        assert_eq!(
            comparison(&arms),
            "trim keeps 39.0 MB less at rest than glibc, at 1.00 times the time per iteration."
        );
    }

    #[test]
    fn an_arm_tells_every_verdict_of_its_processes_once() {
        let mut rows = [1, 2, 3].map(|replicate| row(Role::Counterfactual, "trim", replicate, 1e6));
        rows[1].verdict = "creep-linear".into();
        assert_eq!(words(&rows.iter().collect::<Vec<_>>()), "stable / creep-linear");
    }

    #[test]
    fn a_process_that_failed_is_told_only_if_no_other_finished() {
        let mut rows = [1, 2].map(|replicate| row(Role::Case, "glibc", replicate, 1e6));
        (rows[0].outcome, rows[0].outcome_detail) = ("crashed".into(), "crashed by SIGSEGV".into());
        let runs = Runs::new();
        assert_eq!((arms_of(&rows, &runs)[0].shown.replicate, arms_of(&rows, &runs)[0].note.as_deref()), (2, None));
        assert_eq!(arms_of(&rows[..1], &runs)[0].note.as_deref(), Some("crashed by SIGSEGV"));
    }

    #[test]
    fn both_charts_of_a_work_are_drawn_with_the_forks_of_its_arms() {
        let mut rows = [row(Role::Case, "glibc", 1, 50e6), row(Role::Counterfactual, "trim", 1, 10e6)];
        rows[0].core_case = "net.rten.recompile.glibc.t1.core".into();
        let mut runs = Runs::new();
        for iteration in 1..=40 {
            let core_bytes = (iteration % 4 == 0).then_some(12_000_000);
            let sample = Sample { iteration, rss_anon_bytes: Some(50_000_000), core_bytes, ..Sample::default() };
            runs.entry((rows[0].core_case.clone(), 1)).or_default().series.push(&sample);
        }
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(draw_works(&rows, &runs, folder.path()).unwrap(), 2);
        let drawn = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        assert!(drawn("net.rten.recompile.t1.arms.svg").contains("left after giving back"));
        assert!(drawn("net.rten.recompile.t1.cost.svg").contains("10.0 MB (−80 %)"));
        assert_eq!(draw_works(&rows[..1], &runs, folder.path()).unwrap(), 0, "one arm is no comparison");
    }
}
