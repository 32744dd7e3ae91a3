//! Planted faults: the truth that verdicts and outcomes are tested against.
//!
//! What a fault keeps is really kept: no destructor, no static that a tool could still reach. What it frees is really freed.

use std::collections::VecDeque;
use std::fs::File;
use std::hint::black_box;
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use memmap2::{Mmap, MmapMut};
use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use crate::suite::Fault;

/// Bytes of one pin, as in the prototype that produced creep in ONNX Runtime: small against any model tensor.
const PIN_BYTES: usize = 96;

/// One free of a block of this size lifts glibc's dynamic mmap threshold above every temporary block that [`Fault::Pin`]
/// asks for, so that they come from the heap, as model tensors do after the first recompile. glibc never lifts it beyond
/// 32 MiB (`DEFAULT_MMAP_THRESHOLD_MAX`).
const THRESHOLD_LIFTER: usize = 31 << 20;

/// Blocks that [`Fault::Pin`] can fill holes with: enough for 400 holes of 2 MiB.
const FILLERS: usize = 1 << 16;

/// Every how many iterations [`Fault::Noise`] has an outlier, and how much larger it is.
const OUTLIER_EVERY: u64 = 37;
const OUTLIER_FACTOR: u64 = 4;

/// A fault with what it holds.
pub(super) struct Planted {
    fault: Fault,
    pins: VecDeque<Box<[u8]>>,
    fillers: Vec<Vec<u8>>,
    held: Vec<u8>,
    random: Xoshiro256PlusPlus,
    scratch_file: Option<PathBuf>,
}

impl Planted {
    /// Prepares `fault`; files it needs go to `scratch`.
    pub(super) fn new(fault: Fault, seed: u64, scratch: &Path) -> io::Result<Self> {
        let mut planted = Planted {
            fault,
            pins: VecDeque::new(),
            fillers: Vec::new(),
            held: Vec::new(),
            random: Xoshiro256PlusPlus::seed_from_u64(seed),
            scratch_file: None,
        };
        match planted.fault {
            Fault::Pin { pins, .. } => {
                planted.fillers = Vec::with_capacity(FILLERS);
                planted.pins = (0..pins).map(|_| vec![1u8; PIN_BYTES].into_boxed_slice()).collect();
                drop(black_box(touched(THRESHOLD_LIFTER)));
            }
            Fault::FileMapping { bytes } => {
                let path = scratch.join("mapped");
                std::fs::write(&path, touched(bytes as usize))?;
                planted.scratch_file = Some(path);
            }
            Fault::HangInFork => hang_in_forks()?,
            _ => {}
        }
        Ok(planted)
    }

    /// Whether the model's file is to be cut short in this iteration, between `load` and `prepare`.
    pub(super) fn truncates(&self, iteration: u64) -> bool {
        matches!(self.fault, Fault::Truncate { at } if at == iteration)
    }

    /// Does what the fault does in this iteration.
    pub(super) fn strike(&mut self, iteration: u64) -> io::Result<()> {
        match self.fault {
            Fault::Leak { bytes, every, from, until } => {
                let is_due = iteration >= from && iteration.is_multiple_of(every);
                if is_due && until.is_none_or(|last| iteration <= last) {
                    lose(bytes);
                }
            }
            Fault::Decelerate { bytes } => lose(bytes / iteration),
            Fault::Pin { bytes, .. } => self.move_pin(bytes as usize, iteration),
            Fault::AnonymousMapping { bytes } => {
                let mut mapping = MmapMut::map_anon(bytes as usize)?;
                mapping.fill(1);
                mem::forget(mapping);
            }
            Fault::FileMapping { .. } => self.lose_file_mapping()?,
            Fault::Thread { every } if iteration.is_multiple_of(every) => {
                thread::Builder::new().stack_size(64 << 10).spawn(|| {
                    loop {
                        thread::park();
                    }
                })?;
            }
            Fault::Descriptor { every } if iteration.is_multiple_of(every) => mem::forget(File::open("/dev/null")?),
            Fault::Noise { bytes } => self.make_noise(bytes, iteration),
            Fault::Peak { bytes } => drop(black_box(touched((bytes * iteration) as usize))),
            _ if self.is_due(iteration) => self.end()?,
            _ => {}
        }
        Ok(())
    }

    fn is_due(&self, iteration: u64) -> bool {
        match self.fault {
            Fault::Crash { at }
            | Fault::Abort { at }
            | Fault::Exit { at, .. }
            | Fault::Hang { at }
            | Fault::OutOfMemory { at } => at == iteration,
            _ => false,
        }
    }

