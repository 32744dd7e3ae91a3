//! From a child that has ended to the row that tells of it.

use super::sentence::sentence;
use super::verdict_row::{CoreSource, LiveSource, VerdictRow};
use crate::analysis::{Assessment, Verdict, judges_mappings};
use crate::runner::{CaseRun, Evidence, FinishReason, Outcome, Said};
use crate::suite::{Case, Expectation};

/// What became of the fork probe run that a case was given.
#[derive(Debug, Clone, Copy)]
pub struct CoreRun<'a> {
    /// Its samples, unless it did not come to its end.
    pub source: Option<CoreSource<'a>>,
    /// Why there are none, or remarks on the run; often empty.
    pub notes: &'a str,
}

/// A case that has run, with what it came to.
#[derive(Debug)]
pub struct CaseReport {
    /// The row of `verdicts.csv`.
    pub row: VerdictRow,
    /// What happened to the child.
    pub outcome: Outcome,
    /// How far it came and its last words.
    pub evidence: Evidence,
    /// What the series means; absent if nothing was measured.
    pub assessment: Option<Assessment>,
}

impl CaseReport {
    /// Judges a run and tells it. `looks` is how often its resident memory was judged, each time with a chance of an error.
    pub fn new(
        case: &Case,
        replicate: u32,
        run: &CaseRun,
        live: Option<LiveSource<'_>>,
        core: Option<CoreRun<'_>>,
        looks: u32,
        reproduce: String,
    ) -> Self {
        let mut row = VerdictRow::of_case(case, replicate, reproduce);
        row.resident_looks = looks;
        if let Some(hello) = &run.hello {
            row.runtime_version = format!("{} {}", hello.runtime, hello.runtime_version).trim_end().to_owned();
            let library = hello.runtime_library.as_deref();
            row.runtime_library = library.map(|path| path.display().to_string()).unwrap_or_default();
            row.allocator = hello.allocator.as_ref().map(ToString::to_string).unwrap_or_default();
        }
        if let Some(reason) = run.hello.as_ref().and_then(|hello| hello.live_absence.clone()) {
            row.live_reason = reason;
        }
        row.judges_mappings = judges_mappings(&case.arm);
        row.outcome = run.outcome.word().into();
        let early = ended_early(run, case);
        row.outcome_detail = match &early {
            Some(early) => format!("finished: {early}"),
            None => detail(&run.outcome, &run.evidence),
        };
        row.notes = run.notes.join("; ");
        row.iterations = run.evidence.iteration;
        row.core_reason = core.map_or("", |core| core.notes).to_owned();
        let CaseRun { outcome, evidence, series, .. } = run;
        let live = live.filter(|_| !series.is_empty());
        let assessment = row.judge(series, live, core.and_then(|core| core.source), outcome.is_finished());
        let failure = if outcome.is_finished() { None } else { Some(row.outcome_detail.as_str()) };
        let told = [Some(sentence(assessment.as_ref(), &row, failure)), early];
        row.sentence = told.into_iter().flatten().collect::<Vec<_>>().join("; ");
        let word = outcome.expectation().or_else(|| assessment.as_ref().map(|found| found.verdict.into()));
        let resident = assessment.as_ref().and_then(|found| found.resident.as_ref());
        let retains = resident.is_some_and(|resident| resident.retention);
        let is_met = |word| case.expect.iter().any(|expected| expected.is_met_by(word, retains));
        // Nothing is expected of a run that only completes what is said of another.
        row.as_expected = case.expect.is_empty() || word.is_some_and(is_met);
        CaseReport { row, outcome: outcome.clone(), evidence: evidence.clone(), assessment }
    }
}

/// That a program ended its work before highwater did, if it did.
fn ended_early(run: &CaseRun, case: &Case) -> Option<String> {
    let by_itself = run.outcome == Outcome::Finished(FinishReason::ByItself);
    let (done, asked) = (run.evidence.iteration, case.limits.iterations);
    by_itself.then(|| format!("the program ended after {done} of {asked} iterations"))
}

/// The outcome with its evidence.
fn detail(outcome: &Outcome, evidence: &Evidence) -> String {
    let place = match outcome {
        Outcome::Finished(_) | Outcome::Skipped { .. } => return outcome.to_string(),
        // Where it was when it had not even begun goes without saying.
        Outcome::Exited { code: 0, said: Said::Nothing { .. } }
        | Outcome::TimedOut { said: Said::Nothing { .. }, .. } => outcome.to_string(),
        Outcome::Crashed { .. }
        | Outcome::Exited { said: Said::Nothing { .. } | Said::Hello, .. }
        | Outcome::TimedOut { .. }
        | Outcome::Interrupted => {
            format!("{outcome} {evidence}")
        }
        Outcome::Exited { said: Said::End, .. }
        | Outcome::Lingered { .. }
        | Outcome::OutOfMemory { .. }
        | Outcome::Failed { .. }
        | Outcome::Incompatible { .. } => {
            format!("{outcome} ({evidence})")
        }
    };
    // What is out of memory, or failed in order, has said why.
    let has_said = matches!(outcome, Outcome::OutOfMemory { .. } | Outcome::Failed { .. });
    match evidence.last_words() {
        Some(line) if !has_said => format!("{place}; last output: {line}"),
        _ => place,
    }
}

impl From<Verdict> for Expectation {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Leak => Expectation::Leak,
            Verdict::ResourceLeak => Expectation::ResourceLeak,
            Verdict::GrowthUnattributed => Expectation::GrowthUnattributed,
            Verdict::CreepLinear => Expectation::CreepLinear,
            Verdict::CreepDecelerating => Expectation::CreepDecelerating,
            Verdict::CreepCore => Expectation::CreepCore,
            Verdict::PeakGrowth => Expectation::PeakGrowth,
            Verdict::Inconclusive => Expectation::Inconclusive,
            Verdict::Plateau => Expectation::Plateau,
            Verdict::Stable => Expectation::Stable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_are_not_those_of_a_backtrace() {
        let output =
            ["plugin failed", "stack backtrace:", "   0: std::panicking", "             at src/x.rs:1", "note: more"];
        let evidence = Evidence {
            iteration: 4,
            output: output.iter().map(|line| (*line).to_owned()).collect(),
            ..Evidence::default()
        };
        let told = detail(&Outcome::Crashed { signal: "SIGABRT".into() }, &evidence);
        assert_eq!(told, "crashed by SIGABRT after iteration 4; last output: plugin failed");
        let told = detail(&Outcome::Exited { code: 3, said: Said::End }, &evidence);
        assert_eq!(told, "exited with code 3 after its end (after iteration 4); last output: plugin failed");
    }
}
