//! Recompilations in threads that end with the iteration.

use std::thread::{Builder, ScopedJoinHandle};

use super::error::WorkError;
use super::phase::{Phase, Phases};
use super::target::Target;
use super::thread::{in_thread, start};

impl Target {
    /// Loads the model, makes it executable, runs it and drops it, all in a thread of its own. With `truncates`, its file is
    /// cut short in between.
    pub(super) fn recompile_in_thread(&self, truncates: bool, phases: &mut dyn Phases) -> Result<(), WorkError> {
        let ((), joined) = in_thread(|| {
            let made = self.recompile(truncates, phases)?;
            phases.enter(Phase::Drop);
            drop(made);
            Ok(())
        })?;
        phases.pause();
        joined.wait_until_gone();
        Ok(())
    }

    /// Recompiles the model from as many threads at once; all of it counts as execution.
    pub(super) fn recompile_at_once(&self, threads: u32, phases: &mut dyn Phases) -> Result<(), WorkError> {
        phases.enter(Phase::Execute);
        let one = || -> Result<(), WorkError> {
            let mut prepared = self.runtime()?.load(&self.path)?.prepare()?;
            let inputs = self.inputs(prepared.as_ref())?;
            self.run(prepared.as_mut(), &inputs)
        };
        let ended: Vec<_> = std::thread::scope(|scope| {
            let compilers: Vec<_> = (0..threads).map(|_| start(Builder::new(), scope, one)).collect();
            // All are joined before the first error is told.
            let join = |compiler: ScopedJoinHandle<'_, _>| compiler.join().map_err(|_| WorkError::Panicked);
            compilers.into_iter().map(|compiler| compiler.and_then(join)).collect()
        });
        phases.pause();
        for ended in ended {
            let (joined, done) = ended?;
            done?;
            joined.wait_until_gone();
        }
        Ok(())
    }
}
