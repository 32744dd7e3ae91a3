//! One plot: a scale, layers on it, labels beside it and notes above it.
//!
//! A panel is plain data; the charts say what is in it and where it stands, this module draws it. Nothing in the plot itself is text:
//! lines are named in the gutter at their ends, events on a strip above the plot, so no text ever lies on data.

use plotters::style::RGBAColor;

use super::canvas::{Align, Area, Canvas, Point, Type};
use super::case::Floor;
use super::core::Edge;
use super::error::ChartError;
use super::font::{Face, ellipsize, wrap};
use super::labels::{Span, count_that_fits, rows, spread};
use super::palette::{AXIS, GRID, INK, INK_SOFT};
use super::scale::{Scale, Tick, iteration_ticks};

/// Height of the tick labels under a plot.
pub(super) const TICK_LABELS_HEIGHT: f64 = 19.0;
/// Height of a panel's heading.
pub(super) const HEADING_HEIGHT: f64 = 20.0;

const NOTE_HEIGHT: f64 = 15.0;
const NOTE_GAP: f64 = 16.0;
const LABEL_LINE: f64 = 15.0;
const LABEL_INDENT: f64 = 30.0;
const WIDEST_LABEL: f64 = 190.0;
const BAR_WIDTH: f64 = 6.0;

const HEADING: Face = Face::bold(13.0);
const LABEL: Face = Face::regular(12.0);
const SMALL: Face = Face::regular(11.5);

/// Thickness in pixels and colour of a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Stroke {
    pub width: f64,
    pub color: RGBAColor,
}

/// Something drawn on a plot; later layers lie on earlier ones.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Layer<'a> {
    /// The part of the run that a verdict rests on.
    Judged { from: f64, to: f64 },
    /// A series, with the area under it where `fill` is given; `is_sparse` series bridge gaps and show their samples.
    Series { iterations: &'a [f64], values: &'a [f64], stroke: Stroke, fill: Option<RGBAColor>, is_sparse: bool },
    /// Windows with a level each.
    Levels(&'a [Floor]),
    /// What lies between two levels.
    Band { edges: Vec<Edge>, color: RGBAColor },
    /// A level across the whole plot.
    Reference { level: f64, is_dashed: bool },
    /// The lines through `origin` with the slopes `rates` (lowest, estimate, highest), up to iteration `to`.
    Wedge { origin: Point, to: f64, rates: [f64; 3] },
    /// An iteration at which something was reached.
    Rule { at: f64 },
    /// The iteration at which the run ended badly.
    End { at: f64 },
}

/// A label behind the plot, beside the value it names.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct EndLabel {
    pub value: f64,
    /// Drawn as a bar beside the plot where the label names all that lies between two values.
    pub span: Option<(f64, f64)>,
    pub stroke: Stroke,
    /// The first line names the thing, the others add to it.
    pub lines: Vec<String>,
}

/// A text above the plot about an iteration.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Note {
    pub at: f64,
    pub text: String,
    pub is_bold: bool,
}

/// One plot.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Panel<'a> {
    pub heading: &'a str,
    /// Stands in the plot where there are no layers.
    pub empty_text: &'a str,
    pub x: (f64, f64),
    pub y: (f64, f64),
    pub marks: Vec<Tick>,
    pub layers: Vec<Layer<'a>>,
    pub labels: Vec<EndLabel>,
    pub notes: Vec<Note>,
}

/// The two scales of a plot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scales {
    pub x: Scale,
    pub y: Scale,
}

impl Scales {
    pub fn at(&self, (iteration, value): Point) -> Point {
        (self.x.at(iteration), self.y.at(value))
    }
}

type Drawn = Result<(), ChartError>;

impl<'a> Panel<'a> {
    /// Room that the marks need before the plot.
    pub fn marks_width(&self) -> f64 {
        self.marks.iter().map(|mark| SMALL.width(&mark.text)).fold(20.0, f64::max) + 10.0
    }

