//! Figures of the phases of a profile: everything is read before a phase begins or after it has ended, never inside.
//!
//! The order of reads is that of how much they disturb: what counts (faults, bytes, processor time) is read last before a
//! phase and first after it, so that what sampling itself does to these counters stays out of them.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::time::{Duration, Instant};

use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeVal;

use super::io::Io;
use super::phase_figures::{PhaseFigures, ProfiledPhase};
use super::poller::{Polled, Poller};
use super::probe::Probe;

/// Bytes of `/proc/self/io`: seven keys with numbers of at most twenty digits.
const LONGEST_IO: usize = 512;

/// Counters of the process at one moment.
#[derive(Debug, Clone, Copy, Default)]
struct Counters {
    io: Io,
    /// Bytes that reading `io` itself brought in: they count in the next reading.
    io_length: u64,
    minor_faults: Option<u64>,
    major_faults: Option<u64>,
    user_us: Option<u64>,
    system_us: Option<u64>,
    polled: Polled,
}

/// Takes the figures of one phase after the other.
#[derive(Debug)]
pub struct PhaseProbe {
    probe: Probe,
    io: Option<File>,
    poller: Option<Poller>,
    before: Counters,
    sampling: Duration,
}

impl PhaseProbe {
    /// Takes figures by way of `probe`; with `poll`, a thread also looks at resident memory in this period.
    pub fn open(probe: Probe, poll: Option<Duration>) -> io::Result<PhaseProbe> {
        let poller = poll.map(Poller::start).transpose()?;
        let io = File::open("/proc/self/io").ok();
        Ok(PhaseProbe { probe, io, poller, before: Counters::default(), sampling: Duration::ZERO })
    }

    /// A phase begins when this returns.
    pub fn begin(&mut self) {
        let since = Instant::now();
        self.probe.reset_high_water_mark();
        if let Some(poller) = &self.poller {
            poller.reset();
        }
        let usage = getrusage(UsageWho::RUSAGE_SELF).ok();
        self.before = self.counters(usage);
        self.sampling = since.elapsed();
    }

    /// The phase has ended: `runs` executions and, with all else that is part of it, `time`.
    pub fn end(&mut self, phase: ProfiledPhase, runs: u64, time: Duration) -> PhaseFigures {
        let since = Instant::now();
        let usage = getrusage(UsageWho::RUSAGE_SELF).ok();
        let after = self.counters(usage);
        let mut figures = self.difference(after);
        figures.phase = phase;
        figures.runs = runs;
        figures.time_ns = u64::try_from(time.as_nanos()).ok();
        self.fill_levels(&mut figures);
        let sampling = self.sampling + since.elapsed();
        figures.sampling_us = u64::try_from(sampling.as_micros()).ok();
        figures
    }

    /// The figures of the time from the start of the process until now, whose counters began at 0.
    pub fn start(&mut self) -> PhaseFigures {
        self.before = Counters::default();
        self.sampling = Duration::ZERO;
        let mut figures = self.end(ProfiledPhase::Start, 0, Duration::ZERO);
        // Its peak was reset when the probe was opened, and its time is that of the dynamic linker and of set-up.
        figures.time_ns = None;
        figures
    }

    fn counters(&self, usage: Option<Usage>) -> Counters {
        let polled = self.poller.as_ref().map(Poller::read).unwrap_or_default();
        let mut text = [0u8; LONGEST_IO];
        let length = self.io.as_ref().and_then(|file| file.read_at(&mut text, 0).ok()).unwrap_or(0);
        let count = |value: fn(&Usage) -> i64| usage.as_ref().and_then(|usage| u64::try_from(value(usage)).ok());
        Counters {
            io: Io::parse(&text[..length]),
            io_length: length as u64,
            minor_faults: count(|usage| usage.minor_page_faults()),
            major_faults: count(|usage| usage.major_page_faults()),
            user_us: usage.as_ref().and_then(|usage| microseconds(usage.user_time())),
            system_us: usage.as_ref().and_then(|usage| microseconds(usage.system_time())),
            polled,
        }
    }

