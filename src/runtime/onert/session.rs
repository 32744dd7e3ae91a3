//! A session of onert: created, loaded, prepared, and closed on every path.

use std::ffi::{CStr, CString, c_int};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::ptr;

use super::ENGINE;
use super::api::{self, Api, OK, Pointer, Status, TensorType, words};
use super::options::Settings;
use super::{Library, ready::Ready};
use crate::model::DeclaredInput;
use crate::runtime::open_sizes::dimensions;
use crate::runtime::{Known, RuntimeError};
use crate::suite::ElementType;

/// A session, closed when this is dropped.
pub(super) struct Session {
    pub(super) library: Library,
    pointer: Pointer,
}

#[expect(unsafe_code, reason = "a session goes from thread to thread")]
// SAFETY: a session of onert does not depend on the thread that made it, and is used by one thread at a time: what changes it
// takes it by `&mut`.
unsafe impl Send for Session {}

impl Drop for Session {
    #[expect(unsafe_code, reason = "a C function is called")]
    fn drop(&mut self) {
        // SAFETY: the session was created by onert and is closed nowhere else. What closing says is about a null session.
        unsafe { (self.library.api.close_session)(self.pointer) };
    }
}

/// An input or output.
#[derive(Debug, Clone)]
pub(super) struct Port {
    /// Its name; that of an input where the user has named it.
    pub(super) name: String,
    /// Its element type.
    pub(super) element: ElementType,
    /// Its type in onert's terms.
    pub(super) kind: TensorType,
}

impl Port {
    /// The port as an input that the model declares in this way.
    pub(super) fn declared(&self, in_model: &Port) -> DeclaredInput {
        let shape = dimensions(in_model.kind.sizes(), self.kind.sizes());
        DeclaredInput { name: self.name.clone(), element: Some(self.element), shape: Some(shape) }
    }

    /// Whether these are its sizes.
    pub(super) fn has(&self, shape: &[usize]) -> bool {
        let is_size = |(size, given): (&i32, &usize)| usize::try_from(*size) == Ok(*given);
        self.kind.sizes().len() == shape.len() && self.kind.sizes().iter().zip(shape).all(is_size)
    }

    /// The shape; `None` where a size is open.
    pub(super) fn shape(&self) -> Option<Vec<usize>> {
        self.kind.sizes().iter().map(|size| usize::try_from(*size).ok()).collect()
    }
}

impl Session {
    /// A session with the model at `path` in it.
    #[expect(unsafe_code, reason = "C functions are called")]
    pub(super) fn load(library: &Library, path: &Path) -> Result<Session, RuntimeError> {
        let name = CString::new(path.as_os_str().as_bytes()).map_err(|_| RuntimeError::Rejected {
            engine: ENGINE,
            message: format!("the path {} holds a zero byte", path.display()),
        })?;
        // onert says the same of a file that is not there and of one that is no model, so it is looked at first.
        std::fs::File::open(path).map_err(|source| RuntimeError::File { path: path.display().to_string(), source })?;
        let mut pointer = ptr::null_mut();
        // SAFETY: the session is written to the place that is given.
        check(unsafe { (library.api.create_session)(&raw mut pointer) })
            .map_err(rejected("a session cannot be made"))?;
        let session = Session { library: *library, pointer };
        // SAFETY: the session is whole and the path ends with a zero.
        let loaded = unsafe { (library.api.load_model)(pointer, name.as_ptr()) };
        check(loaded).map_err(rejected("the model does not load"))?;
        Ok(session)
    }

    /// Makes the model executable, with inputs of the sizes in `known`.
    #[expect(unsafe_code, reason = "C functions are called")]
    pub(super) fn prepare(self, settings: &Settings, known: &Known) -> Result<Ready, RuntimeError> {
        let Library { api, configure } = self.library;
        let declared = self.inputs(known)?;
        self.resize(&declared, known)?;
        // SAFETY: the session has a model, and the text ends with a zero.
        check(unsafe { (api.set_backends)(self.pointer, settings.backends.as_ptr()) })
            .map_err(refused("BACKENDS", &settings.backends))?;
        for (name, value) in &settings.entries {
            // SAFETY: as above.
            let configured = unsafe { configure(self.pointer, name.as_ptr(), value.as_ptr()) };
            check(configured).map_err(refused(&name.to_string_lossy(), value))?;
        }
        // A model whose inputs are open cannot be prepared; the user is told when inputs are made.
        if self.inputs(known)?.iter().any(|port| port.shape().is_none()) {
            return Ready::open(self, declared, known);
        }
        // SAFETY: the session has a model.
        let prepared = unsafe { (api.prepare)(self.pointer) };
        let what = format!("the model cannot be prepared for {}", settings.backends.to_string_lossy());
        check(prepared).map_err(rejected(&what))?;
        Ready::new(self, declared, known)
    }

