//! Programs that speak highwater's protocol: `engine = "program"`, and the command line's `--exec`.

use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;

use super::arms::variable;
use super::case::{Engine, ModelSource, ModelSpec, ProgramSpec, RuntimeSpec};
use super::file::RuntimeFile;
use super::source::Flaw;
use super::value::{Setting, Text, to_name};
use super::workload::{BaseWork, WorkloadSpec};

/// What variables begin with that change an allocator.
const ALLOCATOR_PREFIXES: [&str; 5] = ["MALLOC_", "MIMALLOC_", "TCMALLOC_", "GLIBC_TUNABLES", "LD_PRELOAD"];

/// The program that a `[runtimes.NAME]` table at `offset` describes, started with `environment`; absent for all other engines,
/// which have neither `command` nor `environment`.
pub(super) fn program(
    table: &RuntimeFile,
    environment: Option<Spanned<BTreeMap<Text, Spanned<Setting>>>>,
    engine: Engine,
    offset: usize,
    base: &Path,
) -> Result<Option<ProgramSpec>, Flaw> {
    let place = table.command.as_ref().map(|command| command.span().start);
    if engine != Engine::Program {
        let variables = environment.map(|environment| ("environment", environment.span().start));
        return match place.map(|place| ("command", place)).or(variables) {
            Some((key, place)) => Err(Flaw::new(place, key, "is for the engine `program`")),
            None => Ok(None),
        };
    }
    let environment = environment.map(Spanned::into_inner).unwrap_or_default();
    let environment = environment.into_iter().map(own_variable).collect::<Result<_, _>>()?;
    let others = [
        ("library", table.library.as_ref().map(|library| library.span().start)),
        ("options", table.options.as_ref().map(|options| options.span().start)),
    ];
    let all = table.own_keys().into_iter().chain(others);
    if let Some((key, place)) = all.into_iter().find_map(|(key, place)| Some((key, place?))) {
        return Err(Flaw::new(place, key, "means nothing to a program: give it arguments in `command`"));
    }
    let command: Vec<String> =
        table.command.iter().flat_map(|command| command.get_ref()).map(|word| word.0.clone()).collect();
    match command.first() {
        Some(first) if !first.is_empty() => Ok(Some(ProgramSpec { command, folder: base.to_owned(), environment })),
        _ => {
            let problem = "missing: a program and its arguments, as in `[\"python3\", \"service.py\"]`";
            Err(Flaw::new(place.unwrap_or(offset), "command", problem))
        }
    }
}

/// A variable that a program needs under every arm, so that no allocator may read it.
fn own_variable((key, value): (Text, Spanned<Setting>)) -> Result<(String, String), Flaw> {
    if ALLOCATOR_PREFIXES.iter().any(|prefix| key.0.starts_with(prefix)) {
        let problem = "is a setting of an allocator: it belongs to an arm (`[arms.NAME]`)";
        return Err(Flaw::new(value.span().start, format!("environment.{}", key.0), problem));
    }
    variable((key, value))
}

/// The runtime that a command line is, called after the file that it runs.
pub(super) fn runtime_of(command: Vec<String>) -> RuntimeSpec {
    let name = program_name(&command);
    let program = Some(ProgramSpec { command, ..ProgramSpec::default() });
    RuntimeSpec { program, ..RuntimeSpec::as_it_comes(&name, Engine::Program) }
}

/// What programs are called that run others, but for a version: what they run is of interest.
const LAUNCHERS: [&str; 14] = [
    "bash", "env", "java", "nice", "node", "numactl", "perl", "pypy", "python", "ruby", "sh", "stdbuf", "taskset",
    "time",
];

/// `service` for `python3 service.py`, `python3` for `python3 -m service`: behind a launcher the first word that is a file,
/// otherwise the program.
fn program_name(command: &[String]) -> String {
    let stem = |word: &String| Path::new(word).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let runs_others = |word: &&String| {
        let name = Path::new(word).file_name().unwrap_or_default().to_string_lossy();
        LAUNCHERS.contains(&name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.'))
    };
    let first = command.first();
    let launched = || command.iter().find(|word| !runs_others(word) && Path::new(word).is_file());
    let file = first.filter(runs_others).and_then(|_| launched()).or(first);
    to_name(&file.map(stem).unwrap_or_default())
}

/// The words of a command line: blanks separate them; quotes and backslashes are a shell's. There are no variables, patterns
/// or redirections: `sh -c '…'` has them.
pub(super) fn words(text: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut characters = text.chars();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, '\\') => word.get_or_insert_default().push(characters.next().ok_or("ends with a backslash")?),
            (Some('"'), '\\') => match characters.next() {
                Some(escaped @ ('"' | '\\' | '$' | '`')) => word.get_or_insert_default().push(escaped),
                Some(other) => word.get_or_insert_default().extend(['\\', other]),
                None => return Err("has a quote that is not closed"),
            },
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err("has a quote that is not closed");
    }
    words.extend(word);
    match words.first() {
        Some(first) if !first.is_empty() => Ok(words),
        _ => Err("names no program"),
    }
}

/// What is wrong with a workload for a runtime: a program does its own work, and all others do highwater's.
pub(super) fn check_program(runtime: &RuntimeSpec, workload: &WorkloadSpec, model: &ModelSpec) -> Option<String> {
    let (name, work) = (&runtime.name, &workload.name);
    match (runtime.engine == Engine::Program, workload.base == BaseWork::Program) {
        (true, false) => {
            Some(format!("`{name}` is a program, which does its own work and not `{work}`: use `program`"))
        }
        (false, true) => {
            Some(format!("the workload `{work}` is what a program does, and the runtime `{name}` is none"))
        }
        (true, true) if matches!(model.source, ModelSource::Sequence(_)) => {
            Some(format!("the program `{name}` gets one model, and `{}` is a sequence", model.name))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_divided_as_a_shell_divides_them() {
        let told = |text: &str| words(text).map(|words| words.join("|"));
        assert_eq!(told("python3 service.py --flag"), Ok("python3|service.py|--flag".into()));
        assert_eq!(told("  a  'b c'd \"e 'f'\" '' "), Ok("a|b cd|e 'f'|".into()));
        assert_eq!(told(r#"a\ b "\"\n\\" '\'"#), Ok(r#"a b|"\n\|\"#.into()));
        for (text, problem) in [
            ("", "names no"),
            ("''", "names no"),
            ("a 'b", "not closed"),
            ("a \"b\\", "not closed"),
            ("a\\", "backslash"),
        ] {
            assert!(told(text).unwrap_err().contains(problem), "{text}");
        }
    }

    #[test]
    fn a_program_is_called_after_the_file_that_it_runs() {
        let name = |words: &[&str]| program_name(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(name(&["python3", "-X", "dev", "Cargo.toml", "README.md"]), "Cargo");
        assert_eq!(name(&["/usr/bin/env", "A=1", "/usr/bin/python3.11", "README.md"]), "README");
        assert_eq!(name(&["/usr/bin/my.service", "README.md"]), "my");
        assert_eq!(name(&["python3", "-m", "service"]), "python3");
        // Planted: scripts that are called as launchers are, but for their ending.
        let folder = tempfile::tempdir().unwrap();
        for script in ["env.py", "time.sh", "node3.js"] {
            let path = folder.path().join(script);
            std::fs::write(&path, "").unwrap();
            let stem = script.split_once('.').unwrap().0;
            assert_eq!(name(&["python3", &path.to_string_lossy()]), stem);
            assert_eq!(name(&[&path.to_string_lossy(), "README.md"]), stem);
        }
    }
}
