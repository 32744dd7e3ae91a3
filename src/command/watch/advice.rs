//! What a watch that is too short for a verdict needs, said before it begins.

use std::time::Duration;

use crate::cli::WatchArguments;

/// Samples that a verdict needs: one in each of 40 windows.
const FEWEST: u32 = 40;

/// Why a watch of a process of some `age` is too short for a verdict, with remedies; `None` where it is not, or has no end of its
/// own.
pub(super) fn advice(arguments: &WatchArguments, age: Duration) -> Option<String> {
    let (time, every) = (arguments.time?, arguments.every);
    let samples = time.as_nanos().div_ceil(every.as_nanos());
    let settling = 2 * arguments.warm_up().saturating_sub(age);
    let is_sparse = samples < u128::from(FEWEST);
    if !is_sparse && settling <= time {
        return None;
    }
    let longer = told(round_up((FEWEST * every).max(settling)));
    let quicker = Some(round_down(time / FEWEST)).filter(|every| !every.is_zero());
    let quicker = quicker.map(|every| format!("--every {}", told(every)));
    let sooner = format!("--settle {}", told(round_down(time / 2 + age)));
    let (why, other) = match (is_sparse, settling <= time) {
        (true, true) => ("cannot be decided: 40 samples are needed at least", quicker),
        (false, _) => ("can call nothing growing: twice the time of --settle is needed at least", Some(sooner)),
        (true, false) => (
            "cannot be decided: 40 samples and twice the time of --settle are needed at least",
            quicker.map(|every| format!("{every} with {sooner}")),
        ),
    };
    let remedies: Vec<String> = other.into_iter().chain([format!("--for {longer}")]).collect();
    Some(format!("a watch of {} every {} {why}: {}", told(time), told(every), remedies.join(" or ")))
}

/// Whole seconds, or milliseconds of one digit: no more than `time`.
fn round_down(time: Duration) -> Duration {
    let milliseconds = time.as_millis() as u64;
    match milliseconds.checked_ilog10() {
        None => Duration::ZERO,
        Some(0..=2) => {
            let step = 10_u64.pow(milliseconds.ilog10());
            Duration::from_millis(milliseconds / step * step)
        }
        Some(_) => Duration::from_secs(milliseconds / 1000),
    }
}

/// Whole seconds from a second on: no less than `time`.
fn round_up(time: Duration) -> Duration {
    let step = if time < Duration::from_secs(1) { 1 } else { 1000 };
    Duration::from_millis((time.as_micros() as u64).div_ceil(1000 * step) * step)
}

fn told(time: Duration) -> String {
    humantime::format_duration(time).to_string()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn advised(age: u64, options: &str) -> Option<String> {
        let words = ["highwater", "watch", "--pid", "7"].into_iter().chain(options.split_whitespace());
        let Some(Command::Watch(arguments)) = Cli::try_parse_from(words).unwrap().command else { panic!("a watch") };
        advice(&arguments, Duration::from_secs(age))
    }

    #[test]
    fn a_watch_that_cannot_be_decided_is_told_with_its_remedies() {
        let told = [
            "--for 25s",
            "--for 39ms --every 1ms",
            "--for 39900us --every 1ms",
            "--for 1h --every 2m",
            "--for 90s --settle 1m",
            "--for 25s --settle 20s",
        ]
        .map(|options| advised(0, options).unwrap_or_default());
        let samples = "cannot be decided: 40 samples are needed at least:";
        assert_eq!(
            told,
            [
                format!("a watch of 25s every 1s {samples} --every 600ms or --for 40s"),
                format!("a watch of 39ms every 1ms {samples} --for 40ms"),
                String::new(),
                format!("a watch of 1h every 2m {samples} --every 1m 30s or --for 1h 20m"),
                "a watch of 1m 30s every 1s can call nothing growing: twice the time of --settle is needed at least: \
                 --settle 45s or --for 2m"
                    .into(),
                "a watch of 25s every 1s cannot be decided: 40 samples and twice the time of --settle are needed at least: \
                 --every 600ms with --settle 12s or --for 40s"
                    .into(),
            ]
        );
    }

    /// What is advised is enough.
    #[test]
    fn a_watch_that_can_be_decided_is_told_nothing() {
        for options in [
            "",
            "--every 1h",
            "--for 40s",
            "--for 25s --every 600ms",
            "--for 1h --every 90s",
            "--for 90s --settle 45s",
            "--for 2m --settle 1m",
            "--for 25s --every 600ms --settle 12s",
        ] {
            assert_eq!(advised(0, options), None, "{options}");
        }
        assert_eq!(advised(20, "--for 90s --settle 1m"), None, "it has been warming up for 20 s");
        assert!(advised(10, "--for 90s --settle 1m").is_some_and(|told| told.contains("--settle 55s or --for 1m 40s")));
    }
}
