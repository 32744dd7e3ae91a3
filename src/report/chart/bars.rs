//! Rows of horizontal bars on one scale: what several things need, phase by phase.
//!
//! A bar may be made of parts, one behind the other, and may have a whisker. Every bar has its value written where it ends,
//! so that there is no need for an axis; a dashed line across all rows marks a level that all bars contain.

use plotters::style::RGBAColor;

use super::canvas::{Align, Area, Canvas, Type, compose};
use super::case::LineRole;
use super::error::ChartError;
use super::font::{Face, ellipsize, register};
use super::header::{Header, MARGIN};
use super::palette::{AXIS, BLUE, GRID, INK, INK_SOFT, VERMILLION, faded, line_color};
use crate::workload::Phase;

const WIDTH: f64 = 960.0;
const BAR: f64 = 13.0;
const BAR_GAP: f64 = 3.0;
const ROW_PADDING: f64 = 9.0;
const LEGEND_HEIGHT: f64 = 30.0;
const GAP: f64 = 16.0;

const NAME: Face = Face::bold(12.5);
const SMALL: Face = Face::regular(11.5);

/// What a part of a bar stands for; it has the colour that the same thing has in other charts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// The phase `load`.
    Load,
    /// The phase `prepare`.
    Prepare,
    /// Anonymous memory.
    Anon,
    /// Pages of files.
    File,
    /// A first time.
    First,
    /// All times after it.
    Steady,
}

impl Tone {
    fn color(self) -> RGBAColor {
        match self {
            Tone::Load => line_color(LineRole::Peak(Phase::Load)),
            Tone::Prepare => line_color(LineRole::Peak(Phase::Prepare)),
            Tone::Anon => BLUE,
            Tone::File => line_color(LineRole::File),
            Tone::First => faded(VERMILLION, 0.75),
            Tone::Steady => faded(INK, 0.62),
        }
    }
}

/// One bar.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    /// What it stands for, in a word.
    pub label: &'static str,
    /// Its parts from the left.
    pub parts: Vec<(f64, Tone)>,
    /// The ends of its whisker.
    pub whisker: Option<(f64, f64)>,
    /// The value in words.
    pub text: String,
}

/// A row of bars.
#[derive(Debug, Clone, PartialEq)]
pub struct BarsRow {
    /// Whose they are.
    pub name: String,
    /// The bars.
    pub bars: Vec<Bar>,
    /// Why there are none, or no more; often empty.
    pub note: String,
}

/// Rows of bars on one scale.
#[derive(Debug, Clone, PartialEq)]
pub struct BarsChart<'a> {
    /// What is shown.
    pub title: &'a str,
    /// What it shows, in a sentence.
    pub sentence: &'a str,
    /// What the tones mean.
    pub legend: &'a [(Tone, &'a str)],
    /// A level that all bars contain, and what it is.
    pub base: Option<(f64, &'a str)>,
    /// The rows, from the top.
    pub rows: &'a [BarsRow],
}

/// Where bars begin and how long they may be.
struct Layout {
    names: f64,
    labels_right: f64,
    left: f64,
    room: f64,
    largest: f64,
}

impl Layout {
    fn new(chart: &BarsChart<'_>) -> Layout {
        let bars = || chart.rows.iter().flat_map(|row| &row.bars);
        let widest = |texts: &mut dyn Iterator<Item = f64>| texts.fold(0.0, f64::max);
        let names = widest(&mut chart.rows.iter().map(|row| NAME.width(&row.name))).clamp(60.0, 220.0);
        let labels = widest(&mut bars().map(|bar| SMALL.width(bar.label)));
        let texts = widest(&mut bars().map(|bar| SMALL.width(&bar.text)));
        let labels_right = MARGIN + names + GAP + labels;
        let left = labels_right + 8.0;
        let ends = bars().map(|bar| bar.length().max(bar.whisker.map_or(0.0, |(_, high)| high)));
        let largest = ends.chain(chart.base.map(|(level, _)| level)).filter(|end| end.is_finite()).fold(0.0, f64::max);
        Layout { names, labels_right, left, room: WIDTH - MARGIN - left - texts - 12.0, largest }
    }

    fn at(&self, value: f64) -> f64 {
        if self.largest > 0.0 { self.left + self.room * (value / self.largest).clamp(0.0, 1.0) } else { self.left }
    }
}

impl Bar {
    fn length(&self) -> f64 {
        self.parts.iter().map(|(value, _)| value).sum()
    }
}

impl BarsRow {
    fn height(&self) -> f64 {
        let lines = self.bars.len() + usize::from(!self.note.is_empty());
        lines.max(1) as f64 * (BAR + BAR_GAP) - BAR_GAP + 2.0 * ROW_PADDING
    }
}

