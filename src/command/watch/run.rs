//! The command itself: a target, a directory, a watch, an exit code.

use std::time::Duration;

use super::advice::advice;
use super::session::Session;
use super::target::Targets;
use super::tell::{draw, tell_all};
use super::wake::Wake;
use super::watched::AllWatched;
use crate::analysis::{Verdict, is_growth};
use crate::cli::WatchArguments;
use crate::error::{AS_EXPECTED, Error, INCONCLUSIVE, INTERRUPTED, UNEXPECTED};
use crate::report::console::Console;
use crate::report::{RunDirectory, RunRecord};

/// Runs the command.
pub(in crate::command) fn watch(arguments: &WatchArguments) -> Result<u8, Error> {
    let failed = |source| Error::Child { what: "watch signals for", case: "watch".into(), source };
    let mut wake = Wake::new().map_err(failed)?;
    let console = Console::new(0);
    // Before a program is started: it is not to run for nothing.
    let directory = RunDirectory::create(arguments.out.as_deref())?;
    let mut record = RunRecord::begin();
    let targets = Targets::new(arguments);
    // Of a program that is to be started the age is known, and it is not to run for nothing.
    let is_started = !arguments.command.is_empty();
    let advise = |age| advice(arguments, age).iter().for_each(|advice| console.warn(advice));
    if is_started {
        advise(Duration::ZERO);
    }
    let target = targets.first().inspect_err(|_| directory.discard_unused())?;
    if !is_started {
        advise(target.age.unwrap_or_default());
    }
    directory.write_record(&record)?;
    let (watched, ended) = Session::open(arguments, &directory, &console)?.run(&targets, target, &mut wake);
    let charts = conclude(&console, &directory, &watched);
    let exit = ended.as_ref().map_or_else(Error::exit_code, |()| exit_code(watched.verdict(), wake.is_interrupted()));
    record.cases = watched.count();
    record.exit_code = Some(exit);
    let written = directory.write_record(&record);
    let path = directory.path().display();
    if let Err(error) = ended {
        // The disk may be full: that this error is told matters more.
        console.warn(&format!("what was seen before this error lies in {path}"));
        return Err(error);
    }
    console.say(&format!("results: {path} (samples.csv, watch.csv, run.json{charts})"));
    written.map(|()| exit)
}

/// Draws and tells what the watch came to; names the folder of charts if there is one.
fn conclude(console: &Console, directory: &RunDirectory, watched: &AllWatched) -> &'static str {
    let charts = match draw(directory, watched) {
        Ok(true) => ", charts/",
        Ok(false) => "",
        Err(error) => {
            console.warn(&format!("the chart could not be drawn: {}", error.chain()));
            ""
        }
    };
    tell_all(console, watched);
    charts
}

/// The exit code of a watch that came to `verdict`. Ctrl-C is the usual end of a watch without an end of its own, so that only one
/// that is undecided for it counts as interrupted.
fn exit_code(verdict: Verdict, interrupted: bool) -> u8 {
    match verdict {
        verdict if is_growth(verdict) => UNEXPECTED,
        Verdict::Inconclusive if interrupted => INTERRUPTED,
        Verdict::Inconclusive => INCONCLUSIVE,
        _ => AS_EXPECTED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interrupted_watch_with_a_verdict_has_its_exit_code() {
        let codes = [Verdict::GrowthUnattributed, Verdict::ResourceLeak, Verdict::Stable, Verdict::Plateau]
            .map(|verdict| [exit_code(verdict, false), exit_code(verdict, true)]);
        assert_eq!(codes, [[1, 1], [1, 1], [0, 0], [0, 0]]);
        assert_eq!([exit_code(Verdict::Inconclusive, false), exit_code(Verdict::Inconclusive, true)], [4, 130]);
    }
}
