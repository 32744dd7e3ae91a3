//! The command line. Doc comments are the help texts; arguments become plain values once, and nothing downstream sees clap.

mod judge;
mod phases;
mod watch;

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use self::judge::{Format, JudgeArguments, Kind, Unit};
pub use self::phases::PhasesArguments;
pub use self::watch::WatchArguments;
use crate::suite::{InputSpec, to_name};
use crate::units::Bytes;

/// Finds memory leaks and allocator creep in neural-network inference runtimes
///
/// Loads, compiles, runs and drops a model again and again in child processes under different allocators and settings,
/// and tells leak from creep from plateau. Without a command it runs the suite `quick`.
#[derive(Debug, Parser)]
#[command(name = "highwater", version, max_term_width = 110, args_conflicts_with_subcommands = true)]
#[command(subcommand_precedence_over_arg = true, after_help = EXAMPLES)]
pub struct Cli {
    /// The command; `run` where none is given.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Options of `run`.
    #[command(flatten)]
    pub run: RunArguments,
}

const EXAMPLES: &str = "\
Examples:
  highwater                          the suite `quick`: small models under several allocators
  highwater run --model net.onnx     your own model
  highwater run --model net.onnx --input x=f32[1,3,224,224] --arm glibc --arm trim
  highwater run --exec 'python3 service.py'   any program that speaks the protocol
  highwater run recompile --list     what a suite would run
  highwater phases --threads 1,2     what each phase of Inception v3 needs, strategy by strategy
  highwater watch --pid 4711 --for 1h
  highwater report results/20260101T000000Z-host
  highwater judge trace.csv --live uordblks,hblkhd --live-kind exact
  highwater doctor                   what this machine offers

Exit codes:
  0    everything as expected
  1    an unexpected verdict or outcome
  2    bad usage or suite file
  3    highwater failed, its controls came out wrong or could not be run, or no case could run
  4    a case could not be decided
  130  interrupted";

/// Commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run suites, or one model under several arms
    #[command(after_help = EXAMPLES)]
    Run(Box<RunArguments>),
    /// Show what each phase of a model needs, strategy by strategy: memory, time, page faults, bytes read
    #[command(after_help = phases::EXAMPLES)]
    Phases(Box<PhasesArguments>),
    /// Watch a process that knows nothing of it: does its memory grow, by how much an hour and a request?
    #[command(after_help = watch::EXAMPLES)]
    Watch(Box<WatchArguments>),
    /// Tables and charts of a recorded run again, from its CSV files alone
    Report(ReportArguments),
    /// Apply the verdict procedure to a series recorded elsewhere
    #[command(after_help = judge::EXAMPLES)]
    Judge(Box<JudgeArguments>),
    /// Say what this machine offers: allocators, tunables, kernel features, and the remedy for what is missing
    Doctor,
    /// Write a generated model with true layer structure and seeded random weights
    #[command(after_help = MODEL_EXAMPLES)]
    Model(ModelArguments),
    /// Run a model once and write what went in and what came out, as JSON (for scripts/compare-onnxruntime)
    #[command(hide = true)]
    Execute(ExecuteArguments),
    /// Serve one job over the protocol (started by highwater itself)
    #[command(hide = true)]
    Worker,
}