    /// Room that the labels need behind the plot.
    pub fn labels_width(&self) -> f64 {
        let texts = self.labels.iter().flat_map(|label| &label.lines);
        texts.map(|text| LABEL.width(text).min(WIDEST_LABEL)).fold(20.0, f64::max) + LABEL_INDENT + self.bars_width()
    }

    /// Room that the bars of labels need between the plot and its labels.
    fn bars_width(&self) -> f64 {
        if self.labels.iter().any(|label| label.span.is_some()) { BAR_WIDTH + 3.0 } else { 0.0 }
    }

    /// Room that heading and notes need above a plot between two pixels.
    pub fn head_height(&self, sides: (f64, f64)) -> f64 {
        let places = self.note_places(sides);
        let rows = places.iter().map(|(_, row)| row + 1).max().unwrap_or(0);
        let heading_end = sides.0 + HEADING.width(self.heading) + NOTE_GAP;
        // The heading shares the uppermost row of notes if they leave it room.
        let is_beside = places.iter().all(|(span, row)| row + 1 < rows || span.start >= heading_end);
        let rows_below = if is_beside { rows.saturating_sub(1) } else { rows };
        HEADING_HEIGHT + 2.0 + NOTE_HEIGHT * rows_below as f64
    }

    /// Draws the panel with its plot in `area`; the head stands above it.
    pub fn draw(&self, canvas: &mut Canvas<'_>, area: Area) -> Drawn {
        let heading = (area.left, area.top - self.head_height((area.left, area.right)) + 15.0);
        canvas.text(self.heading, heading, Align::Start, Type { face: HEADING, color: INK })?;
        self.draw_notes(canvas, area)?;
        self.draw_marks(canvas, area)?;
        self.draw_plot(canvas, area)?;
        self.draw_labels(canvas, area)
    }

    /// Draws grid, layers and base line; a plot without any sample says so instead.
    pub fn draw_plot(&self, canvas: &mut Canvas<'_>, area: Area) -> Drawn {
        let scales = self.scales(area);
        if self.layers.is_empty() {
            return self.draw_nothing(canvas, area);
        }
        for layer in self.layers.iter().filter(|layer| layer.is_ground()) {
            layer.draw(canvas, &scales)?;
        }
        for mark in &self.marks {
            let y = scales.y.at(mark.value);
            canvas.line(&[(area.left, y), (area.right, y)], 1.0, GRID)?;
        }
        for layer in self.layers.iter().filter(|layer| !layer.is_ground()) {
            layer.draw(canvas, &scales)?;
        }
        canvas.line(&[(area.left, area.bottom), (area.right, area.bottom)], 1.0, AXIS)
    }

    /// Draws the marks of the vertical axis.
    pub fn draw_marks(&self, canvas: &mut Canvas<'_>, area: Area) -> Drawn {
        let scale = self.scales(area).y;
        for mark in &self.marks {
            let baseline = scale.at(mark.value) + 4.0;
            let look = Type { face: SMALL, color: INK_SOFT };
            canvas.text(&mark.text, (area.left - 8.0, baseline), Align::End, look)?;
        }
        Ok(())
    }

    /// Draws the marks of the horizontal axis.
    pub fn iteration_labels(&self, canvas: &mut Canvas<'_>, area: Area) -> Drawn {
        let scale = self.scales(area).x;
        let ticks = iteration_ticks(self.x.0, self.x.1, (area.width() / 110.0).max(2.0));
        for tick in ticks {
            let x = scale.at(tick.value);
            canvas.line(&[(x, area.bottom), (x, area.bottom + 4.0)], 1.0, AXIS)?;
            let look = Type { face: SMALL, color: INK_SOFT };
            canvas.text(&tick.text, (x, area.bottom + TICK_LABELS_HEIGHT - 3.0), Align::Middle, look)?;
        }
        Ok(())
    }

