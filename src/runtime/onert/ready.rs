//! A prepared session with memory for its inputs and outputs.

use super::ENGINE;
use super::api::{Status, words};
use super::session::{Port, Session};
use crate::model::{DeclaredInput, InputTensor};
use crate::runtime::tensor_bytes::{element_bytes, floats, input_bytes};
use crate::runtime::{Known, Output, Prepared, RuntimeError, unsupported};

/// A prepared session. It keeps pointers into the memory of inputs and outputs and is dropped before them.
pub(super) struct Ready {
    session: Session,
    inputs: Vec<Place>,
    outputs: Vec<Place>,
}

/// Memory for one input or output.
struct Place {
    port: Port,
    /// Its shape; absent while a size is open, and then there is no memory.
    shape: Option<Vec<usize>>,
    /// The memory, aligned for elements of any type.
    words: Vec<u64>,
    /// Bytes of it that count.
    bytes: usize,
}

impl Place {
    fn new(port: Port) -> Result<Place, RuntimeError> {
        let shape = port.shape();
        let size = |shape: &Vec<usize>| {
            shape.iter().try_fold(element_bytes(port.element), |bytes, size| bytes.checked_mul(*size))
        };
        let too_large = || RuntimeError::Unsupported {
            engine: ENGINE,
            message: format!("`{}` is larger than the address space", port.name),
        };
        let bytes = shape.as_ref().map_or(Some(0), size).ok_or_else(too_large)?;
        Ok(Place { words: vec![0; bytes.div_ceil(size_of::<u64>())], shape, bytes, port })
    }

    fn bytes(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.words)[..self.bytes]
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut bytemuck::cast_slice_mut(&mut self.words)[..self.bytes]
    }
}

impl Ready {
    /// A session that is not prepared, since the size of an input is open: it tells its inputs and takes none.
    pub(super) fn open(session: Session, known: &Known) -> Result<Ready, RuntimeError> {
        let inputs = session.inputs(known)?.into_iter().map(Place::new).collect::<Result<_, _>>()?;
        Ok(Ready { session, inputs, outputs: Vec::new() })
    }

    /// Memory for the inputs and outputs of a prepared session.
    pub(super) fn new(session: Session, known: &Known) -> Result<Ready, RuntimeError> {
        let inputs = session.inputs(known)?.into_iter().map(Place::new).collect::<Result<_, _>>()?;
        let mut outputs: Vec<Place> = session.outputs()?.into_iter().map(Place::new).collect::<Result<_, _>>()?;
        for (index, place) in (0..).zip(&mut outputs) {
            let element = place.port.kind.element;
            session.set_output(index, element, place.bytes_mut()).map_err(execution("an output cannot be set"))?;
        }
        Ok(Ready { session, inputs, outputs })
    }
}

impl Prepared for Ready {
    fn inputs(&self) -> Vec<DeclaredInput> {
        self.inputs.iter().map(|place| place.port.declared()).collect()
    }

    fn execute(&mut self, inputs: &[InputTensor]) -> Result<Vec<Output>, RuntimeError> {
        self.set_inputs(inputs)?;
        self.session.run().map_err(execution("the model does not run"))?;
        let output = |place: &Place| {
            let shape = place.shape.clone().ok_or_else(|| {
                failed(format!("the size of `{}` is known only when the model has run", place.port.name))
            })?;
            Ok(Output { shape, values: floats(place.port.element, place.bytes()) })
        };
        self.outputs.iter().map(output).collect()
    }

    fn renew_request(&mut self) -> Result<(), RuntimeError> {
        unsupported(ENGINE, "a session has nothing that is made anew for an execution")
    }

    fn set_inputs(&mut self, inputs: &[InputTensor]) -> Result<(), RuntimeError> {
        for (index, place) in (0..).zip(&mut self.inputs) {
            let name = &place.port.name;
            let given = inputs.iter().find(|input| input.name == *name);
            let input = given.ok_or_else(|| failed(format!("input `{name}` is not given")))?;
            if place.shape.as_ref() != Some(&input.shape) {
                let (now, given) = (place.port.kind.sizes(), &input.shape);
                return Err(failed(format!("input `{name}` was prepared for {now:?}, not {given:?}")));
            }
            let bytes = input_bytes(input, place.port.element).map_err(failed)?;
            if bytes.len() != place.bytes {
                let (room, there) = (place.bytes, bytes.len());
                return Err(failed(format!("input `{name}` takes {room} bytes and there are {there}")));
            }
            place.bytes_mut().copy_from_slice(&bytes);
            let element = place.port.kind.element;
            self.session.set_input(index, element, place.bytes()).map_err(execution("an input cannot be set"))?;
        }
        Ok(())
    }
}

fn failed(message: String) -> RuntimeError {
    RuntimeError::Execution { engine: ENGINE, message }
}

fn execution(what: &str) -> impl FnOnce(Status) -> RuntimeError {
    move |status| failed(format!("{what}: {}", words(status)))
}
