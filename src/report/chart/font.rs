//! The embedded font: registered once with plotters for measuring, and handed to resvg for drawing.
//!
//! Every text is measured before it is placed, with the very outlines it is rendered with, so nothing depends on the fonts of
//! the machine. A browser that shows the SVG and has no Inter falls back to Helvetica or Arial, which are narrower.

use std::sync::{Arc, LazyLock};

use plotters::style::{FontDesc, FontFamily, FontStyle, register_font};
use resvg::usvg::fontdb;

use super::error::ChartError;

/// The value of every `font-family`: the embedded family first, then what a browser may use instead.
pub(super) const FAMILY: &str = "Inter, Helvetica, Arial, sans-serif";

/// Ascent plus descent of Inter, in em: `(2728 + 680) / 2816` from its `hhea` table. The layout engine behind plotters takes this
/// height as the size of a font, SVG takes the em.
const HEIGHT_PER_EM: f64 = 3408.0 / 2816.0;

/// Texts are measured at this many times their size, because plotters rounds measures to whole pixels.
const MEASURE_SCALE: f64 = 16.0;

static REGULAR: &[u8] = include_bytes!("font/Inter-Regular.otf");
static SEMI_BOLD: &[u8] = include_bytes!("font/Inter-SemiBold.otf");

static REGISTERED: LazyLock<bool> = LazyLock::new(|| {
    register_font(FAMILY, FontStyle::Normal, REGULAR).is_ok()
        && register_font(FAMILY, FontStyle::Bold, SEMI_BOLD).is_ok()
});

static DATABASE: LazyLock<Arc<fontdb::Database>> = LazyLock::new(|| {
    let mut database = fontdb::Database::new();
    database.load_font_data(REGULAR.to_vec());
    database.load_font_data(SEMI_BOLD.to_vec());
    database.set_sans_serif_family("Inter");
    Arc::new(database)
});

/// Size in pixels and weight of a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Face {
    pub size: f64,
    pub is_bold: bool,
}

impl Face {
    pub const fn regular(size: f64) -> Self {
        Face { size, is_bold: false }
    }

    pub const fn bold(size: f64) -> Self {
        Face { size, is_bold: true }
    }

    pub fn style(self) -> FontStyle {
        if self.is_bold { FontStyle::Bold } else { FontStyle::Normal }
    }

    /// Width of `text` in pixels.
    pub fn width(self, text: &str) -> f64 {
        let size = self.size * HEIGHT_PER_EM * MEASURE_SCALE;
        let measured = FontDesc::new(FontFamily::Name(FAMILY), size, self.style()).box_size(text);
        // Two thirds of an em a character is wider than any real text; only an unregistered font gets here.
        measured.map_or(self.size * 0.67 * text.chars().count() as f64, |(width, _)| f64::from(width) / MEASURE_SCALE)
    }
}

/// Makes the font known to plotters; every drawing begins with it.
pub(super) fn register() -> Result<(), ChartError> {
    if *REGISTERED { Ok(()) } else { Err(ChartError::Font("not an OpenType font".into())) }
}

/// A font database with the embedded font and nothing else.
pub(super) fn database() -> Arc<fontdb::Database> {
    Arc::clone(&DATABASE)
}

/// `text` if it fits into `width`, otherwise its beginning with an ellipsis.
pub(super) fn ellipsize(text: &str, face: Face, width: f64) -> String {
    if face.width(text) <= width {
        return text.to_owned();
    }
    let mut kept: Vec<char> = text.chars().collect();
    while kept.pop().is_some() {
        let shortened = format!("{}…", kept.iter().collect::<String>().trim_end());
        if face.width(&shortened) <= width {
            return shortened;
        }
    }
    String::new()
}

/// `text` in at most `max_lines` lines no wider than `width`; what does not fit ends in an ellipsis.
///
/// Lines break after spaces, slashes, commas outside of numbers and underscores, and inside a word only where the word alone is wider than a line.
pub(super) fn wrap(text: &str, face: Face, width: f64, max_lines: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut line = String::new();
    let mut pieces = pieces(text);
    pieces.reverse();
    while let Some(piece) = pieces.pop() {
        let longer = format!("{line}{piece}");
        if face.width(longer.trim_end()) <= width {
            line = longer;
        } else if line.is_empty() {
            let (head, tail) = split_to_fit(&piece, face, width);
            lines.push(head);
            pieces.extend((!tail.is_empty()).then_some(tail));
        } else {
            lines.push(std::mem::take(&mut line));
            pieces.push(piece);
        }
        if lines.len() >= max_lines && !(line.is_empty() && pieces.is_empty()) {
            return with_remainder(lines, &pieces, face, width);
        }
    }
    lines.extend((!line.is_empty()).then_some(line));
    lines.iter().map(|line| line.trim().to_owned()).filter(|line| !line.is_empty()).collect()
}

/// `text` cut after every character that may end a line.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if let Some(piece) = pieces.last_mut() {
            piece.push(c);
        }
        let is_in_number = c == ',' && rest.peek().is_some_and(char::is_ascii_digit);
        if [' ', '/', ',', '_'].contains(&c) && !is_in_number {
            pieces.push(String::new());
        }
    }
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

fn with_remainder(mut lines: Vec<String>, pieces: &[String], face: Face, width: f64) -> Vec<String> {
    if let Some(last) = lines.pop() {
        let rest: String = pieces.iter().rev().map(String::as_str).collect();
        lines.push(ellipsize(&format!("{last}{rest}"), face, width));
    }
    lines.iter().map(|line| line.trim().to_owned()).collect()
}

fn split_to_fit(word: &str, face: Face, width: f64) -> (String, String) {
    let characters: Vec<char> = word.chars().collect();
    let fits = |count: &usize| face.width(&characters[..*count].iter().collect::<String>()) <= width;
    let count = (1..=characters.len()).take_while(fits).last().unwrap_or(1).min(characters.len());
    (characters[..count].iter().collect(), characters[count..].iter().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stays_in_one_piece() {
        assert_eq!(pieces("back; 10,000 more, a/b"), ["back; ", "10,000 ", "more,", " ", "a/", "b"]);
    }

    #[test]
    fn widths_are_those_of_the_font() {
        register().unwrap();
        // A zero of Inter Regular is 1760 of 2816 units wide.
        assert!((Face::regular(10.0).width("0") - 6.25).abs() < 0.1);
        assert!(Face::bold(10.0).width("memory") > Face::regular(10.0).width("memory"));
    }

    #[test]
    fn long_texts_wrap_and_end_in_an_ellipsis() {
        register().unwrap();
        let face = Face::regular(12.0);
        let lines = wrap("live: stable (0 B/iteration); resident: stable, peak 66 MB", face, 120.0, 3);
        assert!(lines.len() > 1 && lines.iter().all(|line| face.width(line) <= 120.0), "{lines:?}");
        let cut = wrap(&"word ".repeat(100), face, 120.0, 2);
        assert_eq!(cut.len(), 2);
        assert!(cut[1].ends_with('…') && face.width(&cut[1]) <= 120.0, "{cut:?}");
        assert_eq!(wrap(&"x".repeat(60), face, 120.0, 9).concat(), "x".repeat(60));
        assert!(wrap("", face, 120.0, 2).is_empty());
    }
}
