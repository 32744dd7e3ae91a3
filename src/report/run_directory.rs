//! The run directory: `results/<UTC time>-<host>/`, and `run.json` in it.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::error::Error;

/// Where a run's files lie.
#[derive(Debug, Clone)]
pub struct RunDirectory {
    path: PathBuf,
}

impl RunDirectory {
    /// Makes a new directory: `out` itself where given, otherwise `results/<UTC time>-<host>` under the present folder.
    ///
    /// # Errors
    /// If it cannot be made, or `out` holds a run already.
    pub fn create(out: Option<&Path>) -> Result<Self, Error> {
        RunDirectory::check(out)?;
        let path = match out {
            Some(path) => path.to_owned(),
            None => fresh_name(),
        };
        fs::create_dir_all(&path).map_err(Error::file("cannot create the run directory", &path))?;
        Ok(RunDirectory { path })
    }

    /// Looks whether `out`, where given, could be a new directory; nothing is made.
    ///
    /// # Errors
    /// If it holds a run already.
    pub fn check(out: Option<&Path>) -> Result<(), Error> {
        let Some(path) = out else { return Ok(()) };
        let directory = RunDirectory { path: path.to_owned() };
        let files = [
            directory.samples(),
            directory.verdicts(),
            directory.cache(),
            directory.phases(),
            directory.watch(),
            directory.path.join("run.json"),
        ];
        if files.iter().any(|file| file.exists()) {
            let path = path.display();
            return Err(Error::Usage(format!("{path} holds a run already: give another directory to --out")));
        }
        Ok(())
    }

    /// Removes the directory of a run that never began.
    pub fn discard_unused(&self) {
        // One that holds anything is not removed, and one that stays harms nobody.
        let _ = fs::remove_dir(&self.path);
    }

    /// An existing one.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let directory = RunDirectory { path: path.to_owned() };
        if !directory.samples().is_file() {
            let message = "it holds no samples.csv: give the directory of a run, such as results/<time>-<host>";
            return Err(Error::Recorded { path: path.display().to_string(), message: message.into() });
        }
        Ok(directory)
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `samples.csv`.
    pub fn samples(&self) -> PathBuf {
        self.path.join("samples.csv")
    }

    /// `verdicts.csv`.
    pub fn verdicts(&self) -> PathBuf {
        self.path.join("verdicts.csv")
    }

    /// `cache.csv`.
    pub fn cache(&self) -> PathBuf {
        self.path.join("cache.csv")
    }

    /// `settings.csv`.
    pub fn settings(&self) -> PathBuf {
        self.path.join("settings.csv")
    }

    /// `claims.csv`.
    pub fn claims(&self) -> PathBuf {
        self.path.join("claims.csv")
    }

    /// `phases.csv`, which a profile has instead of samples and verdicts.
    pub fn phases(&self) -> PathBuf {
        self.path.join("phases.csv")
    }

    /// `watch.csv`, which a watch has instead of verdicts.
    pub fn watch(&self) -> PathBuf {
        self.path.join("watch.csv")
    }

    /// An existing one that holds a watch; `None` where it does not.
    pub fn open_watch(path: &Path) -> Option<Self> {
        let directory = RunDirectory { path: path.to_owned() };
        directory.watch().is_file().then_some(directory)
    }

    /// An existing one that holds a profile; `None` where it does not.
    pub fn open_profile(path: &Path) -> Option<Self> {
        let directory = RunDirectory { path: path.to_owned() };
        directory.phases().is_file().then_some(directory)
    }

    /// The folder of the charts, made when it is first asked for.
    pub fn charts(&self) -> Result<PathBuf, Error> {
        let path = self.path.join("charts");
        fs::create_dir_all(&path).map_err(Error::file("cannot create", &path))?;
        Ok(path)
    }

    /// Writes `run.json`.
    pub fn write_record(&self, record: &RunRecord) -> Result<(), Error> {
        let path = self.path.join("run.json");
        let mut text = serde_json::to_vec_pretty(record)
            .map_err(|error| Error::Recorded { path: path.display().to_string(), message: error.to_string() })?;
        text.push(b'\n');
        fs::write(&path, text).map_err(Error::file("cannot write", &path))
    }
}

impl RunDirectory {
    /// Reads `run.json`.
    pub fn read_record(&self) -> Result<RunRecord, Error> {
        let path = self.path.join("run.json");
        let text = fs::read(&path).map_err(Error::file("cannot read", &path))?;
        serde_json::from_slice(&text)
            .map_err(|error| Error::Recorded { path: path.display().to_string(), message: error.to_string() })
    }
}

/// A directory name that is not taken: a second run within the same second gets a number.
fn fresh_name() -> PathBuf {
    let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_default();
    let host: String = host.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    let host = if host.is_empty() { "host".to_owned() } else { host };
    let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ").to_string();
    let base = Path::new("results").join(format!("{time}-{host}"));
    let numbered = (2..).map(|number| PathBuf::from(format!("{}-{number}", base.display())));
    std::iter::once(base.clone()).chain(numbered).find(|path| !path.exists()).unwrap_or(base)
}

