//! The samples of a program, taken from outside while it waits.
//!
//! From the moment when the program says something until it is answered, its clock stands still and its heap is not touched.
//! Where it tells no phases, the whole iteration counts as `execute`.

use std::time::{Duration, Instant};

use procfs::process::Process;

use crate::arm::in_force_in;
use crate::sample::{Probe, Sample};
use crate::suite::Case;
use crate::worker::end_phase;
use crate::worker::protocol::Hello;
use crate::workload::Phase;

/// Columns that a program may tell, since nobody else knows them.
const TOLD: [&str; 5] = [
    "live_bytes",
    "allocator_resident_bytes",
    "allocator_retained_bytes",
    "runtime_used_bytes",
    "runtime_reserved_bytes",
];

/// A program under observation.
pub(super) struct Outside {
    pid: u32,
    probe: Probe,
    sample: Sample,
    phase: Option<Phase>,
    high_water_mark: Option<u64>,
    /// When the program said what it is about to be answered.
    heard: Instant,
    /// When it was last told to go on.
    since: Instant,
    /// When its first iteration began.
    began: Option<Instant>,
    sampling: Duration,
}

impl Outside {
    /// Begins to observe the program that said `hello`, and completes that by what is seen of it. `started` is the process
    /// that highwater has started.
    ///
    /// # Errors
    /// Why the program cannot be observed, or cannot do what the case asks for.
    pub(super) fn open(hello: &mut Hello, started: u32, case: &Case) -> Result<Outside, String> {
        let heard = Instant::now();
        let own = [
            ("allocator", hello.allocator.is_some()),
            ("runtime_library", hello.runtime_library.is_some()),
            ("peaks", hello.peaks),
            ("core", hello.core.is_some()),
        ];
        if let Some((field, _)) = own.iter().find(|(_, told)| *told) {
            return Err(format!("its hello holds `{field}`, which highwater finds out by itself"));
        }
        if case.arm.trim_every.is_some() && !hello.trims {
            let arm = &case.arm.name;
            return Err(format!(
                "arm `{arm}` calls malloc_trim, and this program does not offer to (`trims` in its hello)"
            ));
        }
        let pid = match hello.pid {
            Some(pid) => check_descent(pid, started).map(|()| pid)?,
            None => check_alone(started).map(|()| started)?,
        };
        let unseen = |error: &dyn std::fmt::Display| format!("process {pid} cannot be looked at: {error}");
        hello.allocator = Some(in_force_in(pid).map_err(|error| unseen(&error))?);
        let probe = Probe::of(pid).map_err(|error| unseen(&error))?;
        hello.pid = Some(pid);
        hello.peaks = probe.sees_peaks();
        Ok(Outside {
            pid,
            probe,
            sample: Sample::default(),
            phase: None,
            high_water_mark: None,
            heard,
            since: heard,
            began: None,
            sampling: Duration::ZERO,
        })
    }

    /// The program has said something and waits.
    pub(super) fn hear(&mut self) {
        self.heard = Instant::now();
    }

    /// A phase is about to begin; what was before it ends here.
    pub(super) fn enter(&mut self, phase: Phase) {
        self.leave(self.phase);
        self.probe.reset_high_water_mark();
        self.phase = Some(phase);
    }

    /// Completes what the program told of an iteration.
    ///
    /// # Errors
    /// If it told what highwater measures, or if there is nothing to measure any more.
    pub(super) fn complete(&mut self, told: &Sample) -> Result<Sample, String> {
        let values = || Sample::COLUMNS.iter().zip(told.values());
        if let Some((column, _)) = values().find(|(column, value)| value.is_some() && !TOLD.contains(column)) {
            return Err(format!("it told `{column}`, which highwater measures by itself"));
        }
        self.leave(Some(self.phase.unwrap_or(Phase::Execute)));
        let mut sample = self.sample;
        sample.iteration = told.iteration;
        for (column, value) in values().filter(|(_, value)| value.is_some()) {
            sample.set(column, value);
        }
        self.probe.fill(&mut sample, self.high_water_mark, Probe::is_rollup_due(told.iteration));
        if sample.vm_size_bytes.is_none() {
            return Err(format!(
                "process {} is to be sampled, and has ended while another one speaks for it",
                self.pid
            ));
        }
        let elapsed = self.began.map(|began| self.heard.duration_since(began));
        sample.elapsed_us = elapsed.and_then(|elapsed| u64::try_from(elapsed.as_micros()).ok());
        let sampling = self.sampling + self.heard.elapsed();
        sample.sampling_us = u64::try_from(sampling.as_micros()).ok();
        Ok(sample)
    }

