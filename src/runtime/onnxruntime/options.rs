//! Options as users give them, and what they make of a session and a run.

use std::collections::BTreeMap;
use std::ffi::CStr;

use ort::environment::Environment;
use ort::ep;
use ort::session::builder::{AutoDevicePolicy, GraphOptimizationLevel, SessionBuilder};
use ort::session::{RunOptions, Session};

use super::arena::Settings;
use super::error::unsupported;
use crate::model::{closest, hint};
use crate::runtime::RuntimeError;

/// Names without a dot.
const NAMES: [&str; 12] = [
    "graph_optimization_level",
    "intra_op_num_threads",
    "inter_op_num_threads",
    "execution_mode",
    "enable_cpu_mem_arena",
    "enable_mem_pattern",
    "reload_optimized",
    "arena_extend_strategy",
    "max_mem",
    "initial_chunk_size_bytes",
    "max_dead_bytes_per_chunk",
    "initial_growth_chunk_size_bytes",
];

/// Entry of a run, not of a session: each run gives back what the arena does not need.
const SHRINKAGE: &str = "memory.enable_memory_arena_shrinkage";

/// Entry by which a session takes its memory from the environment's arena.
const SHARED_ARENA: (&str, &str) = ("session.use_env_allocators", "1");

const LEVELS: [(&str, GraphOptimizationLevel); 5] = [
    ("disable", GraphOptimizationLevel::Disable),
    ("basic", GraphOptimizationLevel::Level1),
    ("extended", GraphOptimizationLevel::Level2),
    ("layout", GraphOptimizationLevel::Level3),
    ("all", GraphOptimizationLevel::All),
];

const IS_PARALLEL: [(&str, bool); 2] = [("sequential", false), ("parallel", true)];

const BOOLEANS: [(&str, bool); 2] = [("true", true), ("false", false)];

/// ONNX Runtime's numbers of the ways in which an arena grows.
const STRATEGIES: [(&str, usize); 2] = [("next-power-of-two", 0), ("same-as-requested", 1)];

/// More threads than this are a mistake.
const MOST_THREADS: usize = 4096;

/// Largest size of a chunk: ONNX Runtime keeps these in 32 bits.
const LARGEST_CHUNK: usize = i32::MAX as usize;

/// Options of sessions and runs. What is absent is left to ONNX Runtime.
#[derive(Debug)]
pub(super) struct Options {
    optimization: Option<GraphOptimizationLevel>,
    intra_op_threads: usize,
    inter_op_threads: Option<usize>,
    is_parallel: Option<bool>,
    has_arena: Option<bool>,
    has_pattern: Option<bool>,
    session_entries: Vec<(String, String)>,
    shrinkage: Option<String>,
    /// Whether the optimised model is written once and read afterwards.
    pub(super) reload_optimized: bool,
    /// Settings of the arena that all sessions share.
    pub(super) arena: Option<Settings>,
}

impl Options {
    /// The options in `given`; an operator has `threads` threads unless told otherwise.
    ///
    /// # Errors
    /// [`RuntimeError::Unsupported`] where there is no such option or value, or where two of them contradict each other.
    pub(super) fn parse(given: &BTreeMap<String, String>, threads: u32) -> Result<Options, RuntimeError> {
        let mut options = Options {
            optimization: None,
            intra_op_threads: threads as usize,
            inter_op_threads: None,
            is_parallel: None,
            has_arena: None,
            has_pattern: None,
            session_entries: Vec::new(),
            shrinkage: None,
            reload_optimized: false,
            arena: None,
        };
        for (name, value) in given {
            options.set(Given { name, value })?;
        }
        let needs_arena =
            options.shrinkage.as_ref().map(|_| SHRINKAGE).or(options.arena.as_ref().map(|_| "of an arena"));
        match needs_arena {
            Some(name) if options.has_arena == Some(false) => {
                Err(unsupported(format!("the option {name} needs an arena, and `enable_cpu_mem_arena` is `false`")))
            }
            _ => Ok(options),
        }
    }

    fn set(&mut self, given: Given<'_>) -> Result<(), RuntimeError> {
        match given.name {
            "graph_optimization_level" => self.optimization = Some(given.one_of(&LEVELS)?),
            "intra_op_num_threads" => self.intra_op_threads = given.number(MOST_THREADS)?,
            "inter_op_num_threads" => self.inter_op_threads = Some(given.number(MOST_THREADS)?),
            "execution_mode" => self.is_parallel = Some(given.one_of(&IS_PARALLEL)?),
            "enable_cpu_mem_arena" => self.has_arena = Some(given.one_of(&BOOLEANS)?),
            "enable_mem_pattern" => self.has_pattern = Some(given.one_of(&BOOLEANS)?),
            "reload_optimized" => self.reload_optimized = given.one_of(&BOOLEANS)?,
            "arena_extend_strategy" => self.configure(c"arena_extend_strategy", given.one_of(&STRATEGIES)?),
            "max_mem" => self.configure(c"max_mem", given.number(usize::MAX)?),
            "initial_chunk_size_bytes" => self.configure(c"initial_chunk_size_bytes", given.number(LARGEST_CHUNK)?),
            "max_dead_bytes_per_chunk" => self.configure(c"max_dead_bytes_per_chunk", given.number(LARGEST_CHUNK)?),
            "initial_growth_chunk_size_bytes" => {
                self.configure(c"initial_growth_chunk_size_bytes", given.number(LARGEST_CHUNK)?);
            }
            SHRINKAGE => self.shrinkage = Some(given.value.to_owned()),
            name if name.contains('.') => self.session_entries.push((name.to_owned(), given.value.to_owned())),
            name => {
                let suggestion = hint(&closest(name, NAMES.into_iter().chain([SHRINKAGE])));
                let known = NAMES.join(", ");
                let message = format!(
                    "there is no option `{name}`{suggestion}: there are {known}, {SHRINKAGE}, and the names with a dot of \
                     entries of a session's configuration"
                );
                return Err(unsupported(message));
            }
        }
        Ok(())
    }

