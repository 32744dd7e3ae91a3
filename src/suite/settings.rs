//! How long, how strictly and how often: the settings that a suite, a `[[case]]` table and the command line share.

use std::time::Duration;

use super::case::{Beside, Case, Judging, Limits};
use super::expectation::Expectation;
use super::value::{check_duration, check_tolerance};
use super::workload::Plant;

/// Iterations at most: the child allocates room for all samples before the first of them.
pub(crate) const MAX_ITERATIONS: u64 = 1_000_000;

/// Threads at most: a suite file must not be able to exhaust the machine's process table.
pub(super) const MAX_THREADS: u64 = 1024;

/// Processes for each setting of a comparison at most.
pub(super) const MAX_COUNTERFACTUAL: u64 = 20;

/// Replicates at most.
pub(super) const MAX_REPLICATES: u64 = 1000;

/// The least limit of a child's address space, in bytes: what is below was meant in another unit.
const LEAST_MEMORY: u64 = 1 << 20;

/// Settings that are given, each of them optional. Later layers go over earlier ones: defaults, the suite's top level,
/// a `[[case]]` table, the command line.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Settings {
    /// Iterations at most.
    pub iterations: Option<u64>,
    /// Time after which a case stops and is judged on what it has.
    pub time: Option<Duration>,
    /// Time after which an iteration is a hang.
    pub iteration_time: Option<Duration>,
    /// Limit of the child's address space, in bytes.
    pub memory_bytes: Option<u64>,
    /// Thread counts, each of which makes a case.
    pub threads: Option<Vec<u32>>,
    /// Iteration by which warm-up is declared to be over.
    pub settle: Option<u64>,
    /// Tolerated growth of live bytes, in bytes per iteration.
    pub tolerance: Option<f64>,
    /// Steps of a scenario cycle.
    pub cycle: Option<u64>,
    /// Whether resident memory is judged too.
    pub resident: Option<bool>,
    /// Whether a case stops as soon as its verdict is final.
    pub early_stop: Option<bool>,
    /// Whether a case whose resident memory is undecided goes on, twice at most, to twice as many iterations.
    pub until_decided: Option<bool>,
    /// Whether a case that is judged on resident memory runs once more with a fork probe.
    pub core: Option<bool>,
    /// Processes of each other setting that is compared with a case that creeps or retains.
    pub counterfactual: Option<u64>,
    /// Seed of generated inputs and noise.
    pub seed: Option<u64>,
    /// Bytes that every case loses beside its workload.
    pub plant_bytes: Option<u64>,
    /// Iterations between two such losses.
    pub plant_every: Option<u64>,
    /// Verdicts and outcomes that count as success.
    pub expect: Option<Vec<Expectation>>,
}

impl Settings {
    /// These settings, and where they are silent, those of `below`.
    pub fn over(self, below: Settings) -> Settings {
        Settings {
            iterations: self.iterations.or(below.iterations),
            time: self.time.or(below.time),
            iteration_time: self.iteration_time.or(below.iteration_time),
            memory_bytes: self.memory_bytes.or(below.memory_bytes),
            threads: self.threads.or(below.threads),
            settle: self.settle.or(below.settle),
            tolerance: self.tolerance.or(below.tolerance),
            cycle: self.cycle.or(below.cycle),
            resident: self.resident.or(below.resident),
            early_stop: self.early_stop.or(below.early_stop),
            until_decided: self.until_decided.or(below.until_decided),
            core: self.core.or(below.core),
            counterfactual: self.counterfactual.or(below.counterfactual),
            seed: self.seed.or(below.seed),
            plant_bytes: self.plant_bytes.or(below.plant_bytes),
            plant_every: self.plant_every.or(below.plant_every),
            expect: self.expect.or(below.expect),
        }
    }

    /// When a case ends. Without a setting: 120 iterations, at which a leak is found in an exact arm (by iteration 112);
    /// a minute for an iteration, which no honest one needs.
    pub(super) fn limits(&self) -> Limits {
        Limits {
            iterations: self.iterations.unwrap_or(120),
            until_decided: self.until_decided.unwrap_or(false),
            time: self.time,
            iteration_time: self.iteration_time.unwrap_or(Duration::from_secs(60)),
            memory_bytes: self.memory_bytes,
        }
    }

