//! Arguments of `watch`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Args};
use regex::Regex;

use crate::suite::check_duration;

/// What follows the options in the help.
pub(super) const EXAMPLES: &str = "\
Examples:
  highwater watch --pid 4711 --for 1h
  highwater watch --name 'uvicorn app:main' --tree
  highwater watch --pid 4711 --counter 'curl localhost/metrics | awk \"/^served_total/ {print \\$2}\"'
  highwater watch --until-decided --settle 2m -- python3 service.py --port 8000
  highwater watch --restart --every 10s -- ./server

What is seen: anonymous, file and shared memory, swap, the peak between two samples (VmHWM, which is reset at every sample \
through /proc/PID/clear_refs: other readers of VmHWM see that; --no-reset leaves it alone), threads, descriptors, mappings, page \
faults. What the kernel refuses, as it does for processes of other users, is said and left out. Live bytes cannot be seen, so \
that growth is not told apart: a leak, or the allocator. `highwater run` on the same model can tell, or `highwater run --exec` on \
a program that speaks the protocol.

How it is judged: samples become at most 400 windows of equal time and, with --counter, of an equal number of requests (time \
without requests then does not count). Only the second half of the watch is judged, and nothing is called growing before twice \
the time of --settle. A proven rise of less than 5 % of the level (or 256 KiB) in that half is undecided: a longer watch tells. \
--until-decided looks at twice that time and whenever the time has doubled; every look has its own chance \
of an error, and the sum of them is told.

A program that ends and comes again (--name finds it again, --restart starts it again) is a segment of its own: a row of \
watch.csv, a verdict and a part of the chart. The watch comes to the worst of them; segments too short to judge count only where \
there is no other.

Children of the process are not counted without --tree, which is said where there are any. Growth by requests needs 80 samples in \
which requests were served, between two readings of the counter (--counter-every).

It ends with its process, after --for, with --until-decided, or with Ctrl-C, which is an orderly end: what was seen is judged. A \
program that highwater started is then ended too (SIGTERM, after ten seconds SIGKILL).

Exit codes: 0 stable or plateau, 1 something grows, 2 bad usage or no such process or program, 3 highwater failed, 4 undecided, \
130 interrupted and undecided. How the program ends (its exit code, a signal) is told, and has no part in that.";

/// Arguments of `watch`.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("target").required(true).multiple(true).args(["pid", "name", "command"]))]
pub struct WatchArguments {
    /// Process to watch
    #[arg(long, value_name = "PID", conflicts_with = "command", value_parser = clap::value_parser!(i32).range(1..))]
    pub pid: Option<i32>,
    /// Watch the oldest process whose command line matches, and the next one when it has ended; with --pid, the next ones after
    /// that process
    #[arg(long, value_name = "REGEX", conflicts_with = "command")]
    pub name: Option<Regex>,
    /// Program to start and watch, with its arguments
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<String>,
    /// Start the program again when it has ended
    #[arg(long, requires = "command", conflicts_with_all = ["pid", "name"])]
    pub restart: bool,
    /// Sum over the process and its descendants: what they share is counted in parts (Pss_Anon), and there are no peaks between
    /// samples
    #[arg(long)]
    pub tree: bool,
    /// Time between two samples
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = parse_every)]
    pub every: Duration,
    /// How long to watch [default: until the process ends, or Ctrl-C]
    #[arg(long = "for", value_name = "DURATION", value_parser = parse_time)]
    pub time: Option<Duration>,
    /// End when the verdict is stable, plateau or growth
    #[arg(long)]
    pub until_decided: bool,
    /// Time after its start by which the process has warmed up [default: 5m, or a quarter of --for if that is shorter]
    #[arg(long, value_name = "DURATION", value_parser = parse_settle)]
    pub settle: Option<Duration>,
    /// Leave the process's high-water mark alone: no peaks between samples
    #[arg(long)]
    pub no_reset: bool,
    /// Shell command that prints one number, which rises by one with every request that the process has served
    #[arg(long, value_name = "COMMAND")]
    pub counter: Option<String>,
    /// Samples between two runs of the counter command
    #[arg(long, value_name = "N", default_value_t = 10, requires = "counter", value_parser = clap::value_parser!(u64).range(1..))]
    pub counter_every: u64,
    /// How long the counter command may take before it is killed
    #[arg(long, value_name = "DURATION", default_value = "5s", requires = "counter", value_parser = parse_time)]
    pub counter_timeout: Duration,
    /// Directory for the results [default: results/TIME-HOST]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

impl WatchArguments {
    /// Time after its start by which the process has warmed up.
    pub fn warm_up(&self) -> Duration {
        const LONGEST: Duration = Duration::from_secs(300);
        self.settle.unwrap_or_else(|| self.time.map_or(LONGEST, |time| (time / 4).min(LONGEST)))
    }
}

fn parse_time(text: &str) -> Result<Duration, String> {
    let time = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if time.is_zero() { Err("it must be longer than nothing".into()) } else { Ok(time) }
}

fn parse_settle(text: &str) -> Result<Duration, String> {
    let settle = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if settle.is_zero() { Ok(settle) } else { check_duration(settle) }
}

fn parse_every(text: &str) -> Result<Duration, String> {
    let every = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    // A sample takes some 100 µs: more often, watching would be most of what the machine does.
    if (Duration::from_millis(1)..=Duration::from_secs(86_400)).contains(&every) {
        Ok(every)
    } else {
        Err(format!("`{text}` is not between 1ms and 1day"))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    fn parse(arguments: &[&str]) -> Option<Box<WatchArguments>> {
        match Cli::try_parse_from([&["highwater", "watch"], arguments].concat()).ok()?.command {
            Some(Command::Watch(watch)) => Some(watch),
            _ => None,
        }
    }

    #[test]
    fn something_to_watch_is_asked_for_and_only_one_kind() {
        assert!(parse(&[]).is_none() && parse(&["--for", "1h"]).is_none());
        assert!(parse(&["--pid", "1", "--", "sleep"]).is_none() && parse(&["--name", "x", "--", "sleep"]).is_none());
        assert!(
            parse(&["--pid", "0"]).is_none() && parse(&["--pid", "-1"]).is_none() && parse(&["--name", "("]).is_none()
        );
        assert_eq!(parse(&["--pid", "7", "--name", "x"]).unwrap().pid, Some(7));
        let command = parse(&["--restart", "--", "sleep", "--pid", "9"]).unwrap();
        assert_eq!(
            (command.command.as_slice(), command.pid),
            (&["sleep".to_owned(), "--pid".into(), "9".into()][..], None)
        );
        assert!(parse(&["--restart", "--pid", "7"]).is_none(), "only what was started can be started again");
    }

    #[test]
    fn times_have_bounds_and_warm_up_fits_into_the_watch() {
        for wrong in
            [["--every", "1us"], ["--every", "0s"], ["--every", "2d"], ["--for", "0s"], ["--counter-every", "3"]]
        {
            assert!(parse(&[&["--pid", "1"], &wrong[..]].concat()).is_none(), "{wrong:?}");
        }
        let warm_up = |arguments: &[&str]| parse(&[&["--pid", "1"], arguments].concat()).unwrap().warm_up();
        assert_eq!(warm_up(&[]), Duration::from_secs(300));
        assert_eq!(warm_up(&["--for", "1h"]), Duration::from_secs(300));
        assert_eq!(warm_up(&["--for", "8s"]), Duration::from_secs(2));
        assert_eq!(warm_up(&["--for", "8s", "--settle", "1m"]), Duration::from_secs(60));
    }
}
