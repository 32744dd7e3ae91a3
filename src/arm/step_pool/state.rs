//! What is behind the lock: the phase that the pool is in, what it learns, what it serves.

use std::ptr::NonNull;

use super::counts::{Drift, Faults, Requests, minor_faults};
use super::learner::Learner;
use super::pool::{LARGEST_ALIGNMENT, Pool, PoolSize, Request};
use super::report::{StepPoolPhase, StepPoolReport};
use crate::suite::StepPoolSettings;

/// Pools that may wait for their last block at a time. While as many do, no plan is replaced.
const RETIRED: usize = 4;

/// Who serves a request.
pub(super) enum Server {
    /// The pool did.
    Pool(NonNull<u8>),
    /// The system allocator is to, and its block is to be told.
    SystemTold,
    /// The system allocator is to.
    System,
}

/// Everything about a step pool.
pub(super) struct State {
    settings: Option<StepPoolSettings>,
    phase: StepPoolPhase,
    /// Steps that have not ended, of different threads: together they are one.
    depth: u32,
    steps: u64,
    /// Page faults when the present step began.
    faults: u64,
    learner: Option<Learner>,
    /// Whether the present step is recorded from its beginning.
    is_recorded: bool,
    pool: Option<Pool>,
    retired: [Option<Pool>; RETIRED],
    requests: Requests,
    /// Large requests that came by, in steps or not.
    seen: u64,
    drift: Drift,
    before: Faults,
    after: Faults,
    replans: u64,
}

impl State {
    /// A pool that is off.
    pub(super) const fn new() -> State {
        State {
            settings: None,
            phase: StepPoolPhase::Off,
            depth: 0,
            steps: 0,
            faults: 0,
            learner: None,
            is_recorded: false,
            pool: None,
            retired: [const { None }; RETIRED],
            requests: Requests { hits: 0, misses: 0, bypassed: 0 },
            seen: 0,
            drift: Drift::new(),
            before: Faults::new(),
            after: Faults::new(),
            replans: 0,
        }
    }

    /// Switches the pool on; false if it was on already, or if so many pools wait for their last block that this one could
    /// not wait for its own.
    pub(super) fn enable(&mut self, settings: StepPoolSettings) -> bool {
        if self.settings.is_some() || self.places_left() == 0 {
            return false;
        }
        let retired = std::mem::replace(&mut self.retired, [const { None }; RETIRED]);
        *self = State { settings: Some(settings), phase: StepPoolPhase::Waiting, retired, ..State::new() };
        true
    }

    /// Switches the pool off; what it has goes back when its last block is freed.
    pub(super) fn disable(&mut self) {
        self.settings = None;
        self.phase = StepPoolPhase::Off;
        self.learner = None;
        self.is_recorded = false;
        if let Some(pool) = self.pool.take() {
            self.retire(pool);
        }
    }

    /// The settings, while the pool is on.
    pub(super) fn settings(&self) -> Option<StepPoolSettings> {
        self.settings
    }

    /// Whether large requests must come by: somebody learns from them, or some of them are blocks of a pool.
    pub(super) fn is_needed(&self) -> bool {
        self.settings.is_some() || self.retired.iter().any(Option::is_some)
    }

    /// Large requests that came by so far.
    pub(super) fn seen(&self) -> u64 {
        self.seen
    }

    /// A step begins, unless it is part of one that has begun.
    pub(super) fn begin(&mut self) {
        self.depth += 1;
        let Some(settings) = self.settings.filter(|_| self.depth == 1) else { return };
        if self.phase == StepPoolPhase::Waiting && self.steps >= settings.start {
            self.start_to_learn(StepPoolPhase::Learning);
        }
        if let Some(learner) = &mut self.learner {
            learner.record.start();
            self.is_recorded = true;
        }
        self.faults = minor_faults();
    }

    /// A step ends. Gives the learner if there is something to learn, which takes time and is done without the lock.
    pub(super) fn end(&mut self) -> Option<(Learner, StepPoolSettings)> {
        self.depth = self.depth.saturating_sub(1);
        let settings = self.settings.filter(|_| self.depth == 0)?;
        let faults = minor_faults().saturating_sub(self.faults);
        self.steps += 1;
        match self.phase {
            StepPoolPhase::Waiting | StepPoolPhase::Learning => self.before.add(faults),
            StepPoolPhase::Serving => {
                self.after.add(faults);
                if self.drift.step(&self.requests) {
                    // The pool goes on serving while it learns, with what fits.
                    self.release_idle();
                    self.start_to_learn(StepPoolPhase::LearningAgain);
                }
            }
            StepPoolPhase::Off | StepPoolPhase::LearningAgain | StepPoolPhase::Failed => {}
        }
        let is_recorded = std::mem::take(&mut self.is_recorded);
        self.learner.take_if(|_| is_recorded).map(|learner| (learner, settings))
    }

    fn start_to_learn(&mut self, phase: StepPoolPhase) {
        match Learner::new() {
            Ok(learner) => (self.learner, self.phase) = (Some(learner), phase),
            // A pool that serves goes on.
            Err(_) if phase == StepPoolPhase::LearningAgain => {}
            Err(_) => self.phase = StepPoolPhase::Failed,
        }
    }

