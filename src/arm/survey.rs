//! What this machine offers, for `highwater doctor`. Plain data; `report` tells it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::tunables::Tunable;
use super::{dynamic_linker, embedded, glibc, installed};

/// What this machine offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Survey {
    /// Version of glibc; `None` on another C library.
    pub glibc: Option<String>,
    /// The dynamic linker of this binary.
    pub dynamic_linker: Option<PathBuf>,
    /// The tunables that glibc knows, with their ranges; by name.
    pub tunables: Vec<Tunable>,
    /// Why there are no tunables.
    pub tunables_absent: Option<String>,
    /// The allocators that arms can name.
    pub allocators: Vec<OfferedAllocator>,
}

/// An allocator that arms can name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OfferedAllocator {
    /// Name in arms.
    pub name: String,
    /// Its version, where known without running it.
    pub version: Option<String>,
    /// Whether it is there.
    pub offer: Offer,
}

/// Whether and where an allocator is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Offer {
    /// The C library itself.
    CLibrary,
    /// Inside this binary.
    Embedded,
    /// A library of the system.
    Installed(PathBuf),
    /// Not there; this brings it.
    Missing {
        /// What to do.
        remedy: String,
    },
}

/// Looks around.
pub(crate) fn survey() -> Survey {
    let (mut tunables, tunables_absent) = match dynamic_linker::tunables_under(&[]) {
        Ok(tunables) => (tunables, None),
        Err(reason) => (Vec::new(), Some(reason)),
    };
    tunables.sort_by(|one, other| one.name.cmp(&other.name));
    Survey {
        glibc: glibc::version(),
        dynamic_linker: dynamic_linker::path().ok(),
        tunables,
        tunables_absent,
        allocators: allocators(),
    }
}

fn allocators() -> Vec<OfferedAllocator> {
    let c_library = OfferedAllocator { name: "glibc".into(), version: glibc::version(), offer: Offer::CLibrary };
    let embedded = [embedded::JEMALLOC, embedded::MIMALLOC].map(|library| OfferedAllocator {
        name: library.name.into(),
        version: Some(library.version.into()),
        offer: Offer::Embedded,
    });
    let tcmalloc = match installed::tcmalloc() {
        Some(path) => {
            OfferedAllocator { name: "tcmalloc".into(), version: version_in_name(&path), offer: Offer::Installed(path) }
        }
        None => OfferedAllocator {
            name: "tcmalloc".into(),
            version: None,
            offer: Offer::Missing { remedy: installed::TCMALLOC_REMEDY.into() },
        },
    };
    [c_library].into_iter().chain(embedded).chain([tcmalloc]).collect()
}

/// `4.5.10` of `libtcmalloc_minimal.so.4.5.10`, the version of the interface.
fn version_in_name(path: &std::path::Path) -> Option<String> {
    let path = path.canonicalize().ok()?;
    let (_, version) = path.file_name()?.to_str()?.split_once(".so.")?;
    Some(format!("interface {version}"))
}
