//! What can go wrong with the work.

use std::io;

use crate::model::{InputError, ModelError};
use crate::runtime::RuntimeError;
use crate::suite::RejectKind;

/// Why an iteration could not be done.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// The runtime reports an error.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The inputs cannot be made.
    #[error(transparent)]
    Input(#[from] InputError),
    /// The workload needs a model and the case has none.
    #[error("workload `{0}` needs a model, and the case has none")]
    NoModel(String),
    /// A profile is of one model.
    #[error("a profile is of one model, and the case has {0}")]
    NotOneModel(usize),
    /// A model that must fail to load does not.
    #[error("the model loads although {}: `reject` needs a model that fails to load", flaw(*.0))]
    NotRejected(RejectKind),
    /// There is no such model in the format of this one.
    #[error("a model with an operator that nobody has can be made as ONNX only, and this is {0}")]
    NoForeignModel(String),
    /// No input of the model leaves the dimension open.
    #[error("no input of the model leaves dimension {0} open: there is nothing to reshape")]
    NothingToReshape(u32),
    /// A model that is to fail could not be made.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A thread of the workload could not be started.
    #[error("cannot start a thread of the workload")]
    Thread(#[source] io::Error),
    /// Without a limit this fault would take the machine's memory.
    #[error("the fault `out-of-memory` needs a memory limit: set `memory` in the suite")]
    NoMemoryLimit,
    /// The fault could not be planted.
    #[error("the planted fault failed")]
    Fault(#[source] io::Error),
    /// A copy of a file of the model could not be made.
    #[error("cannot copy the model's file {path} for a workload that damages it")]
    Copy {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A model that is to be damaged cannot be used before that.
    #[error("the model cannot be used before it is damaged")]
    Undamaged(#[source] RuntimeError),
    /// A thread of the workload panicked.
    #[error("a thread of the workload panicked")]
    Panicked,
    /// A model of a sequence could not be worked on.
    #[error("model `{name}`")]
    Member {
        /// Its name.
        name: String,
        /// Why.
        #[source]
        source: Box<WorkError>,
    },
}

impl WorkError {
    /// Whether the runtime and the work do not go together: an outcome that says nothing about either.
    pub fn is_incompatible(&self) -> bool {
        match self {
            WorkError::Runtime(error) | WorkError::Undamaged(error) => error.is_incompatible(),
            WorkError::Member { source, .. } => source.is_incompatible(),
            WorkError::NoForeignModel(_) | WorkError::NothingToReshape(_) => true,
            _ => false,
        }
    }
}

/// What is wrong with a model that must fail to load.
fn flaw(kind: RejectKind) -> &'static str {
    match kind {
        RejectKind::Truncated => "half of its file is cut off",
        RejectKind::Missing => "its file is not there",
        RejectKind::Empty => "its file is empty",
        RejectKind::Garbage => "its file holds random bytes",
        RejectKind::Unsupported => "no runtime has its operator",
    }
}
