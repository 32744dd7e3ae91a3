//! Operators with a geometry or with weights: convolutions, pools, normalisations, products, LSTM.

use super::Fault;
use super::operators::required;
use super::reading::Reading;
use crate::runtime::embedded::operator::{Direction, Gemm, Lstm, Operator, PaddedMean, Padding, Window};

/// A convolution.
pub(super) fn conv(node: &mut Reading<'_>) -> Result<Operator, Fault> {
    let of_weights = node.constant(1).and_then(|weights| weights.shape().get(2..)).map(<[usize]>::to_vec);
    let window = window(node, of_weights)?;
    let groups = node.attributes.integer("group")?.unwrap_or(1);
    let groups = usize::try_from(groups).ok().filter(|groups| *groups > 0);
    let groups = groups.ok_or_else(|| Fault::Invalid("attribute `group` is not positive".into()))?;
    Ok(Operator::Conv(window, groups))
}

/// A pool of largest values. Where they came from (a second output) is not told.
pub(super) fn max_pool(node: &mut Reading<'_>) -> Result<Operator, Fault> {
    // It says how the second output counts.
    node.attributes.ignore("storage_order");
    Ok(Operator::MaxPool(window(node, None)?))
}

/// A pool of means.
pub(super) fn average_pool(node: &mut Reading<'_>) -> Result<Operator, Fault> {
    let mean = match node.attributes.flag("count_include_pad")? {
        true => PaddedMean::IncludesPadding,
        false => PaddedMean::ExcludesPadding,
    };
    Ok(Operator::AveragePool(window(node, None)?, mean))
}

/// The geometry of a window. Convolutions may leave the size of the window to the shape of their weights.
fn window(node: &mut Reading<'_>, kernel: Option<Vec<usize>>) -> Result<Window, Fault> {
    let kernel = match node.attributes.integers("kernel_shape") {
        Some(sizes) => positive("kernel_shape", sizes)?,
        None => kernel.ok_or_else(|| Fault::Invalid("attribute `kernel_shape` is missing".into()))?,
    };
    let rank = kernel.len();
    let kernel = pair("kernel_shape", &kernel, rank)?;
    let mut sizes = |name| match node.attributes.integers(name) {
        Some(sizes) => pair(name, &positive(name, sizes)?, rank),
        None => Ok([1, 1]),
    };
    let (strides, dilations) = (sizes("strides")?, sizes("dilations")?);
    let padding = padding(node, rank)?;
    let ceil = node.attributes.flag("ceil_mode")?;
    Ok(Window { rank, kernel, strides, dilations, padding, ceil })
}

fn positive(name: &str, sizes: &[i64]) -> Result<Vec<usize>, Fault> {
    let sizes: Option<Vec<usize>> = sizes.iter().map(|size| small(*size).filter(|size| *size > 0)).collect();
    sizes.ok_or_else(|| Fault::Invalid(format!("attribute `{name}` has a size that is none")))
}

/// A size that no sum or product with another one can take out of range.
fn small(size: i64) -> Option<usize> {
    usize::try_from(size).ok().filter(|size| *size <= i32::MAX as usize)
}

/// Sizes for height and width. A window over one dimension has height 1.
fn pair(name: &str, sizes: &[usize], rank: usize) -> Result<[usize; 2], Fault> {
    match (rank, sizes) {
        (1, [width]) => Ok([1, *width]),
        (2, [height, width]) => Ok([*height, *width]),
        (1 | 2, _) => Err(Fault::Invalid(format!("attribute `{name}` has {} sizes instead of {rank}", sizes.len()))),
        _ => Err(Fault::Unsupported(format!("a window over {rank} dimensions"))),
    }
}

fn padding(node: &mut Reading<'_>, rank: usize) -> Result<Padding, Fault> {
    let pads = node.attributes.integers("pads");
    match node.attributes.string("auto_pad").unwrap_or("NOTSET") {
        "NOTSET" | "" => {}
        "VALID" => return Ok(Padding::Explicit([0; 4])),
        "SAME_UPPER" => return Ok(Padding::SameUpper),
        "SAME_LOWER" => return Ok(Padding::SameLower),
        other => return Err(Fault::Invalid(format!("attribute `auto_pad` = `{other}`"))),
    }
    let Some(pads) = pads else { return Ok(Padding::Explicit([0; 4])) };
    let sizes: Option<Vec<usize>> = pads.iter().map(|size| small(*size)).collect();
    match (rank, sizes.as_deref()) {
        (1, Some([left, right])) => Ok(Padding::Explicit([0, *left, 0, *right])),
        (2, Some([top, left, bottom, right])) => Ok(Padding::Explicit([*top, *left, *bottom, *right])),
        (_, None) => Err(Fault::Unsupported("attribute `pads` with a negative size".into())),
        _ => Err(Fault::Invalid(format!("attribute `pads` has {} sizes for {rank} dimensions", pads.len()))),
    }
}

/// A batch normalisation that only runs.
pub(super) fn batch_normalization(node: &mut Reading<'_>) -> Result<Operator, Fault> {
    node.attributes.ignore("momentum");
    node.attributes.only("spatial", 1)?;
    node.attributes.only("training_mode", 0)?;
    Ok(Operator::BatchNormalization { epsilon: node.attributes.float("epsilon")?.unwrap_or(1e-5) })
}

/// A layer normalisation.
pub(super) fn layer_normalization(node: &mut Reading<'_>) -> Result<Operator, Fault> {
    node.attributes.only("stash_type", 1)?;
    let axis = node.attributes.integer("axis")?.unwrap_or(-1);
    Ok(Operator::LayerNormalization { axis, epsilon: node.attributes.float("epsilon")?.unwrap_or(1e-5) })
}

/// A matrix product with factors.
pub(super) fn gemm(node: &mut Reading<'_>) -> Result<Operator, Fault> {
    Ok(Operator::Gemm(Gemm {
        alpha: node.attributes.float("alpha")?.unwrap_or(1.0),
        beta: node.attributes.float("beta")?.unwrap_or(1.0),
        transposes_a: node.attributes.flag("transA")?,
        transposes_b: node.attributes.flag("transB")?,
    }))
}

/// Activations that an LSTM has where nothing else is said, for each direction.
const ACTIVATIONS: [&str; 3] = ["Sigmoid", "Tanh", "Tanh"];

/// An LSTM as exporters write it.
pub(super) fn lstm(node: &mut Reading<'_>) -> Result<Operator, Fault> {
    let direction = match node.attributes.string("direction").unwrap_or("forward") {
        "forward" => Direction::Forward,
        "reverse" => Direction::Reverse,
        "bidirectional" => Direction::Both,
        other => return Err(Fault::Invalid(format!("attribute `direction` = `{other}`"))),
    };
    let hidden = small(required(node, "hidden_size")?).filter(|size| *size > 0);
    let hidden = hidden.ok_or_else(|| Fault::Invalid("attribute `hidden_size` is no size".into()))?;
    node.attributes.only("layout", 0)?;
    node.attributes.only("input_forget", 0)?;
    let activations = node.attributes.strings("activations").unwrap_or(&[]);
    if activations.iter().zip(ACTIVATIONS.iter().cycle()).any(|(given, default)| given != default) {
        return Err(Fault::Unsupported("attribute `activations` with other functions than usual".into()));
    }
    Ok(Operator::Lstm(Lstm { hidden, direction }))
}