    /// How a case is judged. Without a setting: warm-up is over by iteration 50 (the 90th percentile of real loops is
    /// 45 to 53), and an upper limit of 1 KiB of growth per iteration is close enough.
    pub(super) fn judging(&self) -> Judging {
        Judging {
            settle: self.settle.unwrap_or(50),
            tolerance: self.tolerance.unwrap_or(1024.0),
            cycle: self.cycle.unwrap_or(1),
            resident: self.resident.unwrap_or(true),
            early_stop: self.early_stop.unwrap_or(true),
        }
    }

    /// What runs beside a case. Without a setting: the fork probe, and three processes a setting, the fewest from which
    /// something can be claimed about a setting instead of about two processes.
    pub(super) fn beside(&self) -> Beside {
        // Bounded by MAX_COUNTERFACTUAL.
        Beside { core: self.core.unwrap_or(true), counterfactual: self.counterfactual.unwrap_or(3) as u32 }
    }

    pub(super) fn threads(&self) -> Vec<u32> {
        self.threads.clone().unwrap_or_else(|| vec![1])
    }

    pub(super) fn seed(&self) -> u64 {
        self.seed.unwrap_or(1)
    }

    /// The leak that is planted beside every workload; in every iteration, unless said otherwise.
    pub(super) fn plant(&self) -> Option<Plant> {
        self.plant_bytes.map(|bytes| Plant { bytes, every: self.plant_every.unwrap_or(1) })
    }

    pub(super) fn expect(&self) -> Vec<Expectation> {
        self.expect.clone().unwrap_or_else(|| vec![Expectation::Stable, Expectation::Plateau])
    }

    /// Puts what is given here over a finished case. Threads are left alone: they multiply cases; and so is what is planted,
    /// which is part of the workload's name.
    pub(super) fn override_case(&self, case: &mut Case) {
        replace(&mut case.limits.iterations, self.iterations);
        case.limits.time = self.time.or(case.limits.time);
        replace(&mut case.limits.iteration_time, self.iteration_time);
        case.limits.memory_bytes = self.memory_bytes.or(case.limits.memory_bytes);
        replace(&mut case.judging.settle, self.settle);
        replace(&mut case.judging.tolerance, self.tolerance);
        replace(&mut case.judging.cycle, self.cycle);
        replace(&mut case.judging.resident, self.resident);
        replace(&mut case.judging.early_stop, self.early_stop);
        replace(&mut case.limits.until_decided, self.until_decided);
        replace(&mut case.beside.core, self.core);
        replace(&mut case.beside.counterfactual, self.counterfactual.map(|processes| processes as u32));
        replace(&mut case.seed, self.seed);
        replace(&mut case.expect, self.expect.clone());
    }

    /// Settings of the command line have not gone through a suite file's checks; these are the same ones. The error is
    /// the option and what is wrong with it.
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        let within = |option, value: Option<u64>, max: u64| match value {
            Some(value) if !(1..=max).contains(&value) => {
                Err((option, format!("must be a whole number from 1 to {max}, not {value}")))
            }
            _ => Ok(()),
        };
        within("--iterations", self.iterations, MAX_ITERATIONS)?;
        within("--settle", self.settle, MAX_ITERATIONS)?;
        within("--cycle", self.cycle, MAX_ITERATIONS)?;
        if let Some(processes) = self.counterfactual.filter(|processes| *processes > MAX_COUNTERFACTUAL) {
            let problem = format!("must be a whole number from 0 to {MAX_COUNTERFACTUAL}, not {processes}");
            return Err(("--counterfactual", problem));
        }
        if self.memory_bytes.is_some_and(|bytes| bytes < LEAST_MEMORY) {
            return Err(("--memory", "is less than any process needs: give a unit, as in 300MB".into()));
        }
        for threads in self.threads.iter().flatten() {
            within("--threads", Some(u64::from(*threads)), MAX_THREADS)?;
        }
        for (option, time) in [("--time", self.time), ("--iteration-time", self.iteration_time)] {
            time.map_or(Ok(Duration::ZERO), check_duration).map_err(|problem| (option, problem))?;
        }
        self.tolerance.map_or(Ok(0.0), check_tolerance).map_err(|problem| ("--tolerance", problem))?;
        match &self.expect {
            Some(words) if words.is_empty() => Err(("--expect", "must not be empty".into())),
            _ => Ok(()),
        }
    }
}

fn replace<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}
