//! The shared library of ONNX Runtime: looked at first, then loaded for the life of the process.
//!
//! The crate `ort` ends the program where a library is not what it expects, so everything that it takes for granted is tried
//! before it gets the path.

use std::env;
use std::ffi::CStr;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;
use ort::logging::LogLevel;
use ort::sys::OrtApiBase;

use super::ENGINE;
use super::error::unusable;
use crate::runtime::RuntimeError;
use crate::runtime::functions::Opened;

/// The function that a library of ONNX Runtime gives its interface by.
const ENTRY: &str = "OrtGetApiBase";

/// Variables by which ONNX Runtime is told to collect nothing. From version 1.29 on it otherwise starts a thread, writes an
/// identifier of the machine and a database below the user's folder and sends reports, and the switch in its interface comes
/// too late for that: it wants an environment, and making one is reported. Versions differ in the name.
pub(in crate::runtime) const NO_TELEMETRY: [&str; 2] = ["ORT_DISABLE_TELEMETRY", "ORT_TELEMETRY_DISABLED"];

/// A library that is loaded, with the environment that all sessions are made in.
#[derive(Debug, Clone)]
pub(super) struct Library {
    /// Where it lies.
    pub(super) path: PathBuf,
    /// Its version, in its own words.
    pub(super) version: String,
    /// Its environment.
    pub(super) environment: Environment,
}

/// What is loaded. The crate `ort` takes one library in a process, and one environment.
struct Loaded {
    path: PathBuf,
    version: String,
    /// Absent where it could not be made.
    environment: Option<Environment>,
}

static LOADED: Mutex<Option<Loaded>> = Mutex::new(None);

/// The library at `path`, loaded now unless it is loaded already.
///
/// # Errors
/// If it is no library, not ONNX Runtime, too old, or if another one is loaded in this process.
pub(super) fn open(path: &Path) -> Result<Library, RuntimeError> {
    let path =
        path.canonicalize().map_err(|error| unusable(format!("{} cannot be opened: {error}", path.display())))?;
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if loaded.as_ref().is_none_or(|loaded| loaded.path != path) {
        if let Some(other) = loaded.as_ref() {
            let other = other.path.display();
            return Err(unusable(format!("{other} is loaded, and a process can have one ONNX Runtime only")));
        }
        silence();
        let version = usable(&path)?;
        ort::init_from(&path).map_err(|error| unusable(error.to_string())).map(drop)?;
        *loaded = Some(Loaded { path: path.clone(), version, environment: None });
    }
    let Some(loaded) = loaded.as_mut() else { return Err(unusable("it is not loaded")) };
    let environment = match &loaded.environment {
        Some(environment) => environment.clone(),
        None => loaded.environment.insert(environment()?).clone(),
    };
    Ok(Library { path, version: loaded.version.clone(), environment })
}

/// Keeps a library that is loaded afterwards from collecting anything, unless the environment has a word about that, as that
/// of a child has.
#[expect(
    unsafe_code,
    reason = "ONNX Runtime takes this from the environment, and no child is started for it everywhere"
)]
fn silence() {
    for name in NO_TELEMETRY.into_iter().filter(|name| env::var_os(name).is_none()) {
        // SAFETY: Rust code takes a lock to read the environment. Code of C that reads it at this moment could be misled, and
        // a runtime is opened before there is such code: at the start of a child, and of a command that executes by itself.
        unsafe { env::set_var(name, "1") }
    }
}

/// Makes the environment of the library that is loaded: no telemetry, and no messages but those of errors that are returned.
fn environment() -> Result<Environment, RuntimeError> {
    let environment = ort::init().with_name("highwater").with_telemetry(false).build();
    let environment = environment.map_err(|error| unusable(error.to_string()))?;
    environment.set_log_level(LogLevel::Fatal);
    Ok(environment)
}

