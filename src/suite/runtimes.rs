//! `[runtimes.NAME]` tables.

use std::path::Path;

use toml::Spanned;

use super::case::{Engine, Planner, Release, ReleaseWhen, RuntimeSpec, Weights, WeightsStrategy};
use super::file::RuntimeFile;
use super::program::program;
use super::source::Flaw;
use super::value::{Plain, Text};

impl RuntimeFile {
    /// The runtime that the table at `offset` describes: [as it comes](RuntimeSpec::as_it_comes), but for what the table says.
    /// `auto` has the choices that `embedded` and rten both have.
    pub(super) fn into_spec(mut self, name: &str, offset: usize, base: &Path) -> Result<RuntimeSpec, Flaw> {
        let Some(engine) = self.engine else {
            return Err(Flaw::new(
                offset,
                "engine",
                "missing; use `auto`, `embedded`, `rten`, `openvino`, `onnxruntime`, `litert`, `onert` or `program`",
            ));
        };
        let environment = self.environment.take();
        let program = program(&self, environment, engine, offset, base)?;
        self.check(engine)?;
        let plain = RuntimeSpec::as_it_comes(name, engine);
        let own = plain.weights;
        Ok(RuntimeSpec {
            weights: Weights {
                strategy: value(&self.weights, own.strategy),
                release: value(&self.release, own.release),
                release_when: value(&self.release_when, own.release_when),
                strict: value(&self.strict, own.strict),
                prefault: value(&self.prefault, own.prefault),
            },
            prepack: value(&self.prepack, plain.prepack),
            optimize: value(&self.optimize, plain.optimize),
            compile_threads: self.compile_threads.map(|threads| threads.into_inner().0 as u32),
            planner: value(&self.planner, plain.planner),
            library: self.library.map(|library| base.join(library.into_inner().0)),
            options: self.options.map(Spanned::into_inner).unwrap_or_default().into_iter().map(option).collect(),
            program,
            ..plain
        })
    }

    /// The keys of runtimes inside highwater, and where each of them stands.
    pub(super) fn own_keys(&self) -> [(&'static str, Option<usize>); 9] {
        fn place<T>(value: &Option<Spanned<T>>) -> Option<usize> {
            value.as_ref().map(|value| value.span().start)
        }
        [
            ("weights", place(&self.weights)),
            ("release", place(&self.release)),
            ("release_when", place(&self.release_when)),
            ("strict", place(&self.strict)),
            ("prefault", place(&self.prefault)),
            ("prepack", place(&self.prepack)),
            ("optimize", place(&self.optimize)),
            ("compile_threads", place(&self.compile_threads)),
            ("planner", place(&self.planner)),
        ]
    }

    /// Refuses what the engine does not have and what contradicts itself.
    fn check(&self, engine: Engine) -> Result<(), Flaw> {
        let strategy = value(&self.weights, WeightsStrategy::Copy);
        let is_mapped = matches!(strategy, WeightsStrategy::Map | WeightsStrategy::MapTensor);
        if engine.is_built_in() {
            only_loaded(&self.library, "library")?;
            only_loaded(&self.options, "options")?;
        } else if let Some((key, offset)) = self.own_keys().into_iter().find_map(|(key, place)| Some((key, place?))) {
            let problem = "is for the runtimes inside highwater; this one has its own `options`";
            return Err(Flaw::new(offset, key, problem));
        }
        if engine != Engine::Embedded {
            only_embedded(&self.weights, "weights", |weights| {
                matches!(weights, WeightsStrategy::Copy | WeightsStrategy::Map)
            })?;
            only_embedded(&self.release, "release", |release| matches!(release, Release::Keep | Release::Dontneed))?;
            only_embedded(&self.release_when, "release_when", |when| *when == ReleaseWhen::End)?;
            only_embedded(&self.strict, "strict", |strict| !strict)?;
            only_embedded(&self.prefault, "prefault", |prefault| !prefault)?;
            only_embedded(&self.compile_threads, "compile_threads", |_| false)?;
            only_embedded(&self.planner, "planner", |planner| *planner == Planner::None)?;
            if let Some(release) =
                self.release.as_ref().filter(|release| *release.get_ref() != Release::Keep && !is_mapped)
            {
                let problem = "rten owns the copies; only mapped weights (`weights = \"map\"`) can be released";
                return Err(Flaw::new(release.span().start, "release", problem));
            }
        }
        if let Some(prefault) = self.prefault.as_ref().filter(|prefault| *prefault.get_ref() && !is_mapped) {
            let problem =
                "there is nothing to bring in where weights are copied: use `weights = \"map\"` or `\"map-tensor\"`";
            return Err(Flaw::new(prefault.span().start, "prefault", problem));
        }
        if let Some(strict) = self.strict.as_ref().filter(|strict| *strict.get_ref())
            && (!is_mapped || self.release.as_ref().is_some_and(|release| *release.get_ref() == Release::Keep))
        {
            let problem = "only mapped weights that are released can be made inaccessible";
            return Err(Flaw::new(strict.span().start, "strict", problem));
        }
        Ok(())
    }
}

/// An option as the runtime gets it.
fn option((name, value): (Text, Plain)) -> (String, String) {
    (name.0, value.0)
}

/// Refuses a key that only runtimes have that are loaded at run time.
fn only_loaded<T>(given: &Option<Spanned<T>>, key: &str) -> Result<(), Flaw> {
    match given {
        Some(given) => {
            Err(Flaw::new(given.span().start, key, "is for runtimes that are loaded at run time; this one is built in"))
        }
        None => Ok(()),
    }
}

fn value<T: Copy>(given: &Option<Spanned<T>>, default: T) -> T {
    given.as_ref().map_or(default, |given| *given.get_ref())
}

fn only_embedded<T>(given: &Option<Spanned<T>>, key: &str, has: impl Fn(&T) -> bool) -> Result<(), Flaw> {
    match given {
        Some(given) if !has(given.get_ref()) => {
            Err(Flaw::new(given.span().start, key, "rten has no such choice; the engine `embedded` has"))
        }
        _ => Ok(()),
    }
}
