//! Memory that a fault takes: heap blocks and mappings, all touched.

use std::fs::File;
use std::hint::black_box;
use std::io;
use std::mem;

use memmap2::{Mmap, MmapMut};

/// Bytes that one step of a growing mapping is rounded to: a page.
const PAGE: u64 = 4096;

/// One free of a block of this size lifts glibc's dynamic mmap threshold above every temporary block of a fault, so that
/// they come from the heap, as model tensors do after the first recompile, and the trim threshold to twice as much. glibc
/// never lifts it beyond 32 MiB (`DEFAULT_MMAP_THRESHOLD_MAX`).
const THRESHOLD_LIFTER: usize = 31 << 20;

/// A block whose pages are all resident.
pub(super) fn touched(bytes: usize) -> Vec<u8> {
    vec![0xa5; bytes]
}

/// Keeps a heap block that nobody can reach any more.
pub(super) fn lose(bytes: u64) {
    if bytes > 0 {
        mem::forget(black_box(touched(bytes as usize)));
    }
}

/// Lifts glibc's dynamic thresholds, where no arm holds them still.
pub(super) fn lift_thresholds() {
    drop(black_box(Vec::<u8>::with_capacity(THRESHOLD_LIFTER)));
}

/// An anonymous mapping, which no heap knows of.
pub(super) fn map_anonymous(bytes: u64) -> io::Result<MmapMut> {
    let mut mapping = MmapMut::map_anon(bytes as usize)?;
    mapping.fill(1);
    Ok(mapping)
}

/// Maps the file at `path`, reads every page of it and loses the mapping.
pub(super) fn lose_file_mapping(file: &File) -> io::Result<()> {
    let mapping = map(file)?;
    black_box(mapping.iter().step_by(PAGE as usize).map(|byte| u64::from(*byte)).sum::<u64>());
    mem::forget(mapping);
    Ok(())
}

#[expect(unsafe_code, reason = "a lost file mapping is a fault to plant")]
fn map(file: &File) -> io::Result<Mmap> {
    // SAFETY: the file lies in the scratch folder of this run, is written before it is mapped and never changed.
    unsafe { Mmap::map(file) }
}

/// Pages that are mapped once `iteration` is over, of `bytes` that growth tends to: `bytes · (1 − exp(−i / time_constant))`.
pub(super) fn saturated_pages(bytes: u64, time_constant: u64, iteration: u64) -> u64 {
    let share = -(-(iteration as f64) / time_constant as f64).exp_m1();
    (bytes as f64 * share) as u64 / PAGE
}

/// Keeps `pages` further pages mapped.
pub(super) fn lose_pages(pages: u64) -> io::Result<()> {
    if pages > 0 {
        mem::forget(map_anonymous(pages * PAGE)?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saturating_growth_has_taken_63_per_cent_after_its_time_constant_and_never_more_than_all() {
        let pages = |iteration| saturated_pages(1000 * PAGE, 50, iteration);
        assert_eq!((pages(0), pages(1), pages(50), pages(100), pages(100_000)), (0, 19, 632, 864, 1000));
        assert!((1..1000).all(|iteration| pages(iteration) >= pages(iteration - 1)));
    }
}
