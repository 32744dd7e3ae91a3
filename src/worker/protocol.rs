//! The protocol between highwater and a target, one JSON object a line, over a socket of its own.
//!
//! A target is any program that highwater starts with the number of a connected stream socket in `HIGHWATER_FD`. Nothing
//! but the protocol travels there; standard output and error are the target's own and are kept as evidence.
//!
//! There is one set of messages and one state machine in the parent for two kinds of targets. They differ in who takes the
//! samples:
//!
//! - highwater's own worker does, inside its process, for there it is cheapest and sees most. Its hello says which allocator
//!   it found in force, its samples are complete, and it never waits.
//! - For a *program* ([`Engine::Program`](crate::suite::Engine::Program)) highwater does, from outside, while the program
//!   waits: so a program in any language, with whatever heap, is measured by the same code and undisturbed by it. Its hello
//!   leaves out what highwater finds out by itself, and its samples hold what only the program can know. This is the public
//!   part of the protocol; `scripts/PROTOCOL.md` describes it for whoever writes a program.
//!
//! Own worker:
//!
//! 1. highwater sends one [`Job`].
//! 2. The target sends one [`Message::Hello`]: protocol version, which allocator is really in force, which runtime.
//!    highwater compares it with the arm that it asked for; a mismatch ends the run as *incompatible*.
//! 3. For every iteration the target may send [`Message::Phase`] when a phase begins, and sends one [`Message::Sample`] at
//!    the quiescent point. Iterations count from 1 without gaps. Fields that the target cannot tell are left out.
//!    Where the job asks for it, a sample also holds what a fork probe found (the fields `core_…`).
//!    A target with a model cache may send [`Message::Cache`] for everything that the cache loads or drops.
//!    Where the job asks for a [`Profile`], there are no iterations and no samples: the model is loaded, prepared and
//!    executed once, and for each [`ProfiledPhase`](crate::sample::ProfiledPhase), in order, the target sends one
//!    [`Message::Profiled`] when it is over. [`Message::Phase`] says that `load`, `prepare` or `execute` begins, and in
//!    long phases now and then which execution is due (`iteration`), so that highwater knows that the work goes on.
//!    The times of the executions of the last phase come before its figures, in as many [`Message::Latencies`] as it
//!    takes. What was sent before a failure stays valid.
//! 4. The target may send [`Message::Note`] at any time after its hello, also while it waits. highwater passes the remark on.
//! 5. highwater may close its sending side at any time: the target ends after the present iteration.
//! 6. The target sends one [`Message::End`] and exits with code 0; or one [`Message::Failed`] or [`Message::Incompatible`],
//!    and exits as it likes.
//!
//! A program gets no job: what there is to know stands in its environment. It takes steps 2, 3, 4 and 6 too, and
//!
//! - its hello has a name, and no allocator: highwater looks into `/proc/PID` for that;
//! - after its hello, each phase and each sample (which it may call `iteration`) it sends nothing but notes until highwater has
//!   answered with one [`Answer`]. A phase is always answered with [`Answer::Go`]; only between two iterations highwater says
//!   [`Answer::Stop`], whereupon the program leaves its loop. Closing the socket means the same.
//! - [`Message::Cache`], [`Message::Profiled`] and [`Message::Latencies`] are not for programs.
//!
//! A line longer than [`LONGEST_LINE`], a line that does not parse, a wrong version, an iteration out of order or a message
//! out of turn ends the run as *incompatible*. Everything that arrived before stays valid.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::arm::{InForce, LiveKind};
use crate::sample::{PhaseFigures, Sample};
use crate::suite::Case;
use crate::workload::{CacheEvent, Phase};

/// Version of this protocol.
pub const VERSION: u32 = 1;

/// Longest line either side accepts, in bytes without its end.
pub const LONGEST_LINE: usize = 256 * 1024;

