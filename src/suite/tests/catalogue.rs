//! The compiled-in catalogue: everything that the design names is there, says why, and fits its name.

use super::super::catalogue::{CATALOGUE, catalogue};
use super::super::settings::Settings;
use super::super::{Allocator, BaseWork, Case, DEFAULT_ARMS, Fault, ModelSource, is_name};
use super::read;

#[test]
fn the_catalogue_reads_and_has_no_cases_or_settings_of_its_own() {
    let file = CATALOGUE.read().unwrap_or_else(|error| panic!("{error}"));
    assert!(file.case.is_empty());
    assert_eq!(Settings::from(&file), Settings::default());
}

#[test]
fn every_entry_says_why_and_is_called_what_its_key_says() {
    let catalogue = catalogue();
    let models = catalogue.models.iter().map(|(key, entry)| (key, &entry.spec.name, &entry.why));
    let runtimes = catalogue.runtimes.iter().map(|(key, entry)| (key, &entry.spec.name, &entry.why));
    let workloads = catalogue.workloads.iter().map(|(key, entry)| (key, &entry.spec.name, &entry.why));
    let arms = catalogue.arms.iter().map(|(key, entry)| (key, &entry.spec.name, &entry.why));
    for (key, name, why) in models.chain(runtimes).chain(workloads).chain(arms) {
        assert_eq!(key, name);
        assert!(is_name(name), "{name}");
        let starts = why.starts_with(|c: char| c.is_alphanumeric() || c == '`');
        assert!(starts && why.ends_with('.'), "{name}: {why}");
    }
    assert!(catalogue.arms.values().all(|entry| entry.spec.why == entry.why));
}

#[test]
fn every_entry_can_be_run() {
    for (name, entry) in &catalogue().workloads {
        let model = match entry.spec.base {
            BaseWork::Nothing | BaseWork::Program => "none",
            BaseWork::Switch => "service",
            _ => "mlp-small",
        };
        let runtime = if entry.spec.base == BaseWork::Program { "mine" } else { "auto" };
        let text = format!(
            "[runtimes.mine]\nengine = \"program\"\ncommand = [\"true\"]\n\
             [[case]]\nmodel = \"{model}\"\nruntime = \"{runtime}\"\nworkload = \"{name}\"\n"
        );
        read(&text).unwrap_or_else(|error| panic!("{error}"));
    }
    let list = |names: Vec<&String>| format!("{names:?}");
    let models = list(catalogue().models.keys().collect());
    let runtimes = list(catalogue().runtimes.keys().collect());
    let arms = list(catalogue().arms.keys().collect());
    // All at once would be more cases than a suite may have.
    let cases = |keys: &str| read(&format!("[[case]]\nworkload = \"nothing\"\n{keys}\n")).unwrap().cases.len();
    assert_eq!(
        cases(&format!("model = {models}\nruntime = {runtimes}")),
        catalogue().models.len() * catalogue().runtimes.len()
    );
    assert_eq!(cases(&format!("arm = {arms}")), catalogue().arms.len());
}

#[test]
fn the_arms_of_the_design_are_there() {
    let told: Vec<_> = catalogue()
        .arms
        .values()
        .map(|entry| {
            let arm = &entry.spec;
            let mut told = vec![arm.name.clone(), format!("{:?}", arm.allocator).to_lowercase()];
            told.extend(arm.tunables.iter().chain(&arm.environment).map(|(key, value)| format!("{key}={value}")));
            told.extend(arm.trim_every.map(|every| format!("trim every {every}")));
            told.extend(arm.step_pool.map(|pool| format!("{pool:?}")));
            told.join(" ")
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    arena-max-1 glibc glibc.malloc.arena_max=1
    arena-max-2 glibc glibc.malloc.arena_max=2
    exact-live glibc glibc.malloc.tcache_count=0 PYTHONMALLOC=malloc
    glibc glibc
    hugetlb glibc glibc.malloc.hugetlb=1
    hugetlb-reserved glibc glibc.malloc.hugetlb=2
    jemalloc jemalloc
    jemalloc-background jemalloc MALLOC_CONF=background_thread:true
    jemalloc-decay-0 jemalloc MALLOC_CONF=dirty_decay_ms:0,muzzy_decay_ms:0
    jemalloc-deeprec jemalloc MALLOC_CONF=background_thread:true,metadata_thp:auto,dirty_decay_ms:20000,muzzy_decay_ms:20000
    jemalloc-exact jemalloc MALLOC_CONF=tcache:false PYTHONMALLOC=malloc
    mimalloc mimalloc
    mimalloc-purge-0 mimalloc MIMALLOC_PURGE_DELAY=0
    mmap-threshold-128k glibc glibc.malloc.mmap_threshold=131072
    mmap-threshold-1m glibc glibc.malloc.mmap_threshold=1048576
    mmap-threshold-env glibc MALLOC_MMAP_THRESHOLD_=1048576
    quiet-heap glibc glibc.malloc.mmap_threshold=131072 glibc.malloc.tcache_count=0 glibc.malloc.trim_threshold=131072
    step-pool glibc StepPoolSettings { start: 100, stable: 10, max: 100 }
    step-pool-early glibc StepPoolSettings { start: 2, stable: 3, max: 20 }
    tcmalloc tcmalloc
    top-pad-64m glibc glibc.malloc.top_pad=67108864
    trim glibc trim every 1
    trim-10 glibc trim every 10
    trim-threshold-64k glibc glibc.malloc.trim_threshold=65536
    ");
    for name in DEFAULT_ARMS {
        assert!(catalogue().arms.contains_key(name), "{name}");
    }
}

#[test]
fn planted_faults_need_no_model_unless_they_are_about_one() {
    for entry in catalogue().workloads.values() {
        let workload = &entry.spec;
        let about_models =
            matches!(workload.fault, Some(Fault::Truncate { .. })) || workload.name.starts_with("recompile");
        assert_eq!(
            workload.fault.is_none() || about_models,
            workload.base != BaseWork::Nothing || workload.name == "nothing",
            "{}",
            workload.name
        );
    }
    assert_eq!(catalogue().models["none"].spec.source, ModelSource::None);
    assert_eq!(catalogue().arms["glibc"].spec.allocator, Allocator::Glibc);
}

#[test]
fn a_case_moves_to_another_arm_with_its_identifier() {
    let suite = read("[[case]]\nworkload = \"nothing\"\n").unwrap();
    let case: Case = suite.cases[0].under(&suite.catalogue.arms["trim"].spec);
    assert_eq!(case.id, "none.auto.nothing.trim.t1");
}
