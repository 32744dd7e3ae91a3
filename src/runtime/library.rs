//! Where the libraries of runtimes lie that are loaded at run time. Nothing is loaded here: only a child does that.
//!
//! A library is looked for, in this order: at the path that a suite or `--library` gives; where the variable says that the
//! runtime's own users set (`ORT_DYLIB_PATH`, `OPENVINO_INSTALL_DIR`); in the Python environment that
//! `scripts/fetch-runtimes` makes, which is `$HIGHWATER_RUNTIMES`, by default the folder `runtimes` of the cache.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};

use super::onnxruntime::NO_TELEMETRY;
use crate::model::cache_dir;
use crate::suite::Engine;

/// Variable with the folder of the Python environment that holds the runtimes.
const RUNTIMES_VARIABLE: &str = "HIGHWATER_RUNTIMES";

/// What brings every runtime.
pub(super) const REMEDY: &str = "run scripts/fetch-runtimes, or give the path of the library with --library";

/// A runtime that is loaded at run time, as it is distributed.
struct Distribution {
    engine: Engine,
    /// Its Python package.
    package: &'static str,
    /// Where in the folder `site-packages` its library lies.
    folder: &'static str,
    /// What the library's file name begins with; a version may follow.
    file: &'static str,
    /// Variable that its own users set, and whether that is a folder.
    variable: Option<&'static str>,
    /// Folders of an installation, seen from the folder in the variable.
    installed: &'static [&'static str],
}

const DISTRIBUTIONS: [Distribution; 4] = [
    Distribution {
        engine: Engine::Openvino,
        package: "openvino",
        folder: "openvino/libs",
        file: "libopenvino_c.so",
        variable: Some("OPENVINO_INSTALL_DIR"),
        installed: &["", "runtime/lib/intel64", "runtime/lib/aarch64", "libs", "lib"],
    },
    Distribution {
        engine: Engine::Onnxruntime,
        package: "onnxruntime",
        folder: "onnxruntime/capi",
        file: "libonnxruntime.so",
        variable: Some("ORT_DYLIB_PATH"),
        installed: &["", "lib"],
    },
    Distribution {
        engine: Engine::Litert,
        package: "ai-edge-litert",
        folder: "ai_edge_litert",
        file: "libLiteRt.so",
        variable: None,
        installed: &[],
    },
    Distribution {
        engine: Engine::Onert,
        package: "onert",
        folder: "onert/native",
        file: "libonert.so",
        variable: None,
        installed: &[],
    },
];

/// A library that is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// Its path.
    pub path: PathBuf,
    /// Version of the Python package that it is part of, where it is part of one.
    pub version: Option<String>,
}

/// That a library is not here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Absence {
    /// Where it was looked for.
    pub reason: String,
    /// What brings it.
    pub remedy: String,
}

/// The engines that are loaded at run time, each with the Python package that it comes in.
pub fn loaded_engines() -> impl Iterator<Item = (Engine, &'static str)> {
    DISTRIBUTIONS.iter().map(|distribution| (distribution.engine, distribution.package))
}

/// The folder of the Python environment that `scripts/fetch-runtimes` makes, whether it is there or not.
pub fn runtimes_folder() -> PathBuf {
    let folder = env::var_os(RUNTIMES_VARIABLE).filter(|folder| !folder.is_empty()).map(PathBuf::from);
    folder.unwrap_or_else(|| cache_dir().join("runtimes"))
}

/// What a worker with `engine` finds in its environment, by the names of variables: where the runtimes lie for this process,
/// which may follow from its folder for temporary files, and that nothing is to be collected.
pub fn worker_variables(engine: Engine) -> Vec<(&'static str, OsString)> {
    let mut variables = Vec::new();
    if DISTRIBUTIONS.iter().any(|distribution| distribution.engine == engine) {
        variables.push((RUNTIMES_VARIABLE, runtimes_folder().into()));
    }
    if engine == Engine::Onnxruntime {
        variables.extend(NO_TELEMETRY.map(|name| (name, OsString::from("1"))));
    }
    variables
}

/// The library of `engine`, at the path `given` where there is one. `None` for an engine inside this binary.
pub fn locate(engine: Engine, given: Option<&Path>) -> Option<Result<Located, Absence>> {
    let environment = runtimes_folder();
    let distribution = DISTRIBUTIONS.iter().find(|distribution| distribution.engine == engine)?;
    Some(distribution.locate(given, &environment, |name| env::var_os(name).map(PathBuf::from)))
}

