//! The child's side of a run, from the first line of the protocol to the last.

use std::env;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::time::Instant;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, setrlimit};
use serde::Serialize;

use super::companions::{CompanionError, Companions};
use super::core::CoreProbes;
use super::lineage::tie_to_parent;
use super::phases::Recorder;
use super::profile;
use super::protocol::{Hello, Job, LONGEST_LINE, LONGEST_TEXT, Message, VERSION};
use crate::arm::step_pool::{self, StepPoolOwner, VariableError};
use crate::arm::{self, LiveCounter};
use crate::error::chain;
use crate::sample::{Probe, Sample};
use crate::suite::Fault;
use crate::workload::{Phase, Phases, Work, WorkError};

/// Environment variable with the number of the protocol's descriptor.
pub const DESCRIPTOR_VARIABLE: &str = "HIGHWATER_FD";

/// Environment variable with the folder for temporary files, which is the worker's own.
pub const TEMPORARY_VARIABLE: &str = "TMPDIR";

/// How the child's side ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// All that was asked was done and told.
    Done,
    /// The work failed; the parent was told.
    Failed,
}

/// Serves one job on the descriptor named in the environment.
///
/// # Errors
/// If there is no usable descriptor, or the parent goes away. Failures of the work itself are told over the protocol.
pub fn serve() -> io::Result<Ended> {
    let stream = take_descriptor()?;
    tie_to_parent()?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let job = read_job(&mut reader)?;
    let mut wire = Wire { stream, line: Vec::with_capacity(LONGEST_LINE) };
    wire.line.resize(LONGEST_LINE, 1);
    match work(&job, &mut wire) {
        Ok(()) => {
            wire.send(&Message::End {})?;
            Ok(Ended::Done)
        }
        Err(Interruption { iteration, message, is_incompatible }) => {
            let message = message.chars().take(LONGEST_TEXT).collect();
            wire.send(&match is_incompatible {
                true => Message::Incompatible { message },
                false => Message::Failed { iteration, message },
            })?;
            Ok(Ended::Failed)
        }
    }
}

/// Why the work did not come to its end.
struct Interruption {
    iteration: u64,
    message: String,
    is_incompatible: bool,
}

impl Interruption {
    /// The work failed in `iteration`.
    fn of(iteration: u64) -> impl Fn(&WorkError) -> Interruption {
        move |error: &WorkError| Interruption {
            iteration,
            message: chain(error),
            is_incompatible: error.is_incompatible(),
        }
    }

    /// A companion gave up when the measured process was in `iteration`.
    fn of_companion(iteration: u64) -> impl Fn(&CompanionError) -> Interruption {
        move |error: &CompanionError| Interruption {
            iteration,
            message: chain(error),
            is_incompatible: error.is_incompatible(),
        }
    }
}

