//! Work in place on blocks of floats that fit a first-level cache, on several threads where that pays.
//!
//! The vectorised functions of `rten-vecmath` write over what they read. An output of its own is therefore made by
//! copying a block and working on the copy while it is in the cache, which costs next to nothing.

use rayon::prelude::*;

/// Floats of a block: with its source, half of a first-level cache of 32 KiB.
const BLOCK: usize = 2048;

/// Floats from which on threads are put to work; below, waking them takes longer than the work.
const WORTH_THREADS: usize = 1 << 15;

/// Calls `work` with blocks of `output`, each of whole rows of `row` floats, and with the offset of each. Where there
/// is an input, `output` receives its values first.
pub(super) fn for_each_block(
    input: Option<&[f32]>,
    output: &mut [f32],
    row: usize,
    work: impl Fn(usize, &mut [f32]) + Sync,
) {
    if row == 0 || output.is_empty() {
        return;
    }
    let length = (BLOCK / row).max(1) * row;
    let visit = |(index, block): (usize, &mut [f32])| {
        let offset = index * length;
        if let Some(input) = input {
            block.copy_from_slice(&input[offset..offset + block.len()]);
        }
        work(offset, block);
    };
    if output.len() >= WORTH_THREADS && rayon::current_num_threads() > 1 {
        output.par_chunks_mut(length).enumerate().for_each(visit);
    } else {
        output.chunks_mut(length).enumerate().for_each(visit);
    }
}
