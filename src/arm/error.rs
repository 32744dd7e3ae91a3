//! Why an arm cannot be run: not here, not at all, or not now.

use std::io;
use std::path::PathBuf;

use thiserror::Error;

/// Why an arm cannot be run.
#[derive(Debug, Error)]
pub enum ArmError {
    /// Something is missing on this machine: the case is skipped.
    #[error("arm `{arm}` is not available: {reason}; {remedy}")]
    Unavailable {
        /// The arm.
        arm: String,
        /// What is missing.
        reason: String,
        /// What brings it.
        remedy: String,
    },
    /// The arm cannot mean anything on any machine like this one: a usage error.
    #[error("arm `{arm}` is invalid: {reason}")]
    Invalid {
        /// The arm.
        arm: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An embedded allocator could not be written to the cache.
    #[error("cannot write the embedded allocator {}", path.display())]
    Cache {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}
