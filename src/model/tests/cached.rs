//! The cache and the ways to a file: made once, by many at once, repaired when damaged.

use std::fs::{self, File};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, SystemTime};

use tempfile::tempdir;

use super::engine::run;
use super::{names, recipe};
use crate::model::{BUNDLED, ModelError, materialize, resolve, with_known_inputs, write};
use crate::suite::{InputSpec, ModelSource, ModelSpec, WeightsPlacement};

const SMALL: &str = "mlp:layers=2,width=64,batch=1";

fn spec(source: ModelSource) -> ModelSpec {
    ModelSpec { name: "model".into(), source, inputs: Default::default() }
}

#[test]
fn makers_at_the_same_time_share_one_whole_file() {
    let folder = tempdir().unwrap();
    let cache = folder.path().join("not/yet/there");
    let recipe = recipe(SMALL, WeightsPlacement::External);
    let paths: Vec<PathBuf> = thread::scope(|scope| {
        let makers: Vec<_> = (0..8).map(|_| scope.spawn(|| materialize(&recipe, &cache).unwrap())).collect();
        makers.into_iter().map(|maker| maker.join().unwrap()).collect()
    });
    assert!(paths.iter().all(|path| *path == paths[0]));
    let model = paths[0].file_name().unwrap().to_str().unwrap();
    assert!(model.starts_with("mlp-layers2-width64-batch1-external-"), "{model}");
    assert_eq!(names(&cache), [String::from(model), format!("{model}.data")]);

    let alone = folder.path().join(model);
    write(&recipe, &alone).unwrap();
    let weights = |path: &PathBuf| fs::read(path.with_file_name(format!("{model}.data"))).unwrap();
    assert!(fs::read(&paths[0]).unwrap() == fs::read(&alone).unwrap() && weights(&paths[0]) == weights(&alone));
}

#[test]
fn a_whole_file_is_kept_and_a_damaged_one_made_again() {
    let cache = tempdir().unwrap();
    let recipe = recipe(SMALL, WeightsPlacement::External);
    let path = materialize(&recipe, cache.path()).unwrap();
    let whole = fs::read(&path).unwrap();
    let weights = PathBuf::from(format!("{}.data", path.display()));
    let weights_bytes = fs::metadata(&weights).unwrap().len();

    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    File::options().write(true).open(&path).unwrap().set_modified(long_ago).unwrap();
    materialize(&recipe, cache.path()).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), long_ago, "a whole file was written again");

    File::options().write(true).open(&path).unwrap().set_len(100).unwrap();
    materialize(&recipe, cache.path()).unwrap();
    assert!(fs::read(&path).unwrap() == whole);

    fs::remove_file(&weights).unwrap();
    materialize(&recipe, cache.path()).unwrap();
    assert_eq!(fs::metadata(&weights).unwrap().len(), weights_bytes);
}

#[test]
fn what_killed_makers_left_is_removed_after_an_hour() {
    let cache = tempdir().unwrap();
    let [old, new] = [".a.onnx.1-0.part", ".b.onnx.1-0.part"].map(|name| cache.path().join(name));
    let hours_ago = SystemTime::now() - Duration::from_secs(2 * 3600);
    File::create(&old).unwrap().set_modified(hours_ago).unwrap();
    File::create(&new).unwrap();
    materialize(&recipe(SMALL, WeightsPlacement::Inline), cache.path()).unwrap();
    assert!(!old.exists() && new.exists(), "{:?}", names(cache.path()));
}

#[test]
fn bundled_models_run_with_what_is_known_about_their_inputs() {
    let cache = tempdir().unwrap();
    for (model, shape) in BUNDLED.iter().zip([[1, 2], [1, 1]]) {
        let spec = spec(ModelSource::Bundled(model.name.into()));
        let paths = resolve(&spec, cache.path()).unwrap();
        assert_eq!(resolve(&spec, cache.path()).unwrap(), paths);
        let (found, probabilities) = run(&paths[0], &with_known_inputs(&spec).unwrap().inputs);
        assert_eq!(found, shape, "{}", model.name);
        assert!(probabilities.iter().all(|value| (0.0..=1.0).contains(value)), "{}: {probabilities:?}", model.name);
    }
    let tflite = resolve(&spec(ModelSource::Bundled("perceptron.tflite".into())), cache.path()).unwrap();
    assert!(tflite[0].extension().is_some_and(|ending| ending == "tflite"), "the ending tells the format: {tflite:?}");
    assert_eq!(names(cache.path()).len(), BUNDLED.len());
}

