//! Reads the memory of a process, its own or another one's, from descriptors that stay open.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use super::columns::Sample;
use super::count;
use super::faults::Faults;
use super::files::{self, BUFFER};
use super::status::{Rollup, Status};

/// `smaps_rollup` is read in the first iterations and then in every k-th, since it walks the page tables.
const ROLLUP_FIRST: u64 = 3;
const ROLLUP_EVERY: u64 = 25;

/// Resident memory and its high-water mark at one moment, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct MemoryLevel {
    /// VmRSS.
    pub resident: Option<u64>,
    /// VmHWM since the last reset; absent where it cannot be reset, for then it says nothing about a phase.
    pub high_water_mark: Option<u64>,
}

/// Open descriptors and a fixed buffer. No method allocates on the heap.
#[derive(Debug)]
pub struct Probe {
    status: File,
    maps: Option<File>,
    descriptors: Option<File>,
    rollup: Option<File>,
    clear_refs: Option<File>,
    buffer: Box<[u8; BUFFER]>,
    counter: Faults,
    faults: Option<(u64, u64)>,
    /// Descriptors that this process holds open to look, where it is the one that is looked at.
    own_descriptors: u64,
}

impl Probe {
    /// Opens `/proc/self`. Only `status` must be there; what else is missing leaves its fields absent.
    pub fn open() -> io::Result<Probe> {
        Probe::at(Path::new("/proc/self"), Faults::own(), 1)
    }

    /// Opens `/proc/PID` of another process. Files of a process that executes another program afterwards tell of the one
    /// before: it must be the program already that is to be looked at.
    pub fn of(pid: u32) -> io::Result<Probe> {
        let folder = Path::new("/proc").join(pid.to_string());
        Probe::at(&folder, Faults::of(&folder)?, 0)
    }

    fn at(folder: &Path, counter: Faults, own_descriptors: u64) -> io::Result<Probe> {
        let mut probe = Probe {
            status: File::open(folder.join("status"))?,
            maps: File::open(folder.join("maps")).ok(),
            descriptors: File::open(folder.join("fd")).ok(),
            rollup: File::open(folder.join("smaps_rollup")).ok(),
            clear_refs: OpenOptions::new().write(true).open(folder.join("clear_refs")).ok(),
            buffer: Box::new([1; BUFFER]),
            counter,
            faults: None,
            own_descriptors,
        };
        if !probe.reset_high_water_mark() {
            probe.clear_refs = None;
        }
        probe.faults = probe.counter.read();
        Ok(probe)
    }

    /// Whether `smaps_rollup` is read for the sample of this iteration.
    pub fn is_rollup_due(iteration: u64) -> bool {
        iteration <= ROLLUP_FIRST || iteration.is_multiple_of(ROLLUP_EVERY)
    }

    /// Whether the high-water mark can be reset, so that every phase has a peak of its own.
    pub fn sees_peaks(&self) -> bool {
        self.clear_refs.is_some()
    }

    /// Sets the high-water mark to the present resident memory; false where the kernel refuses.
    pub fn reset_high_water_mark(&mut self) -> bool {
        self.clear_refs.as_ref().is_some_and(|file| files::reset_high_water_mark(file).is_ok())
    }

    /// Resident memory now and its highest since the last reset.
    pub fn level(&mut self) -> MemoryLevel {
        let status = self.status();
        MemoryLevel { resident: status.vm_rss, high_water_mark: status.vm_hwm.filter(|_| self.sees_peaks()) }
    }

    /// Fills everything that `/proc` and the kernel's accounting tell into `sample`. Page faults are those since the last
    /// call. `high_water_mark` is the highest mark of the iteration so far. With `rollup`, `smaps_rollup` is read too: it
    /// walks the page tables and costs some 100 µs per 100 MB.
    pub fn fill(&mut self, sample: &mut Sample, high_water_mark: Option<u64>, rollup: bool) {
        let faults = self.counter.read().zip(self.faults);
        sample.minor_faults = faults.and_then(|(now, before)| now.0.checked_sub(before.0));
        sample.major_faults = faults.and_then(|(now, before)| now.1.checked_sub(before.1));
        let status = self.status();
        let mark = if self.sees_peaks() { high_water_mark.max(status.vm_hwm) } else { None };
        status.fill(sample, mark);
        let open = self.descriptors.as_ref().and_then(|file| count::descriptors(file, &mut self.buffer[..]));
        sample.descriptors = open.and_then(|open| open.checked_sub(self.own_descriptors));
        sample.mappings = self.mappings();
        if rollup {
            let rollup = self.rollup();
            sample.pss_bytes = rollup.pss;
            sample.lazy_free_bytes = rollup.lazy_free;
            sample.anon_huge_bytes = rollup.anon_huge;
        }
    }

