//! Title, verdict badge and sentence above every chart.

use super::canvas::{Align, Area, Canvas, Type};
use super::error::ChartError;
use super::font::{Face, ellipsize, wrap};
use super::palette::{INK, INK_SOFT, PAPER, badge_color};

/// Distance of everything from the edge of the sheet.
pub(super) const MARGIN: f64 = 24.0;

const LINE: f64 = 18.0;
const BADGE_HEIGHT: f64 = 21.0;

/// What stands above a chart.
pub(super) struct Header<'a> {
    pub title: &'a str,
    /// Empty where the chart as a whole has no verdict.
    pub verdict: &'a str,
    pub sentence: &'a str,
}

/// Where the parts of a header stand.
struct Layout {
    title_face: Face,
    title: Vec<String>,
    badge: Option<(String, f64)>,
    sentence: Vec<String>,
}

const TITLE_TOP: f64 = 22.0;
const BADGE: Face = Face::bold(12.0);
const SENTENCE: Face = Face::regular(13.0);

impl Layout {
    /// First pixel below the title.
    fn title_bottom(&self) -> f64 {
        TITLE_TOP + 1.3 * self.title_face.size * self.title.len() as f64 + 2.0
    }

    fn bottom(&self) -> f64 {
        let text = if self.sentence.is_empty() { 0.0 } else { LINE * self.sentence.len() as f64 + 2.0 };
        self.title_bottom() + text.max(if self.badge.is_some() { BADGE_HEIGHT } else { 0.0 })
    }

    /// How far the sentence stands to the right because of the badge.
    fn indent(&self) -> f64 {
        self.badge.as_ref().map_or(0.0, |(_, width)| width + 12.0)
    }
}

impl Header<'_> {
    /// The first pixel below the header over a sheet of `width` pixels.
    pub fn height(&self, width: f64) -> f64 {
        self.layout(width - 2.0 * MARGIN).bottom()
    }

    /// Draws the header over a sheet of `width` pixels; returns the first pixel below it.
    pub fn draw(&self, canvas: &mut Canvas<'_>, width: f64) -> Result<f64, ChartError> {
        let layout = self.layout(width - 2.0 * MARGIN);
        let face = layout.title_face;
        for (index, line) in layout.title.iter().enumerate() {
            let baseline = TITLE_TOP + face.size * (0.62 + 1.3 * index as f64);
            canvas.text(line, (MARGIN, baseline), Align::Start, Type { face, color: INK })?;
        }
        let top = layout.title_bottom();
        if let Some((word, width)) = &layout.badge {
            let area = Area { left: MARGIN, top, right: MARGIN + width, bottom: top + BADGE_HEIGHT };
            canvas.badge(area, 4.0, badge_color(self.verdict))?;
            let look = Type { face: BADGE, color: PAPER };
            canvas.text(word, (MARGIN + width / 2.0, top + 15.0), Align::Middle, look)?;
        }
        for (index, line) in layout.sentence.iter().enumerate() {
            let at = (MARGIN + layout.indent(), top + 15.0 + LINE * index as f64);
            canvas.text(line, at, Align::Start, Type { face: SENTENCE, color: INK_SOFT })?;
        }
        Ok(layout.bottom())
    }

    fn layout(&self, room: f64) -> Layout {
        let (title_face, title) = self.title_lines(room);
        let badge = (!self.verdict.is_empty()).then(|| {
            let word = ellipsize(self.verdict, BADGE, room * 0.35);
            let width = BADGE.width(&word) + 18.0;
            (word, width)
        });
        let mut layout = Layout { title_face, title, badge, sentence: Vec::new() };
        layout.sentence = sentence_lines(self.sentence, SENTENCE, room - layout.indent());
        layout
    }

    /// The title in one line if any size from 18 to 13 pixels allows it, otherwise in two lines.
    fn title_lines(&self, room: f64) -> (Face, Vec<String>) {
        let faces = [18.0, 17.0, 16.0, 15.0, 14.0, 13.0].map(Face::bold);
        match faces.iter().find(|face| face.width(self.title) <= room) {
            Some(face) => (*face, vec![self.title.to_owned()]),
            None => (faces[4], wrap(self.title, faces[4], room, 2)),
        }
    }
}

/// One line if it fits; then a line of its own for each part (parts end in semicolons) if five lines allow it; then plain wrapping
/// into four.
fn sentence_lines(sentence: &str, face: Face, room: f64) -> Vec<String> {
    if face.width(sentence) <= room {
        return wrap(sentence, face, room, 1);
    }
    let parts: Vec<&str> = sentence.split_inclusive("; ").collect();
    let separate: Vec<String> = parts.iter().flat_map(|part| wrap(part, face, room, 3)).collect();
    if separate.len() <= 5 { separate } else { wrap(sentence, face, room, 4) }
}
