//! Parsers of `/proc/PID/status` and `/proc/PID/smaps_rollup`. They take text, know no files and do not allocate.

use super::columns::Sample;

/// The fields of `/proc/PID/status` that a sample needs; sizes in bytes. What a kernel does not write is absent:
/// `RssAnon`, `RssFile` and `RssShmem` came with Linux 4.5, `HugetlbPages` with 4.4, `VmSwap` with 2.6.34.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Status {
    /// VmSize: address space.
    pub vm_size: Option<u64>,
    /// VmHWM: highest resident memory since the last reset; its stored value is approximate and may even fall.
    pub vm_hwm: Option<u64>,
    /// VmRSS: resident memory.
    pub vm_rss: Option<u64>,
    /// RssAnon: anonymous resident memory.
    pub rss_anon: Option<u64>,
    /// RssFile: resident pages of mapped files.
    pub rss_file: Option<u64>,
    /// RssShmem: resident shared memory.
    pub rss_shmem: Option<u64>,
    /// VmSwap: anonymous memory that was swapped out.
    pub vm_swap: Option<u64>,
    /// HugetlbPages: memory that VmRSS does not count.
    pub hugetlb: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
    /// Tgid: number of the process, which a thread's own number is not.
    pub thread_group: Option<u64>,
}

impl Status {
    /// Reads the text of `/proc/PID/status`. Unknown lines are passed over.
    pub fn parse(text: &[u8]) -> Status {
        let mut status = Status::default();
        for (key, value) in fields(text) {
            let field = match key {
                b"VmSize" => &mut status.vm_size,
                b"VmHWM" => &mut status.vm_hwm,
                b"VmRSS" => &mut status.vm_rss,
                b"RssAnon" => &mut status.rss_anon,
                b"RssFile" => &mut status.rss_file,
                b"RssShmem" => &mut status.rss_shmem,
                b"VmSwap" => &mut status.vm_swap,
                b"HugetlbPages" => &mut status.hugetlb,
                b"Threads" => &mut status.threads,
                b"Tgid" => &mut status.thread_group,
                _ => continue,
            };
            *field = quantity(value);
        }
        status
    }

    /// Writes what the kernel tells of memory into `sample`. `high_water_mark` is the highest mark since it was last reset;
    /// absent where it is not known.
    pub(super) fn fill(&self, sample: &mut Sample, high_water_mark: Option<u64>) {
        sample.rss_anon_bytes = self.rss_anon;
        sample.rss_file_bytes = self.rss_file;
        sample.rss_shmem_bytes = self.rss_shmem;
        sample.swap_bytes = self.vm_swap;
        sample.hugetlb_bytes = self.hugetlb;
        sample.vm_size_bytes = self.vm_size;
        sample.threads = self.threads;
        sample.peak_anon_bytes = self.peak_anon(high_water_mark);
    }

    /// Highest anonymous resident memory since the mark was reset: `max(RssAnon, VmHWM - (VmRSS - RssAnon))`. The kernel keeps
    /// no mark of anonymous memory alone, so a file that is mapped only in between counts as peak; that is constant from
    /// iteration to iteration and does not touch a trend.
    fn peak_anon(&self, high_water_mark: Option<u64>) -> Option<u64> {
        let anon = self.rss_anon?;
        let rest = self.vm_rss?.saturating_sub(anon);
        Some(high_water_mark?.saturating_sub(rest).max(anon))
    }
}

/// The fields of `/proc/PID/smaps_rollup` that a sample needs, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Rollup {
    /// Pss: proportional set size; not its parts (`Pss_Anon`, `Pss_Dirty`…), which a prefix match would add.
    pub pss: Option<u64>,
    /// Pss_Anon: the anonymous part of it (Linux 5.10).
    pub pss_anon: Option<u64>,
    /// Pss_File: the part in mapped files (Linux 5.10).
    pub pss_file: Option<u64>,
    /// LazyFree: pages given back with `MADV_FREE` that still count as resident.
    pub lazy_free: Option<u64>,
    /// AnonHugePages: anonymous memory in huge pages.
    pub anon_huge: Option<u64>,
    /// SwapPss: what was swapped out, with what is shared counted in parts (Linux 4.3).
    pub swap_pss: Option<u64>,
}

impl Rollup {
    /// Reads the text of `/proc/PID/smaps_rollup`.
    pub(super) fn parse(text: &[u8]) -> Rollup {
        let mut rollup = Rollup::default();
        for (key, value) in fields(text) {
            let field = match key {
                b"Pss" => &mut rollup.pss,
                b"Pss_Anon" => &mut rollup.pss_anon,
                b"Pss_File" => &mut rollup.pss_file,
                b"LazyFree" => &mut rollup.lazy_free,
                b"AnonHugePages" => &mut rollup.anon_huge,
                b"SwapPss" => &mut rollup.swap_pss,
                _ => continue,
            };
            *field = quantity(value);
        }
        rollup
    }
}

