//! A case: one model under one runtime, workload, arm and thread count, with its limits and what is expected of it.
//!
//! These are plain values. The stages to the right give them meaning: `model` finds the file, `arm` makes the child's
//! environment, `runtime` and `workload` do the work. A case also travels to the child as JSON, as its job.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::expectation::Expectation;
use super::input::InputSpec;
use super::workload::WorkloadSpec;

/// One unit of work for a child process.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// `model.runtime.workload.arm.tN`: the test's name, the key in the CSV files and the stem of the chart's file name.
    pub id: String,
    /// What is loaded.
    pub model: ModelSpec,
    /// What loads it.
    pub runtime: RuntimeSpec,
    /// What one iteration does.
    pub workload: WorkloadSpec,
    /// The allocator and its settings.
    pub arm: ArmSpec,
    /// Threads of the runtime; for the workloads `concurrent` and `infer-concurrent`, threads that work at once.
    pub threads: u32,
    /// When the run ends, one way or another.
    pub limits: Limits,
    /// How the series is judged.
    pub judging: Judging,
    /// What runs beside it.
    pub beside: Beside,
    /// Outcomes and verdicts that count as success.
    pub expect: Vec<Expectation>,
    /// Seed of generated inputs and noise; generated weights have the seed of their [`Recipe`].
    pub seed: u64,
}

impl Case {
    /// The part of the identifier that cases of the same work share, whatever their arm: `model.runtime.workload.tN`.
    pub fn work(&self) -> String {
        format!("{}.{}.{}.t{}", self.model.name, self.runtime.name, self.workload.name, self.threads)
    }

    /// The same work under another arm, with the identifier that belongs to it.
    pub fn under(&self, arm: &ArmSpec) -> Case {
        let mut case = self.clone();
        case.arm = arm.clone();
        case.id = case_id(&case.model.name, &case.runtime.name, &case.workload.name, &arm.name, case.threads);
        case
    }
}

/// The identifier of a case.
pub fn case_id(model: &str, runtime: &str, workload: &str, arm: &str, threads: u32) -> String {
    format!("{model}.{runtime}.{workload}.{arm}.t{threads}")
}

/// A model by name, and where its bytes come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelSpec {
    /// Name in the suite and in case identifiers.
    pub name: String,
    /// Where the bytes come from.
    pub source: ModelSource,
    /// Shapes, types and fill values of inputs, needed where the model leaves dimensions open. Those of a sequence belong
    /// to its members.
    #[serde(default)]
    pub inputs: BTreeMap<String, InputSpec>,
}

/// Where a model's bytes come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ModelSource {
    /// No model: for the workloads that need none.
    None,
    /// A file of the user's.
    File(PathBuf),
    /// A real model that `scripts/fetch-models` brings, by its file name in the cache's folder `models`.
    Fetched(String),
    /// A small real model that is compiled into the binary, by its file name in `suites/models/`.
    Bundled(String),
    /// A model with true layer structure and seeded random weights, made once into the cache.
    Generated(Recipe),
    /// Models that take turns: a service that switches between them. Iteration i works on member (i - 1) mod length; no
    /// member is a sequence itself or [`ModelSource::None`].
    Sequence(Vec<ModelSpec>),
}

impl ModelSpec {
    /// The models that iterations work on in turn: the members of a sequence, otherwise the model alone.
    pub fn members(&self) -> &[ModelSpec] {
        match &self.source {
            ModelSource::Sequence(members) => members,
            _ => std::slice::from_ref(self),
        }
    }
}

/// What to generate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipe {
    /// The network.
    pub architecture: Architecture,
    /// Where the weights lie.
    pub weights: WeightsPlacement,
    /// Seed of the weights.
    pub seed: u64,
}

/// Networks that can be generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Architecture {
    /// MobileNet v2 1.0 at 224 × 224, 14 MB (Sandler et al. 2018).
    MobilenetV2,
    /// Inception v3 at 299 × 299, 95 MB (Szegedy et al. 2015).
    InceptionV3,
    /// ResNet-50 at 224 × 224, 102 MB (He et al. 2015).
    Resnet50,
    /// A small BERT-like encoder.
    Transformer {
        /// Number of encoder layers.
        layers: u32,
        /// Width of the hidden state; a multiple of 64, the width of a head.
        hidden: u32,
        /// Tokens in the input.
        tokens: u32,
    },
    /// Dense layers of equal width with ReLU between them; `layers * width² * 4` bytes of weights.
    Mlp {
        /// Number of dense layers.
        layers: u32,
        /// Inputs and outputs of each layer.
        width: u32,
        /// Rows of the input.
        batch: u32,
    },
}

