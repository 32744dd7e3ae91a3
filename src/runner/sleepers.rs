//! Background processes of tests: they sleep for days, each test's for a time of its own by which they are found.

use std::thread;
use std::time::Duration;

use crate::sample::oldest_named;

/// Waits until so many processes are called `sleep SECONDS`.
pub(super) fn wait_for_sleepers(seconds: &str, expected: usize) {
    let pattern = regex::Regex::new(&format!("^sleep {}$", regex::escape(seconds))).unwrap();
    let count = || oldest_named(&pattern).unwrap().map_or(0, |(_, others)| 1 + others);
    while count() != expected {
        thread::sleep(Duration::from_millis(5));
    }
}
