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
    /// Inputs as the model declares them.
    declared: Vec<Port>,
    inputs: Vec<Place>,
    outputs: Vec<Made>,
}

/// Memory for one output, and its shape.
struct Made {
    place: Place,
    shape: Vec<usize>,
}

/// Memory for one input or output.
struct Place {
    port: Port,
    /// The memory, aligned for elements of any type; none while a size is open.
    words: Vec<u64>,
    /// Bytes of it that count.
    bytes: usize,
}

impl Place {
    fn new(port: Port) -> Result<Place, RuntimeError> {
        let size = |shape: Vec<usize>| {
            shape.iter().try_fold(element_bytes(port.element), |bytes, size| bytes.checked_mul(*size))
        };
        let too_large = || RuntimeError::Unsupported {
            engine: ENGINE,
            message: format!("`{}` is larger than the address space", port.name),
        };
        let bytes = port.shape().map_or(Some(0), size).ok_or_else(too_large)?;
        Ok(Place { words: vec![0; bytes.div_ceil(size_of::<u64>())], bytes, port })
    }

    fn bytes(&self) -> &[u8] {
        &bytemuck::cast_slice(&self.words)[..self.bytes]
    }

    fn bytes_mut(&mut self) -> &mut [u8] {
        &mut bytemuck::cast_slice_mut(&mut self.words)[..self.bytes]
    }
}

impl Made {
    /// Memory for the output `port` of a prepared session. Memory is given before the model runs, so that nothing can be made
    /// of a size that is known only afterwards.
    fn new(port: Port) -> Result<Made, RuntimeError> {
        let shape = port.shape().ok_or_else(|| RuntimeError::Unsupported {
            engine: ENGINE,
            message: format!("the size of `{}` is known only when the model has run", port.name),
        })?;
        Ok(Made { place: Place::new(port)?, shape })
    }
}

impl Ready {
    /// A session that is not prepared, since the size of an input is open: it tells its inputs and takes none.
    pub(super) fn open(session: Session, declared: Vec<Port>, known: &Known) -> Result<Ready, RuntimeError> {
        let inputs = session.inputs(known)?.into_iter().map(Place::new).collect::<Result<_, _>>()?;
        Ok(Ready { session, declared, inputs, outputs: Vec::new() })
    }

    /// Memory for the inputs and outputs of a prepared session, whose model declares its inputs in this way.
    pub(super) fn new(session: Session, declared: Vec<Port>, known: &Known) -> Result<Ready, RuntimeError> {
        let inputs = session.inputs(known)?.into_iter().map(Place::new).collect::<Result<_, _>>()?;
        let mut outputs: Vec<Made> = session.outputs()?.into_iter().map(Made::new).collect::<Result<_, _>>()?;
        for (index, Made { place, .. }) in (0..).zip(&mut outputs) {
            let element = place.port.kind.element;
            session.set_output(index, element, place.bytes_mut()).map_err(execution("an output cannot be set"))?;
        }
        Ok(Ready { session, declared, inputs, outputs })
    }
}

impl Prepared for Ready {
    fn inputs(&self) -> Vec<DeclaredInput> {
        self.inputs.iter().zip(&self.declared).map(|(place, declared)| place.port.declared(declared)).collect()
    }

    fn execute(&mut self, inputs: &[InputTensor]) -> Result<Vec<Output>, RuntimeError> {
        self.set_inputs(inputs)?;
        self.session.run().map_err(execution("the model does not run"))?;
        let output = |Made { place, shape }: &Made| Output {
            shape: shape.clone(),
            values: floats(place.port.element, place.bytes()),
        };
        Ok(self.outputs.iter().map(output).collect())
    }

    fn renew_request(&mut self) -> Result<(), RuntimeError> {
        unsupported(ENGINE, "a session has nothing that is made anew for an execution")
    }

    fn set_inputs(&mut self, inputs: &[InputTensor]) -> Result<(), RuntimeError> {
        for (index, place) in (0..).zip(&mut self.inputs) {
            let name = &place.port.name;
            let given = inputs.iter().find(|input| input.name == *name);
            let input = given.ok_or_else(|| failed(format!("input `{name}` is not given")))?;
            if !place.port.has(&input.shape) {
                let (now, given) = (place.port.kind.sizes(), &input.shape);
                return unsupported(ENGINE, &format!("input `{name}` was prepared for {now:?}, not {given:?}"));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::onert::api::TensorType;
    use crate::suite::ElementType;

    fn port(sizes: &[i32]) -> Port {
        let kind = TensorType::default().resized(sizes).unwrap();
        Port { name: "output0".into(), element: ElementType::F32, kind }
    }

    #[test]
    fn an_output_whose_size_is_not_known_is_more_than_onert_is_asked_for() {
        let made = Made::new(port(&[2, 4])).unwrap();
        assert_eq!((made.shape, made.place.bytes().len()), (vec![2, 4], 32));
        let refused = Made::new(port(&[2, -1])).map(|made| made.shape).unwrap_err();
        assert!(refused.is_incompatible(), "{refused}");
        assert!(refused.to_string().ends_with("the size of `output0` is known only when the model has run"));
        let huge = Made::new(port(&[i32::MAX; 3])).map(|made| made.shape).unwrap_err();
        assert!(huge.is_incompatible() && huge.to_string().ends_with("larger than the address space"), "{huge}");
    }
}
