//! Tests that need files and an engine: what is generated is loaded and run, what is cached is damaged on purpose.

mod cached;
mod engine;
mod generated;

use std::fs;
use std::path::Path;

use super::architecture::parse_architecture;
use crate::suite::{Recipe, WeightsPlacement};

/// The recipe of `text` with seed 1.
fn recipe(text: &str, weights: WeightsPlacement) -> Recipe {
    Recipe { architecture: parse_architecture(text).unwrap(), weights, seed: 1 }
}

/// Names of the files in `folder`, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
