//! Counts of open descriptors and of mappings, without a heap: the directory and the map list are walked in a fixed buffer.

use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;

use nix::unistd::{Whence, lseek};

/// Counts the entries of an open `/proc/PID/fd`, without `.` and `..`. In `/proc/self/fd` the descriptor of the directory is
/// one of them.
pub(super) fn descriptors(directory: &File, buffer: &mut [u8]) -> Option<u64> {
    lseek(directory.as_fd(), 0, Whence::SeekSet).ok()?;
    let mut entries = 0u64;
    loop {
        let length = read_entries(directory, buffer)?;
        if length == 0 {
            return entries.checked_sub(2);
        }
        entries += records(&buffer[..length]);
    }
}

/// Number of `linux_dirent64` records in `bytes`; bytes 16 and 17 of each are its length.
fn records(mut bytes: &[u8]) -> u64 {
    let mut count = 0;
    while bytes.len() >= 18 {
        let length = usize::from(u16::from_ne_bytes([bytes[16], bytes[17]]));
        if length < 18 || length > bytes.len() {
            break;
        }
        bytes = &bytes[length..];
        count += 1;
    }
    count
}

/// `getdents64`, which `readdir` would wrap in a heap buffer.
#[expect(unsafe_code, reason = "libc and nix offer directory reading only with a heap buffer")]
fn read_entries(directory: &File, buffer: &mut [u8]) -> Option<usize> {
    use std::os::fd::AsRawFd;
    // SAFETY: the kernel writes at most `buffer.len()` bytes to `buffer`, which outlives the call.
    let length =
        unsafe { libc::syscall(libc::SYS_getdents64, directory.as_raw_fd(), buffer.as_mut_ptr(), buffer.len()) };
    usize::try_from(length).ok()
}

/// Counts the lines of an open `/proc/PID/maps`.
pub(super) fn mappings(maps: &File, buffer: &mut [u8]) -> Option<u64> {
    let mut offset = 0;
    let mut lines = 0u64;
    loop {
        let length = maps.read_at(buffer, offset).ok()?;
        if length == 0 {
            return Some(lines);
        }
        lines += buffer[..length].iter().filter(|byte| **byte == b'\n').count() as u64;
        offset += length as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opened_descriptors_are_counted() {
        let directory = File::open("/proc/self/fd").unwrap();
        let mut buffer = [0u8; 1024];
        // Other tests of this process open files too: the count is at least what this one holds.
        let held: Vec<_> = (0..100).map(|_| File::open("/dev/null").unwrap()).collect();
        let count = descriptors(&directory, &mut buffer).unwrap();
        assert!(count >= held.len() as u64, "{count} descriptors");
    }

    #[test]
    fn mappings_are_counted_across_buffers() {
        let maps = File::open("/proc/self/maps").unwrap();
        let whole = mappings(&maps, &mut vec![0u8; 1 << 20]).unwrap();
        let pieces = mappings(&maps, &mut [0u8; 512]).unwrap();
        assert!(whole > 10 && pieces.abs_diff(whole) <= 8, "{whole} and {pieces}");
    }

    #[test]
    fn damaged_directory_records_end_the_count() {
        assert_eq!(records(&[0; 64]), 0);
        let mut record = [0u8; 48];
        record[16] = 24;
        record[40] = 200;
        assert_eq!(records(&record), 1);
    }
}
