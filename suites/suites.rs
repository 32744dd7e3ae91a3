//! The memory suites as tests: one trial for each case of `quick` and `selfcheck`, or of the suite files named in
//! `HIGHWATER_SUITES`, separated by commas.
//!
//! The binary runs the selected cases as a user has them run, a share of a suite in each process, after its controls; a trial
//! reads the row of its case once that is written. As many processes run at once as `--test-threads` says, one for each
//! processor without it: memory is measured, which they do not share, and never time.
#![expect(clippy::print_stderr, reason = "a test program tells its errors there")]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use std::{fs, io, thread};

use highwater::report::{Role, VerdictRow, read_rows};
use highwater::suite::{self, Suite, SuiteError};
use libtest_mimic::{Arguments, Completion, Failed, Trial};

/// Environment variable with suite files to run instead of the built-in ones.
const SUITES_VARIABLE: &str = "HIGHWATER_SUITES";

/// Suites that are run by default; `recompile` is for the night.
const DEFAULT_SUITES: [&str; 2] = ["quick", "selfcheck"];

/// Cases of one process at most: so many that its controls take a small part of its time, and so few that no processor waits
/// long for the last one.
const SHARE: usize = 24;

/// Between two looks for a row.
const PATIENCE: Duration = Duration::from_millis(50);

/// Exit code of a pattern that selects nothing, as of a bad suite file.
const USAGE: u8 = 2;

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    let usage = |told: String| {
        eprintln!("{told}");
        ExitCode::from(USAGE)
    };
    let suites = match suites() {
        Ok(suites) => suites,
        Err(error) => return usage(error.to_string()),
    };
    let cases: Vec<Case> = suites.iter().flat_map(cases_of).collect();
    let selects = |case: &&Case| !arguments.is_filtered_out(&Trial::test(&case.name, || Ok(())));
    let selected: Vec<&Case> = cases.iter().filter(selects).collect();
    if selected.is_empty() {
        let pattern = arguments.filter.as_deref().unwrap_or_default();
        return usage(format!(
            "the pattern `{pattern}` selects no case of the suites; `cargo test --test suites -- --list` lists them"
        ));
    }
    let shares = if arguments.list { Vec::new() } else { shares(&selected) };
    let trials = cases.iter().map(|case| {
        let share = shares.iter().find(|share| share.suite == case.suite && share.cases.contains(&case.id)).cloned();
        let case = case.clone();
        Trial::ignorable_test(case.name.clone(), move || share.ok_or("nothing runs this case")?.tell(&case))
    });
    let trials: Vec<Trial> = trials.collect();
    if let Err(error) = shares.iter().try_for_each(|share| remove(share.out.parent())) {
        return usage(format!("results of earlier tests cannot be removed: {error}"));
    }
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let at_once = *arguments.test_threads.get_or_insert(processors);
    let queue = Mutex::new(shares.iter());
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                while let Some(share) = next() {
                    share.run();
                }
            });
        }
        libtest_mimic::run(&arguments, trials).exit_code()
    })
}

/// The suites as they are named, and as they are.
fn suites() -> Result<Vec<(String, Suite)>, SuiteError> {
    let named = std::env::var(SUITES_VARIABLE).ok();
    let names: Vec<String> = match &named {
        Some(names) => names.split(',').map(str::to_owned).collect(),
        None => DEFAULT_SUITES.map(str::to_owned).into(),
    };
    names.into_iter().map(|name| suite::open(&name).map(|suite| (name, suite))).collect()
}

/// A case of a suite, and its trial.
#[derive(Clone)]
struct Case {
    /// The suite as it was named.
    suite: String,
    id: String,
    replicates: usize,
    /// The trial's name.
    name: String,
    /// Where runs of its suite write.
    out: PathBuf,
}

fn cases_of((named, suite): &(String, Suite)) -> impl Iterator<Item = Case> {
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("suites").join(&suite.name);
    suite.cases.iter().map(move |case| Case {
        suite: named.clone(),
        id: case.id.clone(),
        replicates: suite.replicates as usize,
        name: format!("{}::{}", suite.name, case.id),
        out: out.clone(),
    })
}

/// Cases of one suite that one process runs.
struct Share {
    suite: String,
    cases: Vec<String>,
    /// The folder that the process writes.
    out: PathBuf,
    ended: OnceLock<Ended>,
}

