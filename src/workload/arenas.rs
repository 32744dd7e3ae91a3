//! Threads whose arenas keep what they have freed.

use std::hint::black_box;
use std::io;
use std::sync::{Arc, Barrier};
use std::thread;

use super::memory::touched;

/// Bytes of one block: below every mmap threshold that an arm sets, so that all of them come from the thread's arena.
const BLOCK_BYTES: usize = 64 << 10;

/// Bytes of a thread's stack: it calls nothing deep.
const STACK_BYTES: usize = 64 << 10;

/// Threads that wait for an iteration, take their blocks, wait for each other and free them.
pub(super) struct Arenas {
    /// Where the threads and the iteration meet: before the blocks are taken, when all are held, when all are free. It
    /// allocates nothing, so live bytes stay flat.
    barrier: Arc<Barrier>,
}

impl Arenas {
    /// Starts `threads` threads that never end, each of them for `bytes`.
    pub(super) fn new(threads: usize, bytes: usize) -> io::Result<Self> {
        let barrier = Arc::new(Barrier::new(threads + 1));
        for _ in 0..threads {
            let barrier = Arc::clone(&barrier);
            thread::Builder::new()
                .stack_size(STACK_BYTES)
                .spawn(move || take_and_free(&barrier, bytes.div_ceil(BLOCK_BYTES)))?;
        }
        Ok(Arenas { barrier })
    }

    /// Lets every thread take its blocks and free them.
    pub(super) fn strike(&self) {
        for _ in 0..3 {
            self.barrier.wait();
        }
    }
}

fn take_and_free(barrier: &Barrier, count: usize) -> ! {
    let mut blocks = Vec::with_capacity(count);
    loop {
        barrier.wait();
        blocks.extend((0..count).map(|_| black_box(touched(BLOCK_BYTES))));
        barrier.wait();
        blocks.clear();
        barrier.wait();
    }
}
