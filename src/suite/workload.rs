//! What one iteration does, as plain values.

use serde::{Deserialize, Serialize};

use super::fault::{Fault, Schedule};
use super::switch::{SwitchOrder, SwitchSpec};

/// What one iteration does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WorkloadSpec {
    /// Name in the suite and in case identifiers.
    pub name: String,
    /// The honest part of the work.
    pub base: BaseWork,
    /// How [`BaseWork::Switch`] switches; absent for other work.
    #[serde(default)]
    pub switch: Option<SwitchSpec>,
    /// How [`BaseWork::Reshape`] reshapes; absent for other work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reshape: Option<ReshapeSpec>,
    /// What is wrong with the model of [`BaseWork::Reject`]; without meaning for other work.
    #[serde(default)]
    pub reject: RejectKind,
    /// What is different about the inputs of every iteration.
    #[serde(default)]
    pub vary: Vary,
    /// Further processes that do the same honest work at the same time, unsampled.
    #[serde(default)]
    pub companions: u32,
    /// A planted fault around it.
    #[serde(default)]
    pub fault: Option<Fault>,
    /// A leak that the case plants beside it, whatever the workload is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plant: Option<Plant>,
}

impl WorkloadSpec {
    /// The same work beside a planted leak, under a name that tells it.
    pub fn planted(&self, plant: Plant) -> WorkloadSpec {
        let mut name = format!("{}+leak{}", self.name, plant.bytes);
        if plant.every > 1 {
            name.push_str(&format!("every{}", plant.every));
        }
        WorkloadSpec { name, plant: Some(plant), ..self.clone() }
    }

    /// Shapes that a model is executed with before the first of them comes again.
    pub fn shapes(&self) -> u64 {
        self.reshape.as_ref().map_or(1, |reshape| reshape.batches.len() as u64)
    }
}

/// The honest part of an iteration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BaseWork {
    /// Nothing at all: the harness measures itself.
    Nothing,
    /// The runtime itself is opened; then load → prepare → execute → drop, the runtime last.
    Core,
    /// load → drop.
    Read,
    /// Load once, prepare → drop in every iteration.
    Compile,
    /// load → prepare → execute → drop.
    Recompile,
    /// The same in a thread of its own, which ends with the iteration.
    RecompileThread,
    /// load → prepare → drop.
    Reload,
    /// Prepare once, execute in every iteration.
    Infer,
    /// The same in a thread of its own, which ends with the iteration.
    InferThread,
    /// As many threads as there are `threads`, each with a prepared model of its own, execute at once in every iteration.
    InferConcurrent,
    /// Prepare once; in every iteration a new request executes.
    Request,
    /// Prepare once; in every iteration the inputs are handed over, and nothing is executed.
    SetInputs,
    /// Prepare once, execute with another shape of the inputs in every iteration.
    Reshape,
    /// Recompile from `threads` threads at once.
    Concurrent,
    /// Load a model that must fail to load, in every iteration: error paths leak where success does not.
    Reject,
    /// Load and prepare a model whose file is damaged in another way in every iteration; whether that fails does not matter.
    Mutate,
    /// Execute the model whose turn it is, out of a cache that loads and evicts.
    Switch,
    /// Whatever the program does that is the runtime.
    Program,
}

impl BaseWork {
    /// All of them by name, in the order in which they are told.
    pub const NAMES: [(&str, BaseWork); 18] = [
        ("nothing", BaseWork::Nothing),
        ("core", BaseWork::Core),
        ("read", BaseWork::Read),
        ("compile", BaseWork::Compile),
        ("recompile", BaseWork::Recompile),
        ("recompile-thread", BaseWork::RecompileThread),
        ("reload", BaseWork::Reload),
        ("infer", BaseWork::Infer),
        ("infer-thread", BaseWork::InferThread),
        ("infer-concurrent", BaseWork::InferConcurrent),
        ("request", BaseWork::Request),
        ("set-inputs", BaseWork::SetInputs),
        ("reshape", BaseWork::Reshape),
        ("concurrent", BaseWork::Concurrent),
        ("reject", BaseWork::Reject),
        ("mutate", BaseWork::Mutate),
        ("switch", BaseWork::Switch),
        ("program", BaseWork::Program),
    ];

    /// Whether inputs are handed over in every iteration.
    pub fn takes_inputs(self) -> bool {
        !matches!(
            self,
            BaseWork::Nothing
                | BaseWork::Read
                | BaseWork::Compile
                | BaseWork::Reload
                | BaseWork::Reject
                | BaseWork::Mutate
                | BaseWork::Program
        )
    }

    /// Whether `threads` of its own work at once, so that the runtime has one thread for each of them.
    pub fn has_threads(self) -> bool {
        matches!(self, BaseWork::Concurrent | BaseWork::InferConcurrent)
    }
}

/// Which shapes [`BaseWork::Reshape`] executes with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReshapeSpec {
    /// Sizes of the dimension.
    pub batches: Vec<u32>,
    /// The dimension, counted from 0, of every input that leaves it open.
    pub dimension: u32,
    /// Whose turn it is.
    pub order: SwitchOrder,
}

/// What is wrong with a model that must fail to load.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RejectKind {
    /// Half of its file is cut off.
    #[default]
    Truncated,
    /// There is no file.
    Missing,
    /// The file is empty.
    Empty,
    /// The file holds random bytes.
    Garbage,
    /// It is whole, and its only operator is one that no runtime has.
    Unsupported,
}

/// What is different about the inputs of every iteration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Vary {
    /// Nothing.
    #[default]
    None,
    /// The values, but for inputs that have a fixed one.
    Content,
}

/// A leak that a case plants beside its workload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plant {
    /// Bytes of one lost block.
    pub bytes: u64,
    /// Iterations between two of them.
    pub every: u64,
}

impl From<Plant> for Fault {
    fn from(plant: Plant) -> Fault {
        Fault::Leak { bytes: plant.bytes, when: Schedule { every: plant.every, from: 1, until: None } }
    }
}
