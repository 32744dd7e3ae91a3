//! What happens while a child runs: every sample goes to disk, the progress line moves, a final verdict ends the run.

use crate::analysis::{LiveVerdict, Recorded, Settings, Verdict, assess_recorded, is_look, live_is_final, live_series};
use crate::arm::LiveKind;
use crate::error::Error;
use crate::report::SamplesFile;
use crate::report::console::Console;
use crate::runner::Observer;
use crate::sample::{Sample, Series};
use crate::suite::{Allocator, Case};
use crate::worker::protocol::Hello;

/// Writes samples, decides on early stops, moves the progress line.
pub(super) struct Recorder<'a> {
    case: &'a Case,
    replicate: u32,
    samples: &'a mut SamplesFile,
    console: &'a mut Console,
    said: Verdict,
    iteration: u64,
}

impl<'a> Recorder<'a> {
    /// A recorder of one run.
    pub(super) fn new(case: &'a Case, replicate: u32, samples: &'a mut SamplesFile, console: &'a mut Console) -> Self {
        Recorder { case, replicate, samples, console, said: Verdict::Inconclusive, iteration: 0 }
    }
}

impl Observer for Recorder<'_> {
    fn sampled(&mut self, sample: &Sample, _series: &Series) -> Result<(), Error> {
        self.iteration = sample.iteration;
        self.samples.append(&self.case.id, self.replicate, sample)
    }

    /// The verdict is final when live bytes leak, or when they are decided and nothing else is asked.
    fn is_final(&mut self, series: &Series, hello: &Hello) -> bool {
        let judging = &self.case.judging;
        let kind = hello.live;
        if !is_look(series.len()) {
            return false;
        }
        let recorded = Recorded {
            own: series,
            live: kind.map(|kind| (series, kind)),
            core: None,
            judges_mappings: self.case.arm.allocator == Allocator::Glibc,
        };
        self.said = assess_recorded(&recorded, judging).verdict;
        let Some(live) = kind.filter(|kind| *kind == LiveKind::Exact).and_then(|kind| live_series(series, kind)) else {
            return false;
        };
        let settings = Settings::from(judging);
        let counts_stand_still =
            || ["threads", "descriptors", "mappings"].iter().all(|name| stands_still(series.column(name)));
        live_is_final(&live, &settings)
            .is_some_and(|found| found.verdict == LiveVerdict::Leak || (!judging.resident && counts_stand_still()))
    }

    fn tick(&mut self) {
        let said = if self.iteration < 28 { "measuring".to_owned() } else { format!("so far {}", self.said) };
        self.console.advance(self.iteration, &said);
    }
}

/// Whether a count has not changed over the second half of the run so far. While one does, a run goes on: what grows there is
/// judged when warm-up is over.
fn stands_still(counts: Option<&[f64]>) -> bool {
    let Some(counts) = counts else { return true };
    let second = &counts[counts.len() / 2..];
    second.iter().all(|count| *count == second[0])
}