fn work(job: &Job, wire: &mut Wire) -> Result<(), Interruption> {
    let at = |iteration: u64| {
        move |error: &dyn std::error::Error| Interruption { iteration, message: chain(error), is_incompatible: false }
    };
    if let Some(bytes) = job.case.limits.memory_bytes {
        setrlimit(Resource::RLIMIT_AS, bytes, bytes).map_err(|error| at(0)(&error))?;
    }
    setrlimit(Resource::RLIMIT_CORE, 0, 0).map_err(|error| at(0)(&error))?;
    // Before a planted fault could get in the way of starting a process.
    let mut companions = Companions::start(job).map_err(|error| Interruption::of_companion(0)(&error))?;
    // Before anything looks at the allocator, which is another one with a step pool in front of it.
    let step_pool = open_step_pool(job).map_err(|error| at(0)(&error))?;
    let allocator = arm::in_force();
    let counter = LiveCounter::detect(&allocator);
    let mut work = Work::set_up(&job.case, &job.models, &job.scratch).map_err(|error| Interruption::of(0)(&error))?;
    companions.wait_until_ready().map_err(|error| Interruption::of_companion(0)(&error))?;
    let mut probe = Probe::open().map_err(|error| at(0)(&error))?;
    let (mut core_probes, core_ability) =
        job.core_every.map(|every| CoreProbes::open(every, &allocator, job.case.limits.iteration_time)).unzip();
    let identity = work.identity();
    let hello = Message::Hello(Hello {
        protocol: VERSION,
        pid: Some(std::process::id()),
        runtime: identity.as_ref().map_or("none", |identity| identity.name).to_owned(),
        runtime_version: identity.as_ref().map_or_else(String::new, |identity| identity.version.clone()),
        runtime_library: identity.and_then(|identity| identity.library),
        allocator: Some(allocator),
        live: counter.kind(),
        live_absence: counter.absence().map(str::to_owned),
        peaks: probe.sees_peaks(),
        trims: true,
        core: core_ability,
    });
    wire.send(&hello).map_err(|error| at(0)(&error))?;
    drop(hello);
    if job.companion {
        return accompany(job, &mut work, wire);
    }
    if let Some(profile) = &job.profile {
        profile::measure(profile, &work, probe, wire).map_err(|error| at(0)(&error))?;
        if let Some(owner) = &step_pool {
            wire.send(&Message::Note { text: pool_note(job, owner) }).map_err(|error| at(0)(&error))?;
        }
        return Ok(());
    }

    let start = Instant::now();
    let mut done = 0;
    while done < job.case.limits.iterations && !wire.is_told_to_stop() {
        let iteration = done + 1;
        if matches!(job.case.workload.fault, Some(Fault::Garbage { at }) if at == iteration) {
            wire.send_garbage().map_err(|error| at(iteration)(&error))?;
        }
        let mut recorder = Recorder::start(iteration, &mut probe, &counter, wire);
        work.iterate(iteration, &mut recorder).map_err(|error| Interruption::of(iteration)(&error))?;
        companions.check().map_err(|error| Interruption::of_companion(iteration)(&error))?;
        if job.case.arm.trim_every.is_some_and(|every| iteration.is_multiple_of(every)) {
            // The trim belongs to the iteration: it is part of what this arm costs.
            recorder.enter(Phase::Drop);
            arm::trim();
        }
        let recorded = recorder.finish();
        let sampling = Instant::now();
        let mut sample = recorded.sample;
        probe.fill(&mut sample, recorded.high_water_mark, Probe::is_rollup_due(iteration));
        count_live(&counter, &mut sample);
        sample.cached_bytes = work.cached_bytes();
        sample.elapsed_us = u64::try_from(start.elapsed().as_micros()).ok();
        sample.sampling_us = Some((recorded.sampling_ns + sampling.elapsed().as_nanos() as u64) / 1000);
        if let Some(probes) = &mut core_probes {
            probes.take(&mut sample, wire).map_err(|error| at(iteration)(&error))?;
        }
        wire.send(&Message::Sample(sample)).map_err(|error| at(iteration)(&error))?;
        // A run with fork probes repeats one that has told them.
        if iteration == work.cycle() && job.core_every.is_none() {
            for text in work.remarks() {
                wire.send(&Message::Note { text }).map_err(|error| at(iteration)(&error))?;
            }
        }
        done = iteration;
    }
    let notes = work.finish(&mut Recorder::start(done, &mut probe, &counter, wire));
    let pool = step_pool.map(|owner| pool_note(job, &owner));
    // A run with fork probes repeats one that has told its notes.
    for text in notes.into_iter().filter(|_| job.core_every.is_none()).chain(pool) {
        wire.send(&Message::Note { text }).map_err(|error| at(done)(&error))?;
    }
    Ok(())
}

/// Does the work of a companion until nobody listens any more.
fn accompany(job: &Job, work: &mut Work, wire: &Wire) -> Result<(), Interruption> {
    struct Unheard;
    impl Phases for Unheard {
        fn enter(&mut self, _: Phase) {}
    }
    let mut done = 0;
    while !wire.is_told_to_stop() {
        let iteration = done + 1;
        work.iterate(iteration, &mut Unheard).map_err(|error| Interruption::of(iteration)(&error))?;
        if job.case.arm.trim_every.is_some_and(|every| iteration.is_multiple_of(every)) {
            arm::trim();
        }
        done = iteration;
    }
    Ok(())
}

