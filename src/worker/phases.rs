//! Times and high-water marks of an iteration's phases.
//!
//! A phase's time ends before anything is read and the next begins after the mark was reset: sampling lies between the
//! phases, and what it takes is summed up on its own.

use std::time::{Duration, Instant};

use super::protocol::Message;
use super::session::Wire;
use crate::arm::{LiveCounter, LiveKind};
use crate::runtime::{OwnMemory, Prepared};
use crate::sample::{MemoryLevel, Probe, Sample};
use crate::workload::{CacheEvent, Phase, Phases, Snapshot};

/// Records the phases of one iteration into a sample.
pub(super) struct Recorder<'a> {
    probe: &'a mut Probe,
    counter: &'a LiveCounter,
    wire: &'a mut Wire,
    sample: Sample,
    current: Option<(Phase, Instant)>,
    high_water_mark: Option<u64>,
    sampling_ns: u64,
}

impl<'a> Recorder<'a> {
    /// Starts iteration number `iteration`.
    pub(super) fn start(iteration: u64, probe: &'a mut Probe, counter: &'a LiveCounter, wire: &'a mut Wire) -> Self {
        probe.start_iteration();
        let sample = Sample { iteration, ..Sample::default() };
        Recorder { probe, counter, wire, sample, current: None, high_water_mark: None, sampling_ns: 0 }
    }

    /// Ends the last phase, and gives what was recorded.
    pub(super) fn finish(mut self) -> Recorded {
        self.leave();
        Recorded { sample: self.sample, high_water_mark: self.high_water_mark, sampling_ns: self.sampling_ns }
    }

    fn leave(&mut self) {
        let Some((phase, since)) = self.current.take() else { return };
        let now = Instant::now();
        let level = self.probe.level();
        self.high_water_mark = self.high_water_mark.max(level.high_water_mark);
        end_phase(&mut self.sample, phase, now.duration_since(since), level);
        self.sampling_ns += now.elapsed().as_nanos() as u64;
    }
}

/// Writes what a phase took and came to into its columns.
pub(crate) fn end_phase(sample: &mut Sample, phase: Phase, took: Duration, level: MemoryLevel) {
    let (time, mark) = match phase {
        Phase::Load => (&mut sample.load_us, &mut sample.hwm_load_bytes),
        Phase::Prepare => (&mut sample.prepare_us, &mut sample.hwm_prepare_bytes),
        Phase::Execute => (&mut sample.execute_us, &mut sample.hwm_execute_bytes),
        Phase::Drop => (&mut sample.drop_us, &mut sample.hwm_drop_bytes),
    };
    // A phase can come twice: what an arm trims belongs to `drop`.
    *time = u64::try_from(took.as_micros()).ok().map(|took| took + time.unwrap_or(0));
    *mark = (*mark).max(level.high_water_mark);
    if phase == Phase::Execute {
        sample.rss_execute_bytes = level.resident;
    }
}

impl Phases for Recorder<'_> {
    fn enter(&mut self, phase: Phase) {
        self.leave();
        let now = Instant::now();
        self.probe.reset_high_water_mark();
        self.wire.phase(self.sample.iteration, phase);
        self.sampling_ns += now.elapsed().as_nanos() as u64;
        self.current = Some((phase, Instant::now()));
    }

    fn pause(&mut self) {
        self.leave();
    }

    fn snapshot(&mut self) -> Snapshot {
        let phase = self.current.map(|(phase, _)| phase);
        self.leave();
        let now = Instant::now();
        let (status, reading) = (self.probe.status(), self.counter.read());
        self.sampling_ns += now.elapsed().as_nanos() as u64;
        self.current = phase.map(|phase| (phase, Instant::now()));
        Snapshot {
            rss_anon: status.rss_anon,
            rss_file: status.rss_file,
            used: reading.live,
            arena: reading.arena,
            mapped: reading.mapped,
            free: reading.free,
            top: reading.top,
        }
    }

    fn is_noisy(&self) -> bool {
        self.counter.kind() == Some(LiveKind::Noisy)
    }

    /// An error here shows again with the sample.
    fn cached(&mut self, event: &CacheEvent) {
        let phase = self.current.map(|(phase, _)| phase);
        self.leave();
        let now = Instant::now();
        let _ = self.wire.send(&Message::Cache { iteration: self.sample.iteration, event: *event });
        self.sampling_ns += now.elapsed().as_nanos() as u64;
        self.current = phase.map(|phase| (phase, Instant::now()));
    }

    fn own_memory(&mut self, prepared: &dyn Prepared) {
        let phase = self.current.map(|(phase, _)| phase);
        self.leave();
        let now = Instant::now();
        if let Some(OwnMemory { used, reserved }) = prepared.own_memory() {
            (self.sample.runtime_used_bytes, self.sample.runtime_reserved_bytes) = (Some(used), Some(reserved));
        }
        self.sampling_ns += now.elapsed().as_nanos() as u64;
        self.current = phase.map(|phase| (phase, Instant::now()));
    }

    fn spent_us(&self) -> u64 {
        let sample = &self.sample;
        let over = [sample.load_us, sample.prepare_us, sample.execute_us, sample.drop_us].into_iter().flatten();
        let present = self.current.map_or(0, |(_, since)| since.elapsed().as_micros() as u64);
        over.fold(present, u64::saturating_add)
    }
}

/// The phases of one iteration, recorded.
pub(super) struct Recorded {
    /// The sample so far.
    pub(super) sample: Sample,
    /// Highest mark of all phases, bytes.
    pub(super) high_water_mark: Option<u64>,
    /// What reading and telling took, ns.
    pub(super) sampling_ns: u64,
}
