//! Models that take turns.

use std::path::{Path, PathBuf};

use super::super::{Action, CacheEvent, Phase, Phases, Work, WorkError};
use super::Silent;
use crate::model::{resolve, with_known_inputs};
use crate::suite::Case;

/// A case that switches between two models, and their files in a folder of their own.
fn switching(workload: &str, folder: &Path) -> (Case, Vec<PathBuf>) {
    let text = format!("[[case]]\nmodel = \"mlp-small+ppocr-cls\"\nworkload = \"{workload}\"\n");
    let mut case = crate::suite::parse("suite.toml", &text, Path::new("")).unwrap().cases.remove(0);
    case.model = with_known_inputs(&case.model).unwrap();
    let files = resolve(&case.model, folder).unwrap();
    (case, files)
}

#[test]
fn models_take_turns_and_the_one_that_fails_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (case, files) = switching("recompile", folder.path());
    let mut work = Work::set_up(&case, &files, folder.path()).unwrap();
    std::fs::write(&files[1], "no model").unwrap();
    let outcomes = (1..=4).map(|iteration| work.iterate(iteration, &mut Silent));
    let told: Vec<_> = outcomes.map(|outcome| outcome.map_err(|error| crate::error::chain(&error))).collect();
    assert!(told[0].is_ok() && told[2].is_ok(), "{told:?}");
    for error in [&told[1], &told[3]] {
        assert!(error.as_ref().is_err_and(|told| told.starts_with("model `ppocr-cls`: embedded rejects")), "{told:?}");
    }
}

#[test]
fn each_model_of_a_sequence_is_prepared_once_and_executed_ever_after() {
    let folder = tempfile::tempdir().unwrap();
    let (case, files) = switching("infer", folder.path());
    let mut work = Work::set_up(&case, &files, folder.path()).unwrap();
    work.iterate(1, &mut Silent).unwrap();
    work.iterate(2, &mut Silent).unwrap();
    files.iter().for_each(|file| std::fs::remove_file(file).unwrap());
    work.iterate(3, &mut Silent).unwrap();
    work.iterate(4, &mut Silent).unwrap();
}

/// Keeps the phases and what the cache did, in short: `P` for each of prepare, `E` for each of execute, `+0` for a load of
/// model 0, `-0` when it goes.
#[derive(Default)]
struct Told(String);

impl Phases for Told {
    fn enter(&mut self, phase: Phase) {
        match phase {
            Phase::Prepare => self.0.push('P'),
            Phase::Execute => self.0.push('E'),
            Phase::Load | Phase::Drop => {}
        }
    }

    fn cached(&mut self, event: &CacheEvent) {
        let sign = if event.action == Action::Load { '+' } else { '-' };
        self.0.push_str(&format!("{sign}{}", event.model));
    }
}

fn switches(workload: &str, iterations: u64, folder: &Path) -> (String, String) {
    let (mut case, files) = switching("switch", folder);
    let text = format!(
        "[workloads.a]\nbase = \"switch\"\n{workload}\n[[case]]\nmodel = \"mlp-small+ppocr-cls\"\nworkload = \"a\"\n"
    );
    case.workload = crate::suite::parse("suite.toml", &text, Path::new("")).unwrap().cases.remove(0).workload;
    let mut work = Work::set_up(&case, &files, folder).unwrap();
    let mut told = Told::default();
    for iteration in 1..=iterations {
        work.iterate(iteration, &mut told).unwrap();
        told.0.push(' ');
    }
    let note = work.finish(&mut told).remove(0);
    (told.0, note)
}

#[test]
fn a_switch_loads_what_the_cache_has_not_and_empties_it_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let (told, note) = switches("budget = \"60%\"", 4, folder.path());
    assert_eq!(told, "P+0E -0P+1E -1P+0E -0P+1E -1");
    assert!(note.contains("4 switches, 0 hits, 4 misses, 3 evictions; at most 586 kB of"), "{note}");
    let (told, note) = switches("budget = \"100%\"", 4, folder.path());
    assert_eq!(told, "P+0E P+1E E E -0-1");
    assert!(note.contains("4 switches, 2 hits, 2 misses, 0 evictions"), "{note}");
    let (told, note) = switches("budget = 1", 2, folder.path());
    assert_eq!(told, "P+0E -0P+1E -1");
    assert!(note.contains("2 loads over the budget"), "{note}");
}

#[test]
fn every_cycle_of_a_random_order_has_each_model_once() {
    let folder = tempfile::tempdir().unwrap();
    let (told, _) = switches("order = \"random\"\nbudget = 1", 40, folder.path());
    let loads: Vec<&str> = told.split('+').skip(1).map(|rest| &rest[..1]).collect();
    assert_eq!(loads.len() as u64, told.matches('P').count() as u64);
    // A model that comes twice in a row, at the end of one cycle and the begin of the next, is a hit.
    assert!((21..40).contains(&loads.len()), "{told}");
    assert_eq!(switches("order = \"random\"\nbudget = 1", 40, folder.path()).0, told, "the order is seeded");
}

#[test]
fn a_model_that_fails_to_load_out_of_a_cache_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (case, files) = switching("switch", folder.path());
    let mut work = Work::set_up(&case, &files, folder.path()).unwrap();
    std::fs::write(&files[1], "no model").unwrap();
    work.iterate(1, &mut Silent).unwrap();
    let error = work.iterate(2, &mut Silent).unwrap_err();
    assert!(crate::error::chain(&error).starts_with("model `ppocr-cls`: embedded rejects"), "{error}");
    work.iterate(3, &mut Silent).unwrap();
    assert!(work.finish(&mut Silent)[0].contains("1 loads that failed"));
}

#[test]
fn every_model_of_a_sequence_can_be_damaged_and_none_is_damaged_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let (case, files) = switching("reject", folder.path());
    let lengths = || files.iter().map(|file| std::fs::metadata(file).unwrap().len()).collect::<Vec<_>>();
    let before = lengths();
    let mut work = Work::set_up(&case, &files, scratch.path()).unwrap();
    (1..=4).for_each(|iteration| work.iterate(iteration, &mut Silent).unwrap());
    assert_eq!(lengths(), before);
}

#[test]
fn a_model_without_its_file_is_no_model() {
    let folder = tempfile::tempdir().unwrap();
    let (case, files) = switching("recompile", folder.path());
    for files in [&files[..1], &[]] {
        assert!(matches!(Work::set_up(&case, files, folder.path()), Err(WorkError::NoModel(_))));
    }
}
