//! `[arms.NAME]`: who owns `malloc` in the child, and its settings.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::case::{Allocator, ArmSpec, StepPoolSettings};
use super::error::hint;
use super::source::Flaw;
use super::value::{Setting, Text, Whole};

/// Allocators that have names.
const ALLOCATORS: [(&str, Allocator); 4] = [
    ("glibc", Allocator::Glibc),
    ("jemalloc", Allocator::Jemalloc),
    ("mimalloc", Allocator::Mimalloc),
    ("tcmalloc", Allocator::Tcmalloc),
];

/// Environment variables that highwater itself sets, and the key that an arm uses instead.
const RESERVED: [(&str, &str); 2] = [("GLIBC_TUNABLES", "tunables"), ("LD_PRELOAD", "library")];

/// A `[arms.NAME]` table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ArmFile {
    pub why: Option<Text>,
    allocator: Option<Spanned<Text>>,
    library: Option<Spanned<Text>>,
    #[serde(default)]
    tunables: BTreeMap<Text, Spanned<Setting>>,
    #[serde(default)]
    environment: BTreeMap<Text, Spanned<Setting>>,
    trim_every: Option<Spanned<Whole<1, { u64::MAX }>>>,
    step_pool: Option<bool>,
    start_statistic_step: Option<Spanned<Steps>>,
    stable_statistic_step: Option<Spanned<Steps>>,
    max_statistic_step: Option<Spanned<Steps>>,
}

/// A number of steps.
type Steps = Whole<0, { u64::MAX }>;

impl ArmFile {
    /// The arm that the table means; paths in it are relative to `base`.
    pub fn into_spec(self, name: &str, base: &Path) -> Result<ArmSpec, Flaw> {
        let allocator = self.allocator(base)?;
        self.check_effect(&allocator)?;
        let step_pool = self.step_pool()?;
        let tunables = self.tunables.into_iter().map(tunable).collect::<Result<_, _>>()?;
        let environment = self.environment.into_iter().map(variable).collect::<Result<_, _>>()?;
        Ok(ArmSpec {
            name: name.into(),
            why: self.why.map(|why| why.0).unwrap_or_default(),
            allocator,
            tunables,
            environment,
            trim_every: self.trim_every.map(|every| every.into_inner().0),
            step_pool,
        })
    }

    fn allocator(&self, base: &Path) -> Result<Allocator, Flaw> {
        let named = match (&self.allocator, &self.library) {
            (Some(_), Some(library)) => {
                let problem = "an arm has an `allocator` or a `library`, not both";
                return Err(Flaw::new(library.span().start, "library", problem));
            }
            (None, Some(library)) => return Ok(Allocator::Library(base.join(&library.get_ref().0))),
            (None, None) => return Ok(Allocator::Glibc),
            (Some(named), None) => named,
        };
        let word = named.get_ref().0.as_str();
        ALLOCATORS.into_iter().find(|(known, _)| *known == word).map(|(_, allocator)| allocator).ok_or_else(|| {
            let help = hint(word, ALLOCATORS.iter().map(|(known, _)| *known));
            let problem = format!("unknown allocator `{word}`{help} (another one is preloaded by `library`)");
            Flaw::new(named.span().start, "allocator", problem)
        })
    }

    /// The settings of a step pool, DeepRec's where the arm does not say. Without a pool they would do nothing.
    fn step_pool(&self) -> Result<Option<StepPoolSettings>, Flaw> {
        let told = [
            ("start_statistic_step", &self.start_statistic_step),
            ("stable_statistic_step", &self.stable_statistic_step),
            ("max_statistic_step", &self.max_statistic_step),
        ];
        if self.step_pool != Some(true) {
            return match told.iter().find_map(|(key, steps)| Some((key, steps.as_ref()?))) {
                Some((key, steps)) => {
                    Err(Flaw::new(steps.span().start, *key, "does nothing without `step_pool = true`"))
                }
                None => Ok(None),
            };
        }
        let [start, stable, max] = told.map(|(_, steps)| steps.as_ref().map(|steps| steps.get_ref().0));
        let default = StepPoolSettings::default();
        Ok(Some(StepPoolSettings {
            start: start.unwrap_or(default.start),
            stable: stable.unwrap_or(default.stable),
            max: max.unwrap_or(default.max),
        }))
    }

    /// Settings of glibc's malloc under another allocator would do nothing, and the arm would be called what it is not.
    /// A preloaded library may wrap glibc, so it is trusted.
    fn check_effect(&self, allocator: &Allocator) -> Result<(), Flaw> {
        let (Allocator::Jemalloc | Allocator::Mimalloc | Allocator::Tcmalloc) = allocator else { return Ok(()) };
        if let Some((key, value)) = self.tunables.iter().find(|(key, _)| is_malloc(&full_name(&key.0))) {
            let problem = "tunables of glibc's malloc do nothing under another allocator";
            return Err(Flaw::new(value.span().start, format!("tunables.{}", key.0), problem));
        }
        match &self.trim_every {
            Some(every) => {
                let problem = "`malloc_trim` belongs to glibc and does nothing under another allocator";
                Err(Flaw::new(every.span().start, "trim_every", problem))
            }
            None => Ok(()),
        }
    }
}

/// `arena_max` is short for `glibc.malloc.arena_max`.
fn full_name(key: &str) -> String {
    if key.contains('.') { key.into() } else { format!("glibc.malloc.{key}") }
}

fn is_malloc(tunable: &str) -> bool {
    tunable.starts_with("glibc.malloc.")
}

/// Name and value both become part of `GLIBC_TUNABLES`, where a stray `:` or `=` would make another setting.
fn tunable((key, value): (Text, Spanned<Setting>)) -> Result<(String, String), Flaw> {
    let part = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    let offset = value.span().start;
    let setting = value.into_inner().0;
    if !part(&key.0) || !part(&setting) {
        let problem = format!("`{}={setting}` is not a tunable: use ASCII letters, digits, `.`, `_` and `-`", key.0);
        return Err(Flaw::new(offset, format!("tunables.{}", key.0), problem));
    }
    Ok((full_name(&key.0), setting))
}

/// An environment variable that a child gets.
pub(super) fn variable((key, value): (Text, Spanned<Setting>)) -> Result<(String, String), Flaw> {
    let flaw = |problem: String| Flaw::new(value.span().start, format!("environment.{}", key.0), problem);
    if let Some((_, instead)) = RESERVED.iter().find(|(reserved, _)| *reserved == key.0) {
        return Err(flaw(format!("set by highwater itself: use `{instead}`")));
    }
    if key.0.starts_with("HIGHWATER_") {
        return Err(flaw("set by highwater itself".into()));
    }
    let mut characters = key.0.chars();
    let starts = characters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    if !starts || !characters.all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err(flaw(format!("`{}` is not the name of an environment variable", key.0)));
    }
    Ok((key.0, value.into_inner().0))
}
