//! What happens while a child runs: every sample goes to disk, the progress line moves, a final verdict ends the run.

use super::cross_check::is_contestable;
use super::measure::longest_run;
use crate::analysis::{
    Assessment, LiveVerdict, Recorded, ResidentCategory, Settings, Verdict, assess_recorded, is_look, judges_mappings,
    live_bytes, live_is_final, live_series,
};
use crate::arm::LiveKind;
use crate::error::Error;
use crate::report::console::Console;
use crate::report::{CacheFile, LiveSource, SamplesFile};
use crate::runner::Observer;
use crate::sample::{Sample, Series};
use crate::suite::{Case, Judging};
use crate::worker::protocol::Hello;
use crate::workload::CacheEvent;

/// The files that a run is recorded in.
pub(super) struct Files<'a> {
    /// `samples.csv`.
    pub(super) samples: &'a mut SamplesFile,
    /// `cache.csv`.
    pub(super) cache: &'a mut CacheFile,
}

/// Writes samples, decides on early stops and on going on, moves the progress line.
pub(super) struct Recorder<'a> {
    case: &'a Case,
    replicate: u32,
    files: Files<'a>,
    console: &'a mut Console,
    /// Live bytes of the exact-live probe, where they decide.
    probe: Option<LiveSource<'a>>,
    said: Verdict,
    iteration: u64,
    /// Iteration of the next look at resident memory, where the run may go on beyond the iterations of its case.
    due: u64,
}

impl<'a> Recorder<'a> {
    /// A recorder of one run.
    pub(super) fn new(
        case: &'a Case,
        replicate: u32,
        files: Files<'a>,
        console: &'a mut Console,
        probe: Option<LiveSource<'a>>,
    ) -> Self {
        let due = case.limits.iterations;
        Recorder { case, replicate, files, console, probe, said: Verdict::Inconclusive, iteration: 0, due }
    }

    /// How often resident memory was looked at: each look has its own chance of an error.
    pub(super) fn looks(&self) -> u32 {
        1 + (self.due / self.case.limits.iterations).ilog2()
    }

    fn assess(&mut self, series: &Series, live: Option<LiveSource<'_>>) -> Assessment {
        let found = assess(self.case, &self.case.judging, series, live);
        self.said = found.verdict;
        found
    }

    /// Whether a run that goes on until it is decided ends here. Undecided, it goes on to twice its length.
    fn is_decided(&mut self, series: &Series, own: Option<LiveSource<'_>>) -> bool {
        let found = self.assess(series, LiveSource::deciding(own, self.probe));
        let is_open = found
            .resident
            .is_some_and(|resident| resident.category == ResidentCategory::Inconclusive && !resident.explained_by_live);
        let is_beyond_doubt = found.live.is_some_and(|live| !is_contestable(self.case, &live));
        let leaks = found.verdict == Verdict::Leak && is_beyond_doubt;
        if !is_open || leaks || self.due >= longest_run(self.case) {
            return true;
        }
        self.due = self.due.saturating_mul(2);
        self.console.extend(self.due);
        false
    }
}

impl Observer for Recorder<'_> {
    fn sampled(&mut self, sample: &Sample, _series: &Series) -> Result<(), Error> {
        self.iteration = sample.iteration;
        self.files.samples.append(&self.case.id, self.replicate, sample)
    }

    fn cached(&mut self, iteration: u64, event: &CacheEvent) -> Result<(), Error> {
        let name = self.case.model.members().get(event.model).map_or("", |model| model.name.as_str());
        self.files.cache.append((&self.case.id, self.replicate), iteration, name, event)
    }

    /// The verdict is final when live bytes leak beyond doubt, or when they are decided and nothing else is asked; and when
    /// resident memory is decided in a run that goes on until it is.
    fn is_final(&mut self, series: &Series, hello: &Hello) -> bool {
        let judging = &self.case.judging;
        let kind = hello.live;
        let own = kind.map(|kind| LiveSource { case: &self.case.id, series, kind, second: None });
        if series.len() as u64 == self.due && longest_run(self.case) > self.case.limits.iterations {
            return self.is_decided(series, own);
        }
        if !is_look(series.len()) {
            return false;
        }
        self.assess(series, own);
        let Some(bytes) = live_bytes(series).filter(|_| kind == Some(LiveKind::Exact)) else {
            return false;
        };
        let live = live_series(series, LiveKind::Exact, &bytes);
        let settings = Settings::from(judging);
        let counts_stand_still =
            || ["threads", "descriptors", "mappings"].iter().all(|name| stands_still(series.column(name)));
        // What a second count may refute ends nothing that is asked besides: resident memory, and counts that still move.
        live_is_final(&live, &settings).is_some_and(|found| {
            let leaks = found.verdict == LiveVerdict::Leak && !is_contestable(self.case, &found);
            leaks || (!judging.resident && counts_stand_still())
        })
    }

    fn tick(&mut self) {
        let said = if self.iteration < 28 { "measuring".to_owned() } else { format!("so far {}", self.said) };
        self.console.advance(self.iteration, &said);
    }
}

/// What a run says so far, without its fork probes.
pub(super) fn assess(case: &Case, judging: &Judging, series: &Series, live: Option<LiveSource<'_>>) -> Assessment {
    let second = live.and_then(|live| live.second?.counted.ok());
    let live = live.map(|live| (live.series, live.kind));
    let judges_mappings = judges_mappings(&case.arm);
    assess_recorded(&Recorded { own: series, live, second, core: None, judges_mappings }, judging)
}

/// Whether a count has not changed over the second half of the run so far. While one does, a run goes on: what grows there is
/// judged when warm-up is over.
fn stands_still(counts: Option<&[f64]>) -> bool {
    let Some(counts) = counts else { return true };
    let second = &counts[counts.len() / 2..];
    second.iter().all(|count| *count == second[0])
}
