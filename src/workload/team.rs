//! Threads that live as long as the work, each with a prepared model of its own, and execute at once.
//!
//! A round allocates nothing by itself, so that what grows is the runtime's.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Builder, JoinHandle};

use super::error::WorkError;
use super::target::execute_once;
use crate::model::{DeclaredInput, InputTensor};
use crate::runtime::Prepared;

/// Threads with a prepared model each.
pub(super) struct Team {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    declared: Vec<DeclaredInput>,
}

/// Where the threads and the iteration meet.
struct Shared {
    round: Mutex<Round>,
    /// A round begins, or there will be no more.
    begins: Condvar,
    /// The last thread is through with a round.
    ends: Condvar,
}

/// The present round.
struct Round {
    /// Counted from 1; 0 before the first.
    number: u64,
    /// Threads that are still at it.
    running: usize,
    inputs: Option<Arc<[InputTensor]>>,
    /// The first error of this round.
    failure: Option<WorkError>,
    is_over: bool,
}

impl Shared {
    fn round(&self) -> MutexGuard<'_, Round> {
        self.round.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Team {
    /// Starts a thread for each of `prepared`, which are of the same model.
    ///
    /// # Errors
    /// If a thread cannot be started; those before it end.
    pub(super) fn start(prepared: Vec<Box<dyn Prepared>>) -> Result<Team, WorkError> {
        let round = Round { number: 0, running: 0, inputs: None, failure: None, is_over: false };
        let shared = Shared { round: Mutex::new(round), begins: Condvar::new(), ends: Condvar::new() };
        let declared = prepared.first().map(|prepared| prepared.inputs()).unwrap_or_default();
        let mut team = Team { shared: Arc::new(shared), threads: Vec::with_capacity(prepared.len()), declared };
        for prepared in prepared {
            let shared = Arc::clone(&team.shared);
            let thread = Builder::new().name("infer".into()).spawn(move || work(&shared, prepared));
            team.threads.push(thread.map_err(WorkError::Thread)?);
        }
        Ok(team)
    }

    /// The inputs as the model declares them.
    pub(super) fn declared(&self) -> Vec<DeclaredInput> {
        self.declared.clone()
    }

    /// Has every thread execute its model once, all at the same time.
    ///
    /// # Errors
    /// The first error of any of them, when all are through.
    pub(super) fn execute(&self, inputs: Arc<[InputTensor]>) -> Result<(), WorkError> {
        let mut round = self.shared.round();
        round.number += 1;
        round.running = self.threads.len();
        round.inputs = Some(inputs);
        self.shared.begins.notify_all();
        let ended = self.shared.ends.wait_while(round, |round| round.running > 0);
        let mut round = ended.unwrap_or_else(PoisonError::into_inner);
        round.inputs = None;
        round.failure.take().map_or(Ok(()), Err)
    }
}

impl Drop for Team {
    fn drop(&mut self) {
        self.shared.round().is_over = true;
        self.shared.begins.notify_all();
        for thread in self.threads.drain(..) {
            // Panics of the model are caught and told; there are no others.
            let _ = thread.join();
        }
    }
}

/// One thread: executes in every round and drops its model in the end.
fn work(shared: &Shared, mut prepared: Box<dyn Prepared>) {
    let mut done = 0;
    loop {
        let waited = shared.begins.wait_while(shared.round(), |round| !round.is_over && round.number == done);
        let round = waited.unwrap_or_else(PoisonError::into_inner);
        if round.is_over {
            return;
        }
        done = round.number;
        let inputs = round.inputs.clone();
        drop(round);
        // A model that panicked is not used again: its error ends the work.
        let executed = catch_unwind(AssertUnwindSafe(|| {
            inputs.as_deref().map_or(Ok(()), |inputs| execute_once(prepared.as_mut(), inputs))
        }));
        drop(inputs);
        let mut round = shared.round();
        if let Err(error) = executed.unwrap_or(Err(WorkError::Panicked)) {
            round.failure.get_or_insert(error);
        }
        round.running -= 1;
        if round.running == 0 {
            shared.ends.notify_all();
        }
    }
}
