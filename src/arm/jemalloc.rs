//! jemalloc's statistics and options, through `mallctl`.
//!
//! `stats.allocated` counts what thread caches hold as live: stationary noise of some kB, none with `tcache:false`.
#![expect(unsafe_code, reason = "mallctl is looked up in the preloaded library")]

use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::mem::size_of;
use std::ptr::{null_mut, without_provenance_mut};

use super::symbols;

type MallctlByName = unsafe extern "C" fn(*const c_char, *mut c_void, *mut usize, *mut c_void, usize) -> c_int;
type NameToMib = unsafe extern "C" fn(*const c_char, *mut usize, *mut usize) -> c_int;
type MallctlByMib = unsafe extern "C" fn(*const usize, usize, *mut c_void, *mut usize, *mut c_void, usize) -> c_int;

/// The options that decide how memory behaves, as jemalloc names them below `opt.`.
const OPTIONS: [&CStr; 12] = [
    c"opt.tcache",
    c"opt.tcache_max",
    c"opt.background_thread",
    c"opt.narenas",
    c"opt.percpu_arena",
    c"opt.dirty_decay_ms",
    c"opt.muzzy_decay_ms",
    c"opt.metadata_thp",
    c"opt.thp",
    c"opt.retain",
    c"opt.prof",
    c"opt.lg_extent_max_active_fit",
];

/// Options that are text; `mallctl` does not tell a pointer from a number.
const TEXTS: [&CStr; 3] = [c"opt.percpu_arena", c"opt.metadata_thp", c"opt.thp"];
/// Options that are signed.
const SIGNED: [&CStr; 2] = [c"opt.dirty_decay_ms", c"opt.muzzy_decay_ms"];

/// A name of jemalloc's control tree, translated once.
#[derive(Clone, Copy)]
struct Node {
    mib: [usize; 2],
}

/// jemalloc's statistics, ready to be read without a name look-up.
#[derive(Clone, Copy)]
pub(super) struct Statistics {
    by_mib: MallctlByMib,
    epoch: [usize; 1],
    allocated: Node,
    resident: Node,
}

/// One reading, in bytes.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    pub allocated: u64,
    pub resident: u64,
}

impl Statistics {
    /// Finds the statistics; `None` where jemalloc was built without them.
    pub(super) fn find() -> Option<Self> {
        // SAFETY: every jemalloc gives these symbols these types.
        let (to_mib, by_mib): (NameToMib, MallctlByMib) =
            unsafe { (symbols::function(c"mallctlnametomib")?, symbols::function(c"mallctlbymib")?) };
        let statistics = Statistics {
            by_mib,
            epoch: translate(to_mib, c"epoch")?,
            allocated: Node { mib: translate(to_mib, c"stats.allocated")? },
            resident: Node { mib: translate(to_mib, c"stats.resident")? },
        };
        statistics.read().map(|_| statistics)
    }

    /// Takes a fresh snapshot and reads it. Allocates nothing.
    pub(super) fn read(&self) -> Option<Reading> {
        let mut epoch: u64 = 1;
        // SAFETY: the node is `epoch`, which takes a u64; writing any value refreshes the snapshot.
        let status = unsafe {
            (self.by_mib)(
                self.epoch.as_ptr(),
                self.epoch.len(),
                null_mut(),
                null_mut(),
                (&raw mut epoch).cast(),
                size_of::<u64>(),
            )
        };
        if status != 0 {
            return None;
        }
        Some(Reading { allocated: self.number(self.allocated)?, resident: self.number(self.resident)? })
    }

    fn number(&self, node: Node) -> Option<u64> {
        let mut value: usize = 0;
        let mut size = size_of::<usize>();
        // SAFETY: the nodes are statistics of type size_t, and `value` has that size.
        let status = unsafe {
            (self.by_mib)(node.mib.as_ptr(), node.mib.len(), (&raw mut value).cast(), &raw mut size, null_mut(), 0)
        };
        (status == 0).then_some(value as u64)
    }
}

