//! Small real models inside the binary, so that a first run and a suite in continuous integration need no downloads.
//!
//! The files, their origins and their licences are in `suites/models/`.

use std::collections::BTreeMap;

use super::error::{ModelError, closest};
use crate::suite::InputSpec;

/// A model inside the binary.
#[derive(Debug, Clone, Copy)]
pub struct BundledModel {
    /// Its file name in `suites/models/`.
    pub name: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// Inputs whose shapes it leaves open, with the shapes that its own project uses, as after `--input`.
    pub inputs: &'static [(&'static str, &'static str)],
    /// The file.
    pub bytes: &'static [u8],
}

/// Every bundled model.
pub const BUNDLED: [BundledModel; 3] = [
    BundledModel {
        name: "ppocr_cls.onnx",
        summary: "tells whether a line of text is upside down (PaddleOCR, convolutions)",
        inputs: &[("x", "f32[1,3,48,192]")],
        bytes: include_bytes!("../../suites/models/ppocr_cls.onnx"),
    },
    BundledModel {
        name: "silero_vad.onnx",
        summary: "tells whether somebody speaks (Silero VAD, convolutions, LSTM and control flow)",
        // 64 samples of the past and 512 new ones; the state at the start of a recording; the only rate it knows.
        inputs: &[("input", "f32[1,576]"), ("state", "f32[2,1,128]=0"), ("sr", "i64[]=16000")],
        bytes: include_bytes!("../../suites/models/silero_vad.onnx"),
    },
    BundledModel {
        name: "perceptron.tflite",
        summary: "two dense layers with seeded weights, in TFLite",
        inputs: &[],
        bytes: include_bytes!("../../suites/models/perceptron.tflite"),
    },
];

impl BundledModel {
    /// Its file name without the ending, which tells the format.
    pub fn stem(&self) -> &'static str {
        self.name_parts().0
    }

    /// Its file name before the last point, and the ending after it.
    pub(super) fn name_parts(&self) -> (&'static str, &'static str) {
        self.name.rsplit_once('.').expect("the names in BUNDLED have endings, a test reads them all")
    }

    /// Overrides that decide everything the model leaves open, for runs in which the user says nothing about inputs.
    pub fn default_inputs(&self) -> BTreeMap<String, InputSpec> {
        let parse = |text: &str| text.parse().expect("the specifications in BUNDLED are valid, a test reads them all");
        self.inputs.iter().map(|(name, text)| (String::from(*name), parse(text))).collect()
    }
}

/// The bytes of the bundled model `name`.
pub fn bundled(name: &str) -> Option<&'static [u8]> {
    find_bundled(name).ok().map(|model| model.bytes)
}

/// The bundled model `name`, with or without the ending of its file.
pub fn find_bundled(name: &str) -> Result<&'static BundledModel, ModelError> {
    let is_it = |model: &&BundledModel| model.name == name || model.stem() == name;
    BUNDLED.iter().find(is_it).ok_or_else(|| {
        let known = || BUNDLED.iter().map(|model| model.name);
        ModelError::NotBundled { name: name.into(), suggestion: closest(name, known()), known: known().collect() }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundled_models_are_found_by_name() {
        for model in &BUNDLED {
            assert_eq!(bundled(model.name), Some(model.bytes));
            assert_eq!(find_bundled(model.stem()).unwrap().name, model.name);
            let (stem, ending) = model.name_parts();
            assert_eq!(format!("{stem}.{ending}"), model.name);
            assert_eq!(model.default_inputs().len(), model.inputs.len());
        }
    }

    #[test]
    fn an_unknown_name_lists_what_there_is() {
        assert_eq!(bundled("bert"), None);
        let error = find_bundled("silero-vad").unwrap_err().to_string();
        assert_eq!(
            error,
            "no bundled model is called `silero-vad` (did you mean `silero_vad.onnx`?): there are \
             ppocr_cls.onnx, silero_vad.onnx, perceptron.tflite"
        );
    }
}
