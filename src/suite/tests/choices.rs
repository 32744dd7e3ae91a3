//! Planted mistakes in the choices of a runtime and in claims.

use insta::assert_snapshot;

use super::super::Metric;
use super::{errors, read};

#[test]
fn what_an_engine_does_not_have_is_refused() {
    assert_snapshot!(errors(&[
        "[runtimes.a]\nwhy = \"a\"\n",
        "[runtimes.a]\nengine = \"rten\"\nweights = \"map-tensor\"\n",
        "[runtimes.a]\nengine = \"rten\"\nweights = \"map\"\nrelease = \"unmap\"\n",
        "[runtimes.a]\nengine = \"rten\"\nrelease = \"dontneed\"\n",
        "[runtimes.a]\nengine = \"rten\"\nweights = \"map\"\nrelease_when = \"tensor\"\n",
        "[runtimes.a]\nengine = \"rten\"\nplanner = \"wic\"\n",
        "[runtimes.a]\nengine = \"rten\"\ncompile_threads = 2\n",
        "[runtimes.a]\nengine = \"embedded\"\nprefault = true\n",
        "[runtimes.a]\nengine = \"embedded\"\nstrict = true\n",
        "[runtimes.a]\nengine = \"embedded\"\nweights = \"map\"\nrelease = \"keep\"\nstrict = true\n",
        "[runtimes.a]\nengine = \"embedded\"\nweights = \"map-release\"\n",
    ]), @r#"
    suite.toml:1: runtimes.a.engine: missing; use `auto`, `embedded` or `rten`
    suite.toml:3: runtimes.a.weights: rten has no such choice; the engine `embedded` has
    suite.toml:4: runtimes.a.release: rten has no such choice; the engine `embedded` has
    suite.toml:3: runtimes.a.release: rten owns the copies; only mapped weights (`weights = "map"`) can be released
    suite.toml:4: runtimes.a.release_when: rten has no such choice; the engine `embedded` has
    suite.toml:3: runtimes.a.planner: rten has no such choice; the engine `embedded` has
    suite.toml:3: runtimes.a.compile_threads: rten has no such choice; the engine `embedded` has
    suite.toml:3: runtimes.a.prefault: there is nothing to bring in where weights are copied: use `weights = "map"` or `"map-tensor"`
    suite.toml:3: runtimes.a.strict: only mapped weights that are released can be made inaccessible
    suite.toml:5: runtimes.a.strict: only mapped weights that are released can be made inaccessible
    suite.toml:3: runtimes.a.weights: unknown value `map-release`; did you mean `map`?
    "#);
}

#[test]
fn claims_are_about_cases_of_the_suite() {
    let claim = |text: &str| {
        format!(
            "[[case]]\nworkload = \"nothing\"\narm = [\"glibc\", \"trim\"]\n[[claim]]\nsource = \"s\"\nwhy = \"w\"\n{text}"
        )
    };
    let both = "case = \"none.auto.nothing.trim.t1\"\nthan = \"none.auto.nothing.glibc.t1\"\n";
    let texts = [
        claim(&format!("{both}metric = \"peak\"\n")),
        claim(
            "case = \"none.auto.nothing.trim.t2\"\nthan = \"none.auto.nothing.glibc.t1\"\nmetric = \"peak\"\nat_most = 1\n",
        ),
        claim("case = \"none.auto.nothing.trim.t1\"\nmetric = \"peak\"\nat_most = 1\n"),
        claim(&format!("{both}at_most = 1\n")),
        claim(&format!("{both}metric = \"size\"\nat_most = 1\n")),
        claim(&format!("{both}metric = \"peak\"\nat_most = -1\n")),
        claim(&format!("{both}metric = \"peak\"\nat_most = 0.5\nat_least = 0.7\n")),
    ];
    assert_snapshot!(errors(&texts.each_ref().map(String::as_str)), @r"
    suite.toml:4: claim[0].at_most: missing: a claim needs `at_most` or `at_least`, a ratio of the two cases
    suite.toml:7: claim[0].case: the suite makes no case `none.auto.nothing.trim.t2`; did you mean `none.auto.nothing.trim.t1`?
    suite.toml:4: claim[0].than: missing
    suite.toml:4: claim[0].metric: missing
    suite.toml:9: claim[0].metric: unknown value `size`; use load-hwm, prepare-hwm, execute-hwm, execute-rss, peak, at-rest, retained, time, load-time, prepare-time, execute-time or faults
    suite.toml:10: claim[0].at_most: must be a positive number, not -1
    suite.toml:4: claim[0].at_least: 0.7 is more than `at_most` = 0.5
    ");
    let suite = read(&claim(&format!("{both}metric = \"at-rest\"\nat_most = 0.5\n"))).unwrap();
    assert_eq!((suite.claims[0].metric, suite.claims[0].at_most), (Metric::AtRest, Some(0.5)));
}
