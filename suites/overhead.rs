//! What highwater costs: `cargo bench --bench overhead`.
//!
//! Speed is told as a ratio inside one run, since machines are shared and noisy; memory as the high-water mark of this
//! process.
//!
//! 1. A recompile loop of mobilenet_v2 in rten, and in ONNX Runtime where it is here: all time against the time of the work
//!    alone.
//! 2. The parent over 100,000 iterations: its own memory, judged by highwater.
//! 3. The fork probe: its cost in time, and what it changes of the work beside it.
//! 4. A million samples analysed and drawn.
//! 5. The step pool while it is off, beside the system's allocator.
#![expect(clippy::print_stdout, reason = "a benchmark tells its figures there")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use highwater::arm::LiveKind;
use highwater::arm::step_pool::StepPool;
use highwater::report::{LiveSource, Role, VerdictRow, draw_case, read_rows, read_samples};
use highwater::runtime::locate;
use highwater::sample::{Probe, Sample, Series, Status};
use highwater::suite::Engine;

/// Iterations of the first part.
const ITERATIONS: &str = "200";

/// Samples of the last part.
const MILLION: u64 = 1_000_000;

fn main() {
    // `cargo test --benches` passes `--test`: there is nothing to check without measuring.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    recompile_loop("rten", Engine::Rten);
    recompile_loop("onnxruntime", Engine::Onnxruntime);
    parent_memory();
    fork_probe();
    million_samples();
    step_pool_off();
}

/// Allocates and frees blocks of one size, in turn from the system and by way of a pool that is off, and compares the best
/// rounds of both, which are short enough to fall between two switches of threads. Nothing is done with the blocks: in any program the share is smaller.
fn step_pool_off() {
    static POOL: StepPool = StepPool::new();
    for size in [64, 4 << 10, 64 << 10, 1 << 20] {
        let (mut system, mut pool) = (f64::INFINITY, f64::INFINITY);
        for _ in 0..3000 {
            system = system.min(nanoseconds_a_pair(&System, size));
            pool = pool.min(nanoseconds_a_pair(&POOL, size));
        }
        println!(
            "step pool off, blocks of {size} B, time / time of the system's allocator: {:.2} ({pool:.1} ns of {system:.1} ns)",
            pool / system
        );
    }
}

#[expect(unsafe_code, reason = "the allocator's own interface")]
fn nanoseconds_a_pair(allocator: &impl GlobalAlloc, size: usize) -> f64 {
    const PAIRS: u32 = 2000;
    let layout = Layout::from_size_align(size, 16).expect("a small size");
    let start = Instant::now();
    for _ in 0..PAIRS {
        // SAFETY: the size is not 0, and the block is freed once, as it was allocated.
        unsafe {
            let block = black_box(allocator.alloc(black_box(layout)));
            allocator.dealloc(block, black_box(layout));
        }
    }
    start.elapsed().as_secs_f64() * 1e9 / f64::from(PAIRS)
}

/// Runs the binary on mobilenet_v2 and compares, inside the very same run, all time from the first iteration to the last
/// sample with the time of the phases alone. What lies between is highwater: sampling, resetting marks, writing protocol
/// lines, and waiting for a parent that reads too slowly.
fn recompile_loop(runtime: &str, engine: Engine) {
    if let Some(Err(absence)) = locate(engine, None) {
        println!("recompile loop of mobilenet_v2 in {runtime}: skipped, {}; {}", absence.reason, absence.remedy);
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("run");
    let status = Command::new(env!("CARGO_BIN_EXE_highwater"))
        .args([
            "run",
            "--model",
            "mobilenet_v2",
            "--runtime",
            runtime,
            "--arm",
            "exact-live",
            "--no-early-stop",
            "--iterations",
            ITERATIONS,
        ])
        .arg("--out")
        .arg(&out)
        .stdout(std::process::Stdio::null())
        .status()
        .expect("highwater runs");
    assert!(status.success(), "{status}");
    let runs = read_samples(&out.join("samples.csv")).expect("samples");
    let series = &runs[&(format!("mobilenet_v2.{runtime}.recompile.exact-live.t1"), 1)].series;
    let whole = series.column("elapsed_us").and_then(<[f64]>::last).copied().expect("a time") / 1e3;
    let work: f64 = series.iteration_milliseconds().iter().sum();
    println!(
        "recompile loop of mobilenet_v2 in {runtime}, all time / time of the work: {:.4} ({ITERATIONS} iterations of {:.1} ms)",
        whole / work,
        work / series.len() as f64
    );
}

/// Runs the binary on 100,000 iterations of nothing, reads the parent's memory from outside once for every 500, and has
/// highwater judge it.
fn parent_memory() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let suite = folder.path().join("nothing.toml");
    let text = "iterations = 100000\n[[case]]\nworkload = \"nothing\"\narm = \"exact-live\"\nearly_stop = false\ncore = false\n";
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

/// Runs mobilenet_v2 three times as it is and three times with a fork probe in every fifth iteration, in turn, and compares
/// time, peaks and live bytes.
fn fork_probe() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let out = folder.path().join("run");
    Command::new(env!("CARGO_BIN_EXE_highwater"))
        .args(["run", "--model", "mobilenet_v2", "--arm", "exact-live", "--no-early-stop", "--no-counterfactual"])
        .args(["--replicates", "3", "--iterations", ITERATIONS, "--out"])
        .arg(&out)
        .stdout(std::process::Stdio::null())
        .status()
        .expect("highwater runs");
    let rows = read_rows::<VerdictRow>(&out.join("verdicts.csv")).expect("verdicts");
    let runs = read_samples(&out.join("samples.csv")).expect("samples");
    for role in [Role::Case, Role::Core] {
        for row in rows.iter().filter(|row| row.role == role) {
            let series = &runs[&(row.case.clone(), row.replicate)].series;
            let last = |column: &str| series.column(column).and_then(<[f64]>::last).copied().unwrap_or(f64::NAN);
            let (peak, live) = (row.resident_ceiling_bytes.unwrap_or(f64::NAN) / 1e6, last("live_bytes"));
            let probes = series.column("core_bytes").map_or(0, |core| core.iter().filter(|f| f.is_finite()).count());
            println!(
                "fork probe: {probes} probes, {:.2} s, highest peak {peak:.2} MB, live at the end {live} B, fork {:.2} ms of {:.2} ms",
                last("elapsed_us") / 1e6,
                row.core_fork_ms.unwrap_or(f64::NAN),
                row.core_probe_ms.unwrap_or(f64::NAN),
            );
        }
    }
}

fn million_samples() {
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
    probe.reset_high_water_mark();
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
    let live = LiveSource { case: "million", series: &series, kind: LiveKind::Exact, second: None };
    row.judge(&series, Some(live), None, true).expect("there are samples");
    draw_case(&row, &series, Some(live), None, folder.path()).expect("it can be drawn");
    let took = start.elapsed();
    let mark = probe.level().high_water_mark.unwrap_or_default();
    println!(
        "a million samples analysed (twice: once for the row, once for the chart) and drawn: {:.2} s, process at most {:.0} MB",
        took.as_secs_f64(),
        mark as f64 / 1e6
    );
}
