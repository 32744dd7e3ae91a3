//! The binary from the outside: every outcome and exit code by its planted fault, every command by what it prints and
//! writes.
//!
//! Each test works in a fresh folder ([`desk::Desk`]); only the cache of generated models is shared. Nothing here measures
//! time or memory: a test may run on a loaded machine, and waits for conditions instead of for seconds.

mod allocators;
mod commands;
mod companions;
mod creep;
mod cross_check;
mod desk;
mod ended;
mod exit_codes;
mod full_disk;
mod judge;
mod judge_recorded;
mod killed;
mod models;
mod outcomes;
mod outside;
mod phases;
mod process;
mod programs;
mod python;
mod report;
mod runtimes;
mod scripts;
mod snapshots;
mod step_pool;
mod switch;
mod told;
mod usage;
mod watch;
