//! The memory suites as tests: one trial for each case of `quick` and `selfcheck`, or of the suite files named in
//! `HIGHWATER_SUITES`, separated by commas.
//!
//! A trial runs the binary on its one case and reads the row that it wrote. Cases run one after the other unless
//! `--test-threads` says otherwise, since they share the machine whose memory they measure.
#![expect(clippy::print_stderr, reason = "a test program tells its errors there")]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use highwater::report::{VerdictRow, read_rows};
use highwater::suite::{self, Suite};
use libtest_mimic::{Arguments, Completion, Failed, Trial};

/// Environment variable with suite files to run instead of the built-in ones.
const SUITES_VARIABLE: &str = "HIGHWATER_SUITES";

/// Suites that are run by default; `recompile` is for the night.
const DEFAULT_SUITES: [&str; 2] = ["quick", "selfcheck"];

/// Exit code of a pattern that selects nothing, as of a bad suite file.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(1);
    let trials = match trials() {
        Ok(trials) => trials,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::from(USAGE);
        }
    };
    if trials.iter().all(|trial| arguments.is_filtered_out(trial)) {
        let pattern = arguments.filter.as_deref().unwrap_or_default();
        eprintln!(
            "the pattern `{pattern}` selects no case of the suites; `cargo test --test suites -- --list` lists them"
        );
        return ExitCode::from(USAGE);
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn trials() -> Result<Vec<Trial>, suite::SuiteError> {
    let named = std::env::var(SUITES_VARIABLE).ok();
    let names: Vec<String> = match &named {
        Some(names) => names.split(',').map(str::to_owned).collect(),
        None => DEFAULT_SUITES.map(str::to_owned).into(),
    };
    let mut trials = Vec::new();
    for name in names {
        let suite = suite::open(&name)?;
        for case in &suite.cases {
            let (name, id) = (name.clone(), case.id.clone());
            let out = out_directory(&suite, &id);
            trials.push(Trial::ignorable_test(format!("{}::{id}", suite.name), move || run(&name, &id, &out)));
        }
    }
    Ok(trials)
}

fn out_directory(suite: &Suite, id: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("suites").join(&suite.name).join(id)
}

/// Runs one case; fails with its verdict, its numbers, its chart and the command that runs it again.
fn run(suite: &str, id: &str, out: &Path) -> Result<Completion, Failed> {
    if out.exists() {
        std::fs::remove_dir_all(out)?;
    }
    let exact = format!("^{}$", regex::escape(id));
    let output = Command::new(env!("CARGO_BIN_EXE_highwater"))
        .args(["run", suite, "--filter", &exact, "--no-counterfactual", "--out"])
        .arg(out)
        .env("NO_COLOR", "1")
        .output()?;
    let printed = || format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let rows = read_rows::<VerdictRow>(&out.join("verdicts.csv"))
        .map_err(|error| format!("{}\n{}", error.chain(), printed()))?;
    let row = rows.into_iter().find(|row| row.case == id).ok_or_else(|| format!("no row for {id}\n{}", printed()))?;
    match (row.outcome.as_str(), output.status.code()) {
        ("skipped", _) => Ok(Completion::ignored_with(&row.sentence)),
        (_, Some(0)) => Ok(Completion::Completed),
        (_, code) => Err(explain(&row, code, out, &printed()).into()),
    }
}

fn explain(row: &VerdictRow, code: Option<i32>, out: &Path, printed: &str) -> String {
    let verdict = if row.verdict.is_empty() { &row.outcome } else { &row.verdict };
    if row.as_expected {
        return format!("exit code {code:?} although the verdict is as expected\n{printed}");
    }
    format!(
        "{verdict}, expected {}\n  {}\n  chart: {}\n  run again: cargo run --release -- {}",
        row.expected.replace(' ', " or "),
        row.sentence,
        out.join("charts").join(format!("{}.png", row.case)).display(),
        row.reproduce.trim_start_matches("highwater ")
    )
}