#[test]
fn what_the_user_says_about_inputs_comes_first() {
    let mut spec = spec(ModelSource::Bundled("ppocr_cls.onnx".into()));
    let larger: InputSpec = "f32[2,3,48,192]".parse().unwrap();
    spec.inputs.insert("x".into(), larger.clone());
    assert_eq!(with_known_inputs(&spec).unwrap().inputs["x"], larger);
}

#[test]
fn a_sequence_is_the_files_and_inputs_of_its_members() {
    let cache = tempdir().unwrap();
    let bundled = BUNDLED.iter().map(|model| spec(ModelSource::Bundled(model.name.into())));
    let small = spec(ModelSource::Generated(recipe(SMALL, WeightsPlacement::Inline)));
    let members: Vec<_> = bundled.chain([small]).collect();
    let sequence = spec(ModelSource::Sequence(members.clone()));
    let alone: Vec<_> = members.iter().flat_map(|member| resolve(member, cache.path()).unwrap()).collect();
    assert_eq!(alone.len(), 4);
    assert_eq!(resolve(&sequence, cache.path()).unwrap(), alone);
    let known = with_known_inputs(&sequence).unwrap();
    let inputs = |members: &[ModelSpec]| members.iter().map(|member| member.inputs.len()).collect::<Vec<_>>();
    assert_eq!(inputs(known.members()), [1, 3, 0, 0]);
    assert!(known.inputs.is_empty());

    let missing = spec(ModelSource::Sequence(vec![members[0].clone(), spec(ModelSource::File("/none.onnx".into()))]));
    assert_eq!(resolve(&missing, cache.path()).unwrap_err().to_string(), "cannot open the model `/none.onnx`");
}

#[test]
fn files_are_checked_before_an_engine_sees_them() {
    let folder = tempdir().unwrap();
    let find = |source| resolve(&spec(source), folder.path());
    let file = |name: &str| folder.path().join(name);
    fs::write(file("empty.onnx"), "").unwrap();
    fs::write(file("some.onnx"), "x").unwrap();

    assert_eq!(find(ModelSource::None).unwrap(), Vec::<PathBuf>::new());
    assert_eq!(find(ModelSource::File(file("some.onnx"))).unwrap(), [file("some.onnx")]);
    let error = |path: PathBuf| {
        let error = find(ModelSource::File(path)).unwrap_err();
        error.to_string().replace(folder.path().to_str().unwrap(), "DIR")
    };
    assert_eq!(error(file("empty.onnx")), "the model `DIR/empty.onnx` is empty (0 bytes)");
    assert_eq!(error(file("none.onnx")), "cannot open the model `DIR/none.onnx`");
    assert_eq!(error(folder.path().into()), "the model `DIR` is a folder, not a file");
    assert_eq!(error("/dev/null".into()), "the model `/dev/null` is a device, socket or pipe, not a file");
}

#[test]
fn a_model_that_was_not_fetched_names_itself_and_one_that_was_is_found() {
    let cache = tempdir().unwrap();
    let find = || resolve(&spec(ModelSource::Fetched("net.tflite".into())), cache.path());
    let error = find().unwrap_err();
    assert!(matches!(&error, ModelError::NotFetched { name, .. } if name == "net.tflite"), "{error}");
    let told = error.to_string().replace(cache.path().to_str().unwrap(), "CACHE");
    assert_eq!(told, "`net.tflite` was not fetched: there is no `CACHE/models/net.tflite`");
    let path = cache.path().join("models/net.tflite");
    fs::create_dir(path.parent().unwrap()).unwrap();
    fs::write(&path, "").unwrap();
    assert!(find().unwrap_err().to_string().ends_with("is empty (0 bytes)"));
    fs::write(&path, "x").unwrap();
    assert_eq!(find().unwrap(), [path]);
}