/// Characters of a text (a name, a remark, an error) that are kept: some runtimes print whole graphs.
pub const LONGEST_TEXT: usize = 4000;

/// What highwater asks of the target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// [`VERSION`].
    pub protocol: u32,
    /// The case.
    pub case: Case,
    /// The files of the model's [members](crate::suite::ModelSpec::members), which iterations work on in turn; none for
    /// workloads that need no model.
    pub models: Vec<PathBuf>,
    /// A folder for files of this run alone; highwater removes it afterwards.
    pub scratch: PathBuf,
    /// Iterations between two fork probes; absent for none.
    #[serde(default)]
    pub core_every: Option<u64>,
    /// The phases of the model, each measured once, instead of iterations.
    #[serde(default)]
    pub profile: Option<Profile>,
    /// Whether this is the job of a companion: the same iterations without an end, of which nothing is told. Targets start
    /// companions themselves, as many as the workload of the case says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub companion: bool,
}

/// How often a model is executed for a profile, and how closely it is watched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// Executions between the first one and those that are timed one by one.
    pub warmup: u64,
    /// Executions that are timed one by one; at most [`MOST_RUNS`].
    pub runs: u64,
    /// Period of a thread that looks at resident memory; absent for none.
    pub poll: Option<Duration>,
}

/// Executions of one phase at most: the child makes room for all their times before the first.
pub const MOST_RUNS: u64 = 1_000_000;

/// Times in one [`Message::Latencies`] at most: of twenty digits each they stay below [`LONGEST_LINE`].
pub const MOST_LATENCIES: usize = 10_000;

/// What highwater answers to a program that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Answer {
    /// Go on.
    Go {
        /// The iteration that begins now ends with `malloc_trim(0)`, before it is told.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        trim: bool,
    },
    /// No further iteration: say that this is the end.
    Stop,
}

/// What the target says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case", deny_unknown_fields)]
#[expect(
    clippy::large_enum_variant,
    reason = "there is one message at a time, and a boxed sample would be an allocation"
)]
pub enum Message {
    /// The first message.
    Hello(Hello),
    /// A phase begins.
    Phase {
        /// The iteration, from 1.
        iteration: u64,
        /// The phase.
        phase: Phase,
    },
    /// A model cache loaded or dropped a model.
    Cache {
        /// The iteration, from 1.
        iteration: u64,
        /// What it did.
        event: CacheEvent,
    },
    /// An iteration is over.
    #[serde(alias = "iteration")]
    Sample(Sample),
    /// A phase of a profile is over.
    Profiled(PhaseFigures),
    /// Times of executions of a profile's last phase, in order.
    Latencies {
        /// The times, ns.
        nanoseconds: Vec<u64>,
    },
    /// A remark about the run, for whoever reads its report.
    Note {
        /// The remark, in one sentence.
        text: String,
    },
    /// The work cannot go on.
    Failed {
        /// The iteration, from 1; 0 before the first, or where the target does not say.
        #[serde(default)]
        iteration: u64,
        /// What went wrong, with its causes.
        message: String,
    },
    /// The work and its runtime do not go together, which is no finding about either.
    Incompatible {
        /// Why.
        message: String,
    },
    /// The work is done. (With braces, for serde refuses unknown fields of nothing else.)
    End {},
}

/// Who the target is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hello {
    /// [`VERSION`].
    pub protocol: u32,
    /// Number of the process to be sampled; absent for the one that highwater has started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// Name of the runtime.
    #[serde(rename = "name")]
    pub runtime: String,
    /// Its version.
    #[serde(rename = "version", default)]
    pub runtime_version: String,
    /// The shared library that it was loaded from; absent for one that is part of the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime_library: Option<PathBuf>,
    /// The allocator in force, as the target found it inside its process. A program leaves it out; highwater then puts here
    /// what it sees from outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocator: Option<InForce>,
    /// What kind of counter `live_bytes` comes from; absent if there is none. A program that leaves it out and tells live
    /// bytes has that of its allocator.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<LiveKind>,
    /// Why there is no counter. A program may say so where its allocator's counter would not tell what it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live_absence: Option<String>,
    /// Whether every phase has a high-water mark of its own. Not the program's to say.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub peaks: bool,
    /// Whether a program does what [`Answer::Go`] says about `malloc_trim`.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub trims: bool,
    /// What fork probes can tell; absent where the job asks for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub core: Option<CoreAbility>,
}

