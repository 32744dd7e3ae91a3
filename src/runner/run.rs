//! One run of one case: from the start of the child to its outcome.

use std::io::{self, Read};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::child::{ProgramStart, Running};
use super::outcome::{Evidence, FinishReason, Outcome};
use super::profiled::Profiled;
use super::program::{Conversation, Turn};
use crate::arm::ChildEnvironment;
use crate::error::{Error, chain};
use crate::sample::{PhaseFigures, Sample, Series};
use crate::suite::Case;
use crate::worker::protocol::{Hello, Job, LONGEST_LINE, Message, Profile, VERSION};
use crate::workload::{CacheEvent, Phase};

/// How often the parent looks up from the socket: for an interrupt, a deadline, the progress line.
const TICK: Duration = Duration::from_millis(100);

/// Samples for which a series reserves memory at once, so that the parent does not grow while it watches. A longer run
/// reserves as it goes.
const RESERVED_SAMPLES: u64 = 1 << 17;

/// Remarks of a child that are kept, and characters of each.
const MOST_NOTES: usize = 20;
const LONGEST_NOTE: usize = 4000;

/// What a run needs.
pub struct Request<'a> {
    /// The case.
    pub case: &'a Case,
    /// The files of the model's members.
    pub models: Vec<PathBuf>,
    /// What the arm makes of the environment.
    pub environment: &'a ChildEnvironment,
    /// Iterations between two fork probes; `None` for none.
    pub core_every: Option<u64>,
    /// The phases of the model instead of iterations; `None` for iterations.
    pub profile: Option<Profile>,
    /// The file that is started: the binary that serves as worker, this one; or that of the case's program.
    pub program: &'a Path,
    /// Set when the user wants to end the run.
    pub interrupted: &'a AtomicBool,
}

/// Is told what arrives, as it arrives.
pub trait Observer {
    /// A sample arrived. An error ends the run; what was observed before is whole.
    fn sampled(&mut self, sample: &Sample, series: &Series) -> Result<(), Error>;

    /// A model cache did something. An error ends the run.
    fn cached(&mut self, _iteration: u64, _event: &CacheEvent) -> Result<(), Error> {
        Ok(())
    }

    /// Whether the run may stop, since its verdict is final.
    fn is_final(&mut self, series: &Series, hello: &Hello) -> bool;

    /// A phase of a profile is over; `latencies` are the times of its executions, ns, where they are told one by one.
    fn profiled(&mut self, _figures: &PhaseFigures, _latencies: &[u64], _hello: &Hello) -> Result<(), Error> {
        Ok(())
    }

    /// A profile has come to execution number `run` of `phase`.
    fn progressed(&mut self, _phase: Phase, _run: u64) {}

    /// Called about ten times a second.
    fn tick(&mut self) {}
}

/// A run that has ended.
#[derive(Debug)]
pub struct CaseRun {
    /// What became of the child.
    pub outcome: Outcome,
    /// How far it came.
    pub evidence: Evidence,
    /// Who it was; absent if it did not come that far.
    pub hello: Option<Hello>,
    /// What it measured.
    pub series: Series,
    /// What it remarked, each remark once.
    pub notes: Vec<String>,
}

