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
    /// What its hello said of its live bytes.
    live: LiveWord,
    /// Where the program waits for an answer, if it does.
    turn: Option<Turn>,
    /// Whether the program was told that there is no further iteration.
    told_to_stop: bool,
}

/// What a hello says of live bytes, which then holds for all iterations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum LiveWord {
    /// Nothing.
    #[default]
    None,
    /// There will be some (`live`).
    Promised,
    /// There are none (`live_absence`).
    Denied,
}

impl LiveWord {
    /// # Errors
    /// If the hello says both.
    fn of(hello: &Hello) -> Result<Self, String> {
        match (hello.live.is_some(), hello.live_absence.is_some()) {
            (true, true) => Err("its hello has live bytes (`live`) and says why it has none (`live_absence`)".into()),
            (true, false) => Ok(LiveWord::Promised),
            (false, true) => Ok(LiveWord::Denied),
            (false, false) => Ok(LiveWord::None),
        }
    }
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
                self.live = LiveWord::of(&own)?;
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
                    note_live(hello, due, told.live_bytes.is_some(), self.live)?;
                }
                Ok(Message::Sample(sample))
            }
            (Message::Cache { .. } | Message::Profiled(_) | Message::Latencies { .. }, _) => {
                Err("it said what only highwater's own worker says".into())
            }
            (message, _) => Ok(message),
        }
    }

    /// Answers the program, if it waits; `stop` is why there is no further iteration, if there is none. Whether one begins.
    pub(super) fn answer(&mut self, stop: &mut Option<FinishReason>, child: &mut Running, case: &Case) -> bool {
        let (Some(outside), Some(turn)) = (&mut self.outside, self.turn.take()) else { return false };
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
        turn != Turn::Inside && !self.told_to_stop
    }
}

/// What kind of counter the program has is known with its first sample: its own word, or the counter of its allocator.
///
/// # Errors
/// If it breaks its `word`: it begins to tell them later, so that what came before cannot be judged with the rest, or tells
/// what it said it has not.
fn note_live(hello: &mut Hello, iteration: u64, tells: bool, word: LiveWord) -> Result<(), String> {
    match (iteration, tells, hello.live) {
        (_, true, _) if word == LiveWord::Denied => {
            return Err(format!(
                "its hello says why it has no live bytes (`live_absence`), and it told some in iteration {iteration}"
            ));
        }
        (1, true, None) => {
            // Of an unknown allocator it is not known that it has no caches.
            hello.live = hello.allocator.as_ref().and_then(LiveKind::of).or(Some(LiveKind::Tcache));
        }
        (1, false, _) => {
            hello.live = None;
            hello.live_absence.get_or_insert_with(|| "the program does not tell its live bytes".into());
        }
        (_, true, None) if word == LiveWord::Promised => {
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
        assert_eq!(note_live(&mut own, 1, true, LiveWord::Promised), Ok(()));
        assert_eq!((own.live, &own.live_absence), (Some(LiveKind::Noisy), &None));
        let mut unknown = hello(None);
        assert_eq!(note_live(&mut unknown, 1, true, LiveWord::None), Ok(()));
        assert_eq!(unknown.live, Some(LiveKind::Tcache));
        let mut none = hello(None);
        for iteration in 1..=3 {
            assert_eq!(note_live(&mut none, iteration, false, LiveWord::None), Ok(()));
        }
        assert_eq!(none.live_absence.as_deref(), Some("the program does not tell its live bytes"));
    }

    /// Planted: live bytes beside a reason why there are none, at once and later, and a hello that says both.
    #[test]
    fn a_program_that_says_why_it_has_no_live_bytes_is_held_to_it() {
        let mut own = Hello { live_absence: Some("pools".into()), ..hello(None) };
        assert_eq!(LiveWord::of(&own), Ok(LiveWord::Denied));
        for iteration in 1..=3 {
            assert_eq!(note_live(&mut own, iteration, false, LiveWord::Denied), Ok(()));
            assert!(note_live(&mut own.clone(), iteration, true, LiveWord::Denied).unwrap_err().contains("told some"));
        }
        assert_eq!((own.live, own.live_absence.as_deref()), (None, Some("pools")));
        own.live = Some(LiveKind::Exact);
        assert!(LiveWord::of(&own).unwrap_err().contains("`live_absence`"));
    }

    /// Planted: live bytes from the second iteration on, promised and not.
    #[test]
    fn live_bytes_that_come_late_are_not_passed_over_in_silence() {
        let mut promised = hello(Some(LiveKind::Exact));
        assert_eq!(note_live(&mut promised, 1, false, LiveWord::Promised), Ok(()));
        let why = note_live(&mut promised, 2, true, LiveWord::Promised).unwrap_err();
        assert!(why.contains("in iteration 2") && why.contains("leave `live` out"), "{why}");
        let mut free = hello(None);
        assert_eq!(note_live(&mut free, 1, false, LiveWord::None), Ok(()));
        assert_eq!(note_live(&mut free, 2, true, LiveWord::None), Ok(()));
        assert!(free.live.is_none() && free.live_absence.unwrap().contains("from its first iteration on"));
    }
}
