//! What holds for every suite, whoever wrote it.

use std::collections::HashSet;

use proptest::prelude::*;
use proptest::sample::subsequence;

use super::super::{catalogue, is_name, to_name};
use super::read;

fn names<T>(section: &std::collections::BTreeMap<String, T>) -> Vec<String> {
    section.keys().cloned().collect()
}

fn some(names: Vec<String>) -> impl Strategy<Value = Vec<String>> {
    subsequence(names, 1..5)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn identifiers_are_unique_and_fit_file_names(
        arms in some(names(&catalogue().arms)),
        runtimes in some(names(&catalogue().runtimes).into_iter().cycle().take(4).collect()),
        models in some(names(&catalogue().models).into_iter().filter(|name| name != "none").collect()),
        // `switch` takes sequences only, and `program` a runtime that is one.
        workloads in some(
            names(&catalogue().workloads)
                .into_iter()
                .filter(|name| !name.starts_with("switch") && name != "program")
                .collect()
        ),
        threads in subsequence(vec![1, 2, 3, 4, 1024], 1..5),
        own in "[A-Za-z0-9_+=-]{1,48}",
    ) {
        let text = format!(
            "[models.\"{own}\"]\nfile = \"a\"\n[[case]]\nmodel = {models:?}\nruntime = {runtimes:?}\n\
             workload = {workloads:?}\narm = {arms:?}\nthreads = {threads:?}\n[[case]]\nmodel = \"{own}\"\n\
             workload = \"nothing\"\narm = \"trim-10\"\nthreads = 77\n",
        );
        let suite = read(&text).unwrap();
        let count = models.len() * runtimes.len() * workloads.len() * arms.len() * threads.len() + 1;
        prop_assert_eq!(suite.cases.len(), count);
        let ids: HashSet<_> = suite.cases.iter().map(|case| &case.id).collect();
        prop_assert_eq!(ids.len(), count);
        for id in ids {
            prop_assert!(id.len() <= 240, "{}", id);
            prop_assert!(id.split('.').count() == 5 && id.split('.').all(is_name), "{}", id);
        }
    }

    #[test]
    fn no_text_brings_the_reader_down(text in ".{0,200}", cut in 0usize..6000) {
        let _ = read(&text);
        let whole = super::super::catalogue::CATALOGUE.text;
        let cut = (0..=cut).rev().find(|at| whole.is_char_boundary(*at)).unwrap_or(0);
        let _ = read(&format!("{}{text}{}", &whole[..cut], &whole[cut..]));
    }

    #[test]
    fn any_text_has_a_name(text in ".{0,100}") {
        prop_assert!(is_name(&to_name(&text)));
    }
}
