//! `verdicts.csv`: a row a case and replicate, failures included, written before the next case starts.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::verdict_row::VerdictRow;
use super::whole_rows::append_whole;
use crate::error::{Error, chain};

/// Appends to `verdicts.csv`.
#[derive(Debug)]
pub struct VerdictsFile {
    path: PathBuf,
    file: File,
    length: u64,
}

impl VerdictsFile {
    /// Creates the file; an existing one is never overwritten.
    pub fn create(path: &Path) -> Result<Self, Error> {
        let file = File::create_new(path).map_err(Error::file("cannot create", path))?;
        Ok(VerdictsFile { path: path.to_owned(), file, length: 0 })
    }

    /// Appends one row and flushes it.
    pub fn append(&mut self, row: &VerdictRow) -> Result<(), Error> {
        let failed = |message: String| Error::Recorded { path: self.path.display().to_string(), message };
        let mut writer = csv::WriterBuilder::new().has_headers(self.length == 0).from_writer(Vec::new());
        writer.serialize(row).map_err(|error| failed(chain(&error)))?;
        let bytes = writer.into_inner().map_err(|error| failed(error.to_string()))?;
        append_whole(&mut self.file, &mut self.length, &bytes).map_err(Error::file("cannot write", &self.path))
    }
}

/// Reads `verdicts.csv`.
pub fn read_verdicts(path: &Path) -> Result<Vec<VerdictRow>, Error> {
    let wrong = |error: csv::Error| Error::Recorded { path: path.display().to_string(), message: chain(&error) };
    let file = File::open(path).map_err(Error::file("cannot read", path))?;
    csv::Reader::from_reader(file).into_deserialize().collect::<Result<_, _>>().map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_as_it_was_written() {
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
        let mut file = VerdictsFile::create(&path).unwrap();
        file.append(&row).unwrap();
        file.append(&row).unwrap();
        assert_eq!(read_verdicts(&path).unwrap(), [row.clone(), row]);
    }
}
