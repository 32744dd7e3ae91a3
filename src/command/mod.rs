//! The commands: each takes plain arguments, calls the stages in order, and gives an exit code.

mod arguments;
mod controls;
mod counterfactual;
mod cross_check;
mod doctor;
mod execute;
mod judge;
mod limits;
mod measure;
mod model;
mod phases;
mod recorder;
mod report;
mod run;
mod session;
mod watch;
mod worker;

use clap::Parser;

use crate::cli::{Cli, Command};
use crate::error::Error;
use crate::report::console;

/// Reads the command line and runs its command; gives the exit code.
pub fn main() -> u8 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // A reader that has gone away (`highwater --help | head`) is no failure.
            let _ = error.print();
            return u8::try_from(error.exit_code()).unwrap_or(crate::error::USAGE);
        }
    };
    let ended = match cli.command {
        None => run::run(&cli.run),
        Some(Command::Run(arguments)) => run::run(&arguments),
        Some(Command::Phases(arguments)) => phases::phases(&arguments),
        Some(Command::Watch(arguments)) => watch::watch(&arguments),
        Some(Command::Report(arguments)) => report::report(&arguments),
        Some(Command::Judge(arguments)) => judge::judge(&arguments),
        Some(Command::Doctor) => doctor::doctor(),
        Some(Command::Model(arguments)) => model::model(&arguments),
        Some(Command::Execute(arguments)) => execute::execute(&arguments),
        Some(Command::Worker) => worker::worker(),
    };
    ended.unwrap_or_else(|error: Error| {
        console::error(&error.chain());
        error.exit_code()
    })
}