    fn draw_nothing(&self, canvas: &mut Canvas<'_>, area: Area) -> Drawn {
        canvas.line(&[(area.left, area.bottom), (area.right, area.bottom)], 1.0, AXIS)?;
        let lines = wrap(self.empty_text, SMALL, area.width() - 24.0, 4);
        let first = (area.top + area.bottom) / 2.0 + 4.0 - 8.0 * (lines.len() as f64 - 1.0);
        for (index, line) in lines.iter().enumerate() {
            let at = ((area.left + area.right) / 2.0, first + 16.0 * index as f64);
            canvas.text(line, at, Align::Middle, Type { face: SMALL, color: INK_SOFT })?;
        }
        Ok(())
    }

    fn scales(&self, area: Area) -> Scales {
        Scales {
            x: Scale { low: self.x.0, high: self.x.1, low_pixel: area.left, high_pixel: area.right },
            y: Scale { low: self.y.0, high: self.y.1, low_pixel: area.bottom, high_pixel: area.top },
        }
    }

    /// First pixel and row (0 is next to the plot) of each note.
    fn note_places(&self, (left, right): (f64, f64)) -> Vec<(Span, usize)> {
        let scale = Scale { low: self.x.0, high: self.x.1, low_pixel: left, high_pixel: right };
        let spans: Vec<Span> = self
            .notes
            .iter()
            .map(|note| {
                let width = note.face().width(&note.shown(right - left));
                Span { start: scale.at(note.at).clamp(left, (right - width).max(left)), width }
            })
            .collect();
        let rows = rows(&spans, NOTE_GAP);
        spans.into_iter().zip(rows).collect()
    }

    fn draw_notes(&self, canvas: &mut Canvas<'_>, area: Area) -> Drawn {
        for (note, (span, row)) in self.notes.iter().zip(self.note_places((area.left, area.right))) {
            let baseline = area.top - 7.0 - NOTE_HEIGHT * row as f64;
            let color = if note.is_bold { INK } else { INK_SOFT };
            let look = Type { face: note.face(), color };
            canvas.text(&note.shown(area.width()), (span.start, baseline), Align::Start, look)?;
        }
        Ok(())
    }

    fn draw_labels(&self, canvas: &mut Canvas<'_>, area: Area) -> Drawn {
        let heights: Vec<f64> = self.labels.iter().map(|label| LABEL_LINE * label.lines.len() as f64 + 2.0).collect();
        let shown = count_that_fits(&heights, area.height() + 8.0);
        let (labels, heights) = (&self.labels[..shown], &heights[..shown]);
        let scale = self.scales(area).y;
        let wanted: Vec<f64> = labels.iter().map(|label| scale.at(label.value).clamp(area.top, area.bottom)).collect();
        let centers = spread(&wanted, heights, area.top - 4.0, area.bottom + 4.0);
        let right = area.right + self.bars_width();
        for (((label, height), y), center) in labels.iter().zip(heights).zip(&wanted).zip(&centers) {
            let first = center - height / 2.0 + LABEL_LINE / 2.0 + 1.0;
            let stroke = label.stroke;
            if let Some((low, high)) = label.span {
                let pixel = |value: f64| scale.at(value).clamp(area.top, area.bottom);
                let left = area.right + 3.0;
                let bar = Area { left, top: pixel(high), right: left + BAR_WIDTH, bottom: pixel(low) };
                canvas.rectangle(bar, stroke.color)?;
            }
            canvas.line(&[(right + 3.0, *y), (right + 10.0, first)], 1.0, stroke.color)?;
            canvas.line(&[(right + 10.0, first), (right + 24.0, first)], stroke.width.max(2.0), stroke.color)?;
            for (index, line) in label.lines.iter().enumerate() {
                let at = (right + LABEL_INDENT, first + 4.0 + LABEL_LINE * index as f64);
                let color = if index == 0 { INK } else { INK_SOFT };
                canvas.text(&ellipsize(line, LABEL, WIDEST_LABEL), at, Align::Start, Type { face: LABEL, color })?;
            }
        }
        Ok(())
    }
}

impl Note {
    fn face(&self) -> Face {
        if self.is_bold { Face::bold(11.5) } else { SMALL }
    }

    fn shown(&self, room: f64) -> String {
        ellipsize(&self.text, self.face(), room)
    }
}
