//! What can be wrong with a model, before and while it runs.

/// Why a model cannot be loaded, prepared or executed.
#[derive(Debug, thiserror::Error)]
pub(super) enum EmbeddedError {
    /// The file is no model, or not a whole one, or contradicts itself.
    #[error("{0}")]
    Invalid(String),
    /// The model is in order, but needs what this runtime does not have.
    #[error("{0}; `--runtime rten` runs it")]
    Unsupported(String),
    /// Inputs or intermediate results that an operator cannot work on.
    #[error("node `{node}` ({operator}): {message}")]
    Node {
        /// Name of the node.
        node: String,
        /// Its operator.
        operator: &'static str,
        /// What is wrong.
        message: String,
    },
    /// The planned memory does not exist.
    #[error("{0} bytes of memory cannot be had")]
    OutOfMemory(u64),
    /// A file cannot be read or mapped.
    #[error("cannot read {path}")]
    File {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The file was changed while it was in use.
    #[error("{path} was changed while the model was in use: {what}")]
    Changed {
        /// The file.
        path: String,
        /// What differs.
        what: String,
    },
    /// The machine does not allow what the options ask for.
    #[error("{0}")]
    Refused(String),
}
