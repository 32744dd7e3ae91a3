//! Libraries that make a fork dangerous, or that do something of their own when a process forks.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::lines::each_line;

/// Libraries with which a process must not fork: the driver's memory is shared with the device, and a page that is copied
/// for the parent is another page than the one that the device writes to.
const UNSAFE: [(&[u8], &str); 3] =
    [(b"libcuda.so", "libcuda (CUDA)"), (b"libibverbs.so", "libibverbs (RDMA)"), (b"libmlx5.so", "libmlx5 (RDMA)")];

/// OpenBLAS stops its threads before a fork and starts them again when they are needed. Its file has several names
/// (`libopenblas.so.0`, `libscipy_openblas64_.so`).
const DISTURBED: (&[u8], &str) = (b"openblas", "OpenBLAS");

/// What is loaded that matters to a fork.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Obstacles {
    /// A library with which the process must not fork.
    pub(super) forbidding: Option<&'static str>,
    /// A library that a fork disturbs.
    pub(super) disturbed: Option<&'static str>,
}

impl Obstacles {
    /// Looks at the files of all mappings in an open `/proc/self/maps`. Allocates nothing.
    pub(super) fn scan(maps: &File, buffer: &mut [u8]) -> io::Result<Obstacles> {
        let mut offset = 0;
        let read = |buffer: &mut [u8]| {
            let length = maps.read_at(buffer, offset)?;
            offset += length as u64;
            Ok(length)
        };
        let mut obstacles = Obstacles::default();
        each_line(buffer, read, |line| obstacles.take(line))?;
        Ok(obstacles)
    }

    fn take(&mut self, line: &[u8]) {
        let Some(slash) = line.iter().rposition(|byte| *byte == b'/') else { return };
        let file = &line[slash + 1..];
        if let Some((_, name)) = UNSAFE.iter().find(|(start, _)| file.starts_with(start)) {
            self.forbidding = Some(name);
        }
        let (part, name) = DISTURBED;
        if file.windows(part.len()).any(|window| window == part) {
            self.disturbed = Some(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str) -> Obstacles {
        let mut obstacles = Obstacles::default();
        obstacles.take(format!("7f00-7f01 r-xp 00000000 fe:00 131 {path}").as_bytes());
        obstacles
    }

    #[test]
    fn libraries_are_known_by_their_files() {
        assert!(found("/usr/lib/libcuda.so.535.1").forbidding.unwrap().contains("CUDA"));
        assert!(found("/usr/lib/libmlx5.so.1").forbidding.unwrap().contains("RDMA"));
        assert_eq!(found("/opt/numpy.libs/libscipy_openblas64_-99.so").disturbed, Some("OpenBLAS"));
        for harmless in ["/usr/lib/libcudart.so.12", "/opt/libcuda.so/libm.so.6", "/home/openblas/libm.so.6", ""] {
            assert_eq!(found(harmless), Obstacles::default(), "{harmless}");
        }
    }

    #[test]
    fn this_process_may_fork() {
        let maps = File::open("/proc/self/maps").unwrap();
        assert_eq!(Obstacles::scan(&maps, &mut [0; 16 * 1024]).unwrap(), Obstacles::default());
    }
}
