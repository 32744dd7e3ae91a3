//! Planted faults: the truth that verdicts and outcomes are tested against.
//!
//! What a fault keeps is really kept: no destructor, no static that a tool could still reach. What it frees is really freed.

use std::fs::File;
use std::hint::black_box;
use std::io;
use std::mem;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{Rng, SeedableRng};

use super::arenas::Arenas;
use super::memory::{lift_thresholds, lose, lose_file_mapping, lose_pages, map_anonymous, saturated_pages, touched};
use super::pins::Pins;
use super::rounding::Rounding;
use crate::suite::Fault;

/// Every how many iterations [`Fault::Noise`] has an outlier, and how much larger it is.
const OUTLIER_EVERY: u64 = 37;
const OUTLIER_FACTOR: u64 = 4;

/// A fault with what it holds.
pub(super) struct Planted {
    fault: Fault,
    random: Xoshiro256PlusPlus,
    held: Held,
}

/// What a fault holds from one iteration to the next.
enum Held {
    Nothing,
    Block { _bytes: Vec<u8> },
    Pins(Pins),
    Arenas(Arenas),
    Rounding(Rounding),
    ScratchFile(PathBuf),
}

impl Planted {
    /// Prepares `fault`; files it needs go to `scratch`.
    pub(super) fn new(fault: Fault, seed: u64, scratch: &Path) -> io::Result<Self> {
        let held = match fault {
            Fault::Pin { pins, .. } => {
                lift_thresholds();
                Held::Pins(Pins::new(pins))
            }
            Fault::Arenas { threads, bytes } => {
                lift_thresholds();
                Held::Arenas(Arenas::new(threads as usize, bytes as usize)?)
            }
            Fault::Rounding { .. } => Held::Rounding(Rounding::new()),
            Fault::FileMapping { bytes } => {
                let path = scratch.join("mapped");
                std::fs::write(&path, touched(bytes as usize))?;
                Held::ScratchFile(path)
            }
            Fault::HangInFork => {
                at_fork(None, Some(hang))?;
                Held::Nothing
            }
            Fault::AbortAtFork => {
                at_fork(Some(abort), None)?;
                Held::Nothing
            }
            _ => Held::Nothing,
        };
        Ok(Planted { fault, random: Xoshiro256PlusPlus::seed_from_u64(seed), held })
    }

    /// Whether the model's file is to be cut short in this iteration, between `load` and `prepare`.
    pub(super) fn truncates(&self, iteration: u64) -> bool {
        matches!(self.fault, Fault::Truncate { at } if at == iteration)
    }

    /// Does what the fault does in this iteration.
    pub(super) fn strike(&mut self, iteration: u64) -> io::Result<()> {
        match self.fault {
            Fault::Leak { bytes, when } if when.includes(iteration) => lose(bytes),
            Fault::Decelerate { bytes } => lose(bytes / iteration),
            Fault::Pin { bytes, .. } => {
                if let Held::Pins(pins) = &mut self.held {
                    pins.move_one(bytes as usize);
                }
            }
            Fault::Arenas { .. } => {
                if let Held::Arenas(arenas) = &self.held {
                    arenas.strike();
                }
            }
            Fault::Rounding { blocks } => {
                if let Held::Rounding(rounding) = &mut self.held {
                    rounding.move_blocks(blocks);
                }
            }
            Fault::AnonymousMapping { bytes, when, noise } => {
                if let Some(largest) = noise {
                    drop(map_anonymous(1 + self.random.next_u64() % largest)?);
                }
                if when.includes(iteration) {
                    mem::forget(map_anonymous(bytes)?);
                }
            }
            Fault::Saturate { bytes, time_constant } => {
                let pages = |iteration| saturated_pages(bytes, time_constant, iteration);
                lose_pages(pages(iteration) - pages(iteration - 1))?;
            }
            Fault::FileMapping { .. } => {
                if let Held::ScratchFile(path) = &self.held {
                    lose_file_mapping(&File::open(path)?)?;
                }
            }
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

    fn make_noise(&mut self, bytes: u64, iteration: u64) {
        self.held = Held::Nothing;
        let amplitude = if iteration.is_multiple_of(OUTLIER_EVERY) { bytes * OUTLIER_FACTOR } else { bytes };
        self.held = Held::Block { _bytes: touched((self.random.next_u64() % amplitude.max(1)) as usize) };
    }
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

/// A handler of forks.
type Handler = unsafe extern "C" fn();

/// Has every later fork of this process call `before` in itself, and `child` in its child.
#[expect(unsafe_code, reason = "handlers of forks have no safe wrapper")]
fn at_fork(before: Option<Handler>, child: Option<Handler>) -> io::Result<()> {
    // SAFETY: the handlers take nothing and touch no memory of the program.
    match unsafe { libc::pthread_atfork(before, None, child) } {
        0 => Ok(()),
        error => Err(io::Error::from_raw_os_error(error)),
    }
}

/// Hangs until the thread that forked dies: the child must not outlive a worker that is killed meanwhile.
extern "C" fn hang() {
    let _ = nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL);
    loop {
        nix::unistd::pause();
    }
}

extern "C" fn abort() {
    std::process::abort();
}
