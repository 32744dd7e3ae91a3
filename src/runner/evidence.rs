//! How far a child came, and its last words.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::workload::Phase;

/// How far a child came, and its last words.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Last iteration that was sampled.
    pub iteration: u64,
    /// The phase that had begun after it, if any.
    pub phase: Option<Phase>,
    /// Whether an iteration had begun after it: a program is told when to begin.
    #[serde(default)]
    pub begun: bool,
    /// Last lines of standard output and error.
    pub output: Vec<String>,
}

impl Evidence {
    /// The last line that the child wrote, but for a backtrace.
    pub fn last_words(&self) -> Option<&str> {
        self.output.iter().rfind(|line| !is_backtrace(line)).map(String::as_str)
    }
}

/// Whether a line belongs to the backtrace that Rust prints after the message of a panic, or to the notes on it.
fn is_backtrace(line: &str) -> bool {
    let line = line.trim_start();
    let frame = line.split_once(": ").is_some_and(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit()));
    frame || line.starts_with("at ") || line.starts_with("note: ") || line == "stack backtrace:"
}

impl fmt::Display for Evidence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.phase {
            Some(phase) => write!(formatter, "in iteration {}, phase {phase}", self.iteration + 1),
            None if self.begun => write!(formatter, "in iteration {}", self.iteration + 1),
            None if self.iteration == 0 => write!(formatter, "before the first iteration"),
            None => write!(formatter, "after iteration {}", self.iteration),
        }
    }
}