    /// The faults after which there is no next iteration.
    fn end(&mut self) -> io::Result<()> {
        match self.fault {
            Fault::Crash { .. } => crash(),
            Fault::Abort { .. } => std::process::abort(),
            Fault::Exit { code, .. } => exit(code),
            Fault::Hang { .. } => loop {
                thread::sleep(Duration::from_secs(3600));
            },
            Fault::OutOfMemory { .. } => loop {
                mem::forget(black_box(touched(8 << 20)));
            },
            _ => Ok(()),
        }
    }

    /// Takes a temporary block a little larger than any before it, moves the oldest pin on top of it and frees the block.
    /// The hole that it leaves lies between two pins and is too small for the next block: resident memory grows by about
    /// `bytes` an iteration while live bytes stand still. Blocks that come by mmap leave no hole.
    ///
    /// The allocator would put a pin into an older hole. In a real runtime those are taken by other temporary blocks at
    /// that moment; so they are here, by blocks that nobody touches.
    fn move_pin(&mut self, bytes: usize, iteration: u64) {
        drop(self.pins.pop_front());
        let temporary = black_box(touched(bytes + 16 * iteration as usize));
        let top = temporary.as_ptr().addr();
        if top < heap_end() {
            fill_holes_below(top, &mut self.fillers);
        }
        self.pins.push_back(black_box(vec![1u8; PIN_BYTES].into_boxed_slice()));
        self.fillers.clear();
        drop(temporary);
    }

    fn lose_file_mapping(&self) -> io::Result<()> {
        let Some(path) = &self.scratch_file else { return Ok(()) };
        let mapping = map(&File::open(path)?)?;
        black_box(mapping.iter().step_by(4096).map(|byte| u64::from(*byte)).sum::<u64>());
        mem::forget(mapping);
        Ok(())
    }

    fn make_noise(&mut self, bytes: u64, iteration: u64) {
        self.held = Vec::new();
        let amplitude = if iteration.is_multiple_of(OUTLIER_EVERY) { bytes * OUTLIER_FACTOR } else { bytes };
        self.held = touched((self.random.next_u64() % amplitude.max(1)) as usize);
    }
}

/// Takes every free place below `top` that a pin could go to, the large ones first. `fillers` must not grow: its own buffer
/// would land between the block and the pin.
fn fill_holes_below(top: usize, fillers: &mut Vec<Vec<u8>>) {
    for size in [64 << 10, 4 << 10, PIN_BYTES] {
        while fillers.len() < fillers.capacity() {
            let filler: Vec<u8> = black_box(Vec::with_capacity(size));
            if filler.as_ptr().addr() > top {
                break;
            }
            fillers.push(filler);
        }
    }
}

/// End of the heap that grows by `brk`, where glibc puts what it does not map.
#[expect(unsafe_code, reason = "the end of the heap is known to sbrk alone")]
fn heap_end() -> usize {
    // SAFETY: an increment of 0 changes nothing and returns the present end.
    unsafe { libc::sbrk(0) }.addr()
}

/// A block whose pages are all resident.
fn touched(bytes: usize) -> Vec<u8> {
    vec![0xa5; bytes]
}

/// Keeps a heap block that nobody can reach any more.
fn lose(bytes: u64) {
    if bytes > 0 {
        mem::forget(black_box(touched(bytes as usize)));
    }
}

/// Has every later fork of this process hang in its child, until the thread that forked dies.
#[expect(unsafe_code, reason = "handlers of forks have no safe wrapper")]
fn hang_in_forks() -> io::Result<()> {
    unsafe extern "C" fn hang() {
        // Otherwise the child would outlive a worker that is killed meanwhile.
        let _ = nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL);
        loop {
            nix::unistd::pause();
        }
    }
    // SAFETY: the handler takes nothing and touches no memory of the parent.
    match unsafe { libc::pthread_atfork(None, None, Some(hang)) } {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}

#[expect(unsafe_code, reason = "a lost file mapping is a fault to plant")]
fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the file lies in the scratch folder of this run, is written before it is mapped and never changed.
    unsafe { Mmap::map(file) }
}

#[expect(unsafe_code, reason = "a segmentation fault is a fault to plant")]
fn crash() -> io::Result<()> {
    // SAFETY: none. Reading address 8 is meant to kill this child with SIGSEGV, which is the outcome under test.
    black_box(unsafe { std::ptr::without_provenance::<u8>(8).read_volatile() });
    Ok(())
}

#[expect(clippy::exit, reason = "a runtime that calls exit is a fault to plant")]
fn exit(code: i32) -> ! {
    std::process::exit(code)
}
