//! What highwater costs: `cargo bench --bench overhead`.
//!
//! Speed is told as ratios of runs that alternate in one process, since machines are shared and noisy; memory as the
//! high-water mark of this process.
//!
//! 1. A recompile loop of mobilenet_v2 with everything the worker does around an iteration, against the bare loop.
//! 2. The parent over 100,000 iterations: its own memory, judged by highwater.
//! 3. A million samples analysed and drawn.
#![expect(clippy::print_stdout, reason = "a benchmark tells its figures there")]

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use highwater::arm::{LiveCounter, LiveKind, in_force};
use highwater::report::{LiveSource, VerdictRow, draw_case};
use highwater::sample::{Probe, Sample, Series, Status};
use highwater::suite::{Overrides, from_model};
use highwater::workload::{Phase, Phases, Work};

/// Pairs of bare and observed iterations of the recompile loop; the median ratio of pairs is told.
const PAIRS: usize = 150;

/// Samples of the third part.
const MILLION: u64 = 1_000_000;

fn main() {
    // `cargo test --benches` passes `--test`: there is nothing to check without measuring.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    recompile_loop();
    parent_memory();
    million_samples();
}

/// Does at each phase what the worker does, but for the socket, which is written after the clock has stopped.
struct Observed<'a>(&'a mut Probe);

impl Phases for Observed<'_> {
    fn enter(&mut self, _phase: Phase) {
        black_box(self.0.level());
        self.0.reset_high_water_mark();
    }
}

struct Bare;

impl Phases for Bare {
    fn enter(&mut self, _phase: Phase) {}
}

fn recompile_loop() {
    let suite = from_model(Path::new("mobilenet_v2"), &Overrides::default()).expect("the catalogue has it");
    let case = &suite.cases[0];
    let model = highwater::model::resolve(&case.model, &highwater::model::cache_dir()).expect("it can be made");
    let scratch = tempfile::tempdir().expect("a temporary folder");
    let mut work = Work::set_up(case, model.as_deref(), scratch.path()).expect("the work is honest");
    let mut probe = Probe::open().expect("/proc is there");
    let counter = LiveCounter::detect(&in_force());
    let mut sample = Sample::default();
    let mut iteration = 0;
    let mut bare = |work: &mut Work| {
        iteration += 1;
        let start = Instant::now();
        work.iterate(iteration, &mut Bare).expect("it runs");
        start.elapsed().as_secs_f64()
    };
    for _ in 0..10 {
        bare(&mut work);
    }
    let mut ratios = Vec::new();
    for pair in 0..PAIRS {
        // The order alternates, so that a drift of the machine favours neither.
        let mut before = 0.0;
        if pair % 2 == 0 {
            before = bare(&mut work);
        }
        let start = Instant::now();
        probe.start_iteration();
        work.iterate(1, &mut Observed(&mut probe)).expect("it runs");
        probe.fill(&mut sample, None, pair % 25 == 0);
        sample.live_bytes = counter.read().live;
        let observed = start.elapsed().as_secs_f64();
        if pair % 2 == 1 {
            before = bare(&mut work);
        }
        ratios.push(observed / before);
    }
    ratios.sort_unstable_by(f64::total_cmp);
    let quartile = |share: usize| ratios[ratios.len() * share / 4];
    println!(
        "recompile loop of mobilenet_v2 with highwater / without: {:.4} (median of {PAIRS} alternating pairs, quartiles {:.4} to {:.4})",
        quartile(2),
        quartile(1),
        quartile(3)
    );
}

/// Runs the binary on 100,000 iterations of nothing, reads the parent's memory from outside once for every 500, and has
/// highwater judge it.
fn parent_memory() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let suite = folder.path().join("nothing.toml");
    let text = "iterations = 100000\n[[case]]\nworkload = \"nothing\"\narm = \"exact-live\"\nearly_stop = false\n";
    std::fs::write(&suite, text).expect("a suite file");
    let out = folder.path().join("run");
    let binary = env!("CARGO_BIN_EXE_highwater");
    let mut child = Command::new(binary)
        .arg("run")
        .arg(&suite)
        .arg("--out")
        .arg(&out)
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("highwater starts");
    let status_path = PathBuf::from(format!("/proc/{}/status", child.id()));
    let samples_path = out.join("samples.csv");
    let mut csv = String::from("iteration,rss_anon\n");
    let mut last = 0;
    while child.try_wait().expect("it can be waited for").is_none() {
        // A row of samples.csv has some 200 bytes: its length tells how far the run is.
        let progress = std::fs::metadata(&samples_path).map_or(0, |file| file.len()) / 100_000;
        if progress > last
            && let Ok(text) = std::fs::read(&status_path)
            && let Some(anon) = Status::parse(&text).rss_anon
        {
            last = progress;
            csv.push_str(&format!("{last},{anon}\n"));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    let series = folder.path().join("parent.csv");
    std::fs::write(&series, csv).expect("a series");
    let judged = Command::new(binary)
        .arg("judge")
        .arg(&series)
        .args(["--resident", "rss_anon", "--skip", "5", "--settle", "20"])
        .output()
        .expect("highwater judges");
    println!(
        "the parent over 100,000 iterations ({last} readings): {}",
        String::from_utf8_lossy(&judged.stdout).trim()
    );
}

fn million_samples() {
    let reset = |probe: &mut Probe| probe.reset_high_water_mark();
    let mut probe = Probe::open().expect("/proc is there");
    let mut series = Series::with_capacity(MILLION as usize);
    for iteration in 1..=MILLION {
        let wave = (iteration % 97) * 4096;
        series.push(&Sample {
            iteration,
            rss_anon_bytes: Some(60_000_000 + wave),
            rss_file_bytes: Some(9_000_000),
            peak_anon_bytes: Some(80_000_000 + wave),
            live_bytes: Some(8_000_000 + 64 * (iteration / 10_000)),
            threads: Some(2),
            descriptors: Some(9),
            mappings: Some(70),
            ..Sample::default()
        });
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    reset(&mut probe);
    let start = Instant::now();
    let mut row = VerdictRow {
        case: "million".into(),
        outcome: "finished".into(),
        settle_iterations: 50,
        tolerance_bytes_per_iteration: 1024.0,
        cycle: 1,
        judges_resident: true,
        judges_mappings: true,
        ..VerdictRow::default()
    };
    let live = LiveSource { case: "million", series: &series, kind: LiveKind::Exact };
    row.judge(&series, Some(live), true).expect("there are samples");
    draw_case(&row, &series, Some(live), folder.path()).expect("it can be drawn");
    let took = start.elapsed();
    let mark = probe.level().high_water_mark.unwrap_or_default();
    println!(
        "a million samples analysed (twice: once for the row, once for the chart) and drawn: {:.2} s, process at most {:.0} MB",
        took.as_secs_f64(),
        mark as f64 / 1e6
    );
}
