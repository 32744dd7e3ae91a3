//! `samples.csv`: a row a sample, written as it arrives.
//!
//! A row reaches the file by one `write`, and a row that could not be written whole (a full disk) is cut off again: what
//! is on disk is always whole rows, even when highwater itself is killed.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::rows_file::append_whole;
use crate::error::Error;
use crate::sample::{Sample, Series};

/// Columns before those of [`Sample`].
const KEYS: [&str; 3] = ["case", "replicate", "iteration"];

/// Appends samples to `samples.csv`.
#[derive(Debug)]
pub struct SamplesFile {
    path: PathBuf,
    file: File,
    length: u64,
    line: csv::Writer<Vec<u8>>,
    digits: String,
}

impl SamplesFile {
    /// Creates the file with its header; an existing one is never overwritten.
    pub fn create(path: &Path) -> Result<Self, Error> {
        let file =
            File::options().write(true).create_new(true).open(path).map_err(Error::file("cannot create", path))?;
        let line = csv::Writer::from_writer(Vec::with_capacity(4096));
        let mut samples =
            SamplesFile { path: path.to_owned(), file, length: 0, line, digits: String::with_capacity(32) };
        let header = KEYS.iter().chain(Sample::COLUMNS);
        samples.line.write_record(header).map_err(|error| samples.failed(error.into()))?;
        samples.flush_line()?;
        Ok(samples)
    }

    /// Appends one sample.
    pub fn append(&mut self, case: &str, replicate: u32, sample: &Sample) -> Result<(), Error> {
        self.format(case, replicate, sample).map_err(|error| self.failed(error.into()))?;
        self.flush_line()
    }

    fn format(&mut self, case: &str, replicate: u32, sample: &Sample) -> csv::Result<()> {
        use std::fmt::Write as _;
        self.line.write_field(case)?;
        let numbers = [Some(u64::from(replicate)), Some(sample.iteration)].into_iter().chain(sample.values());
        for number in numbers {
            self.digits.clear();
            if let Some(number) = number {
                let _ = write!(self.digits, "{number}");
            }
            self.line.write_field(&self.digits)?;
        }
        self.line.write_record(None::<&[u8]>)
    }

    /// Writes the formatted line in one piece; what could not be written whole is cut off.
    fn flush_line(&mut self) -> Result<(), Error> {
        let empty = csv::Writer::from_writer(Vec::new());
        let full = std::mem::replace(&mut self.line, empty);
        let mut bytes = full.into_inner().map_err(|error| self.failed(io::Error::other(error.to_string())))?;
        append_whole(&mut self.file, &mut self.length, &bytes).map_err(|source| self.failed(source))?;
        bytes.clear();
        self.line = csv::Writer::from_writer(bytes);
        Ok(())
    }

    fn failed(&self, source: io::Error) -> Error {
        Error::File { what: "cannot write", path: self.path.display().to_string(), source }
    }
}

/// The samples of one run as they were recorded.
#[derive(Debug, Clone, Default)]
pub struct RecordedRun {
    /// Its series.
    pub series: Series,
}

/// Every run of a directory, by case and replicate.
pub type Runs = BTreeMap<(String, u32), RecordedRun>;

/// Reads `samples.csv` into one series for each case and replicate. Columns that this version does not know are passed
/// over; a last row that was cut off (by a crash of the machine) too.
///
/// # Errors
/// If the file cannot be read, lacks its key columns, or holds something else than numbers.
pub fn read_samples(path: &Path) -> Result<Runs, Error> {
    let wrong = |message: String| Error::Recorded { path: path.display().to_string(), message };
    let file = File::open(path).map_err(Error::file("cannot read", path))?;
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(file);
    let header = reader.headers().map_err(|error| wrong(error.to_string()))?.clone();
    let places: Vec<Option<usize>> =
        KEYS.iter().chain(Sample::COLUMNS).map(|name| header.iter().position(|column| column == *name)).collect();
    let [Some(case), Some(replicate), Some(iteration)] = places[..3] else {
        return Err(wrong(format!("the header lacks one of the columns {}", KEYS.join(", "))));
    };
    let mut runs = Runs::new();
    let mut row = csv::StringRecord::new();
    while reader.read_record(&mut row).map_err(|error| wrong(error.to_string()))? {
        if row.len() < header.len() {
            continue;
        }
        let line = row.position().map_or(0, csv::Position::line);
        let number = |index: usize| -> Result<Option<u64>, Error> {
            match &row[index] {
                "" => Ok(None),
                text => text.parse().map(Some).map_err(|_| {
                    wrong(format!("line {line}: `{text}` in column `{}` is not a whole number", &header[index]))
                }),
            }
        };
        let mut sample = Sample { iteration: number(iteration)?.unwrap_or(0), ..Sample::default() };
        for (name, place) in Sample::COLUMNS.iter().zip(&places[KEYS.len()..]) {
            if let Some(index) = *place {
                sample.set(name, number(index)?);
            }
        }
        let replicate = number(replicate)?.unwrap_or(1) as u32;
        runs.entry((row[case].to_owned(), replicate)).or_default().series.push(&sample);
    }
    Ok(runs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("samples.csv");
        let mut file = SamplesFile::create(&path).unwrap();
        for iteration in 1..=3 {
            let sample = Sample { iteration, live_bytes: Some(64 * iteration), ..Sample::default() };
            file.append("a.b.c.d.t1", 1, &sample).unwrap();
        }
        file.append("a.b.c.e.t1", 2, &Sample { iteration: 1, ..Sample::default() }).unwrap();
        let runs = read_samples(&path).unwrap();
        assert_eq!(runs[&("a.b.c.d.t1".to_owned(), 1)].series.column("live_bytes").unwrap(), [64.0, 128.0, 192.0]);
        assert_eq!(runs[&("a.b.c.e.t1".to_owned(), 2)].series.len(), 1);
        assert!(SamplesFile::create(&path).is_err(), "an existing file is not overwritten");
    }

    #[test]
    fn a_row_that_was_cut_off_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("samples.csv");
        let mut file = SamplesFile::create(&path).unwrap();
        file.append("x", 1, &Sample { iteration: 1, ..Sample::default() }).unwrap();
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, [whole.as_slice(), b"x,1,2,99"].concat()).unwrap();
        assert_eq!(read_samples(&path).unwrap()[&("x".to_owned(), 1)].series.len(), 1);
    }

    #[test]
    fn errors_name_line_and_column() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("samples.csv");
        std::fs::write(&path, "case,replicate,iteration,live_bytes\nx,1,1,12\nx,1,2,many\n").unwrap();
        let error = read_samples(&path).unwrap_err().to_string();
        assert!(error.contains("line 3") && error.contains("`many`") && error.contains("`live_bytes`"), "{error}");
        std::fs::write(&path, "iteration,live_bytes\n1,2\n").unwrap();
        assert!(read_samples(&path).unwrap_err().to_string().contains("case, replicate, iteration"));
    }

    /// `/dev/full` fails every write with "no space left on device", as a full disk does.
    #[test]
    fn a_full_disk_is_an_error_that_names_the_file() {
        let file = File::options().write(true).open("/dev/full").unwrap();
        let line = csv::Writer::from_writer(Vec::new());
        let mut samples = SamplesFile { path: "full.csv".into(), file, length: 0, line, digits: String::new() };
        let error = samples.append("x", 1, &Sample::default()).unwrap_err();
        assert!(error.chain().contains("full.csv") && error.chain().contains("No space left"), "{}", error.chain());
    }
}
