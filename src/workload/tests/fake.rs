//! A runtime that does nothing but keep the order of all calls.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use super::super::target::Open;
use super::super::{Phase, Phases, Work, WorkError};
use crate::model::{DeclaredInput, Dimension, InputTensor};
use crate::runtime::{Identity, Loaded, Output, Prepared, Runtime, RuntimeError};
use crate::suite::{Case, ElementType, InputSpec, RuntimeSpec};

/// What the fake does not have, and what goes wrong.
#[derive(Debug, Clone, Copy, Default)]
pub struct Flaws {
    /// It prepares for one shape and takes no other.
    pub is_static: bool,
    /// It has nothing beyond load, prepare and execute.
    pub lacks_extras: bool,
    /// So many executions must be at it at once before one of them returns.
    pub meets: usize,
    /// This execution, counted from 1, panics.
    pub panics_at: usize,
    /// This execution fails.
    pub fails_at: usize,
}

/// All that happened, in order.
#[derive(Default)]
pub struct Log {
    pub calls: Vec<String>,
    /// The thread of each execution.
    pub threads: Vec<ThreadId>,
    /// What each execution was given.
    pub given: Vec<Vec<InputTensor>>,
    /// Where the first values lay each time.
    pub places: Vec<usize>,
}

/// The fake, and who watches it.
#[derive(Clone, Default)]
pub struct Fake {
    flaws: Flaws,
    log: Arc<(Mutex<Log>, Condvar)>,
}

impl Fake {
    pub fn with(flaws: Flaws) -> Fake {
        Fake { flaws, ..Fake::default() }
    }

    /// The work of the first case of `text` on this runtime.
    pub fn work(&self, text: &str) -> Result<Work, WorkError> {
        self.work_in(text, Path::new(""))
    }

    /// The same with files in `folder`.
    pub fn work_in(&self, text: &str, folder: &Path) -> Result<Work, WorkError> {
        let case: Case = crate::suite::parse("suite.toml", text, folder).unwrap().cases.remove(0);
        let models: Vec<PathBuf> = case.model.members().iter().map(|member| folder.join(&member.name)).collect();
        let fake = self.clone();
        let open: Open = Arc::new(move |_: &RuntimeSpec, _: &Path, inputs: &BTreeMap<String, InputSpec>, threads| {
            let shape = inputs.get("x").map(|input| format!("{:?}", input.shape)).unwrap_or_default();
            fake.tell(&format!("open{threads}{shape}"));
            Ok(Box::new(Engine(fake.part("runtime", inputs))))
        });
        Work::with(&case, &models, folder, &open)
    }

    /// The calls since this was last asked.
    pub fn calls(&self) -> String {
        std::mem::take(&mut self.log.0.lock().unwrap().calls).join(" ")
    }

    /// Looks at the log.
    pub fn log<T>(&self, look: impl FnOnce(&Log) -> T) -> T {
        look(&self.log.0.lock().unwrap())
    }

    fn tell(&self, call: &str) {
        self.log.0.lock().unwrap().calls.push(call.to_owned());
    }

    fn part(&self, name: &'static str, inputs: &BTreeMap<String, InputSpec>) -> Part {
        Part { fake: self.clone(), name, shape: inputs.get("x").map(|input| input.shape.clone()) }
    }
}

/// Phases become part of the log.
impl Phases for Fake {
    fn enter(&mut self, phase: Phase) {
        self.tell(&format!("<{phase}>"));
    }

    fn pause(&mut self) {
        self.tell("<>");
    }

    fn own_memory(&mut self, _: &dyn Prepared) {
        self.tell("memory");
    }
}

/// Something that the fake made, whose end is told.
struct Part {
    fake: Fake,
    name: &'static str,
    /// The shape that is known for the input.
    shape: Option<Vec<usize>>,
}

impl Part {
    fn become_a(&self, name: &'static str) -> Part {
        Part { fake: self.fake.clone(), name, shape: self.shape.clone() }
    }

    fn extra(&self, call: &str) -> Result<(), RuntimeError> {
        if self.fake.flaws.lacks_extras {
            return Err(RuntimeError::Unsupported { engine: "fake", message: format!("no {call}") });
        }
        self.fake.tell(call);
        Ok(())
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.fake.tell(&format!("-{}", self.name));
    }
}

struct Engine(Part);
struct Read(Part);
struct Ready(Part);

impl Runtime for Engine {
    fn identity(&self) -> Identity {
        Identity { name: "fake", version: "1".into(), library: None }
    }

    fn load(&self, _: &Path) -> Result<Box<dyn Loaded>, RuntimeError> {
        self.0.fake.tell("load");
        Ok(Box::new(Read(self.0.become_a("loaded"))))
    }
}

impl Loaded for Read {
    fn prepare(mut self: Box<Self>) -> Result<Box<dyn Prepared>, RuntimeError> {
        self.0.fake.tell("prepare");
        // What was loaded goes into what is prepared.
        self.0.name = "prepared";
        Ok(Box::new(Ready(self.0)))
    }

    fn prepare_again(&mut self) -> Result<Box<dyn Prepared>, RuntimeError> {
        self.0.extra("again")?;
        Ok(Box::new(Ready(self.0.become_a("prepared"))))
    }
}

impl Prepared for Ready {
    fn inputs(&self) -> Vec<DeclaredInput> {
        let declared = |name: &str, element, shape| DeclaredInput { name: name.into(), element: Some(element), shape };
        let rows = vec![Dimension::Open("rows".into()), Dimension::Fixed(3)];
        vec![declared("x", ElementType::F32, Some(rows)), declared("rate", ElementType::I64, Some(Vec::new()))]
    }

    fn execute(&mut self, inputs: &[InputTensor]) -> Result<Vec<Output>, RuntimeError> {
        let Fake { flaws, log } = &self.0.fake;
        let shape = &inputs[0].shape;
        if flaws.is_static && self.0.shape.as_ref() != Some(shape) {
            return Err(RuntimeError::Unsupported { engine: "fake", message: format!("shape {shape:?}") });
        }
        let (lock, met) = &**log;
        let mut log = lock.lock().unwrap();
        log.calls.push(format!("execute{shape:?}"));
        log.threads.push(thread::current().id());
        log.given.push(inputs.to_vec());
        log.places.push(std::ptr::from_ref(&inputs[0].data).addr());
        let number = log.given.len();
        met.notify_all();
        if flaws.meets > 0 {
            let all = number.next_multiple_of(flaws.meets);
            // So long only where the others never come, which is a failure.
            let patience = Duration::from_secs(60);
            let waited = met.wait_timeout_while(log, patience, |log| log.given.len() < all).unwrap();
            assert!(!waited.1.timed_out(), "execution {number} was alone");
            log = waited.0;
        }
        drop(log);
        assert_ne!(number, flaws.panics_at, "planted");
        if number == flaws.fails_at {
            return Err(RuntimeError::Execution { engine: "fake", message: "planted".into() });
        }
        Ok(Vec::new())
    }

    fn renew_request(&mut self) -> Result<(), RuntimeError> {
        self.0.extra("renew")
    }

    fn set_inputs(&mut self, inputs: &[InputTensor]) -> Result<(), RuntimeError> {
        self.0.extra(&format!("set{:?}", inputs[0].shape))
    }
}
