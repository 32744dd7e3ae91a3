//! The `highwater` binary: reads the command line, runs one command, gives its exit code.

use std::process::ExitCode;

use highwater::arm::step_pool::ProcessAllocator;

/// The system's allocator, unless an arm asks for a step pool: which allocator it is on is the child's to say.
#[global_allocator]
static ALLOCATOR: ProcessAllocator = ProcessAllocator;

fn main() -> ExitCode {
    ExitCode::from(highwater::command::main())
}
