//! The conversation with a program that speaks the protocol by itself.
//!
//! Its messages are completed by what is seen from outside and then go the way of all messages; afterwards the program, which
//! has waited, is answered.

use super::child::Running;
use super::outcome::FinishReason;
use super::outside::Outside;
use crate::arm::LiveKind;
use crate::suite::Case;
use crate::worker::protocol::{Answer, Hello, Message, VERSION};

/// The parent's part of the conversation.
#[derive(Default)]
pub(super) struct Conversation {
    outside: Option<Outside>,
    /// Whether the program was told that there is no further iteration.
    told_to_stop: bool,
}

/// A message after which the program waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Its hello, or the end of iteration `done`: the next one begins, or none.
    Between {
        /// The last iteration that is over; 0 after the hello.
        done: u64,
    },
    /// A phase.
    Inside,
}

impl Turn {
    /// Whether and where a program waits after `message`.
    pub(super) fn after(message: &Message) -> Option<Turn> {
        match message {
            Message::Hello(_) => Some(Turn::Between { done: 0 }),
            Message::Sample(sample) => Some(Turn::Between { done: sample.iteration }),
            Message::Phase { .. } => Some(Turn::Inside),
            _ => None,
        }
    }
}

impl Conversation {
    /// Completes what the program said. `hello` is what it said first, if it did; `due` is the iteration that is due.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn hear(
        &mut self,
        message: Message,
        hello: Option<&mut Hello>,
        due: u64,
        (child, case): (&Running, &Case),
    ) -> Result<Message, String> {
        if let Some(outside) = &mut self.outside {
            outside.hear();
        }
        match (message, &mut self.outside) {
            (Message::Hello(mut own), None) if own.protocol == VERSION => {
                self.outside = Some(Outside::open(&mut own, child.pid(), case)?);
                Ok(Message::Hello(own))
            }
            (Message::Phase { .. } | Message::Sample(_), Some(_)) if self.told_to_stop => {
                Err("it went on after it was told to stop".into())
            }
            (Message::Phase { iteration, .. }, Some(_)) if iteration != due => {
                Err(format!("it told a phase of iteration {iteration} where {due} was due"))
            }
            (Message::Phase { iteration, phase }, Some(outside)) => {
                outside.enter(phase);
                Ok(Message::Phase { iteration, phase })
            }
            (Message::Sample(told), Some(outside)) => {
                let sample = outside.complete(&told)?;
                if let Some(hello) = hello {
                    note_live(hello, due, told.live_bytes.is_some());
                }
                Ok(Message::Sample(sample))
            }
            (Message::Cache { .. } | Message::Profiled(_) | Message::Latencies { .. }, _) => {
                Err("it said what only highwater's own worker says".into())
            }
            (message, _) => Ok(message),
        }
    }

    /// Answers the program, which waits; `stop` is why there is no further iteration, if there is none.
    ///
    /// # Errors
    /// If it did not wait.
    pub(super) fn answer(
        &mut self,
        turn: Turn,
        stop: &mut Option<FinishReason>,
        child: &mut Running,
        case: &Case,
    ) -> Result<(), String> {
        let Some(outside) = &mut self.outside else { return Ok(()) };
        if child.has_said_more() {
            return Err("it went on without waiting for an answer".into());
        }
        let answer = match turn {
            Turn::Inside => {
                outside.go_on();
                Answer::Go { trim: false }
            }
            Turn::Between { done } => {
                if done >= case.limits.iterations {
                    stop.get_or_insert(FinishReason::AllIterations);
                }
                match stop {
                    Some(_) => Answer::Stop,
                    None => {
                        let next = done + 1;
                        outside.begin_iteration();
                        Answer::Go { trim: case.arm.trim_every.is_some_and(|every| next.is_multiple_of(every)) }
                    }
                }
            }
        };
        self.told_to_stop = answer == Answer::Stop;
        // A program that is gone is told of by its exit status.
        let _ = child.answer(answer);
        Ok(())
    }
}

/// What kind of counter the program has is known with its first sample: its own word, or the counter of its allocator.
fn note_live(hello: &mut Hello, iteration: u64, tells: bool) {
    if iteration != 1 {
        return;
    }
    match (tells, hello.live) {
        (true, None) => {
            // Of an unknown allocator it is not known that it has no caches.
            hello.live = hello.allocator.as_ref().and_then(LiveKind::of).or(Some(LiveKind::Tcache));
        }
        (false, _) => {
            hello.live = None;
            hello.live_absence = Some("the program does not tell its live bytes".into());
        }
        (true, Some(_)) => {}
    }
}
