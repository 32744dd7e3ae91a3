//! The `highwater` binary: reads the command line, runs one command, gives its exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(highwater::command::main())
}