/// What fork probes can tell under the allocator in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CoreAbility {
    /// Everything free is given back: a verdict may rest on what remains.
    Complete,
    /// Part of what is free stays: what remains is a level, not a proof.
    Partial,
    /// There are no probes.
    Absent {
        /// Why.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_says_little_and_nothing_misspelled() {
        let read = |line: &str| serde_json::from_str::<Message>(line).map_err(|error| error.to_string());
        let Ok(Message::Hello(hello)) = read(r#"{"type":"hello","protocol":1,"name":"service","version":"2"}"#) else {
            panic!("no hello");
        };
        assert_eq!((hello.runtime.as_str(), hello.runtime_version.as_str(), hello.pid), ("service", "2", None));
        assert!(hello.allocator.is_none() && !hello.trims);
        let sample = Sample { iteration: 1, live_bytes: Some(9), ..Sample::default() };
        assert_eq!(read(r#"{"type":"iteration","iteration":1,"live_bytes":9}"#), Ok(Message::Sample(sample)));
        assert_eq!(read(r#"{"type":"end"}"#), Ok(Message::End {}));
        let failed = Message::Failed { iteration: 0, message: "no such file".into() };
        assert_eq!(read(r#"{"type":"failed","message":"no such file"}"#), Ok(failed));
        for (line, problem) in [
            (r#"{"type":"hello","protocol":1}"#, "missing field `name`"),
            (r#"{"type":"hello","protocol":1,"name":"a","verison":"2"}"#, "unknown field `verison`"),
            (r#"{"type":"iteration","iteration":1,"live":9}"#, "unknown field `live`"),
            (r#"{"type":"iteration","live_bytes":9}"#, "missing field `iteration`"),
            (r#"{"type":"iteration","iteration":-1}"#, "invalid value"),
            (r#"{"type":"phase","iteration":1,"phase":"laod"}"#, "unknown variant `laod`"),
            (r#"{"type":"phase","iteration":1,"phase":"load","us":1}"#, "unknown field `us`"),
            (r#"{"type":"done"}"#, "unknown variant `done`"),
            (r#"{"type":"end","iterations":3}"#, "unknown field `iterations`"),
        ] {
            let told = read(line).unwrap_err();
            assert!(told.contains(problem), "{line}: {told}");
        }
    }

    #[test]
    fn an_answer_is_one_short_object() {
        let line = |answer| serde_json::to_string(&answer).unwrap();
        assert_eq!(line(Answer::Go { trim: false }), r#"{"type":"go"}"#);
        assert_eq!(line(Answer::Go { trim: true }), r#"{"type":"go","trim":true}"#);
        assert_eq!(line(Answer::Stop), r#"{"type":"stop"}"#);
    }

    /// What highwater's own worker says reads back as it was.
    #[test]
    fn a_complete_hello_survives_the_wire() {
        let hello = Hello {
            protocol: VERSION,
            pid: Some(7),
            runtime: "rten".into(),
            runtime_version: "0.27".into(),
            runtime_library: None,
            allocator: Some(crate::arm::in_force()),
            live: Some(LiveKind::Exact),
            live_absence: None,
            peaks: true,
            trims: false,
            core: Some(CoreAbility::Absent { reason: "no fork".into() }),
        };
        let line = serde_json::to_string(&Message::Hello(hello.clone())).unwrap();
        assert_eq!(serde_json::from_str::<Message>(&line).unwrap(), Message::Hello(hello));
    }
}
