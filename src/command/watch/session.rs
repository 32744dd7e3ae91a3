//! One process after the other, each a segment with a row of its own.

use std::time::{Duration, Instant};

use super::counter::Counter;
use super::segment::{End, Segment, Surroundings};
use super::target::{Target, Targets};
use super::tell::tell_segment;
use super::wake::Wake;
use super::watched::AllWatched;
use crate::cli::WatchArguments;
use crate::error::Error;
use crate::report::console::Console;
use crate::report::{RowsFile, RunDirectory, SamplesFile, WatchRow};

/// A watch while it goes on.
pub(super) struct Session<'a> {
    arguments: &'a WatchArguments,
    console: &'a Console,
    samples: SamplesFile,
    rows: RowsFile<WatchRow>,
    started: Instant,
    watched: AllWatched,
}

impl<'a> Session<'a> {
    /// Creates the files of the watch.
    pub(super) fn open(
        arguments: &'a WatchArguments,
        directory: &RunDirectory,
        console: &'a Console,
    ) -> Result<Self, Error> {
        Ok(Session {
            arguments,
            console,
            samples: SamplesFile::create(&directory.samples())?,
            rows: RowsFile::create(&directory.watch())?,
            started: Instant::now(),
            watched: AllWatched::default(),
        })
    }

    /// Watches `target`, and the processes that follow it, until the watch is over; gives all that were watched, also where an
    /// error was the end.
    pub(super) fn run(
        mut self,
        targets: &Targets<'_>,
        target: Target,
        wake: &mut Wake,
    ) -> (AllWatched, Result<(), Error>) {
        let ended = self.watch_all(targets, target, wake);
        (self.watched, ended)
    }

    fn watch_all(&mut self, targets: &Targets<'_>, target: Target, wake: &mut Wake) -> Result<(), Error> {
        // A time beyond what the clock can tell has no end.
        let deadline = self.arguments.time.and_then(|time| self.started.checked_add(time));
        let mut next = Some(target);
        while let Some(target) = next.take() {
            match self.watch(target, wake, deadline)? {
                End::Process(_) => next = targets.next(wake, deadline)?,
                End::Time | End::Interrupted | End::Decided => {}
            }
        }
        Ok(())
    }

    fn watch(&mut self, mut target: Target, wake: &mut Wake, deadline: Option<Instant>) -> Result<End, Error> {
        let row = self.row(&target);
        let counter = self.counter(&target)?;
        self.tell_target(&target, row.segment);
        let mut around = Surroundings {
            arguments: self.arguments,
            console: self.console,
            samples: &mut self.samples,
            counter,
            wake,
            started: self.started,
            deadline,
        };
        // What was seen before an error is judged and told all the same.
        let (mut row, history, end) = Segment::new(&mut around, row).run(&mut target);
        let found = row.judge(&history);
        if !matches!(end, Ok(End::Process(_))) {
            row.ended_detail = end_program(target);
        }
        let written = self.rows.append(&row);
        tell_segment(self.console, &row);
        self.watched.push((row, history, found));
        end.and_then(|end| written.map(|()| end))
    }

    /// The counter of the requests of one process: what it tells of another does not count.
    fn counter(&self, target: &Target) -> Result<Option<Counter>, Error> {
        let Some(command) = &self.arguments.counter else { return Ok(None) };
        let counter = Counter::new(command.clone(), self.arguments.counter_timeout);
        let failed = |source| Error::Child { what: "start the counter beside", case: target.case.clone(), source };
        counter.map(Some).map_err(failed)
    }

    /// The row of a process before its first sample.
    fn row(&self, target: &Target) -> WatchRow {
        let warm_up = self.arguments.warm_up();
        let missing = target.source.as_ref().map_or(&[][..], |source| source.missing());
        let not_seen: Vec<_> = missing.iter().map(|missing| format!("{} ({})", missing.what, missing.reason)).collect();
        WatchRow {
            case: target.case.clone(),
            segment: self.watched.count() as u32 + 1,
            pid: target.pid,
            command: target.command.clone(),
            tree: self.arguments.tree,
            every_s: self.arguments.every.as_secs_f64(),
            age_s: target.age.map(|age| age.as_secs_f64()),
            settle_s: warm_up.saturating_sub(target.age.unwrap_or(Duration::ZERO)).as_secs_f64(),
            not_seen: not_seen.join(", "),
            ..WatchRow::default()
        }
    }

    fn tell_target(&self, target: &Target, segment: u32) {
        let number = if segment > 1 { format!("segment {segment}: ") } else { String::new() };
        let every = humantime::format_duration(self.arguments.every);
        self.console.say(&format!("{number}watching process {} every {every}: {}", target.pid, target.command));
        target.remark.iter().for_each(|remark| self.console.warn(remark));
        let missing = target.source.as_ref().map_or(&[][..], |source| source.missing());
        for missing in missing {
            let remedy = if missing.reason.starts_with("Permission denied") {
                ": watch as its user, as root, or with CAP_SYS_PTRACE"
            } else {
                ""
            };
            self.console.warn(&format!(
                "{} of process {} cannot be seen ({}){remedy}",
                missing.what, target.pid, missing.reason
            ));
        }
    }
}

/// Ends a program that was started for the watch; says how it ended.
fn end_program(target: Target) -> String {
    match target.program.map(|program| program.end()) {
        None => "still running".into(),
        Some(Ok(false)) => "ended by highwater".into(),
        Some(Ok(true)) => "killed by highwater, since it did not end after SIGTERM".into(),
        Some(Err(error)) => format!("it could not be ended: {error}"),
    }
}
