//! Inputs that are different in every iteration: their values, and their shapes.

use super::super::WorkError;
use super::fake::{Fake, Flaws};
use super::order::suite;
use crate::model::TensorData;

/// The values of the first input in each execution.
fn values(fake: &Fake) -> Vec<Vec<f32>> {
    let floats = |data: &TensorData| match data {
        TensorData::F32(values) => values.clone(),
        other => panic!("{other:?}"),
    };
    fake.log(|log| log.given.iter().map(|inputs| floats(&inputs[0].data)).collect())
}

/// The number of rows of the first input in each execution.
fn rows(fake: &Fake) -> Vec<usize> {
    fake.log(|log| log.given.iter().map(|inputs| inputs[0].shape[0]).collect())
}

fn run(fake: &Fake, text: &str, iterations: u64) -> Result<(), WorkError> {
    let mut work = fake.work(text)?;
    (1..=iterations).try_for_each(|iteration| work.iterate(iteration, &mut fake.clone()))
}

#[test]
fn values_that_vary_are_new_in_every_iteration_and_lie_where_the_old_ones_did() {
    let executing = ["core", "recompile", "recompile-thread", "infer", "infer-thread", "request", "reshape"];
    for base in executing {
        let keys = if base == "reshape" { "batches = [2]" } else { "" };
        let text = suite(&format!("base = \"{base}\"\nvary = \"content\"\n{keys}"));
        let fake = Fake::default();
        run(&fake, &text, 5).unwrap();
        let seen = values(&fake);
        assert_eq!(seen.len(), 5, "{base}");
        assert!((1..5).all(|place| !seen[..place].contains(&seen[place])), "{base}: {seen:?}");
        assert!(seen.iter().flatten().all(|value| (0.0..1.0).contains(value)), "{base}: {seen:?}");
        fake.log(|log| {
            assert!(log.places.iter().all(|place| *place == log.places[0]), "{base}: in place");
            assert!(log.given.iter().all(|inputs| inputs[1].data == TensorData::I64(vec![16000])), "{base}: fixed");
        });
        let again = Fake::default();
        run(&again, &text, 5).unwrap();
        assert_eq!(values(&again), seen, "{base}: seeded");
    }
    let fake = Fake::default();
    run(&fake, &suite("base = \"infer\""), 3).unwrap();
    assert!(values(&fake).iter().all(|seen| *seen == values(&fake)[0]), "nothing varies unless asked for");
}

#[test]
fn values_vary_for_threads_that_execute_at_once_too() {
    let fake = Fake::with(Flaws { meets: 2, ..Flaws::default() });
    run(&fake, &suite("base = \"infer-concurrent\"\nvary = \"content\""), 3).unwrap();
    let seen = values(&fake);
    assert!(seen[0] == seen[1] && seen[2] == seen[3] && seen[4] == seen[5], "{seen:?}");
    assert!(seen[0] != seen[2] && seen[2] != seen[4], "{seen:?}");
    fake.log(|log| assert!(log.places.iter().all(|place| *place == log.places[0]), "in place"));
}

#[test]
fn shapes_come_in_turn_and_the_model_is_prepared_once() {
    let fake = Fake::default();
    run(&fake, &suite("base = \"reshape\"\nbatches = [1, 2, 4]"), 7).unwrap();
    assert_eq!(rows(&fake), [1, 2, 4, 1, 2, 4, 1]);
    let calls = fake.calls();
    assert_eq!((calls.matches("prepare ").count(), calls.matches("open").count()), (1, 1), "{calls}");
    let seen = values(&fake);
    assert_eq!((&seen[0], &seen[1]), (&seen[3], &seen[4]), "made once");
}

#[test]
fn shapes_at_random_come_once_in_each_cycle() {
    let fake = Fake::default();
    let text = suite("base = \"reshape\"\norder = \"random\"\nbatches = [1, 2, 4, 8]");
    run(&fake, &text, 40).unwrap();
    let seen = rows(&fake);
    for cycle in seen.chunks(4) {
        let mut sorted = cycle.to_vec();
        sorted.sort_unstable();
        assert_eq!(sorted, [1, 2, 4, 8], "{seen:?}");
    }
    assert!(seen.chunks(4).any(|cycle| cycle != &seen[..4]), "{seen:?}");
    let again = Fake::default();
    run(&again, &text, 40).unwrap();
    assert_eq!(rows(&again), seen, "the order is seeded");
}

#[test]
fn a_runtime_that_takes_one_shape_only_prepares_anew_for_each() {
    let fake = Fake::with(Flaws { is_static: true, ..Flaws::default() });
    run(&fake, &suite("base = \"reshape\"\nbatches = [2, 1]"), 3).unwrap();
    assert_eq!(rows(&fake), [2, 1, 2]);
    insta::assert_snapshot!(fake.calls(), @"open2[1, 3] <load> load <prepare> prepare <> <execute> <drop> -prepared <load> open2[2, 3] load <prepare> prepare <> <execute> execute[2, 3] memory <drop> -prepared -runtime <load> open2[1, 3] load <prepare> prepare <> <execute> execute[1, 3] memory <drop> -prepared -runtime <load> open2[2, 3] load <prepare> prepare <> <execute> execute[2, 3] memory -prepared -runtime -runtime");
}

#[test]
fn a_dimension_that_no_input_leaves_open_cannot_be_reshaped() {
    for dimension in [1, 2] {
        let fake = Fake::default();
        let error = run(&fake, &suite(&format!("base = \"reshape\"\ndimension = {dimension}")), 1).unwrap_err();
        assert!(error.is_incompatible(), "{error}");
        let told = format!("no input of the model leaves dimension {dimension} open: there is nothing to reshape");
        assert_eq!(error.to_string(), told);
    }
}

#[test]
fn models_that_take_turns_each_go_through_all_shapes() {
    let fake = Fake::default();
    let text = "[models.a]\nfile = \"a\"\ninputs = { rate = \"i64[]=1\" }\n[models.b]\nfile = \"b\"\n[models.both]\n\
                sequence = [\"a\", \"b\"]\n[workloads.it]\nbase = \"reshape\"\nbatches = [5, 6]\n[[case]]\n\
                model = \"both\"\nworkload = \"it\"\n";
    run(&fake, text, 8).unwrap();
    assert_eq!(rows(&fake), [5, 5, 6, 6, 5, 5, 6, 6]);
}
