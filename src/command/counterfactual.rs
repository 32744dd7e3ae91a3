//! What would another setting have done? The work of a case that creeps or retains, again under the settings that may help.

use super::session::Session;
use crate::error::Error;
use crate::report::{Role, VerdictRow, comparison_base};
use crate::suite::{Allocator, ArmSpec, Case};

/// Settings that are compared with an arm of glibc: each of the remedies in the documents of OpenVINO, InvokeAI and DeepRec.
const BESIDE_GLIBC: [&str; 5] = ["mmap-threshold-1m", "trim-threshold-64k", "trim", "arena-max-1", "jemalloc"];
/// With an arm of jemalloc: pages given back at once, and glibc.
const BESIDE_JEMALLOC: [&str; 2] = ["jemalloc-decay-0", "glibc"];
/// With an arm of mimalloc.
const BESIDE_MIMALLOC: [&str; 2] = ["mimalloc-purge-0", "glibc"];
/// With any other allocator.
const BESIDE_OTHERS: [&str; 1] = ["glibc"];

impl Session<'_> {
    /// Runs what is missing of every comparison: for each work the case that creeps or retains, and the settings beside it,
    /// in as many processes each as the case asks for, or as the suite has of every case. Runs of the suite itself count.
    pub(super) fn run_counterfactuals(&mut self) -> Result<(), Error> {
        let suite = self.suite;
        let mut works: Vec<String> = Vec::new();
        for case in suite.cases.iter().filter(|case| case.beside.counterfactual > 0) {
            let work = case.work();
            if self.is_interrupted() || works.contains(&work) {
                continue;
            }
            let rows: Vec<&VerdictRow> =
                self.rows.iter().filter(|row| row.work() == work && is_compared(row)).collect();
            let base = comparison_base(&rows).map(|row| (row.case.clone(), row.iterations));
            works.push(work);
            let found =
                base.and_then(|(id, iterations)| Some((suite.cases.iter().find(|case| case.id == id)?, iterations)));
            if let Some((base, iterations)) = found {
                self.compare(base, case.beside.counterfactual, iterations)?;
            }
        }
        Ok(())
    }

    fn compare(&mut self, base: &Case, processes: u32, iterations: u64) -> Result<(), Error> {
        let mut runs = vec![counterfactual(base, &base.arm, iterations)];
        for arm in self.settings_beside(base) {
            runs.push(counterfactual(base, &arm, iterations));
        }
        let missing: Vec<(u32, &Case)> = (1..=processes.max(self.suite.replicates))
            // In turn, so that what changes on the machine meanwhile falls on all settings alike.
            .flat_map(|replicate| runs.iter().map(move |run| (replicate, run)))
            .filter(|(replicate, run)| {
                !self.rows.iter().any(|row| is_compared(row) && row.case == run.id && row.replicate == *replicate)
            })
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = runs[1..].iter().map(|run| run.arm.name.as_str()).collect();
        self.console.say(&format!(
            "{} is compared with {}: {} more runs of {iterations} iterations (--no-counterfactual skips them)",
            base.id,
            names.join(", "),
            missing.len()
        ));
        for (number, (replicate, run)) in missing.iter().enumerate() {
            if self.is_interrupted() {
                return Ok(());
            }
            self.console.begin(&format!("compare {}/{} {}", number + 1, missing.len(), run.id), iterations);
            let report = self.measure(run, *replicate, Role::Counterfactual, Some(&run.work()))?;
            self.console.end_side_run();
            if !report.outcome.is_finished() {
                self.console.warn(&format!("{}: {}", run.id, report.row.sentence));
            }
        }
        Ok(())
    }

    /// The settings to compare with, as the suite's catalogue has them.
    fn settings_beside(&self, base: &Case) -> Vec<ArmSpec> {
        let names: &[&str] = match base.arm.allocator {
            Allocator::Glibc => &BESIDE_GLIBC,
            Allocator::Jemalloc => &BESIDE_JEMALLOC,
            Allocator::Mimalloc => &BESIDE_MIMALLOC,
            Allocator::Tcmalloc | Allocator::Library(_) => &BESIDE_OTHERS,
        };
        names
            .iter()
            .filter(|name| **name != base.arm.name)
            .filter_map(|name| self.suite.catalogue.arms.get(*name))
            .map(|entry| entry.spec.clone())
            .collect()
    }
}

fn is_compared(row: &VerdictRow) -> bool {
    matches!(row.role, Role::Case | Role::Counterfactual)
}

/// The same work under `arm`, as long as the base was and probed if it was, with nothing expected of it.
fn counterfactual(base: &Case, arm: &ArmSpec, iterations: u64) -> Case {
    let mut case = base.under(arm);
    case.limits.iterations = iterations;
    case.limits.until_decided = false;
    case.beside.counterfactual = 0;
    case.expect = Vec::new();
    case
}
