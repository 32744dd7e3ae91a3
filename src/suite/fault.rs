//! Planted faults as plain values: the truths that verdicts and outcomes are tested against.

use serde::{Deserialize, Serialize};

/// A planted fault: the truth that a verdict must find. Iterations are counted from 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fault {
    /// Heap bytes lost now and then; with a last iteration, a cache that fills and stops.
    Leak {
        /// Bytes of one lost block.
        bytes: u64,
        /// When one is lost.
        when: Schedule,
    },
    /// Growth that decelerates: the i-th iteration keeps `bytes / i`.
    Decelerate {
        /// Bytes kept by the first iteration.
        bytes: u64,
    },
    /// Small long-lived objects that move: in every iteration the oldest of them goes, and a new one is placed directly
    /// above a large temporary block. What is freed below it stays resident, and the next block does not fit into that
    /// hole. Creep on flat live bytes under glibc for as many iterations as there are pins, flat afterwards: every pin
    /// then guards a hole, and the pin that goes makes room for the next block. None where large blocks are mapped.
    Pin {
        /// Bytes of the temporary block.
        bytes: u64,
        /// Number of pins alive at once.
        pins: u64,
    },
    /// Long-lived threads that take `bytes` from arenas of their own and free all of it within each iteration. The tops of
    /// those arenas stay resident, out of `malloc_trim`'s reach: retention on flat live bytes, none where all threads share
    /// the main arena and it is trimmed.
    Arenas {
        /// Number of threads.
        threads: u64,
        /// Bytes that each of them takes; below 64 MiB, where glibc begins a second heap and gives it back when empty.
        bytes: u64,
    },
    /// Blocks that move, in every iteration so many, into places 16 bytes too long. glibc counts the whole place: its count
    /// rises by 16 bytes for each of the first 2,500 moves, and the program holds no more than before.
    Rounding {
        /// Blocks that move in an iteration.
        blocks: u64,
    },
    /// Anonymous mappings lost now and then: growth outside malloc, in jumps or steadily.
    AnonymousMapping {
        /// Bytes of one mapping, all touched.
        bytes: u64,
        /// When one is lost.
        when: Schedule,
        /// Largest size of a second mapping that lives within the iteration alone, of random size in every iteration:
        /// peaks so noisy that slow growth hides in them.
        noise: Option<u64>,
    },
    /// Growth outside malloc that levels off: after iteration i, `bytes · (1 − exp(−i / time_constant))` are mapped, in
    /// whole pages.
    Saturate {
        /// Bytes that it tends to.
        bytes: u64,
        /// Iterations after which 63 % of them are mapped.
        time_constant: u64,
    },
    /// A file mapping lost in every iteration.
    FileMapping {
        /// Bytes of one mapping, all touched.
        bytes: u64,
    },
    /// A thread that never ends, every `every` iterations.
    Thread {
        /// Iterations between two threads.
        every: u64,
    },
    /// A descriptor that is never closed, every `every` iterations.
    Descriptor {
        /// Iterations between two descriptors.
        every: u64,
    },
    /// Live bytes that go up and down without growing, with an outlier now and then.
    Noise {
        /// Amplitude.
        bytes: u64,
    },
    /// The work itself needs more each time and gives all of it back.
    Peak {
        /// Bytes by which an iteration's temporary block exceeds the one before.
        bytes: u64,
    },
    /// A segmentation fault.
    Crash {
        /// The iteration in which it happens.
        at: u64,
    },
    /// An abort.
    Abort {
        /// The iteration in which it happens.
        at: u64,
    },
    /// The process exits by itself.
    Exit {
        /// The iteration in which it happens.
        at: u64,
        /// Exit code.
        code: i32,
    },
    /// The iteration never ends.
    Hang {
        /// The iteration in which it happens.
        at: u64,
    },
    /// Memory is taken until the limit is reached.
    OutOfMemory {
        /// The iteration in which it happens.
        at: u64,
    },
    /// Bytes that are no protocol line are written to the protocol's descriptor.
    Garbage {
        /// The iteration in which it happens.
        at: u64,
    },
    /// The model's file is cut short while it is mapped.
    Truncate {
        /// The iteration in which it happens.
        at: u64,
    },
    /// A forked child never comes back: a handler that a library registered for forks waits for ever.
    HangInFork,
    /// The process aborts when it forks, as a library does whose handler finds a state that it cannot copy.
    AbortAtFork,
}

/// The iterations in which a fault strikes: the multiples of `every` from `from` to `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// Iterations between two strikes.
    pub every: u64,
    /// First iteration that may be struck.
    pub from: u64,
    /// Last iteration that may be struck; all that follow where there is none.
    pub until: Option<u64>,
}

impl Schedule {
    /// Whether the fault strikes in `iteration`.
    pub fn includes(&self, iteration: u64) -> bool {
        iteration.is_multiple_of(self.every)
            && iteration >= self.from
            && self.until.is_none_or(|last| iteration <= last)
    }
}
