//! Live bytes: what the program holds, as the allocator in force counts it.
//!
//! Each allocator has its own counter, and each counter its own error. A counter that does not move when a block is
//! allocated is no counter: `mallinfo2` reads 0 under a sanitizer or valgrind, and a heap that nobody uses under another
//! allocator. A constant would look like a proof that nothing leaks, so such a counter is absent.
#![expect(unsafe_code, reason = "the trial allocation must go to the allocator in force, not to Rust's")]

use std::hint::black_box;
use std::sync::OnceLock;

use serde::{Deserialize, Serialize};

use super::in_force::{AllocatorName, InForce, recognise};
use super::{glibc, jemalloc, mimalloc, step_pool, tcmalloc};
use crate::suite::{Allocator, ArmSpec};

/// What is wrong with a counter of live bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LiveKind {
    /// Nothing: flat to the byte where nothing leaks.
    Exact,
    /// Freed blocks count while they wait in caches of threads; it drifts up until those are full.
    Tcache,
    /// Stationary noise.
    Noisy,
}

impl std::fmt::Display for LiveKind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(match self {
            LiveKind::Exact => "exact",
            LiveKind::Tcache => "tcache",
            LiveKind::Noisy => "noisy",
        })
    }
}

impl LiveKind {
    /// What is wrong with the counter of an allocator, if it has one.
    pub fn of(in_force: &InForce) -> Option<LiveKind> {
        let has_cache = |options: &InForce| options.options.get("tcache").is_none_or(|tcache| tcache != "false");
        match in_force.allocator {
            AllocatorName::Glibc if in_force.tcache == Some(false) => Some(LiveKind::Exact),
            AllocatorName::Glibc | AllocatorName::Mimalloc => Some(LiveKind::Tcache),
            AllocatorName::Jemalloc if has_cache(in_force) => Some(LiveKind::Noisy),
            AllocatorName::Jemalloc | AllocatorName::Tcmalloc => Some(LiveKind::Exact),
            AllocatorName::Other => None,
        }
    }
}

/// One reading, in bytes; what the allocator does not tell is absent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveReading {
    /// Bytes in use by the program.
    pub live: Option<u64>,
    /// Bytes that the allocator has in memory.
    pub resident: Option<u64>,
    /// Bytes that the allocator has in memory without the program using them: `resident - live`. Not jemalloc's
    /// `stats.retained`, which is address space.
    pub retained: Option<u64>,
    /// glibc's `arena`: bytes of all heaps.
    pub arena: Option<u64>,
    /// glibc's `hblkhd`: bytes in mappings of their own.
    pub mapped: Option<u64>,
    /// glibc's `fordblks`: free bytes in heaps, whether or not `malloc_trim` gave their pages back.
    pub free: Option<u64>,
    /// glibc's `keepcost`: free bytes at the top of the main heap.
    pub top: Option<u64>,
}

/// The counter of live bytes that belongs to the allocator in force.
#[derive(Clone)]
pub struct LiveCounter {
    source: Source,
    kind: Option<LiveKind>,
    absence: Option<String>,
}

#[derive(Clone, Copy)]
enum Source {
    Glibc(glibc::Statistics),
    Jemalloc(jemalloc::Statistics),
    Mimalloc(mimalloc::Statistics),
    Tcmalloc(tcmalloc::Statistics),
    Absent,
}

impl LiveCounter {
    /// Finds the counter and tries whether it counts.
    pub fn detect(in_force: &InForce) -> LiveCounter {
        let found = match in_force.allocator {
            AllocatorName::Glibc => glibc::Statistics::find().map(Source::Glibc).ok_or("glibc before 2.33"),
            AllocatorName::Jemalloc => {
                jemalloc::Statistics::find().map(Source::Jemalloc).ok_or("jemalloc is built without statistics")
            }
            AllocatorName::Mimalloc => {
                let source = mimalloc::Statistics::find().map(Source::Mimalloc);
                source.ok_or("mimalloc before version 3 cannot be asked about all threads")
            }
            AllocatorName::Tcmalloc => {
                tcmalloc::Statistics::find().map(Source::Tcmalloc).ok_or("tcmalloc does not tell its live bytes")
            }
            AllocatorName::Other => Err("the allocator is not one that highwater can ask"),
        };
        match found {
            Ok(source) if counts(source) => LiveCounter { source, kind: LiveKind::of(in_force), absence: None },
            Ok(_) => LiveCounter::absent("its counter does not move when memory is allocated"),
            Err(reason) => LiveCounter::absent(reason),
        }
    }

