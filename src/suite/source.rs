//! From a place in a suite's text to an error that names file, line and key path.

use serde_path_to_error::Segment;

use super::error::{SuiteError, hint};
use super::file::SuiteFile;

/// Longest excerpt of a line in an error, in characters.
const EXCERPT: usize = 120;

/// A suite's text and what to call it in errors.
#[derive(Clone, Copy)]
pub(super) struct Source<'a> {
    pub origin: &'a str,
    pub text: &'a str,
}

/// Something wrong at a byte offset of the text.
#[derive(Debug)]
pub(super) struct Flaw {
    pub offset: usize,
    pub key: String,
    pub problem: String,
}

impl Flaw {
    pub fn new(offset: usize, key: impl Into<String>, problem: impl Into<String>) -> Self {
        Flaw { offset, key: key.into(), problem: problem.into() }
    }

    /// The same flaw, seen from the table that contains its key.
    pub fn inside(mut self, table: &str) -> Self {
        self.key = if self.key.is_empty() { table.into() } else { format!("{table}.{}", self.key) };
        self
    }
}

impl Source<'_> {
    /// The line of a byte offset, counted from 1.
    pub fn line(&self, offset: usize) -> usize {
        self.before(offset).bytes().filter(|byte| *byte == b'\n').count() + 1
    }

    /// The flaw as an error that a person can act on.
    pub fn locate(&self, flaw: Flaw) -> SuiteError {
        SuiteError::Definition {
            origin: self.origin.into(),
            line: self.line(flaw.offset),
            key: printable(&flaw.key),
            problem: printable(&flaw.problem),
        }
    }

    /// Parses the text. The parser bounds its own depth, so nested text cannot exhaust the stack.
    pub fn read(&self) -> Result<SuiteFile, SuiteError> {
        let document = toml::Deserializer::parse(self.text).map_err(|error| self.syntax(&error))?;
        serde_path_to_error::deserialize(document).map_err(|error| {
            let key = key_path(error.path());
            let offset = error.inner().span().map_or(0, |span| span.start);
            self.locate(Flaw::new(offset, key, reword(error.inner().message())))
        })
    }

    fn syntax(&self, error: &toml::de::Error) -> SuiteError {
        let offset = error.span().map_or(0, |span| span.start);
        let before = self.before(offset);
        let start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let column = before[start..].chars().count();
        // One character for one, so that the mark stays under its place.
        let line = self.text[start..].lines().next().unwrap_or_default().chars();
        let line: String = line.take(EXCERPT).map(|c| if c.is_control() { ' ' } else { c }).collect();
        let number = self.line(offset);
        let mark = if column <= EXCERPT { format!("\n{:>5} | {}^", "", " ".repeat(column)) } else { String::new() };
        SuiteError::Syntax {
            origin: self.origin.into(),
            line: number,
            problem: printable(error.message()),
            excerpt: format!("{number:>5} | {line}{mark}"),
        }
    }

    fn before(&self, offset: usize) -> &str {
        self.text.get(..offset).unwrap_or(self.text)
    }
}

/// The path as an author would write it: without the wrappers that carry positions.
fn key_path(path: &serde_path_to_error::Path) -> String {
    let mut told = String::new();
    for segment in path.iter() {
        match segment {
            Segment::Seq { index } => told.push_str(&format!("[{index}]")),
            Segment::Map { key } if !key.starts_with("$__serde_spanned") => {
                if !told.is_empty() {
                    told.push('.');
                }
                told.push_str(key);
            }
            Segment::Map { .. } | Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    told
}

/// Puts serde's fixed phrases into ours: what was expected first, and a suggestion for an unknown word.
fn reword(message: &str) -> String {
    let unknown = [("unknown field `", "unknown key"), ("unknown variant `", "unknown value")];
    for (prefix, phrase) in unknown {
        let Some(rest) = message.strip_prefix(prefix) else { continue };
        let Some((word, candidates)) = rest.split_once("`, ") else { continue };
        // Candidates stand between backticks: every second piece.
        let candidates = candidates.split('`').skip(1).step_by(2);
        return format!("{phrase} `{word}`{}", hint(word, candidates));
    }
    for prefix in ["invalid type: ", "invalid value: "] {
        let Some((found, expected)) = message.strip_prefix(prefix).and_then(|rest| rest.rsplit_once(", expected "))
        else {
            continue;
        };
        return format!("expected {expected}, not {}", found.trim_end_matches(" as i128"));
    }
    match message {
        // What the TOML reader says where a word of an enum should stand; tables are for enums with fields, of which
        // suites have none.
        "wanted string or table" => "expected a string".into(),
        _ => message.into(),
    }
}

/// Text from a file that may hold anything, safe to show on a terminal.
fn printable(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let escaped = c.is_control().then(|| c.escape_debug());
            let plain = escaped.is_none().then_some(c);
            escaped.into_iter().flatten().chain(plain)
        })
        .collect()
}
