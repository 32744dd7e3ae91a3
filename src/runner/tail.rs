//! The last lines that a child wrote to standard output and error: the evidence of a crash.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, PipeReader, Read};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use super::told::cleaned;

/// Lines that are kept.
const LINES: usize = 12;

/// Longest line that is kept whole, in bytes.
const LINE_BYTES: u64 = 400;

/// Drains a pipe in a thread of its own, so that a child never blocks on what it prints.
pub(super) struct Tail {
    lines: Arc<Mutex<VecDeque<String>>>,
    drain: Option<JoinHandle<()>>,
}

impl Tail {
    /// Starts to drain `pipe`.
    pub(super) fn of(pipe: PipeReader) -> Self {
        let lines = Arc::new(Mutex::new(VecDeque::with_capacity(LINES + 1)));
        let kept = Arc::clone(&lines);
        let drain = std::thread::Builder::new().name("tail".into()).spawn(move || drain(pipe, &kept)).ok();
        Tail { lines, drain }
    }

    /// The last lines. The writing side must be closed: the child is dead. Whoever has left its process group and keeps the
    /// pipe open is not waited for.
    pub(super) fn finish(mut self) -> Vec<String> {
        if let Some(drain) = self.drain.take() {
            for _ in 0..20 {
                if drain.is_finished() {
                    break;
                }
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        }
        self.lines.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

fn drain(pipe: PipeReader, kept: &Mutex<VecDeque<String>>) {
    let mut reader = BufReader::new(pipe);
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) => {
                let text = cleaned(String::from_utf8_lossy(&line).trim_end());
                if text.is_empty() {
                    continue;
                }
                let mut lines = kept.lock().unwrap_or_else(PoisonError::into_inner);
                lines.push_back(text);
                while lines.len() > LINES {
                    lines.pop_front();
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn the_last_lines_are_kept_whatever_was_written() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let tail = Tail::of(reader);
        for number in 0..10_000 {
            writeln!(writer, "line {number}").unwrap();
        }
        writer.write_all(&[0xff, b'x', b'\n']).unwrap();
        writer.write_all(&vec![b'y'; 4000]).unwrap();
        writer.write_all(b"\n\x1b[31mred\r\n").unwrap();
        drop(writer);
        let lines = tail.finish();
        assert_eq!(lines.len(), LINES);
        assert_eq!(lines.last().map(String::as_str), Some(" [31mred"));
        assert!(lines.iter().all(|line| line.len() <= LINE_BYTES as usize));
    }
}
