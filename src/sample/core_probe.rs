//! The fork probe: what remains of anonymous memory once everything free is given back.
//!
//! Resident memory at rest depends on what the allocator happens to keep. So the process forks where it is at rest, and the
//! child, which has the same pages, has the allocator give back all that is free and looks at what is left: pinned pages,
//! stacks, data of libraries, mappings that no allocator knows. The measured process keeps every page and every setting.
//!
//! It is not free of cost. `fork` copies page tables (0.6-5 ms), and the parent's next writes fault once a page: the minor
//! faults and the time of the next iteration rise. Runs that are judged on those are not probed.

use std::fs::File;
use std::io::{self, Read};
use std::time::{Duration, Instant};

use super::columns::Sample;
use super::core_error::CoreError;
use super::forked::{self, Numbers};
use super::lines::each_line;
use super::obstacles::Obstacles;
use super::smaps::{Split, Splitter};
use super::status::Status;
use crate::arm::GiveBack;

/// Bytes of the buffer for `/proc` files: more than any of their lines.
const BUFFER: usize = 16 * 1024;

/// Longest time that a probe may take, should its caller allow more.
const LONGEST: Duration = Duration::from_secs(10);

/// How the child fared, the first of its [`Numbers`].
const UNREADABLE: u64 = 0;
const INCOMPLETE: u64 = 1;
const WHOLE: u64 = 2;

/// Stands on the pipe for a level that there is not.
const ABSENT: u64 = u64::MAX;

/// Forks the process to see what remains. Makes what the child needs beforehand.
pub struct CoreProbe {
    give_back: GiveBack,
    limit: Duration,
    maps: File,
    /// The child reads into pages that are there already: its copy of them is no growth.
    buffer: Box<[u8; BUFFER]>,
    disturbed: Option<&'static str>,
}

/// What a forked child found; bytes of anonymous memory, swapped or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoreReading {
    /// Before anything was given back: what the parent has too.
    pub before: u64,
    /// After `malloc_trim` alone; glibc only.
    pub trimmed: Option<u64>,
    /// After everything was given back.
    pub core: u64,
    /// What `core` belongs to.
    pub split: Split,
    /// Time until `fork` had returned in the parent.
    pub fork: Duration,
    /// Time of the whole probe.
    pub whole: Duration,
}

impl CoreProbe {
    /// Prepares probes that take at most `limit` each, and never more than 10 s.
    ///
    /// # Errors
    /// If `/proc/self/maps` cannot be opened.
    pub fn open(give_back: GiveBack, limit: Duration) -> io::Result<CoreProbe> {
        let maps = File::open("/proc/self/maps")?;
        let buffer = Box::new([1; BUFFER]);
        Ok(CoreProbe { give_back, limit: limit.min(LONGEST), maps, buffer, disturbed: None })
    }

    /// A library that was loaded at the last probe and does something of its own at a fork, so that the measured process
    /// may not be as it was.
    pub fn disturbed(&self) -> Option<&'static str> {
        self.disturbed
    }

    /// Probes once and fills the columns `core_…` of `sample`; leaves them absent where there is no reading.
    ///
    /// # Errors
    /// Why there is none.
    pub fn take(&mut self, sample: &mut Sample) -> Result<(), CoreError> {
        let reading = self.read()?;
        sample.core_bytes = Some(reading.core);
        sample.core_trimmed_bytes = reading.trimmed;
        sample.core_heap_bytes = Some(reading.split.heap);
        sample.core_arenas_bytes = Some(reading.split.arenas);
        sample.core_stacks_bytes = Some(reading.split.stacks);
        sample.core_file_bytes = Some(reading.split.file);
        sample.core_other_bytes = Some(reading.split.other);
        sample.core_fork_us = u64::try_from(reading.fork.as_micros()).ok();
        sample.core_us = u64::try_from(reading.whole.as_micros()).ok();
        Ok(())
    }

    /// Probes once.
    ///
    /// # Errors
    /// Why there is no reading.
    pub fn read(&mut self) -> Result<CoreReading, CoreError> {
        let began = Instant::now();
        let obstacles = Obstacles::scan(&self.maps, &mut self.buffer[..]).map_err(|_| CoreError::Unreadable)?;
        self.disturbed = obstacles.disturbed;
        if let Some(library) = obstacles.forbidding {
            return Err(CoreError::Forbidden(library));
        }
        let (give_back, buffer) = (self.give_back, &mut self.buffer[..]);
        let answer = forked::ask(self.limit, || give_back_and_look(give_back, buffer))?;
        let [state, before, trimmed, core, heap, arenas, stacks, file, other] = answer.numbers;
        match state {
            WHOLE => Ok(CoreReading {
                before,
                trimmed: (trimmed != ABSENT).then_some(trimmed),
                core,
                split: Split { heap, arenas, stacks, file, other },
                fork: answer.fork,
                whole: began.elapsed(),
            }),
            INCOMPLETE => Err(CoreError::Incomplete),
            _ => Err(CoreError::Unreadable),
        }
    }
}

/// What the child does.
fn give_back_and_look(give_back: GiveBack, buffer: &mut [u8]) -> Numbers {
    let failed = |state: u64| [state, 0, 0, 0, 0, 0, 0, 0, 0];
    let Some(before) = anonymous(buffer) else { return failed(UNREADABLE) };
    let mut trimmed = None;
    if !give_back.run(|| trimmed = anonymous(buffer)) {
        return failed(INCOMPLETE);
    }
    let Some(core) = anonymous(buffer) else { return failed(UNREADABLE) };
    let Ok(split) = split(give_back.is_glibc(), buffer) else { return failed(UNREADABLE) };
    let Split { heap, arenas, stacks, file, other } = split;
    [WHOLE, before, trimmed.unwrap_or(ABSENT), core, heap, arenas, stacks, file, other]
}

/// Anonymous memory of this process, resident or swapped out. Opened anew, for a descriptor of `/proc/self` that the parent
/// opened shows the parent.
fn anonymous(buffer: &mut [u8]) -> Option<u64> {
    let length = File::open("/proc/self/status").ok()?.read(buffer).ok()?;
    let status = Status::parse(&buffer[..length]);
    Some(status.rss_anon? + status.vm_swap.unwrap_or(0))
}

fn split(glibc: bool, buffer: &mut [u8]) -> io::Result<Split> {
    let mut smaps = File::open("/proc/self/smaps")?;
    let mut splitter = Splitter::new(glibc);
    each_line(buffer, |buffer| smaps.read(buffer), |line| splitter.take(line))?;
    Ok(splitter.split())
}
