//! Parser of `/proc/PID/stat`. It takes text, knows no files and does not allocate.

/// Flag of a kernel thread (`PF_KTHREAD`), which has no memory of its own.
const KERNEL_THREAD: u64 = 0x0020_0000;

/// The fields of `/proc/PID/stat` that watching a process needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stat {
    /// One letter: `R` running, `S` sleeping, `Z` a zombie, `X` dead…
    pub(super) state: u8,
    /// Process number of the parent.
    pub(super) parent: i32,
    /// Whether it is a thread of the kernel.
    pub(super) is_kernel_thread: bool,
    /// Minor page faults of all its threads.
    pub(super) minor_faults: u64,
    /// Major page faults of all its threads.
    pub(super) major_faults: u64,
    /// When it started, in clock ticks since the machine did. With the process number it names one process for ever: numbers
    /// are given out again, start times are not.
    pub(super) start: u64,
}

impl Stat {
    /// Reads the text of `/proc/PID/stat`; `None` where it is not whole.
    pub(super) fn parse(text: &[u8]) -> Option<Stat> {
        // The name of the program stands in parentheses and may hold anything, parentheses and line ends too.
        let name_end = text.iter().rposition(|byte| *byte == b')')?;
        let mut fields = std::str::from_utf8(&text[name_end + 1..]).ok()?.split_ascii_whitespace();
        let state = *fields.next()?.as_bytes().first()?;
        let parent = fields.next()?.parse().ok()?;
        let mut number = |passed_over: usize| fields.nth(passed_over)?.parse::<u64>().ok();
        let flags = number(4)?;
        let minor_faults = number(0)?;
        let major_faults = number(1)?;
        let start = number(9)?;
        Some(Stat { state, parent, is_kernel_thread: flags & KERNEL_THREAD != 0, minor_faults, major_faults, start })
    }

    /// Whether it has ended, whether or not its parent has asked how.
    pub(super) fn has_ended(&self) -> bool {
        matches!(self.state, b'Z' | b'X' | b'x')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINUX_6_18: &str = "4242 (a (b) c) S 17 4242 4242 34816 4250 4194304 1201 88 3 1 12 4 0 0 20 0 9 0 7654321 98304000 \
        15251 18446744073709551615 1 1 0 0 0 0 0 4096 0 0 0 0 17 1 0 0 0 0 0\n";

    #[test]
    fn the_name_may_hold_anything() {
        let expected = Stat {
            state: b'S',
            parent: 17,
            is_kernel_thread: false,
            minor_faults: 1201,
            major_faults: 3,
            start: 7_654_321,
        };
        assert_eq!(Stat::parse(LINUX_6_18.as_bytes()), Some(expected));
        assert!(!expected.has_ended() && Stat { state: b'Z', ..expected }.has_ended());
    }

    #[test]
    fn kernel_threads_are_recognised() {
        let text = "2 (kthreadd) S 0 0 0 0 -1 2129984 0 0 0 0 0 0 0 0 20 0 1 0 4 0 0 0\n";
        assert!(Stat::parse(text.as_bytes()).unwrap().is_kernel_thread);
    }

    #[test]
    fn what_is_cut_off_is_nothing() {
        for text in
            ["", "4242 (x", "4242 (x) S 17 1 1 1", "4242 (x) S many 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n"]
        {
            assert_eq!(Stat::parse(text.as_bytes()), None, "{text}");
        }
    }
}
