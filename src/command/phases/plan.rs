//! From arguments to cells: every runtime under every thread count, and how often each is executed.

use crate::cli::PhasesArguments;
use crate::command::arguments::{choose_arm, library};
use crate::error::Error;
use crate::suite::{self, Case, Overrides, Settings, Suite};
use crate::worker::protocol::Profile;

/// The strategies that are compared where none are named: all of the embedded runtime, the engine for any model as it comes,
/// and its own best. What empties the page cache comes last, for the process after it has to read from storage again.
const DEFAULT_RUNTIMES: [&str; 10] = [
    "embedded",
    "embedded-keep",
    "embedded-eager",
    "embedded-map-keep",
    "embedded-map-dontneed",
    "embedded-map-unmap",
    "embedded-map-tensor",
    "rten",
    "rten-map-release",
    "embedded-map-pageout",
];

/// What a cell does: prepared once, executed ever after.
const WORKLOAD: &str = "infer";

/// What is to be measured.
pub(super) struct Plan {
    /// A case for each cell, and the number of processes of each.
    pub(super) suite: Suite,
    /// How often it is executed.
    pub(super) profile: Profile,
}

/// The plan that the arguments ask for.
pub(super) fn plan(arguments: &PhasesArguments) -> Result<Plan, Error> {
    let overrides = Overrides {
        runtimes: runtimes(&arguments.runtime),
        library: library(arguments.library.as_deref())?,
        options: arguments.option.clone(),
        workload: Some(WORKLOAD.into()),
        arms: vec![choose_arm(&arguments.arm)?],
        replicates: Some(arguments.processes),
        inputs: arguments.input.clone(),
        settings: Settings {
            threads: Some(arguments.threads.clone()),
            memory_bytes: arguments.memory.map(|bytes| bytes.0),
            iteration_time: arguments.iteration_time,
            seed: arguments.seed,
            ..Settings::default()
        },
        ..Overrides::default()
    };
    let suite = suite::from_model(&arguments.model, &overrides).map_err(processes_instead_of_replicates)?;
    if let Some(case) = suite.cases.iter().find(|case| case.model.members().len() != 1) {
        let name = &case.model.name;
        return Err(Error::Usage(format!("--model: `{name}` is a sequence, and phases are those of one model")));
    }
    if suite.cases.iter().any(|case| case.arm.trim_every.is_some()) {
        let arm = &arguments.arm;
        return Err(Error::Usage(format!("--arm: `{arm}` trims after iterations, and a profile has none; use `run`")));
    }
    let profile = Profile { warmup: arguments.warmup, runs: arguments.runs, poll: arguments.mem_poll };
    Ok(Plan { suite, profile })
}

/// The runtimes that are asked for, each once.
fn runtimes(asked: &[String]) -> Vec<String> {
    if asked.is_empty() {
        return DEFAULT_RUNTIMES.map(str::to_owned).to_vec();
    }
    asked.to_vec()
}

/// What a suite calls replicates are the processes of this command.
fn processes_instead_of_replicates(error: suite::SuiteError) -> Error {
    match error {
        suite::SuiteError::Override { option: "--replicates", problem } => {
            Error::Usage(format!("--processes: {problem}"))
        }
        other => other.into(),
    }
}

/// What a cell is called: `rten, 2 threads`.
pub(super) fn name(case: &Case) -> String {
    let noun = if case.threads == 1 { "thread" } else { "threads" };
    format!("{}, {} {noun}", case.runtime.name, case.threads)
}
