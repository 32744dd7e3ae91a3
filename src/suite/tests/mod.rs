//! Suites with planted mistakes, and suites whose expansion is known.

mod catalogue;
mod choices;
mod errors;
mod expansion;
mod overrides;
mod programs;
mod properties;
mod switch;
mod workloads;

use std::path::Path;

use super::{Suite, SuiteError, parse};

/// Parses a suite that is called `suite.toml` and lies in `/suites`.
fn read(text: &str) -> Result<Suite, SuiteError> {
    parse("suite.toml", text, Path::new("/suites"))
}

/// The error of each fragment, one below the other.
fn errors(fragments: &[&str]) -> String {
    let told = fragments.iter().map(|text| match read(text) {
        Err(error) => error.to_string(),
        Ok(suite) => format!("no error, but {} cases", suite.cases.len()),
    });
    told.collect::<Vec<_>>().join("\n")
}

fn ids(suite: &Suite) -> Vec<&str> {
    suite.cases.iter().map(|case| case.id.as_str()).collect()
}
