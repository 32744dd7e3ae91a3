//! The command itself: arguments become cells, cells become rows, rows become a table, charts and an exit code.

use std::sync::atomic::{AtomicBool, Ordering};

use super::plan::{Plan, name, plan};
use super::session::Session;
use super::tell::tell;
use crate::cli::PhasesArguments;
use crate::command::arguments::quoted;
use crate::command::run::watch_signals;
use crate::command::session::{Session as SuiteSession, record};
use crate::error::{AS_EXPECTED, Error, FAILED, INTERRUPTED, UNEXPECTED};
use crate::report::console::{self, Console};
use crate::report::{PhaseRow, RunDirectory};

/// Runs the command.
pub(in crate::command) fn phases(arguments: &PhasesArguments) -> Result<u8, Error> {
    let plan = plan(arguments)?;
    SuiteSession::check(&plan.suite)?;
    SuiteSession::check_model(&plan.suite)?;
    if arguments.list {
        list(&plan);
        return Ok(AS_EXPECTED);
    }
    let interrupted =
        watch_signals().map_err(|source| Error::Child { what: "watch signals for", case: "all".into(), source })?;
    let directory = RunDirectory::create(arguments.out.as_deref())?;
    let mut record = record(&plan.suite);
    directory.write_record(&record)?;
    let ended = measure(&plan, arguments, &directory, &interrupted);
    record.exit_code = Some(match &ended {
        Ok(exit) => *exit,
        Err(error) => error.exit_code(),
    });
    match ended {
        Ok(exit) => directory.write_record(&record).map(|()| exit),
        Err(error) => {
            // The disk may be full: that the error is told matters more.
            let _ = directory.write_record(&record);
            console::error(&format!("what was measured before this error lies in {}", directory.path().display()));
            Err(error)
        }
    }
}

fn measure(
    plan: &Plan,
    arguments: &PhasesArguments,
    directory: &RunDirectory,
    interrupted: &AtomicBool,
) -> Result<u8, Error> {
    let mut console = Console::new(plan.suite.cases.len() * plan.suite.replicates as usize);
    let rows = Session::open(plan, directory, &mut console, interrupted)?.run_all()?;
    tell(&console, &rows);
    if let Err(error) = super::tell::draw(directory, &rows) {
        console.warn(&format!("the charts could not be drawn: {}", error.chain()));
    }
    for case in &plan.suite.cases {
        let is_its = |row: &&PhaseRow| row.runtime == case.runtime.name && row.threads == case.threads;
        if rows.iter().filter(is_its).any(has_failed) {
            let command = reproduce(arguments, &case.runtime.name, case.threads);
            console.say(&format!("{} again: {command}", name(case)));
        }
    }
    let path = directory.path().display();
    if interrupted.load(Ordering::Relaxed) {
        console.warn(&format!("interrupted; what was measured lies in {path}"));
        return Ok(INTERRUPTED);
    }
    console.say(&format!("results: {path} (phases.csv, run.json, charts/)"));
    Ok(exit_code(&rows))
}

/// Whether a process ended before it should have, by its own doing.
fn has_failed(row: &PhaseRow) -> bool {
    !row.is_finished() && row.outcome != "skipped" && row.outcome != "interrupted"
}

/// The exit code of a run that came to its end.
fn exit_code(rows: &[PhaseRow]) -> u8 {
    if rows.iter().all(|row| row.outcome == "skipped") {
        FAILED
    } else if rows.iter().any(has_failed) {
        UNEXPECTED
    } else {
        AS_EXPECTED
    }
}

fn list(plan: &Plan) {
    let profile = plan.profile;
    for case in &plan.suite.cases {
        let why = plan.suite.catalogue.runtimes.get(&case.runtime.name).map_or("", |entry| entry.why.as_str());
        console::print(&format!(
            "{}: {why}\n    {} of {}, {} warm-up and {} timed executions, arm {}",
            name(case),
            if plan.suite.replicates == 1 {
                "1 process".to_owned()
            } else {
                format!("{} processes", plan.suite.replicates)
            },
            case.model.name,
            profile.warmup,
            profile.runs,
            case.arm.name
        ));
    }
}

/// The command that measures one cell again.
fn reproduce(arguments: &PhasesArguments, runtime: &str, threads: u32) -> String {
    let mut words = vec!["highwater".to_owned(), "phases".into()];
    let mut option = |name: &str, value: String| words.extend([name.to_owned(), quoted(&value)]);
    option("--model", arguments.model.to_string_lossy().into_owned());
    for (name, input) in &arguments.input {
        option("--input", format!("{name}={input}"));
    }
    option("--runtime", runtime.to_owned());
    if let Some(library) = &arguments.library {
        option("--library", library.display().to_string());
    }
    for (name, value) in &arguments.option {
        option("--option", format!("{name}={value}"));
    }
    option("--threads", threads.to_string());
    option("--arm", arguments.arm.clone());
    option("--warmup", arguments.warmup.to_string());
    option("--runs", arguments.runs.to_string());
    if let Some(period) = arguments.mem_poll {
        option("--mem-poll", humantime::format_duration(period).to_string().replace(' ', ""));
    }
    if let Some(bytes) = arguments.memory {
        option("--memory", bytes.0.to_string());
    }
    if let Some(time) = arguments.iteration_time {
        option("--iteration-time", humantime::format_duration(time).to_string());
    }
    if let Some(seed) = arguments.seed {
        option("--seed", seed.to_string());
    }
    words.join(" ")
}
