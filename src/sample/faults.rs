//! Page faults of a process: of this one as the kernel accounts for it, of another one from its `/proc/PID/stat`.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use nix::sys::resource::{UsageWho, getrusage};

use super::stat::Stat;

/// Bytes of `/proc/PID/stat`: 52 numbers of at most twenty digits, and a name of at most 64.
const LONGEST_STAT: usize = 1200;

/// Counts the page faults of one process. Reading allocates nothing.
#[derive(Debug)]
pub(super) struct Faults {
    /// `/proc/PID/stat` of another process.
    stat: Option<File>,
}

impl Faults {
    /// Those of this process.
    pub(super) fn own() -> Faults {
        Faults { stat: None }
    }

    /// Those of the process whose folder in `/proc` is `folder`.
    pub(super) fn of(folder: &Path) -> io::Result<Faults> {
        Ok(Faults { stat: Some(File::open(folder.join("stat"))?) })
    }

    /// Minor and major page faults of the process so far, with those of threads that have ended.
    pub(super) fn read(&self) -> Option<(u64, u64)> {
        let Some(stat) = &self.stat else { return own() };
        let mut text = [0u8; LONGEST_STAT];
        let length = stat.read_at(&mut text, 0).ok()?;
        Stat::parse(&text[..length]).map(|stat| (stat.minor_faults, stat.major_faults))
    }
}

/// `ru_maxrss` of the same call is never used: it survives `exec` with the parent's peak.
fn own() -> Option<(u64, u64)> {
    let usage = getrusage(UsageWho::RUSAGE_SELF).ok()?;
    Some((usage.minor_page_faults() as u64, usage.major_page_faults() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_of_counting_agree() {
        let through_proc = Faults::of(Path::new("/proc/self")).unwrap();
        let before = Faults::own().read().unwrap();
        let between = through_proc.read().unwrap();
        let after = Faults::own().read().unwrap();
        assert!(before.0 <= between.0 && between.0 <= after.0, "{before:?} {between:?} {after:?}");
    }
}
