//! How highwater's own run ended, as exit codes, and how errors are told.

use std::error::Error as _;

use crate::model::ModelError;

/// Exit code: everything came out as expected.
pub const AS_EXPECTED: u8 = 0;
/// Exit code: a verdict or outcome that the suite does not expect.
pub const UNEXPECTED: u8 = 1;
/// Exit code: bad usage or a bad suite file.
pub const USAGE: u8 = 2;
/// Exit code: highwater itself failed, or its controls came out wrong.
pub const FAILED: u8 = 3;
/// Exit code: a case could not be decided, and all others came out as expected.
pub const INCONCLUSIVE: u8 = 4;
/// Exit code: interrupted (128 + SIGINT, as shells tell it).
pub const INTERRUPTED: u8 = 130;

/// An error that ends a command.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line asks for something that does not exist or does not fit.
    #[error("{0}")]
    Usage(String),
    /// A suite file is wrong.
    #[error(transparent)]
    Suite(#[from] crate::suite::SuiteError),
    /// An arm cannot be made.
    #[error(transparent)]
    Arm(#[from] crate::arm::ArmError),
    /// A model cannot be made or found.
    #[error(transparent)]
    Model(#[from] crate::model::ModelError),
    /// A file of a run directory or of a series cannot be read or written.
    #[error("{what} {path}")]
    File {
        /// What was tried, as in `cannot write`.
        what: &'static str,
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A recorded file does not hold what it should.
    #[error("{path}: {message}")]
    Recorded {
        /// The file.
        path: String,
        /// What is wrong with it, with the line where that is known.
        message: String,
    },
    /// A chart cannot be drawn.
    #[error(transparent)]
    Chart(#[from] crate::report::ChartError),
    /// A child cannot be started or watched.
    #[error("cannot {what} the child of case {case}")]
    Child {
        /// What was tried.
        what: &'static str,
        /// The case.
        case: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// The exit code of a command that ends with this error.
    pub fn exit_code(&self) -> u8 {
        match self {
            Error::Usage(_) | Error::Suite(_) | Error::Recorded { .. } => USAGE,
            Error::Arm(crate::arm::ArmError::Invalid { .. }) => USAGE,
            // A path that leads nowhere is the user's, not a failure of highwater.
            Error::File { source, .. } if source.kind() == std::io::ErrorKind::NotFound => USAGE,
            Error::Model(ModelError::Cache { .. } | ModelError::Write { .. }) => FAILED,
            Error::Model(_) => USAGE,
            _ => FAILED,
        }
    }

    /// An error about a file.
    pub fn file(what: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.display().to_string();
        move |source| Error::File { what, path, source }
    }
}

/// An error with its causes, on one line: `cannot read model file x: No such file or directory`.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.ends_with(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        cause = error.source();
    }
    text
}

impl Error {
    /// This error with its causes, on one line.
    pub fn chain(&self) -> String {
        debug_assert!(self.source().is_none() || !self.to_string().is_empty());
        chain(self)
    }
}
