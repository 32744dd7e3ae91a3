//! Follows what a child says until it has no more to say, or has to be ended.

use std::io;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::child::Running;
use super::ending::Ending;
use super::evidence::Evidence;
use super::lines::Lines;
use super::outcome::FinishReason;
use super::profiled::Profiled;
use super::program::Conversation;
use super::run::{Observer, Request};
use crate::error::Error;
use crate::sample::Series;
use crate::worker::protocol::Hello;

/// How often the parent looks up from the socket: for an interrupt, a deadline, the progress line.
const TICK: Duration = Duration::from_millis(100);

/// Bytes that are read at once, and how often before the parent looks up: more than a socket holds, so that all is read that
/// came while this process was stopped itself; and so little that a child that never stops talking meets its limits.
const PIECE: usize = 64 * 1024;
const MOST_PIECES: usize = 64;

/// Samples for which a series reserves memory at once, so that the parent does not grow while it watches. A longer run
/// reserves as it goes.
const RESERVED_SAMPLES: u64 = 1 << 17;

/// What the parent has heard of a child so far.
pub(super) struct Watch<'a> {
    pub(super) request: &'a Request<'a>,
    pub(super) observer: &'a mut dyn Observer,
    pub(super) hello: Option<Hello>,
    pub(super) series: Series,
    pub(super) notes: Vec<String>,
    pub(super) evidence: Evidence,
    pub(super) profiled: Profiled,
    /// The part that a program has in the protocol; absent for highwater's own worker.
    pub(super) conversation: Option<Conversation>,
    /// Why the child was asked to stop.
    pub(super) stop: Option<FinishReason>,
    lines: Lines,
    started: Instant,
    /// When the child last finished something.
    pub(super) heard: Instant,
}

impl<'a> Watch<'a> {
    /// Nothing is heard yet of the child that was just started.
    pub(super) fn new(request: &'a Request<'a>, observer: &'a mut dyn Observer) -> Self {
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
            lines: Lines::new(),
            started: Instant::now(),
            heard: Instant::now(),
        }
    }

    /// Reads until the child has nothing more to say. The outer error is the parent's, the inner one the observer's.
    pub(super) fn follow(&mut self, child: &mut Running) -> io::Result<Result<Ending, Error>> {
        let limits = &self.request.case.limits;
        let mut piece = vec![0u8; PIECE];
        let mut is_gone = false;
        loop {
            if self.request.interrupted.load(Ordering::Relaxed) {
                return Ok(Ok(Ending::Interrupted));
            }
            if self.stop.is_none() && limits.time.is_some_and(|time| self.started.elapsed() > time) {
                self.ask_to_stop(FinishReason::TimeOver, child);
            }
            self.observer.tick();
            let has_said = child.has_said_more_within(TICK)?;
            match self.drain(child, &mut piece)? {
                Ok(None) => {}
                Ok(Some(ending)) => return Ok(Ok(ending)),
                Err(error) => return Ok(Err(error)),
            }
            // What it has started may hold its socket. The first of these has a tick to say something for it.
            if !has_said && child.has_ended()? && std::mem::replace(&mut is_gone, true) {
                return Ok(Ok(Ending::Closed));
            }
            // Last: this process may have been stopped for a while itself, and what the child said meanwhile is heard first.
            if self.heard.elapsed() > limits.iteration_time {
                return Ok(Ok(Ending::TimedOut(limits.iteration_time)));
            }
        }
    }

    /// Takes what has arrived. Gives how the conversation ended, if it did.
    fn drain(&mut self, child: &mut Running, piece: &mut [u8]) -> io::Result<Result<Option<Ending>, Error>> {
        for _ in 0..MOST_PIECES {
            match child.receive(piece)? {
                None => break,
                Some(0) => return Ok(Ok(Some(Ending::Closed))),
                Some(length) => self.lines.push(&piece[..length]),
            }
            match self.take_lines(child) {
                Ok(None) => {}
                other => return Ok(other),
            }
        }
        Ok(Ok(None))
    }

    /// Takes every whole line that has arrived, and answers a program that waits.
    fn take_lines(&mut self, child: &mut Running) -> Result<Option<Ending>, Error> {
        while let Some(line) = self.lines.take() {
            let ending = match line {
                Ok(message) => self.hear(message, child)?,
                Err(why) => Some(Ending::Alien(why)),
            };
            if ending.is_some() {
                return Ok(ending);
            }
        }
        // What comes while it waits must be a note, and only the end of a line shows that.
        if let Some(conversation) =
            self.conversation.as_mut().filter(|_| self.lines.is_empty() && !child.has_said_more())
        {
            self.evidence.begun |= conversation.answer(&mut self.stop, child, self.request.case);
        }
        Ok(None)
    }

    /// Has the child end after the present iteration. A program hears of it when it is answered.
    pub(super) fn ask_to_stop(&mut self, why: FinishReason, child: &Running) {
        self.stop = Some(why);
        if self.request.case.runtime.program.is_none() {
            child.ask_to_stop();
        }
    }
}