    /// Starts a new iteration: page faults count from here, and the high-water mark begins at the present level.
    pub fn start_iteration(&mut self) {
        self.reset_high_water_mark();
        self.faults = self.counter.read();
    }

    /// Number of memory mappings.
    pub(super) fn mappings(&mut self) -> Option<u64> {
        self.maps.as_ref().and_then(|file| count::mappings(file, &mut self.buffer[..]))
    }

    /// What the kernel tells of memory now.
    pub fn status(&mut self) -> Status {
        files::status(&self.status, &mut self.buffer[..]).unwrap_or_default()
    }

    /// `/proc/PID/smaps_rollup`, parsed.
    pub(super) fn rollup(&mut self) -> Rollup {
        let read = self.rollup.as_ref().and_then(|file| files::rollup(file, &mut self.buffer[..]).ok());
        read.unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alone::{alone, passes_alone};

    #[test]
    fn a_peak_between_two_samples_is_seen_and_forgotten() {
        passes_alone(&mut alone(module_path!(), "a_peak"));
    }

    /// Planted: 32 MiB that are gone again when the sample is taken.
    #[test]
    #[ignore = "`a_peak_between_two_samples_is_seen_and_forgotten` runs it in a process of its own"]
    fn a_peak() {
        const TEMPORARY: u64 = 32 << 20;
        let mut probe = Probe::open().unwrap();
        if !probe.sees_peaks() {
            return;
        }
        probe.start_iteration();
        let before = probe.level().resident.unwrap();
        drop(std::hint::black_box(vec![1u8; TEMPORARY as usize]));
        let mark = probe.level().high_water_mark.unwrap();
        assert!(mark >= before + TEMPORARY / 2, "{mark} after {before}");
        assert!(probe.reset_high_water_mark());
        let after = probe.level().high_water_mark.unwrap();
        assert!(after < mark - TEMPORARY / 2, "{after} after {mark}");
    }

    #[test]
    fn a_probe_fills_what_this_kernel_tells() {
        let mut probe = Probe::open().unwrap();
        probe.start_iteration();
        let touched = vec![1u8; 8 << 20];
        let mut sample = Sample::default();
        probe.fill(&mut sample, None, true);
        assert!(sample.rss_anon_bytes.unwrap() >= touched.len() as u64);
        assert!(sample.minor_faults.is_some() && sample.threads.unwrap() >= 1);
        assert!(sample.mappings.unwrap() > 5 && sample.descriptors.unwrap() >= 3);
        if probe.sees_peaks() {
            assert!(sample.peak_anon_bytes >= sample.rss_anon_bytes);
        }
    }

    /// Planted: a child with three descriptors of its own that waits meanwhile.
    #[test]
    fn another_process_is_seen_as_it_sees_itself() {
        let shell = "exec 7</dev/null 8</dev/null 9</dev/null; echo go; read end";
        let mut child = std::process::Command::new("sh")
            .args(["-c", shell])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
        let mut probe = Probe::of(child.id()).unwrap();
        let mut sample = Sample::default();
        probe.start_iteration();
        probe.fill(&mut sample, None, true);
        let held = std::fs::read_dir(format!("/proc/{}/fd", child.id())).unwrap().count() as u64;
        let mapped = std::fs::read_to_string(format!("/proc/{}/maps", child.id())).unwrap().lines().count() as u64;
        assert_eq!((sample.descriptors, sample.mappings), (Some(held), Some(mapped)));
        assert!(held >= 6 && sample.threads == Some(1), "{sample:?}");
        assert_eq!(sample.minor_faults, Some(0), "it waits: {sample:?}");
        assert!(sample.rss_anon_bytes.unwrap() < Probe::open().unwrap().status().rss_anon.unwrap(), "not this process");
        drop(child.stdin.take());
        child.wait().unwrap();
        assert_eq!(probe.status().vm_rss, None, "a process that is gone has no memory");
        assert!(Probe::of(child.id()).is_err());
    }
}
