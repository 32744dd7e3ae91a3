//! What is watched: a process that is there, the next one of its name, or a program that is started.

use std::io::ErrorKind;
use std::os::fd::BorrowedFd;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};
use nix::unistd::{SysconfVar, sysconf};

use super::wake::Wake;
use crate::cli::WatchArguments;
use crate::error::{Error, chain};
use crate::runner::Program;
use crate::runtime;
use crate::sample::{Identity, Missing, Outside, OutsideError, Sample, Tree, command_line, oldest_named};

/// Between two looks for the next process, and between the end of a program and its next start.
const PAUSE: Duration = Duration::from_secs(1);

/// A process alone, or with its descendants.
pub(super) enum Source {
    /// Alone.
    One(Box<Outside>),
    /// With its descendants.
    Tree(Box<Tree>),
}

impl Source {
    fn of(outside: Outside, tree: bool) -> Source {
        if tree { Source::Tree(Box::new(Tree::new(outside))) } else { Source::One(Box::new(outside)) }
    }

    fn root(&self) -> &Outside {
        match self {
            Source::One(outside) => outside,
            Source::Tree(tree) => tree.root(),
        }
    }

    /// What cannot be seen.
    pub(super) fn missing(&self) -> &[Missing] {
        self.root().missing()
    }

    /// Becomes readable when the process ends.
    pub(super) fn end(&self) -> Option<BorrowedFd<'_>> {
        self.root().end()
    }

    /// Fills what is seen now into `sample`.
    pub(super) fn fill(&mut self, sample: &mut Sample) -> Result<(), OutsideError> {
        match self {
            Source::One(outside) => outside.fill(sample),
            Source::Tree(tree) => tree.fill(sample),
        }
    }
}

/// One process to watch.
pub(super) struct Target {
    /// `None` for a program that had ended before it could be looked at.
    pub(super) source: Option<Source>,
    /// The program, if it was started.
    pub(super) program: Option<Program>,
    /// Process number.
    pub(super) pid: i32,
    /// The program's name.
    pub(super) case: String,
    /// Its command line.
    pub(super) command: String,
    /// Its age; `None` where it was started for the watch.
    pub(super) age: Option<Duration>,
    /// Something to know about the choice.
    pub(super) remark: Option<String>,
}

/// Gives one process after the other.
pub(super) struct Targets<'a> {
    arguments: &'a WatchArguments,
}

impl<'a> Targets<'a> {
    /// What the arguments name.
    pub(super) fn new(arguments: &'a WatchArguments) -> Self {
        Targets { arguments }
    }

    /// The first process.
    ///
    /// # Errors
    /// If there is none, or none that can be watched.
    pub(super) fn first(&self) -> Result<Target, Error> {
        match (self.arguments.pid, &self.arguments.name) {
            (None, None) => self.start(),
            (Some(pid), _) if pid == std::process::id() as i32 => {
                Err(Error::Usage(format!("process {pid} is highwater itself")))
            }
            (Some(pid), _) => {
                let outside = Outside::open(pid, self.resets()).map_err(|error| Error::Usage(chain(&error)))?;
                Ok(self.found(outside, 0))
            }
            (None, Some(pattern)) => self
                .named()?
                .ok_or_else(|| Error::Usage(format!("no process has a command line that matches `{pattern}`"))),
        }
    }

