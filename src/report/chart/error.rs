//! What can go wrong between plain values and a picture.

use std::path::PathBuf;

use plotters::drawing::DrawingAreaErrorKind;
use resvg::usvg;
use thiserror::Error;

/// Why a chart could not be made.
#[derive(Debug, Error)]
pub enum ChartError {
    /// The embedded font was refused, or gave no measures for a text.
    #[error("the embedded chart font cannot be used: {0}")]
    Font(String),
    /// The SVG writer failed.
    #[error("cannot draw the chart")]
    Draw(#[source] DrawingAreaErrorKind<std::io::Error>),
    /// The picture to convert is not an SVG document.
    #[error("cannot read the chart's SVG")]
    Parse(#[source] usvg::Error),
    /// A picture of this many pixels cannot be held.
    #[error("a chart of {width}x{height} pixels cannot be rendered")]
    Size {
        /// Width in pixels.
        width: u32,
        /// Height in pixels.
        height: u32,
    },
    /// The PNG encoder failed.
    #[error("cannot encode the chart as PNG: {0}")]
    Encode(String),
    /// A file could not be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}
