//! Anonymous memory by what it belongs to, from the text of `/proc/PID/smaps`. The parser takes lines and does not allocate.
//!
//! Who made a mapping is not written anywhere, so some are recognised by their shape. Neighbours of equal rights merge into
//! one mapping: a stack or an arena next to something else may count as that. The parts add up to the whole in any case.

use super::status::quantity;

/// Alignment of glibc's thread arenas: `HEAP_MAX_SIZE` of its `arena.c`, twice the largest mmap threshold.
const ARENA_ALIGNMENT: u64 = 64 << 20;

/// Anonymous memory of private mappings, swapped or not, in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Split {
    /// The heap that grows by `brk`.
    pub heap: u64,
    /// glibc's thread arenas.
    pub arenas: u64,
    /// Stacks of threads. Where guard pages are no mapping of their own (glibc 2.42), only named ones are recognised.
    pub stacks: u64,
    /// Private mappings of files: written data of libraries.
    pub file: u64,
    /// Everything else.
    pub other: u64,
}

impl Split {
    /// All of it.
    pub fn sum(&self) -> u64 {
        self.heap + self.arenas + self.stacks + self.file + self.other
    }
}

/// What a mapping belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    Heap,
    Arena,
    Stack,
    File,
    Other,
    /// Mappings that are shared hold no anonymous memory.
    Shared,
}

/// Sums up the lines of `smaps`.
pub(super) struct Splitter {
    split: Split,
    glibc: bool,
    owner: Owner,
    /// End of the mapping before, if it was an unnamed one without rights.
    guard_end: Option<u64>,
}

impl Splitter {
    /// Nothing yet. Arenas are recognised only where `glibc` is in force: other allocators align their mappings too.
    pub(super) fn new(glibc: bool) -> Self {
        Splitter { split: Split::default(), glibc, owner: Owner::Shared, guard_end: None }
    }

    /// Takes one line. Lines that cannot be read are passed over.
    pub(super) fn take(&mut self, line: &[u8]) {
        // Addresses are written in small hexadecimal digits, names of fields begin with a capital.
        if !line.first().is_some_and(u8::is_ascii_uppercase) {
            self.begin(line);
            return;
        }
        let value = line.strip_prefix(b"Anonymous:").or_else(|| line.strip_prefix(b"Swap:"));
        let Some(bytes) = value.and_then(quantity) else { return };
        let sum = match self.owner {
            Owner::Heap => &mut self.split.heap,
            Owner::Arena => &mut self.split.arenas,
            Owner::Stack => &mut self.split.stacks,
            Owner::File => &mut self.split.file,
            Owner::Other => &mut self.split.other,
            Owner::Shared => return,
        };
        *sum += bytes;
    }

    /// What the lines so far add up to.
    pub(super) fn split(&self) -> Split {
        self.split
    }

    /// Begins the mapping of a line such as `7f2c58000000-7f2c58021000 rw-p 00000000 00:00 0    [heap]`.
    fn begin(&mut self, line: &[u8]) {
        let Some((start, end, rights, name)) = mapping(line) else { return };
        let is_behind_guard = self.guard_end == Some(start);
        self.guard_end = (name.is_empty() && rights.starts_with(b"---")).then_some(end);
        let is_unnamed_data = name.is_empty() && rights.starts_with(b"rw-");
        self.owner = if rights.get(3) != Some(&b'p') {
            Owner::Shared
        } else if name == b"[heap]" {
            Owner::Heap
        } else if name.starts_with(b"[stack") || name.starts_with(b"[anon: glibc: pthread stack") {
            Owner::Stack
        } else if name.starts_with(b"[anon: glibc: malloc arena")
            || (self.glibc && is_unnamed_data && start.is_multiple_of(ARENA_ALIGNMENT))
        {
            Owner::Arena
        } else if name.starts_with(b"/") {
            Owner::File
        } else if is_unnamed_data && is_behind_guard {
            Owner::Stack
        } else {
            Owner::Other
        };
    }
}

/// Start, end, rights and name of a mapping; the name is empty where there is none.
fn mapping(line: &[u8]) -> Option<(u64, u64, &[u8], &[u8])> {
    let (range, rest) = word(line)?;
    let (rights, rest) = word(rest)?;
    let (_offset, rest) = word(rest)?;
    let (_device, rest) = word(rest)?;
    let (_inode, name) = word(rest)?;
    let dash = range.iter().position(|byte| *byte == b'-')?;
    Some((address(&range[..dash])?, address(&range[dash + 1..])?, rights, name.trim_ascii()))
}

fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let text = text.trim_ascii_start();
    let end = text.iter().position(|byte| *byte == b' ').unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

fn address(digits: &[u8]) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::super::lines::each_line;
    use super::*;

    /// Parts of a real file: a mapping of each kind, each with a power of two, so that a sum tells what is in it.
    const SMAPS: &str = "\
560a1c000000-560a1c200000 r-xp 00000000 fe:00 131 /usr/bin/high water
Size:               2048 kB
Rss:                1024 kB
Anonymous:             0 kB
AnonHugePages:         0 kB
VmFlags: rd ex mr mw me
560a1c200000-560a1c300000 rw-p 00200000 fe:00 131 /usr/bin/high water
Anonymous:             1 kB
Swap:                  1 kB
560a1d000000-560a1d100000 rw-p 00000000 00:00 0 [heap]
Anonymous:             4 kB
7f2c58000000-7f2c58021000 rw-p 00000000 00:00 0
Anonymous:             8 kB
7f2c58021000-7f2c5c000000 ---p 00000000 00:00 0
Anonymous:             0 kB
7f2c5c000000-7f2c5c100000 rw-p 00000000 00:00 0
Anonymous:            16 kB
7f2c5e000000-7f2c5e001000 ---p 00000000 00:00 0
Anonymous:             0 kB
7f2c5e001000-7f2c5e801000 rw-p 00000000 00:00 0
Anonymous:            32 kB
7f2c5f001000-7f2c5f801000 rw-p 00000000 00:00 0
Anonymous:            64 kB
7f2c60001000-7f2c60002000 rw-s 00000000 00:01 77 /dev/shm/x
Anonymous:             0 kB
Swap:            1048576 kB
7f2c61001000-7f2c61002000 rw-p 00000000 00:00 0 [anon: glibc: pthread stack: 4711]
Anonymous:           128 kB
7f2c62001000-7f2c62002000 rw-p 00000000 00:00 0 [anon: glibc: malloc arena]
Anonymous:           256 kB
7ffd1c1d1000-7ffd1c1f2000 rw-p 00000000 00:00 0                          [stack]
Anonymous:           512 kB
7ffd1c1f3000-7ffd1c1f5000 r-xp 00000000 00:00 0                          [vdso]
Anonymous:          1024 kB
";

    fn split(glibc: bool, buffer: usize) -> Split {
        let mut splitter = Splitter::new(glibc);
        let mut rest = SMAPS.as_bytes();
        each_line(&mut vec![0; buffer], |buffer| rest.read(buffer), |line| splitter.take(line)).unwrap();
        splitter.split()
    }

    #[test]
    fn every_mapping_counts_once_whatever_the_buffer() {
        let kib = |number: u64| number * 1024;
        let expected = Split {
            heap: kib(4),
            arenas: kib(8 + 16 + 256),
            stacks: kib(32 + 128 + 512),
            file: kib(1 + 1),
            other: kib(64 + 1024),
        };
        for buffer in [90, 97, 128, 1000, 4096] {
            assert_eq!(split(true, buffer), expected, "buffer of {buffer}");
        }
        assert_eq!(expected.sum(), kib(2046));
    }

    #[test]
    fn aligned_mappings_of_other_allocators_are_no_arenas() {
        let found = split(false, 4096);
        assert_eq!(found.arenas, 256 * 1024, "the named one alone");
        // What stands behind a mapping without rights cannot be told from a stack.
        assert_eq!(found.stacks, (16 + 32 + 128 + 512) * 1024);
        assert_eq!(found.sum(), split(true, 4096).sum());
    }

    #[test]
    fn nonsense_is_passed_over() {
        let mut splitter = Splitter::new(true);
        for line in ["", "Anonymous: 7 kB", "zz-yy rw-p 0 0 0", "1-2", "10-20 rw-p 0 0 0", "Anonymous: lots", "Swap"] {
            splitter.take(line.as_bytes());
        }
        assert_eq!(splitter.split(), Split::default());
    }

    #[test]
    fn this_process_is_read_to_its_end() {
        let mut file = std::fs::File::open("/proc/self/smaps").unwrap();
        let mut splitter = Splitter::new(true);
        each_line(&mut [0; 16 * 1024], |buffer| file.read(buffer), |line| splitter.take(line)).unwrap();
        let found = splitter.split();
        assert!(found.heap > 0 && found.file > 0 && found.stacks > 0, "{found:?}");
    }
}
