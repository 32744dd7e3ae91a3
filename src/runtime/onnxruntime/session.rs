//! A session that can run.

use ort::memory::{Allocator, MemoryInfo};
use ort::session::{IoBinding, RunOptions, Session, SessionInputValue, SessionOutputs};

use super::error::execution;
use super::values::{self, Handing};
use super::{declared, memory};
use crate::model::{DeclaredInput, InputTensor};
use crate::runtime::{Output, OwnMemory, Prepared, RuntimeError};

/// A session, with what its runs need. Fields are dropped in this order, the session last.
pub(super) struct Ready {
    run_options: RunOptions,
    /// What runs go through once a request was asked for.
    binding: Option<IoBinding>,
    allocator: Option<Allocator>,
    session: Session,
}

impl Ready {
    /// A session whose runs have `run_options`.
    pub(super) fn new(session: Session, run_options: RunOptions) -> Ready {
        Ready { run_options, binding: None, allocator: memory::allocator(&session), session }
    }
}

impl Prepared for Ready {
    fn inputs(&self) -> Vec<DeclaredInput> {
        declared::inputs(&self.session)
    }

    fn execute(&mut self, inputs: &[InputTensor]) -> Result<Vec<Output>, RuntimeError> {
        let outputs = match &mut self.binding {
            Some(binding) => {
                bind(binding, &self.session, inputs)?;
                self.session.run_binding_with_options(binding, &self.run_options)
            }
            None => {
                let values: Vec<_> = inputs
                    .iter()
                    .map(|input| Ok((input.name.as_str(), value(&self.session, input, Handing::View)?)))
                    .collect::<Result<_, RuntimeError>>()?;
                self.session.run_with_options(values, &self.run_options)
            }
        };
        results(&outputs.map_err(|error| execution(&error))?)
    }

    /// A request is an I/O binding: it has the inputs, and what the last run gave.
    fn renew_request(&mut self) -> Result<(), RuntimeError> {
        self.binding = Some(binding(&self.session).map_err(|error| execution(&error))?);
        Ok(())
    }

    fn set_inputs(&mut self, inputs: &[InputTensor]) -> Result<(), RuntimeError> {
        if self.binding.is_none() {
            self.renew_request()?;
        }
        self.binding.as_mut().map_or(Ok(()), |binding| bind(binding, &self.session, inputs))
    }

    fn own_memory(&self) -> Option<OwnMemory> {
        memory::statistics(self.allocator.as_ref()?)
    }
}

/// A binding without inputs, whose outputs ONNX Runtime allocates.
fn binding(session: &Session) -> ort::Result<IoBinding> {
    let mut binding = session.create_binding()?;
    let place = MemoryInfo::default();
    for output in session.outputs() {
        binding.bind_output_to_device(output.name(), &place)?;
    }
    Ok(binding)
}

/// Gives copies of the inputs to `binding`, in the place of those that it has. The crate copies what is bound as a view, but
/// by a session of its own, which it keeps.
fn bind(binding: &mut IoBinding, session: &Session, inputs: &[InputTensor]) -> Result<(), RuntimeError> {
    for input in inputs {
        let value = value(session, input, Handing::Copy)?;
        binding.bind_input(input.name.as_str(), &*value).map_err(|error| execution(&error))?;
    }
    Ok(())
}

/// The input as `session` takes it.
fn value<'a>(
    session: &Session,
    input: &'a InputTensor,
    handing: Handing,
) -> Result<SessionInputValue<'a>, RuntimeError> {
    let declared = session.inputs().iter().find(|declared| declared.name() == input.name);
    values::value(input, declared.and_then(|declared| declared.dtype().tensor_type()), handing)
}

fn results(outputs: &SessionOutputs<'_>) -> Result<Vec<Output>, RuntimeError> {
    outputs.values().map(|value| values::output(&value)).collect()
}
