//! What this machine cannot tell of a run.

use crate::report::console::Console;
use crate::runner::CaseRun;

/// Warnings that were given, each of them once a run.
#[derive(Debug, Default)]
pub(super) struct Limits {
    told: Vec<String>,
}

impl Limits {
    /// Warns of what could not be seen of `run`: settings of its arm that are `unverified`, high-water marks where they cannot be
    /// reset, which `without_peaks` says the meaning of; and passes on what the process remarked.
    pub(super) fn tell(&mut self, console: &Console, run: &CaseRun, unverified: Option<&str>, without_peaks: &str) {
        for warning in self.untold(run, unverified, without_peaks) {
            console.warn(&warning);
        }
    }

    /// The warnings that have not been given yet.
    fn untold(&mut self, run: &CaseRun, unverified: Option<&str>, without_peaks: &str) -> Vec<String> {
        let is_blind = run.hello.as_ref().is_some_and(|hello| hello.allocator.is_some() && !hello.peaks);
        let notes = run.notes.iter().map(String::as_str);
        let warnings = is_blind.then_some(without_peaks).into_iter().chain(unverified).chain(notes);
        let before = self.told.len();
        for warning in warnings {
            if !self.told.iter().any(|told| told == warning) {
                self.told.push(warning.to_owned());
            }
        }
        self.told[before..].to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arm::in_force;
    use crate::runner::{Evidence, FinishReason, Outcome};
    use crate::sample::Series;
    use crate::worker::protocol::Hello;

    fn run(hello: Option<Hello>, notes: &[&str]) -> CaseRun {
        CaseRun {
            outcome: Outcome::Finished(FinishReason::AllIterations),
            evidence: Evidence::default(),
            hello,
            series: Series::default(),
            notes: notes.iter().map(|note| (*note).to_owned()).collect(),
        }
    }

    /// Planted: tunables that could not be checked, and a note that comes twice.
    #[test]
    fn unverified_tunables_and_notes_are_told_once() {
        let run = run(None, &["a note", "a note"]);
        let mut limits = Limits::default();
        assert_eq!(
            limits.untold(&run, Some("tunables are not verified"), "no peaks"),
            ["tunables are not verified", "a note"]
        );
        assert_eq!(limits.untold(&run, Some("tunables are not verified"), "no peaks"), [""; 0]);
    }

    /// Planted: marks that cannot be reset. Of a process that was not looked into nothing is known.
    #[test]
    fn that_there_are_no_peaks_is_told_once() {
        let hello = |allocator, peaks| {
            let line = r#"{"protocol":1,"name":"service"}"#;
            Some(Hello { allocator, peaks, ..serde_json::from_str(line).unwrap() })
        };
        let mut limits = Limits::default();
        assert_eq!(limits.untold(&run(hello(None, false), &[]), None, "no peaks"), [""; 0]);
        assert_eq!(limits.untold(&run(hello(Some(in_force()), true), &[]), None, "no peaks"), [""; 0]);
        let blind = run(hello(Some(in_force()), false), &["a note"]);
        assert_eq!(limits.untold(&blind, None, "no peaks"), ["no peaks", "a note"]);
        assert_eq!(limits.untold(&blind, None, "no peaks"), [""; 0]);
    }
}
