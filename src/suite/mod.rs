//! WHAT to run: suite files in TOML become a list of [`Case`]s.
//!
//! A suite names models, runtimes, workloads and arms, and crosses them in `[[case]]` tables. Its sections lie over the
//! [`catalogue()`], a file of the same format that is compiled in, so that most suites only name things. Everything that
//! can be wrong with a suite is found here, before the first child starts, and told with file, line and key path.
//!
//! The stages to the right see nothing but plain values: no spans, no optional settings, no TOML. The format is shown
//! in `suites/README.md`.
//!
//! ```text
//! text ─ file ─▶ sections with positions ─ catalogue ─▶ specs by name ─ expand ─▶ Vec<Case> ─ overrides ─▶ Suite
//! ```

mod arms;
mod case;
mod catalogue;
mod claim;
mod error;
mod expand;
mod expectation;
mod fault;
mod faults;
mod file;
mod input;
mod models;
mod overrides;
mod plan;
mod program;
mod runtimes;
mod settings;
mod source;
mod switch;
#[cfg(test)]
mod tests;
mod value;
mod workload;
mod workloads;

pub use case::{
    Allocator, Architecture, ArmSpec, Beside, Case, Engine, Judging, Limits, ModelSource, ModelSpec, Planner,
    ProgramSpec, Recipe, Release, ReleaseWhen, RuntimeSpec, StepPoolSettings, Weights, WeightsPlacement,
    WeightsStrategy, case_id,
};
pub use catalogue::{Catalogue, Entry, catalogue};
pub use claim::{Claim, Metric};
pub use error::SuiteError;
pub use expand::MAX_CASES;
pub use expectation::Expectation;
pub use fault::{Fault, Schedule};
pub use input::{ElementType, InputSpec};
pub use overrides::{ArmChoice, DEFAULT_ARMS, Overrides, RESERVED_MODEL, apply, from_model, from_program};
pub use plan::{BUILT_IN, MAX_FILE_BYTES, Suite, load, open, parse};
pub(crate) use settings::MAX_ITERATIONS;
pub use settings::Settings;
pub use switch::{BudgetBy, CacheBudget, OnEvict, SwitchOrder, SwitchSpec};
pub(crate) use value::{check_duration, check_tolerance};
pub use value::{is_name, to_name};
pub use workload::{BaseWork, Plant, RejectKind, ReshapeSpec, Vary, WorkloadSpec};
