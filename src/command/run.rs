//! `highwater run`: suites become cases, cases become runs, runs become rows, charts and an exit code.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::arguments::{overrides, quoted, reproduce};
use super::controls::Controls;
use super::measure::longest_run;
use super::report::{draw_all, tell_claims, tell_settings};
use super::session::Session;
use crate::cli::RunArguments;
use crate::error::{AS_EXPECTED, Error, FAILED, INCONCLUSIVE, INTERRUPTED, UNEXPECTED, USAGE};
use crate::report::console::{self, Console, word};
use crate::report::{Role, RunDirectory, VerdictRow};
use crate::runtime;
use crate::suite::{self, Overrides, ProgramSpec, Suite};

pub(super) fn run(arguments: &RunArguments) -> Result<u8, Error> {
    let overrides = overrides(arguments)?;
    let mut suites = Vec::new();
    if let Some(command) = &arguments.exec {
        suites.push(suite_of_program(command, arguments, &overrides)?);
    } else if let Some(model) = &arguments.model {
        suites.push(suite::from_model(model, &overrides)?);
    } else if arguments.suites.is_empty() {
        suites.push(suite::apply(suite::open("quick")?, &overrides)?);
    } else {
        for name in &arguments.suites {
            suites.push(suite::apply(suite::open(name)?, &overrides)?);
        }
    }
    suites.iter().try_for_each(Session::check)?;
    if arguments.model.is_some() {
        suites.iter().try_for_each(Session::check_model)?;
    }
    let mut names: Vec<_> = suites.iter().map(|suite| suite.name.as_str()).collect();
    names.sort_unstable();
    if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(Error::Usage(format!("two suites are called `{}`: run them one after the other", twice[0])));
    }
    if arguments.list {
        suites.iter().for_each(list);
        return Ok(AS_EXPECTED);
    }
    let interrupted =
        watch_signals().map_err(|source| Error::Child { what: "watch signals for", case: "all".into(), source })?;
    let directories = directories(&suites, arguments.out.as_deref())?;
    let mut exit = AS_EXPECTED;
    for (suite, directory) in suites.iter().zip(&directories) {
        if exit == INTERRUPTED {
            directory.discard_unused();
            continue;
        }
        let ended = run_suite(suite, arguments, directory, &interrupted).unwrap_or_else(|error| {
            console::error(&error.chain());
            error.exit_code()
        });
        exit = worst(exit, ended);
    }
    Ok(exit)
}

/// A directory for each suite, made before anything runs: `out`, or a folder of it each where there are several suites.
fn directories(suites: &[Suite], out: Option<&Path>) -> Result<Vec<RunDirectory>, Error> {
    let place = |suite: &Suite| out.map(|out| if suites.len() > 1 { out.join(&suite.name) } else { out.to_owned() });
    let places: Vec<Option<PathBuf>> = suites.iter().map(place).collect();
    // All are looked at before one is made, so that a refusal leaves nothing behind.
    places.iter().flatten().try_for_each(|place| RunDirectory::check(Some(place.as_path())))?;
    places.iter().map(|place| RunDirectory::create(place.as_deref())).collect()
}

/// The suite of a program on the command line, which must be there.
fn suite_of_program(command: &str, arguments: &RunArguments, overrides: &Overrides) -> Result<Suite, Error> {
    let suite = suite::from_program(command, arguments.model.as_deref(), overrides)?;
    let program = suite.cases.first().and_then(|case| case.runtime.program.as_ref());
    match program.map(runtime::find_program).transpose() {
        Ok(_) => Ok(suite),
        Err(absence) => Err(Error::Usage(format!("--exec: {}: {}", absence.reason, absence.remedy))),
    }
}

/// Runs one suite into its directory. Whatever ends it, what was measured before stays and is told of.
fn run_suite(
    suite: &Suite,
    arguments: &RunArguments,
    directory: &RunDirectory,
    interrupted: &AtomicBool,
) -> Result<u8, Error> {
    let mut console = Console::new(suite.cases.len() * suite.replicates as usize);
    if !suite.description.is_empty() {
        console.say(&suite.description);
    }
    // The disk may be full: that an error is told matters more than that it is recorded.
    let record = |error: &Error| _ = Session::close(directory, Controls::NotRun, error.exit_code());
    let mut session = Session::open(suite, directory, &mut console, interrupted, reproduce(arguments, suite))
        .inspect_err(|error| record(error))?;
    let (ended, rows) = (session.run_all(arguments.sabotage), session.into_rows());
    let cases: Vec<VerdictRow> = rows.into_iter().filter(|row| row.role == Role::Case).collect();
    tell_measured(&console, suite, &cases, directory);
    let controls = match ended {
        Ok(controls) => controls,
        Err(error) => {
            record(&error);
            console.warn(&format!("what was measured before this error lies in {}", directory.path().display()));
            return Err(error);
        }
    };
    let was_interrupted = interrupted.load(Ordering::Relaxed);
    let exit = if was_interrupted { INTERRUPTED } else { judge_run(&cases, controls) };
    Session::close(directory, controls, exit)?;
    summarize(&console, &cases, controls, directory, was_interrupted);
    Ok(exit)
}