/// The `key: value` lines of `text`.
pub(super) fn fields(text: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    text.split(|byte| *byte == b'\n').filter_map(|line| {
        let colon = line.iter().position(|byte| *byte == b':')?;
        Some((&line[..colon], &line[colon + 1..]))
    })
}

/// The number of `  1234 kB` in bytes, or of `  12` as it is.
pub(super) fn quantity(value: &[u8]) -> Option<u64> {
    let value = value.trim_ascii();
    let digits = value.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number: u64 = std::str::from_utf8(&value[..digits]).ok()?.parse().ok()?;
    match value[digits..].trim_ascii() {
        b"kB" => number.checked_mul(1024),
        b"" => Some(number),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINUX_6_18: &[u8] = b"Name:\thighwater\nUmask:\t0022\nState:\tR (running)\nTgid:\t4242\nPid:\t4242\nVmPeak:\t  118320 kB\n\
        VmSize:\t   98304 kB\nVmLck:\t       0 kB\nVmHWM:\t   67112 kB\nVmRSS:\t   61004 kB\nRssAnon:\t   54000 kB\n\
        RssFile:\t    7000 kB\nRssShmem:\t       4 kB\nVmData:\t   60000 kB\nVmStk:\t     132 kB\nVmSwap:\t      12 kB\n\
        HugetlbPages:\t   65536 kB\nCoreDumping:\t0\nThreads:\t3\nSigQ:\t0/95000\n";

    /// A 3.10 kernel knows neither the split of RSS nor hugetlb pages.
    const LINUX_3_10: &[u8] = b"Name:\tcat\nVmSize:\t    7000 kB\nVmHWM:\t     640 kB\nVmRSS:\t     636 kB\nVmSwap:\t       0 kB\nThreads:\t1\n";

    const ROLLUP: &[u8] = b"55a0c0000000-7ffd1c1f2000 ---p 00000000 00:00 0                          [rollup]\n\
        Rss:               61004 kB\nPss:               55012 kB\nPss_Dirty:         54000 kB\nPss_Anon:          54000 kB\n\
        Pss_File:           1012 kB\nLazyFree:            400 kB\nAnonHugePages:     32768 kB\n\
        Swap:                 64 kB\nSwapPss:              32 kB\n";

    #[test]
    fn the_peak_is_at_least_what_is_there_at_rest() {
        let status = Status { vm_rss: Some(100), rss_anon: Some(60), ..Status::default() };
        assert_eq!(status.peak_anon(Some(150)), Some(110));
        assert_eq!(status.peak_anon(Some(90)), Some(60), "the stored mark is approximate and may lie below");
        assert_eq!(status.peak_anon(None), None, "without a reset there is no peak of the iteration");
    }

    #[test]
    fn status_of_a_current_kernel() {
        let status = Status::parse(LINUX_6_18);
        assert_eq!(status.vm_hwm, Some(67112 * 1024));
        assert_eq!(
            status.rss_anon.unwrap() + status.rss_file.unwrap() + status.rss_shmem.unwrap(),
            status.vm_rss.unwrap()
        );
        assert_eq!(status.hugetlb, Some(64 << 20));
        assert_eq!(status.vm_swap, Some(12 * 1024));
        assert_eq!((status.threads, status.thread_group), (Some(3), Some(4242)));
    }

    #[test]
    fn fields_that_an_old_kernel_lacks_are_absent_not_zero() {
        let status = Status::parse(LINUX_3_10);
        assert_eq!(status.vm_rss, Some(636 * 1024));
        assert_eq!((status.rss_anon, status.hugetlb), (None, None));
    }

    #[test]
    fn pss_is_not_the_sum_of_its_parts() {
        let rollup = Rollup::parse(ROLLUP);
        assert_eq!(rollup.pss, Some(55012 * 1024));
        assert_eq!((rollup.pss_anon, rollup.pss_file), (Some(54000 * 1024), Some(1012 * 1024)));
        assert_eq!(rollup.lazy_free, Some(400 * 1024));
        assert_eq!(rollup.anon_huge, Some(32768 * 1024));
        assert_eq!(rollup.swap_pss, Some(32 * 1024));
    }

    #[test]
    fn nonsense_is_absent() {
        let status = Status::parse(
            b"VmRSS:\t99999999999999999999999 kB\nVmHWM\nVmSize:\tmany kB\nThreads: 2 pigs\n:\n\xff\xfe:1",
        );
        assert_eq!(status, Status::default());
        let overflow = Status::parse(b"VmRSS: 18446744073709551615 kB");
        assert_eq!(overflow.vm_rss, None);
    }
}
