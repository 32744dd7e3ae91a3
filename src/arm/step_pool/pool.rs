//! A plan with memory behind it: one mapping, blocks at fixed places, found again by address.
#![expect(unsafe_code, reason = "pages of free blocks are given back")]

use std::io;
use std::ptr::NonNull;

use memmap2::{MmapOptions, MmapRaw, UncheckedAdvice};

use super::learner::Plan;
use super::shelves::{PAGE, Shelves, Taken};
use super::table::Table;

/// Largest alignment that is planned for: that of a huge page. Beyond it, places would waste more than the pool saves.
pub(super) const LARGEST_ALIGNMENT: u64 = 2 << 20;

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Request {
    /// It is served.
    Hit(NonNull<u8>),
    /// No block was free.
    Miss,
    /// No free block lies at a place of that alignment.
    Misaligned,
    /// Blocks of that size outlive their step.
    Kept,
}

/// A pool that serves, or has served and waits for its last blocks.
pub(super) struct Pool {
    shelves: Shelves,
    kept: Table<u64>,
    memory: MmapRaw,
    /// The address of each block, ascending.
    addresses: Table<usize>,
    /// Blocks in use.
    blocks: u64,
    /// Bytes asked for of those.
    bytes: u64,
    peak: u64,
}

/// What a pool has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PoolSize {
    /// Number of blocks.
    pub blocks: u64,
    /// Bytes of address space.
    pub reserved: u64,
    /// Bytes in memory.
    pub touched: u64,
    /// The most bytes that were in use at a time.
    pub peak: u64,
}

impl Pool {
    /// Reserves the memory of a plan. No page of it is touched before it is used.
    pub(super) fn new(plan: Plan) -> io::Result<Pool> {
        let Plan { shelves, kept } = plan;
        let too_large = || io::Error::from(io::ErrorKind::OutOfMemory);
        let alignment = shelves.blocks().iter().map(|block| block.alignment).max().unwrap_or(PAGE);
        let mut length: u64 = 0;
        let mut places = Table::with_capacity(shelves.blocks().len())?;
        for block in shelves.blocks() {
            let place = length.checked_next_multiple_of(block.alignment).ok_or_else(too_large)?;
            length = place.checked_add(block.size).ok_or_else(too_large)?;
            let place = usize::try_from(place).map_err(|_| too_large())?;
            places.push(place).map_err(|_| too_large())?;
        }
        // The mapping begins at a page; what is aligned to more needs room to move.
        let bytes = length.checked_add(alignment - PAGE).and_then(|bytes| usize::try_from(bytes.max(1)).ok());
        let memory = MmapOptions::new().len(bytes.ok_or_else(too_large)?).no_reserve_swap().map_anon()?;
        let memory = MmapRaw::from(memory);
        let base = (memory.as_mut_ptr() as usize).next_multiple_of(alignment as usize);
        places.iter_mut().for_each(|place| *place += base);
        Ok(Pool { shelves, kept, memory, addresses: places, blocks: 0, bytes: 0, peak: 0 })
    }

    /// Serves a request, if it can.
    pub(super) fn take(&mut self, size: usize, alignment: usize) -> Request {
        let size = size as u64;
        if self.kept.binary_search(&size).is_ok() {
            return Request::Kept;
        }
        match self.shelves.take(size, alignment as u64) {
            Taken::Misaligned => Request::Misaligned,
            Taken::Nothing => Request::Miss,
            Taken::Block(number) => {
                let address = self.addresses.get(number).copied();
                let Some(block) = address.and_then(|address| self.pointer_to(address)) else { return Request::Miss };
                self.blocks += 1;
                self.bytes += size;
                self.peak = self.peak.max(self.bytes);
                Request::Hit(block)
            }
        }
    }

    /// A pointer into the mapping that may be used for all of it.
    fn pointer_to(&self, address: usize) -> Option<NonNull<u8>> {
        NonNull::new(self.memory.as_mut_ptr().with_addr(address))
    }

    /// Whether the block at `address` is one of these.
    pub(super) fn owns(&self, address: usize) -> bool {
        self.number_of(address).is_some()
    }

    /// Takes the block at `address` back; false if it is none of these.
    pub(super) fn put(&mut self, address: usize) -> bool {
        let Some((number, used)) = self.number_of(address) else { return false };
        self.shelves.put(number);
        self.blocks = self.blocks.saturating_sub(1);
        self.bytes = self.bytes.saturating_sub(used);
        true
    }

    /// Has the block at `address` hold `size` bytes, if it is large enough.
    pub(super) fn resize(&mut self, address: usize, size: usize) -> bool {
        let Some((number, used)) = self.number_of(address) else { return false };
        let is_resized = self.shelves.resize(number, size as u64);
        if is_resized {
            self.bytes = self.bytes.saturating_sub(used) + size as u64;
            self.peak = self.peak.max(self.bytes);
        }
        is_resized
    }

    /// The number of the block at `address`, and how many of its bytes are used.
    fn number_of(&self, address: usize) -> Option<(usize, u64)> {
        let number = self.addresses.binary_search(&address).ok()?;
        Some((number, self.shelves.blocks().get(number)?.used))
    }

    /// Whether no block is in use.
    pub(super) fn is_idle(&self) -> bool {
        self.blocks == 0
    }

    /// Bytes in use, as they were asked for.
    pub(super) fn live_bytes(&self) -> u64 {
        self.bytes
    }

    /// Gives the pages of all free blocks back to the system; false if it refuses. They come back as zeros when they are used
    /// again.
    pub(super) fn release_idle(&self) -> bool {
        let base = self.memory.as_ptr() as usize;
        let mut done = true;
        for (address, block) in self.addresses.iter().zip(self.shelves.blocks()) {
            if block.used == 0 {
                let offset = address - base;
                // SAFETY: the block is free, so nobody reads what its pages hold; it begins at a page and is made of pages.
                let advised = unsafe {
                    self.memory.unchecked_advise_range(UncheckedAdvice::DontNeed, offset, block.size as usize)
                };
                done &= advised.is_ok();
            }
        }
        done
    }

    /// What the pool has.
    pub(super) fn size(&self) -> PoolSize {
        PoolSize {
            blocks: self.shelves.blocks().len() as u64,
            reserved: self.memory.len() as u64,
            touched: self.touched(),
            peak: self.peak,
        }
    }

    /// Bytes of the mapping that are in memory.
    fn touched(&self) -> u64 {
        /// Pages that are asked about at once.
        const PAGES: usize = 1024;
        let page = PAGE as usize;
        let mut bytes = 0;
        for offset in (0..self.memory.len()).step_by(PAGES * page) {
            let length = (self.memory.len() - offset).min(PAGES * page);
            let mut states = [0u8; PAGES];
            // SAFETY: the range lies in the mapping and begins at a page, and there is a state for each of its pages.
            let answer = unsafe {
                let begin = self.memory.as_ptr().add(offset).cast_mut().cast();
                libc::mincore(begin, length, states.as_mut_ptr())
            };
            if answer == 0 {
                bytes += states.iter().filter(|state| *state & 1 == 1).count() as u64 * PAGE;
            }
        }
        bytes
    }
}