impl Distribution {
    fn locate(
        &self,
        given: Option<&Path>,
        environment: &Path,
        variable: impl Fn(&str) -> Option<PathBuf>,
    ) -> Result<Located, Absence> {
        let named =
            self.variable.and_then(|name| Some((name, variable(name).filter(|path| !path.as_os_str().is_empty())?)));
        let (found, places, remedy) = match (given, &named) {
            (Some(path), _) => (self.at(path), path.display().to_string(), "give the path of the library".to_owned()),
            (None, Some((name, path))) => {
                (self.at(path), format!("{} (${name})", path.display()), format!("correct or unset ${name}"))
            }
            (None, None) => (self.in_environment(environment), environment.display().to_string(), REMEDY.to_owned()),
        };
        let reason = || format!("{} is not here: no {} in {places}", self.package, self.file);
        found.ok_or_else(|| Absence { reason: reason(), remedy })
    }

    /// The library that `path` is, or that lies in the folder `path`.
    fn at(&self, path: &Path) -> Option<Located> {
        let path = if path.is_file() {
            path.to_owned()
        } else {
            self.installed.iter().chain([&""]).find_map(|folder| self.file_in(&path.join(folder)))?
        };
        let version = self.package_version(path.parent()?);
        Some(Located { path: path.canonicalize().ok()?, version })
    }

    fn in_environment(&self, environment: &Path) -> Option<Located> {
        let mut pythons = entries(&environment.join("lib"));
        pythons.retain(|path| has_prefix(path, "python3"));
        let packages = pythons.into_iter().map(|python| python.join("site-packages"));
        packages.into_iter().find_map(|packages| self.at(&self.file_in(&packages.join(self.folder))?))
    }

    /// The library in a folder, under its bare name or with a version after it; the longest name where there are several.
    fn file_in(&self, folder: &Path) -> Option<PathBuf> {
        let is_version = |rest: &str| rest.is_empty() || rest.starts_with('.');
        let is_it = |path: &PathBuf| {
            let name = path.file_name().and_then(OsStr::to_str);
            path.is_file() && name.and_then(|name| name.strip_prefix(self.file)).is_some_and(is_version)
        };
        entries(folder).into_iter().filter(is_it).max_by_key(|path| path.as_os_str().len())
    }

    /// The version in the name of the folder that pip writes beside a package, `PACKAGE-VERSION.dist-info`.
    fn package_version(&self, folder: &Path) -> Option<String> {
        let packages = folder.ancestors().find(|folder| folder.ends_with("site-packages"))?;
        let prefix = format!("{}-", self.package.replace('-', "_"));
        let version = |path: PathBuf| {
            let name = path.file_name()?.to_str()?;
            Some(name.strip_prefix(&prefix)?.strip_suffix(".dist-info")?.to_owned())
        };
        entries(packages).into_iter().find_map(version)
    }
}

fn has_prefix(path: &Path, prefix: &str) -> bool {
    path.file_name().and_then(OsStr::to_str).is_some_and(|name| name.starts_with(prefix))
}

/// What lies in a folder, by name; nothing where there is no folder.
fn entries(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// Formats of model files by the ending of their name, and the engines that read them. A file with another ending is the
/// engine's own to refuse.
const FORMATS: [(&str, &str, &[Engine]); 6] = [
    ("onnx", "ONNX", &[Engine::Auto, Engine::Embedded, Engine::Rten, Engine::Openvino, Engine::Onnxruntime]),
    ("ort", "ONNX Runtime's own", &[Engine::Onnxruntime]),
    ("rten", "rten's own", &[Engine::Rten]),
    ("xml", "OpenVINO IR", &[Engine::Openvino]),
    ("tflite", "TFLite", &[Engine::Litert, Engine::Onert, Engine::Openvino]),
    ("circle", "circle", &[Engine::Onert]),
];

/// Whether the file at `model` may be ONNX, as far as its name tells.
pub(super) fn may_be_onnx(model: &Path) -> bool {
    format_of(model).is_none_or(|(ending, ..)| *ending == "onnx")
}

fn format_of(model: &Path) -> Option<&'static (&'static str, &'static str, &'static [Engine])> {
    let ending = model.extension().and_then(OsStr::to_str)?;
    FORMATS.iter().find(|(known, ..)| ending.eq_ignore_ascii_case(known))
}