/// Draws the rows as an SVG document 960 pixels wide.
///
/// # Errors
/// If the embedded font is refused or the SVG writer fails.
pub fn bars_chart(chart: &BarsChart<'_>) -> Result<String, ChartError> {
    register()?;
    let header = Header { title: chart.title, verdict: "", sentence: chart.sentence };
    let legend_top = header.height(WIDTH) + 10.0;
    let first_row = legend_top + LEGEND_HEIGHT;
    let bottom = first_row + chart.rows.iter().map(BarsRow::height).sum::<f64>();
    let layout = Layout::new(chart);
    let description = format!("{}: {} rows of bars", chart.title, chart.rows.len());
    compose((WIDTH as u32, (bottom + 16.0).ceil() as u32), &description, |canvas| {
        header.draw(canvas, WIDTH)?;
        draw_legend(canvas, chart, legend_top + 12.0)?;
        let mut top = first_row;
        for row in chart.rows {
            canvas.line(&[(MARGIN, top), (WIDTH - MARGIN, top)], 1.0, GRID)?;
            draw_row(canvas, row, (&layout, top))?;
            top += row.height();
        }
        canvas.line(&[(layout.left, first_row), (layout.left, bottom)], 1.0, AXIS)?;
        if let Some((level, _)) = chart.base {
            let x = layout.at(level);
            canvas.dashes(((x, first_row), (x, bottom)), 1.2, INK_SOFT)?;
        }
        Ok(())
    })
}

fn draw_legend(canvas: &mut Canvas<'_>, chart: &BarsChart<'_>, baseline: f64) -> Result<(), ChartError> {
    let mut x = MARGIN;
    for (tone, name) in chart.legend {
        let sample = Area { left: x, top: baseline - 9.0, right: x + 10.0, bottom: baseline + 1.0 };
        canvas.rectangle(sample, tone.color())?;
        canvas.text(name, (x + 16.0, baseline), Align::Start, Type { face: SMALL, color: INK })?;
        x += 16.0 + SMALL.width(name) + 20.0;
    }
    if let Some((_, name)) = chart.base {
        canvas.dashes(((x, baseline - 4.0), (x + 22.0, baseline - 4.0)), 1.2, INK_SOFT)?;
        let name = ellipsize(name, SMALL, (WIDTH - MARGIN - x - 29.0).max(0.0));
        canvas.text(&name, (x + 29.0, baseline), Align::Start, Type { face: SMALL, color: INK_SOFT })?;
    }
    Ok(())
}

fn draw_row(canvas: &mut Canvas<'_>, row: &BarsRow, (layout, top): (&Layout, f64)) -> Result<(), ChartError> {
    let middle = top + row.height() / 2.0;
    let name = ellipsize(&row.name, NAME, layout.names);
    canvas.text(&name, (MARGIN, middle + 4.0), Align::Start, Type { face: NAME, color: INK })?;
    let line = |index: usize| top + ROW_PADDING + (BAR + BAR_GAP) * index as f64;
    for (index, bar) in row.bars.iter().enumerate() {
        draw_bar(canvas, bar, (layout, line(index)))?;
    }
    let note = ellipsize(&row.note, SMALL, WIDTH - MARGIN - layout.left - 10.0);
    canvas.text(&note, (layout.left + 7.0, line(row.bars.len()) + BAR - 2.6), Align::Start, soft())
}

fn draw_bar(canvas: &mut Canvas<'_>, bar: &Bar, (layout, top): (&Layout, f64)) -> Result<(), ChartError> {
    let baseline = top + BAR - 2.6;
    canvas.text(bar.label, (layout.labels_right, baseline), Align::End, soft())?;
    let mut value = 0.0;
    for (part, tone) in &bar.parts {
        let left = layout.at(value);
        value += part;
        canvas.rectangle(Area { left, top, right: layout.at(value), bottom: top + BAR }, tone.color())?;
    }
    let mut end = layout.at(value);
    if let Some((low, high)) = bar.whisker {
        let (low, high, middle) = (layout.at(low), layout.at(high), top + BAR / 2.0);
        canvas.line(&[(low, middle), (high, middle)], 1.4, INK)?;
        for x in [low, high] {
            canvas.line(&[(x, middle - 3.5), (x, middle + 3.5)], 1.4, INK)?;
        }
        end = end.max(high);
    }
    canvas.text(&bar.text, (end + 7.0, baseline), Align::Start, Type { face: SMALL, color: INK })
}

fn soft() -> Type {
    Type { face: SMALL, color: INK_SOFT }
}
