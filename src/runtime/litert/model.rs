//! A model file that LiteRT has opened, and what it says about itself.

use std::ffi::{CString, c_char, c_int};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::sync::Arc;

use super::ENGINE;
use super::api::{self, CUSTOM_OPERATOR, Pointer, Status, TensorType};
use super::objects::{Environment, Owned, rejected, text, told};
use crate::runtime::RuntimeError;
use crate::suite::ElementType;

/// A tensor whose number of dimensions is not open.
const RANKED: c_int = 0;

/// The signature by which models are called: their first.
pub(super) const SIGNATURE: usize = 0;

/// An opened model.
#[derive(Debug)]
pub(super) struct Model {
    owned: Owned,
    /// Goes after the model.
    pub(super) environment: Arc<Environment>,
}

#[expect(unsafe_code, reason = "a model is shared by those that compile it")]
// SAFETY: a model is only read once it is opened, and destroyed when the last that uses it has gone.
unsafe impl Sync for Model {}

/// An input or output.
#[derive(Debug, Clone)]
pub(super) struct Port {
    /// Its name.
    pub(super) name: String,
    /// Its element type.
    pub(super) element: ElementType,
    /// Its type in LiteRT's terms, as the model declares it, with 1 for sizes that are open; without dimensions where
    /// their number is.
    pub(super) kind: TensorType,
}

impl Model {
    /// Opens the file at `path`, which LiteRT maps, and checks it.
    #[expect(unsafe_code, reason = "C functions are called")]
    pub(super) fn open(environment: &Arc<Environment>, path: &Path) -> Result<Model, RuntimeError> {
        let api = &environment.api;
        let name = CString::new(path.as_os_str().as_bytes()).map_err(|_| RuntimeError::Rejected {
            engine: ENGINE,
            message: format!("the path {} holds a zero byte", path.display()),
        })?;
        // SAFETY: the environment is whole and the path ends with a zero.
        let create = |out| unsafe { (api.create_model)(environment.pointer(), name.as_ptr(), out) };
        let owned = Owned::create(api.destroy_model, create).map_err(|status| unreadable(path, status))?;
        Ok(Model { owned, environment: Arc::clone(environment) })
    }

    /// The model, for a call.
    pub(super) fn pointer(&self) -> Pointer {
        self.owned.pointer()
    }

    /// Inputs of the signature by which the model is called.
    pub(super) fn inputs(&self) -> Result<Vec<Port>, RuntimeError> {
        let api = &self.environment.api;
        self.ports(&Ports { side: "input", count: api.count_inputs, name: api.input_name, tensor: api.input_tensor })
    }

    /// Outputs of the signature by which the model is called.
    pub(super) fn outputs(&self) -> Result<Vec<Port>, RuntimeError> {
        let api = &self.environment.api;
        self.ports(&Ports {
            side: "output",
            count: api.count_outputs,
            name: api.output_name,
            tensor: api.output_tensor,
        })
    }

    #[expect(unsafe_code, reason = "C functions are called")]
    fn ports(&self, ports: &Ports) -> Result<Vec<Port>, RuntimeError> {
        let unknown = || rejected("the model does not tell its inputs and outputs");
        let signature = self.signature().map_err(unknown())?;
        // SAFETY: the signature belongs to this model.
        let count = told(0, |out| unsafe { (ports.count)(signature, out) }).map_err(unknown())?;
        (0..count)
            .map(|index| {
                // SAFETY: as above, and the index is below their number; the name belongs to the model.
                let name = told(std::ptr::null(), |out| unsafe { (ports.name)(signature, index, out) });
                // SAFETY: a name ends with a zero.
                let name = name.map(|name| unsafe { text(name) }).map_err(unknown())?;
                // SAFETY: as above.
                let tensor = told(std::ptr::null_mut(), |out| unsafe { (ports.tensor)(signature, index, out) });
                let kind = tensor.and_then(|tensor| self.kind(tensor)).map_err(unknown())?;
                let element = api::element(kind.element).map_err(|element| RuntimeError::Unsupported {
                    engine: ENGINE,
                    message: format!("{} `{name}` is of type {element}, which is not made or read here", ports.side),
                })?;
                Ok(Port { name, element, kind })
            })
            .collect()
    }

    /// The first signature; LiteRT gives one to models without any.
    #[expect(unsafe_code, reason = "a C function is called")]
    fn signature(&self) -> Result<Pointer, Status> {
        // SAFETY: the model is whole; the signature belongs to it.
        told(std::ptr::null_mut(), |out| unsafe { (self.environment.api.signature)(self.pointer(), SIGNATURE, out) })
    }

    /// Element type and shape of a tensor.
    #[expect(unsafe_code, reason = "C functions are called")]
    fn kind(&self, tensor: Pointer) -> Result<TensorType, Status> {
        let api = &self.environment.api;
        // SAFETY: the tensor belongs to this model.
        if told(0, |out| unsafe { (api.tensor_kind)(tensor, out) })? == RANKED {
            // SAFETY: as above.
            return told(TensorType::default(), |out| unsafe { (api.ranked_type)(tensor, out) });
        }
        // SAFETY: as above; an unranked type is its element type.
        let element = told(0, |out| unsafe { (api.unranked_type)(tensor, out) })?;
        Ok(TensorType { element, ..TensorType::default() })
    }

    /// Names of the operators that the model brings itself, without repetition. Empty where it does not tell.
    #[expect(unsafe_code, reason = "C functions are called")]
    pub(super) fn custom_operators(&self) -> Vec<String> {
        let api = &self.environment.api;
        let null = std::ptr::null_mut;
        let named = |graph, index| -> Result<Option<String>, Status> {
            // SAFETY: the graph belongs to this model, and the index is below the number of its operators.
            let operator = told(null(), |out| unsafe { (api.operator)(graph, index, out) })?;
            // SAFETY: the operator belongs to this model.
            if told(0, |out| unsafe { (api.operator_code)(operator, out) })? != CUSTOM_OPERATOR {
                return Ok(None);
            }
            // SAFETY: as above; the name belongs to the model and ends with a zero.
            let name = told(std::ptr::null(), |out| unsafe { (api.custom_code)(operator, out) })?;
            // SAFETY: as above.
            Ok(Some(unsafe { text(name) }))
        };
        let all = || -> Result<Vec<String>, Status> {
            let signature = self.signature()?;
            // SAFETY: the signature belongs to this model.
            let graph = told(null(), |out| unsafe { (api.signature_graph)(signature, out) })?;
            // SAFETY: the graph belongs to this model.
            let count = told(0, |out| unsafe { (api.count_operators)(graph, out) })?;
            let mut names: Vec<String> =
                (0..count).filter_map(|index| named(graph, index).transpose()).collect::<Result<_, _>>()?;
            names.sort();
            names.dedup();
            Ok(names)
        };
        all().unwrap_or_default()
    }
}

/// The functions that tell the ports of one side.
struct Ports {
    side: &'static str,
    count: unsafe extern "C" fn(Pointer, *mut usize) -> Status,
    name: unsafe extern "C" fn(Pointer, usize, *mut *const c_char) -> Status,
    tensor: unsafe extern "C" fn(Pointer, usize, *mut Pointer) -> Status,
}

/// Why the file at `path` does not open: LiteRT says the same of a file that is not there and of one that is no model.
fn unreadable(path: &Path, status: Status) -> RuntimeError {
    match std::fs::File::open(path) {
        Err(source) => RuntimeError::File { path: path.display().to_string(), source },
        Ok(_) => rejected("the model does not load")(status),
    }
}
