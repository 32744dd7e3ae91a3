//! Lines of a `/proc` file through a fixed buffer.

use std::io;

/// Calls `take` with every line that `read` gives, without its end. `read` fills the front of the slice that it gets and
/// says how much, 0 at the end of the file.
///
/// # Errors
/// Those of `read`, and `InvalidData` for a line that is longer than `buffer`.
pub(super) fn each_line(
    buffer: &mut [u8],
    mut read: impl FnMut(&mut [u8]) -> io::Result<usize>,
    mut take: impl FnMut(&[u8]),
) -> io::Result<()> {
    let mut filled = 0;
    loop {
        let length = match read(&mut buffer[filled..]) {
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if length == 0 {
            if filled > 0 {
                take(&buffer[..filled]);
            }
            return Ok(());
        }
        filled += length;
        let mut start = 0;
        while let Some(end) = buffer[start..filled].iter().position(|byte| *byte == b'\n') {
            take(&buffer[start..start + end]);
            start += end + 1;
        }
        if start == 0 && filled == buffer.len() {
            return Err(io::ErrorKind::InvalidData.into());
        }
        buffer.copy_within(start..filled, 0);
        filled -= start;
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn lines_are_whole_whatever_the_buffer() {
        let text = b"one\n\ntwenty-one\nlast";
        for size in 11..=32 {
            let mut rest = &text[..];
            let mut lines = Vec::new();
            each_line(&mut vec![0; size], |buffer| rest.read(buffer), |line| lines.push(line.to_vec())).unwrap();
            assert_eq!(lines, [&b"one"[..], b"", b"twenty-one", b"last"], "buffer of {size}");
        }
    }

    #[test]
    fn a_line_longer_than_the_buffer_is_an_error() {
        let mut rest = &b"one\ntwenty-one\n"[..];
        let error = each_line(&mut [0; 8], |buffer| rest.read(buffer), |_| ()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    }
}
