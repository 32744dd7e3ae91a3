//! `highwater model NAME`: writes a generated model.

use crate::cli::ModelArguments;
use crate::error::{AS_EXPECTED, Error};
use crate::model;
use crate::report::console;
use crate::suite::{Recipe, WeightsPlacement};

pub(super) fn model(arguments: &ModelArguments) -> Result<u8, Error> {
    let architecture = model::parse_architecture(&arguments.name).map_err(|error| Error::Usage(error.to_string()))?;
    let weights = if arguments.external { WeightsPlacement::External } else { WeightsPlacement::Inline };
    let recipe = Recipe { architecture, weights, seed: arguments.seed };
    let written = model::write(&recipe, &arguments.path())?;
    console::print(&format!("{} ({})", written.path.display(), written.bytes));
    if let Some((path, bytes)) = written.weights {
        console::print(&format!("{} ({bytes})", path.display()));
    }
    Ok(AS_EXPECTED)
}
