//! From SVG to PNG, and both to disk.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg;

use super::error::ChartError;
use super::font;

/// Pixels of the PNG per pixel of the SVG: sharp on dense displays, and below 200 kB even for seven noisy lines.
const SCALE: f32 = 1.5;

/// Colours are rounded to multiples of this: two steps of 255 are not visible, but edges compress an eighth better. It divides 255,
/// so paper stays white.
const COLOR_STEP: u8 = 5;

/// The chart as PNG at one and a half times its nominal size, drawn with the embedded font whatever fonts the machine has.
///
/// # Errors
/// If `svg` is no SVG document or cannot be rendered.
pub fn png(svg: &str) -> Result<Vec<u8>, ChartError> {
    let tree = usvg::Tree::from_str(svg, &options()).map_err(ChartError::Parse)?;
    let size = tree.size();
    let (width, height) = ((size.width() * SCALE).ceil() as u32, (size.height() * SCALE).ceil() as u32);
    let mut pixmap = Pixmap::new(width, height).ok_or(ChartError::Size { width, height })?;
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut pixmap.as_mut());
    for channel in pixmap.data_mut() {
        *channel = channel.saturating_add(COLOR_STEP / 2) / COLOR_STEP * COLOR_STEP;
    }
    pixmap.encode_png().map_err(|error| ChartError::Encode(error.to_string()))
}

/// How every chart is read: the embedded font and nothing else.
pub(super) fn options() -> usvg::Options<'static> {
    usvg::Options { font_family: "Inter".into(), fontdb: font::database(), ..usvg::Options::default() }
}

/// Writes `<stem>.svg` and `<stem>.png`, each whole or not at all; returns their paths in that order.
///
/// # Errors
/// If `svg` cannot be rendered or a file cannot be written; nothing is written in the first case.
pub fn write(svg: &str, stem: &Path) -> Result<[PathBuf; 2], ChartError> {
    let picture = png(svg)?;
    let path = |extension: &str| {
        let mut name = stem.as_os_str().to_owned();
        name.push(extension);
        PathBuf::from(name)
    };
    let paths = [path(".svg"), path(".png")];
    for (path, content) in paths.iter().zip([svg.as_bytes(), &picture]) {
        replace(path, content).map_err(|source| ChartError::Write { path: path.clone(), source })?;
    }
    Ok(paths)
}

/// A reader of `path` sees what was there before or all of `content`, never a part of it.
fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = PathBuf::from(name);
    let written =
        fs::File::create(&part).and_then(|mut file| file.write_all(content)).and_then(|()| fs::rename(&part, path));
    written.inspect_err(|_| {
        // The first error is the one to tell; a remainder that cannot be removed changes nothing about it.
        let _ = fs::remove_file(&part);
    })
}