    fn configure(&mut self, name: &'static CStr, value: usize) {
        self.arena.get_or_insert_default().push((name, value));
    }

    /// A builder of sessions with these options. The crate would have ONNX Runtime look for an accelerator; the CPU is what
    /// ONNX Runtime takes by itself.
    pub(super) fn builder(&self, environment: &Environment) -> ort::Result<SessionBuilder> {
        let builder = Session::builder(environment)?.with_auto_device(AutoDevicePolicy::PreferCPU)?;
        let mut builder = builder.with_intra_threads(self.intra_op_threads)?;
        if let Some(level) = self.optimization {
            builder = builder.with_optimization_level(level)?;
        }
        if let Some(threads) = self.inter_op_threads {
            builder = builder.with_inter_threads(threads)?;
        }
        if let Some(is_parallel) = self.is_parallel {
            builder = builder.with_parallel_execution(is_parallel)?;
        }
        if let Some(has_arena) = self.has_arena {
            let cpu = ep::CPU::default().with_arena_allocator(has_arena).build();
            builder = builder.with_execution_providers([cpu])?;
        }
        if let Some(has_pattern) = self.has_pattern {
            builder = builder.with_memory_pattern(has_pattern)?;
        }
        if self.arena.is_some() {
            builder = builder.with_config_entry(SHARED_ARENA.0, SHARED_ARENA.1)?;
        }
        for (name, value) in &self.session_entries {
            builder = builder.with_config_entry(name, value)?;
        }
        Ok(builder)
    }

    /// What each run is told.
    pub(super) fn run_options(&self) -> ort::Result<RunOptions> {
        let mut options = RunOptions::new()?;
        if let Some(arenas) = &self.shrinkage {
            options.set(SHRINKAGE, arenas)?;
        }
        Ok(options)
    }
}

/// An option as it was given.
#[derive(Clone, Copy)]
struct Given<'a> {
    name: &'a str,
    value: &'a str,
}

impl Given<'_> {
    /// What the value stands for.
    fn one_of<T: Copy>(self, choices: &[(&str, T)]) -> Result<T, RuntimeError> {
        let names = || choices.iter().map(|(name, _)| *name);
        let chosen = choices.iter().find(|(name, _)| *name == self.value).map(|(_, choice)| *choice);
        chosen.ok_or_else(|| {
            let suggestion = hint(&closest(self.value, names()));
            self.refused(&format!("{suggestion}: it is {}", names().collect::<Vec<_>>().join(", ")))
        })
    }

    /// A number of at most `most`.
    fn number(self, most: usize) -> Result<usize, RuntimeError> {
        let number = self.value.parse().ok().filter(|number| *number <= most);
        number.ok_or_else(|| self.refused(&format!(": it is a number from 0 to {most}")))
    }

    fn refused(self, why: &str) -> RuntimeError {
        unsupported(format!("the option `{}` cannot be `{}`{why}", self.name, self.value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(given: &[(&str, &str)]) -> Result<Options, String> {
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Options::parse(&given, 3).map_err(|error| match error {
            RuntimeError::Unsupported { message, .. } => message,
            other => panic!("{other}"),
        })
    }

    #[test]
    fn threads_are_those_of_the_case_unless_told_otherwise() {
        assert_eq!(parse(&[]).unwrap().intra_op_threads, 3);
        assert_eq!(parse(&[("intra_op_num_threads", "7")]).unwrap().intra_op_threads, 7);
    }

    #[test]
    fn entries_go_to_the_session_or_to_its_runs() {
        let options = parse(&[("session.disable_prepacking", "1"), (SHRINKAGE, "cpu:0")]).unwrap();
        assert_eq!(options.session_entries, [("session.disable_prepacking".to_owned(), "1".to_owned())]);
        assert_eq!(options.shrinkage.as_deref(), Some("cpu:0"));
    }

    #[test]
    fn every_name_is_known_and_takes_no_nonsense() {
        for name in NAMES {
            let message = parse(&[(name, "nonsense")]).unwrap_err();
            assert!(message.starts_with(&format!("the option `{name}` cannot be `nonsense`")), "{message}");
        }
    }

    #[test]
    fn unknown_names_and_bad_values_are_told_with_what_there_is() {
        let message = parse(&[("graph_optimisation_level", "all")]).unwrap_err();
        assert!(message.contains("(did you mean `graph_optimization_level`?)"), "{message}");
        assert!(message.contains("reload_optimized") && message.contains("names with a dot"), "{message}");
        let message = parse(&[("graph_optimization_level", "extend")]).unwrap_err();
        let told = "cannot be `extend` (did you mean `extended`?): it is disable, basic, extended, layout, all";
        assert!(message.ends_with(told), "{message}");
        let message = parse(&[("initial_chunk_size_bytes", "2147483648")]).unwrap_err();
        assert!(message.ends_with("it is a number from 0 to 2147483647"), "{message}");
    }

    #[test]
    fn what_needs_an_arena_contradicts_that_there_is_none() {
        for needs in [(SHRINKAGE, "cpu:0"), ("max_mem", "1")] {
            assert!(parse(&[needs, ("enable_cpu_mem_arena", "false")]).unwrap_err().contains("needs an arena"));
            assert!(parse(&[needs, ("enable_cpu_mem_arena", "true")]).is_ok());
        }
    }
}
