//! `[models.NAME]`: a file, a fetched or bundled model, a recipe, or a sequence of other models.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use toml::Spanned;

use super::case::{Architecture, ModelSource, ModelSpec, Recipe, WeightsPlacement};
use super::catalogue::Entry;
use super::error::hint;
use super::expand::unknown;
use super::file::Names;
use super::input::InputSpec;
use super::overrides::RESERVED_MODEL;
use super::source::Flaw;
use super::value::{Item, OneOrMany, Text, Whole};
use crate::units::Bytes;

/// Largest recipe: ONNX is a protobuf, whose messages end at 2 GiB, and nobody wants a suite file to fill the disk.
const MAX_INLINE_BYTES: u64 = (2 << 30) - 1;
const MAX_EXTERNAL_BYTES: u64 = 16 << 30;

/// Members at most of a sequence: a cycle must go round often enough to be judged, and a job must fit a protocol line.
const MAX_MEMBERS: usize = 32;

/// Recipes and the parameters that each of them takes.
const RECIPES: [(&str, &[&str]); 5] = [
    ("mobilenet_v2", &[]),
    ("inception_v3", &[]),
    ("resnet50", &[]),
    ("transformer", &["layers", "hidden", "tokens"]),
    ("mlp", &["layers", "width", "batch"]),
];

/// A `[models.NAME]` table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ModelFile {
    pub why: Option<Text>,
    none: Option<bool>,
    file: Option<Text>,
    fetched: Option<Spanned<Text>>,
    bundled: Option<Spanned<Text>>,
    generate: Option<Spanned<Text>>,
    sequence: Names,
    weights: Option<Spanned<WeightsPlacement>>,
    seed: Option<Spanned<Whole<0, { u64::MAX }>>>,
    layers: Option<Spanned<Whole<1, 1000>>>,
    width: Option<Spanned<Whole<1, 65_536>>>,
    hidden: Option<Spanned<Whole<64, 65_536>>>,
    tokens: Option<Spanned<Whole<1, 65_536>>>,
    batch: Option<Spanned<Whole<1, 65_536>>>,
    #[serde(default)]
    inputs: BTreeMap<Text, InputSpec>,
}

/// Models by name.
type Known = BTreeMap<String, Entry<ModelSpec>>;

impl ModelFile {
    /// Whether this is a sequence, which must be read when the models that it names are known.
    pub fn is_sequence(&self) -> bool {
        self.sequence.is_some()
    }

    /// The model that the table at `offset` means; paths in it are relative to `base`, the members of a sequence are among
    /// `known`.
    pub fn into_spec(self, name: &str, offset: usize, base: &Path, known: &Known) -> Result<ModelSpec, Flaw> {
        if name == RESERVED_MODEL {
            return Err(Flaw::new(offset, "", "is the name of highwater's own controls: choose another"));
        }
        let sources = [
            self.none == Some(true),
            self.file.is_some(),
            self.fetched.is_some(),
            self.bundled.is_some(),
            self.generate.is_some(),
            self.sequence.is_some(),
        ];
        let given = sources.iter().filter(|given| **given).count();
        if given != 1 {
            let problem = "needs exactly one of `file`, `fetched`, `bundled`, `generate`, `sequence` and `none = true`";
            return Err(Flaw::new(offset, "", format!("{problem}, and has {given} of them")));
        }
        if self.generate.is_none()
            && let Some((key, place)) = self.recipe_keys().into_iter().find_map(|(key, place)| Some((key, place?)))
        {
            return Err(Flaw::new(place, key, "belongs to generated models only"));
        }
        if self.sequence.is_some() && !self.inputs.is_empty() {
            return Err(Flaw::new(offset, "inputs", "belong to the members of a sequence"));
        }
        let source = match (&self.file, &self.fetched, &self.bundled, &self.generate, &self.sequence) {
            (Some(file), ..) => ModelSource::File(base.join(&file.0)),
            (_, Some(fetched), ..) => ModelSource::Fetched(file_name(fetched, "fetched")?),
            (_, _, Some(bundled), ..) => ModelSource::Bundled(file_name(bundled, "bundled")?),
            (_, _, _, Some(recipe), _) => ModelSource::Generated(self.recipe(recipe)?),
            (.., Some(names)) => ModelSource::Sequence(members(names, known)?),
            _ => ModelSource::None,
        };
        let inputs = self.inputs.into_iter().map(|(input, spec)| (input.0, spec)).collect();
        Ok(ModelSpec { name: name.into(), source, inputs })
    }

    fn recipe(&self, generate: &Spanned<Text>) -> Result<Recipe, Flaw> {
        let name = generate.get_ref().0.as_str();
        let Some((_, parameters)) = RECIPES.iter().find(|(known, _)| *known == name) else {
            let problem = format!("unknown network `{name}`{}", hint(name, RECIPES.map(|(known, _)| known)));
            return Err(Flaw::new(generate.span().start, "generate", problem));
        };
        let general = ["weights", "seed"];
        for (key, place) in self.recipe_keys() {
            if let Some(place) = place.filter(|_| !general.contains(&key) && !parameters.contains(&key)) {
                let takes = if parameters.is_empty() { "no parameters".into() } else { parameters.join(", ") };
                return Err(Flaw::new(place, key, format!("`{name}` takes {takes}")));
            }
        }
        let recipe = Recipe {
            architecture: self.architecture(name)?,
            weights: self.weights.as_ref().map_or(WeightsPlacement::Inline, |weights| *weights.get_ref()),
            seed: number(&self.seed, 1),
        };
        check_size(&recipe).map_err(|problem| Flaw::new(generate.span().start, "generate", problem))?;
        Ok(recipe)
    }