    /// An iteration begins when this returns.
    pub(super) fn begin_iteration(&mut self) {
        self.sample = Sample::default();
        self.phase = None;
        self.high_water_mark = None;
        self.sampling = Duration::ZERO;
        self.probe.start_iteration();
        self.since = Instant::now();
        self.began.get_or_insert(self.since);
    }

    /// The program goes on with its iteration when this returns.
    pub(super) fn go_on(&mut self) {
        self.sampling += self.heard.elapsed();
        self.since = Instant::now();
    }

    /// Writes down what ends here; without a phase, only its mark.
    fn leave(&mut self, phase: Option<Phase>) {
        let level = self.probe.level();
        self.high_water_mark = self.high_water_mark.max(level.high_water_mark);
        if let Some(phase) = phase {
            end_phase(&mut self.sample, phase, self.heard.duration_since(self.since), level);
        }
    }
}

/// A program may be what another one has started, such as a shell, as long as highwater ends both together.
fn check_descent(pid: u32, started: u32) -> Result<(), String> {
    let strange = |why: &str| format!("its hello names process {pid}, which {why}");
    let stat = |pid: i32| Process::new(pid).and_then(|process| process.stat());
    let number = i32::try_from(pid).map_err(|_| strange("does not exist"))?;
    let found = stat(number).map_err(|_| strange("does not exist"))?;
    let group = i64::from(found.pgrp);
    let mut ancestor = found;
    while i64::from(ancestor.pid) != i64::from(started) {
        let parent = Some(ancestor.ppid).filter(|parent| *parent > 1).and_then(|parent| stat(parent).ok());
        ancestor = parent.ok_or_else(|| strange("is not what was started, nor started by it"))?;
    }
    match group == i64::from(started) {
        true => Ok(()),
        false => Err(strange("has left its process group")),
    }
}

/// Without a number in its hello, the process that was started is meant; unless it has started others, which may be meant.
fn check_alone(started: u32) -> Result<(), String> {
    let processes = procfs::process::all_processes().map_err(|error| format!("/proc cannot be read: {error}"))?;
    let parents = processes.flatten().filter_map(|process| process.stat().ok()).map(|stat| stat.ppid);
    match parents.into_iter().any(|parent| i64::from(parent) == i64::from(started)) {
        false => Ok(()),
        true => Err("it has started other processes, and its hello does not say which one to sample (`pid`)".into()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::CommandExt;
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn only_what_was_started_is_sampled() {
        let started = |script: &str, group: bool| {
            let mut command = Command::new("sh");
            command.args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped());
            if group {
                command.process_group(0);
            }
            command.spawn().unwrap()
        };
        let mut child = started("sh -c 'echo $$; read x'; true", true);
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
        let inner: u32 = line.trim().parse().unwrap();
        assert_eq!(check_descent(inner, child.id()), Ok(()));
        assert_eq!(check_descent(child.id(), child.id()), Ok(()));
        assert!(check_descent(std::process::id(), child.id()).unwrap_err().contains("not what was started"));
        assert!(check_descent(u32::MAX, child.id()).unwrap_err().contains("does not exist"));
        assert!(check_alone(child.id()).unwrap_err().contains("`pid`"));
        assert_eq!(check_alone(inner), Ok(()));
        drop(child.stdin.take());
        child.wait().unwrap();
        let mut stranger = started("read x", false);
        assert!(check_descent(stranger.id(), stranger.id()).unwrap_err().contains("left its process group"));
        drop(stranger.stdin.take());
        stranger.wait().unwrap();
    }
}
