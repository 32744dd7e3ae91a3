//! Files of `/proc/PID` that are read again and again into a fixed buffer, of this process and of others. Nothing allocates.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::status::{Rollup, Status};

/// Bytes of the buffer. `status` is about 1.5 KiB; `maps` and directories are read in pieces.
pub(super) const BUFFER: usize = 16 * 1024;

/// What writing to `/proc/PID/clear_refs` does: `5` resets the high-water mark to the present resident memory (Linux 4.0).
const RESET_HIGH_WATER_MARK: &[u8] = b"5";

/// Sets the high-water mark to the present resident memory by way of an open `clear_refs`.
pub(super) fn reset_high_water_mark(clear_refs: &File) -> io::Result<()> {
    clear_refs.write_at(RESET_HIGH_WATER_MARK, 0).map(drop)
}

/// What an open `status` tells now.
pub(super) fn status(file: &File, buffer: &mut [u8]) -> io::Result<Status> {
    let length = file.read_at(buffer, 0)?;
    Ok(Status::parse(&buffer[..length]))
}

/// What an open `smaps_rollup` tells now.
pub(super) fn rollup(file: &File, buffer: &mut [u8]) -> io::Result<Rollup> {
    let length = file.read_at(buffer, 0)?;
    Ok(Rollup::parse(&buffer[..length]))
}
