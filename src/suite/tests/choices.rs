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
        "[runtimes.a]\nengine = \"embedded\"\nlibrary = \"lib.so\"\n",
        "[runtimes.a]\nengine = \"rten\"\noptions = { a = 1 }\n",
        "[runtimes.a]\nengine = \"onnxruntime\"\nprepack = false\n",
        "[runtimes.a]\nengine = \"openvino\"\nweights = \"map\"\n",
        "[runtimes.a]\nengine = \"openvino\"\noptions = { NUM_STREAMS = 1.5 }\n",
    ]), @r#"
    suite.toml:1: runtimes.a.engine: missing; use `auto`, `embedded`, `rten`, `openvino`, `onnxruntime`, `litert`, `onert` or `program`
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
    suite.toml:3: runtimes.a.library: is for runtimes that are loaded at run time; this one is built in
    suite.toml:3: runtimes.a.options: is for runtimes that are loaded at run time; this one is built in
    suite.toml:3: runtimes.a.prepack: is for the runtimes inside highwater; this one has its own `options`
    suite.toml:3: runtimes.a.weights: is for the runtimes inside highwater; this one has its own `options`
    suite.toml:3: runtimes.a.options.NUM_STREAMS: expected a string, an integer or a boolean, not floating point `1.5`
    "#);
}

#[test]
fn options_travel_as_text_and_a_library_lies_beside_the_suite() {
    let suite = read(
        "[runtimes.a]\nengine = \"onnxruntime\"\nlibrary = \"lib/libonnxruntime.so\"\n\
         options = { intra_op_num_threads = 2, enable_mem_pattern = false, \"session.disable_prepacking\" = \"1\" }\n\
         [[case]]\nmodel = \"mlp-small\"\nruntime = \"a\"\nworkload = \"recompile\"\n",
    );
    let runtime = &suite.unwrap().cases[0].runtime;
    assert!(runtime.library.as_ref().is_some_and(|path| path.ends_with("lib/libonnxruntime.so")), "{runtime:?}");
    let options: Vec<(&str, &str)> = runtime.options.iter().map(|(name, value)| (&**name, &**value)).collect();
    let expected =
        [("enable_mem_pattern", "false"), ("intra_op_num_threads", "2"), ("session.disable_prepacking", "1")];
    assert_eq!(options, expected);
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