    /// Without parameters: a transformer of 21 MB, a perceptron of 17 MB.
    fn architecture(&self, name: &str) -> Result<Architecture, Flaw> {
        // All parameters are bounded by 65,536.
        let layers = number(&self.layers, 4) as u32;
        Ok(match name {
            "mobilenet_v2" => Architecture::MobilenetV2,
            "inception_v3" => Architecture::InceptionV3,
            "resnet50" => Architecture::Resnet50,
            "transformer" => {
                if let Some(hidden) = self.hidden.as_ref().filter(|hidden| hidden.get_ref().0 % 64 != 0) {
                    let problem = format!("must be a multiple of 64, the width of a head, not {}", hidden.get_ref().0);
                    return Err(Flaw::new(hidden.span().start, "hidden", problem));
                }
                let hidden = number(&self.hidden, 256) as u32;
                Architecture::Transformer { layers, hidden, tokens: number(&self.tokens, 128) as u32 }
            }
            _ => {
                let width = number(&self.width, 1024) as u32;
                Architecture::Mlp { layers, width, batch: number(&self.batch, 1) as u32 }
            }
        })
    }

    /// The keys that describe a recipe, and where each of them stands.
    fn recipe_keys(&self) -> [(&'static str, Option<usize>); 7] {
        [
            ("weights", place(&self.weights)),
            ("seed", place(&self.seed)),
            ("layers", place(&self.layers)),
            ("width", place(&self.width)),
            ("hidden", place(&self.hidden)),
            ("tokens", place(&self.tokens)),
            ("batch", place(&self.batch)),
        ]
    }
}

fn place<T>(value: &Option<Spanned<T>>) -> Option<usize> {
    value.as_ref().map(|value| value.span().start)
}

fn number<const MIN: u64, const MAX: u64>(value: &Option<Spanned<Whole<MIN, MAX>>>, default: u64) -> u64 {
    value.as_ref().map_or(default, |value| value.get_ref().0)
}

/// The models that a sequence names.
fn members(names: &Spanned<OneOrMany<Text>>, known: &Known) -> Result<Vec<ModelSpec>, Flaw> {
    let items = OneOrMany::items(names, "sequence");
    if items.len() > MAX_MEMBERS {
        let problem = format!("names {} models, and a sequence has at most {MAX_MEMBERS}", items.len());
        return Err(Flaw::new(names.span().start, "sequence", problem));
    }
    let member = |item: Item<Text>| {
        let name = item.value.0.as_str();
        match known.get(name).map(|entry| &entry.spec) {
            None => Err(Flaw::new(item.offset, item.key, unknown("model", name, known))),
            Some(ModelSpec { source: ModelSource::Sequence(_), .. }) => {
                Err(Flaw::new(item.offset, item.key, format!("`{name}` is a sequence itself: name its members")))
            }
            Some(ModelSpec { source: ModelSource::None, .. }) => {
                Err(Flaw::new(item.offset, item.key, format!("`{name}` is no model to work on")))
            }
            Some(model) => Ok(model.clone()),
        }
    };
    items.into_iter().map(member).collect()
}

/// The name under `key` of a model that lies where highwater keeps such models, so without a folder.
fn file_name(given: &Spanned<Text>, key: &str) -> Result<String, Flaw> {
    let name = given.get_ref().0.as_str();
    if Path::new(name).file_name().is_none_or(|file| file != name) {
        let problem = format!("`{name}` is not the name of a {key} model: {key} models have no folders");
        return Err(Flaw::new(given.span().start, key, problem));
    }
    Ok(name.into())
}

/// Bytes of weights of the networks whose size is in the suite's hands: an encoder layer has `12 · hidden²` weights
/// (4 in attention, 8 in the feed-forward part, biases neglected), a dense one `width²`.
fn check_size(recipe: &Recipe) -> Result<(), String> {
    let weights = match recipe.architecture {
        Architecture::MobilenetV2 | Architecture::InceptionV3 | Architecture::Resnet50 => 0,
        Architecture::Transformer { layers, hidden, .. } => 12 * u64::from(layers) * u64::from(hidden).pow(2),
        Architecture::Mlp { layers, width, .. } => u64::from(layers) * u64::from(width).pow(2),
    };
    let bytes = 4 * weights;
    match recipe.weights {
        WeightsPlacement::Inline if bytes > MAX_INLINE_BYTES => Err(format!(
            "{} of weights do not fit a protobuf, which ends at 2 GiB: use `weights = \"external\"`",
            Bytes(bytes)
        )),
        WeightsPlacement::External if bytes > MAX_EXTERNAL_BYTES => {
            Err(format!("{} of weights are more than the limit of {}", Bytes(bytes), Bytes(MAX_EXTERNAL_BYTES)))
        }
        _ => Ok(()),
    }
}