    fn difference(&self, after: Counters) -> PhaseFigures {
        let before = &self.before;
        let since = |now: Option<u64>, then: Option<u64>| now?.checked_sub(then.unwrap_or(0));
        let read_by_poller = after.polled.bytes_read.saturating_sub(before.polled.bytes_read);
        let own = before.io_length + read_by_poller;
        let mut figures = PhaseFigures {
            minor_faults: since(after.minor_faults, before.minor_faults),
            major_faults: since(after.major_faults, before.major_faults),
            user_us: since(after.user_us, before.user_us),
            system_us: since(after.system_us, before.system_us),
            read_calls_bytes: since(after.io.read_calls, before.io.read_calls).map(|all| all.saturating_sub(own)),
            storage_bytes: since(after.io.storage, before.io.storage),
            ..PhaseFigures::default()
        };
        if self.poller.is_some() {
            let ticks = after.polled.ticks.saturating_sub(before.polled.ticks);
            figures.polled_rss_bytes = Some(after.polled.highest).filter(|highest| *highest > 0);
            figures.poll_ticks = Some(ticks);
            figures.poll_cpu_ns = after.polled.cpu_ns.checked_sub(before.polled.cpu_ns);
        }
        figures
    }

    fn fill_levels(&mut self, figures: &mut PhaseFigures) {
        let status = self.probe.status();
        figures.rss_bytes = status.vm_rss;
        figures.rss_anon_bytes = status.rss_anon;
        figures.rss_file_bytes = status.rss_file;
        figures.rss_shmem_bytes = status.rss_shmem;
        // The stored mark is approximate and may lie below what is resident.
        let mark = status.vm_hwm.filter(|_| self.probe.sees_peaks());
        figures.hwm_bytes = mark.map(|mark| mark.max(status.vm_rss.unwrap_or(0)));
        figures.swap_bytes = status.vm_swap;
        figures.vm_size_bytes = status.vm_size;
        figures.threads = status.threads;
        figures.mappings = self.probe.mappings();
        let rollup = self.probe.rollup();
        figures.pss_bytes = rollup.pss;
        figures.pss_anon_bytes = rollup.pss_anon;
        figures.pss_file_bytes = rollup.pss_file;
    }
}

fn microseconds(time: TimeVal) -> Option<u64> {
    let (seconds, microseconds) = (u64::try_from(time.tv_sec()).ok()?, u64::try_from(time.tv_usec()).ok()?);
    seconds.checked_mul(1_000_000)?.checked_add(microseconds)
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use super::*;

    fn probe(poll: Option<Duration>) -> PhaseProbe {
        PhaseProbe::open(Probe::open().unwrap(), poll).unwrap()
    }

    /// Planted: 32 MiB that are gone again when the phase ends, and 16 MiB that stay.
    #[test]
    fn a_phase_has_a_peak_a_level_and_faults_of_its_own() {
        const MIB: usize = 1 << 20;
        let mut probe = probe(None);
        let start = probe.start();
        assert_eq!((start.phase, start.runs, start.time_ns), (ProfiledPhase::Start, 0, None));
        probe.begin();
        drop(black_box(vec![1u8; 32 * MIB]));
        let stays = black_box(vec![1u8; 16 * MIB]);
        let figures = probe.end(ProfiledPhase::Load, 0, Duration::from_millis(3));
        assert!(figures.rss_anon_bytes.unwrap() >= stays.len() as u64, "{figures:?}");
        assert!(figures.minor_faults.unwrap() > 0 && figures.pss_bytes.unwrap() > 0, "{figures:?}");
        assert_eq!((figures.time_ns, figures.poll_ticks), (Some(3_000_000), None));
        if let Some(mark) = figures.hwm_bytes {
            // No more can be said here: other tests of this process take and free memory meanwhile.
            assert!(mark >= figures.rss_bytes.unwrap(), "{figures:?}");
        }
    }

    /// Other tests of this process read files too, so the count is at least what this one reads.
    #[test]
    fn bytes_that_calls_read_are_counted_without_those_of_sampling() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("weights");
        std::fs::write(&path, vec![7u8; 3 << 20]).unwrap();
        let mut probe = probe(Some(Duration::from_millis(1)));
        probe.begin();
        black_box(std::fs::read(&path).unwrap());
        let figures = probe.end(ProfiledPhase::Load, 0, Duration::ZERO);
        let read = figures.read_calls_bytes;
        assert!(read.is_none_or(|bytes| bytes >= 3 << 20), "{figures:?}");
        assert!(figures.poll_ticks.is_some() && figures.storage_bytes.is_some() == read.is_some(), "{figures:?}");
    }
}
