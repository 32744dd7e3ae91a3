//! Names of networks on the command line and in file names: `mobilenet_v2`, `mlp:layers=4,width=1024,batch=1`.

use super::error::{closest, hint};
use super::generate::HEAD;
use crate::suite::Architecture;

/// A number that a network is made to.
struct Parameter {
    name: &'static str,
    default: u32,
    smallest: u32,
    /// Far beyond any machine's memory, and small enough that no product of sizes overflows 64 bits.
    largest: u32,
}

/// A network that can be named.
struct Network {
    name: &'static str,
    parameters: &'static [Parameter],
    /// Takes a value for each of the parameters.
    make: fn(&[u32]) -> Architecture,
}

const fn parameter(name: &'static str, default: u32, smallest: u32, largest: u32) -> Parameter {
    Parameter { name, default, smallest, largest }
}

const NETWORKS: [Network; 5] = [
    Network { name: "mobilenet_v2", parameters: &[], make: |_| Architecture::MobilenetV2 },
    Network { name: "inception_v3", parameters: &[], make: |_| Architecture::InceptionV3 },
    Network { name: "resnet50", parameters: &[], make: |_| Architecture::Resnet50 },
    Network {
        name: "transformer",
        parameters: &[
            parameter("layers", 4, 1, 1000),
            parameter("hidden", 256, HEAD as u32, 16_384),
            parameter("tokens", 128, 1, 65_536),
        ],
        make: |values| Architecture::Transformer { layers: values[0], hidden: values[1], tokens: values[2] },
    },
    Network {
        name: "mlp",
        parameters: &[
            parameter("layers", 4, 1, 1000),
            parameter("width", 1024, 1, 65_536),
            parameter("batch", 1, 1, 65_536),
        ],
        make: |values| Architecture::Mlp { layers: values[0], width: values[1], batch: values[2] },
    },
];

/// Why a text or a recipe names no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchitectureError {
    /// The name before the colon is not known.
    #[error("no network is called `{name}`{}: there are {known}", hint(suggestion))]
    UnknownNetwork {
        /// The name.
        name: String,
        /// A name that looks like it.
        suggestion: Option<&'static str>,
        /// Every network with its parameters and their defaults.
        known: String,
    },
    /// The network has no such parameter, or the text is not `name=number`.
    #[error("`{text}` says nothing about `{network}`: write {}", example(network))]
    UnknownParameter {
        /// The network.
        network: &'static str,
        /// The part of the text that is wrong.
        text: String,
    },
    /// The number is too small or too large.
    #[error("`{parameter}={value}` is out of range for `{network}`: from {smallest} to {largest}")]
    OutOfRange {
        /// The network.
        network: &'static str,
        /// The parameter.
        parameter: &'static str,
        /// Its value.
        value: u64,
        /// Smallest value.
        smallest: u32,
        /// Largest value.
        largest: u32,
    },
    /// Heads would have different widths.
    #[error("`hidden={hidden}` is not a multiple of {HEAD}, the width of an attention head")]
    NotAMultiple {
        /// The width asked for.
        hidden: u32,
    },
}

/// Every network that `parse_architecture` knows, with parameters and defaults.
pub fn known_architectures() -> Vec<String> {
    NETWORKS.iter().map(|network| example(network.name)).collect()
}

/// Reads `mobilenet_v2`, `inception_v3`, `resnet50`, `transformer[:layers=N,hidden=N,tokens=N]` or
/// `mlp[:layers=N,width=N,batch=N]`; parameters may come in any order and have defaults.
pub fn parse_architecture(text: &str) -> Result<Architecture, ArchitectureError> {
    let (name, parameters) = text.trim().split_once(':').unwrap_or((text.trim(), ""));
    let network = NETWORKS.iter().find(|network| network.name == name).ok_or_else(|| {
        let suggestion = closest(name, NETWORKS.iter().map(|network| network.name));
        ArchitectureError::UnknownNetwork { name: name.into(), suggestion, known: known_architectures().join(", ") }
    })?;
    let mut values: Vec<u32> = network.parameters.iter().map(|parameter| parameter.default).collect();
    for text in parameters.split(',').map(str::trim).filter(|text| !text.is_empty()) {
        let (index, value) = parse_parameter(network, text)?;
        values[index] = value;
    }
    let architecture = (network.make)(&values);
    check_architecture(architecture)?;
    Ok(architecture)
}

fn parse_parameter(network: &Network, text: &str) -> Result<(usize, u32), ArchitectureError> {
    let unknown = || ArchitectureError::UnknownParameter { network: network.name, text: text.into() };
    let (name, value) = text.split_once('=').ok_or_else(unknown)?;
    let index = network.parameters.iter().position(|parameter| parameter.name == name.trim()).ok_or_else(unknown)?;
    let value: u64 = value.trim().parse().map_err(|_| unknown())?;
    let parameter = &network.parameters[index];
    let value = u32::try_from(value).map_err(|_| out_of_range(network, parameter, value))?;
    Ok((index, value))
}

