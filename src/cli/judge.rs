//! Arguments of `judge`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::suite::{MAX_ITERATIONS, check_tolerance};

/// What follows the options in the help.
pub(super) const EXAMPLES: &str = "\
Examples:
  highwater judge trace.csv --live uordblks,hblkhd --live-kind exact --skip 1
  highwater judge trace.csv --resident rssanon_kb --resident-unit kB --no-early-stop
  highwater judge results/<run>/samples.csv --case ppocr-cls.embedded.recompile.glibc.t1
  highwater judge mine.csv --live used --resident rss --peak peak --core kept --format json
  highwater judge switching.csv --resident rss --peak peak --cycle 2

One row is one iteration. Resident memory grows from 5 % of its level (and 256 KiB) in the judged second half on; it is stable \
or a plateau while the upper limit of its growth there is at most 10 %, and of a smaller rise that is proven the sentence tells.

Exit codes: 0 stable or plateau, 1 anything that grows, 4 inconclusive.";

/// Arguments of `judge`.
#[derive(Debug, Args)]
pub struct JudgeArguments {
    /// CSV file with a header
    #[arg(value_name = "FILE.csv")]
    pub file: PathBuf,
    /// Columns with live bytes, summed
    #[arg(long, value_name = "COL[,COL…]", value_delimiter = ',')]
    pub live: Vec<String>,
    /// Unit of the live columns
    #[arg(long, value_enum, default_value = "bytes", requires = "live")]
    pub live_unit: Unit,
    /// Kind of the live counter: exact (no noise of its own), tcache (glibc with its thread cache), noisy [default: tcache]
    #[arg(long, value_enum, requires = "live")]
    pub live_kind: Option<Kind>,
    /// Column with the number of threads, for the slack of a tcache counter
    #[arg(long, value_name = "COL", requires = "live")]
    pub threads_column: Option<String>,
    /// Column with anonymous resident memory at rest
    #[arg(long, value_name = "COL")]
    pub resident: Option<String>,
    /// Column with the highest anonymous memory inside each iteration, in the unit of --resident
    #[arg(long, value_name = "COL")]
    pub peak: Option<String>,
    /// Column with what a fork keeps after giving everything back, in the unit of --resident; an empty cell is an iteration
    /// without a probe
    #[arg(long, value_name = "COL")]
    pub core: Option<String>,
    /// The allocator cannot give everything back (tcmalloc, mimalloc): of --core only the level is told
    #[arg(long, requires = "core")]
    pub core_incomplete: bool,
    /// Unit of the resident, peak and core columns
    #[arg(long, value_enum, default_value = "bytes")]
    pub resident_unit: Unit,
    /// Steps of a scenario cycle, as when models are switched in turn
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..))]
    pub cycle: u64,
    /// First rows to leave out
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub skip: usize,
    /// Iteration by which warm-up is declared to be over
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u64).range(1..=MAX_ITERATIONS))]
    pub settle: u64,
    /// Live bytes that do not provably rise are stable if the upper limit of their growth is within this, bytes per
    /// iteration; a rise that is proven is a leak, however small
    #[arg(long, value_name = "BYTES", default_value_t = 1024.0, value_parser = parse_tolerance)]
    pub tolerance: f64,
    /// Judge on all rows, so that a leak that begins late is seen
    #[arg(long)]
    pub no_early_stop: bool,
    /// Only rows of this case: for the samples.csv of a run, whose columns are then known; settings come from verdicts.csv
    #[arg(long, value_name = "ID", conflicts_with_all = [
        "live", "live_unit", "live_kind", "threads_column", "resident", "peak", "core", "core_incomplete", "resident_unit",
        "cycle", "skip", "settle", "tolerance", "no_early_stop",
    ])]
    pub case: Option<String>,
    /// Replicate of the case
    #[arg(long, value_name = "N", default_value_t = 1, requires = "case", conflicts_with_all = ["live", "resident", "peak"])]
    pub replicate: u32,
    /// Output
    #[arg(long, value_enum, default_value = "text")]
    pub format: Format,
    /// Draw the series and what the verdict rests on to FILE.svg and FILE.png
    #[arg(long, value_name = "FILE")]
    pub chart: Option<PathBuf>,
}

/// Units of columns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Unit {
    /// Bytes.
    #[value(name = "bytes")]
    Bytes,
    /// 1024 bytes, as /proc writes it.
    #[value(name = "kB")]
    Kilobytes,
}

impl Unit {
    /// Bytes in one unit.
    pub fn bytes(self) -> f64 {
        match self {
            Unit::Bytes => 1.0,
            Unit::Kilobytes => 1024.0,
        }
    }
}

/// Kinds of live counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// No noise of its own.
    Exact,
    /// glibc with its thread cache.
    Tcache,
    /// Noise without drift.
    Noisy,
}

/// Output formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
}

fn parse_tolerance(text: &str) -> Result<f64, String> {
    text.parse().map_err(|_| format!("`{text}` is not a number of bytes")).and_then(check_tolerance)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::cli::Cli;

    #[test]
    fn what_would_be_ignored_or_means_nothing_is_refused() {
        let judge = |more: &[&str]| Cli::try_parse_from([&["highwater", "judge", "a.csv"][..], more].concat());
        for wrong in [
            &["--resident", "rss", "--replicate", "2"][..],
            &["--resident", "rss", "--live-kind", "exact"],
            &["--resident", "rss", "--live-unit", "kB"],
            &["--resident", "rss", "--threads-column", "threads"],
            &["--live", "used", "--tolerance", "nan"],
            &["--live", "used", "--tolerance", "inf"],
            &["--live", "used", "--tolerance=-1"],
            &["--live", "used", "--settle", "0"],
            &["--live", "used", "--settle", "9223372036854775808"],
        ] {
            assert!(judge(wrong).is_err(), "{wrong:?}");
        }
        for right in [
            &["--resident", "rss"][..],
            &["--case", "a", "--replicate", "2"],
            &["--live", "used", "--live-kind", "exact", "--live-unit", "kB", "--tolerance", "0", "--settle", "1"],
        ] {
            assert!(judge(right).is_ok(), "{right:?}");
        }
    }
}
