//! A sheet in pixels over plotters' SVG writer.
//!
//! The writer takes whole numbers only, so everything is drawn at [`UNITS`] per pixel and the document's header scales it back: lines
//! keep a tenth of a pixel. No coordinate is ever written that is not a finite number inside a sane range.

use plotters::backend::{DrawingBackend, SVGBackend};
use plotters::drawing::DrawingAreaErrorKind;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{FontDesc, FontFamily, RGBAColor, ShapeStyle, TextStyle};

use super::error::ChartError;
use super::font::{self, FAMILY, Face};
use super::palette::PAPER;

/// Drawing units in a pixel.
const UNITS: f64 = 10.0;

/// plotters writes the size of a font divided by this number.
const PLOTTERS_SIZE_PER_EM: f64 = 1.24;

/// plotters moves a text that is anchored at its top down by this share of an em.
const TOP_TO_BASELINE: f64 = 0.76;

/// No picture is larger than this, so no coordinate needs to be.
const FAR: f64 = 20_000.0;

/// A point in pixels from the upper left corner.
pub(super) type Point = (f64, f64);

/// A rectangle in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Area {
    pub left: f64,
    pub top: f64,
    pub right: f64,
    pub bottom: f64,
}

impl Area {
    pub fn width(&self) -> f64 {
        self.right - self.left
    }

    pub fn height(&self) -> f64 {
        self.bottom - self.top
    }
}

/// Where a text stands relative to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Start,
    Middle,
    End,
}

/// How a text looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Type {
    pub face: Face,
    pub color: RGBAColor,
}

/// The sheet.
pub(super) struct Canvas<'a> {
    backend: SVGBackend<'a>,
}

type Drawn = Result<(), ChartError>;

/// Draws a picture of `size` pixels that assistive technology reads as `description`.
pub(super) fn compose(
    size: (u32, u32),
    description: &str,
    paint: impl FnOnce(&mut Canvas<'_>) -> Drawn,
) -> Result<String, ChartError> {
    font::register()?;
    let units = |pixels: u32| pixels * UNITS as u32;
    let mut body = String::new();
    {
        let backend = SVGBackend::with_string(&mut body, (units(size.0), units(size.1)));
        let mut canvas = Canvas { backend };
        let sheet = Area { left: 0.0, top: 0.0, right: f64::from(size.0), bottom: f64::from(size.1) };
        canvas.rectangle(sheet, PAPER)?;
        paint(&mut canvas)?;
        canvas.backend.present().map_err(|e| ChartError::Draw(DrawingAreaErrorKind::BackendError(e)))?;
    }
    let content = body.split_once(">\n").map_or("", |(_, content)| content);
    let header = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{}\" height=\"{}\" viewBox=\"0 0 {} {}\" role=\"img\" \
         stroke-linejoin=\"round\" stroke-linecap=\"round\">\n<title>{}</title>\n",
        size.0,
        size.1,
        units(size.0),
        units(size.1),
        escaped(description)
    );
    Ok(header + content)
}

impl Canvas<'_> {
    /// A filled rectangle.
    pub fn rectangle(&mut self, area: Area, color: RGBAColor) -> Drawn {
        let style = ShapeStyle { color, filled: true, stroke_width: 0 };
        self.backend
            .draw_rect(to_units((area.left, area.top)), to_units((area.right, area.bottom)), &style, true)
            .map_err(|e| ChartError::Draw(DrawingAreaErrorKind::BackendError(e)))
    }

    /// A filled rectangle with round corners.
    pub fn badge(&mut self, area: Area, radius: f64, color: RGBAColor) -> Drawn {
        let corners = [
            (area.right - radius, area.top + radius, -90.0),
            (area.right - radius, area.bottom - radius, 0.0),
            (area.left + radius, area.bottom - radius, 90.0),
            (area.left + radius, area.top + radius, 180.0),
        ];
        let outline: Vec<Point> = corners
            .iter()
            .flat_map(|(x, y, start)| {
                (0..=6).map(move |step| {
                    let angle = (start + 15.0 * f64::from(step)).to_radians();
                    (x + radius * angle.cos(), y + radius * angle.sin())
                })
            })
            .collect();
        self.polygon(&outline, color)
    }

    /// A filled polygon.
    pub fn polygon(&mut self, points: &[Point], color: RGBAColor) -> Drawn {
        let style = ShapeStyle { color, filled: true, stroke_width: 0 };
        self.backend
            .fill_polygon(points.iter().copied().map(to_units), &style)
            .map_err(|e| ChartError::Draw(DrawingAreaErrorKind::BackendError(e)))
    }

    /// A line through `points`, `width` pixels thick; a single point becomes a dot.
    pub fn line(&mut self, points: &[Point], width: f64, color: RGBAColor) -> Drawn {
        if let [point] = points {
            return self.dot(*point, width.max(1.0) * 1.5, color);
        }
        let style = ShapeStyle { color, filled: false, stroke_width: (width * UNITS).round() as u32 };
        self.backend
            .draw_path(points.iter().copied().map(to_units), &style)
            .map_err(|e| ChartError::Draw(DrawingAreaErrorKind::BackendError(e)))
    }

    /// A dashed straight line.
    pub fn dashes(&mut self, (from, to): (Point, Point), width: f64, color: RGBAColor) -> Drawn {
        const DASH: f64 = 5.0;
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let count = (length / (2.0 * DASH)).ceil().clamp(1.0, 500.0);
        let at = |share: f64| (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
        for dash in 0..count as u32 {
            let start = f64::from(dash) / count;
            self.line(&[at(start), at(start + 0.5 / count)], width, color)?;
        }
        Ok(())
    }

    /// A filled circle.
    pub fn dot(&mut self, center: Point, radius: f64, color: RGBAColor) -> Drawn {
        let style = ShapeStyle { color, filled: true, stroke_width: 0 };
        self.backend
            .draw_circle(to_units(center), (radius * UNITS).round() as u32, &style, true)
            .map_err(|e| ChartError::Draw(DrawingAreaErrorKind::BackendError(e)))
    }

    /// A line of text whose baseline starts, is centred or ends at a point.
    pub fn text(&mut self, text: &str, (x, baseline): Point, align: Align, look: Type) -> Drawn {
        let text = printable(text);
        if text.trim().is_empty() {
            return Ok(());
        }
        let side = match align {
            Align::Start => HPos::Left,
            Align::Middle => HPos::Center,
            Align::End => HPos::Right,
        };
        let size = look.face.size * UNITS;
        let style =
            TextStyle::from(FontDesc::new(FontFamily::Name(FAMILY), size * PLOTTERS_SIZE_PER_EM, look.face.style()))
                .color(&look.color)
                .pos(Pos::new(side, VPos::Top));
        let top = baseline - TOP_TO_BASELINE * look.face.size;
        self.backend
            .draw_text(text.trim(), &style, to_units((x, top)))
            .map_err(|e| ChartError::Draw(DrawingAreaErrorKind::BackendError(e)))
    }
}

fn to_units((x, y): Point) -> (i32, i32) {
    let unit = |pixels: f64| (pixels.clamp(-FAR, FAR) * UNITS).round() as i32;
    (unit(x), unit(y))
}

/// Control characters and non-characters are not allowed in XML; they become spaces.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') { ' ' } else { c }).collect()
}

fn escaped(text: &str) -> String {
    printable(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
