//! What a runtime lacks, and what goes wrong in threads.

use super::super::WorkError;
use super::fake::{Fake, Flaws};
use super::order::suite;

#[test]
fn what_a_runtime_does_not_have_is_incompatible_with_its_reason() {
    for (base, reason) in [("compile", "no again"), ("request", "no renew"), ("set-inputs", "no set[1, 3]")] {
        let fake = Fake::with(Flaws { lacks_extras: true, ..Flaws::default() });
        let mut work = fake.work(&suite(&format!("base = \"{base}\""))).unwrap();
        let error = work.iterate(1, &mut fake.clone()).unwrap_err();
        assert!(error.is_incompatible(), "{base}: {error}");
        assert_eq!(error.to_string(), format!("fake does not have this: {reason}"));
    }
}

#[test]
fn a_panic_in_a_thread_is_an_error_and_the_work_ends() {
    for base in ["infer-thread", "recompile-thread", "infer-concurrent", "concurrent"] {
        let fake = Fake::with(Flaws { panics_at: 3, ..Flaws::default() });
        let mut work = fake.work(&suite(&format!("base = \"{base}\""))).unwrap();
        let outcome = (1..=3).try_for_each(|iteration| work.iterate(iteration, &mut fake.clone()));
        assert!(matches!(outcome, Err(WorkError::Panicked)), "{base}: {outcome:?}");
        fake.calls();
        drop(work);
        assert!(fake.calls().ends_with("-runtime"), "{base}");
    }
}

#[test]
fn an_error_in_a_thread_is_the_iterations_own() {
    for base in ["infer-thread", "recompile-thread", "infer-concurrent", "concurrent"] {
        let fake = Fake::with(Flaws { fails_at: 3, ..Flaws::default() });
        let mut work = fake.work(&suite(&format!("base = \"{base}\""))).unwrap();
        let outcome = (1..=3).try_for_each(|iteration| work.iterate(iteration, &mut fake.clone()));
        let told = outcome.map_err(|error| error.to_string());
        assert_eq!(told, Err("fake failed to execute: planted".into()), "{base}");
    }
}

#[test]
fn threads_that_executed_a_round_with_an_error_execute_the_next_one() {
    let fake = Fake::with(Flaws { fails_at: 1, ..Flaws::default() });
    let mut work = fake.work(&suite("base = \"infer-concurrent\"")).unwrap();
    assert!(work.iterate(1, &mut fake.clone()).is_err());
    work.iterate(2, &mut fake.clone()).unwrap();
    assert_eq!(fake.log(|log| log.given.len()), 4);
}

#[test]
fn a_file_that_is_cut_short_is_cut_when_its_iteration_begins() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("net"), [7; 100]).unwrap();
    let length = || std::fs::metadata(folder.path().join("0/net")).unwrap().len();
    let fake = Fake::default();
    let text = suite("base = \"infer\"\nfault = { kind = \"truncate\", at = 2 }");
    let mut work = fake.work_in(&text, folder.path()).unwrap();
    work.iterate(1, &mut fake.clone()).unwrap();
    assert_eq!(length(), 100);
    work.iterate(2, &mut fake.clone()).unwrap();
    assert_eq!(length(), 0);
    assert_eq!(std::fs::metadata(folder.path().join("net")).unwrap().len(), 100, "the user's own file stays whole");
}
