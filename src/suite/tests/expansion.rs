//! What tables become: order, defaults, layers of settings, names over the catalogue.

use std::path::PathBuf;
use std::time::Duration;

use super::super::{
    Allocator, Architecture, BUILT_IN, BaseWork, Beside, Expectation, Fault, Judging, Limits, ModelSource, Recipe,
    Schedule, WeightsPlacement, load, open,
};
use super::{ids, read};

#[test]
fn tables_expand_in_a_stable_order() {
    let suite = read(
        "[[case]]
         model = [\"mlp-small\", \"ppocr-cls\"]
         runtime = [\"rten-map\", \"rten\"]
         workload = [\"reload\", \"infer\"]
         arm = [\"trim\", \"glibc\"]
         threads = [2, 1]
         [[case]]
         workload = \"nothing\"",
    )
    .unwrap();
    let ids = ids(&suite);
    assert_eq!(ids.len(), 33);
    assert_eq!(
        ids[..5],
        [
            "mlp-small.rten-map.reload.trim.t2",
            "mlp-small.rten-map.reload.trim.t1",
            "mlp-small.rten-map.reload.glibc.t2",
            "mlp-small.rten-map.reload.glibc.t1",
            "mlp-small.rten-map.infer.trim.t2",
        ]
    );
    assert_eq!(ids[8], "mlp-small.rten.reload.trim.t2");
    assert_eq!(ids[16], "ppocr-cls.rten-map.reload.trim.t2");
    assert_eq!(ids[32], "none.auto.nothing.glibc.t1");
}

#[test]
fn defaults_are_those_of_the_documentation() {
    let suite = read("[[case]]\nworkload = \"nothing\"\n").unwrap();
    let case = &suite.cases[0];
    let limits = Limits {
        iterations: 120,
        until_decided: false,
        time: None,
        iteration_time: Duration::from_secs(60),
        memory_bytes: None,
    };
    assert_eq!(case.limits, limits);
    let judging = Judging { settle: 50, tolerance: 1024.0, cycle: 1, resident: true, early_stop: true };
    assert_eq!(case.judging, judging);
    assert_eq!(case.expect, [Expectation::Stable, Expectation::Plateau]);
    assert_eq!(case.beside, Beside { core: true, counterfactual: 3 });
    assert_eq!((case.threads, case.seed, suite.replicates), (1, 1, 1));
    assert_eq!(case.model.source, ModelSource::None);
    assert_eq!((suite.name.as_str(), suite.description.as_str(), suite.path), ("suite-toml", "", None));
}

#[test]
fn a_table_goes_over_the_top_level() {
    let suite = read(
        "description = \"layers\"
         replicates = 3
         iterations = 5
         time = \"2m\"
         iteration_time = \"1s\"
         memory = \"1 GiB\"
         threads = 2
         settle = 3
         tolerance = \"2 KiB\"
         cycle = 2
         resident = false
         early_stop = false
         until_decided = true
         core = false
         counterfactual = 0
         seed = 9
         expect = \"leak\"
         [[case]]
         workload = \"nothing\"
         [[case]]
         workload = \"nothing\"
         iterations = 6
         time = \"3m\"
         iteration_time = \"4s\"
         memory = 1000
         threads = 3
         settle = 4
         tolerance = 0.5
         cycle = 3
         resident = true
         early_stop = true
         until_decided = false
         core = true
         counterfactual = 5
         seed = 0
         expect = [\"crashed\", \"exited\"]",
    )
    .unwrap();
    assert_eq!((suite.description.as_str(), suite.replicates), ("layers", 3));
    let [first, second] = &suite.cases[..] else { panic!("{} cases", suite.cases.len()) };
    let limits = |iterations, until_decided, time, iteration_time, memory| Limits {
        iterations,
        until_decided,
        time: Some(Duration::from_secs(time)),
        iteration_time: Duration::from_secs(iteration_time),
        memory_bytes: Some(memory),
    };
    assert_eq!(first.limits, limits(5, true, 120, 1, 1 << 30));
    assert_eq!(second.limits, limits(6, false, 180, 4, 1000));
    assert_eq!(first.judging, Judging { settle: 3, tolerance: 2048.0, cycle: 2, resident: false, early_stop: false });
    assert_eq!(second.judging, Judging { settle: 4, tolerance: 0.5, cycle: 3, resident: true, early_stop: true });
    assert_eq!(first.beside, Beside { core: false, counterfactual: 0 });
    assert_eq!(second.beside, Beside { core: true, counterfactual: 5 });
    assert_eq!((first.threads, first.seed, second.threads, second.seed), (2, 9, 3, 0));
    assert_eq!(first.expect, [Expectation::Leak]);
    assert_eq!(second.expect, [Expectation::Crashed, Expectation::Exited]);
}

#[test]
fn a_suite_lies_over_the_catalogue() {
    let suite = read(
        "[arms.glibc]
         why = \"not the usual one\"
         tunables = { mxfast = 0, \"glibc.pthread.rseq\" = \"0\" }
         environment = { A = 1, B = \"two\", C = \"\" }
         trim_every = 3
         [arms.mine]
         library = \"lib/mine.so\"
         [workloads.leak-64]
         base = \"infer\"
         fault = { kind = \"leak\", bytes = \"1.5 KiB\", from = 7 }
         [models.mine]
         file = \"models/mine.onnx\"
         inputs = { \"x:0\" = \"f32[1,3]\" }
         [models.made]
         generate = \"transformer\"
         weights = \"external\"
         seed = 7
         layers = 2
         [[case]]
         model = [\"mine\", \"made\", \"abs\"]
         workload = \"leak-64\"
         arm = [\"glibc\", \"mine\", \"trim\"]
         [models.abs]
         file = \"/abs.onnx\"",
    )
    .unwrap();
    let [glibc, mine, trim, made, .., abs] = &suite.cases[..] else { panic!() };
    assert_eq!(glibc.arm.why, "not the usual one");
    let pairs = |map: &std::collections::BTreeMap<String, String>| {
        map.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>()
    };
    assert_eq!(pairs(&glibc.arm.tunables), ["glibc.malloc.mxfast=0", "glibc.pthread.rseq=0"]);
    assert_eq!(pairs(&glibc.arm.environment), ["A=1", "B=two", "C="]);
    assert_eq!((&glibc.arm.allocator, glibc.arm.trim_every), (&Allocator::Glibc, Some(3)));
    assert_eq!(mine.arm.allocator, Allocator::Library(PathBuf::from("/suites/lib/mine.so")));
    assert_eq!(trim.arm.trim_every, Some(1));
    assert_eq!(glibc.workload.base, BaseWork::Infer);
    assert_eq!(
        glibc.workload.fault,
        Some(Fault::Leak { bytes: 1536, when: Schedule { every: 1, from: 7, until: None } })
    );
    assert_eq!(glibc.model.source, ModelSource::File(PathBuf::from("/suites/models/mine.onnx")));
    assert_eq!(glibc.model.inputs["x:0"].to_string(), "f32[1,3]");
    assert_eq!(abs.model.source, ModelSource::File(PathBuf::from("/abs.onnx")));
    let architecture = Architecture::Transformer { layers: 2, hidden: 256, tokens: 128 };
    let recipe = Recipe { architecture, weights: WeightsPlacement::External, seed: 7 };
    assert_eq!(made.model.source, ModelSource::Generated(recipe));
    assert!(suite.catalogue.arms.contains_key("jemalloc") && suite.catalogue.arms.contains_key("mine"));
}

#[test]
fn a_sequence_holds_its_members_and_sets_the_cycle() {
    let suite = read(
        "[models.both]
         sequence = [\"wide\", \"ppocr-cls\", \"wide\"]
         [models.wide]
         generate = \"mlp\"
         width = 512
         [[case]]
         model = [\"both\", \"wide\", \"mlp-small+ppocr-cls\"]
         workload = \"recompile\"
         [[case]]
         model = \"both\"
         workload = \"infer\"
         cycle = 6",
    )
    .unwrap();
    let names = |index: usize| suite.cases[index].model.members().iter().map(|model| model.name.as_str());
    assert_eq!(names(0).collect::<Vec<_>>(), ["wide", "ppocr-cls", "wide"]);
    assert_eq!(names(1).collect::<Vec<_>>(), ["wide"]);
    assert_eq!(suite.cases[0].model.members()[1].inputs["x"].to_string(), "f32[1,3,48,192]");
    let cycles: Vec<_> = suite.cases.iter().map(|case| case.judging.cycle).collect();
    assert_eq!(cycles, [3, 1, 2, 6]);
    assert_eq!(suite.cases[0].id, "both.auto.recompile.glibc.t1");
}

#[test]
fn faults_are_read_with_their_schedules_and_sizes() {
    let fault = |text: &str| {
        let text = format!("[workloads.a]\nbase = \"nothing\"\nfault = {{ {text} }}\n[[case]]\nworkload = \"a\"\n");
        read(&text).unwrap_or_else(|error| panic!("{error}")).cases.remove(0).workload.fault.unwrap()
    };
    let always = Schedule { every: 1, from: 1, until: None };
    assert_eq!(
        fault("kind = \"anonymous-mapping\", bytes = 9, every = 4, from = 5, until = 8, noise = \"2 KiB\""),
        Fault::AnonymousMapping { bytes: 9, when: Schedule { every: 4, from: 5, until: Some(8) }, noise: Some(2048) }
    );
    assert_eq!(
        fault("kind = \"anonymous-mapping\", bytes = 9"),
        Fault::AnonymousMapping { bytes: 9, when: always, noise: None }
    );
    assert_eq!(fault("kind = \"pin\", bytes = \"1 KiB\""), Fault::Pin { bytes: 1024, pins: 4000 });
    assert_eq!(fault("kind = \"arenas\", threads = 4, bytes = 7"), Fault::Arenas { threads: 4, bytes: 7 });
    let saturate = Fault::Saturate { bytes: 7, time_constant: 20 };
    assert_eq!(fault("kind = \"saturate\", bytes = 7, time_constant = 20"), saturate);
}

#[test]
fn a_schedule_has_the_multiples_within_its_bounds() {
    let struck = |every, from, until| {
        let when = Schedule { every, from, until };
        (1..=200).filter(|iteration| when.includes(*iteration)).collect::<Vec<_>>()
    };
    assert_eq!(struck(40, 120, Some(160)), [120, 160]);
    assert_eq!(struck(1, 150, Some(150)), [150]);
    assert_eq!(struck(90, 1, None), [90, 180]);
}

#[test]
fn files_are_relative_to_their_suite() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my suite.toml");
    let text = "[models.a]\nfile = \"a.onnx\"\n[[case]]\nmodel = \"a\"\nworkload = \"infer\"\n";
    std::fs::write(&path, text).unwrap();
    let suite = load(&path).unwrap();
    assert_eq!(suite.cases[0].model.source, ModelSource::File(folder.path().join("a.onnx")));
    assert_eq!((suite.name.as_str(), suite.path.as_deref()), ("my-suite", Some(path.as_path())));
    assert_eq!(open(path.to_str().unwrap()).unwrap(), suite);
}

#[test]
fn built_in_suites_are_opened_by_name() {
    for (name, _) in BUILT_IN {
        let suite = open(name).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(suite.name, *name);
        assert!(!suite.cases.is_empty() && !suite.description.is_empty());
    }
}

#[test]
fn cases_survive_the_way_to_the_child() {
    for (name, _) in BUILT_IN {
        for case in open(name).unwrap().cases {
            let line = serde_json::to_string(&case).unwrap();
            assert_eq!(serde_json::from_str::<super::super::Case>(&line).unwrap(), case);
        }
    }
}

#[test]
fn the_example_of_the_documentation_is_a_suite() {
    let readme = include_str!("../../../suites/README.md");
    let example = readme.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let suite = read(example).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(suite.cases.len(), 2 * 2 * 4 * 2 + 1);
    assert_eq!(suite.cases[0].limits.iterations, 200);
}
