//! Protocol lines out of the pieces in which they arrive.

use serde_json::Error;

use crate::error::chain;
use crate::worker::protocol::{LONGEST_LINE, Message};

/// What has arrived and is not taken yet.
pub(super) struct Lines {
    bytes: Vec<u8>,
    /// Bytes at the beginning that belong to lines which were taken.
    taken: usize,
}

impl Lines {
    /// Nothing has arrived; there is room for the longest line.
    pub(super) fn new() -> Self {
        Lines { bytes: Vec::with_capacity(LONGEST_LINE), taken: 0 }
    }

    /// A piece has arrived.
    pub(super) fn push(&mut self, piece: &[u8]) {
        self.bytes.extend_from_slice(piece);
    }

    /// Whether everything that has arrived is taken, half lines included.
    pub(super) fn is_empty(&self) -> bool {
        self.taken == self.bytes.len()
    }

    /// Takes the next whole line, or gives what is wrong with it; `None` if there is none yet.
    pub(super) fn take(&mut self) -> Option<Result<Message, String>> {
        let rest = &self.bytes[self.taken..];
        let end = rest.iter().position(|byte| *byte == b'\n');
        if end.unwrap_or(rest.len()) > LONGEST_LINE {
            return Some(Err(format!("a protocol line is longer than {LONGEST_LINE} bytes")));
        }
        let Some(end) = end else {
            self.bytes.drain(..self.taken);
            self.taken = 0;
            return None;
        };
        let line = &rest[..end];
        let message = serde_json::from_slice(line).map_err(|error| alien(line, &error));
        self.taken += end + 1;
        Some(message)
    }
}

fn alien(line: &[u8], error: &Error) -> String {
    let shown: String = String::from_utf8_lossy(line).chars().take(120).collect();
    format!("`{shown}` is not a protocol line ({})", chain(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A note that makes a line of so many bytes, and the end of the line.
    fn note(length: usize) -> Vec<u8> {
        let (before, after) = (r#"{"type":"note","text":""#, "\"}");
        let text = "y".repeat(length - before.len() - after.len());
        format!("{before}{text}{after}\n").into_bytes()
    }

    #[test]
    fn lines_are_put_together_and_told_apart() {
        let mut lines = Lines::new();
        assert!(lines.is_empty() && lines.take().is_none());
        lines.push(b"{\"type\":\"end\"}\n{\"type\":");
        assert_eq!(lines.take(), Some(Ok(Message::End {})));
        assert!(lines.take().is_none() && !lines.is_empty());
        lines.push(b"\"end\"}\nhello\n");
        assert_eq!(lines.take(), Some(Ok(Message::End {})));
        let why = lines.take().unwrap().unwrap_err();
        assert!(why.starts_with("`hello` is not a protocol line ("), "{why}");
        assert!(lines.take().is_none() && lines.is_empty());
    }

    /// Also where the end of the line comes with the last piece.
    #[test]
    fn a_line_of_the_longest_length_is_taken_and_none_that_is_longer() {
        let read = |length: usize| {
            let mut lines = Lines::new();
            lines.push(&note(length));
            lines.take().unwrap()
        };
        assert!(matches!(read(LONGEST_LINE), Ok(Message::Note { .. })));
        assert!(read(LONGEST_LINE + 1).unwrap_err().contains("longer than 262144 bytes"));
        let mut half = Lines::new();
        half.push(&note(LONGEST_LINE + 1)[..LONGEST_LINE]);
        assert!(half.take().is_none());
        half.push(b"y");
        assert!(half.take().unwrap().is_err(), "no further bytes are waited for");
    }
}
