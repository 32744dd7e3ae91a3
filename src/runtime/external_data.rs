//! Which files besides the model's own hold its weights.

use std::fs;
use std::path::{Component, Path};

use rten_onnx::onnx::ModelProto;

use super::library::may_be_onnx;
use super::structure::is_message;

/// A model whose weights lie outside has a small structure file; the largest known are a few MB. Larger files hold their
/// weights inline and are not parsed a second time.
const LARGEST_STRUCTURE: u64 = 32 << 20;

/// Names of the external data files that the model at `path` refers to, without repetition. Empty for a model with inline
/// weights, for a file whose ending is that of another format, and for one that does not parse: then the engine is the one to
/// say so. Names that lead out of the model's folder are left out.
pub(super) fn external_files(path: &Path) -> Vec<String> {
    if !may_be_onnx(path) || !fs::metadata(path).is_ok_and(|file| file.len() <= LARGEST_STRUCTURE) {
        return Vec::new();
    }
    let model = match fs::read(path) {
        Ok(bytes) if is_message(&bytes) => ModelProto::parse_buf(&bytes),
        _ => return Vec::new(),
    };
    let mut names = Vec::new();
    for tensor in model.iter().flat_map(|model| &model.graph).flat_map(|graph| &graph.initializer) {
        for entry in &tensor.external_data {
            if let (Some("location"), Some(name)) = (entry.key.as_deref(), entry.value.as_deref())
                && stays_in_folder(name)
                && !names.iter().any(|known| known == name)
            {
                names.push(name.to_owned());
            }
        }
    }
    names
}

/// Names of all files that the model at `path` consists of besides its own, seen from its folder: external data of an ONNX model,
/// and the weights of an OpenVINO IR, which have its name and the ending `bin`, where it has any.
pub(crate) fn files_beside(path: &Path) -> Vec<String> {
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("xml")) {
        let weights = Some(path.with_extension("bin")).filter(|weights| weights.is_file());
        let name = weights.as_deref().and_then(Path::file_name);
        return name.into_iter().map(|name| name.to_string_lossy().into_owned()).collect();
    }
    external_files(path)
}

fn stays_in_folder(name: &str) -> bool {
    Path::new(name).components().all(|part| matches!(part, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{parse_architecture, write};
    use crate::suite::{Recipe, WeightsPlacement};

    #[test]
    fn names_that_lead_out_of_the_folder_are_refused() {
        assert!(stays_in_folder("weights.data"));
        assert!(!stays_in_folder("../weights.data"));
        assert!(!stays_in_folder("/etc/passwd"));
    }

    #[test]
    fn only_what_may_be_onnx_by_its_name_is_parsed() {
        let folder = tempfile::tempdir().unwrap();
        let recipe = Recipe {
            architecture: parse_architecture("mlp:layers=1,width=64,batch=1").unwrap(),
            weights: WeightsPlacement::External,
            seed: 1,
        };
        let onnx = folder.path().join("net.onnx");
        write(&recipe, &onnx).unwrap();
        let named = |name: &str| {
            let path = folder.path().join(name);
            fs::copy(&onnx, &path).unwrap();
            external_files(&path)
        };
        assert_eq!(external_files(&onnx).len(), 1);
        assert!(named("net.ONNX") == external_files(&onnx) && named("net") == external_files(&onnx));
        assert!(named("net.pb") == external_files(&onnx) && named("net.onnx.v2") == external_files(&onnx));
        assert_eq!((named("net.tflite"), named("net.xml")), (Vec::new(), Vec::new()));
    }

    #[test]
    fn the_weights_of_an_ir_have_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let model = folder.path().join("net.v2.xml");
        assert!(files_beside(&model).is_empty(), "it may have none");
        fs::write(folder.path().join("net.v2.bin"), [0; 4]).unwrap();
        assert_eq!(files_beside(&model), ["net.v2.bin"]);
    }

    #[test]
    fn a_file_that_does_not_parse_has_no_external_data() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("garbage.onnx");
        std::fs::write(&path, [0xff; 1000]).unwrap();
        assert!(external_files(&path).is_empty());
        assert!(external_files(Path::new("/nonexistent")).is_empty());
    }
}
