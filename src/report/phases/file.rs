//! `phases.csv`: a row a phase, process, runtime and thread count, written when the phase is over.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::row::PhaseRow;
use crate::error::{Error, chain};
use crate::report::whole_rows::append_whole;

/// Appends to `phases.csv`.
#[derive(Debug)]
pub struct PhasesFile {
    path: PathBuf,
    file: File,
    length: u64,
}

impl PhasesFile {
    /// Creates the file; an existing one is never overwritten.
    pub fn create(path: &Path) -> Result<Self, Error> {
        let file = File::create_new(path).map_err(Error::file("cannot create", path))?;
        Ok(PhasesFile { path: path.to_owned(), file, length: 0 })
    }

    /// Appends one row, whole or not at all.
    pub fn append(&mut self, row: &PhaseRow) -> Result<(), Error> {
        let failed = |message: String| Error::Recorded { path: self.path.display().to_string(), message };
        let mut writer = csv::WriterBuilder::new().has_headers(self.length == 0).from_writer(Vec::new());
        writer.serialize(row).map_err(|error| failed(chain(&error)))?;
        let bytes = writer.into_inner().map_err(|error| failed(error.to_string()))?;
        append_whole(&mut self.file, &mut self.length, &bytes).map_err(Error::file("cannot write", &self.path))
    }
}

/// Reads `phases.csv`.
pub fn read_phases(path: &Path) -> Result<Vec<PhaseRow>, Error> {
    let wrong = |error: csv::Error| Error::Recorded { path: path.display().to_string(), message: chain(&error) };
    let file = File::open(path).map_err(Error::file("cannot read", path))?;
    csv::Reader::from_reader(file).into_deserialize().collect::<Result<_, _>>().map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{PhaseFigures, ProfiledPhase};

    #[test]
    fn rows_are_read_as_they_were_written() {
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
        let mut file = PhasesFile::create(&path).unwrap();
        rows.iter().for_each(|row| file.append(row).unwrap());
        assert_eq!(read_phases(&path).unwrap(), rows);
        assert!(PhasesFile::create(&path).is_err(), "nothing recorded is overwritten");
    }

    #[test]
    fn a_spoilt_row_is_told_by_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("phases.csv");
        std::fs::write(&path, "model,phase,rss_bytes\nm,start,12\nm,load,many\n").unwrap();
        let error = read_phases(&path).unwrap_err().chain();
        assert!(error.contains("line: 3") && error.contains("phases.csv"), "{error}");
    }
}
