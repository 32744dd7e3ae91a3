//! The controls of a run: work with a planted fault that must be found, and the same work without it that must not be accused.

use std::path::Path;

use super::cross_check::JEMALLOC_EXACT;
use super::measure::EXACT_LIVE;
use super::session::Session;
use crate::cli::Sabotage;
use crate::error::Error;
use crate::report::console::word;
use crate::report::{CaseReport, Role};
use crate::runner::Outcome;
use crate::suite::{ArmChoice, Case, Expectation, ModelSource, Overrides, RESERVED_MODEL, Settings, from_model};

/// Iterations of the controls: the first look at which a leak can be called with the settling time of 50. Creep can be
/// called from 100 on.
const ITERATIONS: u64 = 112;

/// The work that leaks 64 bytes an iteration, and the same without it.
const LEAKS: &str = "recompile-leak-64";
const CLEAN: &str = "recompile";

/// How the controls came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Controls {
    /// The planted faults were found and the clean work was not accused.
    Passed {
        /// Whether the verdict on resident memory was tried too.
        resident: bool,
    },
    /// One of them came out wrong.
    Failed,
    /// One of them could not be run to its end, and none came out wrong.
    Unfinished,
    /// The run ended before them.
    NotRun,
}

/// What a control is made of.
struct Plan {
    workload: &'static str,
    arm: &'static str,
    expect: Vec<Expectation>,
    judges_resident: bool,
    /// The sabotage that makes it come out wrong, and the workload and arm that do.
    sabotage: (Sabotage, &'static str, &'static str),
}

fn plans(resident: bool) -> Vec<Plan> {
    let steady = || vec![Expectation::Stable, Expectation::Plateau];
    let plan =
        |workload, arm, expect, judges_resident, sabotage| Plan { workload, arm, expect, judges_resident, sabotage };
    let (leaks, clean, creeps) = (LEAKS, CLEAN, "recompile-pin");
    let (default, cured) = ("glibc", "mmap-threshold-1m");
    let mut plans = vec![
        plan(leaks, EXACT_LIVE, vec![Expectation::Leak], false, (Sabotage::Positive, clean, EXACT_LIVE)),
        plan(clean, EXACT_LIVE, steady(), false, (Sabotage::Negative, leaks, EXACT_LIVE)),
    ];
    if resident {
        plans.push(plan(creeps, default, vec![Expectation::Creep], true, (Sabotage::ResidentPositive, creeps, cured)));
        plans.push(plan(creeps, cured, steady(), true, (Sabotage::ResidentNegative, creeps, default)));
    }
    plans
}

impl Session<'_> {
    /// A leak of 64 bytes an iteration must be called one, and the same work without it must not. Where more than one case
    /// is judged on resident memory, pins must be called creep under default glibc, and nothing under a fixed mmap
    /// threshold, which cures them; a single case is spared the seconds that this takes.
    pub(super) fn run_controls(&mut self) -> Result<Controls, Error> {
        let (mut passed, mut finished) = (true, true);
        let resident = self.suite.cases.iter().filter(|case| case.judging.resident).count() > 1;
        for plan in plans(resident) {
            let report = self.run_control(&plan)?;
            if report.outcome == Outcome::Interrupted {
                return Ok(Controls::NotRun);
            }
            match report.outcome.is_finished() {
                true => passed &= report.row.as_expected,
                false => finished = false,
            }
        }
        Ok(match (passed, finished) {
            (true, true) => Controls::Passed { resident },
            (true, false) => Controls::Unfinished,
            (false, _) => Controls::Failed,
        })
    }

    /// Whether jemalloc's count shows a planted leak, or why it is not known to: tried once a run, where it contradicts
    /// glibc's.
    pub(super) fn try_second_count(&mut self) -> Result<Result<(), String>, Error> {
        if let Some(known) = &self.second_count {
            return Ok(known.clone());
        }
        self.console.end_side_run();
        let report = self.run_control(&Plan {
            workload: LEAKS,
            arm: JEMALLOC_EXACT,
            expect: vec![Expectation::Leak],
            judges_resident: false,
            sabotage: (Sabotage::SecondCount, CLEAN, JEMALLOC_EXACT),
        })?;
        let found = match report.row.as_expected {
            true => Ok(()),
            false => Err(format!("its count does not show a planted leak either: {}", report.row.sentence)),
        };
        self.second_count = Some(found.clone());
        Ok(found)
    }

    /// Runs one control, or what sabotages it, and tells how it came out.
    fn run_control(&mut self, plan: &Plan) -> Result<CaseReport, Error> {
        let (saboteur, workload, arm) = plan.sabotage;
        let run = if self.sabotage == Some(saboteur) { (workload, arm) } else { (plan.workload, plan.arm) };
        let case = control(plan, run)?;
        self.console.begin(&format!("control {}", case.id), case.limits.iterations);
        let report = self.measure(&case, 1, Role::Control, None)?;
        let row = &report.row;
        if report.outcome.is_finished() {
            let told = if row.as_expected { "as it must" } else { "WRONG" };
            self.console.side_run(&format!("control {}: {} ({told})\n        {}", row.case, word(row), row.sentence));
        } else if report.outcome != Outcome::Interrupted {
            self.console.side_run(&format!("control {} could not be run: {}", row.case, row.sentence));
        }
        Ok(report)
    }
}

/// A control: a tiny network, so that it costs next to nothing. Its name is that of the plan whatever sabotage runs instead.
fn control(plan: &Plan, (workload, arm): (&str, &str)) -> Result<Case, Error> {
    let case = |workload: &str, arm: &str| {
        let overrides = Overrides {
            workload: Some(workload.into()),
            arms: vec![ArmChoice::Named(arm.into())],
            settings: Settings {
                iterations: Some(ITERATIONS),
                resident: Some(plan.judges_resident),
                core: Some(false),
                counterfactual: Some(0),
                expect: Some(plan.expect.clone()),
                ..Settings::default()
            },
            ..Overrides::default()
        };
        let suite = from_model(Path::new("mlp-small"), &overrides)?;
        suite.cases.into_iter().next().ok_or_else(|| Error::Usage("the control has no case".into()))
    };
    let mut control = case(workload, arm)?;
    debug_assert!(control.model.source != ModelSource::None);
    control.model.name = RESERVED_MODEL.into();
    let named = case(plan.workload, plan.arm)?;
    let run = control.arm.clone();
    control.workload.name = named.workload.name;
    control = control.under(&named.arm);
    control.arm = run;
    Ok(control)
}
