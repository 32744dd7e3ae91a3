//! glibc, in a forked child: `malloc_trim`, and then the free tops of all thread arenas, which `malloc_trim` leaves alone.
//!
//! An arena gives its top back when a block of 64 KiB or more is freed in it (`heap_trim` in glibc's `malloc.c`). After a
//! fork glibc's own handler has put every arena on the list of free ones, from which each new thread takes one. So as many
//! threads as there are arenas, all alive at once, reach each of them.
#![expect(unsafe_code, reason = "malloc's settings and C threads have no safe wrapper")]

use std::ffi::{c_char, c_int, c_void};
use std::hint::black_box;
use std::mem::MaybeUninit;
use std::ptr::{null, null_mut, without_provenance_mut};

use super::symbols;

/// Size of the block that each arena takes and frees: above `FASTBIN_CONSOLIDATION_THRESHOLD` (64 KiB).
const BLOCK: usize = 70_000;

/// The mmap threshold while that is done. An arm may have put it below [`BLOCK`]: where a top is smaller, the block would
/// come by mmap, and that arena would keep its top.
const MMAP_THRESHOLD: c_int = 1 << 20;

/// Smallest stack of a thread here, bytes: it calls malloc and free.
const SMALLEST_STACK: usize = 64 * 1024;

/// Most arenas that are reached: glibc makes eight for each processor at most, unless told otherwise.
const MOST_ARENAS: usize = 1024;

/// Gives back what glibc has free.
#[derive(Clone, Copy)]
pub(super) struct ArenaTops {
    stack: usize,
}

impl ArenaTops {
    /// Finds how large the stack of a thread must be: the thread-local data of all libraries lies on it too.
    pub(super) fn find() -> Self {
        type MinimalStack = unsafe extern "C" fn(*const libc::pthread_attr_t) -> usize;
        // SAFETY: glibc gives the symbol this type and does not look at the attributes.
        let minimal = unsafe {
            symbols::function::<MinimalStack>(c"__pthread_get_minstack").map_or(0, |minimal| minimal(null()))
        };
        ArenaTops { stack: minimal.max(libc::PTHREAD_STACK_MIN).max(SMALLEST_STACK) }
    }

    /// Trims, calls `after_trim`, then gives back the tops of all arenas; false if not all of them were reached.
    ///
    /// To be called in a forked child only, for malloc's settings are other ones afterwards. Malloc works there although
    /// other threads may have been inside of it: `fork` of the C library takes malloc's locks first. That does not hold for
    /// vfork, `_Fork` or a bare clone.
    pub(super) fn give_back(self, after_trim: impl FnOnce()) -> bool {
        // SAFETY: malloc_trim and mallopt may be called from any thread.
        unsafe {
            libc::malloc_trim(0);
            after_trim();
            libc::mallopt(libc::M_MMAP_THRESHOLD, MMAP_THRESHOLD);
            libc::mallopt(libc::M_TRIM_THRESHOLD, 0);
            libc::mallopt(libc::M_TOP_PAD, 0);
        }
        let Some(arenas) = thread_arenas().filter(|arenas| *arenas <= MOST_ARENAS) else { return false };
        // This thread keeps its arena, which need not be the main one.
        if !take_and_free(|| ()) || !self.in_threads(arenas) {
            return false;
        }
        // SAFETY: as above.
        unsafe { libc::malloc_trim(0) };
        true
    }

    /// Takes and frees a block in `count` threads that all exist at the same time; false if one of them could not.
    fn in_threads(self, count: usize) -> bool {
        // Not on this stack: where not all threads can be made, the others still wait when this function has returned.
        static mut BARRIER: MaybeUninit<libc::pthread_barrier_t> = MaybeUninit::uninit();
        let mut threads = [0 as libc::pthread_t; MOST_ARENAS];
        let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
        if count == 0 {
            return true;
        }
        // SAFETY: barrier and attributes are initialised here, before anything uses them; this process is a forked child
        // that gives back once, so that the barrier is initialised once.
        unsafe {
            let barrier = (&raw mut BARRIER).cast::<libc::pthread_barrier_t>();
            if libc::pthread_barrier_init(barrier, null(), count as u32) != 0
                || libc::pthread_attr_init(attributes.as_mut_ptr()) != 0
                || libc::pthread_attr_setstacksize(attributes.as_mut_ptr(), self.stack) != 0
            {
                return false;
            }
            for thread in &mut threads[..count] {
                if libc::pthread_create(thread, attributes.as_ptr(), reach_one, barrier.cast()) != 0 {
                    return false;
                }
            }
            threads[..count].iter().all(|thread| {
                let mut reached = null_mut();
                libc::pthread_join(*thread, &raw mut reached) == 0 && !reached.is_null()
            })
        }
    }
}

/// Body of a thread: holds its block until all threads have theirs, so that no two share an arena. Not null if it had one.
extern "C" fn reach_one(barrier: *mut c_void) -> *mut c_void {
    // SAFETY: the creator passes a barrier that exists as long as the process.
    let reached = take_and_free(|| unsafe {
        libc::pthread_barrier_wait(barrier.cast());
    });
    without_provenance_mut(usize::from(reached))
}

/// Takes a block, calls `meanwhile` and frees it; false if there was none.
fn take_and_free(meanwhile: impl FnOnce()) -> bool {
    // SAFETY: the block is freed once and not used; black_box keeps the compiler from removing the pair. Freeing null does
    // nothing.
    unsafe {
        let block = black_box(libc::malloc(BLOCK));
        meanwhile();
        libc::free(block);
        !block.is_null()
    }
}

/// How many arenas there are besides the main one, as `malloc_info` lists them; `None` if it cannot.
fn thread_arenas() -> Option<usize> {
    const HEAP: &[u8] = b"<heap nr=";
    let (mut text, mut length): (*mut c_char, usize) = (null_mut(), 0);
    // SAFETY: the stream writes to `text` and `length` until it is closed; from then on `text` is a block of `length` bytes
    // that belongs to the caller.
    unsafe {
        let stream = libc::open_memstream(&raw mut text, &raw mut length);
        if stream.is_null() {
            return None;
        }
        let told = libc::malloc_info(0, stream);
        if libc::fclose(stream) != 0 || told != 0 || text.is_null() {
            return None;
        }
        let bytes = std::slice::from_raw_parts(text.cast::<u8>(), length);
        let heaps = bytes.windows(HEAP.len()).filter(|window| *window == HEAP).count();
        libc::free(text.cast());
        heaps.checked_sub(1)
    }
}