/// What `run.json` holds: how and on what the run was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RunRecord {
    /// Version of highwater.
    pub highwater: String,
    /// The command line.
    pub command: Vec<String>,
    /// Suites that were run.
    pub suites: Vec<String>,
    /// Start, UTC.
    pub started: String,
    /// Git revision of the folder that the run was started in, if it is a checkout.
    pub revision: Option<String>,
    /// The machine.
    pub machine: Machine,
    /// Versions of the embedded runtimes.
    pub runtimes: Vec<String>,
    /// Number of cases.
    pub cases: usize,
    /// Whether the controls came out right; absent while the run goes on.
    pub controls_passed: Option<bool>,
    /// Exit code; absent while the run goes on.
    pub exit_code: Option<u8>,
}

impl RunRecord {
    /// What is known of any run when it begins.
    pub fn begin() -> RunRecord {
        RunRecord {
            highwater: env!("CARGO_PKG_VERSION").into(),
            command: std::env::args().collect(),
            suites: Vec::new(),
            started: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
            revision: revision(),
            machine: Machine::look(),
            runtimes: Vec::new(),
            cases: 0,
            controls_passed: None,
            exit_code: None,
        }
    }
}

/// What the machine is, as far as it bears on memory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Machine {
    /// Kernel release.
    pub kernel: String,
    /// Architecture.
    pub architecture: String,
    /// C library.
    pub libc: String,
    /// Processor model.
    pub cpu: String,
    /// Logical processors that this process may use.
    pub cpus: usize,
    /// Memory, bytes.
    pub memory_bytes: Option<u64>,
    /// Page size, bytes.
    pub page_bytes: u64,
    /// Mode of transparent huge pages.
    pub transparent_huge_pages: Option<String>,
}

impl Machine {
    /// Looks at this machine.
    pub fn look() -> Machine {
        let system = nix::sys::utsname::uname().ok();
        let text = |field: fn(&nix::sys::utsname::UtsName) -> &std::ffi::OsStr| {
            system.as_ref().map_or_else(String::new, |system| field(system).to_string_lossy().into_owned())
        };
        Machine {
            kernel: text(nix::sys::utsname::UtsName::release),
            architecture: text(nix::sys::utsname::UtsName::machine),
            libc: crate::arm::survey().glibc.map_or_else(|| "not glibc".into(), |version| format!("glibc {version}")),
            cpu: cpu_model().unwrap_or_default(),
            cpus: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: memory(),
            page_bytes: procfs::page_size(),
            transparent_huge_pages: transparent_huge_pages(),
        }
    }
}

fn cpu_model() -> Option<String> {
    use procfs::Current;
    let info = procfs::CpuInfo::current().ok()?;
    info.model_name(0).or_else(|| info.get_field(0, "CPU part")).map(str::to_owned)
}

fn memory() -> Option<u64> {
    use procfs::Current;
    procfs::Meminfo::current().ok().map(|info| info.mem_total)
}

/// `always`, `madvise` or `never`: the word in brackets.
pub fn transparent_huge_pages() -> Option<String> {
    let text = fs::read_to_string("/sys/kernel/mm/transparent_hugepage/enabled").ok()?;
    let open = text.find('[')?;
    let close = text.find(']')?;
    text.get(open + 1..close).map(str::to_owned)
}

/// Git revision of the present folder, with `-dirty` where files differ.
fn revision() -> Option<String> {
    let output = Command::new("git").args(["describe", "--always", "--dirty", "--abbrev=12"]).output();
    match output {
        Ok(output) if output.status.success() => {
            Some(String::from_utf8_lossy(&output.stdout).trim().to_owned()).filter(|text| !text.is_empty())
        }
        Ok(_) => None,
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let directory = RunDirectory::create(Some(folder.path())).unwrap();
        fs::write(directory.samples(), "case\n").unwrap();
        let error = RunDirectory::create(Some(folder.path())).unwrap_err();
        assert!(error.to_string().contains("--out"), "{error}");
        let fresh = folder.path().join("fresh");
        RunDirectory::check(Some(&fresh)).unwrap();
        assert!(!fresh.exists(), "nothing was made");
    }

    #[test]
    fn a_directory_without_samples_is_no_run() {
        let folder = tempfile::tempdir().unwrap();
        let error = RunDirectory::open(folder.path()).unwrap_err();
        assert!(error.to_string().contains("samples.csv"), "{error}");
    }

    #[test]
    fn this_machine_is_described() {
        let machine = Machine::look();
        assert!(!machine.kernel.is_empty() && machine.page_bytes >= 4096 && machine.cpus >= 1);
        assert!(machine.libc.starts_with("glibc "), "{}", machine.libc);
    }
}