/// The node of a command that belongs to all arenas: `MALLCTL_ARENAS_ALL` of jemalloc's header is 4096.
const PURGE_ALL: &CStr = c"arena.4096.purge";

/// Gives back all free pages, ready without a name look-up.
#[derive(Clone, Copy)]
pub(super) struct Purge {
    by_mib: MallctlByMib,
    flush: [usize; 3],
    purge: [usize; 3],
}

impl Purge {
    /// Finds the commands.
    pub(super) fn find() -> Option<Self> {
        // SAFETY: every jemalloc gives these symbols these types.
        let (to_mib, by_mib): (NameToMib, MallctlByMib) =
            unsafe { (symbols::function(c"mallctlnametomib")?, symbols::function(c"mallctlbymib")?) };
        Some(Purge { by_mib, flush: translate(to_mib, c"thread.tcache.flush")?, purge: translate(to_mib, PURGE_ALL)? })
    }

    /// Empties this thread's cache and purges dirty and muzzy pages of all arenas; false if jemalloc refuses.
    pub(super) fn run(self) -> bool {
        // SAFETY: both nodes are commands that take and give nothing.
        let command =
            |mib: [usize; 3]| unsafe { (self.by_mib)(mib.as_ptr(), mib.len(), null_mut(), null_mut(), null_mut(), 0) };
        // Without a cache (`tcache:false`) there is nothing to flush, which jemalloc calls an error.
        command(self.flush);
        command(self.purge) == 0
    }
}

fn translate<const N: usize>(to_mib: NameToMib, name: &CStr) -> Option<[usize; N]> {
    let mut mib = [0; N];
    let mut length = N;
    // SAFETY: `mib` has room for `length` elements, which jemalloc respects.
    let status = unsafe { to_mib(name.as_ptr(), mib.as_mut_ptr(), &raw mut length) };
    (status == 0 && length == N).then_some(mib)
}

/// jemalloc's version, without the commit.
pub(super) fn version() -> Option<String> {
    let (word, _) = control(c"version")?;
    let version = text_at(word)?;
    Some(version.split_once("-0-g").map_or(version.as_str(), |(release, _)| release).to_owned())
}

/// The options in force, by their name in `MALLOC_CONF`.
pub(super) fn options() -> BTreeMap<String, String> {
    OPTIONS.iter().filter_map(|name| Some((short(name), option(name)?))).collect()
}

fn short(name: &CStr) -> String {
    name.to_string_lossy().trim_start_matches("opt.").to_owned()
}

fn option(name: &CStr) -> Option<String> {
    let (word, size) = control(name)?;
    match size {
        1 => Some((word != 0).to_string()),
        _ if TEXTS.contains(&name) => text_at(word),
        _ if SIGNED.contains(&name) => Some((word as i64).to_string()),
        _ => Some(word.to_string()),
    }
}

/// Reads a node of unknown size up to eight bytes: the word and its size. jemalloc copies what fits and reports the
/// true size along with an error when the sizes differ.
fn control(name: &CStr) -> Option<(u64, usize)> {
    // A node that does not exist leaves the size as it is.
    let (mut word, mut size) = (0u64, size_of::<u64>());
    // SAFETY: every jemalloc gives the symbol this type; `word` has room for `size` bytes.
    let status = unsafe {
        let mallctl = symbols::function::<MallctlByName>(c"mallctl")?;
        mallctl(name.as_ptr(), (&raw mut word).cast(), &raw mut size, null_mut(), 0)
    };
    (status == 0 || (status == libc::EINVAL && matches!(size, 1 | 4))).then_some((word, size))
}

fn text_at(address: u64) -> Option<String> {
    let text: *mut c_char = without_provenance_mut(address as usize);
    // SAFETY: the nodes that are read as text hold pointers to static C strings inside jemalloc.
    (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}