    fn absent(reason: &str) -> LiveCounter {
        LiveCounter { source: Source::Absent, kind: None, absence: Some(reason.to_owned()) }
    }

    /// What is wrong with the counter; `None` where there is none.
    pub fn kind(&self) -> Option<LiveKind> {
        self.kind
    }

    /// Why there is no counter.
    pub fn absence(&self) -> Option<&str> {
        self.absence.as_deref()
    }

    /// Reads the counter. Allocates nothing. What the program has in blocks of a step pool is its own as well, and no
    /// allocator counts it: that is added.
    pub fn read(&self) -> LiveReading {
        let reading = self.source.read();
        LiveReading { live: reading.live.map(|live| live + step_pool::PROCESS.live_bytes()), ..reading }
    }
}

impl Source {
    fn read(&self) -> LiveReading {
        let (live, resident) = match self {
            Source::Glibc(statistics) => return from_glibc(&statistics.read()),
            Source::Jemalloc(statistics) => {
                statistics.read().map_or((None, None), |reading| (Some(reading.allocated), Some(reading.resident)))
            }
            Source::Mimalloc(statistics) => (statistics.live(), None),
            Source::Tcmalloc(statistics) => (statistics.live(), statistics.resident()),
            Source::Absent => (None, None),
        };
        let retained = resident.zip(live).map(|(resident, live)| resident.saturating_sub(live));
        LiveReading { live, resident, retained, ..LiveReading::default() }
    }
}

fn from_glibc(info: &glibc::MallInfo) -> LiveReading {
    LiveReading {
        live: Some((info.uordblks + info.hblkhd) as u64),
        resident: None,
        retained: None,
        arena: Some(info.arena as u64),
        mapped: Some(info.hblkhd as u64),
        free: Some(info.fordblks as u64),
        top: Some(info.keepcost as u64),
    }
}

/// Whether the counter rises with an allocation. The blocks are smaller than glibc's mmap threshold of 128 KiB: freeing
/// a larger one would move the dynamic threshold, and with it all that is measured later. More than one size, since a
/// block may come out of a cache.
fn counts(source: Source) -> bool {
    [64usize, 72, 80].iter().map(|kibibytes| kibibytes * 1024).any(|size| {
        let Some(before) = source.read().live else { return false };
        // SAFETY: the block is freed once and not used; black_box keeps the compiler from removing the pair.
        let during = unsafe {
            let block = black_box(libc::malloc(size));
            let during = source.read().live;
            libc::free(block);
            during
        };
        during.is_some_and(|during| during.saturating_sub(before) >= size as u64 / 2)
    })
}

/// Whether live bytes are exact under `arm`, as far as its settings tell: the child says so for sure.
pub fn counts_exactly(arm: &ArmSpec) -> bool {
    let conf = arm.environment.get("MALLOC_CONF").map_or("", String::as_str);
    match arm.allocator {
        Allocator::Glibc => arm.tunables.get("glibc.malloc.tcache_count").is_some_and(|count| count == "0"),
        Allocator::Jemalloc => conf.split(',').any(|option| option == "tcache:false"),
        Allocator::Tcmalloc => true,
        Allocator::Mimalloc | Allocator::Library(_) => false,
    }
}

/// `malloc_trim(0)` where glibc is in force; `false` where it is not, since nothing was done then.
pub fn trim() -> bool {
    static IS_GLIBC: OnceLock<bool> = OnceLock::new();
    *IS_GLIBC.get_or_init(|| recognise() == AllocatorName::Glibc) && glibc::trim()
}
