//! What a case came to, as one row: outcome, verdicts with their limits, levels, times.

use serde::{Deserialize, Serialize};

use super::documented::documented_row;
use crate::arm::LiveKind;
use crate::sample::Series;
use crate::suite::{Case, Expectation};

/// What a run is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A case of the suite.
    #[default]
    Case,
    /// The exact-live probe that decides on leaks for cases of the same work.
    Probe,
    /// The same work counted by jemalloc, where glibc's count alone would accuse it of a small leak.
    CrossCheck,
    /// Work with or without a planted leak, which shows whether the verdicts of this run can be trusted.
    Control,
    /// The same run as a case in a process of its own, in which forks give everything back now and then.
    Core,
    /// The work of a case under another arm, to see what a setting does about creep or retention.
    Counterfactual,
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
    /// The second count of the same work, where this one says that it leaks a little.
    pub second: Option<SecondCount<'a>>,
}

/// A second count of live bytes: by jemalloc, which counts no chunks.
#[derive(Debug, Clone, Copy)]
pub struct SecondCount<'a> {
    /// Identifier of the run.
    pub case: &'a str,
    /// Its samples; or why there is nothing to compare with.
    pub counted: Result<&'a Series, &'a str>,
}

impl<'a> LiveSource<'a> {
    /// Which of them decides: an exact counter of the run itself, otherwise the exact-live probe of its work, otherwise
    /// what the run has.
    pub fn deciding(own: Option<Self>, probe: Option<Self>) -> Option<Self> {
        own.filter(|own| own.kind == LiveKind::Exact).or(probe).or(own)
    }
}

/// Where forks gave everything back for a case.
#[derive(Debug, Clone, Copy)]
pub struct CoreSource<'a> {
    /// Identifier of the run.
    pub case: &'a str,
    /// Its samples.
    pub series: &'a Series,
    /// Whether its allocator can give everything back.
    pub complete: bool,
}

documented_row! {
    /// One row of `verdicts.csv`. An empty cell is a value that does not exist.
    VerdictRow {
        /// Identifier of the case.
        case: String,
        /// What the row is: a case of the suite, the exact-live probe of cases of the same work, the cross-check of a leak that it found (cross-check), a control, the fork probe run of a case (core), or the work of a case under another arm (counterfactual).
        role: Role,
        /// Number of the replicate, from 1.
        replicate: u32,
        /// Model.
        model: String,
        /// Runtime as the suite calls it.
        runtime: String,
        /// Engine and version as the child told them.
        runtime_version: String,
        /// The shared library that the engine was loaded from; empty for one inside highwater.
        runtime_library: String,
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
        /// What the child remarked, each remark once.
        notes: String,
        /// Verdict on live bytes.
        live_verdict: String,
        /// The run whose live bytes were judged: the case itself or the exact-live probe of the same work. The columns that follow tell of it, and of the cross-check where that refuted a leak.
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
        /// What jemalloc's count made of a small leak in glibc's: confirmed, refuted, undecided, or absent; empty where it was not asked.
        cross_check: String,
        /// The run in which jemalloc counted.
        cross_check_case: String,
        /// Growth of its count, bytes per iteration.
        cross_check_rate_bytes_per_iteration: Option<f64>,
        /// Why it could not be asked.
        cross_check_reason: String,
        /// Verdict on resident memory; `+retention` where the allocator keeps much of it.
        resident_verdict: String,
        /// Whether the allocator keeps enough at rest to be worth a word: more than 8 MiB and a quarter of the ceiling (fork
        /// probe only).
        resident_retention: Option<bool>,
        /// Looks taken: 1, or as often as the run was doubled and judged again.
        resident_looks: u32,
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
        /// Declared probability of a false creep verdict, over all looks.
        resident_error_rate: Option<f64>,
        /// Iteration by which 95 % of the ceiling was reached.
        resident_reached_iteration: Option<u64>,
        /// Upper limit of growth over the judged half, bytes.
        resident_growth_limit_bytes: Option<f64>,
        /// Iterations that would decide.
        resident_needed_iterations: Option<u64>,
        /// What a creep adds over 10,000 further iterations, at the lower limit of its rate, bytes.
        resident_projection_low_bytes: Option<f64>,
        /// The same at the upper limit, bytes.
        resident_projection_high_bytes: Option<f64>,
        /// Why.
        resident_reason: String,
        /// The run in which forks gave everything back: the case's own or its fork probe run.
        core_case: String,
        /// Whether its allocator can give everything back.
        core_complete: Option<bool>,
        /// What is left after giving everything back does: growth, flat, decelerating, unclear, short (fewer than 28 probes), level-only (the allocator cannot give everything back).
        core_state: String,
        /// Probes made.
        core_probes: Option<u64>,
        /// Median of what is left in the second half, bytes.
        core_bytes: Option<f64>,
        /// Growth of it, bytes per iteration.
        core_rate_bytes_per_iteration: Option<f64>,
        /// Lower limit of it.
        core_low_bytes_per_iteration: Option<f64>,
        /// Upper limit of it.
        core_high_bytes_per_iteration: Option<f64>,
        /// Part of the growth of the peak that giving back does not undo: below 1/2 it is retained, from there on pinned or outside the allocator.
        core_share: Option<f64>,
        /// Median of what the allocator keeps at rest and can give back, bytes.
        reclaimable_bytes: Option<f64>,
        /// Lower end of its 99 % interval, bytes.
        reclaimable_low_bytes: Option<f64>,
        /// Upper end of its 99 % interval, bytes.
        reclaimable_high_bytes: Option<f64>,
        /// What stays although the program does not use it (pages held by small live blocks, memory outside the allocator, stacks, data of libraries), bytes.
        pinned_bytes: Option<f64>,
        /// Median of what `malloc_trim` alone leaves, bytes.
        core_trimmed_bytes: Option<f64>,
        /// Median time until the fork of a probe returned, ms.
        core_fork_ms: Option<f64>,
        /// Median time of a whole probe, ms.
        core_probe_ms: Option<f64>,
        /// Why there was no fork probe run, or remarks on it.
        core_reason: String,
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
        /// How it was judged: upper limit of growth up to which live bytes that do not provably rise are stable, bytes per iteration.
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
            resident_looks: 1,
            judges_resident: case.judging.resident,
            early_stop: case.judging.early_stop,
            reproduce,
            ..VerdictRow::default()
        }
    }

    /// The part of the identifier that rows of the same work share, whatever their arm.
    pub fn work(&self) -> String {
        format!("{}.{}.{}.t{}", self.model, self.runtime, self.workload, self.threads)
    }

    /// Whether something was measured and judged.
    pub fn is_judged(&self) -> bool {
        !self.verdict.is_empty()
    }
}
