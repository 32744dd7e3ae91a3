//! What one sample costs: `cargo bench --bench sample`.

use std::process::{Command, Stdio};

use divan::Bencher;
use highwater::arm::{LiveCounter, in_force};
use highwater::sample::{Probe, Sample};

fn main() {
    divan::main();
}

/// Everything that is read at the quiescent point of an iteration.
#[divan::bench]
fn whole_sample(bencher: Bencher<'_, '_>) {
    let mut probe = Probe::open().expect("/proc is there");
    let counter = LiveCounter::detect(&in_force());
    let mut sample = Sample::default();
    bencher.bench_local(|| {
        probe.start_iteration();
        probe.fill(&mut sample, None, false);
        sample.live_bytes = counter.read().live;
        sample.live_bytes
    });
}

/// The same of another process, which waits.
#[divan::bench]
fn whole_sample_from_outside(bencher: Bencher<'_, '_>) {
    let waiting = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
    let mut child = waiting.expect("cat can be started");
    let mut probe = Probe::of(child.id()).expect("its /proc can be read");
    let mut sample = Sample::default();
    bencher.bench_local(|| {
        probe.start_iteration();
        probe.fill(&mut sample, None, false);
        sample.rss_anon_bytes
    });
    drop(child.stdin.take());
    child.wait().expect("it ends with its input");
}

/// What lies between two phases: the mark is read and reset.
#[divan::bench]
fn phase_mark(bencher: Bencher<'_, '_>) {
    let mut probe = Probe::open().expect("/proc is there");
    bencher.bench_local(|| {
        let level = probe.level();
        probe.reset_high_water_mark();
        level
    });
}

/// The same as a whole sample with `smaps_rollup`, which is read in every 25th iteration.
#[divan::bench]
fn sample_with_rollup(bencher: Bencher<'_, '_>) {
    let mut probe = Probe::open().expect("/proc is there");
    let mut sample = Sample::default();
    bencher.bench_local(|| probe.fill(&mut sample, None, true));
}

/// Live bytes alone.
#[divan::bench]
fn live_bytes(bencher: Bencher<'_, '_>) {
    let counter = LiveCounter::detect(&in_force());
    bencher.bench_local(|| counter.read().live);
}
