//! What a command line asks for, as choices over suites, and as a command line again.

use std::path::{Path, PathBuf};

use crate::arm;
use crate::cli::RunArguments;
use crate::error::Error;
use crate::suite::{Allocator, ArmChoice, Overrides, Settings, Suite};

/// What `--arm` names.
pub(super) fn choose_arm(text: &str) -> Result<ArmChoice, Error> {
    match arm::parse(text) {
        None => Ok(ArmChoice::Named(text.to_owned())),
        Some(Ok(arm)) => {
            if let Allocator::Library(path) = &arm.allocator {
                must_be_there("--arm", path)?;
            }
            Ok(ArmChoice::Explicit(arm))
        }
        Some(Err(problem)) => Err(Error::Usage(format!("--arm: {problem}"))),
    }
}

/// The library of a runtime that was asked for, which must be there: a slip must not become a case that is skipped.
pub(super) fn library(given: Option<&Path>) -> Result<Option<PathBuf>, Error> {
    given.map(|path| must_be_there("--library", path).map(|()| path.to_owned())).transpose()
}

fn must_be_there(option: &str, path: &Path) -> Result<(), Error> {
    match path.exists() {
        true => Ok(()),
        false => Err(Error::Usage(format!("{option}: there is no file {}", path.display()))),
    }
}

/// What the arguments say over the suites.
pub(super) fn overrides(arguments: &RunArguments) -> Result<Overrides, Error> {
    Ok(Overrides {
        runtimes: arguments.runtime.clone(),
        library: library(arguments.library.as_deref())?,
        options: arguments.option.clone(),
        workload: arguments.workload.clone(),
        arms: arguments.arm.iter().map(|arm| choose_arm(arm)).collect::<Result<_, _>>()?,
        replicates: arguments.replicates,
        inputs: arguments.input.clone(),
        filter: arguments.filter.clone(),
        settings: Settings {
            iterations: arguments.iterations,
            time: arguments.time,
            iteration_time: arguments.iteration_time,
            memory_bytes: arguments.memory.map(|bytes| bytes.0),
            threads: Some(arguments.threads.clone()).filter(|threads| !threads.is_empty()),
            settle: arguments.settle,
            early_stop: arguments.no_early_stop.then_some(false),
            until_decided: arguments.until_decided.then_some(true),
            core: arguments.no_core.then_some(false),
            counterfactual: arguments.no_counterfactual.then_some(0),
            seed: arguments.seed,
            ..Settings::default()
        },
    })
}

/// The command that runs one case of this suite again: the same arguments with a filter of its own.
pub(super) fn reproduce(arguments: &RunArguments, suite: &Suite) -> impl Fn(&str) -> String {
    let mut words = vec!["highwater".to_owned(), "run".into()];
    if let Some(command) = &arguments.exec {
        words.extend(["--exec".into(), quoted(command)]);
    }
    match (&arguments.model, &suite.path) {
        (None, _) if arguments.exec.is_some() => {}
        (Some(model), _) => words.extend(["--model".into(), quoted(&model.to_string_lossy())]),
        (None, Some(path)) => words.push(quoted(&path.to_string_lossy())),
        (None, None) => words.push(suite.name.clone()),
    }
    let mut option = |name: &str, value: Option<String>| {
        words.extend(value.into_iter().flat_map(|value| [name.to_owned(), quoted(&value)]));
    };
    for (name, input) in &arguments.input {
        option("--input", Some(format!("{name}={input}")));
    }
    for arm in &arguments.arm {
        option("--arm", Some(arm.clone()));
    }
    option("--replicates", arguments.replicates.map(|number| number.to_string()));
    let threads: Vec<_> = arguments.threads.iter().map(u32::to_string).collect();
    for runtime in &arguments.runtime {
        option("--runtime", Some(runtime.clone()));
    }
    option("--library", arguments.library.as_ref().map(|path| path.display().to_string()));
    for (name, value) in &arguments.option {
        option("--option", Some(format!("{name}={value}")));
    }
    option("--workload", arguments.workload.clone());
    option("--threads", Some(threads.join(",")).filter(|threads| !threads.is_empty()));
    option("--iterations", arguments.iterations.map(|number| number.to_string()));
    option("--time", arguments.time.map(|time| humantime::format_duration(time).to_string()));
    let iteration_time = arguments.iteration_time;
    option("--iteration-time", iteration_time.map(|time| humantime::format_duration(time).to_string()));
    option("--memory", arguments.memory.map(|bytes| bytes.0.to_string()));
    option("--settle", arguments.settle.map(|number| number.to_string()));
    option("--seed", arguments.seed.map(|number| number.to_string()));
    let flags = [
        ("--no-early-stop", arguments.no_early_stop),
        ("--until-decided", arguments.until_decided),
        ("--no-core", arguments.no_core),
        ("--no-counterfactual", arguments.no_counterfactual),
    ];
    words.extend(flags.iter().filter(|(_, given)| *given).map(|(flag, _)| (*flag).to_owned()));
    let start = words.join(" ");
    move |case: &str| format!("{start} --filter '^{}$'", regex::escape(case))
}

/// `text` as one word of a shell.
pub(super) fn quoted(text: &str) -> String {
    if !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "_-=+./:,".contains(c)) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}