    /// The process after one that has ended; `None` if there is none to come, or the watch is over before it comes.
    ///
    /// # Errors
    /// If a program cannot be started again.
    pub(super) fn next(&self, wake: &mut Wake, deadline: Option<Instant>) -> Result<Option<Target>, Error> {
        if !self.arguments.restart && self.arguments.name.is_none() {
            return Ok(None);
        }
        loop {
            let pause = Instant::now() + PAUSE;
            wake.wait(deadline.map_or(pause, |deadline| pause.min(deadline)), None);
            if wake.is_interrupted() || deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                return Ok(None);
            }
            if self.arguments.restart {
                return self.start().map(Some);
            }
            if let Some(target) = self.named()? {
                return Ok(Some(target));
            }
        }
    }

    fn resets(&self) -> bool {
        !self.arguments.no_reset && !self.arguments.tree
    }

    /// The oldest process of the name. One that ends while it is looked at is none.
    fn named(&self) -> Result<Option<Target>, Error> {
        let Some(pattern) = &self.arguments.name else { return Ok(None) };
        let found = oldest_named(pattern).map_err(Error::file("cannot look through", Path::new("/proc")))?;
        let Some((identity, others)) = found else { return Ok(None) };
        let outside = Outside::open_identity(identity, self.resets()).ok();
        Ok(outside.map(|outside| self.found(outside, others)))
    }

    fn found(&self, outside: Outside, others: usize) -> Target {
        let identity = outside.identity();
        let command = command_line(identity.pid).unwrap_or_default();
        let remark = (others > 0).then(|| {
            let match_too = if others == 1 { "other process matches" } else { "other processes match" };
            format!("{others} {match_too} too; {} is the oldest (--pid chooses, --tree sums up)", identity.pid)
        });
        Target {
            source: Some(Source::of(outside, self.arguments.tree)),
            program: None,
            pid: identity.pid,
            case: name(&command),
            command,
            age: age(identity),
            remark,
        }
    }

    fn start(&self) -> Result<Target, Error> {
        let words = &self.arguments.command;
        let program = Program::start(words).map_err(|error| {
            let program = words.first().map_or("", String::as_str);
            let obstacle = program.contains('/').then(|| runtime::obstacle(Path::new(program))).flatten();
            match error.kind() {
                ErrorKind::NotFound | ErrorKind::PermissionDenied if obstacle.is_some() => {
                    Error::Usage(obstacle.unwrap_or_default())
                }
                ErrorKind::NotFound => Error::Usage(format!("no program `{program}`")),
                ErrorKind::PermissionDenied => Error::Usage(format!("`{program}` may not be executed")),
                _ => Error::Child { what: "start", case: program.to_owned(), source: error },
            }
        })?;
        let pid = program.pid();
        let source = match Outside::open(pid, self.resets()) {
            Ok(outside) => Some(Source::of(outside, self.arguments.tree)),
            Err(OutsideError::Gone { .. } | OutsideError::Zombie { .. }) => None,
            Err(error) => return Err(Error::Usage(chain(&error))),
        };
        let command = words.join(" ");
        Ok(Target { source, program: Some(program), pid, case: name(&command), command, age: None, remark: None })
    }
}

/// The program's name: the last part of the first word.
fn name(command: &str) -> String {
    let word = command.split_whitespace().next().unwrap_or_default();
    let name = word.rsplit('/').next().unwrap_or_default();
    if name.is_empty() { "process".to_owned() } else { name.to_owned() }
}

/// Time since the process started.
fn age(identity: Identity) -> Option<Duration> {
    let now = clock_gettime(ClockId::CLOCK_BOOTTIME).ok()?;
    let ticks = sysconf(SysconfVar::CLK_TCK).ok()??;
    let started = identity.start as f64 / ticks as f64;
    Duration::try_from_secs_f64(now.tv_sec() as f64 + now.tv_nsec() as f64 / 1e9 - started).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_called_by_their_last_name() {
        let names = ["/usr/bin/python3 a.py", "./server", "sleep 5", "", "/"].map(name);
        assert_eq!(names, ["python3", "server", "sleep", "process", "process"]);
    }

    #[test]
    fn this_process_is_younger_than_the_machine() {
        let identity = Outside::open(std::process::id() as i32, false).unwrap().identity();
        let own = age(identity).unwrap();
        let first = age(Identity { pid: 1, start: 0 }).unwrap();
        assert!(own < first, "{own:?} and {first:?}");
        assert_eq!(age(Identity { pid: 1, start: u64::MAX }), None, "from another time");
    }
}