/// Arguments of `run`.
#[derive(Debug, Args)]
pub struct RunArguments {
    /// Suite files, or names of built-in suites: quick, seeds, recompile, creep, switch, mutate, selfcheck, runtimes,
    /// openvino, onnxruntime, litert [default: quick]
    #[arg(value_name = "SUITE")]
    pub suites: Vec<String>,
    /// Your own model instead of a suite, or the name of one in the catalogue: ONNX, and with a --runtime that reads it OpenVINO
    /// IR, TFLite, circle, ORT or rten. It is recompiled 120 times under each of five arms unless other options say otherwise
    #[arg(long, value_name = "FILE", conflicts_with = "suites")]
    pub model: Option<PathBuf>,
    /// A program of your own that speaks highwater's protocol (scripts/PROTOCOL.md, highwater.py, highwater.h), with its
    /// arguments; --model becomes its variable HIGHWATER_MODEL
    #[arg(long, value_name = "COMMAND", conflicts_with_all = ["suites", "runtime", "library", "option", "workload", "input"])]
    pub exec: Option<String>,
    /// Type (f32, i32, i64, i8, u8, bool) and shape of an input whose dimensions the model leaves open, optionally filled with
    /// one value (`ids=i64[1,128]=1`); once for each input
    #[arg(long, value_name = "NAME=f32[1,3,224,224]", value_parser = parse_input)]
    pub input: Vec<(String, InputSpec)>,
    /// Runtimes, instead of the suite's: auto, embedded, embedded-map-dontneed, rten, rten-map, openvino, onnxruntime, litert,
    /// onert… [default with --model: auto]
    #[arg(long, value_name = "NAME,…", value_delimiter = ',')]
    pub runtime: Vec<String>,
    /// Library of a runtime that is loaded at run time (openvino, onnxruntime, litert, onert), instead of the one that is
    /// found here
    #[arg(long, value_name = "FILE")]
    pub library: Option<PathBuf>,
    /// Option of such a runtime, by its own name: ENABLE_MMAP=NO, graph_optimization_level=basic; once for each
    #[arg(long, value_name = "NAME=VALUE", value_parser = parse_option)]
    pub option: Vec<(String, String)>,
    /// Workload, instead of the suite's: core, read, compile, recompile, recompile-thread, reload, infer, infer-thread,
    /// infer-concurrent, infer-content, request, set-inputs, reshape, concurrent, reject, mutate… [default with --model:
    /// recompile]
    #[arg(long, value_name = "NAME")]
    pub workload: Option<String>,
    /// Arm, instead of the suite's: a name, tunables such as glibc.malloc.arena_max=2 (several joined by colons), or the path of a
    /// library to preload; once for each [default with --model and --exec: glibc, mmap-threshold-1m, trim, jemalloc, mimalloc]
    #[arg(long, value_name = "ARM")]
    pub arm: Vec<String>,
    /// Iterations at most [default: 120, or the suite's]
    #[arg(long, value_name = "N")]
    pub iterations: Option<u64>,
    /// Time for each case, after which it is judged on what it has
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub time: Option<Duration>,
    /// Time for each iteration, after which it counts as a hang [default: 1m, or the suite's]
    #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
    pub iteration_time: Option<Duration>,
    /// Limit of the address space of each process, such as 2GB
    #[arg(long, value_name = "SIZE")]
    pub memory: Option<Bytes>,
    /// Threads of the runtime; each count is a case of its own [default: 1, or the suite's]
    #[arg(long, value_name = "N,…", value_delimiter = ',')]
    pub threads: Vec<u32>,
    /// Fresh processes for each case [default: 1, or the suite's]
    #[arg(long, value_name = "N")]
    pub replicates: Option<u32>,
    /// Iteration by which warm-up is declared to be over [default: 50, or the suite's]
    #[arg(long, value_name = "N")]
    pub settle: Option<u64>,
    /// Judge on all iterations, so that a leak that begins late is seen
    #[arg(long)]
    pub no_early_stop: bool,
    /// Go on to twice, and once more to four times as many iterations where resident memory is undecided
    #[arg(long)]
    pub until_decided: bool,
    /// No second run with a fork probe, which tells what is left when everything is given back
    #[arg(long)]
    pub no_core: bool,
    /// No runs under other settings where a case creeps or retains
    #[arg(long)]
    pub no_counterfactual: bool,
    /// Only cases whose identifier matches
    #[arg(long, value_name = "REGEX")]
    pub filter: Option<regex::Regex>,
    /// Say what would run, and run nothing
    #[arg(long)]
    pub list: bool,
    /// Directory for the results [default: results/TIME-HOST]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Seed of generated inputs and noise [default: 1, or the suite's]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Make a control come out wrong, to see that the run then says so
    #[arg(long, value_enum, hide = true)]
    pub sabotage: Option<Sabotage>,
}

/// A control that is made to come out wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Sabotage {
    /// The positive control does not leak.
    Positive,
    /// The negative control leaks.
    Negative,
    /// What must creep runs under the setting that cures it.
    ResidentPositive,
    /// What must not creep runs without the cure.
    ResidentNegative,
    /// The leak that jemalloc's count is tried on is none.
    SecondCount,
}

/// Arguments of `report`.
#[derive(Debug, Args)]
pub struct ReportArguments {
    /// Directory of a run
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
}

const MODEL_EXAMPLES: &str = "\
Examples:
  highwater model mobilenet_v2
  highwater model inception_v3 --external --out models/inception_v3.onnx
  highwater model mlp:layers=4,width=1024,batch=1";

/// Arguments of `model`.
#[derive(Debug, Args)]
pub struct ModelArguments {
    /// mobilenet_v2, inception_v3, resnet50, transformer[:layers=…,hidden=…,tokens=…], mlp[:layers=…,width=…,batch=…]
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Put the weights into a file beside the model, every tensor aligned to 4096 bytes
    #[arg(long)]
    pub external: bool,
    /// Seed of the weights
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// The file to write [default: NAME.onnx in the present folder, with - for what no file name has]
    #[arg(long, short, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

impl ModelArguments {
    /// The file to write.
    pub fn path(&self) -> PathBuf {
        self.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}.onnx", to_name(&self.name))))
    }
}

/// Arguments of `execute`.
#[derive(Debug, Args)]
pub struct ExecuteArguments {
    /// ONNX model, or the name of a model in the catalogue
    #[arg(long, value_name = "FILE")]
    pub model: PathBuf,
    /// Type and shape of an input whose dimensions the model leaves open
    #[arg(long, value_name = "NAME=f32[1,3,224,224]", value_parser = parse_input)]
    pub input: Vec<(String, InputSpec)>,
    /// Runtime
    #[arg(long, value_name = "NAME")]
    pub runtime: Option<String>,
    /// Seed of the inputs
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

fn parse_input(text: &str) -> Result<(String, InputSpec), String> {
    let (name, spec) =
        text.split_once('=').ok_or_else(|| format!("`{text}` is not NAME=TYPE[SHAPE], such as x=f32[1,3,224,224]"))?;
    Ok((name.to_owned(), spec.parse()?))
}

fn parse_option(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err(format!("`{text}` is not NAME=VALUE")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn run_is_the_default_command() {
        let cli = Cli::parse_from(["highwater", "--model", "net.onnx", "--input", "x=f32[1,3]=0.5"]);
        assert!(cli.command.is_none());
        assert_eq!(cli.run.input[0].1.fill, Some(0.5));
        let cli =
            Cli::parse_from(["highwater", "--model", "net.onnx", "--runtime", "rten,openvino", "--runtime", "onert"]);
        assert_eq!(cli.run.runtime, ["rten", "openvino", "onert"]);
        let cli = Cli::parse_from(["highwater", "quick"]);
        assert_eq!(cli.run.suites, ["quick"]);
        let cli = Cli::parse_from(["highwater", "run", "quick", "--list"]);
        assert!(matches!(cli.command, Some(Command::Run(run)) if run.list));
    }
}
