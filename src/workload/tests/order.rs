//! Which calls each workload makes, how often and in which order.

use std::thread;

use super::fake::{Fake, Flaws};

/// A suite of one case whose workload has this base and these keys.
pub fn suite(workload: &str) -> String {
    format!(
        "[models.net]\nfile = \"net\"\ninputs = {{ x = \"f32[1,3]\", rate = \"i64[]=16000\" }}\n\
         [workloads.it]\n{workload}\n[[case]]\nmodel = \"net\"\nworkload = \"it\"\nthreads = 2\n"
    )
}

/// What a workload does to a runtime: one line each when it is set up, in each of two iterations, and at the end.
fn calls(workload: &str) -> String {
    let fake = Fake::default();
    let mut work = fake.work(&suite(workload)).unwrap();
    let mut lines = vec![fake.calls()];
    for iteration in 1..=2 {
        work.iterate(iteration, &mut fake.clone()).unwrap();
        lines.push(fake.calls());
    }
    drop(work);
    lines.push(fake.calls());
    lines.join("\n")
}

#[test]
fn core_opens_a_runtime_in_every_iteration_and_drops_it_last() {
    insta::assert_snapshot!(calls("base = \"core\""), @r"
    open2[1, 3] -runtime
    <load> open2[1, 3] load <prepare> prepare <> <execute> execute[1, 3] memory <drop> -prepared -runtime
    <load> open2[1, 3] load <prepare> prepare <> <execute> execute[1, 3] memory <drop> -prepared -runtime
    ");
}

#[test]
fn read_loads_and_drops() {
    insta::assert_snapshot!(calls("base = \"read\""), @r"
    open2[1, 3]
    <load> load <drop> -loaded
    <load> load <drop> -loaded
    -runtime
    ");
}

#[test]
fn compile_loads_once_and_prepares_every_time() {
    insta::assert_snapshot!(calls("base = \"compile\""), @r"
    open2[1, 3]
    <load> load <prepare> again <drop> -prepared
    <prepare> again <drop> -prepared
    -loaded -runtime
    ");
}

#[test]
fn recompile_and_reload_begin_anew_with_the_same_runtime() {
    insta::assert_snapshot!(calls("base = \"recompile\""), @r"
    open2[1, 3]
    <load> load <prepare> prepare <> <execute> execute[1, 3] memory <drop> -prepared
    <load> load <prepare> prepare <> <execute> execute[1, 3] memory <drop> -prepared
    -runtime
    ");
    insta::assert_snapshot!(calls("base = \"reload\""), @r"
    open2[1, 3]
    <load> load <prepare> prepare <drop> -prepared
    <load> load <prepare> prepare <drop> -prepared
    -runtime
    ");
    insta::assert_snapshot!(calls("base = \"recompile-thread\""), @r"
    open2[1, 3]
    <load> load <prepare> prepare <> <execute> execute[1, 3] memory <drop> -prepared <>
    <load> load <prepare> prepare <> <execute> execute[1, 3] memory <drop> -prepared <>
    -runtime
    ");
}

#[test]
fn what_is_prepared_once_is_executed_ever_after() {
    insta::assert_snapshot!(calls("base = \"infer\""), @r"
    open2[1, 3]
    <load> load <prepare> prepare <> <execute> execute[1, 3] memory
    <> <execute> execute[1, 3] memory
    -prepared -runtime
    ");
    insta::assert_snapshot!(calls("base = \"infer-thread\""), @r"
    open2[1, 3]
    <load> load <prepare> prepare <> <execute> execute[1, 3] memory <>
    <> <execute> execute[1, 3] memory <>
    -prepared -runtime
    ");
    insta::assert_snapshot!(calls("base = \"request\""), @r"
    open2[1, 3]
    <load> load <prepare> prepare <prepare> renew <> <execute> execute[1, 3] memory
    <prepare> renew <> <execute> execute[1, 3] memory
    -prepared -runtime
    ");
    insta::assert_snapshot!(calls("base = \"set-inputs\""), @r"
    open2[1, 3]
    <load> load <prepare> prepare <> <execute> set[1, 3] memory
    <> <execute> set[1, 3] memory
    -prepared -runtime
    ");
}

#[test]
fn each_thread_that_executes_at_once_has_a_model_of_its_own() {
    insta::assert_snapshot!(calls("base = \"infer-concurrent\""), @r"
    open1[1, 3]
    <load> load <prepare> prepare <load> load <prepare> prepare <> <execute> execute[1, 3] execute[1, 3]
    <> <execute> execute[1, 3] execute[1, 3]
    -prepared -prepared -runtime
    ");
}

#[test]
fn a_model_that_must_fail_to_load_is_never_executed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("net"), [7; 100]).unwrap();
    let fake = Fake::default();
    let mut work = fake.work_in(&suite("base = \"reject\"\nkind = \"empty\""), folder.path()).unwrap();
    let error = work.iterate(1, &mut fake.clone()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the model loads although its file is empty: `reject` needs a model that fails to load"
    );
    insta::assert_snapshot!(fake.calls(), @"open2[1, 3] <load> load <prepare> prepare -prepared");
}

#[test]
fn every_iteration_has_a_thread_of_its_own_where_it_is_to_have_one() {
    let threads = |base: &str| {
        let fake = Fake::default();
        let mut work = fake.work(&suite(&format!("base = \"{base}\""))).unwrap();
        (1..=3).for_each(|iteration| work.iterate(iteration, &mut fake.clone()).unwrap());
        fake.log(|log| log.threads.clone())
    };
    let here = thread::current().id();
    for base in ["infer-thread", "recompile-thread"] {
        let threads = threads(base);
        // The numbers of threads never come again within a process.
        assert!(threads.len() == 3 && !threads.contains(&here), "{base}: {threads:?}");
        assert!(threads[0] != threads[1] && threads[1] != threads[2], "{base}: {threads:?}");
    }
    for base in ["infer", "recompile", "core", "request"] {
        assert_eq!(threads(base), [here; 3], "{base}");
    }
}

#[test]
fn the_same_threads_execute_at_once_in_every_iteration() {
    let fake = Fake::with(Flaws { meets: 2, ..Flaws::default() });
    let mut work = fake.work(&suite("base = \"infer-concurrent\"")).unwrap();
    (1..=3).for_each(|iteration| work.iterate(iteration, &mut fake.clone()).unwrap());
    let threads = fake.log(|log| log.threads.clone());
    let sorted = |pair: &[thread::ThreadId]| {
        let mut names: Vec<_> = pair.iter().map(|thread| format!("{thread:?}")).collect();
        names.sort();
        names
    };
    let pairs: Vec<_> = threads.chunks(2).map(sorted).collect();
    assert!(pairs.len() == 3 && pairs[0] == pairs[1] && pairs[1] == pairs[2], "{pairs:?}");
    assert!(pairs[0][0] != pairs[0][1] && !threads.contains(&thread::current().id()), "{pairs:?}");
}