/// Where a generated model's weights lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WeightsPlacement {
    /// In the protobuf itself.
    Inline,
    /// In a file beside it, each tensor aligned to 4096 bytes, so that it can be mapped and released page by page.
    External,
}

/// A runtime by name, and its options.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuntimeSpec {
    /// Name in the suite and in case identifiers.
    pub name: String,
    /// The engine behind it.
    pub engine: Engine,
    /// How weights come into memory, and how they leave it.
    pub weights: Weights,
    /// Whether weights are packed in `prepare` (rten: those of matrix products only).
    pub prepack: bool,
    /// Whether the graph is optimised in `prepare`.
    pub optimize: bool,
    /// Threads that pack in `prepare`; as many as execute where absent. `embedded` only.
    pub compile_threads: Option<u32>,
    /// Who plans the memory of intermediate results. `embedded` only.
    pub planner: Planner,
    /// The shared library of a runtime that is loaded at run time; absent for the one that is found here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub library: Option<PathBuf>,
    /// Options of such a runtime, by its own names. What there is and what it means is the runtime's own to say; numbers and
    /// booleans are passed as text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
    /// The program that does the work by itself; absent for all engines but [`Engine::Program`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<ProgramSpec>,
}

/// A program that speaks highwater's protocol, and how it is started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramSpec {
    /// The program and its arguments; never empty.
    pub command: Vec<String>,
    /// The folder that it is started in: that of the suite's file. Empty for the present one.
    pub folder: PathBuf,
    /// Environment variables that it needs under every arm.
    pub environment: BTreeMap<String, String>,
}

impl RuntimeSpec {
    /// A runtime as it comes: weights are copied and graphs optimised; `embedded`, which `auto` prefers, also packs weights,
    /// frees the originals and plans its memory.
    pub fn as_it_comes(name: &str, engine: Engine) -> RuntimeSpec {
        let is_embedded = matches!(engine, Engine::Auto | Engine::Embedded);
        let (release, planner) = match is_embedded {
            true => (Release::Dontneed, Planner::Wic),
            false => (Release::Keep, Planner::None),
        };
        let (strategy, release_when) = (WeightsStrategy::Copy, ReleaseWhen::End);
        RuntimeSpec {
            name: name.into(),
            engine,
            weights: Weights { strategy, release, release_when, strict: false, prefault: false },
            prepack: is_embedded,
            optimize: true,
            compile_threads: None,
            planner,
            library: None,
            options: BTreeMap::new(),
            program: None,
        }
    }
}

/// Engines that can do the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Engine {
    /// [`Embedded`](Engine::Embedded) where it has all that the model needs, otherwise [`Rten`](Engine::Rten).
    Auto,
    /// Our own small runtime, whose memory strategies can be chosen.
    Embedded,
    /// The pure-Rust engine for any ONNX model.
    Rten,
    /// OpenVINO on the processor; ONNX, OpenVINO IR and TFLite models.
    Openvino,
    /// ONNX Runtime on the processor.
    Onnxruntime,
    /// LiteRT, formerly TensorFlow Lite, on the processor; TFLite models.
    Litert,
    /// Samsung's on-device runtime (ONE), backend `cpu`; TFLite and circle models.
    Onert,
    /// A program of its own that speaks highwater's protocol, whatever it does.
    Program,
}

impl Engine {
    /// Whether the engine is inside this binary. The others are shared libraries that are loaded at run time, and programs.
    pub fn is_built_in(self) -> bool {
        matches!(self, Engine::Auto | Engine::Embedded | Engine::Rten)
    }

    /// The name of the catalogue's runtime that is this engine as it comes.
    pub fn name(self) -> &'static str {
        match self {
            Engine::Auto => "auto",
            Engine::Embedded => "embedded",
            Engine::Rten => "rten",
            Engine::Openvino => "openvino",
            Engine::Onnxruntime => "onnxruntime",
            Engine::Litert => "litert",
            Engine::Onert => "onert",
            Engine::Program => "program",
        }
    }
}

/// How weights come into memory, and how they leave it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weights {
    /// How they come into memory.
    pub strategy: WeightsStrategy,
    /// What happens to the original of a weight that was packed.
    pub release: Release,
    /// When it happens.
    pub release_when: ReleaseWhen,
    /// Whether released pages are made inaccessible, so that a stale read is found (`embedded` only).
    pub strict: bool,
    /// Whether mapped pages are brought in when the model is loaded instead of when they are read (`embedded` only).
    pub prefault: bool,
}

/// How weights come into memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WeightsStrategy {
    /// The file is read into the heap; `embedded` then copies each tensor out of it, as runtimes do.
    Copy,
    /// Each tensor is copied out of a mapping whose pages are given back piece by piece (`embedded` only).
    CopyEager,
    /// The file is mapped as a whole, and weights are used where they lie.
    Map,
    /// One mapping for each tensor (`embedded` only).
    MapTensor,
}

