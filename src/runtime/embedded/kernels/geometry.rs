//! Where the windows of a convolution or pooling lie on a picture.
//!
//! All sizes come from model files. They are limited to what an `i32` holds, so that the product of any two, and the sum of
//! a few products, fits in a `usize` of 64 bits: the code that computes with a [`Geometry`] needs no checks of its own.

use crate::runtime::embedded::operator::{Padding, Window};

/// Largest size, stride, dilation or padded size.
const LARGEST: usize = i32::MAX as usize;

/// A window that slides over a picture, each pair being `[height, width]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Geometry {
    /// Size of the picture; not 0.
    pub(super) picture: [usize; 2],
    /// Number of windows; not 0.
    pub(super) windows: [usize; 2],
    /// Elements of the window; not 0.
    pub(super) kernel: [usize; 2],
    /// Step of the window; not 0.
    pub(super) strides: [usize; 2],
    /// Distance of the window's elements; not 0.
    pub(super) dilations: [usize; 2],
    /// What is added before the picture.
    pub(super) before: [usize; 2],
    /// Size of the picture with what is added before and after it.
    pub(super) padded: [usize; 2],
}

/// One dimension of a [`Geometry`].
struct Axis {
    windows: usize,
    before: usize,
    padded: usize,
}

impl Geometry {
    /// The windows on a picture, or what does not fit.
    pub(super) fn new(window: &Window, picture: [usize; 2]) -> Result<Geometry, String> {
        let [rows, columns] = [Axis::new(window, picture, 0)?, Axis::new(window, picture, 1)?];
        Ok(Geometry {
            picture,
            windows: [rows.windows, columns.windows],
            kernel: window.kernel,
            strides: window.strides,
            dilations: window.dilations,
            before: [rows.before, columns.before],
            padded: [rows.padded, columns.padded],
        })
    }

    /// What a window covers, from its first element to its last.
    pub(super) fn extent(&self) -> [usize; 2] {
        [0, 1].map(|axis| (self.kernel[axis] - 1) * self.dilations[axis] + 1)
    }

    /// Elements of the picture.
    pub(super) fn pixels(&self) -> usize {
        self.picture[0] * self.picture[1]
    }

    /// Number of windows.
    pub(super) fn positions(&self) -> usize {
        self.windows[0] * self.windows[1]
    }

    /// Whether the windows are the picture's elements, in order.
    pub(super) fn is_pointwise(&self) -> bool {
        self.kernel == [1, 1] && self.strides == [1, 1] && self.windows == self.picture && self.before == [0, 0]
    }
}

impl Axis {
    fn new(window: &Window, picture: [usize; 2], axis: usize) -> Result<Axis, String> {
        let name = ["height", "width"][axis];
        let [size, kernel, stride, dilation] =
            [picture[axis], window.kernel[axis], window.strides[axis], window.dilations[axis]];
        for (value, what) in [(size, "picture"), (kernel, "window"), (stride, "stride"), (dilation, "dilation")] {
            if !(1..=LARGEST).contains(&value) {
                return Err(format!("a {name} of {value} ({what}) is not possible"));
            }
        }
        let extent = (kernel - 1)
            .checked_mul(dilation)
            .map(|product| product + 1)
            .filter(|extent| *extent <= LARGEST)
            .ok_or_else(|| format!("the window's {name} is too large"))?;
        let axis = match window.padding {
            Padding::Explicit(padding) => {
                explicit(size, extent, stride, [padding[axis], padding[axis + 2]], window.ceil)
            }
            Padding::SameUpper => Ok(same(size, extent, stride, false)),
            Padding::SameLower => Ok(same(size, extent, stride, true)),
        };
        let axis = axis.map_err(|message| format!("{name}: {message}"))?;
        let fits = axis.padded <= LARGEST && axis.windows <= LARGEST;
        if fits { Ok(axis) } else { Err(format!("the padded {name} of {} is too large", axis.padded)) }
    }
}

/// Windows on a picture that is padded as the model says.
fn explicit(size: usize, extent: usize, stride: usize, padding: [usize; 2], ceil: bool) -> Result<Axis, String> {
    let [before, after] = padding;
    let padded = size.checked_add(before).and_then(|sum| sum.checked_add(after)).filter(|padded| *padded <= LARGEST);
    let padded = padded.ok_or_else(|| format!("padding of {before} and {after} is too large"))?;
    let rounding = if ceil { stride - 1 } else { 0 };
    let room = (padded + rounding)
        .checked_sub(extent)
        .ok_or_else(|| format!("a window of {extent} does not fit in {padded}"))?;
    let mut windows = room / stride + 1;
    // A window that would start behind the picture sees nothing but padding: ONNX does not count it.
    if ceil && windows > 1 && (windows - 1) * stride >= size + before {
        windows -= 1;
    }
    Ok(Axis { windows, before, padded })
}

/// As many windows as strides begin in the picture, and as much padding as they need.
fn same(size: usize, extent: usize, stride: usize, lower: bool) -> Axis {
    let windows = size.div_ceil(stride);
    let added = ((windows - 1) * stride + extent).saturating_sub(size);
    let before = if lower { added.div_ceil(2) } else { added / 2 };
    Axis { windows, before, padded: size + added }
}

/// Batch, channels and picture of an input, `[batch, channels, height, width]` or, for one dimension,
/// `[batch, channels, width]`.
pub(super) fn picture(window: &Window, input: &[usize]) -> Result<(usize, usize, [usize; 2]), String> {
    match (window.rank, input) {
        (1, &[batch, channels, width]) => Ok((batch, channels, [1, width])),
        (2, &[batch, channels, height, width]) => Ok((batch, channels, [height, width])),
        (1 | 2, _) => Err(format!("an input of the shape {input:?} does not have {} dimensions", window.rank + 2)),
        (rank, _) => Err(format!("windows over {rank} dimensions are not supported")),
    }
}

/// The shape of an output, with the dimensions that ONNX gives it.
pub(super) fn output_shape(
    window: &Window,
    batch: usize,
    channels: usize,
    windows: [usize; 2],
) -> Result<Vec<usize>, String> {
    match (window.rank, windows) {
        (1, [1, width]) => Ok(vec![batch, channels, width]),
        (1, [height, _]) => Err(format!("a window over one dimension gives {height} rows")),
        (_, [height, width]) => Ok(vec![batch, channels, height, width]),
    }
}
