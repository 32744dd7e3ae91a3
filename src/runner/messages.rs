//! What each message of a child means for its run.

use std::time::Instant;

use super::child::Running;
use super::ending::Ending;
use super::outcome::FinishReason;
use super::told::cleaned;
use super::watch::Watch;
use crate::error::Error;
use crate::sample::Sample;
use crate::worker::protocol::{Hello, Message, VERSION};

/// Remarks of a child that are kept.
const MOST_NOTES: usize = 20;

impl Watch<'_> {
    /// Takes a message, and completes it where it is a program's. Gives how the conversation ended, if it did.
    pub(super) fn hear(&mut self, message: Message, child: &mut Running) -> Result<Option<Ending>, Error> {
        let due = self.evidence.iteration + 1;
        let message = match &mut self.conversation {
            None => message,
            Some(conversation) => {
                match conversation.hear(message, self.hello.as_mut(), due, (child, self.request.case)) {
                    Ok(message) => message,
                    Err(why) => return Ok(Some(Ending::Alien(why))),
                }
            }
        };
        if self.conversation.is_some() && message == (Message::End {}) {
            self.stop.get_or_insert(FinishReason::ByItself);
        }
        // Each phase of a profile may take as long as an iteration.
        let is_progress = match &message {
            Message::Hello(_) | Message::Sample(_) | Message::Profiled(_) => true,
            Message::Phase { .. } => self.profiled.is_asked_for(),
            _ => false,
        };
        let ending = self.take(message, child);
        if is_progress {
            // Now: the observer may have taken its time.
            self.heard = Instant::now();
        }
        ending
    }

    fn take(&mut self, message: Message, child: &mut Running) -> Result<Option<Ending>, Error> {
        let wrong = |why: String| Ok(Some(Ending::Alien(why)));
        match (message, &self.hello) {
            (Message::Hello(_), Some(_)) => wrong("it said hello twice".into()),
            (Message::Hello(hello), None) => Ok(self.greet(hello)),
            (Message::Failed { message, .. }, _) => {
                // Whoever fails at what comes before its first iteration says hello for that alone.
                self.evidence.begun &= self.evidence.iteration > 0;
                Ok(Some(Ending::Failed(message)))
            }
            (Message::Incompatible { message }, _) => Ok(Some(Ending::Refused(message))),
            (_, None) => wrong("its first message was not a hello".into()),
            (Message::Phase { phase, iteration }, _) => {
                self.evidence.phase = Some(phase);
                if self.profiled.is_asked_for() {
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
            (Message::Profiled(figures), Some(hello)) => match self.profiled.take(&figures) {
                Err(why) => wrong(why),
                Ok(latencies) => self.observer.profiled(&figures, latencies, hello).map(|()| None),
            },
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
            (Message::End {}, _) if self.profiled.is_short() => {
                wrong("it ended before the last phase of its profile".into())
            }
            (Message::End {}, _) => {
                (self.evidence.phase, self.evidence.begun) = (None, false);
                Ok(Some(Ending::Done))
            }
            // The child was already at it; the verdict rests on what came before.
            (Message::Sample(_), Some(_)) if self.stop == Some(FinishReason::VerdictFinal) => Ok(None),
            (Message::Sample(sample), Some(_)) if sample.iteration != self.evidence.iteration + 1 => {
                let expected = self.evidence.iteration + 1;
                wrong(format!("it told iteration {} where {expected} was due", sample.iteration))
            }
            (Message::Sample(sample), Some(_)) => self.record(&sample, child),
        }
    }

    fn keep_note(&mut self, text: &str) {
        let note = cleaned(text);
        if self.notes.len() < MOST_NOTES && !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Keeps who the child is; gives what is wrong with that.
    fn greet(&mut self, mut hello: Hello) -> Option<Ending> {
        hello.runtime = cleaned(&hello.runtime);
        hello.runtime_version = cleaned(&hello.runtime_version);
        hello.live_absence = hello.live_absence.as_deref().map(cleaned);
        let hello = self.hello.insert(hello);
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
        self.evidence.iteration = sample.iteration;
        (self.evidence.phase, self.evidence.begun) = (None, false);
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
