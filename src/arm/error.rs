//! Why an arm cannot be run: not here, not at all, or not now.

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
}
