//! What a case came to, as one row: outcome, verdicts with their limits, levels, times.

use serde::{Deserialize, Serialize};

use crate::analysis::{Assessment, LiveVerdict, Recorded, assess_recorded};
use crate::arm::LiveKind;
use crate::sample::Series;
use crate::suite::{Case, Expectation, Judging};

/// What a run is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A case of the suite.
    #[default]
    Case,
    /// The exact-live probe that decides on leaks for cases of the same work.
    Probe,
    /// Work with or without a planted leak, which shows whether the verdicts of this run can be trusted.
    Control,
}

/// Whose live bytes decide on a case.
#[derive(Debug, Clone, Copy)]
pub struct LiveSource<'a> {
    /// Identifier of the run.
    pub case: &'a str,
    /// Its samples.
    pub series: &'a Series,
    /// What kind of counter they come from.
    pub kind: LiveKind,
}

/// A creep verdict needs a lower limit above 0 (0.5 %) and at most 7 of 45 falling pairs (0.23 %): at most 0.25 % a look if
/// window means are exchangeable, as three-levels declares it.
const CREEP_ERROR_RATE: f64 = 0.0025;

macro_rules! verdict_row {
    ($($(#[doc = $doc:literal])+ $name:ident: $type:ty,)+) => {
        /// One row of `verdicts.csv`. An empty cell is a value that does not exist.
        #[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
        #[serde(default)]
        pub struct VerdictRow {
            $($(#[doc = $doc])+ pub $name: $type,)+
        }

        impl VerdictRow {
            /// Names of the columns with their meaning, for `results/README.md`.
            pub const MEANINGS: &'static [(&'static str, &'static str)] = &[$((stringify!($name), concat!($($doc),+))),+];
        }
    };
}

verdict_row! {
    /// Identifier of the case.
    case: String,
    /// What the row is: a case of the suite, the exact-live probe of cases of the same work, a control.
    role: Role,
    /// Number of the replicate, from 1.
    replicate: u32,
    /// Model.
    model: String,
    /// Runtime as the suite calls it.
    runtime: String,
    /// Engine and version as the child told them.
    runtime_version: String,
    /// Workload.
    workload: String,
    /// Arm.
    arm: String,
    /// Allocator in force, as found inside the child.
    allocator: String,
    /// Threads.
    threads: u32,
    /// What happened to the child: finished, crashed, exited, timed-out, out-of-memory, failed, incompatible, skipped, interrupted.
    outcome: String,
    /// The outcome in words, with its evidence.
    outcome_detail: String,
    /// Iterations sampled.
    iterations: u64,
    /// The verdict: the worst of live bytes, resources and resident memory; empty if nothing could be judged.
    verdict: String,
    /// What the verdict rests on.
    reason: String,
    /// What the suite expects, separated by blanks.
    expected: String,
    /// Whether verdict or outcome is among the expected.
    as_expected: bool,
    /// Everything in one sentence.
    sentence: String,
    /// Verdict on live bytes.
    live_verdict: String,
    /// The run whose live bytes were judged: the case itself or the exact-live probe of the same work.
    live_case: String,
    /// Kind of counter: exact, tcache (drifts by up to 256 KiB a thread), noisy.
    live_kind: String,
    /// Iterations looked at.
    live_n: Option<u64>,
    /// Growth of live bytes, bytes per iteration.
    live_rate_bytes_per_iteration: Option<f64>,
    /// Lower limit of it.
    live_low_bytes_per_iteration: Option<f64>,
    /// Upper limit of it.
    live_high_bytes_per_iteration: Option<f64>,
    /// Growth exponent: 1 linear, 1/2 square root, 0 logarithm, below 0 saturating.
    live_beta: Option<f64>,
    /// Exact permutation probability of the order of the judged floors.
    live_p: Option<f64>,
    /// Smallest leak that this record would have shown, bytes per iteration.
    live_minimum_detectable_bytes_per_iteration: Option<f64>,
    /// Declared probability of a false leak verdict.
    live_error_rate: Option<f64>,
    /// Last iteration before the judged half.
    live_warm_up_end_iteration: Option<u64>,
    /// Why; where nobody counts live bytes, why not.
    live_reason: String,
    /// Verdict on resident memory.
    resident_verdict: String,
    /// What it rests on: peak (inside each iteration) or at-rest (where the mark cannot be reset).
    resident_source: String,
    /// Iterations judged.
    resident_n: Option<u64>,
    /// Growth of the peak, bytes per iteration.
    resident_rate_bytes_per_iteration: Option<f64>,
    /// Lower 99.5 % limit of it.
    resident_low_bytes_per_iteration: Option<f64>,
    /// Upper 99.5 % limit of it.
    resident_high_bytes_per_iteration: Option<f64>,
    /// Growth exponent.
    resident_beta: Option<f64>,
    /// Exact probability of as few falling pairs among ten window means.
    resident_p: Option<f64>,
    /// Smallest growth that this record would have shown, bytes per iteration.
    resident_minimum_detectable_bytes_per_iteration: Option<f64>,
    /// Highest level of the judged half, bytes.
    resident_ceiling_bytes: Option<f64>,
    /// First iteration of the judged half.
    resident_judged_from_iteration: Option<u64>,
    /// Declared probability of a false creep verdict.
    resident_error_rate: Option<f64>,
    /// Iteration by which 95 % of the ceiling was reached.
    resident_reached_iteration: Option<u64>,
    /// Upper limit of growth over the judged half, bytes.
    resident_growth_limit_bytes: Option<f64>,
    /// Iterations that would decide.
    resident_needed_iterations: Option<u64>,
    /// Why.
    resident_reason: String,
    /// Threads, descriptors or mappings that grow, separated by blanks.
    resource_leaks: String,
    /// Median live bytes of the second half.
    live_bytes: Option<f64>,
    /// Median resident memory at rest of the second half, bytes.
    steady_rss_bytes: Option<f64>,
    /// Median anonymous resident memory at rest of the second half, bytes.
    steady_anon_bytes: Option<f64>,
    /// Highest resident memory of the whole run, bytes.
    peak_rss_bytes: Option<f64>,
    /// Median of anonymous memory at rest less live bytes in the second half: what the allocator keeps, bytes.
    retained_bytes: Option<f64>,
    /// Median high-water mark of `load`, bytes.
    hwm_load_bytes: Option<f64>,
    /// Median high-water mark of `prepare`, bytes.
    hwm_prepare_bytes: Option<f64>,
    /// Median high-water mark of `execute`, bytes.
    hwm_execute_bytes: Option<f64>,
    /// Median resident memory at the end of `execute`, bytes.
    rss_execute_bytes: Option<f64>,
    /// Median time of an iteration, ms.
    iteration_ms: Option<f64>,
    /// 5th percentile of it, ms.
    iteration_p5_ms: Option<f64>,
    /// 95th percentile of it, ms.
    iteration_p95_ms: Option<f64>,
    /// Median time of `load`, ms.
    load_ms: Option<f64>,
    /// Median time of `prepare`, ms.
    prepare_ms: Option<f64>,
    /// Median time of `execute`, ms.
    execute_ms: Option<f64>,
    /// Median minor page faults of an iteration.
    minor_faults: Option<f64>,
    /// Median major page faults of an iteration.
    major_faults: Option<f64>,
    /// Median time that the sampling itself took, µs.
    sampling_us: Option<f64>,
    /// How it was judged: declared end of warm-up, iterations.
    settle_iterations: u64,
    /// How it was judged: tolerated growth of live bytes, bytes per iteration.
    tolerance_bytes_per_iteration: f64,
    /// How it was judged: steps of a scenario cycle.
    cycle: u64,
    /// How it was judged: whether resident memory is judged.
    judges_resident: bool,
    /// How it was judged: whether the live question stops at the first final look.
    early_stop: bool,
    /// How it was judged: whether the count of mappings is judged.
    judges_mappings: bool,
    /// The command that runs this case again.
    reproduce: String,
}

impl VerdictRow {
    /// The row of a case that has not run yet.
    pub(super) fn of_case(case: &Case, replicate: u32, reproduce: String) -> Self {
        let expected: Vec<_> = case.expect.iter().map(Expectation::to_string).collect();
        VerdictRow {
            case: case.id.clone(),
            replicate,
            model: case.model.name.clone(),
            runtime: case.runtime.name.clone(),
            workload: case.workload.name.clone(),
            arm: case.arm.name.clone(),
            threads: case.threads,
            expected: expected.join(" "),
            settle_iterations: case.judging.settle,
            tolerance_bytes_per_iteration: case.judging.tolerance,
            cycle: case.judging.cycle,
            judges_resident: case.judging.resident,
            early_stop: case.judging.early_stop,
            reproduce,
            ..VerdictRow::default()
        }
    }

    /// Fills in what `own`, and the live bytes of `live`, say. A run that did not finish has levels but no verdict.
    pub fn judge(&mut self, own: &Series, live: Option<LiveSource<'_>>, finished: bool) -> Option<Assessment> {
        self.measure(own);
        if own.is_empty() || !finished {
            return None;
        }
        let live_bytes = live.map(|live| (live.series, live.kind));
        let recorded = Recorded { own, live: live_bytes, core: None, judges_mappings: self.judges_mappings };
        let judging = Judging {
            settle: self.settle_iterations,
            tolerance: self.tolerance_bytes_per_iteration,
            cycle: self.cycle,
            resident: self.judges_resident,
            early_stop: self.early_stop,
        };
        let assessment = assess_recorded(&recorded, &judging);
        self.tell(&assessment, live);
        Some(assessment)
    }

    fn tell(&mut self, assessment: &Assessment, live: Option<LiveSource<'_>>) {
        self.verdict = assessment.verdict.to_string();
        self.reason.clone_from(&assessment.reason);
        if let (Some(found), Some(source)) = (&assessment.live, live) {
            self.live_verdict = found.verdict.to_string();
            self.live_case = source.case.to_owned();
            self.live_kind = source.kind.to_string();
            self.live_n = Some(found.n as u64);
            self.live_rate_bytes_per_iteration = number(found.rate);
            self.live_low_bytes_per_iteration = number(found.low);
            self.live_high_bytes_per_iteration = number(found.high);
            self.live_beta = number(found.beta);
            self.live_p = number(found.p);
            self.live_minimum_detectable_bytes_per_iteration = number(found.minimum_detectable);
            self.live_error_rate = number(found.error_rate);
            self.live_warm_up_end_iteration = Some(found.judged_from.saturating_sub(1) as u64);
            self.live_reason.clone_from(&found.reason);
        }
        if let Some(found) = &assessment.resident {
            self.resident_verdict = found.category.to_string();
            self.resident_source = match found.source {
                crate::analysis::ResidentSource::Peak => "peak".into(),
                crate::analysis::ResidentSource::AtRest => "at-rest".into(),
            };
            self.resident_n = Some(found.n as u64);
            self.resident_rate_bytes_per_iteration = number(found.rate);
            self.resident_low_bytes_per_iteration = number(found.low);
            self.resident_high_bytes_per_iteration = number(found.high);
            self.resident_beta = number(found.beta);
            self.resident_p = number(found.p);
            self.resident_minimum_detectable_bytes_per_iteration = number(found.minimum_detectable);
            self.resident_ceiling_bytes = number(found.ceiling);
            self.resident_judged_from_iteration = Some(found.judged_from as u64);
            self.resident_error_rate = Some(CREEP_ERROR_RATE);
            self.resident_reached_iteration = Some(found.reached_at as u64).filter(|iteration| *iteration > 0);
            self.resident_growth_limit_bytes = number(found.growth_limit);
            self.resident_needed_iterations = Some(found.needed);
            self.resident_reason.clone_from(&found.reason);
        }
        let growing = assessment.resources.iter().filter(|(_, found)| found.verdict == LiveVerdict::Leak);
        self.resource_leaks = growing.map(|(resource, _)| resource.to_string()).collect::<Vec<_>>().join(" ");
    }

    /// Levels, times and faults: medians of the second half, where warm-up is over.
    fn measure(&mut self, series: &Series) {
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

    /// Whether something was measured and judged.
    pub fn is_judged(&self) -> bool {
        !self.verdict.is_empty()
    }
}

/// The `share` quantile of the second half of `values`, without the missing ones.
fn quantile(values: impl ExactSizeIterator<Item = f64>, share: f64) -> Option<f64> {
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

fn number(value: f64) -> Option<f64> {
    Some(value).filter(|value| !value.is_nan())
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
