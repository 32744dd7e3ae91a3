//! Arguments of `phases`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::{parse_input, parse_option};
use crate::suite::InputSpec;
use crate::units::Bytes;
use crate::worker::protocol::MOST_RUNS;

/// What follows the options in the help.
pub(super) const EXAMPLES: &str = "\
Examples:
  highwater phases                   Inception v3, every strategy: the table of Samsung/ONE #2077
  highwater phases --model net.onnx --threads 1,2,4 --processes 5
  highwater phases --model mobilenet_v2 --runtime rten,rten-map --mem-poll 1ms

Every runtime and thread count runs in a fresh process: LOAD, PREPARE, the first execution, warm-up, timed executions.
Exit codes: 0 all that could run were measured, 1 one of them failed, 2 bad usage, 3 none could run, 130 interrupted.";

/// Arguments of `phases`.
#[derive(Debug, Args)]
pub struct PhasesArguments {
    /// A model that every --runtime reads, or the name of one in the catalogue
    #[arg(long, value_name = "NAME|FILE", default_value = "inception_v3-external")]
    pub model: PathBuf,
    /// Type and shape of an input whose dimensions the model leaves open, optionally filled with one value
    #[arg(long, value_name = "NAME=f32[1,3,224,224]", value_parser = parse_input)]
    pub input: Vec<(String, InputSpec)>,
    /// Strategies: runtimes of the catalogue [default: all of `embedded`, rten, rten-map-release]
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    pub runtime: Vec<String>,
    /// Library of a runtime that is loaded at run time (openvino, onnxruntime, litert, onert), instead of the one that is
    /// found here
    #[arg(long, value_name = "FILE")]
    pub library: Option<PathBuf>,
    /// Option of such a runtime, by its own name: ENABLE_MMAP=NO, graph_optimization_level=basic; once for each
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_option)]
    pub option: Vec<(String, String)>,
    /// Threads of the runtime; each count is a row of the table
    #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "1")]
    pub threads: Vec<u32>,
    /// Arm: a name, a tunable such as glibc.malloc.arena_max=2, or the path of a library to preload
    #[arg(long, value_name = "ARM", default_value = "glibc")]
    pub arm: String,
    /// Executions between the first one and those that are timed one by one
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(..=MOST_RUNS))]
    pub warmup: u64,
    /// Executions that are timed one by one
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=MOST_RUNS))]
    pub runs: u64,
    /// Fresh processes of each runtime and thread count, in turn; figures are then medians
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub processes: u32,
    /// Also look at resident memory from a thread, and say what that costs [default period: 5ms]
    #[arg(long, value_name = "PERIOD", num_args = 0..=1, default_missing_value = "5ms", value_parser = parse_period)]
    pub mem_poll: Option<Duration>,
    /// Limit of a process's address space, such as 300MB: does the model load within it?
    #[arg(long, value_name = "SIZE")]
    pub memory: Option<Bytes>,
    /// Time for each phase and each execution, after which it counts as a hang [default: 1m]
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub iteration_time: Option<Duration>,
    /// Directory for the results [default: results/TIME-HOST]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Say what would run, and run nothing
    #[arg(long)]
    pub list: bool,
    /// Seed of generated inputs
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
}

fn parse_period(text: &str) -> Result<Duration, String> {
    let period = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    // A shorter period than a look takes would do nothing but look; a longer one than ten seconds sees nothing.
    if (Duration::from_micros(100)..=Duration::from_secs(10)).contains(&period) {
        Ok(period)
    } else {
        Err(format!("`{text}` is not between 100us and 10s"))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::{Cli, Command};

    #[test]
    fn polling_has_a_period_of_its_own_unless_one_is_given() {
        let parse = |arguments: &[&str]| {
            let cli = Cli::try_parse_from([&["highwater", "phases"], arguments].concat())?;
            match cli.command {
                Some(Command::Phases(phases)) => Ok(phases),
                _ => Err(clap::Error::new(clap::error::ErrorKind::InvalidSubcommand)),
            }
        };
        assert_eq!(parse(&[]).unwrap().mem_poll, None);
        assert_eq!(parse(&["--mem-poll"]).unwrap().mem_poll, Some(Duration::from_millis(5)));
        let given = parse(&["--mem-poll", "1ms", "--runtime", "a,b", "--threads", "1,2", "--memory", "1 GB"]).unwrap();
        assert_eq!(given.mem_poll, Some(Duration::from_millis(1)));
        assert_eq!((given.runtime.len(), given.threads.as_slice()), (2, &[1, 2][..]));
        assert_eq!(given.memory, Some(Bytes(1_000_000_000)));
        for wrong in [["--mem-poll", "1ns"], ["--mem-poll", "1h"], ["--runs", "0"], ["--runs", "10000000"]] {
            assert!(parse(&wrong).is_err(), "{wrong:?}");
        }
    }
}
