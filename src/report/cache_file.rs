//! `cache.csv`: a row for everything that a model cache loaded or dropped, written as it arrives.

use std::path::{Path, PathBuf};

use super::documented::documented_row;
use super::rows_file::RowsFile;
use crate::error::Error;
use crate::workload::CacheEvent;

documented_row! {
    /// One row of `cache.csv`.
    CacheRow {
        /// Identifier of the case.
        case: String,
        /// Number of the replicate, from 1.
        replicate: u32,
        /// Number of the iteration in which it happened, from 1; what is dropped when the run is over belongs to the last one.
        iteration: u64,
        /// `load`, `evict` (to make room), `expire` (not asked for) or `drop` (after an error, and at the end).
        event: String,
        /// Name of the model.
        model: String,
        /// Bytes of the model's files.
        declared_bytes: u64,
        /// Bytes that loading it took: in use where the allocator counts them, otherwise of RssAnon.
        measured_bytes: Option<u64>,
        /// RssAnon before, bytes.
        rss_anon_before_bytes: Option<u64>,
        /// RssAnon afterwards, bytes.
        rss_anon_after_bytes: Option<u64>,
        /// RssFile before, bytes.
        rss_file_before_bytes: Option<u64>,
        /// RssFile afterwards, bytes.
        rss_file_after_bytes: Option<u64>,
        /// Bytes in use before, as the allocator in force counts them (glibc: `uordblks + hblkhd`).
        used_before_bytes: Option<u64>,
        /// Bytes in use afterwards.
        used_after_bytes: Option<u64>,
        /// glibc's `arena` before: bytes of all heaps.
        arena_before_bytes: Option<u64>,
        /// glibc's `arena` afterwards.
        arena_after_bytes: Option<u64>,
        /// glibc's `hblkhd` before: bytes in mappings of their own.
        hblkhd_before_bytes: Option<u64>,
        /// glibc's `hblkhd` afterwards.
        hblkhd_after_bytes: Option<u64>,
        /// glibc's `fordblks` before: free bytes in heaps, whether or not their pages were given back.
        free_before_bytes: Option<u64>,
        /// glibc's `fordblks` afterwards.
        free_after_bytes: Option<u64>,
        /// glibc's `keepcost` before: free bytes at the top of the main heap.
        keepcost_before_bytes: Option<u64>,
        /// glibc's `keepcost` afterwards.
        keepcost_after_bytes: Option<u64>,
        /// Where the memory of a dropped model is: `returned` (it has left the process), `fragmentation` (not in use, and kept by the allocator) or `leak` (still in use).
        reading: String,
    }
}

impl CacheRow {
    fn new((case, replicate): (&str, u32), iteration: u64, model: &str, event: &CacheEvent) -> Self {
        let CacheEvent { action, declared, measured, before, after, reading, .. } = *event;
        CacheRow {
            case: case.into(),
            replicate,
            iteration,
            event: action.to_string(),
            model: model.into(),
            declared_bytes: declared,
            measured_bytes: measured,
            rss_anon_before_bytes: before.rss_anon,
            rss_anon_after_bytes: after.rss_anon,
            rss_file_before_bytes: before.rss_file,
            rss_file_after_bytes: after.rss_file,
            used_before_bytes: before.used,
            used_after_bytes: after.used,
            arena_before_bytes: before.arena,
            arena_after_bytes: after.arena,
            hblkhd_before_bytes: before.mapped,
            hblkhd_after_bytes: after.mapped,
            free_before_bytes: before.free,
            free_after_bytes: after.free,
            keepcost_before_bytes: before.top,
            keepcost_after_bytes: after.top,
            reading: reading.map(|reading| reading.to_string()).unwrap_or_default(),
        }
    }
}

/// Appends to `cache.csv`, which is there once something was appended: most runs have no model cache.
#[derive(Debug)]
pub struct CacheFile {
    path: PathBuf,
    file: Option<RowsFile<CacheRow>>,
}

impl CacheFile {
    /// The file at `path`, not created yet.
    pub fn at(path: &Path) -> Self {
        CacheFile { path: path.to_owned(), file: None }
    }

    /// Appends what happened in `iteration` to the member called `model` of a case and replicate.
    ///
    /// # Errors
    /// If the file cannot be written, or was there before: nothing recorded is overwritten.
    pub fn append(&mut self, run: (&str, u32), iteration: u64, model: &str, event: &CacheEvent) -> Result<(), Error> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(RowsFile::create(&self.path)?),
        };
        file.append(&CacheRow::new(run, iteration, model, event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{Action, Reading, Snapshot};

    #[test]
    fn the_file_is_there_once_there_is_something_to_tell() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cache.csv");
        let mut file = CacheFile::at(&path);
        assert!(!path.exists());
        let memory = |bytes| Snapshot { rss_anon: Some(bytes), used: Some(bytes), ..Snapshot::default() };
        let (before, after) = (memory(9), memory(2));
        let reading = Some(Reading::Returned);
        let event =
            CacheEvent { action: Action::Evict, model: 0, declared: 5, measured: Some(7), before, after, reading };
        file.append(("a.b.c.d.t1", 1), 3, "mlp", &event).unwrap();
        file.append(("a.b.c.d.t1", 1), 4, "mlp", &event).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<_> = text.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                "a.b.c.d.t1,1,3,evict,mlp,5,7,9,2,,,9,2,,,,,,,,,returned",
                "a.b.c.d.t1,1,4,evict,mlp,5,7,9,2,,,9,2,,,,,,,,,returned"
            ]
        );
        assert!(CacheFile::at(&path).append(("a.b.c.d.t1", 1), 5, "mlp", &event).is_err());
    }
}