/// What the step pool did, with the case that it did it for.
fn pool_note(job: &Job, owner: &StepPoolOwner<'static>) -> String {
    format!("{}: {}", job.case.id, owner.report())
}

/// The step pool that the arm or a variable asks for.
fn open_step_pool(job: &Job) -> Result<Option<StepPoolOwner<'static>>, VariableError> {
    let settings = step_pool::asked_for(job.case.arm.step_pool, |name| env::var(name).ok())?;
    Ok(settings.and_then(|settings| step_pool::PROCESS.enable(settings)))
}

fn count_live(counter: &LiveCounter, sample: &mut Sample) {
    let reading = counter.read();
    sample.live_bytes = reading.live;
    sample.allocator_resident_bytes = reading.resident;
    sample.allocator_retained_bytes = reading.retained;
}

fn read_job(reader: &mut BufReader<UnixStream>) -> io::Result<Job> {
    let mut line = String::new();
    // A descriptor that is no socket ends here too.
    reader.by_ref().take(LONGEST_LINE as u64).read_line(&mut line)?;
    let job: Job = serde_json::from_str(&line)?;
    if job.protocol != VERSION {
        let message = format!("protocol {} asked for, {VERSION} spoken here", job.protocol);
        return Err(io::Error::new(io::ErrorKind::InvalidData, message));
    }
    Ok(job)
}

/// Takes the protocol's descriptor out of the way of the work: it moves to a number of its own that no further child
/// inherits, and where it was standard input there is `/dev/null` afterwards.
#[expect(unsafe_code, reason = "the descriptor's number comes from the environment")]
fn take_descriptor() -> io::Result<UnixStream> {
    let wrong = |message: String| io::Error::new(io::ErrorKind::InvalidInput, message);
    let number = env::var(DESCRIPTOR_VARIABLE).map_err(|_| {
        wrong(format!("{DESCRIPTOR_VARIABLE} is not set: this command is for highwater's own children"))
    })?;
    let number: RawFd =
        number.parse().map_err(|_| wrong(format!("{DESCRIPTOR_VARIABLE}={number} is not a descriptor")))?;
    // SAFETY: the descriptor is only looked at; should the variable lie, the system says so.
    let given = unsafe { BorrowedFd::borrow_raw(number) };
    let copy = given
        .try_clone_to_owned()
        .map_err(|error| wrong(format!("{DESCRIPTOR_VARIABLE}={number} is no open descriptor: {error}")))?;
    if number == 0 {
        nix::unistd::dup2_stdin(File::open("/dev/null")?)?;
    } else {
        // SAFETY: it is open, the parent made it for us alone, and nothing in this process uses it after this line.
        drop(unsafe { OwnedFd::from_raw_fd(number) });
    }
    Ok(UnixStream::from(copy))
}

/// The sending side, with a line buffer that never grows.
pub(super) struct Wire {
    stream: UnixStream,
    line: Vec<u8>,
}

impl Wire {
    /// Sends one message.
    pub(super) fn send<M: Serialize>(&mut self, message: &M) -> io::Result<()> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, message)?;
        self.line.push(b'\n');
        self.stream.write_all(&self.line)
    }

    /// Tells that a phase begins. An error here shows again with the sample.
    pub(super) fn phase(&mut self, iteration: u64, phase: Phase) {
        let _ = self.send(&Message::Phase { iteration, phase });
    }

    fn send_garbage(&mut self) -> io::Result<()> {
        self.stream.write_all(b"[info] loading plugin...\n")
    }

    /// Whether the parent has closed its sending side.
    pub(super) fn is_told_to_stop(&self) -> bool {
        let mut waiting = [PollFd::new(self.stream.as_fd(), PollFlags::POLLIN)];
        matches!(poll(&mut waiting, PollTimeout::ZERO), Ok(ready) if ready > 0)
    }
}
