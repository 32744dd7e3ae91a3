//! One process from its first sample to the end of its watch.

use std::time::{Duration, Instant};

use super::counter::Counter;
use super::target::{Source, Target};
use super::wake::Wake;
use crate::analysis::{History, Observed, WatchRules, assess_watch};
use crate::cli::WatchArguments;
use crate::error::Error;
use crate::report::console::Console;
use crate::report::{SamplesFile, WatchRow, duration, not_counted, progress};
use crate::runner::told;
use crate::sample::{Identity, Sample, descendants};

/// First line of progress, and the longest time between two: the time between them doubles.
const FIRST_PROGRESS: Duration = Duration::from_secs(10);
const LONGEST_PROGRESS: Duration = Duration::from_secs(3600);

/// First look for descendants; the time between two doubles.
const FIRST_DESCENDANTS: Duration = Duration::from_secs(1);

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
    pub(super) counter: Option<Counter>,
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
    descendants: Vec<Identity>,
    next_descendants: Duration,
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
        Segment {
            around,
            row,
            history,
            taken: 0,
            descendants: Vec::new(),
            next_descendants: FIRST_DESCENDANTS,
            next_progress: FIRST_PROGRESS,
            next_look,
            complaint: String::new(),
        }
    }

    /// Samples the process until its watch ends. The end is an error if a sample cannot be written; what was seen until then stays.
    pub(super) fn run(mut self, target: &mut Target) -> (WatchRow, History, Result<End, Error>) {
        let sampled = target.source.as_mut().map_or(Ok(None), |source| self.sample_all(source));
        // Before the program is ended; what outlives its parent is nobody's descendant.
        if !matches!(sampled, Ok(None)) {
            self.look_for_descendants();
        }
        let end = sampled.map(|end| end.unwrap_or_else(|| self.how_it_ended(target)));
        self.row.ended = end.as_ref().map_or("failed", End::word).into();
        if let Ok(End::Process(how)) = &end {
            self.row.ended_detail.clone_from(how);
        }
        if !matches!(end, Ok(End::Decided)) {
            self.row.looks += 1;
        }
        self.row.counter_failures = self.around.counter.take().map_or_else(String::new, Counter::finish);
        (self.row, self.history, end)
    }

    /// Takes one sample after the other; `None` if the process has ended.
    fn sample_all(&mut self, source: &mut Source) -> Result<Option<End>, Error> {
        let every = self.around.arguments.every;
        let began = Instant::now();
        self.row.began_s = began.duration_since(self.around.started).as_secs_f64();
        loop {
            if let Some(end) = self.own_end() {
                return Ok(Some(end));
            }
            let Some(sample) = self.take(source) else { return Ok(None) };
            self.around.samples.append(&self.row.case, self.row.segment, &sample)?;
            let start = self.row.began_s;
            self.history.push(&Observed::of(&sample, start));
            let elapsed = began.elapsed();
            if elapsed >= self.next_descendants {
                self.look_for_descendants();
                self.next_descendants = 2 * elapsed;
            }
            if self.is_decided() {
                return Ok(Some(End::Decided));
            }
            self.tell_progress(began.elapsed());
            let due = next_multiple(began, Instant::now(), every);
            let until = self.around.deadline.map_or(due, |deadline| due.min(deadline));
            self.around.wake.wait(until, source.end());
        }
    }

    /// The end of the watch that is not that of the process, once it has come.
    fn own_end(&self) -> Option<End> {
        if self.around.wake.is_interrupted() {
            return Some(End::Interrupted);
        }
        self.around.deadline.filter(|deadline| Instant::now() >= *deadline).map(|_| End::Time)
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

    /// Looks for descendants that are not counted, now and again: all processes are looked through for them. Only those
    /// count that were there the last time too: what a shell starts on its way to the program does not. Said when the first are seen.
    fn look_for_descendants(&mut self) {
        if self.around.arguments.tree {
            return;
        }
        let found = descendants(self.row.pid).unwrap_or_default();
        let lasting = found.iter().filter(|one| self.descendants.contains(one)).count() as u64;
        self.descendants = found;
        let most = self.row.descendants_not_counted;
        if lasting > 0 && most.is_none() {
            self.around.console.warn(&format!("process {} has {}", self.row.pid, not_counted(lasting)));
        }
        self.row.descendants_not_counted = most.max(Some(lasting).filter(|lasting| *lasting > 0));
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

    /// How the process ended, as far as it can be known: of a process that others started nobody but them is told. A program whose
    /// main thread alone has ended has no memory to look at, and has not ended: it is waited for as long as the watch lasts.
    fn how_it_ended(&mut self, target: &mut Target) -> End {
        let Some(program) = &mut target.program else { return End::Process("ended".into()) };
        loop {
            match program.status() {
                Ok(Some(status)) => return End::Process(told(status)),
                Ok(None) => self.around.wake.wait(Instant::now() + PAUSE, None),
                Err(error) => return End::Process(format!("ended, and how cannot be known: {error}")),
            }
            if let Some(end) = self.own_end() {
                return end;
            }
        }
    }
}

/// When the next sample is due: at the first multiple of `every` after `began` that is later than `now`. One that was due while
/// the last was taken is left out.
fn next_multiple(began: Instant, now: Instant, every: Duration) -> Instant {
    let past = now.duration_since(began).as_nanos() % every.as_nanos();
    now + every.saturating_sub(Duration::from_nanos(past as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_lie_at_multiples_of_the_period() {
        let began = Instant::now();
        let due = |now: Duration, every| next_multiple(began, began + now, every) - began;
        let [second, millisecond] = [Duration::from_secs(1), Duration::from_millis(1)];
        assert_eq!(due(Duration::ZERO, second), second);
        assert_eq!(due(Duration::from_millis(999), second), second);
        assert_eq!(due(second, second), 2 * second, "the one of this moment has been taken");
        assert_eq!(due(Duration::from_millis(7500), second), 8 * second, "those that were missed are left out");
        // More periods than 32 bits count.
        let months = Duration::from_secs(86_400 * 365);
        assert_eq!(due(months, millisecond), months + millisecond);
        assert_eq!(due(months + second / 2, second), months + second);
    }
}
