//! The profile of a model: its phases one after the other, each measured when it is over.
//!
//! What is timed is the runtime's work and nothing else: inputs are made before the first execution, results are dropped
//! after the clock has stopped, and all reading of `/proc` and all telling lies between the timed parts. Everything that
//! the measuring itself needs is allocated and touched before the process's own level is read.

use std::hint::black_box;
use std::io;
use std::time::{Duration, Instant};

use super::protocol::{MOST_LATENCIES, MOST_RUNS, Message, Profile};
use super::session::Wire;
use crate::arm::step_pool;
use crate::model::InputTensor;
use crate::runtime::Prepared;
use crate::sample::{PhaseProbe, Probe, ProfiledPhase};
use crate::workload::{Phase, Phases, Work, WorkError};

/// How often highwater is told that a long phase goes on. It is far below any limit of an iteration's time, and so rare
/// that the runs beside it do not feel it.
const HEARTBEAT: Duration = Duration::from_millis(500);

/// Why a profile ended early.
#[derive(Debug, thiserror::Error)]
pub(super) enum ProfileError {
    /// The model cannot be worked on.
    #[error(transparent)]
    Work(#[from] WorkError),
    /// The parent cannot be told, or `/proc` cannot be read.
    #[error(transparent)]
    Telling(#[from] io::Error),
    /// More executions than there is room for.
    #[error("at most {MOST_RUNS} executions can be timed, not {0}")]
    TooMany(u64),
}

/// Takes the model of `work` through all phases and tells the figures of each.
pub(super) fn measure(profile: &Profile, work: &Work, probe: Probe, wire: &mut Wire) -> Result<(), ProfileError> {
    if profile.runs > MOST_RUNS {
        return Err(ProfileError::TooMany(profile.runs));
    }
    let mut times = vec![1u64; profile.runs as usize];
    let mut profiler = Profiler::start(PhaseProbe::open(probe, profile.poll)?, wire)?;
    let mut prepared = work.prepare(&mut profiler)?;
    profiler.leave();
    let inputs = work.inputs(prepared.as_ref())?;
    profiler.current = ProfiledPhase::First;
    profiler.execute(prepared.as_mut(), &inputs, 1, &mut [])?;
    profiler.current = ProfiledPhase::WarmUp;
    profiler.execute(prepared.as_mut(), &inputs, profile.warmup, &mut [])?;
    profiler.current = ProfiledPhase::Steady;
    profiler.execute(prepared.as_mut(), &inputs, profile.runs, &mut times)?;
    for text in work.remarks_on(prepared.as_ref()) {
        profiler.tell(&Message::Note { text });
    }
    profiler.end()
}

/// Measures the phases that it is told of.
struct Profiler<'a> {
    probe: PhaseProbe,
    wire: &'a mut Wire,
    current: ProfiledPhase,
    /// When the phase began, while one is measured.
    since: Option<Instant>,
    /// The first error of the wire: what hears of phases cannot refuse them.
    broken: Option<io::Error>,
}

impl<'a> Profiler<'a> {
    /// Tells what the process takes before the model's turn.
    fn start(mut probe: PhaseProbe, wire: &'a mut Wire) -> io::Result<Self> {
        let figures = probe.start();
        wire.send(&Message::Profiled(figures))?;
        Ok(Profiler { probe, wire, current: ProfiledPhase::Start, since: None, broken: None })
    }

    /// Ends the phase that is measured, and tells its figures.
    fn leave(&mut self) {
        let Some(since) = self.since.take() else { return };
        let time = since.elapsed();
        let figures = self.probe.end(self.current, 0, time);
        self.tell(&Message::Profiled(figures));
    }

    fn tell(&mut self, message: &Message) {
        if self.broken.is_none() {
            self.broken = self.wire.send(message).err();
        }
    }

    /// Executes the model `runs` times as the present phase. Each time goes to `times`, as far as there is room.
    fn execute(
        &mut self,
        prepared: &mut dyn Prepared,
        inputs: &[InputTensor],
        runs: u64,
        times: &mut [u64],
    ) -> Result<(), ProfileError> {
        self.wire.phase(1, Phase::Execute);
        self.probe.begin();
        let mut told = Instant::now();
        let mut whole = Duration::ZERO;
        let mut done = 0;
        while done < runs && !self.wire.is_told_to_stop() {
            // A step of the pool is one inference, from its first allocation until its result is dropped.
            let step = step_pool::PROCESS.step();
            let since = Instant::now();
            let outputs = prepared.execute(inputs);
            let time = since.elapsed();
            drop(black_box(outputs.map_err(WorkError::from)?));
            drop(step);
            whole += time;
            if let Some(place) = times.get_mut(done as usize) {
                *place = time.as_nanos() as u64;
            }
            done += 1;
            if told.elapsed() >= HEARTBEAT {
                self.wire.phase(done, Phase::Execute);
                told = Instant::now();
            }
        }
        let figures = self.probe.end(self.current, done, whole);
        for nanoseconds in times.get(..done as usize).unwrap_or_default().chunks(MOST_LATENCIES) {
            self.tell(&Message::Latencies { nanoseconds: nanoseconds.to_vec() });
        }
        self.tell(&Message::Profiled(figures));
        Ok(())
    }

    /// All phases are told, unless the wire broke on the way.
    fn end(self) -> Result<(), ProfileError> {
        self.broken.map_or(Ok(()), |error| Err(error.into()))
    }
}

impl Phases for Profiler<'_> {
    fn enter(&mut self, phase: Phase) {
        self.leave();
        self.current = match phase {
            Phase::Load => ProfiledPhase::Load,
            Phase::Prepare => ProfiledPhase::Prepare,
            // Executions are measured one by one, and what comes after them is not part of a profile.
            Phase::Execute | Phase::Drop => return,
        };
        self.wire.phase(1, phase);
        self.probe.begin();
        self.since = Some(Instant::now());
    }
}
