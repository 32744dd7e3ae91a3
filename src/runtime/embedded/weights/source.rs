//! A file that weights come from, and whether it still is what it was.
//!
//! A mapping follows its file: cut short, a read behind its end raises SIGBUS; written over, weights silently become others.
//! So what the file was when it was opened is kept, and compared before and after the weights are read.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::runtime::embedded::error::EmbeddedError;

/// Bytes at either end that are compared. Clocks of file systems tick every few milliseconds: a file that is written again
/// within a tick has the same time, but hardly the same first and last cache line.
const COMPARED: usize = 64;

/// A file as it was when it was opened.
#[derive(Debug)]
pub(super) struct Source {
    path: PathBuf,
    stamp: Stamp,
    ends: Ends,
}

/// What the file system tells of a file.
#[derive(Debug, PartialEq, Eq)]
struct Stamp {
    /// Device and inode: which file it is.
    identity: (u64, u64),
    size: u64,
    /// Seconds and nanoseconds of the last change.
    modified: (i64, i64),
}

/// First and last bytes.
#[derive(Debug, PartialEq, Eq)]
struct Ends([u8; COMPARED], [u8; COMPARED]);

impl Source {
    /// Opens the file at `path`.
    pub(super) fn open(path: &Path) -> Result<(Source, File), EmbeddedError> {
        // To open a pipe would wait for somebody to write into it.
        let metadata = fs::metadata(path).map_err(|error| unreadable(path, error))?;
        if !metadata.is_file() {
            return Err(EmbeddedError::Invalid(format!("{} is no regular file", path.display())));
        }
        let file = File::open(path).map_err(|error| unreadable(path, error))?;
        let metadata = file.metadata().map_err(|error| unreadable(path, error))?;
        let stamp = Stamp::of(&metadata);
        let ends = Ends::of(&file, stamp.size).map_err(|error| unreadable(path, error))?;
        Ok((Source { path: path.to_owned(), stamp, ends }, file))
    }

    /// Its path, for messages.
    pub(super) fn name(&self) -> String {
        self.path.display().to_string()
    }

    /// Its size when it was opened.
    pub(super) fn size(&self) -> u64 {
        self.stamp.size
    }

    /// Whether both are one file, whatever they are called.
    pub(super) fn is_same_as(&self, other: &Source) -> bool {
        self.stamp.identity == other.stamp.identity
    }

    /// The error of a system call on this file.
    pub(super) fn unreadable(&self, error: io::Error) -> EmbeddedError {
        unreadable(&self.path, error)
    }

    /// Whether what the path leads to is still the file that was opened, as it was then.
    pub(super) fn check_unchanged(&self) -> Result<(), EmbeddedError> {
        let metadata = fs::metadata(&self.path).map_err(|_| self.changed("it is gone".to_owned()))?;
        let now = Stamp::of(&metadata);
        if now.identity != self.stamp.identity {
            return Err(self.changed("it was replaced by another file".to_owned()));
        }
        if now.size != self.stamp.size {
            return Err(self.changed(format!("it had {} bytes, it has {}", self.stamp.size, now.size)));
        }
        if now.modified != self.stamp.modified {
            return Err(self.changed("it was written to".to_owned()));
        }
        let file = File::open(&self.path).map_err(|error| self.unreadable(error))?;
        match Ends::of(&file, now.size) {
            Ok(ends) if ends == self.ends => Ok(()),
            Ok(_) => Err(self.changed("its first or last bytes are others".to_owned())),
            Err(error) => Err(self.changed(format!("it cannot be read: {error}"))),
        }
    }

    /// An error that says what differs.
    pub(super) fn changed(&self, what: String) -> EmbeddedError {
        EmbeddedError::Changed { path: self.name(), what }
    }
}

fn unreadable(path: &Path, source: io::Error) -> EmbeddedError {
    EmbeddedError::File { path: path.display().to_string(), source }
}

impl Stamp {
    fn of(metadata: &Metadata) -> Stamp {
        Stamp {
            identity: (metadata.dev(), metadata.ino()),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
        }
    }
}

impl Ends {
    /// The ends of a file; zeros where it has less.
    fn of(file: &File, size: u64) -> io::Result<Ends> {
        let mut ends = Ends([0; COMPARED], [0; COMPARED]);
        let compared = usize::try_from(size).unwrap_or(COMPARED).min(COMPARED);
        if let (Some(first), Some(last)) = (ends.0.get_mut(..compared), ends.1.get_mut(..compared)) {
            file.read_exact_at(first, 0)?;
            file.read_exact_at(last, size - compared as u64)?;
        }
        Ok(ends)
    }
}
