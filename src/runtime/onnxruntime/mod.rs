//! ONNX Runtime behind the phases, by its C API and the crate `ort`; the library is loaded at run time.
//!
//! The C API has no boundary between reading a model and preparing it, so `load` only sees to it that the file is there and
//! can be read, and `prepare` makes a session of it: it reads, parses, optimises and packs. `execute` runs the session with
//! views of the inputs; `renew_request` makes an I/O binding anew, and from then on executions go through the binding, which
//! has copies of the inputs. A session runs on the CPU, with ONNX Runtime's own defaults but for the number of threads.
//!
//! What is made once in a process stays to its end: the library, the environment (ONNX Runtime allows one) and what the
//! environment registers, some 8 MB of operator schemas. Everything else is a value that frees what it has when it is
//! dropped: options, sessions, allocators, bindings, tensors, messages of errors. Nothing is logged and no telemetry is sent.
//!
//! | option | values | what it is |
//! |---|---|---|
//! | `graph_optimization_level` | `disable`, `basic`, `extended`, `layout`, `all` | how much is done to the graph; by default all |
//! | `intra_op_num_threads` | a number | threads of one operator; by default the threads of the case |
//! | `inter_op_num_threads` | a number | operators at once where `execution_mode` is `parallel` |
//! | `execution_mode` | `sequential`, `parallel` | whether operators run one after the other |
//! | `enable_cpu_mem_arena` | `true`, `false` | whether a session keeps what it frees |
//! | `enable_mem_pattern` | `true`, `false` | whether a run takes its memory as the one before took it, at once |
//! | `reload_optimized` | `true`, `false` | whether the first session writes the optimised model, which the later ones read and do not optimise |
//! | `arena_extend_strategy` | `next-power-of-two`, `same-as-requested` | how the arena grows |
//! | `max_mem`, `initial_chunk_size_bytes`, `max_dead_bytes_per_chunk`, `initial_growth_chunk_size_bytes` | bytes | the arena's other settings |
//! | `memory.enable_memory_arena_shrinkage` | `cpu:0` | each run gives back what the arena does not need |
//! | any other name with a dot | any | an entry of the session's configuration, such as `session.disable_prepacking` |
//!
//! With a setting of the arena all sessions share one arena of the environment (`session.use_env_allocators`): a session's
//! own arena cannot be configured. ONNX Runtime passes over entries of a configuration that it does not know.

mod arena;
mod declared;
mod error;
mod library;
mod memory;
mod optimized;
mod options;
mod runtime;
mod session;
#[cfg(test)]
mod tests;
mod values;

pub(super) use library::NO_TELEMETRY;
pub(super) use runtime::OnnxRuntime;

/// Name of the engine.
const ENGINE: &str = "onnxruntime";