/// Loads the library at `path` and gives its version, if it can be used.
#[expect(unsafe_code, reason = "what a symbol is, the header tells and the compiler cannot see")]
fn usable(path: &Path) -> Result<String, RuntimeError> {
    let library = Opened::open(ENGINE, path)?;
    // SAFETY: this is the type that ONNX Runtime gives a function of this name.
    let entry = unsafe { library.function::<unsafe extern "C" fn() -> *const OrtApiBase>(ENTRY) }?;
    // SAFETY: the function takes nothing, and gives null or a structure of the library, which stays loaded.
    let base = unsafe { entry().as_ref() };
    version(base).map_err(|problem| unusable(format!("{} {problem}", path.display())))
}

/// The version of the library behind `base`, or what keeps it from being used.
#[expect(unsafe_code, reason = "the interface is a structure of C functions")]
fn version(base: Option<&OrtApiBase>) -> Result<String, String> {
    let Some(base) = base else { return Err("gives no interface".to_owned()) };
    // SAFETY: the function takes nothing.
    let version = unsafe { (base.GetVersionString)() };
    if version.is_null() {
        return Err("does not tell its version".to_owned());
    }
    // SAFETY: it is not null, and the interface says that it is a constant string that ends with a zero.
    let version = unsafe { CStr::from_ptr(version) }.to_string_lossy().into_owned();
    let minor = version.split('.').nth(1).and_then(|minor| minor.parse::<u32>().ok());
    if minor.is_none_or(|minor| minor < ort::MINOR_VERSION) {
        return Err(format!("is version {version}; version 1.{} or later is needed", ort::MINOR_VERSION));
    }
    // SAFETY: any number may be asked for.
    let api = unsafe { (base.GetApi)(ort::MINOR_VERSION) };
    match api.is_null() {
        true => Err(format!("is version {version} and lacks version {} of the interface", ort::MINOR_VERSION)),
        false => Ok(version),
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::c_char;
    use std::ptr;

    use ort::sys::OrtApi;

    use super::*;
    use crate::runtime::tests::c_library;

    extern "system" fn no_api(_version: u32) -> *const OrtApi {
        ptr::null()
    }

    extern "system" fn any_api(_version: u32) -> *const OrtApi {
        ptr::dangling()
    }

    extern "system" fn no_version() -> *const c_char {
        ptr::null()
    }

    extern "system" fn recent() -> *const c_char {
        c"1.31.1".as_ptr()
    }

    extern "system" fn old() -> *const c_char {
        c"1.23.2".as_ptr()
    }

    extern "system" fn nonsense() -> *const c_char {
        c"latest".as_ptr()
    }

    #[test]
    #[expect(non_snake_case, reason = "fields of a structure of C")]
    fn what_is_too_old_or_tells_nothing_is_refused() {
        let told = |GetApi, GetVersionString| version(Some(&OrtApiBase { GetApi, GetVersionString }));
        assert_eq!(version(None).unwrap_err(), "gives no interface");
        assert_eq!(told(any_api, no_version).unwrap_err(), "does not tell its version");
        assert_eq!(told(any_api, old).unwrap_err(), "is version 1.23.2; version 1.24 or later is needed");
        assert!(told(any_api, nonsense).unwrap_err().starts_with("is version latest; "));
        assert_eq!(told(no_api, recent).unwrap_err(), "is version 1.31.1 and lacks version 24 of the interface");
        assert_eq!(told(any_api, recent).unwrap(), "1.31.1");
    }

    #[test]
    fn what_is_no_library_or_another_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let text = folder.path().join("libonnxruntime.so");
        std::fs::write(&text, "no library").unwrap();
        let refusal = |refused: Result<String, RuntimeError>| match refused {
            Err(error @ RuntimeError::Unusable { .. }) => error.to_string(),
            other => panic!("{other:?}"),
        };
        let told = refusal(usable(&text));
        assert!(told.contains("does not load (") && told.contains("file too short"), "{told}");
        let absent = refusal(open(&folder.path().join("absent.so")).map(|library| library.version));
        assert!(absent.contains("cannot be opened"), "{absent}");
        let other = refusal(usable(&c_library()));
        assert!(other.contains("libc.so.6 has no function `OrtGetApiBase`"), "{other}");
    }
}
