//! Whatever the weights go through and wherever results lie, what comes out is the same.

use super::*;

const STRATEGIES: [WeightsStrategy; 4] =
    [WeightsStrategy::Copy, WeightsStrategy::CopyEager, WeightsStrategy::Map, WeightsStrategy::MapTensor];
const RELEASES: [Release; 4] = [Release::Keep, Release::Unmap, Release::Dontneed, Release::Pageout];
const PLANNERS: [Planner; 5] = [Planner::None, Planner::Bump, Planner::FirstFit, Planner::Wic, Planner::BestFit];

#[test]
fn every_strategy_and_planner_gives_the_same_bits() {
    let model = small::network().write();
    let expected = bits(&run(&usual(), &model.path, &BTreeMap::new()).unwrap());
    assert!(expected[0].1.iter().any(|value| f32::from_bits(*value) > 0.02));
    for strategy in STRATEGIES {
        for release in RELEASES {
            for release_when in [ReleaseWhen::End, ReleaseWhen::Tensor] {
                for planner in PLANNERS {
                    let strict = release != Release::Keep;
                    let weights = Weights { strategy, release, release_when, strict, prefault: false };
                    let spec = RuntimeSpec { weights, planner, ..usual() };
                    let outputs = run(&spec, &model.path, &BTreeMap::new()).unwrap();
                    assert_eq!(bits(&outputs), expected, "{weights:?} {planner:?}");
                }
            }
        }
    }
}

#[test]
fn the_number_of_compilers_changes_nothing() {
    for (name, inputs) in ["ppocr_cls.onnx", "silero_vad.onnx"].map(|name| (name, open_inputs(name))) {
        let (_folder, path) = bundled(name);
        let with = |threads| RuntimeSpec { compile_threads: Some(threads), ..usual() };
        let expected = bits(&run(&with(1), &path, &inputs).unwrap());
        for threads in [2, 4] {
            assert_eq!(bits(&run(&with(threads), &path, &inputs).unwrap()), expected, "{name}, {threads} compilers");
        }
    }
}

#[test]
fn what_is_not_optimised_or_not_packed_is_nearly_the_same() {
    let model = small::network().write();
    let expected = run(&usual(), &model.path, &BTreeMap::new()).unwrap();
    for (prepack, optimize) in [(false, true), (true, false), (false, false)] {
        let weights = Weights { strategy: WeightsStrategy::Map, strict: true, ..usual().weights };
        let spec = RuntimeSpec { prepack, optimize, weights, ..usual() };
        let outputs = run(&spec, &model.path, &BTreeMap::new()).unwrap();
        for (value, expected) in outputs[0].values.iter().zip(&expected[0].values) {
            assert!((value - expected).abs() < 1e-5, "{value} {expected} with prepack {prepack}, optimize {optimize}");
        }
    }
}

#[test]
fn shapes_can_be_known_late_and_change() {
    let (_folder, path) = bundled("ppocr_cls.onnx");
    let inputs = open_inputs("ppocr_cls.onnx");
    let expected = bits(&run(&usual(), &path, &inputs).unwrap());
    let mut prepared = prepare(&usual(), &path, &BTreeMap::new()).unwrap();
    for width in [192, 96, 192] {
        let mut inputs = inputs.clone();
        inputs.get_mut("x").unwrap().shape[3] = width;
        let given = tensors(prepared.as_ref(), &inputs, 7);
        let outputs = prepared.execute(&given).unwrap();
        assert_eq!(bits(&outputs) == expected, width == 192, "width {width}");
    }
}

#[test]
fn several_threads_execute_and_none_is_left() {
    let (_folder, path) = bundled("ppocr_cls.onnx");
    let inputs = open_inputs("ppocr_cls.onnx");
    let mut prepared = Embedded::new(&usual(), &inputs, 3).load(&path).unwrap().prepare().unwrap();
    let given = tensors(prepared.as_ref(), &inputs, 7);
    let outputs = prepared.execute(&given).unwrap();
    drop(prepared);
    let expected = run(&usual(), &path, &inputs).unwrap();
    for (value, expected) in outputs[0].values.iter().zip(&expected[0].values) {
        assert!((value - expected).abs() < 1e-5, "{value} {expected}");
    }
}

#[test]
fn remarks_say_what_was_planned_and_what_became_of_the_weights() {
    let model = small::network().write();
    let remarks = |planner, release| {
        let weights = Weights { release, ..usual().weights };
        let prepared = prepare(&RuntimeSpec { planner, weights, ..usual() }, &model.path, &BTreeMap::new()).unwrap();
        prepared.remarks().join("\n")
    };
    let planned = remarks(Planner::Wic, Release::Dontneed);
    assert!(planned.contains("by wic, lower bound") && planned.contains("; bump "), "{planned}");
    assert!(planned.contains("still held 0 B"), "{planned}");
    let unplanned = remarks(Planner::None, Release::Keep);
    assert!(unplanned.contains("one by one, at least"), "{unplanned}");
    assert!(unplanned.contains("released 0 B"), "{unplanned}");
}
