//! Workloads that switch between models: their keys, and the mistakes in them.

use insta::assert_snapshot;

use super::super::{BudgetBy, CacheBudget, OnEvict, SwitchOrder, SwitchSpec};
use super::{errors, read};

#[test]
fn a_switch_needs_models_to_switch_between() {
    assert_snapshot!(errors(&[
        "[[case]]\nmodel = \"mlp-small\"\nworkload = \"switch\"\n",
        "[models.twice]\nsequence = [\"mlp-small\", \"mlp-small\"]\n[[case]]\nmodel = [\"service\", \"twice\"]\nworkload = \"switch\"\n",
        "[[case]]\nworkload = \"switch\"\n",
        "[[case]]\nmodel = \"none\"\nworkload = \"switch\"\n",
    ]), @r"
    suite.toml:2: case[0].model: the workload `switch` switches between models, and `mlp-small` is one: use a sequence of two or more
    suite.toml:4: case[0].model[1]: the workload `switch` switches between models, and `twice` is one: use a sequence of two or more
    suite.toml:1: case[0].model: missing: the workload `switch` needs a model
    suite.toml:2: case[0].model: the workload `switch` needs a model, and `none` is none
    ");
}

#[test]
fn the_keys_of_a_model_cache_are_checked() {
    let with = |key: &str| format!("[workloads.a]\nbase = \"switch\"\n{key}\n");
    let keys = [
        "order = \"at random\"",
        "budget = \"0%\"",
        "budget = \"half\"",
        "budget = 0",
        "budget = true",
        "budget_by = \"declard\"",
        "keep_alive = -1",
        "on_evict = \"trim\"",
    ];
    let mut texts: Vec<String> = keys.iter().map(|key| with(key)).collect();
    texts.push("[workloads.a]\nbase = \"recompile\"\nbudget = \"64 MiB\"\n".into());
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    assert_snapshot!(errors(&texts), @r#"
    suite.toml:3: workloads.a.order: unknown value `at random`; did you mean `random`?
    suite.toml:3: workloads.a.budget: `0%` is not a share from 1% to 1000%
    suite.toml:3: workloads.a.budget: unknown unit `half` in `half`: use B, kB, MB, GB, KiB, MiB or GiB
    suite.toml:3: workloads.a.budget: must be at least 1 byte, not 0
    suite.toml:3: workloads.a.budget: expected a size such as "64 MiB", or a share of all models such as "50%", not boolean `true`
    suite.toml:3: workloads.a.budget_by: unknown value `declard`; did you mean `declared`?
    suite.toml:3: workloads.a.keep_alive: expected a whole number from 0 to 1000000, not integer `-1`
    suite.toml:3: workloads.a.on_evict: unknown value `trim`; use none or malloc-trim
    suite.toml:3: workloads.a.budget: only the base `switch` has a model cache
    "#);
}

#[test]
fn a_switch_has_its_keys_and_their_defaults() {
    let suite = read(
        "[workloads.a]\nbase = \"switch\"\norder = \"random\"\nbudget = \"64 MiB\"\nbudget_by = \"measured\"\n\
         keep_alive = 7\non_evict = \"malloc-trim\"\n[[case]]\nmodel = \"service\"\nworkload = [\"a\", \"switch\"]\n",
    );
    let cases = suite.unwrap().cases;
    let expected = SwitchSpec {
        order: SwitchOrder::Random,
        budget: CacheBudget::Bytes(64 << 20),
        budget_by: BudgetBy::Measured,
        keep_alive: 7,
        on_evict: OnEvict::MallocTrim,
    };
    assert_eq!(cases[0].workload.switch, Some(expected));
    assert_eq!(cases[1].workload.switch, Some(SwitchSpec::default()));
    assert_eq!((cases[0].judging.cycle, cases[0].model.members().len()), (6, 6));
}