/// Tables, comparisons, claims and charts of what was measured.
fn tell_measured(console: &Console, suite: &Suite, cases: &[VerdictRow], directory: &RunDirectory) {
    if !cases.is_empty() {
        console.tables(cases);
    }
    if let Err(error) = tell_settings(directory, console) {
        console.warn(&format!("the settings could not be compared: {}", error.chain()));
    }
    if let Err(error) = tell_claims(&suite.claims, cases, directory, console) {
        console.warn(&format!("the claims could not be told: {}", error.chain()));
    }
    if let Err(error) = draw_all(directory) {
        console.warn(&format!("the charts could not be drawn: {}", error.chain()));
    }
}

/// The exit code of a run that came to its end.
fn judge_run(cases: &[VerdictRow], controls: Controls) -> u8 {
    let ran = cases.iter().any(|row| row.outcome != "skipped");
    if matches!(controls, Controls::Failed | Controls::Unfinished) || !ran {
        return FAILED;
    }
    let surprising = |row: &&VerdictRow| !row.as_expected && row.outcome != "skipped";
    match cases.iter().filter(surprising).map(word).collect::<Vec<_>>() {
        words if words.is_empty() => AS_EXPECTED,
        words if words.iter().all(|word| *word == "inconclusive") => INCONCLUSIVE,
        _ => UNEXPECTED,
    }
}

/// The code that says more: a failure of highwater before bad usage before an unexpected verdict before an undecided one.
fn worst(one: u8, other: u8) -> u8 {
    let order = [INTERRUPTED, FAILED, USAGE, UNEXPECTED, INCONCLUSIVE, AS_EXPECTED];
    order.into_iter().find(|code| *code == one || *code == other).unwrap_or(FAILED)
}

fn summarize(console: &Console, cases: &[VerdictRow], controls: Controls, directory: &RunDirectory, interrupted: bool) {
    let count = |is: &dyn Fn(&VerdictRow) -> bool| cases.iter().filter(|row| is(row)).count();
    let expected = count(&|row| row.as_expected);
    let skipped = count(&|row| row.outcome == "skipped");
    let other = cases.len() - expected - skipped;
    let noun = if cases.len() == 1 { "case" } else { "cases" };
    let mut told = format!("{} {noun}: {expected} as expected, {other} not", cases.len());
    if skipped > 0 {
        told.push_str(&format!(", {skipped} skipped"));
    }
    console.say(&told);
    for row in cases.iter().filter(|row| !row.as_expected) {
        let run_again =
            if row.outcome == "skipped" { String::new() } else { format!("\n    run again: {}", row.reproduce) };
        let word = if row.sentence.starts_with(word(row)) { String::new() } else { format!("{}: ", word(row)) };
        console.say(&format!("  {}: {word}{}{run_again}", row.case, row.sentence));
    }
    match controls {
        Controls::Passed { resident } => {
            let pins = if resident {
                "; planted pins were called creep, and were not under the setting that cures them"
            } else {
                ""
            };
            console.say(&format!(
                "controls: a planted leak of 64 B/iteration (80 B as a chunk of glibc) was found, and the same work \
                 without it was not accused{pins}"
            ));
        }
        Controls::Failed => {
            console.warn("the controls came out wrong: the verdicts of this run are not to be trusted (see above)");
        }
        Controls::Unfinished => {
            console.warn(
                "the controls could not be run (see above): nothing shows that a leak would have been found here",
            );
        }
        Controls::NotRun => {}
    }
    let path = directory.path().display();
    if interrupted {
        console.warn(&format!("interrupted; what was measured lies in {path}"));
    } else {
        console.say(&format!("results: {path} (samples.csv, verdicts.csv, run.json, charts/)"));
    }
}

fn list(suite: &Suite) {
    for case in &suite.cases {
        let expected: Vec<_> = case.expect.iter().map(ToString::to_string).collect();
        let longest = longest_run(case);
        let goes_on =
            if longest > case.limits.iterations { format!(" ({longest} where undecided)") } else { String::new() };
        console::print(&format!(
            "{}\n    at most {} iterations{goes_on} x {}; expected: {}; arm: {}{}",
            case.id,
            case.limits.iterations,
            suite.replicates,
            expected.join(", "),
            case.arm.why,
            case.runtime.program.as_ref().map_or_else(String::new, told)
        ));
    }
}

/// The command of a program, as a line of its own in a list.
fn told(program: &ProgramSpec) -> String {
    let variables = program.environment.iter().map(|(name, value)| format!("{name}={}", quoted(value)));
    let words: Vec<_> = variables.chain(program.command.iter().map(|word| quoted(word))).collect();
    format!("\n    program: {}", words.join(" "))
}

/// A flag that Ctrl-C and SIGTERM set. The second one ends the process at once.
pub(super) fn watch_signals() -> std::io::Result<Arc<AtomicBool>> {
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        signal_hook::flag::register_conditional_default(signal, Arc::clone(&interrupted))?;
        signal_hook::flag::register(signal, Arc::clone(&interrupted))?;
    }
    Ok(interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_code_of_several_suites_is_never_hidden() {
        let order = [AS_EXPECTED, INCONCLUSIVE, UNEXPECTED, USAGE, FAILED, INTERRUPTED];
        for (index, better) in order.iter().enumerate() {
            for code in &order[index..] {
                assert_eq!((worst(*better, *code), worst(*code, *better)), (*code, *code));
            }
        }
    }
}