/// Runs one case in a fresh child.
///
/// # Errors
/// Only if the child cannot be started or watched, or if `observer` fails. Whatever the child does is an [`Outcome`].
pub fn run(request: &Request<'_>, observer: &mut dyn Observer) -> Result<CaseRun, Error> {
    let case = request.case;
    let failed = |what: &'static str| {
        let case = case.id.clone();
        move |source| Error::Child { what, case, source }
    };
    let scratch = tempfile::Builder::new().prefix("highwater-").tempdir().map_err(failed("make a folder for"))?;
    let oom_kills = kernel_oom_kills();
    let mut child = match &case.runtime.program {
        Some(program) => Running::start_program(&ProgramStart {
            program,
            file: request.program,
            environment: request.environment,
            model: request.models.first().map(PathBuf::as_path),
            threads: case.threads,
            limits: &case.limits,
        }),
        None => Running::start(request.program, request.environment, case, scratch.path()),
    }
    .map_err(failed("start"))?;
    if case.runtime.program.is_none() {
        let job = Job {
            protocol: VERSION,
            case: case.clone(),
            models: request.models.clone(),
            scratch: scratch.path().to_owned(),
            core_every: request.core_every,
            profile: request.profile,
            companion: false,
        };
        // A child that dies before it reads its job is told of by its exit status.
        let _ = child.send(&job);
    }
    let mut watch = Watch::new(request, observer);
    let ending = watch.follow(&mut child).map_err(failed("watch"))??;
    let Watch { hello, series, notes, mut evidence, stop, .. } = watch;
    if !matches!(ending, Ending::Closed | Ending::Said(_)) {
        child.kill();
    }
    let (status, output) = child.reap().map_err(failed("wait for"))?;
    evidence.output = output;
    let outcome = match (ending, status) {
        (Ending::Said(Said::End), Some(status)) if status.success() => {
            Outcome::Finished(stop.unwrap_or(FinishReason::AllIterations))
        }
        (Ending::Said(Said::Failed(message)), _) => Outcome::of_failure(message),
        (Ending::TimedOut(limit), _) => Outcome::TimedOut { limit },
        (Ending::Alien(why), _) => Outcome::Incompatible { why },
        (Ending::Interrupted, _) => Outcome::Interrupted,
        (Ending::Closed | Ending::Said(Said::End), Some(status)) => {
            let kills = kernel_oom_kills().saturating_sub(oom_kills);
            Outcome::of_exit(status, &evidence.output, kills)
        }
        (Ending::Closed | Ending::Said(Said::End), None) => Outcome::TimedOut { limit: case.limits.iteration_time },
    };
    Ok(CaseRun { outcome, evidence, hello, series, notes })
}

/// How the conversation with the child ended.
enum Ending {
    /// The child closed its socket without a last word.
    Closed,
    /// The child said its last word.
    Said(Said),
    /// A time limit ran out.
    TimedOut(Duration),
    /// The child said something that is not the protocol, or is not what was asked for.
    Alien(String),
    /// The user wants to end the run.
    Interrupted,
}

enum Said {
    End,
    Failed(String),
}

struct Watch<'a> {
    request: &'a Request<'a>,
    observer: &'a mut dyn Observer,
    hello: Option<Hello>,
    series: Series,
    notes: Vec<String>,
    evidence: Evidence,
    profiled: Profiled,
    /// The part that a program has in the protocol; absent for highwater's own worker.
    conversation: Option<Conversation>,
    /// Why the child was asked to stop.
    stop: Option<FinishReason>,
    lines: Vec<u8>,
    started: Instant,
    /// When the child last finished something.
    heard: Instant,
}

impl<'a> Watch<'a> {
    fn new(request: &'a Request<'a>, observer: &'a mut dyn Observer) -> Self {
        let reserve = request.case.limits.iterations.min(RESERVED_SAMPLES) as usize;
        Watch {
            request,
            observer,
            hello: None,
            series: Series::with_capacity(reserve),
            notes: Vec::new(),
            evidence: Evidence::default(),
            profiled: Profiled::new(request.profile),
            conversation: request.case.runtime.program.as_ref().map(|_| Conversation::default()),
            stop: None,
            lines: Vec::with_capacity(LONGEST_LINE),
            started: Instant::now(),
            heard: Instant::now(),
        }
    }

