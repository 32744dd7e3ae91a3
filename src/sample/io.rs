//! Parser of `/proc/PID/io`. It takes text, knows no files and does not allocate.

use super::status::{fields, quantity};

/// The fields of `/proc/PID/io` that a phase needs, counted since the process began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Io {
    /// rchar: bytes that `read` and its kin brought in, from wherever; pages of a mapping are not among them.
    pub read_calls: Option<u64>,
    /// read_bytes: bytes that storage delivered, for reads and for mappings; 0 where the page cache had them.
    pub storage: Option<u64>,
}

impl Io {
    /// Reads the text of `/proc/PID/io`. Unknown lines are passed over.
    pub(super) fn parse(text: &[u8]) -> Io {
        let mut io = Io::default();
        for (key, value) in fields(text) {
            match key {
                b"rchar" => io.read_calls = quantity(value),
                b"read_bytes" => io.storage = quantity(value),
                _ => {}
            }
        }
        io
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINUX_6_18: &[u8] = b"rchar: 96829104\nwchar: 1024\nsyscr: 12\nsyscw: 3\nread_bytes: 4096\nwrite_bytes: 0\n\
        cancelled_write_bytes: 0\n";

    #[test]
    fn read_bytes_are_not_the_cancelled_or_written_ones() {
        assert_eq!(Io::parse(LINUX_6_18), Io { read_calls: Some(96_829_104), storage: Some(4096) });
    }

    #[test]
    fn nonsense_is_absent() {
        assert_eq!(Io::parse(b"rchar: many\nread_bytes\nxread_bytes: 5\n"), Io::default());
        assert_eq!(Io::parse(b""), Io::default());
    }
}
