//! A mapped file, page by page: brought in, used in place, given back.
//!
//! Never is part of a mapping unmapped that is unmapped as a whole later: what the kernel places into the hole meanwhile
//! would go with it (the process dies of it). Pages that are to be unmapped before the whole are
//! replaced by inaccessible ones that stand for nothing.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::fd::AsRawFd;
use std::ptr::NonNull;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::pages::Pages;
use crate::suite::Release;

/// How pages go.
#[derive(Debug, Clone, Copy)]
pub(super) struct Manner {
    /// The way.
    pub(super) release: Release,
    /// Whether what was released becomes inaccessible.
    pub(super) strict: bool,
}

/// A private, read-only mapping of a file or of a part of it.
#[derive(Debug)]
pub(super) struct Mapping {
    base: NonNull<u8>,
    length: usize,
    page_size: usize,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    pages: Pages,
    is_mapped: bool,
}

#[expect(unsafe_code, reason = "a mapping belongs to no thread")]
// SAFETY: the mapped bytes are only read, and what changes (which pages are left) is behind the mutex.
unsafe impl Send for Mapping {}

#[expect(unsafe_code, reason = "a mapping belongs to no thread")]
// SAFETY: as above; `slice` is what hands out bytes, and its caller answers for the pages.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Maps `length` bytes from `offset` on, which is the start of a page.
    #[expect(unsafe_code, reason = "mapping a file is what is measured")]
    pub(super) fn new(file: &File, offset: u64, length: usize) -> io::Result<Mapping> {
        let page_size = page_size();
        let offset = libc::off_t::try_from(offset).map_err(|_| io::ErrorKind::FileTooLarge)?;
        let pages = Pages::new(length, page_size).ok_or(io::ErrorKind::OutOfMemory)?;
        let (protection, flags) = (libc::PROT_READ, libc::MAP_PRIVATE);
        // SAFETY: a new mapping at an address of the kernel's choice takes nothing from anybody.
        let base = unsafe { libc::mmap(std::ptr::null_mut(), length, protection, flags, file.as_raw_fd(), offset) };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let base = NonNull::new(base.cast()).ok_or(io::ErrorKind::AddrNotAvailable)?;
        let state = Mutex::new(State { pages, is_mapped: true });
        Ok(Mapping { base, length, page_size, state })
    }

    /// Whether a byte of the mapping lies at a multiple of `alignment`.
    pub(super) fn is_aligned(&self, offset: usize, alignment: usize) -> bool {
        self.base.addr().get().wrapping_add(offset).is_multiple_of(alignment)
    }

    /// The bytes of `range`, which lies within the mapping.
    ///
    /// # Safety
    ///
    /// No page of the range was released, and none is before the last use of the slice. That the file is neither cut short
    /// nor written to meanwhile cannot be enforced, only found out (`Source::check_unchanged`).
    #[expect(unsafe_code, reason = "weights are used where the file is mapped")]
    pub(super) unsafe fn slice(&self, range: Range<usize>) -> &[u8] {
        assert!(range.start <= range.end && range.end <= self.length, "a weight lies within its mapping");
        // SAFETY: the range is within the mapping, and the caller promises that its pages are there.
        unsafe { std::slice::from_raw_parts(self.base.add(range.start).as_ptr(), range.len()) }
    }

    /// What `read` makes of the bytes of `range`; none if a page of it was released. Nothing is released meanwhile.
    #[expect(unsafe_code, reason = "the file is read where it is mapped")]
    pub(super) fn read<R>(&self, range: Range<usize>, read: impl FnOnce(&[u8]) -> R) -> Option<R> {
        let state = self.state();
        if range.end > self.length || !state.is_mapped || state.pages.is_any_released(range.clone()) {
            return None;
        }
        // SAFETY: no page of the range was released, and to release one takes the lock that is held here.
        Some(read(unsafe { self.slice(range) }))
    }

    /// A weight lies in `range`.
    pub(super) fn enter(&self, range: Range<usize>) {
        self.state().pages.enter(range);
    }

    /// The weight in `range` is needed no more; nothing goes yet.
    pub(super) fn leave(&self, range: Range<usize>) {
        self.state().pages.leave(range);
    }

    /// The weight in `range` is needed no more: pages go that nobody else needs.
    pub(super) fn release(&self, range: Range<usize>, manner: Manner) -> io::Result<()> {
        let mut state = self.state();
        let left = state.pages.leave(range);
        if manner.release == Release::Unmap && state.pages.are_unneeded() || !state.is_mapped {
            return self.unmap(&mut state);
        }
        let runs = state.pages.release_around(left);
        runs.into_iter().try_for_each(|run| self.give_back(run, manner))
    }

    /// All pages go that nobody needs, also those that were released and have come back with a neighbour that was read.
    pub(super) fn release_unneeded(&self, manner: Manner) -> io::Result<()> {
        let mut state = self.state();
        if manner.release == Release::Unmap && state.pages.are_unneeded() || !state.is_mapped {
            return self.unmap(&mut state);
        }
        let runs = state.pages.release_all(manner.release != Release::Unmap);
        runs.into_iter().try_for_each(|run| self.give_back(run, manner))
    }

    /// What the walk over the structure brought in leaves the process, and comes back when it is read.
    pub(super) fn evict(&self) {
        // In a process that locks its memory the pages stay, as it wished.
        let _ = self.advise(0..self.length.div_ceil(self.page_size), libc::MADV_DONTNEED);
    }

    /// All pages are brought in.
    pub(super) fn bring_in(&self) -> io::Result<()> {
        match self.advise(0..self.length.div_ceil(self.page_size), libc::MADV_POPULATE_READ) {
            // Linux before 5.14 does not know it.
            Err(error) if error.raw_os_error() == Some(libc::EINVAL) => {
                self.touch();
                Ok(())
            }
            done => done,
        }
    }

    /// Whether there still is a mapping.
    pub(super) fn is_mapped(&self) -> bool {
        self.state().is_mapped
    }

    /// Bytes that are mapped and were not released, and bytes that were released; whole pages.
    pub(super) fn bytes(&self) -> (u64, u64) {
        let state = self.state();
        let whole = self.length.next_multiple_of(self.page_size);
        let released = match state.is_mapped {
            true => state.pages.released_bytes(),
            false => whole,
        };
        ((whole - released) as u64, released as u64)
    }

    /// Reads one byte of each page.
    #[expect(unsafe_code, reason = "a read that the compiler does not leave out")]
    fn touch(&self) {
        for offset in (0..self.length).step_by(self.page_size) {
            // SAFETY: the offset is within the mapping, which is called for before anything was released.
            let _ = unsafe { self.base.add(offset).read_volatile() };
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give_back(&self, pages: Range<usize>, manner: Manner) -> io::Result<()> {
        match manner.release {
            Release::Keep => return Ok(()),
            Release::Unmap => return self.put_nothing(pages),
            Release::Dontneed => self.advise(pages.clone(), libc::MADV_DONTNEED)?,
            Release::Pageout => self.advise(pages.clone(), libc::MADV_PAGEOUT)?,
        }
        match manner.strict {
            true => self.forbid(pages),
            false => Ok(()),
        }
    }

    /// `madvise` itself: glibc's `posix_madvise` does nothing when told `DONTNEED`.
    #[expect(unsafe_code, reason = "what is measured")]
    fn advise(&self, pages: Range<usize>, advice: libc::c_int) -> io::Result<()> {
        let (start, length) = self.span(pages);
        // SAFETY: the pages belong to this mapping. It is private and never written to, so what comes back when they are
        // read again are the bytes of the file.
        result(unsafe { libc::madvise(start, length, advice) })
    }

    #[expect(unsafe_code, reason = "what finds stale reads")]
    fn forbid(&self, pages: Range<usize>) -> io::Result<()> {
        let (start, length) = self.span(pages);
        // SAFETY: the pages belong to this mapping, and no slice of them is in use: every weight that touches them was
        // released. A stale read ends the process instead of reading something.
        result(unsafe { libc::mprotect(start, length, libc::PROT_NONE) })
    }

    /// Replaces pages by inaccessible ones that hold their place.
    #[expect(unsafe_code, reason = "unmapping without leaving a hole")]
    fn put_nothing(&self, pages: Range<usize>) -> io::Result<()> {
        let (start, length) = self.span(pages);
        let flags = libc::MAP_FIXED | libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
        // SAFETY: the pages belong to this mapping and no slice of them is in use; the addresses stay this mapping's own.
        let placed = unsafe { libc::mmap(start, length, libc::PROT_NONE, flags, -1, 0) };
        match placed == libc::MAP_FAILED {
            true => Err(io::Error::last_os_error()),
            false => Ok(()),
        }
    }

    /// Unmaps the whole, place holders included.
    #[expect(unsafe_code, reason = "the counterpart of mapping")]
    fn unmap(&self, state: &mut State) -> io::Result<()> {
        if !std::mem::take(&mut state.is_mapped) {
            return Ok(());
        }
        // SAFETY: the whole range was mapped by `new` and never given up since; no weight in it is needed any more, or the
        // mapping is being dropped, so no slice of it is in use.
        result(unsafe { libc::munmap(self.base.as_ptr().cast(), self.length) })
    }

    /// Address and length of a run of pages.
    fn span(&self, pages: Range<usize>) -> (*mut libc::c_void, usize) {
        let start = self.base.as_ptr().wrapping_add(pages.start * self.page_size);
        (start.cast(), pages.len() * self.page_size)
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // An error would mean that the range was never mapped.
        let _ = self.unmap(&mut state);
    }
}

/// Size of a page.
#[expect(unsafe_code, reason = "a question to the system")]
pub(super) fn page_size() -> usize {
    // SAFETY: asks for a number.
    let size = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    usize::try_from(size).expect("every system has pages")
}

fn result(code: libc::c_int) -> io::Result<()> {
    match code {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
