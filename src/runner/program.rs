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
    /// Whether its hello promised live bytes.
    has_promised_live: bool,
    /// Where the program waits for an answer, if it does.
    turn: Option<Turn>,
    /// Whether the program was told that there is no further iteration.
    told_to_stop: bool,
}

/// A message after which the program waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
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
    fn after(message: &Message) -> Option<Turn> {
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
        match (&mut self.outside, &message) {
            // Another thread may have a remark while the program waits.
            (_, Message::Note { .. }) => {}
            _ if self.turn.is_some() => return Err("it went on without waiting for an answer".into()),
            (Some(outside), _) => outside.hear(),
            (None, _) => {}
        }
        self.turn = self.turn.or_else(|| Turn::after(&message));
        match (message, &mut self.outside) {
            (Message::Hello(mut own), None) if own.protocol == VERSION => {
                self.outside = Some(Outside::open(&mut own, child.pid(), case)?);
                self.has_promised_live = own.live.is_some();
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
                    note_live(hello, due, told.live_bytes.is_some(), self.has_promised_live)?;
                }
                Ok(Message::Sample(sample))
            }
            (Message::Cache { .. } | Message::Profiled(_) | Message::Latencies { .. }, _) => {
                Err("it said what only highwater's own worker says".into())
            }
            (message, _) => Ok(message),
        }
    }

    /// Answers the program, if it waits; `stop` is why there is no further iteration, if there is none.
    pub(super) fn answer(&mut self, stop: &mut Option<FinishReason>, child: &mut Running, case: &Case) {
        let (Some(outside), Some(turn)) = (&mut self.outside, self.turn.take()) else { return };
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
    }
}

/// What kind of counter the program has is known with its first sample: its own word, or the counter of its allocator.
///
/// # Errors
/// If it has `promised` live bytes, and begins to tell them later: what came before cannot be judged with the rest.
fn note_live(hello: &mut Hello, iteration: u64, tells: bool, promised: bool) -> Result<(), String> {
    match (iteration, tells, hello.live) {
        (1, true, None) => {
            // Of an unknown allocator it is not known that it has no caches.
            hello.live = hello.allocator.as_ref().and_then(LiveKind::of).or(Some(LiveKind::Tcache));
        }
        (1, false, _) => {
            hello.live = None;
            hello.live_absence = Some("the program does not tell its live bytes".into());
        }
        (_, true, None) if promised => {
            return Err(format!(
                "its hello promises live bytes (`live`), and it began to tell them in iteration {iteration}: it must tell \
                 `live_bytes` from iteration 1 on, or leave `live` out of its hello"
            ));
        }
        (_, true, None) => {
            hello.live_absence = Some("the program did not tell its live bytes from its first iteration on".into());
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hello(live: Option<LiveKind>) -> Hello {
        let line = r#"{"protocol":1,"name":"service"}"#;
        Hello { live, ..serde_json::from_str(line).unwrap() }
    }

    #[test]
    fn the_kind_of_live_bytes_is_known_with_the_first_sample() {
        let mut own = hello(Some(LiveKind::Noisy));
        assert_eq!(note_live(&mut own, 1, true, true), Ok(()));
        assert_eq!((own.live, &own.live_absence), (Some(LiveKind::Noisy), &None));
        let mut unknown = hello(None);
        assert_eq!(note_live(&mut unknown, 1, true, false), Ok(()));
        assert_eq!(unknown.live, Some(LiveKind::Tcache));
        let mut none = hello(None);
        for iteration in 1..=3 {
            assert_eq!(note_live(&mut none, iteration, false, false), Ok(()));
        }
        assert_eq!(none.live_absence.as_deref(), Some("the program does not tell its live bytes"));
    }

    /// Planted: live bytes from the second iteration on, promised and not.
    #[test]
    fn live_bytes_that_come_late_are_not_passed_over_in_silence() {
        let mut promised = hello(Some(LiveKind::Exact));
        assert_eq!(note_live(&mut promised, 1, false, true), Ok(()));
        let why = note_live(&mut promised, 2, true, true).unwrap_err();
        assert!(why.contains("in iteration 2") && why.contains("leave `live` out"), "{why}");
        let mut free = hello(None);
        assert_eq!(note_live(&mut free, 1, false, false), Ok(()));
        assert_eq!(note_live(&mut free, 2, true, false), Ok(()));
        assert!(free.live.is_none() && free.live_absence.unwrap().contains("from its first iteration on"));
    }
}