    /// Gives inputs the sizes that are known where they differ from those that the model declares.
    #[expect(unsafe_code, reason = "a C function is called")]
    fn resize(&self, declared: &[Port], known: &Known) -> Result<(), RuntimeError> {
        for (index, port) in (0..).zip(declared) {
            let Some(input) = known.get(&port.name).filter(|input| !port.has(&input.shape)) else {
                continue;
            };
            let sizes: Option<Vec<i32>> = input.shape.iter().map(|size| i32::try_from(*size).ok()).collect();
            let resized =
                sizes.and_then(|sizes| port.kind.resized(&sizes)).ok_or_else(|| RuntimeError::Unsupported {
                    engine: ENGINE,
                    message: format!("input `{}` cannot be {input}", port.name),
                })?;
            // SAFETY: the session has a model with such an input; the type is read during the call.
            let done = unsafe { (self.library.api.resize_input)(self.pointer, index, &raw const resized) };
            check(done).map_err(rejected(&format!("input `{}` cannot be resized to {input}", port.name)))?;
        }
        Ok(())
    }

    /// The inputs. onert does not tell their names, but finds them: an input that the user has named has that name, the
    /// others are `input0`, `input1`, ….
    #[expect(unsafe_code, reason = "C functions are called")]
    pub(super) fn inputs(&self, known: &Known) -> Result<Vec<Port>, RuntimeError> {
        let api = &self.library.api;
        let mut ports = self.ports("input", api.count_inputs, api.input_type)?;
        for name in known.keys() {
            let Ok(text) = CString::new(name.as_str()) else { continue };
            let mut index = u32::MAX;
            // SAFETY: the session has a model, the text ends with a zero, and the index is written to the place given.
            let found = unsafe { (api.input_index)(self.pointer, text.as_ptr(), &raw mut index) };
            if let (OK, Some(port)) = (found, ports.get_mut(index as usize)) {
                port.name.clone_from(name);
            }
        }
        Ok(ports)
    }

    /// The outputs.
    pub(super) fn outputs(&self) -> Result<Vec<Port>, RuntimeError> {
        self.ports("output", self.library.api.count_outputs, self.library.api.output_type)
    }

    #[expect(unsafe_code, reason = "C functions are called")]
    fn ports(
        &self,
        side: &str,
        count: unsafe extern "C" fn(Pointer, *mut u32) -> Status,
        kind: unsafe extern "C" fn(Pointer, u32, *mut TensorType) -> Status,
    ) -> Result<Vec<Port>, RuntimeError> {
        let unknown = || rejected("the model does not tell its inputs and outputs");
        let mut number = 0;
        // SAFETY: the session has a model, and the number is written to the place that is given.
        check(unsafe { count(self.pointer, &raw mut number) }).map_err(unknown())?;
        (0..number)
            .map(|index| {
                let name = format!("{side}{index}");
                let mut told = TensorType::default();
                // SAFETY: as above, and the index is below their number.
                check(unsafe { kind(self.pointer, index, &raw mut told) }).map_err(unknown())?;
                let element = api::element(told.element).map_err(|element| RuntimeError::Unsupported {
                    engine: ENGINE,
                    message: format!("`{name}` is of type {element}, which is not made or read here"),
                })?;
                Ok(Port { name, element, kind: told })
            })
            .collect()
    }

    /// Says where an input lies.
    #[expect(unsafe_code, reason = "a C function is called")]
    pub(super) fn set_input(&self, index: u32, kind: c_int, bytes: &[u8]) -> Result<(), Status> {
        // SAFETY: the bytes are owned by the value that owns this session, and read only while it runs.
        check(unsafe { (self.library.api.set_input)(self.pointer, index, kind, bytes.as_ptr().cast(), bytes.len()) })
    }

    /// Says where an output goes.
    #[expect(unsafe_code, reason = "a C function is called")]
    pub(super) fn set_output(&self, index: u32, kind: c_int, bytes: &mut [u8]) -> Result<(), Status> {
        // SAFETY: the bytes are owned by the value that owns this session, and written only while it runs.
        check(unsafe {
            (self.library.api.set_output)(self.pointer, index, kind, bytes.as_mut_ptr().cast(), bytes.len())
        })
    }

    /// Runs the model.
    #[expect(unsafe_code, reason = "a C function is called")]
    pub(super) fn run(&mut self) -> Result<(), Status> {
        // SAFETY: inputs and outputs were given, and are owned by the value that owns this session.
        check(unsafe { (self.library.api.run)(self.pointer) })
    }
}

/// The version of the library.
#[expect(unsafe_code, reason = "a C function is called")]
pub(super) fn version(api: &Api) -> Option<String> {
    let mut number = 0;
    // SAFETY: this is asked without a session, and the number is written to the place that is given.
    let told = unsafe { (api.query)(ptr::null_mut(), api::VERSION, &raw mut number) };
    (told == OK).then(|| api::version(number))
}

/// Success, or the status that is none.
fn check(status: Status) -> Result<(), Status> {
    if status == OK { Ok(()) } else { Err(status) }
}

fn rejected(what: &str) -> impl FnOnce(Status) -> RuntimeError {
    move |status| RuntimeError::Rejected { engine: ENGINE, message: format!("{what}: {}", words(status)) }
}

fn refused(name: &str, value: &CStr) -> impl FnOnce(Status) -> RuntimeError {
    move |status| {
        let value = value.to_string_lossy();
        let message = format!("option `{name}` as `{value}`: {}", words(status));
        RuntimeError::Unsupported { engine: ENGINE, message }
    }
}
