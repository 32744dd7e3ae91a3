//! Appending to a file so that it never ends in a part of a row.

use std::fs::File;
use std::io::{self, Write};

/// Appends `bytes`, whole rows, to `file`, whose whole rows so far take `length` bytes. What cannot be written whole (a full
/// disk) is cut off again.
pub(super) fn append_whole(file: &mut File, length: &mut u64, bytes: &[u8]) -> io::Result<()> {
    if let Err(error) = file.write_all(bytes) {
        let _ = file.set_len(*length);
        return Err(error);
    }
    *length += bytes.len() as u64;
    Ok(())
}
