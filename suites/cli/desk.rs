//! A fresh folder in which commands run, and what they leave behind there.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Index;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::ended::Ended;
use crate::process::Started;

/// The binary under test.
pub const HIGHWATER: &str = env!("CARGO_BIN_EXE_highwater");

/// Variables of the environment that change what the binary does or prints.
const UNWANTED: [&str; 17] = [
    "GLIBC_TUNABLES",
    "LD_PRELOAD",
    "MALLOC_ARENA_MAX",
    "MALLOC_CONF",
    "MALLOC_MMAP_THRESHOLD_",
    "MALLOC_TRIM_THRESHOLD_",
    "MALLOC_TOP_PAD_",
    "HIGHWATER_FD",
    "HIGHWATER_PARENT",
    "HIGHWATER_RUNTIMES",
    "ORT_DYLIB_PATH",
    "OPENVINO_INSTALL_DIR",
    "RUST_BACKTRACE",
    "RUST_LIB_BACKTRACE",
    "NO_COLOR",
    "COLUMNS",
    "XDG_CACHE_HOME",
];

/// A fresh folder, removed when dropped.
pub struct Desk {
    folder: TempDir,
}

/// One row of a CSV file by the names of its columns.
#[derive(Debug, Clone)]
pub struct Row(BTreeMap<String, String>);

impl Desk {
    pub fn new() -> Self {
        let folder = tempfile::Builder::new().prefix("hw-cli-").tempdir().expect("a folder for temporary files");
        fs::create_dir(folder.path().join("tmp")).expect("a fresh folder is writable");
        Desk { folder }
    }

    pub fn path(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
        path
    }

    pub fn read(&self, name: impl AsRef<Path>) -> String {
        let path = self.path(name);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
    }

    /// Names of the entries of a folder, sorted; none if there is no such folder.
    pub fn names(&self, folder: impl AsRef<Path>) -> Vec<String> {
        let entries = fs::read_dir(self.path(folder)).into_iter().flatten().flatten();
        let mut names: Vec<_> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// The binary in this folder, without arguments yet.
    pub fn highwater(&self) -> Command {
        self.command(HIGHWATER)
    }

    /// Any program in the same surroundings as the binary's.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.folder.path()).stdin(Stdio::null());
        UNWANTED.iter().for_each(|name| {
            command.env_remove(name);
        });
        // One cache for all tests, so that every model is made once; scratch files vanish with this folder.
        command.env("HIGHWATER_CACHE", concat!(env!("CARGO_TARGET_TMPDIR"), "/highwater-cache"));
        command.env("TMPDIR", self.path("tmp"));
        command
    }

    /// Runs the binary to its end.
    pub fn run(&self, arguments: &[&str]) -> Ended {
        let mut command = self.highwater();
        command.args(arguments);
        Ended::of(command)
    }

    /// Runs the suite `text` into the directory `out`.
    pub fn suite(&self, text: &str, arguments: &[&str]) -> Ended {
        self.write("suite.toml", text);
        self.run(&[&["run", "suite.toml", "--out", "out"], arguments].concat())
    }

    /// Starts the suite `text` into the directory `out`.
    pub fn start_suite(&self, text: &str) -> Started {
        self.write("suite.toml", text);
        let mut command = self.highwater();
        command.args(["run", "suite.toml", "--out", "out"]);
        Started::of(command, self)
    }

    /// The rows of a CSV file, all of them whole: as many cells as the header, and a line end after the last.
    pub fn rows(&self, name: impl AsRef<Path>) -> Vec<Row> {
        let path = self.path(name);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()));
        assert!(text.ends_with('\n'), "{} ends within a row: …{}", path.display(), tail(&text));
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header = reader.headers().expect("the text is in memory").clone();
        let row = |cells: csv::Result<csv::StringRecord>| {
            let cells = cells.unwrap_or_else(|error| panic!("{}: {error}: …{}", path.display(), tail(&text)));
            Row(header.iter().map(str::to_owned).zip(cells.iter().map(str::to_owned)).collect())
        };
        reader.into_records().map(row).collect()
    }

    /// The rows of the suite's own cases.
    pub fn verdicts(&self) -> Vec<Row> {
        let rows = self.rows("out/verdicts.csv");
        rows.into_iter().filter(|row| &row["role"] == "case").collect()
    }

    /// The row of one case.
    pub fn verdict(&self, case: &str) -> Row {
        let rows = self.rows("out/verdicts.csv");
        let found = rows.iter().find(|row| &row["case"] == case).cloned();
        found.unwrap_or_else(|| panic!("verdicts.csv has no row for {case}: {rows:#?}"))
    }

    /// Samples of one case. The file must hold whole rows only.
    pub fn samples(&self, case: &str) -> Vec<Row> {
        self.rows("out/samples.csv").into_iter().filter(|row| &row["case"] == case).collect()
    }

    /// What `run.json` holds.
    pub fn record(&self) -> Value {
        let text = self.read("out/run.json");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("run.json: {error}: {text}"))
    }
}

impl Row {
    /// A cell as a number; `None` if it is empty.
    pub fn number(&self, column: &str) -> Option<f64> {
        let text = &self[column];
        let number = || text.parse().unwrap_or_else(|_| panic!("`{text}` in column {column} is not a number"));
        (!text.is_empty()).then(number)
    }
}

impl Index<&str> for Row {
    type Output = str;

    fn index(&self, column: &str) -> &str {
        self.0.get(column).unwrap_or_else(|| panic!("no column {column} in {self:?}"))
    }
}

fn tail(text: &str) -> String {
    let length = text.chars().count();
    text.chars().skip(length.saturating_sub(200)).collect()
}