    /// The learner comes back, and wants more steps. One that begins meanwhile is not recorded.
    pub(super) fn resume(&mut self, learner: Learner) {
        if self.settings.is_some() {
            self.learner = Some(learner);
        }
    }

    /// A plan has become a pool, or could not; the pool before it retires.
    pub(super) fn install(&mut self, pool: Option<Pool>) {
        if self.settings.is_none() {
            return;
        }
        // One place stays free for the pool that is switched off.
        let may_retire = self.pool.is_none() || self.places_left() > 1;
        if let Some(pool) = pool.filter(|_| may_retire)
            && let Some(former) = self.pool.replace(pool)
        {
            self.replans += 1;
            self.retire(former);
        }
        self.phase = if self.pool.is_some() { StepPoolPhase::Serving } else { StepPoolPhase::Failed };
        self.drift.restart(&self.requests);
    }

    fn places_left(&self) -> usize {
        self.retired.iter().filter(|place| place.is_none()).count()
    }

    /// The pool goes back at once, or waits for its last block.
    fn retire(&mut self, pool: Pool) {
        if pool.is_idle() {
            return;
        }
        pool.release_idle();
        let place = self.retired.iter_mut().find(|place| place.is_none());
        *place.expect("a place is left while the pool is on") = Some(pool);
    }

    /// Says who serves a request.
    pub(super) fn request(&mut self, size: usize, alignment: usize) -> Server {
        self.seen += 1;
        let is_plannable = alignment as u64 <= LARGEST_ALIGNMENT;
        let system = if self.is_recorded { Server::SystemTold } else { Server::System };
        let Some(pool) = &mut self.pool else { return system };
        if self.depth == 0 || !is_plannable {
            self.requests.bypassed += 1;
            return system;
        }
        match pool.take(size, alignment) {
            Request::Hit(block) => {
                self.requests.hits += 1;
                self.allocated(block.as_ptr() as usize, size, alignment);
                return Server::Pool(block);
            }
            Request::Miss => self.requests.misses += 1,
            Request::Misaligned | Request::Kept => self.requests.bypassed += 1,
        }
        system
    }

    /// A block was allocated, by whomever.
    pub(super) fn allocated(&mut self, address: usize, size: usize, alignment: usize) {
        let is_learned = self.is_recorded && alignment as u64 <= LARGEST_ALIGNMENT;
        if let Some(learner) = self.learner.as_mut().filter(|_| is_learned) {
            learner.record.allocated(address, size, alignment);
        }
    }

    /// A block is about to be freed; true if it was the pool's, and is free now.
    pub(super) fn free(&mut self, address: usize) -> bool {
        if let Some(learner) = self.learner.as_mut().filter(|_| self.is_recorded) {
            learner.record.freed(address);
        }
        if self.pool.as_mut().is_some_and(|pool| pool.put(address)) {
            return true;
        }
        let Some(place) = self.retired.iter_mut().find(|place| place.as_ref().is_some_and(|pool| pool.owns(address)))
        else {
            return false;
        };
        if let Some(pool) = place {
            pool.put(address);
        }
        place.take_if(|pool| pool.is_idle());
        true
    }

    /// Whether the block at `address` is a pool's; if it is and has room for `size` bytes, it holds as many now.
    pub(super) fn resize(&mut self, address: usize, size: usize) -> Option<bool> {
        let mut pools = self.pool.iter_mut().chain(self.retired.iter_mut().flatten());
        let is_resized = pools.find(|pool| pool.owns(address))?.resize(address, size);
        if let Some(learner) = self.learner.as_mut().filter(|_| is_resized && self.is_recorded) {
            learner.record.resized(address, size);
        }
        Some(is_resized)
    }

    fn pools(&self) -> impl Iterator<Item = &Pool> {
        self.pool.iter().chain(self.retired.iter().flatten())
    }

    /// Gives the pages of free blocks back; false if the system refuses some.
    pub(super) fn release_idle(&self) -> bool {
        // All are asked, also after one that fails.
        self.pools().filter(|pool| !pool.release_idle()).count() == 0
    }

    /// Bytes that the program has in blocks of the pool.
    pub(super) fn live_bytes(&self) -> u64 {
        self.pools().map(Pool::live_bytes).sum()
    }

    /// What there is to tell.
    pub(super) fn report(&self) -> StepPoolReport {
        let mut size = self.pool.as_ref().map(Pool::size).unwrap_or_default();
        for retired in self.retired.iter().flatten().map(Pool::size) {
            size = PoolSize {
                reserved: size.reserved + retired.reserved,
                touched: size.touched + retired.touched,
                ..size
            };
        }
        StepPoolReport {
            phase: self.phase,
            steps: self.steps,
            size,
            hits: self.requests.hits,
            misses: self.requests.misses,
            bypassed: self.requests.bypassed,
            faults_before: self.before.median(),
            faults_after: self.after.median(),
            replans: self.replans,
        }
    }
}