/// Whether a network of these parameters can be made; suites may name any numbers.
pub(super) fn check_architecture(architecture: Architecture) -> Result<(), ArchitectureError> {
    let (network, values) = parts(architecture);
    for (parameter, value) in network.parameters.iter().zip(values) {
        if !(parameter.smallest..=parameter.largest).contains(&value) {
            return Err(out_of_range(network, parameter, value.into()));
        }
    }
    match architecture {
        Architecture::Transformer { hidden, .. } if !hidden.is_multiple_of(HEAD as u32) => {
            Err(ArchitectureError::NotAMultiple { hidden })
        }
        _ => Ok(()),
    }
}

/// The name that `parse_architecture` reads back: `mlp:layers=4,width=1024,batch=1`.
pub fn architecture_name(architecture: Architecture) -> String {
    let (network, values) = parts(architecture);
    spell(network, &values)
}

/// The name as part of a file name: `mlp-layers4-width1024-batch1`.
pub(super) fn architecture_stem(architecture: Architecture) -> String {
    architecture_name(architecture).replace([':', ','], "-").replace('=', "")
}

fn parts(architecture: Architecture) -> (&'static Network, Vec<u32>) {
    match architecture {
        Architecture::MobilenetV2 => (&NETWORKS[0], Vec::new()),
        Architecture::InceptionV3 => (&NETWORKS[1], Vec::new()),
        Architecture::Resnet50 => (&NETWORKS[2], Vec::new()),
        Architecture::Transformer { layers, hidden, tokens } => (&NETWORKS[3], vec![layers, hidden, tokens]),
        Architecture::Mlp { layers, width, batch } => (&NETWORKS[4], vec![layers, width, batch]),
    }
}

fn spell(network: &Network, values: &[u32]) -> String {
    let named = network.parameters.iter().zip(values);
    let parameters: Vec<_> = named.map(|(parameter, value)| format!("{}={value}", parameter.name)).collect();
    match parameters.as_slice() {
        [] => network.name.into(),
        _ => format!("{}:{}", network.name, parameters.join(",")),
    }
}

fn example(name: &str) -> String {
    NETWORKS.iter().find(|network| network.name == name).map_or_else(String::new, |network| {
        let defaults: Vec<_> = network.parameters.iter().map(|parameter| parameter.default).collect();
        spell(network, &defaults)
    })
}

fn out_of_range(network: &Network, parameter: &Parameter, value: u64) -> ArchitectureError {
    let Parameter { name, smallest, largest, .. } = *parameter;
    ArchitectureError::OutOfRange { network: network.name, parameter: name, value, smallest, largest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_and_told_alike() {
        let told = |text: &str| parse_architecture(text).map(architecture_name).unwrap();
        assert_eq!(told("mobilenet_v2"), "mobilenet_v2");
        assert_eq!(told("inception_v3"), "inception_v3");
        assert_eq!(told("resnet50"), "resnet50");
        assert_eq!(told("mlp"), "mlp:layers=4,width=1024,batch=1");
        assert_eq!(told("mlp:batch=16, width=2048"), "mlp:layers=4,width=2048,batch=16");
        assert_eq!(told("transformer:hidden=128"), "transformer:layers=4,hidden=128,tokens=128");
        assert_eq!(architecture_stem(parse_architecture("mlp").unwrap()), "mlp-layers4-width1024-batch1");
    }

    #[test]
    fn errors_tell_what_exists() {
        let error = |text: &str| parse_architecture(text).unwrap_err().to_string();
        assert_eq!(
            error("mobilnet_v2"),
            "no network is called `mobilnet_v2` (did you mean `mobilenet_v2`?): there are mobilenet_v2, inception_v3, \
             resnet50, transformer:layers=4,hidden=256,tokens=128, mlp:layers=4,width=1024,batch=1"
        );
        let write = "write mlp:layers=4,width=1024,batch=1";
        assert_eq!(error("mlp:depth=4"), format!("`depth=4` says nothing about `mlp`: {write}"));
        assert_eq!(error("mlp:width=wide"), format!("`width=wide` says nothing about `mlp`: {write}"));
        assert_eq!(error("inception_v3:layers=2"), "`layers=2` says nothing about `inception_v3`: write inception_v3");
        assert_eq!(error("mlp:layers=0"), "`layers=0` is out of range for `mlp`: from 1 to 1000");
        assert_eq!(error("mlp:width=99999999999"), "`width=99999999999` is out of range for `mlp`: from 1 to 65536");
        assert_eq!(
            error("transformer:hidden=100"),
            "`hidden=100` is not a multiple of 64, the width of an attention head"
        );
    }
}
