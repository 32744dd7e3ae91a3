//! What can be wrong with a suite or with the choices of the command line, told so that it can be mended at once.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// A suite cannot be run as it stands. All of these are bad usage: nothing has been measured yet.
#[derive(Debug, Error)]
pub enum SuiteError {
    /// The text is TOML, but says something that a suite cannot mean.
    #[error("{origin}:{line}: {key}: {problem}")]
    Definition {
        /// The file, or the name of a built-in suite.
        origin: String,
        /// Line, counted from 1.
        line: usize,
        /// Path of the key, array indices counted from 0: `case[1].workload`.
        key: String,
        /// What is wrong, and where possible what was meant.
        problem: String,
    },
    /// The text is not TOML.
    #[error("{origin}:{line}: {problem}\n{excerpt}")]
    Syntax {
        /// The file, or the name of a built-in suite.
        origin: String,
        /// Line, counted from 1.
        line: usize,
        /// What the parser says.
        problem: String,
        /// The line's text, with a mark under the place.
        excerpt: String,
    },
    /// The file cannot be read.
    #[error("cannot read suite file {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The text is too long to be a suite.
    #[error("{origin}: longer than {limit} bytes, the limit of a suite file")]
    TooLong {
        /// The file.
        origin: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// A suite on the command line is neither a file nor a built-in name.
    #[error("no suite file `{name}`, and no built-in suite of that name{hint}")]
    UnknownSuite {
        /// What was asked for.
        name: String,
        /// What was perhaps meant.
        hint: String,
    },
    /// A choice on the command line cannot be carried out.
    #[error("{option}: {problem}")]
    Override {
        /// The choice: `--arm`.
        option: &'static str,
        /// What is wrong, and where possible what was meant.
        problem: String,
    },
    /// The filter leaves nothing to run.
    #[error("no case matches the filter `{filter}`; the nearest are {}", .nearest.join(", "))]
    NoMatch {
        /// The regular expression.
        filter: String,
        /// Identifiers that look most like it.
        nearest: Vec<String>,
    },
}

/// The most similar candidates that are worth offering are at least this alike (Jaro–Winkler, 1 is equal). 0.8 offers
/// `recompile` for `recompil` and `reocmpile`, and nothing for `banana`.
const ALIKE: f64 = 0.8;

/// Without a similar one, all candidates are listed if they are at most this many.
const FEW: usize = 32;

/// The end of an error about an unknown word: the candidate that was probably meant, or the candidates if they are few.
pub(super) fn hint<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    let candidates: Vec<&str> = candidates.into_iter().collect();
    let likeness = |candidate: &&str| strsim::jaro_winkler(word, candidate);
    let best = candidates.iter().copied().max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    match best {
        Some(best) if likeness(&best) >= ALIKE => format!("; did you mean `{best}`?"),
        Some(_) if candidates.len() <= FEW => format!("; use {}", alternatives(&candidates)),
        _ => String::new(),
    }
}

/// `a, b or c`.
pub(super) fn alternatives(words: &[&str]) -> String {
    match words {
        [] => String::new(),
        [word] => (*word).into(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}