/// What happens to the original of a weight that was packed. Of copies in the heap there is no other way than to free them:
/// all but [`Keep`](Release::Keep) do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Release {
    /// It stays.
    Keep,
    /// Its pages are unmapped (`embedded` only).
    Unmap,
    /// Its pages leave the process (`MADV_DONTNEED`), and come back from the page cache where they are read again.
    Dontneed,
    /// Its pages leave the process and the page cache (`MADV_PAGEOUT`; `embedded` only).
    Pageout,
}

/// When the original of a packed weight is released.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReleaseWhen {
    /// When all are packed.
    End,
    /// As soon as it is packed (`embedded` only).
    Tensor,
}

/// Who plans the memory of intermediate results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Planner {
    /// Nobody: each result is allocated when it is computed and freed after its last use.
    None,
    /// One after the other, nothing is reused (onert's `Bump`).
    Bump,
    /// The first gap that fits, in the order of execution (onert's `FirstFit`).
    FirstFit,
    /// Largest first, the first gap between those that live at the same time (onert's `WIC`).
    Wic,
    /// Largest first, the smallest gap that fits (TFLite's `ArenaPlanner`).
    BestFit,
}

/// An arm: the allocator of the child and its settings. Arms are data; the catalogue of named ones is
/// `src/suite/catalogue.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArmSpec {
    /// Name in the suite and in case identifiers.
    pub name: String,
    /// What the arm is for, in one sentence.
    pub why: String,
    /// Who owns `malloc` in the child.
    pub allocator: Allocator,
    /// glibc tunables by full name (`glibc.malloc.arena_max`), checked against `ld.so --list-tunables`.
    pub tunables: BTreeMap<String, String>,
    /// Further environment variables (`MALLOC_CONF`, `MALLOC_MMAP_THRESHOLD_`).
    pub environment: BTreeMap<String, String>,
    /// `malloc_trim(0)` after every k-th iteration.
    pub trim_every: Option<u64>,
    /// A pool in front of that allocator that learns the large blocks of an inference; absent for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_pool: Option<StepPoolSettings>,
}

/// When a step pool learns: DeepRec's settings, with its defaults. Steps count inferences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepPoolSettings {
    /// Steps that go by before it learns (`START_STATISTIC_STEP`).
    pub start: u64,
    /// It has learned after more than so many stable steps in a row (`STABLE_STATISTIC_STEP`),
    pub stable: u64,
    /// or after more than so many at all (`MAX_STATISTIC_STEP`).
    pub max: u64,
}

impl Default for StepPoolSettings {
    fn default() -> Self {
        StepPoolSettings { start: 100, stable: 10, max: 100 }
    }
}

/// Who owns `malloc` in the child.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Allocator {
    /// The C library's own.
    Glibc,
    /// The embedded jemalloc, preloaded.
    Jemalloc,
    /// The embedded mimalloc, preloaded.
    Mimalloc,
    /// The system's gperftools tcmalloc, preloaded.
    Tcmalloc,
    /// Any shared library, preloaded.
    Library(PathBuf),
}

/// When a run ends, one way or another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Iterations at most.
    pub iterations: u64,
    /// Whether a run whose resident memory is undecided goes on to twice as many iterations, and once more to four times.
    pub until_decided: bool,
    /// The run stops after this time and is judged on what it has.
    pub time: Option<Duration>,
    /// An iteration that takes longer is a hang: the child is killed, the outcome is *timed out*.
    pub iteration_time: Duration,
    /// Limit of the child's address space (`RLIMIT_AS`), in bytes.
    pub memory_bytes: Option<u64>,
}

/// Runs beside a case, in processes of their own, that complete what can be said of its resident memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Beside {
    /// Whether the same case runs once more with a fork probe, which tells what is left when everything is given back.
    pub core: bool,
    /// Processes of each other setting that is compared with a case that creeps or retains; 0 for no comparison.
    pub counterfactual: u32,
}

/// How the series of a case is judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judging {
    /// Warm-up is declared to be over by this iteration.
    pub settle: u64,
    /// Live bytes that do not provably rise are stable if the upper limit of their growth is within this, in bytes per
    /// iteration. It excuses no rise that is proven.
    pub tolerance: f64,
    /// Steps of a scenario cycle.
    pub cycle: u64,
    /// Whether resident memory is judged too; it takes all iterations. Without it the run ends with the live verdict.
    pub resident: bool,
    /// Whether the run stops as soon as its verdict is final.
    pub early_stop: bool,
}
