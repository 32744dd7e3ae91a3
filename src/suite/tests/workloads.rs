//! Workloads: the keys that each base has, the mistakes in them, and leaks that cases plant.

use insta::assert_snapshot;

use super::super::{
    BaseWork, Fault, Overrides, Plant, RejectKind, ReshapeSpec, Schedule, Settings, SwitchOrder, Vary, WorkloadSpec,
    apply, catalogue,
};
use super::{errors, ids, read};

/// The workload of a suite's first case.
fn workload(keys: &str) -> WorkloadSpec {
    let text = format!("[workloads.a]\n{keys}\n[[case]]\nmodel = \"service\"\nworkload = \"a\"\n");
    read(&text).unwrap_or_else(|error| panic!("{error}")).cases.remove(0).workload
}

#[test]
fn every_base_has_the_name_that_suites_give_it_and_a_workload_in_the_catalogue() {
    for (name, base) in BaseWork::NAMES {
        assert_eq!(serde_json::to_value(base).unwrap(), name);
        assert_eq!(catalogue().workloads[name].spec.base, base, "{name}");
        // Only a program does what a program does.
        if base != BaseWork::Program {
            assert_eq!(workload(&format!("base = \"{name}\"")).base, base);
        }
    }
}

#[test]
fn keys_belong_to_their_bases() {
    let with = |text: &str| format!("[workloads.a]\n{text}\n");
    let texts = [
        "base = \"infer\"\norder = \"random\"",
        "base = \"infer\"\nbatches = [1, 2]",
        "base = \"switch\"\ndimension = 1",
        "base = \"mutate\"\nkind = \"empty\"",
        "base = \"reload\"\nvary = \"content\"",
        "base = \"nothing\"\nvary = \"none\"",
        "base = \"reshape\"\nbatches = []",
        "base = \"reshape\"\nbatches = [1, 0]",
        "base = \"reshape\"\ndimension = 16",
        "base = \"reject\"\nkind = \"absent\"",
        "base = \"infer\"\nvary = \"contents\"",
        "base = \"infer\"\ncompanions = 65",
    ];
    let mut texts: Vec<String> = texts.iter().map(|text| with(text)).collect();
    texts.push(with(&format!("base = \"reshape\"\nbatches = {:?}", [1; 65])));
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    assert_snapshot!(errors(&texts), @r"
    suite.toml:3: workloads.a.order: only the bases `switch` and `reshape` have an order
    suite.toml:3: workloads.a.batches: only the base `reshape` changes shapes
    suite.toml:3: workloads.a.dimension: only the base `reshape` changes shapes
    suite.toml:3: workloads.a.kind: only the base `reject` has kinds
    suite.toml:3: workloads.a.vary: this base hands no inputs over that could vary
    suite.toml:3: workloads.a.vary: this base hands no inputs over that could vary
    suite.toml:3: workloads.a.batches: must not be an empty array
    suite.toml:3: workloads.a.batches[1]: expected a whole number from 1 to 1048576, not integer `0`
    suite.toml:3: workloads.a.dimension: expected a whole number from 0 to 15, not integer `16`
    suite.toml:3: workloads.a.kind: unknown value `absent`; use truncated, missing, empty, garbage or unsupported
    suite.toml:3: workloads.a.vary: unknown value `contents`; did you mean `content`?
    suite.toml:3: workloads.a.companions: expected a whole number from 0 to 64, not integer `65`
    suite.toml:3: workloads.a.batches: has 65 shapes, and the limit is 64
    ");
}

#[test]
fn keys_have_their_values_and_defaults() {
    let reshape = |keys: &str| workload(&format!("base = \"reshape\"\n{keys}")).reshape.unwrap();
    let by_default = ReshapeSpec { batches: vec![1, 2, 4, 8], dimension: 0, order: SwitchOrder::RoundRobin };
    assert_eq!(reshape(""), by_default);
    let given = ReshapeSpec { batches: vec![3, 5], dimension: 1, order: SwitchOrder::Random };
    assert_eq!(reshape("batches = [3, 5]\ndimension = 1\norder = \"random\""), given);
    assert_eq!(reshape("batches = 7").batches, [7]);
    assert_eq!(workload("base = \"reject\"").reject, RejectKind::Truncated);
    assert_eq!(workload("base = \"reject\"\nkind = \"garbage\"").reject, RejectKind::Garbage);
    let infer = workload("base = \"infer\"");
    assert_eq!((infer.vary, infer.companions, infer.reshape), (Vary::None, 0, None));
    let infer = workload("base = \"infer\"\nvary = \"content\"\ncompanions = 3");
    assert_eq!((infer.vary, infer.companions), (Vary::Content, 3));
}

#[test]
fn a_cycle_has_every_model_in_every_shape() {
    let text = "[[case]]\nmodel = [\"service\", \"ppocr-cls\"]\nworkload = [\"reshape\", \"infer\"]\n";
    let cycles = |text: &str, overrides: &Overrides| -> Vec<u64> {
        apply(read(text).unwrap(), overrides).unwrap().cases.iter().map(|case| case.judging.cycle).collect()
    };
    assert_eq!(cycles(text, &Overrides::default()), [24, 6, 4, 1]);
    let reshape = Overrides { workload: Some("reshape".into()), ..Overrides::default() };
    assert_eq!(cycles("[[case]]\nmodel = \"ppocr-cls\"\nworkload = \"infer\"\n", &reshape), [4]);
    assert_eq!(cycles("[[case]]\nmodel = \"ppocr-cls\"\nworkload = \"infer\"\ncycle = 5\n", &reshape), [5]);
}

#[test]
fn a_planted_leak_stands_beside_any_workload_and_in_its_name() {
    let suite = read(
        "plant_bytes = 64
         [[case]]
         workload = [\"nothing\", \"crash\"]
         [[case]]
         model = \"mlp-small\"
         workload = \"recompile\"
         plant_bytes = \"1 KiB\"
         plant_every = 7",
    )
    .unwrap();
    assert_eq!(
        ids(&suite),
        [
            "none.auto.nothing+leak64.glibc.t1",
            "none.auto.crash+leak64.glibc.t1",
            "mlp-small.auto.recompile+leak1024every7.glibc.t1",
        ]
    );
    let planted: Vec<_> = suite.cases.iter().map(|case| case.workload.plant).collect();
    assert_eq!(planted[0], Some(Plant { bytes: 64, every: 1 }));
    assert_eq!(planted[2], Some(Plant { bytes: 1024, every: 7 }));
    let leak = Fault::Leak { bytes: 1024, when: Schedule { every: 7, from: 1, until: None } };
    assert_eq!(planted[2].map(Fault::from), Some(leak));
    assert!(matches!(suite.cases[1].workload.fault, Some(Fault::Crash { at: 5 })), "its own fault stays");
    let infer = Overrides { workload: Some("infer".into()), ..Overrides::default() };
    let only = read("[[case]]\nmodel = \"mlp-small\"\nworkload = \"recompile\"\nplant_bytes = 64\n").unwrap();
    let moved = apply(only, &infer).unwrap();
    assert_eq!(ids(&moved), ["mlp-small.auto.infer+leak64.glibc.t1"]);
    assert_eq!(moved.cases[0].workload.plant, Some(Plant { bytes: 64, every: 1 }));
}

#[test]
fn what_cannot_be_planted_is_told() {
    let long = "a".repeat(48);
    let named = format!("[workloads.{long}]\nbase = \"nothing\"\n[[case]]\nworkload = \"{long}\"\nplant_bytes = 64\n");
    assert_snapshot!(errors(&[
        "[[case]]\nworkload = \"nothing\"\nplant_bytes = 0\n",
        "[[case]]\nworkload = \"nothing\"\nplant_every = 2\n",
        "[[case]]\nworkload = \"nothing\"\nplant_bytes = 1\nplant_every = 0\n",
        &named,
    ]), @r"
    suite.toml:3: case[0].plant_bytes: must be at least 1 byte, not 0
    suite.toml:1: case[0].plant_every: needs `plant_bytes`: there is nothing to plant
    suite.toml:4: case[0].plant_every: expected a whole number from 1 to 1000000, not integer `0`
    suite.toml:3: case[0].plant_bytes: makes the name `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa+leak64`, which is too long
    ");
    let text = format!("[workloads.{long}]\nbase = \"nothing\"\n[[case]]\nworkload = \"nothing\"\nplant_bytes = 64\n");
    let overrides = Overrides { workload: Some(long), settings: Settings::default(), ..Overrides::default() };
    assert_snapshot!(apply(read(&text).unwrap(), &overrides).unwrap_err().to_string(), @"--workload: with what is planted the name becomes `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa+leak64`, which is too long");
}
