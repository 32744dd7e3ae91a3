//! The command line over suites, and suites out of a model.

use std::path::Path;

use regex::Regex;

use super::super::{
    ArmChoice, Expectation, ModelSource, Overrides, Settings, Suite, SuiteError, apply, catalogue, from_model,
};
use super::{ids, read};

fn named(name: &str) -> ArmChoice {
    ArmChoice::Named(name.into())
}

fn suite() -> Suite {
    read(
        "iterations = 9
         [arms.mine]
         trim_every = 2
         [[case]]
         model = \"mlp-small\"
         workload = [\"recompile\", \"infer\"]
         arm = [\"glibc\", \"trim\"]
         expect = \"creep\"
         [[case]]
         workload = \"nothing\"
         threads = [1, 2]",
    )
    .unwrap()
}

#[test]
fn nothing_said_is_nothing_changed() {
    assert_eq!(apply(suite(), &Overrides::default()).unwrap(), suite());
}

#[test]
fn arms_and_threads_replace_those_of_each_case() {
    let mut explicit = catalogue().arms["trim"].spec.clone();
    explicit.name = "trim_every=1".into();
    let arms = vec![named("mine"), ArmChoice::Explicit(explicit)];
    let settings = Settings { threads: Some(vec![4]), ..Settings::default() };
    let suite = apply(suite(), &Overrides { arms, settings, ..Overrides::default() }).unwrap();
    assert_eq!(
        ids(&suite),
        [
            "mlp-small.auto.recompile.mine.t4",
            "mlp-small.auto.recompile.trim_every=1.t4",
            "mlp-small.auto.infer.mine.t4",
            "mlp-small.auto.infer.trim_every=1.t4",
            "none.auto.nothing.mine.t4",
            "none.auto.nothing.trim_every=1.t4",
        ]
    );
    assert!(suite.cases.iter().all(|case| case.threads == 4 && case.limits.iterations == 9));
}

#[test]
fn settings_go_over_every_case() {
    let settings = Settings {
        iterations: Some(3),
        early_stop: Some(false),
        until_decided: Some(true),
        core: Some(false),
        counterfactual: Some(0),
        seed: Some(5),
        expect: Some(vec![Expectation::Leak]),
        ..Settings::default()
    };
    let inputs = vec![("x".to_owned(), "f32[2,2]".parse().unwrap())];
    let overrides = Overrides { settings, replicates: Some(4), inputs, ..Overrides::default() };
    let suite = apply(suite(), &overrides).unwrap();
    assert_eq!(suite.replicates, 4);
    for case in &suite.cases {
        assert_eq!((case.limits.iterations, case.judging.early_stop, case.seed), (3, false, 5));
        assert!(case.limits.until_decided && !case.beside.core && case.beside.counterfactual == 0);
        assert_eq!(case.expect, [Expectation::Leak]);
        assert_eq!(case.model.inputs.contains_key("x"), case.model.source != ModelSource::None);
    }
}

#[test]
fn a_filter_selects_or_names_the_nearest() {
    let filter = |text: &str| Overrides { filter: Some(Regex::new(text).unwrap()), ..Overrides::default() };
    assert_eq!(ids(&apply(suite(), &filter("infer.*glibc")).unwrap()), ["mlp-small.auto.infer.glibc.t1"]);
    let error = apply(suite(), &filter("recompil.trim")).unwrap_err();
    insta::assert_snapshot!(error.to_string(), @"no case matches the filter `recompil.trim`; the nearest are mlp-small.auto.recompile.trim.t1, mlp-small.auto.recompile.glibc.t1, mlp-small.auto.infer.trim.t1");
}

#[test]
fn a_model_becomes_a_suite() {
    let suite = from_model(Path::new("mlp-small"), &Overrides::default()).unwrap();
    assert_eq!(
        ids(&suite),
        [
            "mlp-small.auto.recompile.glibc.t1",
            "mlp-small.auto.recompile.mmap-threshold-1m.t1",
            "mlp-small.auto.recompile.trim.t1",
            "mlp-small.auto.recompile.jemalloc.t1",
            "mlp-small.auto.recompile.mimalloc.t1",
        ]
    );
    assert_eq!(suite.cases[0].limits.iterations, 120);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("my net (1).onnx");
    std::fs::write(&path, "").unwrap();
    let overrides = Overrides {
        arms: vec![named("glibc")],
        runtimes: vec!["rten-map".into()],
        workload: Some("infer".into()),
        ..Overrides::default()
    };
    let suite = from_model(&path, &overrides).unwrap();
    assert_eq!(ids(&suite), ["my-net--1-.rten-map.infer.glibc.t1"]);
    assert_eq!(suite.cases[0].model.source, ModelSource::File(path));
    assert_eq!(suite.name, "my-net--1-");
}

#[test]
fn choices_that_cannot_be_carried_out_name_their_option() {
    let with = |change: fn(&mut Overrides)| {
        let mut overrides = Overrides::default();
        change(&mut overrides);
        apply(suite(), &overrides)
    };
    let results: Vec<Result<Suite, SuiteError>> = vec![
        with(|all| all.arms = vec![named("jemaloc")]),
        with(|all| all.runtimes = vec!["rtenn".into()]),
        with(|all| all.workload = Some("recompil".into())),
        with(|all| all.workload = Some("recompile".into())),
        with(|all| all.replicates = Some(0)),
        with(|all| all.settings.iterations = Some(0)),
        with(|all| all.settings.threads = Some(vec![1, 0])),
        with(|all| all.settings.tolerance = Some(f64::NAN)),
        with(|all| all.settings.time = Some(std::time::Duration::ZERO)),
        with(|all| all.settings.expect = Some(vec![])),
        with(|all| {
            all.settings.threads = Some((1..=1000).collect());
            all.arms = ["glibc", "trim", "mine", "trim-10", "jemalloc"].map(named).into();
        }),
        with(|all| {
            let mut arm = catalogue().arms["trim"].spec.clone();
            arm.name = "a/b".into();
            all.arms = vec![ArmChoice::Explicit(arm)];
        }),
        with(|all| {
            let mut arm = catalogue().arms["trim"].spec.clone();
            arm.name = "glibc".into();
            all.arms = vec![named("glibc"), ArmChoice::Explicit(arm)];
        }),
        from_model(
            Path::new("mlp-small+ppocr-cls"),
            &Overrides { inputs: vec![("x".into(), "f32[1]".parse().unwrap())], ..Overrides::default() },
        ),
        from_model(Path::new("mobilnet_v2"), &Overrides::default()),
        from_model(Path::new("none"), &Overrides::default()),
        from_model(Path::new("net.tflite"), &Overrides::default()),
        from_model(Path::new("net.xml"), &Overrides::default()),
    ];
    let told: Vec<_> = results
        .into_iter()
        .map(|result| result.map_or_else(|error| error.to_string(), |suite| format!("{} cases", suite.cases.len())))
        .collect();
    insta::assert_snapshot!(told.join("\n"), @r"
    --arm: unknown arm `jemaloc`; did you mean `jemalloc`?
    --runtime: unknown runtime `rtenn`; did you mean `rten`?
    --workload: unknown workload `recompil`; did you mean `recompile`?
    --workload: `recompile` needs a model, and the case `none.auto.nothing.glibc.t1` has none
    --replicates: must be a whole number from 1 to 1000, not 0
    --iterations: must be a whole number from 1 to 1000000, not 0
    --threads: must be a whole number from 1 to 1024, not 0
    --tolerance: must be zero or more, not NaN
    --time: must be more than zero
    --expect: must not be empty
    --arm: more than 10000 cases, the limit of a suite
    --arm: `a/b` cannot name an arm, since names become file names
    --arm: two different arms are called `glibc`
    --input: the model of `mlp-small+ppocr-cls.auto.recompile.glibc.t1` is a sequence: inputs belong to its members
    --model: `mobilnet_v2` is not a file, and as a name it is an unknown model `mobilnet_v2`; did you mean `mobilenet_v2`?
    --workload: `recompile` needs a model, and the case `none.auto.recompile.glibc.t1` has none
    --model: `net.tflite` is not a file
    --model: `net.xml` is not a file
    ");
}
