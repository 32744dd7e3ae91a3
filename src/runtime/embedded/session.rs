//! The runtime by its phases: load, prepare, execute.

use std::collections::BTreeMap;
use std::path::Path;

use super::arena::Arena;
use super::bind;
use super::error::EmbeddedError;
use super::execute::Execution;
use super::fold::{declared_shape, fold, given_shape};
use super::fuse::{fuse, make_layers};
use super::graph::Graph;
use super::import::import;
use super::layout::Layout;
use super::pack::{pack_layers, packed_bytes};
use super::prune::{mark_last_uses, prune};
use super::weights::{self, WeightStore};
use super::workers::Workers;
use crate::model::{DeclaredInput, InputTensor};
use crate::runtime::{self, Identity, Output, Prepared, Runtime, RuntimeError, unsupported};
use crate::suite::{InputSpec, Planner, Release, ReleaseWhen, RuntimeSpec, Weights, WeightsStrategy};
use crate::units::Bytes;

/// Name of the engine.
pub(in crate::runtime) const ENGINE: &str = "embedded";

/// Version of the engine: that of the whole program.
pub(in crate::runtime) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Our own runtime.
#[derive(Debug, Clone)]
pub struct Embedded {
    spec: RuntimeSpec,
    /// Shapes of inputs that the model may leave open.
    shapes: BTreeMap<String, Vec<usize>>,
    threads: u32,
}

impl Embedded {
    /// The engine with the options of `spec`. `inputs` say what the model leaves open about its inputs, as far as it is
    /// known; `threads` execute.
    pub fn new(spec: &RuntimeSpec, inputs: &BTreeMap<String, InputSpec>, threads: u32) -> Embedded {
        let shapes = inputs.iter().map(|(name, input)| (name.clone(), input.shape.clone())).collect();
        Embedded { spec: spec.clone(), shapes, threads: threads.max(1) }
    }
}

impl Embedded {
    /// What the model at `path` needs and this runtime does not have. `None` also for a file that is no model: then loading
    /// it says so.
    pub(in crate::runtime) fn lacks(path: &Path) -> Option<String> {
        let look = Weights {
            strategy: WeightsStrategy::Map,
            release: Release::Keep,
            release_when: ReleaseWhen::End,
            strict: false,
            prefault: false,
        };
        let understood = weights::load(path, look).and_then(|loaded| import(&loaded.model, &loaded.store).map(drop));
        match understood {
            Err(EmbeddedError::Unsupported(lack)) => Some(lack),
            _ => None,
        }
    }
}

impl Runtime for Embedded {
    fn identity(&self) -> Identity {
        Identity::built_in(ENGINE, VERSION)
    }

    fn load(&self, model: &Path) -> Result<Box<dyn runtime::Loaded>, RuntimeError> {
        let loaded = weights::load(model, self.spec.weights).map_err(rejected)?;
        let graph = import(&loaded.model, &loaded.store).map_err(rejected)?;
        Ok(Box::new(Loaded { options: self.clone(), graph, store: loaded.store }))
    }
}

/// A model that is loaded and understood.
struct Loaded {
    options: Embedded,
    graph: Graph,
    store: WeightStore,
}

impl runtime::Loaded for Loaded {
    fn prepare(self: Box<Self>) -> Result<Box<dyn Prepared>, RuntimeError> {
        Ok(Box::new(self.prepare_session().map_err(rejected)?))
    }

    fn prepare_again(&mut self) -> Result<Box<dyn Prepared>, RuntimeError> {
        unsupported(ENGINE, "what is prepared takes over what was loaded")
    }
}

impl Loaded {
    fn prepare_session(self) -> Result<Session, EmbeddedError> {
        let Loaded { options: Embedded { spec, shapes, threads }, mut graph, mut store } = self;
        let shapes: Vec<Option<Vec<usize>>> =
            graph.inputs.iter().map(|input| declared_shape(input).or_else(|| given_shape(input, &shapes))).collect();
        let compilers = Workers::new(spec.compile_threads.unwrap_or(threads))?;
        let layout = compilers.run(|| {
            if spec.optimize {
                fold(&mut graph)?;
            }
            make_layers(&mut graph);
            if spec.optimize {
                fuse(&mut graph);
            }
            prune(&mut graph);
            pack_layers(&mut graph, &mut store, spec.prepack)?;
            mark_last_uses(&mut graph);
            // Where shapes are open, the first execution plans.
            let is_open = shapes.iter().any(Option::is_none);
            if is_open { Ok(None) } else { Layout::plan(&graph, &shapes, spec.planner).map(Some) }
        });
        drop(compilers);
        let layout = layout?;
        store.finish()?;
        let planned = match layout {
            Some(layout) => Some(Planned::new(layout, shapes.into_iter().flatten().collect())?),
            None => None,
        };
        let reads_files = store.is_read_in_place();
        Ok(Session { planned, workers: Workers::new(threads)?, planner: spec.planner, graph, store, reads_files })
    }
}