    /// Reads until the child has nothing more to say. The outer error is the parent's, the inner one the observer's.
    fn follow(&mut self, child: &mut Running) -> io::Result<Result<Ending, Error>> {
        let mut chunk = vec![0u8; 64 * 1024];
        loop {
            if self.request.interrupted.load(Ordering::Relaxed) {
                return Ok(Ok(Ending::Interrupted));
            }
            let limits = &self.request.case.limits;
            if self.stop.is_none() && limits.time.is_some_and(|time| self.started.elapsed() > time) {
                self.ask_to_stop(FinishReason::TimeOver, child);
            }
            self.observer.tick();
            let mut sockets = [PollFd::new(child.socket.as_fd(), PollFlags::POLLIN)];
            match poll(&mut sockets, PollTimeout::try_from(TICK).unwrap_or(PollTimeout::ZERO)) {
                // Only a child that has nothing to say can be late: this process may have been stopped for a while itself.
                Ok(0) if self.heard.elapsed() > limits.iteration_time => {
                    return Ok(Ok(Ending::TimedOut(limits.iteration_time)));
                }
                Ok(0) | Err(nix::errno::Errno::EINTR) => continue,
                Ok(_) => {}
                Err(error) => return Err(error.into()),
            }
            let length = match child.socket.read(&mut chunk) {
                Ok(length) => length,
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => 0,
                Err(error) => return Err(error),
            };
            if length == 0 {
                return Ok(Ok(Ending::Closed));
            }
            self.lines.extend_from_slice(&chunk[..length]);
            match self.take_lines(child) {
                Ok(None) => {}
                Ok(Some(ending)) => return Ok(Ok(ending)),
                Err(error) => return Ok(Err(error)),
            }
        }
    }