/// How a process ended.
struct Ended {
    code: Option<i32>,
    printed: String,
}

/// Shares of about the same number of cases; a suite's lie beside each other.
fn shares(selected: &[&Case]) -> Vec<Arc<Share>> {
    let suites = selected.chunk_by(|one, other| one.suite == other.suite);
    let shares = suites.flat_map(|cases| {
        let size = cases.len().div_ceil(cases.len().div_ceil(SHARE));
        cases.chunks(size).zip(1..).map(|(cases, number)| Share {
            suite: cases[0].suite.clone(),
            cases: cases.iter().map(|case| case.id.clone()).collect(),
            out: cases[0].out.join(number.to_string()),
            ended: OnceLock::new(),
        })
    });
    shares.map(Arc::new).collect()
}

fn remove(folder: Option<&Path>) -> io::Result<()> {
    match folder.map(fs::remove_dir_all) {
        Some(Err(error)) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

impl Share {
    /// Runs the cases.
    fn run(&self) {
        let ids: Vec<_> = self.cases.iter().map(|id| regex::escape(id)).collect();
        let output = Command::new(env!("CARGO_BIN_EXE_highwater"))
            .args(["run", &self.suite, "--filter", &format!("^({})$", ids.join("|")), "--no-counterfactual", "--out"])
            .arg(&self.out)
            .env("NO_COLOR", "1")
            .output();
        self.ended.get_or_init(|| match output {
            Ok(output) => Ended {
                code: output.status.code(),
                printed: [output.stdout, output.stderr]
                    .map(|text| String::from_utf8_lossy(&text).into_owned())
                    .concat(),
            },
            Err(error) => Ended { code: None, printed: error.to_string() },
        });
    }

    /// Waits for what is known about a case.
    fn tell(&self, case: &Case) -> Result<Completion, Failed> {
        loop {
            // In this order: what is written before the end is there after it.
            let ended = self.ended.get();
            let rows = read_rows(&self.out.join("verdicts.csv")).unwrap_or_default();
            match self.judge(case, &rows, ended) {
                Some(told) => return told,
                None => thread::sleep(PATIENCE),
            }
        }
    }

    /// Whether `case` is as expected, if that is known by now. The last case of a share answers for its process too.
    fn judge(&self, case: &Case, rows: &[VerdictRow], ended: Option<&Ended>) -> Option<Result<Completion, Failed>> {
        let cases: Vec<_> = rows.iter().filter(|row| row.role == Role::Case).collect();
        let own: Vec<_> = cases.iter().filter(|row| row.case == case.id).collect();
        let surprising = rows.iter().find(|row| row.role == Role::Control && !row.as_expected);
        let surprising =
            surprising.or(own.iter().find(|row| !row.as_expected && row.outcome != "skipped").map(|row| **row));
        if let Some(row) = surprising {
            return Some(Err(self.explain(row).into()));
        }
        let is_last = self.cases.last() == Some(&case.id);
        if let Some(Ended { code, printed }) = ended {
            let is_missing = own.len() < case.replicates;
            // Where nothing ran, the code says so.
            let is_skipped = |row: &&VerdictRow| row.outcome == "skipped";
            let is_clean = cases.iter().all(|row| row.as_expected || is_skipped(row)) && !cases.iter().all(is_skipped);
            if is_missing || (is_last && is_clean && *code != Some(0)) {
                let what = if is_missing { "no row" } else { "every verdict is as expected" };
                return Some(Err(format!("{what}, and the process ended with {code:?}\n{printed}").into()));
            }
        } else if is_last || own.len() < case.replicates {
            return None;
        }
        Some(Ok(own
            .iter()
            .find(|row| row.outcome == "skipped")
            .map_or(Completion::Completed, |row| Completion::ignored_with(&row.sentence))))
    }

    /// A case's or a control's verdict, its numbers, its chart and the command that runs it again.
    fn explain(&self, row: &VerdictRow) -> String {
        let verdict = if row.verdict.is_empty() { &row.outcome } else { &row.verdict };
        format!(
            "{}: {verdict}, expected {}\n  {}\n  chart: {}\n  run again: cargo run --release -- {}",
            row.case,
            row.expected.replace(' ', " or "),
            row.sentence,
            self.out.join("charts").join(format!("{}.png", row.case)).display(),
            row.reproduce.trim_start_matches("highwater ")
        )
    }
}
