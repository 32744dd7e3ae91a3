//! One process from its first sample to the end of its watch.

use std::time::{Duration, Instant};

use super::counter::Counter;
use super::target::{Source, Target};
use super::wake::Wake;
use crate::analysis::{History, Observed, WatchRules, assess_watch};
use crate::cli::WatchArguments;
use crate::error::Error;
use crate::report::console::Console;
use crate::report::{SamplesFile, WatchRow, duration, progress};
use crate::runner::told;
use crate::sample::Sample;

/// First line of progress, and the longest time between two: the time between them doubles.
const FIRST_PROGRESS: Duration = Duration::from_secs(10);
const LONGEST_PROGRESS: Duration = Duration::from_secs(3600);

/// Samples before the first look at whether the verdict is final.
const FEWEST_SAMPLES: f64 = 100.0;

/// Between two looks at how a program ended that was seen to end.
const PAUSE: Duration = Duration::from_millis(5);

/// How the watch of a process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// The process ended; how.
    Process(String),
    /// The time was over.
    Time,
    /// The user ended it.
    Interrupted,
    /// The verdict is final.
    Decided,
}

impl End {
    /// The word for it.
    pub(super) fn word(&self) -> &'static str {
        match self {
            End::Process(_) => "process-ended",
            End::Time => "time-over",
            End::Interrupted => "interrupted",
            End::Decided => "decided",
        }
    }
}

/// What sampling needs besides the process.
pub(super) struct Surroundings<'a> {
    /// The arguments.
    pub(super) arguments: &'a WatchArguments,
    /// The console.
    pub(super) console: &'a Console,
    /// `samples.csv`.
    pub(super) samples: &'a mut SamplesFile,
    /// The counter of requests.
    pub(super) counter: Option<&'a mut Counter>,
    /// Signals.
    pub(super) wake: &'a mut Wake,
    /// When the watch began.
    pub(super) started: Instant,
    /// When it is over.
    pub(super) deadline: Option<Instant>,
}

/// One process while it is watched.
pub(super) struct Segment<'a, 'b> {
    around: &'b mut Surroundings<'a>,
    row: WatchRow,
    history: History,
    taken: u64,
    next_progress: Duration,
    next_look: f64,
    complaint: String,
}

impl<'a, 'b> Segment<'a, 'b> {
    /// The watch of the process that `row` names.
    pub(super) fn new(around: &'b mut Surroundings<'a>, row: WatchRow) -> Self {
        let every = around.arguments.every.as_secs_f64();
        let next_look = (2.0 * row.settle_s).max(FEWEST_SAMPLES * every);
        let history = History::new(every);
        Segment { around, row, history, taken: 0, next_progress: FIRST_PROGRESS, next_look, complaint: String::new() }
    }

    /// Samples the process until its watch ends.
    ///
    /// # Errors
    /// If a sample cannot be written.
    pub(super) fn run(mut self, target: &mut Target) -> Result<(WatchRow, History, End), Error> {
        let end = match &mut target.source {
            Some(source) => self.sample_all(source)?,
            None => End::Process(String::new()),
        };
        let end = match end {
            End::Process(_) => End::Process(self.how_it_ended(target)),
            end => end,
        };
        self.row.ended = end.word().into();
        if let End::Process(how) = &end {
            self.row.ended_detail.clone_from(how);
        }
        if end != End::Decided {
            self.row.looks += 1;
        }
        Ok((self.row, self.history, end))
    }

    fn sample_all(&mut self, source: &mut Source) -> Result<End, Error> {
        let every = self.around.arguments.every;
        let began = Instant::now();
        self.row.began_s = began.duration_since(self.around.started).as_secs_f64();
        let mut tick = 0;
        loop {
            if self.around.wake.is_interrupted() {
                return Ok(End::Interrupted);
            }
            if self.around.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Ok(End::Time);
            }
            let Some(sample) = self.take(source) else { return Ok(End::Process(String::new())) };
            self.around.samples.append(&self.row.case, self.row.segment, &sample)?;
            let start = self.row.began_s;
            self.history.push(&Observed::of(&sample, start));
            if self.is_decided() {
                return Ok(End::Decided);
            }
            self.tell_progress(began.elapsed());
            // A sample that was due while this one was taken is left out: samples lie at multiples of the period.
            tick = (tick + 1).max((began.elapsed().as_nanos() / every.as_nanos()) as u32);
            let due = began + every.saturating_mul(tick);
            let until = self.around.deadline.map_or(due, |deadline| due.min(deadline));
            self.around.wake.wait(until, source.end());
        }
    }

    /// One sample; `None` if the process has ended.
    fn take(&mut self, source: &mut Source) -> Option<Sample> {
        let now = Instant::now();
        self.taken += 1;
        let elapsed = now.duration_since(self.around.started);
        let elapsed_us = u64::try_from(elapsed.as_micros()).ok();
        if self.taken == 1 {
            self.row.began_s = elapsed.as_micros() as f64 / 1e6;
        }
        let mut sample = Sample { iteration: self.taken, elapsed_us, ..Sample::default() };
        // Whatever is wrong with a process that could be read before, it is not there any more.
        source.fill(&mut sample).ok()?;
        sample.sampling_us = u64::try_from(now.elapsed().as_micros()).ok();
        sample.requests = self.count();
        Some(sample)
    }

    /// What the counter told since the last sample; it is asked again when its turn has come.
    fn count(&mut self) -> Option<u64> {
        let every = self.around.arguments.counter_every;
        let counter = self.around.counter.as_mut()?;
        let reading = counter.take();
        if (self.taken - 1).is_multiple_of(every) {
            counter.ask();
        }
        match reading? {
            Ok(requests) => Some(requests),
            Err(problem) => {
                if problem != self.complaint {
                    self.around.console.warn(&format!("the counter: {problem}"));
                    self.complaint = problem;
                }
                None
            }
        }
    }

    /// Looks at whether the verdict is final, when the time since the last look has doubled.
    fn is_decided(&mut self) -> bool {
        if !self.around.arguments.until_decided || self.history.duration() < self.next_look {
            return false;
        }
        self.next_look *= 2.0;
        self.row.looks += 1;
        assess_watch(&self.history, &self.rules()).is_final()
    }

    fn tell_progress(&mut self, elapsed: Duration) {
        if elapsed < self.next_progress {
            return;
        }
        let now = duration(elapsed.as_secs_f64());
        self.around.console.say(&format!("{now}: {}", progress(&self.history, &self.rules())));
        while self.next_progress <= elapsed {
            self.next_progress += self.next_progress.min(LONGEST_PROGRESS);
        }
    }

    fn rules(&self) -> WatchRules {
        WatchRules { looks: self.row.looks.max(1), ..self.row.rules() }
    }

    /// How the process ended, as far as it can be known: of a process that others started nobody but them is told.
    fn how_it_ended(&mut self, target: &mut Target) -> String {
        let Some(program) = &mut target.program else { return "ended".into() };
        loop {
            match program.status() {
                Ok(Some(status)) => return told(status),
                Ok(None) if self.around.wake.is_interrupted() => return "its main thread has ended".into(),
                Ok(None) => self.around.wake.wait(Instant::now() + PAUSE, None),
                Err(error) => return format!("ended, and how cannot be known: {error}"),
            }
        }
    }
}
