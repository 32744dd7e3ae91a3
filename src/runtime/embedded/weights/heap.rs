//! Copies in the heap.

use std::fs::File;
use std::io::Read;

use super::source::Source;
use crate::runtime::embedded::error::EmbeddedError;

/// Bytes in an allocation of their own, aligned for every element type.
#[derive(Debug)]
pub(super) struct HeapBytes {
    words: Vec<u64>,
    length: usize,
}

impl HeapBytes {
    /// A copy.
    pub(super) fn copy_of(bytes: &[u8]) -> Result<HeapBytes, EmbeddedError> {
        let mut words = Vec::new();
        let out_of_memory = |_| EmbeddedError::OutOfMemory(bytes.len() as u64);
        words.try_reserve_exact(bytes.len().div_ceil(size_of::<u64>())).map_err(out_of_memory)?;
        let (whole, rest) = bytes.as_chunks();
        words.extend(whole.iter().map(|word| u64::from_ne_bytes(*word)));
        if !rest.is_empty() {
            let mut last = [0; size_of::<u64>()];
            last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
            words.push(u64::from_ne_bytes(last));
        }
        Ok(HeapBytes { words, length: bytes.len() })
    }

    /// The bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        bytemuck::cast_slice(&self.words).get(..self.length).unwrap_or_default()
    }
}

/// Reads a whole file.
pub(super) fn read_whole(mut file: &File, source: &Source) -> Result<Vec<u8>, EmbeddedError> {
    let out_of_memory = |_| EmbeddedError::OutOfMemory(source.size());
    let size = usize::try_from(source.size()).map_err(|_| EmbeddedError::OutOfMemory(source.size()))?;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(size).map_err(out_of_memory)?;
    file.by_ref().take(source.size()).read_to_end(&mut bytes).map_err(|error| source.unreadable(error))?;
    match bytes.len() == size {
        true => Ok(bytes),
        false => Err(source.changed(format!("it had {size} bytes, it has {}", bytes.len()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_equal_and_aligned() {
        let bytes: Vec<u8> = (0..100).collect();
        for length in 0..20 {
            for start in 0..8 {
                let from = &bytes[start..start + length];
                let copy = HeapBytes::copy_of(from).unwrap();
                assert_eq!(copy.bytes(), from);
                assert!(bytemuck::try_cast_slice::<u8, u64>(&copy.bytes()[..length / 8 * 8]).is_ok());
            }
        }
    }
}
