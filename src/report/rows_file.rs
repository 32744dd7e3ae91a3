//! CSV files of rows. What is on disk is always whole rows: each reaches its file by one `write`, and one that could not be
//! written whole (a full disk) is cut off again.

use std::fs::{self, File};
use std::io::{self, Write};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, chain};

/// Appends rows of one kind to a file of their own.
#[derive(Debug)]
pub struct RowsFile<R> {
    path: PathBuf,
    file: File,
    length: u64,
    rows: PhantomData<fn(&R)>,
}

impl<R: Serialize> RowsFile<R> {
    /// Creates the file; an existing one is never overwritten.
    ///
    /// # Errors
    /// If it is there already or cannot be created.
    pub fn create(path: &Path) -> Result<Self, Error> {
        let file = File::create_new(path).map_err(Error::file("cannot create", path))?;
        Ok(RowsFile { path: path.to_owned(), file, length: 0, rows: PhantomData })
    }

    /// Appends one row, whole or not at all; the first one brings the header.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn append(&mut self, row: &R) -> Result<(), Error> {
        let bytes = text(&self.path, self.length == 0, std::slice::from_ref(row))?;
        append_whole(&mut self.file, &mut self.length, &bytes).map_err(Error::file("cannot write", &self.path))
    }
}

/// Writes a file of rows anew: one that is made from files that stay.
///
/// # Errors
/// If the file cannot be written.
pub fn write_rows<R: Serialize>(path: &Path, rows: &[R]) -> Result<(), Error> {
    fs::write(path, text(path, true, rows)?).map_err(Error::file("cannot write", path))
}

/// Reads a file of rows.
///
/// # Errors
/// If the file cannot be read, or holds other rows.
pub fn read_rows<R: DeserializeOwned>(path: &Path) -> Result<Vec<R>, Error> {
    let wrong = |error: csv::Error| Error::Recorded { path: path.display().to_string(), message: chain(&error) };
    let file = File::open(path).map_err(Error::file("cannot read", path))?;
    csv::Reader::from_reader(file).into_deserialize().collect::<Result<_, _>>().map_err(wrong)
}

fn text<R: Serialize>(path: &Path, has_header: bool, rows: &[R]) -> Result<Vec<u8>, Error> {
    let failed = |message: String| Error::Recorded { path: path.display().to_string(), message };
    let mut writer = csv::WriterBuilder::new().has_headers(has_header).from_writer(Vec::new());
    rows.iter().try_for_each(|row| writer.serialize(row)).map_err(|error| failed(chain(&error)))?;
    writer.into_inner().map_err(|error| failed(error.to_string()))
}

/// Appends `bytes`, whole rows, to `file`, whose whole rows so far take `length` bytes. What cannot be written whole is cut
/// off again.
pub(super) fn append_whole(file: &mut File, length: &mut u64, bytes: &[u8]) -> io::Result<()> {
    if let Err(error) = file.write_all(bytes) {
        let _ = file.set_len(*length);
        return Err(error);
    }
    *length += bytes.len() as u64;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::phases::PhaseRow;
    use super::super::verdict_row::VerdictRow;
    use super::*;
    use crate::sample::{PhaseFigures, ProfiledPhase};

    #[test]
    fn a_verdict_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("verdicts.csv");
        let row = VerdictRow {
            case: "a.b.c.d.t1".into(),
            sentence: "live: stable, \"flat\"\nto the byte".into(),
            live_beta: Some(f64::NEG_INFINITY),
            live_minimum_detectable_bytes_per_iteration: Some(f64::INFINITY),
            as_expected: true,
            ..VerdictRow::default()
        };
        let mut file = RowsFile::create(&path).unwrap();
        file.append(&row).unwrap();
        file.append(&row).unwrap();
        assert_eq!(read_rows::<VerdictRow>(&path).unwrap(), [row.clone(), row]);
    }

    #[test]
    fn phases_are_read_as_they_were_written() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("phases.csv");
        let empty = PhaseRow { model: "m, \"x\"".into(), runtime: "rten".into(), process: 2, ..PhaseRow::default() };
        let figures = PhaseFigures {
            phase: ProfiledPhase::WarmUp,
            runs: 3,
            time_ns: Some(u64::MAX),
            hwm_bytes: Some(0),
            ..PhaseFigures::default()
        };
        let measured = empty.with(&figures, &[3, 1, 2]);
        assert_eq!((measured.latency_p50_ns, measured.latency_max_ns, measured.rss_bytes), (Some(2), Some(3), None));
        let ended = empty.ended(ProfiledPhase::Prepare, "crashed", "crashed by SIGSEGV\nin prepare");
        let rows = [empty, measured, ended];
        let mut file = RowsFile::create(&path).unwrap();
        rows.iter().for_each(|row| file.append(row).unwrap());
        assert_eq!(read_rows::<PhaseRow>(&path).unwrap(), rows);
        assert!(RowsFile::<PhaseRow>::create(&path).is_err(), "nothing recorded is overwritten");
        write_rows(&path, &rows[..1]).unwrap();
        assert_eq!(read_rows::<PhaseRow>(&path).unwrap(), rows[..1], "what is made anew replaces what was there");
    }

    #[test]
    fn a_spoilt_row_is_told_by_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("phases.csv");
        std::fs::write(&path, "model,phase,rss_bytes\nm,start,12\nm,load,many\n").unwrap();
        let error = read_rows::<PhaseRow>(&path).unwrap_err().chain();
        assert!(error.contains("line: 3") && error.contains("phases.csv"), "{error}");
    }
}
