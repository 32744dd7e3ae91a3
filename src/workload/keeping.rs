//! Work that keeps a model, loaded or prepared, from one iteration to the next.

use super::error::WorkError;
use super::held::Held;
use super::phase::{Phase, Phases};
use super::target::Target;
use super::team::Team;
use super::thread::in_thread;
use crate::runtime::{Prepared, RuntimeError};

impl Target {
    /// Prepares the model once more out of what was loaded once.
    pub(super) fn compile(&self, kept: &mut Held, phases: &mut dyn Phases) -> Result<Held, WorkError> {
        let mut loaded = match kept.loaded.take() {
            Some(loaded) => loaded,
            None => {
                phases.enter(Phase::Load);
                self.runtime()?.load(&self.path)?
            }
        };
        phases.enter(Phase::Prepare);
        let prepared = loaded.prepare_again();
        kept.loaded = Some(loaded);
        Ok(Held { prepared: Some(prepared?), ..Held::default() })
    }

    /// Runs the model that was prepared once.
    pub(super) fn infer(&self, kept: &mut Held, phases: &mut dyn Phases) -> Result<(), WorkError> {
        let prepared = self.kept(kept, phases)?;
        self.execute(prepared, phases)
    }

    /// The same in a thread of its own, which ends with the execution.
    pub(super) fn infer_in_thread(&self, kept: &mut Held, phases: &mut dyn Phases) -> Result<(), WorkError> {
        let prepared = self.kept(kept, phases)?;
        phases.pause();
        let inputs = self.inputs(prepared)?;
        phases.enter(Phase::Execute);
        let ((), joined) = in_thread(|| self.run(prepared, &inputs))?;
        phases.own_memory(prepared);
        phases.pause();
        joined.wait_until_gone();
        Ok(())
    }

    /// Has `threads` threads, each with a prepared model of its own, execute at once.
    pub(super) fn infer_at_once(
        &self,
        kept: &mut Held,
        threads: u32,
        phases: &mut dyn Phases,
    ) -> Result<(), WorkError> {
        let team = match kept.team.take() {
            Some(team) => team,
            None => {
                let prepared = (0..threads).map(|_| self.prepare(false, phases)).collect::<Result<Vec<_>, _>>()?;
                if let Some(first) = prepared.first() {
                    self.hear(first.as_ref());
                }
                Team::start(prepared)?
            }
        };
        phases.pause();
        let inputs = self.tensors.given(|| team.declared())?;
        phases.enter(Phase::Execute);
        kept.team.insert(team).execute(inputs)
    }

    /// Runs the model that was prepared once by a request that is made anew, which counts as preparation.
    pub(super) fn infer_by_new_request(&self, kept: &mut Held, phases: &mut dyn Phases) -> Result<(), WorkError> {
        let prepared = self.kept(kept, phases)?;
        phases.enter(Phase::Prepare);
        prepared.renew_request()?;
        self.execute(prepared, phases)
    }

    /// Hands inputs over to the model that was prepared once, and executes nothing.
    pub(super) fn set_inputs(&self, kept: &mut Held, phases: &mut dyn Phases) -> Result<(), WorkError> {
        let prepared = self.kept(kept, phases)?;
        phases.pause();
        let inputs = self.inputs(prepared)?;
        phases.enter(Phase::Execute);
        prepared.set_inputs(&inputs)?;
        phases.own_memory(prepared);
        Ok(())
    }

    /// Runs the model with inputs of the shape whose turn it is. A runtime that does not take another shape than it was
    /// prepared for says that it does not have this, and prepares the model anew from then on.
    pub(super) fn reshape(&mut self, kept: &mut Held, phases: &mut dyn Phases) -> Result<(), WorkError> {
        if !self.is_static {
            match self.infer(kept, phases) {
                Err(WorkError::Runtime(RuntimeError::Unsupported { .. })) => self.is_static = true,
                done => return done,
            }
        }
        phases.enter(Phase::Drop);
        drop(std::mem::take(kept));
        phases.enter(Phase::Load);
        let runtime = self.open_with(&self.tensors.known())?;
        let prepared = self.prepare_by(runtime.as_ref(), false, phases)?;
        *kept = Held { prepared: Some(prepared), runtime: Some(runtime), ..Held::default() };
        self.infer(kept, phases)
    }

    /// The model that is prepared once.
    fn kept<'a>(&self, kept: &'a mut Held, phases: &mut dyn Phases) -> Result<&'a mut dyn Prepared, WorkError> {
        let prepared = match kept.prepared.take() {
            Some(prepared) => prepared,
            None => self.prepare(false, phases)?,
        };
        Ok(kept.prepared.insert(prepared).as_mut())
    }
}
