//! One piece of memory for all planned intermediate results.
//!
//! Results that are read and the one that is written lie in the same allocation. They are taken apart with safe splits, so
//! a plan that lets two of them overlap is an error and nothing worse.

use std::ops::Range;

use bytemuck::allocation::try_zeroed_vec;

use super::error::EmbeddedError;

/// Bytes to which results are aligned: a cache line, and the widest vector register.
pub(super) const ALIGNMENT: u64 = 64;

const FLOATS_PER_LINE: usize = ALIGNMENT as usize / size_of::<f32>();

/// Memory for planned results. Places in it are ranges of floats.
pub(super) struct Arena {
    /// One line longer than asked for. Its own alignment is that of floats: the allocator gives untouched zero pages for
    /// that, but writes zeros itself where more is asked for.
    storage: Vec<f32>,
    start: usize,
}

/// Parts of the arena, some to be read and some to be written.
pub(super) struct Parts<'a> {
    /// What is read, in the order asked for.
    pub(super) reads: Vec<&'a [f32]>,
    /// What is written, in the order asked for.
    pub(super) writes: Vec<&'a mut [f32]>,
}

enum Part<'a> {
    Read(&'a [f32]),
    Write(&'a mut [f32]),
}

impl Arena {
    /// Memory for so many floats. Pages that nobody writes to are never touched.
    pub(super) fn new(floats: usize) -> Result<Arena, EmbeddedError> {
        if floats == 0 {
            return Ok(Arena { storage: Vec::new(), start: 0 });
        }
        let length = floats.checked_add(FLOATS_PER_LINE);
        let storage = length.and_then(|length| try_zeroed_vec(length).ok());
        let bytes = (floats as u64).saturating_mul(size_of::<f32>() as u64);
        let storage: Vec<f32> = storage.ok_or(EmbeddedError::OutOfMemory(bytes))?;
        let misaligned = storage.as_ptr().addr() % ALIGNMENT as usize / size_of::<f32>();
        Ok(Arena { storage, start: (FLOATS_PER_LINE - misaligned) % FLOATS_PER_LINE })
    }

    /// A result.
    pub(super) fn read(&self, range: &Range<usize>) -> Option<&[f32]> {
        self.storage.get(self.start..)?.get(range.clone())
    }

    /// Several results at once. What is written must overlap nothing else; what is read may be the same twice.
    pub(super) fn parts(&mut self, reads: &[Range<usize>], writes: &[Range<usize>]) -> Option<Parts<'_>> {
        let mut order: Vec<(&Range<usize>, bool)> = reads.iter().map(|range| (range, false)).collect();
        order.sort_by_key(|(range, _)| (range.start, range.end));
        order.dedup();
        order.extend(writes.iter().map(|range| (range, true)));
        order.sort_by_key(|(range, _)| (range.start, range.end));
        let mut rest = self.storage.get_mut(self.start..)?;
        let mut position = 0;
        let mut parts = Vec::with_capacity(order.len());
        for (range, is_written) in order {
            let (_, after) = rest.split_at_mut_checked(range.start.checked_sub(position)?)?;
            let (part, after) = after.split_at_mut_checked(range.len())?;
            parts.push((range, if is_written { Part::Write(part) } else { Part::Read(part) }));
            (rest, position) = (after, range.end.max(range.start));
        }
        Parts::in_order(parts, reads, writes)
    }
}

impl<'a> Parts<'a> {
    /// The parts in the order asked for.
    fn in_order(
        parts: Vec<(&Range<usize>, Part<'a>)>,
        reads: &[Range<usize>],
        writes: &[Range<usize>],
    ) -> Option<Parts<'a>> {
        let mut readable = Vec::with_capacity(parts.len());
        let mut writable = Vec::with_capacity(writes.len());
        for (range, part) in parts {
            match part {
                Part::Read(part) => readable.push((range, part)),
                Part::Write(part) => writable.push((range, part)),
            }
        }
        let read = |range| readable.iter().find(|(known, _)| *known == range).map(|(_, part)| *part);
        let reads = reads.iter().map(read).collect::<Option<_>>()?;
        let mut write = |range| {
            let position = writable.iter().position(|(known, _)| *known == range)?;
            Some(writable.swap_remove(position).1)
        };
        let writes = writes.iter().map(&mut write).collect::<Option<_>>()?;
        Some(Parts { reads, writes })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_aligned_and_apart() {
        let mut arena = Arena::new(64).unwrap();
        assert_eq!(arena.read(&(0..64)).unwrap().as_ptr().addr() % 64, 0);
        assert!(arena.read(&(60..200)).is_none());
        let parts = arena.parts(&[32..48, 0..16, 32..48], &[16..32, 48..64]).unwrap();
        assert_eq!(parts.reads.iter().map(|part| part.len()).collect::<Vec<_>>(), [16, 16, 16]);
        parts.writes.into_iter().zip([1.0, 2.0]).for_each(|(part, value)| part.fill(value));
        assert_eq!(arena.read(&(15..17)).unwrap(), [0.0, 1.0]);
        assert_eq!(arena.read(&(47..49)).unwrap(), [0.0, 2.0]);
    }

    #[expect(clippy::single_range_in_vec_init, reason = "one part of the arena is what is asked for")]
    #[test]
    fn what_overlaps_is_refused() {
        let mut arena = Arena::new(64).unwrap();
        assert!(arena.parts(&[0..16], &[8..24]).is_none());
        assert!(arena.parts(&[0..16], &[0..16]).is_none());
        assert!(arena.parts(&[], &[0..16, 0..16]).is_none());
        assert!(arena.parts(&[], &[0..1000]).is_none());
        assert!(arena.parts(&[8..24, 0..16], &[]).is_none());
        assert!(arena.parts(&[0..0, 4..4], &[0..4, 4..8]).is_some());
    }

    #[test]
    fn memory_that_does_not_exist_is_an_error() {
        assert!(matches!(Arena::new(usize::MAX / 8), Err(EmbeddedError::OutOfMemory(_))));
        assert!(Arena::new(0).unwrap().parts(&[], &[]).is_some());
    }
}