/// Why `engine` does not read the file at `model`, as far as its name tells; what a program reads is its own to say.
pub fn format_mismatch(engine: Engine, model: &Path) -> Option<String> {
    if engine == Engine::Program {
        return None;
    }
    let (_, name, engines) = format_of(model)?;
    if engines.contains(&engine) {
        return None;
    }
    let read: Vec<&str> =
        FORMATS.iter().filter(|(.., engines)| engines.contains(&engine)).map(|(_, name, _)| *name).collect();
    let readers: Vec<&str> = engines.iter().map(|engine| engine.name()).collect();
    let readers = match readers.split_last() {
        Some((last, others)) if !others.is_empty() => format!("{} or {last}", others.join(", ")),
        _ => readers.concat(),
    };
    Some(format!(
        "the model is a file in the format {name}; this runtime reads {}: name one with --runtime {readers}",
        read.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distribution(engine: Engine) -> &'static Distribution {
        DISTRIBUTIONS.iter().find(|distribution| distribution.engine == engine).unwrap()
    }

    fn plant(folder: &Path, file: &str) -> PathBuf {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, "a library").unwrap();
        path.canonicalize().unwrap()
    }

    #[test]
    fn a_library_is_found_in_the_environment_with_the_version_of_its_package() {
        let folder = tempfile::tempdir().unwrap();
        let packages = folder.path().join("lib/python3.11/site-packages");
        plant(&packages, "onnxruntime/capi/libonnxruntime_providers_shared.so");
        let ort = distribution(Engine::Onnxruntime);
        assert!(ort.locate(None, folder.path(), |_| None).is_err(), "another library of the package is not it");
        let path = plant(&packages, "onnxruntime/capi/libonnxruntime.so.1.31.1");
        fs::create_dir(packages.join("onnxruntime-1.31.1.dist-info")).unwrap();
        let found = ort.locate(None, folder.path(), |_| None).unwrap();
        assert_eq!(found, Located { path, version: Some("1.31.1".into()) });
        let litert = distribution(Engine::Litert);
        let path = plant(&packages, "ai_edge_litert/libLiteRt.so");
        fs::create_dir(packages.join("ai_edge_litert-2.3.0.dist-info")).unwrap();
        let found = litert.locate(None, folder.path(), |_| None).unwrap();
        assert_eq!(found, Located { path, version: Some("2.3.0".into()) });
    }

    #[test]
    fn a_given_path_comes_first_then_the_variable_and_what_is_not_there_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let given = plant(folder.path(), "given/libopenvino_c.so.2641");
        let installed = plant(folder.path(), "intel/runtime/lib/intel64/libopenvino_c.so.2641");
        let openvino = distribution(Engine::Openvino);
        let variable = |name: &str| (name == "OPENVINO_INSTALL_DIR").then(|| folder.path().join("intel"));
        assert_eq!(openvino.locate(Some(&given), folder.path(), variable).unwrap().path, given);
        assert_eq!(openvino.locate(given.parent(), folder.path(), variable).unwrap().path, given, "a folder will do");
        assert_eq!(openvino.locate(None, folder.path(), variable).unwrap().path, installed);
        let absence = openvino.locate(Some(Path::new("/nowhere")), folder.path(), variable).unwrap_err();
        assert_eq!(absence.reason, "openvino is not here: no libopenvino_c.so in /nowhere");
        assert_eq!(absence.remedy, "give the path of the library");
        let absence = openvino.locate(None, folder.path(), |_| Some("/nowhere".into())).unwrap_err();
        assert!(absence.reason.ends_with("in /nowhere ($OPENVINO_INSTALL_DIR)"), "{}", absence.reason);
        assert_eq!(absence.remedy, "correct or unset $OPENVINO_INSTALL_DIR");
        let absence = openvino.locate(None, Path::new("/nowhere"), |_| None).unwrap_err();
        assert!(absence.reason.ends_with("in /nowhere"), "{}", absence.reason);
        assert!(absence.remedy.contains("scripts/fetch-runtimes"), "{}", absence.remedy);
    }

    #[test]
    fn an_engine_inside_the_binary_has_no_library() {
        assert!(locate(Engine::Rten, None).is_none());
        let loaded: Vec<Engine> = loaded_engines().map(|(engine, _)| engine).collect();
        assert!(loaded.len() == 4 && loaded.iter().all(|engine| !engine.is_built_in()));
    }

    #[test]
    fn a_foreign_format_is_told_by_the_name_of_the_file() {
        assert_eq!(format_mismatch(Engine::Onnxruntime, Path::new("a/net.onnx")), None);
        assert_eq!(format_mismatch(Engine::Onert, Path::new("net.TFLITE")), None);
        assert_eq!(format_mismatch(Engine::Onert, Path::new("net")), None, "a name without an ending tells nothing");
        assert_eq!(
            format_mismatch(Engine::Litert, Path::new("net.onnx")).unwrap(),
            "the model is a file in the format ONNX; this runtime reads TFLite: name one with --runtime auto, embedded, \
             rten, openvino or onnxruntime"
        );
        let told = format_mismatch(Engine::Rten, Path::new("net.tflite")).unwrap();
        assert!(told.ends_with("reads ONNX, rten's own: name one with --runtime litert, onert or openvino"), "{told}");
        let told = format_mismatch(Engine::Auto, Path::new("net.circle")).unwrap();
        assert!(told.ends_with("name one with --runtime onert"), "{told}");
    }
}