/// Memory for intermediate results, and for which shapes of the inputs it was planned.
struct Planned {
    layout: Layout,
    arena: Arena,
    shapes: Vec<Vec<usize>>,
}

impl Planned {
    fn new(layout: Layout, shapes: Vec<Vec<usize>>) -> Result<Planned, EmbeddedError> {
        Ok(Planned { arena: Arena::new(layout.floats)?, layout, shapes })
    }

    fn is_for(&self, inputs: &[&InputTensor]) -> bool {
        self.shapes.len() == inputs.len() && self.shapes.iter().zip(inputs).all(|(shape, input)| *shape == input.shape)
    }
}

/// A model that can run.
struct Session {
    /// The threads end before what they work on is freed.
    workers: Workers,
    planned: Option<Planned>,
    planner: Planner,
    graph: Graph,
    store: WeightStore,
    /// Whether executions read weights that lie in files.
    reads_files: bool,
}

impl Session {
    fn run(&mut self, given: &[InputTensor]) -> Result<Vec<Output>, EmbeddedError> {
        if self.reads_files {
            self.store.check_unchanged()?;
        }
        let inputs = bind::matched(&self.graph.inputs, given)?;
        let Session { workers, planned, planner, graph, store, .. } = self;
        let (graph, store, planner) = (&*graph, &*store, *planner);
        workers.run(move || {
            if !planned.as_ref().is_some_and(|planned| planned.is_for(&inputs)) {
                // The old plan's memory is given back before the new one's is asked for.
                *planned = None;
                let shapes: Vec<_> = inputs.iter().map(|input| input.shape.clone()).collect();
                let known: Vec<_> = shapes.iter().cloned().map(Some).collect();
                *planned = Some(Planned::new(Layout::plan(graph, &known, planner)?, shapes)?);
            }
            let Planned { layout, arena, .. } = planned.as_mut().expect("it was planned just now, if not before");
            let mut execution = Execution::new(graph, store, layout, arena);
            for (input, tensor) in graph.inputs.iter().zip(&inputs) {
                execution.bind(input.value, bind::slot(input, tensor)?);
            }
            execution.run(graph)?;
            let outputs = graph.block.outputs.iter();
            outputs.map(|value| execution.value(*value).map(bind::output)).collect()
        })
    }

    /// What became of the weights.
    fn weights_remark(&self) -> String {
        let report = self.store.report();
        let (total, packed) = (self.store.bytes_total(), packed_bytes(&self.graph));
        let mut remark = format!(
            "weights: {} in {} tensors, packed {}, released {}, still held {}",
            Bytes(total),
            self.store.count(),
            Bytes(packed),
            Bytes(report.released_bytes),
            Bytes(report.heap_bytes.saturating_add(report.mapped_bytes)),
        );
        if report.unaligned_copies > 0 {
            let copies = report.unaligned_copies;
            remark.push_str(&format!(", {copies} copied since they are not aligned in the file"));
        }
        remark
    }
}

impl Prepared for Session {
    fn inputs(&self) -> Vec<DeclaredInput> {
        self.graph.inputs.iter().map(bind::declared).collect()
    }

    fn execute(&mut self, inputs: &[InputTensor]) -> Result<Vec<Output>, RuntimeError> {
        self.run(inputs).map_err(execution)
    }

    fn renew_request(&mut self) -> Result<(), RuntimeError> {
        unsupported(ENGINE, "an execution has nothing that outlives it")
    }

    fn set_inputs(&mut self, _inputs: &[InputTensor]) -> Result<(), RuntimeError> {
        unsupported(ENGINE, "inputs are handed over by executing only")
    }

    fn remarks(&self) -> Vec<String> {
        let memory = self.planned.as_ref().and_then(|planned| planned.layout.remark(self.planner));
        memory.into_iter().chain([self.weights_remark()]).collect()
    }
}

fn rejected(error: EmbeddedError) -> RuntimeError {
    match error {
        EmbeddedError::File { path, source } => RuntimeError::File { path, source },
        other => RuntimeError::Rejected { engine: ENGINE, message: other.to_string() },
    }
}

fn execution(error: EmbeddedError) -> RuntimeError {
    RuntimeError::Execution { engine: ENGINE, message: error.to_string() }
}
