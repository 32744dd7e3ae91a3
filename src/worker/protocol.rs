//! The protocol between highwater and a target, one JSON object a line, over a socket of its own.
//!
//! A target is any program that highwater starts with the number of a connected stream socket in `HIGHWATER_FD`. Nothing
//! but the protocol travels there; standard output and error are the target's own and are kept as evidence.
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
//! 4. The target may send [`Message::Note`] at any time after its hello. highwater passes the remark on.
//! 5. highwater may close its sending side at any time: the target ends after the present iteration.
//! 6. The target sends one [`Message::End`] and exits with code 0; or one [`Message::Failed`] or [`Message::Incompatible`],
//!    and exits as it likes.
//!
//! A line longer than [`LONGEST_LINE`], a line that does not parse, a wrong version or an iteration out of order ends the
//! run as *incompatible*. Everything that arrived before stays valid.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::arm::{InForce, LiveKind};
use crate::sample::{PhaseFigures, Sample};
use crate::suite::Case;
use crate::workload::{CacheEvent, Phase};

/// Version of this protocol.
pub const VERSION: u32 = 1;

/// Longest line either side accepts, in bytes.
pub const LONGEST_LINE: usize = 256 * 1024;

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

/// What the target says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
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
        /// The iteration, from 1; 0 before the first.
        iteration: u64,
        /// What went wrong, with its causes.
        message: String,
    },
    /// The work and its runtime do not go together, which is no finding about either.
    Incompatible {
        /// Why.
        message: String,
    },
    /// The work is done.
    End {
        /// Iterations that were sampled.
        iterations: u64,
    },
}

/// Who the target is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hello {
    /// [`VERSION`].
    pub protocol: u32,
    /// Process number.
    pub pid: u32,
    /// Name of the runtime.
    pub runtime: String,
    /// Its version.
    pub runtime_version: String,
    /// The shared library that it was loaded from; absent for one that is part of the target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtime_library: Option<PathBuf>,
    /// The allocator in force, as found inside the process.
    pub allocator: InForce,
    /// What kind of counter `live_bytes` comes from; absent if there is none.
    pub live: Option<LiveKind>,
    /// Why there is no counter.
    #[serde(default)]
    pub live_absence: Option<String>,
    /// Whether every phase has a high-water mark of its own.
    pub peaks: bool,
    /// What fork probes can tell; absent where the job asks for none.
    #[serde(default)]
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