    /// Takes every whole line that has arrived.
    fn take_lines(&mut self, child: &mut Running) -> Result<Option<Ending>, Error> {
        let lines = std::mem::take(&mut self.lines);
        let mut rest = lines.as_slice();
        let mut ending = None;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let line = &rest[..end];
            rest = &rest[end + 1..];
            ending = match serde_json::from_slice::<Message>(line) {
                Ok(message) if self.conversation.is_some() => self.converse(message, !rest.is_empty(), child)?,
                Ok(message) => self.take(message, child)?,
                Err(error) => Some(alien(line, &error)),
            };
            if ending.is_some() {
                break;
            }
        }
        if rest.len() > LONGEST_LINE {
            ending = Some(Ending::Alien(format!("a protocol line is longer than {LONGEST_LINE} bytes")));
        }
        let kept = lines.len() - rest.len();
        self.lines = lines;
        self.lines.drain(..kept);
        Ok(ending)
    }

    /// Has the child end after the present iteration. A program hears of it when it is answered.
    fn ask_to_stop(&mut self, why: FinishReason, child: &Running) {
        self.stop = Some(why);
        if self.request.case.runtime.program.is_none() {
            child.ask_to_stop();
        }
    }

    /// Takes a message of a program and answers it; with `more`, the program has already said something else.
    fn converse(&mut self, message: Message, more: bool, child: &mut Running) -> Result<Option<Ending>, Error> {
        let Some(mut conversation) = self.conversation.take() else { return Ok(None) };
        let case = self.request.case;
        let turn = Turn::after(&message);
        let due = self.evidence.iteration + 1;
        let heard = conversation.hear(message, self.hello.as_mut(), due, (child, case));
        let mut ending = match heard {
            Ok(Message::End { .. }) if self.stop.is_none() => {
                self.stop = Some(FinishReason::ByItself);
                self.take(Message::End { iterations: 0 }, child)?
            }
            Ok(message) => self.take(message, child)?,
            Err(why) => Some(Ending::Alien(why)),
        };
        if let Some(turn) = turn.filter(|_| ending.is_none()) {
            let answered = match more {
                true => Err("it went on without waiting for an answer".into()),
                false => conversation.answer(turn, &mut self.stop, child, case),
            };
            ending = answered.err().map(Ending::Alien);
        }
        self.conversation = Some(conversation);
        Ok(ending)
    }

    fn take(&mut self, message: Message, child: &mut Running) -> Result<Option<Ending>, Error> {
        let wrong = |why: String| Ok(Some(Ending::Alien(why)));
        match (message, &self.hello) {
            (Message::Hello(_), Some(_)) => wrong("it said hello twice".into()),
            (Message::Hello(hello), None) => {
                self.heard = Instant::now();
                let ending = self.greet(&hello);
                self.hello = Some(hello);
                Ok(ending)
            }
            (Message::Failed { message, .. }, _) => Ok(Some(Ending::Said(Said::Failed(message)))),
            (Message::Incompatible { message }, _) => wrong(message),
            (_, None) => wrong("its first message was not a hello".into()),
            (Message::Phase { phase, iteration }, _) => {
                self.evidence.phase = Some(phase);
                if self.profiled.is_asked_for() {
                    // Each phase of a profile may take as long as an iteration.
                    self.heard = Instant::now();
                    self.observer.progressed(phase, iteration);
                }
                Ok(None)
            }
            (Message::Cache { event, .. }, _) if event.model >= self.request.case.model.members().len() => {
                wrong(format!("it told of model {} where the case has fewer", event.model))
            }
            (Message::Cache { .. }, _) if self.stop == Some(FinishReason::VerdictFinal) => Ok(None),
            (Message::Cache { iteration, event }, _) => {
                self.observer.cached(iteration, &event)?;
                Ok(None)
            }
            (Message::Profiled(figures), Some(hello)) => {
                self.heard = Instant::now();
                match self.profiled.take(&figures) {
                    Err(why) => wrong(why),
                    Ok(latencies) => self.observer.profiled(&figures, latencies, hello).map(|()| None),
                }
            }
            (Message::Latencies { nanoseconds }, _) => {
                Ok(self.profiled.take_latencies(&nanoseconds).err().map(Ending::Alien))
            }
            (Message::Sample(_), _) if self.profiled.is_asked_for() => {
                wrong("it told of iterations where a profile was asked for".into())
            }
            (Message::Note { text }, _) => {
                self.keep_note(&text);
                Ok(None)
            }
            (Message::End { .. }, _) if self.profiled.is_short() => {
                wrong("it ended before the last phase of its profile".into())
            }
            (Message::End { .. }, _) => {
                self.evidence.phase = None;
                Ok(Some(Ending::Said(Said::End)))
            }
            (Message::Sample(_), Some(_)) if self.stop == Some(FinishReason::VerdictFinal) => {
                // The child was already at it; the verdict rests on what came before.
                self.heard = Instant::now();
                Ok(None)
            }
            (Message::Sample(sample), Some(_)) if sample.iteration != self.evidence.iteration + 1 => {
                let expected = self.evidence.iteration + 1;
                wrong(format!("it told iteration {} where {expected} was due", sample.iteration))
            }
            (Message::Sample(sample), Some(_)) => self.record(&sample, child),
        }
    }

    fn keep_note(&mut self, text: &str) {
        let note: String = text.chars().take(LONGEST_NOTE).collect();
        if self.notes.len() < MOST_NOTES && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    fn greet(&self, hello: &Hello) -> Option<Ending> {
        if hello.protocol != VERSION {
            let why = format!("it speaks protocol {}, this highwater speaks {VERSION}", hello.protocol);
            return Some(Ending::Alien(why));
        }
        let arm = &self.request.case.arm;
        let Some(allocator) = &hello.allocator else {
            return Some(Ending::Alien("it does not tell which allocator is in force".into()));
        };
        let mismatch = allocator.matches(&self.request.environment.expected, arm).err()?;
        Some(Ending::Alien(format!("arm `{}` is not in force: {mismatch}", arm.name)))
    }

    fn record(&mut self, sample: &Sample, child: &mut Running) -> Result<Option<Ending>, Error> {
        self.heard = Instant::now();
        self.evidence.iteration = sample.iteration;
        self.evidence.phase = None;
        self.series.push(sample);
        self.observer.sampled(sample, &self.series)?;
        if self.stop.is_none()
            && let Some(hello) = &self.hello
            && self.observer.is_final(&self.series, hello)
        {
            self.ask_to_stop(FinishReason::VerdictFinal, child);
        }
        Ok(None)
    }
}

fn alien(line: &[u8], error: &serde_json::Error) -> Ending {
    let shown: String = String::from_utf8_lossy(line).chars().take(120).collect();
    Ending::Alien(format!("`{shown}` is not a protocol line ({})", chain(error)))
}

/// Processes that the kernel's out-of-memory killer has ended since boot; 0 where the kernel does not tell.
fn kernel_oom_kills() -> u64 {
    procfs::vmstat().ok().and_then(|values| values.get("oom_kill").copied()).map_or(0, |kills| kills.max(0) as u64)
}
