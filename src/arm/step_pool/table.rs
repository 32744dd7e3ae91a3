//! Lists of fixed capacity in mappings of their own: what the pool keeps about memory must not come from the allocator
//! that it stands in for, nor show in the live bytes of the program it serves.
#![expect(unsafe_code, reason = "a mapping is bytes until somebody says what lies in them")]

use std::io;
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

use memmap2::{MmapOptions, MmapRaw};

/// A list that never grows beyond its capacity. Pages that were never written to take no memory.
pub(super) struct Table<T> {
    memory: MmapRaw,
    length: usize,
    capacity: usize,
    holds: PhantomData<T>,
}

/// There is no room for one more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full;

impl<T: Copy> Table<T> {
    /// An empty list with room for `capacity` items.
    pub(super) fn with_capacity(capacity: usize) -> io::Result<Table<T>> {
        const { assert!(align_of::<T>() <= 4096, "mappings are aligned to pages") };
        let bytes = capacity.checked_mul(size_of::<T>()).ok_or(io::ErrorKind::OutOfMemory)?;
        let memory = MmapOptions::new().len(bytes.max(1)).no_reserve_swap().map_anon()?.into();
        Ok(Table { memory, length: 0, capacity, holds: PhantomData })
    }

    /// Adds `item` at the end.
    pub(super) fn push(&mut self, item: T) -> Result<(), Full> {
        self.insert(self.length, item)
    }

    /// Adds `item` before the one that is now at `index`; at the end where there is none.
    pub(super) fn insert(&mut self, index: usize, item: T) -> Result<(), Full> {
        if self.length >= self.capacity {
            return Err(Full);
        }
        let index = index.min(self.length);
        let base: *mut T = self.memory.as_mut_ptr().cast();
        // SAFETY: `index <= length < capacity`, so that all items behind `index` have room one further on, and the mapping is
        // writable, aligned and `capacity` items long.
        unsafe {
            let place = base.add(index);
            place.copy_to(place.add(1), self.length - index);
            place.write(item);
        }
        self.length += 1;
        Ok(())
    }

    /// Forgets all items.
    pub(super) fn clear(&mut self) {
        self.length = 0;
    }
}

impl<T> Deref for Table<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: the first `length` items were written, and the mapping is aligned and long enough.
        unsafe { std::slice::from_raw_parts(self.memory.as_ptr().cast(), self.length) }
    }
}

impl<T> DerefMut for Table<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as for `deref`; `self` is borrowed for as long as the slice.
        unsafe { std::slice::from_raw_parts_mut(self.memory.as_mut_ptr().cast(), self.length) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_keeps_its_order_and_its_bounds() {
        let mut table = Table::with_capacity(4).unwrap();
        for (index, item) in [(0, 'd'), (0, 'a'), (1, 'c'), (1, 'b')] {
            table.insert(index, item).unwrap();
        }
        assert_eq!(&table[..], ['a', 'b', 'c', 'd']);
        assert_eq!(table.push('e'), Err(Full));
        table.clear();
        table.push('z').unwrap();
        assert_eq!(&table[..], ['z']);
    }

    #[test]
    fn a_table_beyond_all_memory_is_an_error() {
        assert!(Table::<u64>::with_capacity(usize::MAX).is_err());
        assert!(Table::<u64>::with_capacity(usize::MAX / 16).is_err());
    }
}
